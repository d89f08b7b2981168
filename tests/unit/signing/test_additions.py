"""Files with several signatures: what each allows the next one to do, and what a viewer may show of it."""

import io
from pathlib import Path

import pytest
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import StaticStampStyle

from signing import look_alike
from signing.look_alike import DrawLimits
from signing.verdict import Answer, Verdict
from signing.verify import verify_pdf
from tests.cases.sealing import World
from tests.cases.signatures import QuietWriter, for_long, sign_with, with_field, with_stamp, with_store
from tests.tools.signed_bases import Base, a_form, plain
from tests.tools.tampering import APPENDED, _forced

TEXT = (20, 280, 220, 340)  # where every page has its words


@pytest.fixture
def check(world: World, tmp_path: Path):
    def run(data: bytes) -> Verdict:
        path = tmp_path / "checked.pdf"
        path.write_bytes(data)
        return verify_pdf(path, world.roots)

    return run


def _certified(data: bytes, world: World, level: MDPPerm) -> bytes:
    return sign_with(data, world, certify=True, docmdp_permissions=level, writer=QuietWriter)


def test_an_approval_in_a_field_made_before_the_certification_is_valid(
    check, world: World, tmp_path: Path
) -> None:
    empty = with_field(plain(tmp_path), "ConDau", (150, 60, 270, 120))
    certified = _certified(empty, world, MDPPerm.FILL_FORMS)
    verdict = check(for_long(sign_with(certified, world, "ConDau", existing=True), world))
    assert verdict.verdict is Answer.VALID, verdict
    first, second, _ = verdict.signatures
    assert (first.certified, second.certified) == (True, False)
    assert first.changes == "signatures"


def test_a_new_visible_field_after_the_certification_is_not_allowed(
    check, world: World, tmp_path: Path
) -> None:
    certified = _certified(plain(tmp_path), world, MDPPerm.FILL_FORMS)
    verdict = check(for_long(sign_with(certified, world, "ConDau", box=(150, 60, 270, 120)), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "changes-not-allowed")
    assert "ConDau" in verdict.tell


def test_no_changes_means_no_further_signature_but_allows_the_archive_stamp(
    check, world: World, tmp_path: Path
) -> None:
    empty = with_field(plain(tmp_path), "ConDau", (150, 60, 270, 120))
    certified = _certified(empty, world, MDPPerm.NO_CHANGES)
    assert check(for_long(certified, world)).verdict is Answer.VALID
    verdict = check(for_long(_forced(certified, world, existing=True), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "changes-not-allowed")


def test_a_certification_after_an_approval_is_refused(check, world: World, tmp_path: Path) -> None:
    approved = sign_with(plain(tmp_path), world, writer=QuietWriter)
    late = _forced(approved, world, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)
    verdict = check(for_long(late, world))
    assert verdict.verdict is Answer.INVALID
    assert "certified-late" in {s.reason for s in verdict.signatures}


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        (FieldMDPAction.INCLUDE, ["SoTien"], Answer.INVALID),
        (FieldMDPAction.ALL, [], Answer.INVALID),
        (FieldMDPAction.EXCLUDE, ["SoTien"], Answer.VALID_LATER_CHANGES),
    ],
)
def test_a_locked_field_stays_as_it_was_and_an_open_one_may_be_filled(
    check, world: World, tmp_path: Path, action: FieldMDPAction, fields: list[str], expected: Answer
) -> None:
    """The official locks the paper but for the number, which the clerk fills in and seals (reference 2.3)."""
    empty = with_field(a_form(tmp_path), "ConDau", (150, 60, 270, 120))
    locks = FieldMDPSpec(action, [*fields, *(["ConDau"] if action is FieldMDPAction.EXCLUDE else [])] or None)
    official = sign_with(empty, world, spec={"field_mdp_spec": locks}, writer=QuietWriter)
    filled = APPENDED["shadow_value_and_appearance"](Base("form", official, world))
    assert filled is not None
    verdict = check(for_long(sign_with(filled, world, "ConDau", existing=True), world))
    assert verdict.verdict is expected, verdict


def _stamped(data: bytes, world: World, box: tuple[int, int, int, int], ink: bytes) -> bytes:
    """Sign with a picture of our own in `box`."""
    width, height = box[2] - box[0], box[3] - box[1]
    picture = RawContent(ink, box=BoxConstraints(width=width, height=height))
    style = StaticStampStyle(background=picture, background_opacity=1.0, border_width=0)
    pen = PdfSigner(
        PdfSignatureMetadata(field_name="ConDau", md_algorithm="sha256"),
        world.ring.get().signer,
        timestamper=world.tsa,
        stamp_style=style,
        new_field_spec=SigFieldSpec("ConDau", box=box),
    )
    out = io.BytesIO()
    pen.sign_pdf(QuietWriter(io.BytesIO(data)), output=out)
    return out.getvalue()


def test_a_seal_may_lie_over_words_but_not_hide_them(check, world: World, tmp_path: Path) -> None:
    official = sign_with(plain(tmp_path), world, writer=QuietWriter)
    ring = b"1 0 0 RG 3 w 10 5 180 50 re S"
    assert check(for_long(_stamped(official, world, TEXT, ring), world)).verdict is Answer.VALID
    verdict = check(for_long(_stamped(official, world, TEXT, b"1 1 1 rg 0 0 200 60 re f"), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "looks-different")


def test_a_seal_may_not_take_half_of_the_page(check, world: World, tmp_path: Path) -> None:
    official = sign_with(plain(tmp_path), world, writer=QuietWriter)
    large = _stamped(official, world, (0, 0, 300, 380), b"1 0 0 RG 3 w 10 5 280 350 re S")
    assert check(for_long(large, world)).reason == "looks-different"


@pytest.mark.parametrize("taken", ["form_dropped", "fields_dropped", "signature_unsigned"])
def test_a_signature_taken_out_of_the_form_is_missed(check, world: World, tmp_path: Path, taken: str) -> None:
    """Without its signatures and with a new trusted time stamp the rest of the file is in perfect order."""
    signed = Base("signed", for_long(sign_with(plain(tmp_path), world), world), world)
    bare = APPENDED[taken](signed)
    assert bare is not None
    verdict = check(with_stamp(bare, world))
    assert verdict.verdict is Answer.INVALID, verdict


def test_a_time_stamp_alone_is_nobodys_signature(check, world: World, tmp_path: Path) -> None:
    verdict = check(with_stamp(with_store(plain(tmp_path), world), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "only-time-stamp")


@pytest.mark.parametrize("limits", [DrawLimits(seconds=0), DrawLimits(memory=8 << 20)])
def test_what_could_not_be_drawn_is_not_green(sealed: Path, check, monkeypatch, limits: DrawLimits) -> None:
    monkeypatch.setattr(look_alike, "DrawLimits", lambda: limits)
    verdict = check(sealed.read_bytes())
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "not-drawn")


def test_an_engine_that_is_missing_is_not_green(sealed: Path, check, monkeypatch) -> None:
    from signing import drawing

    monkeypatch.setitem(drawing._ENVIRONMENT, "PATH", "/nowhere")
    verdict = check(sealed.read_bytes())
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "not-drawn")
    assert "poppler" in verdict.signatures[0].tell
