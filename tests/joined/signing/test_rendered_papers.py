"""Papers drawn here, before outside judges: PDF/A-2b as drawn, as signed and sealed, box after box, and with a number
burnt in."""

from datetime import date
from pathlib import Path

import pikepdf
import pytest

from procedures.check_mark import make_mark
from procedures.papers.faces import load_faces
from procedures.papers.layouts import layout_at
from procedures.papers.render import draw_hop, render
from procedures.papers.sheet import Hop, Signatory
from procedures.papers.ten_boxes import letter_at
from procedures.papers.upload import Written, burn_paper
from records.errors import Unfit
from records.units import System
from signing.appearance import rules_at
from signing.geometry import Place, page_view
from signing.stamp import draw_image
from signing.stamp_image import read_image
from tests.cases import stamps
from tests.cases.sealing import World
from tests.cases.sheets import BASE, CREATED, DAY, NOTATIONS, PAPER_ID, a_long_sheet, a_sheet
from tests.cases.stamps import Appender
from tests.joined.signing.test_stamped_papers import sign_whole
from tests.tools import validators

pytestmark = pytest.mark.joined

FACES = load_faces()
_DAY = date(2026, 11, 26)


def _written(path: Path, sheet, *, marked: bool = True) -> Path:
    mark = make_mark(BASE, PAPER_ID, "105", DAY) if marked else None
    path.write_bytes(render(sheet, FACES, CREATED, mark).pdf)
    return path


@pytest.fixture(scope="module")
def hops(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The letter signed in box 1 and then by two more bodies, each with its words and picture over its own box."""
    folder = tmp_path_factory.mktemp("hops")
    sheet = a_sheet("transfer-letter")
    drawn = render(sheet, FACES, CREATED, make_mark(BASE, PAPER_ID, "105", DAY))
    path = folder / "letter.pdf"
    path.write_bytes(drawn.pdf)
    rule = rules_at("party", "official", _DAY)
    picture = read_image(stamps.signature_png(), rule.image)
    with path.open("rb") as file:
        view = page_view(Appender(file), 1)
    official = draw_image(rule, picture, *view.size_mm(drawn.signature))
    files = [path, folder / "hop1.pdf"]
    stamps.sign_with(world, path, files[1], official, drawn.signature, "NguoiKy")
    layout, letter = layout_at(System.PARTY, DAY), letter_at(DAY)
    for number, name in ((2, "Phạm Văn Đỗ"), (3, "Hồ Thị Ngọc Ẩn")):
        hop = Hop(f"Chi bộ Khu phố {number}", "Bến Đông", _DAY, Signatory("BÍ THƯ", name, ("T/M ĐẢNG ỦY",)))
        stamp = draw_hop(letter, number, hop, layout, FACES, picture)
        files.append(folder / f"hop{number}.pdf")
        stamps.sign_with(world, files[-2], files[-1], stamp, drawn.boxes[number - 1].frame, f"O{number}")
    return files


@pytest.mark.validators
def test_papers_are_pdfa_2b_at_every_step_of_their_life(
    world: World, hops: list[Path], tmp_path: Path
) -> None:
    files = [
        _written(tmp_path / f"{kind}.pdf", sheet, marked=bool(sheet.number))
        for kind, sheet in ((kind, a_sheet(kind)) for kind in NOTATIONS)
    ]
    files.append(
        _written(
            tmp_path / "long.pdf",
            a_long_sheet(
                "decision",
                System.STATE,
            ),
        )
    )
    files.append(_written(tmp_path / "draft.pdf", a_sheet("notice", number=""), marked=False))
    files += hops[1:]
    room = render(a_sheet("decision"), FACES, CREATED, make_mark(BASE, PAPER_ID, "105", DAY)).signature
    files.append(sign_whole(world, tmp_path / "decision.pdf", tmp_path, room, "party"))
    burnt = tmp_path / "burnt.pdf"
    mark = make_mark(BASE, PAPER_ID, "106", DAY), Place(1, 0.7, 0.9, 0.8, 0.97)
    burn_paper(
        tmp_path / "notice.pdf",
        burnt,
        [Written("Số", "106-QĐ/VPTU", Place(1, 0.5, 0.8, 0.8, 0.83))],
        FACES,
        mark,
    )
    for path, said in validators.verapdf([*files, burnt]).items():
        assert said.compliant, (path.name, said.failures)


def test_each_hop_is_seen_in_its_own_box_and_leaves_the_others_blank(hops: list[Path]) -> None:
    before, after = (stamps.shown(path, 1, 1680) for path in (hops[1], hops[3]))
    boxes = render(a_sheet("transfer-letter"), FACES, CREATED).boxes
    changed = [
        (x / 1680, y / after.height)
        for x in range(0, 1680, 3)
        for y in range(0, after.height, 3)
        if before.getpixel((x, y)) != after.getpixel((x, y))
    ]
    for number in (2, 3):
        frame = boxes[number - 1].frame
        inside = [at for at in changed if frame.x0 <= at[0] <= frame.x1 and frame.y0 <= at[1] <= frame.y1]
        assert inside
        changed = [at for at in changed if at not in set(inside)]
    assert changed == []
    with pikepdf.open(hops[3]) as file:
        assert len(file.pages) == 2


def test_nothing_is_burnt_into_a_paper_that_is_signed(world: World, tmp_path: Path) -> None:
    source = _written(tmp_path / "notice.pdf", a_sheet("notice"))
    stamps.sign_with(
        world, source, tmp_path / "signed.pdf", stamps.mark(30, 15), Place(1, 0.5, 0.8, 0.9, 0.9)
    )
    with pytest.raises(Unfit) as fault:
        burn_paper(
            tmp_path / "signed.pdf",
            tmp_path / "o.pdf",
            [Written("Số", "1", Place(1, 0.1, 0.8, 0.3, 0.83))],
            FACES,
        )
    assert fault.value.code == "file-already-signed"
    assert not (tmp_path / "o.pdf").exists()
