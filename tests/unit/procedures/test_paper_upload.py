"""A paper drawn elsewhere: the room is read off it, what is burnt in is seen there, and everything odd is told."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from weasyprint import HTML

from ocr.barcodes import FINE, read_codes
from procedures.check_mark import make_mark
from procedures.papers.faces import load_faces
from procedures.papers.upload import Rooms, Written, burn_paper, demand_pdf, find_rooms
from records.errors import ArchiveFault, Unfit
from signing.burn import Burnt, burn
from signing.geometry import Place, page_view
from signing.page_text import open_pages, read_page
from signing.placement import find_signature_place
from tests.cases import stamps
from tests.cases.sheets import BASE, DAY, PAPER_ID
from tests.cases.stamps import Appender, Cell

FACES = load_faces()
MARK = make_mark(BASE, PAPER_ID, "105-QĐ/VPTU", DAY)
_GAP = "\N{NO-BREAK SPACE}"

_DRAFT = """<!doctype html><html lang="vi"><meta charset="utf-8"><style>
@page {{ size: A4; margin: 20mm 15mm 20mm 30mm }}
body {{ font: 13pt/1.35 "Noto Serif"; margin: 0 }} table {{ width: 100% }}
td {{ text-align: center; vertical-align: top }}
</style><table><tr><td>TỈNH ỦY THỪA HÒA<br><b>VĂN PHÒNG</b><br>*<br>{number}</td>
<td><b>ĐẢNG CỘNG SẢN VIỆT NAM</b><br><i>{dated}</i></td></tr></table>
<p style="text-align:center"><b>QUYẾT ĐỊNH</b></p><p>Căn cứ đề nghị ngày 01 tháng 7 năm 2026 của Chánh Văn phòng.</p>
<table style="margin-top:10mm"><tr><td style="width: 45%"></td><td><b>K/T CHÁNH VĂN PHÒNG<br>PHÓ CHÁNH VĂN PHÒNG</b>
<div style="height:28mm"></div><b>Đặng Thị Hương Thủy</b></td></tr></table></html>"""


def _draft(path: Path, number: str = f"Số {_GAP * 9}-QĐ/VPTU", dated: str = "", **options) -> Path:
    dated = dated or f"Thừa Hòa, ngày {_GAP * 8} tháng {_GAP * 8} năm 2026"
    HTML(string=_DRAFT.format(number=number, dated=dated)).write_pdf(path, **options)
    return path


def _said(path: Path, number: int = 1) -> list[str]:
    with open_pages(path) as pdf:
        return [" ".join(line.text.split()) for line in read_page(pdf, number).lines]


def _rooms(path: Path) -> Rooms:
    rooms = find_rooms(path)
    assert rooms is not None
    return rooms


def test_number_day_and_month_go_into_the_room_left_for_them(tmp_path: Path) -> None:
    source, out = _draft(tmp_path / "draft.pdf"), tmp_path / "paper.pdf"
    rooms = _rooms(source)
    burn_paper(source, out, rooms.filled("105", DAY), FACES, (MARK, Place(1, 0.1, 0.9, 0.2, 0.975)))
    rows = _rows(out)
    assert "Số105-QĐ/VPTU" in rows
    assert "ThừaHòa,ngày09tháng7năm2026" in rows
    assert [code.text for code in _codes(out)] == [MARK.url]
    assert find_signature_place(out, "Đặng Thị Hương Thủy") is not None
    assert out.read_bytes().startswith(source.read_bytes())
    assert (rooms.notation, rooms.year) == ("-QĐ/VPTU", "năm 2026")
    again = tmp_path / "again.pdf"
    burn_paper(source, again, rooms.filled("105", DAY), FACES, (MARK, Place(1, 0.1, 0.9, 0.2, 0.975)))
    assert again.read_bytes() == out.read_bytes()  # what was shown is what is drawn again
    again.unlink()
    assert find_rooms(out) is None
    for room in (rooms.number, rooms.day, rooms.month):
        with pytest.raises(Unfit) as fault:
            burn_paper(out, tmp_path / "again.pdf", [Written("Số", "106", room)], FACES)
        assert fault.value.code == "place-taken"
        assert not (tmp_path / "again.pdf").exists()


def _rows(path: Path) -> set[str]:
    """What stands beside each other on the first page, left to right, without spaces; each half of it by itself."""
    with open_pages(path) as pdf:
        lines = sorted(read_page(pdf, 1).lines, key=lambda line: line.place.x0)
    rows: dict[tuple[float, bool], str] = {}
    for line in lines:
        middle, right = (line.place.y0 + line.place.y1) / 2, line.place.x0 > 0.42
        near = next(
            (key for key in rows if abs(key[0] - middle) < 0.006 and key[1] == right), (middle, right)
        )
        rows[near] = rows.get(near, "") + line.text.replace(" ", "")
    return set(rows.values())


def _codes(path: Path, page: int = 1):
    image = np.array(stamps.shown(path, page, 2480).convert("L"))
    return read_codes(image, 300, FINE, (image.shape[1], image.shape[0]))


@pytest.mark.parametrize(
    ("number", "dated"),
    [
        ("Số: 12-QĐ/VPTU", ""),
        ("", ""),
        (f"Số {_GAP * 9}-QĐ/VPTU<br>Số {_GAP * 9}-QĐ/VPTU", ""),
        ("", "Thừa Hòa, ngày 01 tháng 7 năm 2026"),
        (f'Số <span style="background:#ddd">{_GAP * 9}</span>-QĐ/VPTU', "Thừa Hòa, ngày … tháng … năm 2026"),
    ],
)
def test_room_that_is_not_sure_is_left_to_a_person(tmp_path: Path, number: str, dated: str) -> None:
    assert find_rooms(_draft(tmp_path / "d.pdf", number, dated)) is None


@pytest.mark.parametrize(
    "cell",
    [
        *(Cell((210.0, 297.0), turn, crop) for turn in (0, 90, 180, 270) for crop in ("offset", "negative")),
        Cell((210.0, 297.0), 90, "none", 2.0),
        Cell((420.0, 297.0), 270, "over"),
        Cell((210.0, 297.0), 450, "offset", inherited=True),
    ],
    ids=str,
)
def test_upright_and_within_a_millimetre_on_every_kind_of_page(tmp_path: Path, cell: Cell) -> None:
    source, out = stamps.a_page(tmp_path / "page.pdf", cell), tmp_path / "out.pdf"
    with source.open("rb") as file:
        view = page_view(Appender(file, strict=False), 2)
    place = view.at_mm(40, 30, 40, 20)
    burn(source, out, [Burnt(place, lambda _w, _h: stamps.mark())])
    image = stamps.shown(out, 2, 1400)
    assert stamps.is_upright(image)
    assert stamps.deviation_mm(image, view, place) < 0.5
    texts = [Written("Số", "105", view.at_mm(60, 100, 30, 8))]
    burn_paper(source, out, texts, FACES, (MARK, view.at_mm(20, 200, 20, 20)))
    assert _said(out, 2) == ["105"]
    assert [code.text for code in _codes(out, 2)] == [MARK.url]


def test_from_the_end_counts_too_and_pages_that_are_not_there(tmp_path: Path) -> None:
    source, out = _draft(tmp_path / "d.pdf"), tmp_path / "o.pdf"
    burn_paper(source, out, [Written("Số", "105", Place(-1, 0.1, 0.8, 0.3, 0.83))], FACES)
    assert "105" in _said(out)
    for page in (2, -2):
        with pytest.raises(ArchiveFault) as fault:
            burn_paper(
                source, tmp_path / "x.pdf", [Written("Số", "105", Place(page, 0.1, 0.8, 0.3, 0.83))], FACES
            )
        assert fault.value.code == "page-unknown"
    assert not (tmp_path / "x.pdf").exists()


def _edited(source: Path, path: Path, edit) -> Path:
    with pikepdf.open(source) as pdf:
        edit(pdf)
        pdf.save(path)
    return path


def _script(pdf) -> None:
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["a", pdf.make_indirect(action)]))


def _opening(pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="x.exe")


def _attached(pdf) -> None:
    pdf.attachments["x.txt"] = b"hidden"


def _page_action(pdf) -> None:
    pdf.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="http://127.0.0.1/"))


def _xfa(pdf) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))


@pytest.mark.parametrize("edit", [_script, _opening, _attached, _page_action, _xfa])
def test_papers_that_act_by_themselves_are_refused(tmp_path: Path, edit) -> None:
    source = _edited(_draft(tmp_path / "d.pdf"), tmp_path / "e.pdf", edit)
    with pytest.raises(Unfit) as fault:
        burn_paper(source, tmp_path / "o.pdf", [Written("Số", "1", Place(1, 0.1, 0.8, 0.3, 0.83))], FACES)
    assert fault.value.code == "file-active"
    assert not (tmp_path / "o.pdf").exists()


def test_a_paper_that_opens_at_its_first_page_is_fine(tmp_path: Path) -> None:
    def edit(pdf) -> None:
        pdf.Root.OpenAction = pikepdf.Array([pdf.pages[0].obj, pikepdf.Name.Fit])

    source = _edited(_draft(tmp_path / "d.pdf"), tmp_path / "e.pdf", edit)
    burn_paper(source, tmp_path / "o.pdf", [Written("Số", "1", Place(1, 0.1, 0.8, 0.3, 0.83))], FACES)


def test_a_page_that_leaves_its_pen_anywhere(tmp_path: Path) -> None:
    """Content that ends turned or clipped: fenced in when it is tidy, refused when it hides the number."""
    place = Place(1, 0.1, 0.8, 0.3, 0.83)

    def moved(commands: bytes):
        def edit(pdf) -> None:
            pdf.pages[0].contents_add(pdf.make_stream(commands), prepend=False)

        return edit

    tidy = _edited(_draft(tmp_path / "d.pdf"), tmp_path / "e.pdf", moved(b"0.5 0 0 0.5 300 0 cm 1 0 0 rg"))
    burn_paper(tidy, tmp_path / "o.pdf", [Written("Số", "105", place)], FACES)
    assert "105" in _said(tmp_path / "o.pdf")
    for commands in (b"q 0.5 0 0 0.5 300 0 cm", b"q 0 0 1 1 re W n", b"q q 0 0 0 0 0 0 cm"):
        hostile = _edited(tmp_path / "d.pdf", tmp_path / "h.pdf", moved(commands))
        with pytest.raises(Unfit) as fault:
            burn_paper(hostile, tmp_path / "x.pdf", [Written("Số", "105", place)], FACES)
        assert fault.value.code == "burn-not-shown"
        assert not (tmp_path / "x.pdf").exists()


def test_pages_that_share_everything_and_pages_with_nothing(tmp_path: Path) -> None:
    def edit(pdf) -> None:
        pdf.pages.append(pdf.pages[0])
        pdf.add_blank_page(page_size=(595, 842))
        del pdf.pages[2].obj["/Contents"]

    source = _edited(_draft(tmp_path / "d.pdf"), tmp_path / "e.pdf", edit)
    for page in (1, 3):
        burn_paper(
            source, tmp_path / "o.pdf", [Written("Số", "777", Place(page, 0.1, 0.8, 0.3, 0.83))], FACES
        )
        assert [page for page in (1, 2, 3) if "777" in _said(tmp_path / "o.pdf", page)] == [page]


def test_locked_and_broken_papers(tmp_path: Path) -> None:
    source = _draft(tmp_path / "d.pdf")
    room = Written("Số", "1", Place(1, 0.1, 0.8, 0.3, 0.83))
    with pikepdf.open(source) as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="x", user=""))
    (tmp_path / "cut.pdf").write_bytes(source.read_bytes()[:700])
    (tmp_path / "junk.pdf").write_bytes(b"%PDF-1.7\n" + b"\x00" * 4000)
    expected = {
        "locked.pdf": {"file-encrypted"},
        "cut.pdf": {"file-malformed"},
        "junk.pdf": {"file-malformed"},
    }
    for name, codes in expected.items():
        with pytest.raises(ArchiveFault) as fault:
            burn_paper(tmp_path / name, tmp_path / "o.pdf", [room], FACES)
        assert fault.value.code in codes, name
        assert not (tmp_path / "o.pdf").exists()


def test_what_does_not_fit_or_cannot_be_printed(tmp_path: Path) -> None:
    source = _draft(tmp_path / "d.pdf")
    small = Place(1, 0.1, 0.8, 0.12, 0.805)
    for written, code in (
        (Written("Số", "105-QĐ/VPTU", small), "paper-too-long"),
        (Written("Số", "105\u202e", replace(small, x1=0.4, y1=0.83)), "paper-letter"),
    ):
        with pytest.raises(ArchiveFault) as fault:
            burn_paper(source, tmp_path / "o.pdf", [written], FACES)
        assert fault.value.code == code
    with pytest.raises(ArchiveFault) as fault:
        burn_paper(source, tmp_path / "o.pdf", [], FACES, (MARK, Place(1, 0.1, 0.8, 0.15, 0.83)))
    assert fault.value.code == "place-too-small"


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", Unfit, "paper-type"),
        (b"PK\x03\x04" + bytes(100), Unfit, "paper-type"),
        (b"\xd0\xcf\x11\xe0" + bytes(2000), Unfit, "paper-type"),
        (b"<html>", Unfit, "paper-type"),
    ],
)
def test_what_is_no_pdf(tmp_path: Path, content: bytes, kind: type, code: str) -> None:
    path = tmp_path / "van-ban.pdf"
    path.write_bytes(content)
    with pytest.raises(kind) as fault:
        demand_pdf(path)
    assert fault.value.code == code
    assert "van-ban.pdf" in fault.value.tell


def test_filled_rooms_write_days_as_official_papers_do() -> None:
    rooms = Rooms(*(Place(1, 0.1, 0.1 * n, 0.2, 0.1 * n + 0.05) for n in (1, 2, 3)))
    said = {
        day: [one.text for one in rooms.filled("05", day)] for day in (date(2026, 2, 3), date(2026, 11, 12))
    }
    assert list(said.values()) == [["05", "03", "02"], ["05", "12", "11"]]
