"""Steps looked at once against the whole comparison: the same answer on whole, locked and tampered files."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, StandardDiffPolicy

from signing.difference import POLICY
from signing.draft_fields import await_number
from signing.geometry import Place
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases import sealing, stamps
from tests.cases.office import Office, an_office, drawn
from tests.cases.sealing import World, a_pdf

BOXES = ((20, 20, 280, 120), (20, 140, 280, 240))


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    return an_office(world)


@pytest.fixture(scope="module")
def letter(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A letter with fields for a number that every box locks, two boxes signed and sealed."""
    folder = tmp_path_factory.mktemp("letter")
    at = folder / "0.pdf"
    at.write_bytes(await_number(a_pdf(folder / "plain.pdf").read_bytes()))
    for number, box in enumerate(BOXES):
        seal = (box[0] + 5, box[1] + 5, box[0] + 55, box[1] + 55)
        for profile, key, place in (("hop", "chu-tich", box), ("hop-seal", "con-dau", seal)):
            out = folder / f"{number}-{profile}.pdf"
            office.service.seal(at, out, profile, key, "gt1", visible=drawn(place))
            at = out
    return at


def answers(data: bytes) -> list[tuple[object, object]]:
    """What each signature and stamp of a file hears: by steps, and by the whole comparison."""
    reader, found = PdfFileReader(io.BytesIO(data), strict=False), []
    for one in reader.embedded_signatures:
        asked = (reader, one.signed_revision, one.fieldmdp, one.docmdp_level)
        found.append((told(POLICY.review_file(*asked)), told(StandardDiffPolicy.review_file(POLICY, *asked))))
    return found


def told(answer: object) -> object:
    if isinstance(answer, DiffResult):
        return answer.modification_level, answer.changed_form_fields
    return "suspicious"


def fill_number(data: bytes) -> bytes:
    """Write a number into its field, as whoever numbers a draft later does."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    for reference in writer.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if field.get("/T") == "SoKyHieu":
            field["/V"] = generic.TextStringObject("99")
            writer.mark_update(reference)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "change",
    [bytes, fill_number, sealing.append_page, sealing.swap_image, sealing.move_seal, sealing.empty_store,
     sealing.more_store, sealing.overlay],
)  # fmt: skip
def test_steps_say_what_the_whole_comparison_says(letter: Path, change: Callable[[bytes], bytes]) -> None:
    said = answers(change(letter.read_bytes()))
    assert len(said) == 8
    assert all(steps == whole for steps, whole in said), said


@pytest.mark.parametrize("change", [fill_number, sealing.append_page, sealing.swap_image, sealing.overlay])
def test_a_later_signature_hides_no_wrong_step(
    office: Office, world: World, letter: Path, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """Somebody changes the letter and signs it then, with a signature that locks nothing."""
    (tmp_path / "changed.pdf").write_bytes(change(letter.read_bytes()))
    stamps.sign_with(
        world,
        tmp_path / "changed.pdf",
        tmp_path / "signed.pdf",
        stamps.mark(20, 10),
        Place(1, 0.1, 0.02, 0.4, 0.1),
    )
    data = (tmp_path / "signed.pdf").read_bytes()
    said = answers(data)
    assert all(steps == whole for steps, whole in said), said
    assert said[0][0] == "suspicious"
    assert verify_pdf(tmp_path / "signed.pdf", world.roots).verdict is Answer.INVALID


def test_each_step_is_looked_at_once(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    apply = StandardDiffPolicy.apply

    def counted(self: StandardDiffPolicy, old: object, new: object, *more: object, **named: object) -> object:
        looked.append(new.revision)  # type: ignore[attr-defined]
        return apply(self, old, new, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(StandardDiffPolicy, "apply", counted)
    answers_by_steps = PdfFileReader(io.BytesIO(letter.read_bytes()))
    for one in answers_by_steps.embedded_signatures:
        POLICY.review_file(answers_by_steps, one.signed_revision, one.fieldmdp, one.docmdp_level)
    assert sorted(looked) == list(range(min(looked), answers_by_steps.xrefs.total_revisions))
