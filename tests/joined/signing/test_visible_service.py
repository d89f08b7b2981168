"""The whole service with visible signatures: the room is read off the paper, the seal lies over the signature."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from records.errors import ArchiveFault, ToolMissing
from records.units import System
from signing import visible as looks
from signing.geometry import MM_PER_POINT, Place, page_view
from signing.key_table import KeyRole
from signing.keys import CachedKeySigner, KeyRing, SealKey
from signing.placement import find_signature_place
from signing.seal import SigningService
from signing.stamp_font import load_font
from signing.verdict import Answer
from signing.verify import verify_pdf
from signing.wish import Wish, wish_of
from tests.cases import stamps
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import World, certified
from tests.tools import validators

pytestmark = pytest.mark.joined

NAME = Paper().name


@pytest.fixture(scope="module")
def service(world: World, tmp_path_factory: pytest.TempPathFactory) -> SigningService:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "ky.png").write_bytes(stamps.signature_png())
    (folder / "dau.png").write_bytes(stamps.seal_png())
    keys = {}
    for name, who, role, picture in (
        ("ba-man", NAME, KeyRole.OFFICIAL, "ky.png"),
        ("khong-hinh", "Lê Văn Cường", KeyRole.OFFICIAL, None),
        ("con-dau", "UBND tỉnh Thừa Hòa", KeyRole.SEAL, "dau.png"),
    ):
        key, certificate = certified(world.folder, who)
        sha256 = hashlib.sha256(certificate.dump()).hexdigest()
        signer = CachedKeySigner(key, certificate)
        image = None if picture is None else folder / picture
        keys[name] = SealKey(name, signer, certificate, sha256, role, "UBND tỉnh Thừa Hòa", "", image, 36.0)
    ring = KeyRing(keys, world.ring.revocation, "archive", tuple(world.roots))
    return SigningService(ring, world.tsa, world.clock, world.roots)


def rectangle(path: Path, field: str) -> tuple[float, ...]:
    with path.open("rb") as file:
        (one,) = (s for s in PdfFileReader(file).embedded_signatures if s.field_name.startswith(field))
        return tuple(float(side) for side in one.sig_field["/Rect"])


@pytest.mark.parametrize("rotate", [0, 90])
@pytest.mark.validators
def test_an_official_and_a_seal_show_where_the_paper_has_room(
    service: SigningService, world: World, tmp_path: Path, rotate: int
) -> None:
    source = a_paper(tmp_path / "qd.pdf", Paper(variant="pdf/a-2b", rotate=rotate))
    one, two = tmp_path / "1.pdf", tmp_path / "2.pdf"
    service.seal(source, one, "official", "ba-man", "vb", visible=Wish())
    service.seal(one, two, "seal", "con-dau", "vb", visible=Wish())
    assert verify_pdf(two, world.roots).verdict is Answer.VALID
    said = validators.verapdf([one, two])
    assert all(each.compliant for each in said.values()), said
    room = find_signature_place(source, NAME)
    assert room is not None
    with two.open("rb") as file:
        view = page_view(PdfFileReader(io.BytesIO(file.read())), room.page)
    signature = view.place(*rectangle(two, "NguoiKy"))
    seal = view.place(*rectangle(two, "ConDau"))
    slack = 0.002
    assert room.x0 - slack <= signature.x0 < signature.x1 <= room.x1 + slack
    assert room.y0 - slack <= signature.y0 < signature.y1 <= room.y1 + slack
    across, down = view.size_mm(seal)
    assert (across, down) == (pytest.approx(36, abs=0.1), pytest.approx(36, abs=0.1))
    third = signature.x0 + signature.width / 3
    assert abs(seal.x1 - third) * view.width_mm < 0.5
    before, after = stamps.shown(source, room.page, 1200), stamps.shown(two, room.page, 1200)
    assert before.tobytes() != after.tobytes()


def test_without_a_picture_nothing_is_shown_and_the_seal_asks_for_a_place(
    service: SigningService, world: World, tmp_path: Path
) -> None:
    source = a_paper(tmp_path / "qd.pdf", Paper())
    one, two = tmp_path / "1.pdf", tmp_path / "2.pdf"
    service.seal(source, one, "official", "khong-hinh", "vb", visible=Wish())
    assert rectangle(one, "NguoiKy") == (0, 0, 0, 0)
    with pytest.raises(ArchiveFault) as fault:
        service.seal(one, two, "seal", "con-dau", "vb", visible=Wish())
    assert fault.value.code == "place-needed" and not two.exists()
    chosen = Place(-1, 0.2, 0.6, 0.5, 0.8)
    service.seal(one, two, "seal", "con-dau", "vb", visible=Wish(place=chosen))
    left, _, right, _ = rectangle(two, "ConDau")
    assert (right - left) * MM_PER_POINT == pytest.approx(36, abs=0.1)
    assert verify_pdf(two, world.roots).verdict is Answer.VALID
    hidden = tmp_path / "3.pdf"
    service.seal(one, hidden, "seal", "con-dau", "vb", visible=Wish(hidden=True))
    assert rectangle(hidden, "ConDau") == (0, 0, 0, 0)


def test_a_name_the_paper_does_not_have_needs_a_person(service: SigningService, tmp_path: Path) -> None:
    source = a_paper(tmp_path / "qd.pdf", Paper(name="Nguyễn Văn Khác"))
    with pytest.raises(ArchiveFault) as fault:
        service.seal(source, tmp_path / "o.pdf", "official", "ba-man", visible=Wish())
    assert fault.value.code == "place-needed"
    assert "chọn vị trí" in fault.value.tell
    assert not (tmp_path / "o.pdf").exists()


@pytest.mark.parametrize("system", [System.STATE, System.PARTY])
def test_a_copy_and_an_annex_carry_their_marks(
    service: SigningService, world: World, tmp_path: Path, system: System
) -> None:
    source = a_paper(tmp_path / "qd.pdf", Paper(party=system is System.PARTY))
    for profile, wish in (
        ("copy", Wish(system, form="SAO LỤC" if system is System.STATE else "")),
        ("annex", Wish(system, number="05-QĐ/TU")),
    ):
        out = tmp_path / f"{profile}.pdf"
        service.seal(source, out, profile, "con-dau", visible=wish)
        assert verify_pdf(out, world.roots).verdict is Answer.VALID
        page = pdfium.PdfDocument(out)[0]
        _, bottom, right, _ = rectangle(out, {"copy": "BanSao", "annex": "PhuLuc"}[profile])
        width, height = page.get_size()
        assert right > 0.6 * width and bottom > 0.5 * height


def test_a_font_that_is_missing_is_told_and_nothing_is_signed(
    service: SigningService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "_font", lambda: load_font(tmp_path / "none.ttf"))
    source = a_paper(tmp_path / "qd.pdf", Paper())
    with pytest.raises(ToolMissing) as fault:
        service.seal(source, tmp_path / "o.pdf", "copy", "con-dau", visible=Wish())
    assert fault.value.code == "font-missing"
    assert not (tmp_path / "o.pdf").exists()


def test_a_wish_is_kept_as_words() -> None:
    full = Wish(System.PARTY, Place(-1, 0.1, 0.2, 0.3, 0.4), "SAO Y", "05-QĐ/TU", hidden=True)
    for wish in (Wish(), full, replace(full, place=None)):
        assert wish_of(wish.words()) == wish
    assert Wish().words() == {"system": "state"}
