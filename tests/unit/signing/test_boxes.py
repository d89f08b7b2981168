"""A letter with boxes: bodies sign and seal one after the other, good by two judges after every one of them."""

from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from records.errors import ArchiveFault
from signing.profiles import MOST_BOXES, PROFILES, Level
from signing.trust import load_trust
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.office import Office, an_office, drawn
from tests.cases.sealing import World, a_pdf, append_page

OFFICIALS = ("chu-tich", "pho")


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    return an_office(world)


BODIES = 2
"""Each signature is checked with all before it, so ten pairs take minutes; two show what a next one changes."""


def box(number: int) -> tuple[float, float, float, float]:
    """A quarter of the page: together more of it than any one stamp may take."""
    return (40, 40 + 270 * number, 550, 290 + 270 * number)


def seal_of(number: int) -> tuple[float, float, float, float]:
    left, bottom, _, _ = box(number)
    return (left + 5, bottom + 5, left + 55, bottom + 55)


def pyhanko_says(path: Path, office: Office) -> list[bool]:
    with path.open("rb") as file:
        reader = PdfFileReader(file)
        context = ValidationContext(
            trust_roots=list(load_trust(office.world.roots).roots),
            crls=list(office.ring.revocation.lists(office.world.clock.now()))
            if office.ring.revocation
            else [],
            revocation_mode="soft-fail",
        )
        found = [validate_pdf_signature(one, context) for one in reader.embedded_regular_signatures]
        return [one.bottom_line and one.intact for one in found]


def refused(code: str, office: Office, source: Path, profile: str, key: str) -> None:
    with pytest.raises(ArchiveFault) as fault:
        office.service.seal(source, source.with_name("o.pdf"), profile, key)
    assert (fault.value.code, bool(fault.value.tell)) == (code, True)
    assert not source.with_name("o.pdf").exists()


def test_bodies_sign_and_seal_their_boxes(office: Office, tmp_path: Path) -> None:
    at, fields = a_pdf(tmp_path / "letter.pdf"), []
    for number in range(BODIES):
        before = at.read_bytes()
        for profile, key, place in (
            ("hop", OFFICIALS[number % 2], box(number)),
            ("hop-seal", "con-dau", seal_of(number)),
        ):
            out = tmp_path / f"{number}-{profile}.pdf"
            sealed = office.service.seal(at, out, profile, key, "gt1", visible=drawn(place))
            fields.append(sealed.field)
            at = out
        assert at.read_bytes().startswith(before)
        verdict = verify_pdf(at, office.world.roots)
        assert verdict.verdict is Answer.VALID, verdict
        assert all(one.intact and one.trusted for one in verdict.signatures)
        assert verdict.signatures[-1].coverage == "entire-file"
    assert all(pyhanko_says(at, office))
    assert len(set(fields)) == 2 * BODIES
    assert verdict.level == Level.LTA


def test_the_order_within_and_between_boxes(office: Office, tmp_path: Path) -> None:
    letter = a_pdf(tmp_path / "letter.pdf")
    refused("order-seal-without-official", office, letter, "hop-seal", "con-dau")
    first = tmp_path / "first.pdf"
    office.service.seal(letter, first, "hop", "chu-tich", "gt1")
    sealed = tmp_path / "sealed.pdf"
    office.service.seal(first, sealed, "hop-seal", "con-dau")
    refused("order-seal-without-official", office, sealed, "hop-seal", "con-dau")  # one seal a box
    office.service.seal(
        sealed, tmp_path / "again.pdf", "hop", "chu-tich"
    )  # secretary of base and branch alike
    refused("order-after-time-stamp", office, sealed, "official", "pho")
    refused("order-after-time-stamp", office, sealed, "seal", "con-dau")
    plain = tmp_path / "plain.pdf"
    office.service.seal(letter, plain, "official", "chu-tich")
    refused("order-boxes-mixed", office, plain, "hop", "pho")
    refused("role-wrong", office, letter, "hop", "con-dau")
    harmed = tmp_path / "harmed.pdf"
    harmed.write_bytes(append_page(sealed.read_bytes()))
    refused("earlier-signature-invalid", office, harmed, "hop", "pho")


def test_a_box_filled_over_by_hand_is_seen(office: Office, tmp_path: Path) -> None:
    letter = a_pdf(tmp_path / "letter.pdf")
    office.service.seal(letter, tmp_path / "s.pdf", "hop", "chu-tich", visible=drawn(box(0)))
    data = (tmp_path / "s.pdf").read_bytes()
    (tmp_path / "h.pdf").write_bytes(append_page(data))
    assert verify_pdf(tmp_path / "h.pdf", office.world.roots).verdict is Answer.INVALID


def test_there_are_ten_boxes() -> None:
    assert {PROFILES[name].most for name in ("hop", "hop-seal")} == {MOST_BOXES}
    assert PROFILES["official"].most < MOST_BOXES
