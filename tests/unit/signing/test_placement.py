import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from records.errors import ArchiveFault, Unfit
from signing.geometry import PageView, Place, page_view
from signing.page_text import open_pages, read_page
from signing.placement import find_signature_place, free_top_right, seal_place
from tests.cases import stamps
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import World
from tests.cases.stamps import Appender

_STATE = Paper()
_PARTY = Paper(("T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ"), "Lê Quang Ưng", party=True)


def _view(path: Path, number: int = 1) -> PageView:
    with path.open("rb") as file:
        return page_view(Appender(file), number)


def _line(path: Path, text: str, number: int = 1) -> Place:
    with open_pages(path) as pdf:
        return next(line.place for line in read_page(pdf, number).lines if line.text == text)


@pytest.mark.parametrize(
    "paper",
    [
        _STATE,
        _PARTY,
        replace(_PARTY, block=("K/T CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG")),
        replace(_PARTY, block=("T/L BAN THƯỜNG VỤ", "CHÁNH VĂN PHÒNG")),
        replace(_STATE, block=("Q. GIÁM ĐỐC",)),
        replace(_STATE, block=("BÍ THƯ",)),
        replace(_STATE, block=("TUQ. CHỦ TỊCH", "GIÁM ĐỐC SỞ NỘI VỤ")),
        replace(_STATE, name="Đại tá Nguyễn Văn Ổn"),
        replace(_STATE, paragraphs=14),
        replace(_STATE, again="text"),
        replace(_STATE, mention=_STATE.name),
        replace(_STATE, room=14),
        replace(_STATE, size="A3 landscape"),
        *(replace(_STATE, rotate=turn) for turn in (90, 180, 270)),
    ],
)
def test_the_room_between_title_and_name_is_found(tmp_path: Path, paper: Paper) -> None:
    path = a_paper(tmp_path / "p.pdf", paper)
    name = paper.name.removeprefix("Đại tá ")
    place = find_signature_place(path, name.upper())
    assert place is not None
    assert place.x0 >= 0.5
    title, below = (_line(path, text, place.page) for text in (paper.block[-1], paper.name))
    assert title.y1 < place.y0 < place.y1 < below.y0
    assert (place.x0 + place.x1) / 2 == pytest.approx((below.x0 + below.x1) / 2, abs=0.001)
    wide, high = _view(path, place.page).size_mm(place)
    assert wide > 30
    assert paper.room - 4 < high < paper.room + 4


def test_the_title_asked_for_must_stand_there(tmp_path: Path) -> None:
    path = a_paper(tmp_path / "p.pdf", _STATE)
    for title in (
        "Phó Chủ tịch",
        "KT. CHỦ TỊCH PHÓ CHỦ TỊCH",
        "TM. Ủy ban nhân dân KT. Chủ tịch Phó Chủ tịch",
    ):
        title_found = find_signature_place(path, _STATE.name, title)
        assert (title_found is not None) == (title != "KT. CHỦ TỊCH PHÓ CHỦ TỊCH")
    assert find_signature_place(path, _STATE.name, "Chủ tịch") is None


@pytest.mark.parametrize(
    "paper",
    [
        replace(_STATE, name="Trần Thị Hồng Mẫn"),
        replace(_STATE, name="Trần Thị Hồng Mận Em"),
        replace(_STATE, block=("Người lập bảng",)),
        replace(_STATE, block=("HỌ VÀ TÊN",)),
        replace(_STATE, within="(Đã ký)"),
        replace(_STATE, room=5),
        replace(_STATE, room=90),
        replace(_STATE, again="block"),
    ],
)
def test_what_is_not_sure_is_left_to_a_person(tmp_path: Path, paper: Paper) -> None:
    assert find_signature_place(a_paper(tmp_path / "p.pdf", paper), _STATE.name) is None


def test_no_name_no_place(tmp_path: Path) -> None:
    assert find_signature_place(a_paper(tmp_path / "p.pdf", _STATE), "  ") is None


def test_ink_in_the_room_that_no_text_tells_of(world: World, tmp_path: Path) -> None:
    path = a_paper(tmp_path / "p.pdf", _STATE)
    place = find_signature_place(path, _STATE.name)
    assert place is not None
    stamps.sign_with(world, path, tmp_path / "signed.pdf", stamps.mark(30, 15), place)
    assert find_signature_place(tmp_path / "signed.pdf", _STATE.name) is None


def test_the_seal_covers_the_left_third_of_the_signature() -> None:
    view = PageView(1, 0, 0, 595.276, 841.89)
    signature = view.at_mm(120, 200, 45, 20)
    seal = seal_place(signature, 36, view)
    assert view.size_mm(seal) == pytest.approx((36, 36))
    assert seal.x1 * 210 == pytest.approx(120 + 15, abs=0.01)
    assert (seal.y0 + seal.y1) / 2 * 297 == pytest.approx(210, abs=0.01)
    with pytest.raises(ArchiveFault):
        seal_place(view.at_mm(2, 200, 45, 20), 36, view)


@pytest.mark.parametrize("paper", [_STATE, replace(_STATE, tone=False), _PARTY, replace(_STATE, rotate=90)])
def test_a_mark_never_lies_on_the_national_heading(tmp_path: Path, paper: Paper) -> None:
    path = a_paper(tmp_path / "p.pdf", paper)
    view = _view(path)
    with open_pages(path) as pdf:
        page = read_page(pdf, 1)
    heading = [line.place for line in page.lines if "VIỆT NAM" in line.text]
    assert len(heading) == 1
    for top in (0, 4, 10, 18, 24):
        place = free_top_right(path, view.in_corner("top-right", 70, 15, 10, top))
        assert not any(place.meets(line.place) for line in page.lines)
        assert place.y1 < heading[0].y0 or place.y0 > heading[0].y1
        assert view.size_mm(place) == pytest.approx((70, 15))
        if top == 0:
            assert place.y0 == 0


def test_a_second_mark_goes_under_the_first(world: World, tmp_path: Path) -> None:
    path = a_paper(tmp_path / "p.pdf", replace(_STATE, paragraphs=0))
    view = _view(path)
    box = view.in_corner("top-right", 70, 15, 10, 2)
    stamps.sign_with(world, path, tmp_path / "one.pdf", stamps.mark(70, 15), free_top_right(path, box))
    second = free_top_right(tmp_path / "one.pdf", box)
    assert second.y0 > box.y1


def test_no_room_is_told(tmp_path: Path) -> None:
    path = a_paper(tmp_path / "p.pdf", replace(_STATE, paragraphs=12))
    with pytest.raises(ArchiveFault) as fault:
        free_top_right(path, _view(path).in_corner("top-right", 70, 60, 10, 10))
    assert fault.value.code == "place-taken"
    with pytest.raises(ArchiveFault) as fault:
        free_top_right(path, Place(9, 0.5, 0, 1, 0.1))
    assert fault.value.code == "page-unknown"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"\x00" * 500])
def test_what_is_no_pdf(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.pdf").write_bytes(data)
    with pytest.raises(Unfit):
        find_signature_place(tmp_path / "x.pdf", "A")
    with pytest.raises(Unfit):
        free_top_right(tmp_path / "x.pdf", Place(1, 0.5, 0, 1, 0.1))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("/MediaBox", [0, 0, 0, 0]),
        ("/MediaBox", [0, 0, 9e9, 9e9]),
        ("/CropBox", [9e4, 9e4, 1e5, 1e5]),
        ("/Rotate", 45),
        ("/Annots", [1, 2, 3]),
        ("/Contents", pikepdf.Name.None_),
    ],
)
def test_pages_of_nonsense_have_no_place(tmp_path: Path, key: str, value) -> None:
    path = a_paper(tmp_path / "p.pdf", _STATE)
    out = io.BytesIO()
    with pikepdf.open(path) as pdf:
        pdf.pages[0].obj[key] = value
        pdf.save(out)
    (tmp_path / "bad.pdf").write_bytes(out.getvalue())
    found = find_signature_place(tmp_path / "bad.pdf", _STATE.name)
    if (
        key in ("/MediaBox", "/CropBox") and found is not None
    ):  # PDFium takes Letter for a box of nonsense; we do not
        with pytest.raises(Unfit):
            _view(tmp_path / "bad.pdf")
    free_top_right(tmp_path / "bad.pdf", Place(1, 0.6, 0.0, 0.9, 0.01))
