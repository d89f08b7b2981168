import io
import math

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from records.errors import ArchiveFault, Unfit
from signing.geometry import PageView, Place, page_view, place_mm, upright

_A4 = PageView(1, 0, 0, 595.2756, 841.8898)
_fractions = st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda p: abs(p[0] - p[1]) > 1e-4).map(sorted)
_views = st.builds(
    lambda x, y, w, h, turn, unit: PageView(1, x, y, x + w, y + h, turn, unit),
    st.floats(-2000, 2000),
    st.floats(-2000, 2000),
    st.floats(50, 5000),
    st.floats(50, 5000),
    st.sampled_from([0, 90, 180, 270]),
    st.floats(0.1, 10),
)


@given(_views, _fractions, _fractions)
def test_there_and_back(view: PageView, across: list[float], down: list[float]) -> None:
    place = Place(1, across[0], down[0], across[1], down[1])
    left, bottom, right, top = view.rectangle(place)
    assert view.left - 0.001 <= left < right <= view.right + 0.001
    assert view.bottom - 0.001 <= bottom < top <= view.top + 0.001
    again = view.place(left, bottom, right, top)
    for one, two in zip(
        (place.x0, place.y0, place.x1, place.y1), (again.x0, again.y0, again.x1, again.y1), strict=True
    ):
        assert math.isclose(one, two, abs_tol=1e-6)


@given(_views)
def test_a_stamp_fills_its_rectangle_whatever_the_turn(view: PageView) -> None:
    a, b, c, d, e, f = upright(view.turn, 30, 10)
    xs = [a * x + c * y + e for x in (0, 30) for y in (0, 10)]
    ys = [b * x + d * y + f for x in (0, 30) for y in (0, 10)]
    wide, high = (10, 30) if view.turn in (90, 270) else (30, 10)
    assert (min(xs), min(ys), max(xs), max(ys)) == (0, 0, wide, high)
    assert a * d - b * c == 1  # turned, never mirrored


@pytest.mark.parametrize(
    ("turn", "rectangle"),
    [(0, (0, 700, 100, 800)), (90, (0, 0, 100, 100)), (180, (500, 0, 600, 100)), (270, (500, 700, 600, 800))],
)
def test_the_upper_left_corner_of_each_turn(turn, rectangle) -> None:
    view = PageView(1, 0, 0, 600, 800, turn)
    wide, high = (800, 600) if turn in (90, 270) else (600, 800)
    found = view.rectangle(Place(1, 0, 0, 100 / wide, 100 / high))
    assert found == pytest.approx(rectangle)


def test_millimetres_from_every_corner() -> None:
    for corner, left, top in [
        ("top-left", 10, 5), ("top-right", 130, 5), ("bottom-left", 10, 262), ("bottom-right", 130, 262),
    ]:  # fmt: skip
        place = place_mm(_A4, corner, 70, 30, 10, 5)
        assert place.x0 * 210 == pytest.approx(left, abs=0.01)
        assert place.y0 * 297 == pytest.approx(top, abs=0.01)
        assert _A4.size_mm(place) == pytest.approx((70, 30))


def test_a_larger_unit_is_a_larger_page() -> None:
    assert PageView(1, 0, 0, 100, 100, 0, 2.0).width_mm == pytest.approx(200 * 25.4 / 72)


def test_a_stamp_larger_than_its_box_is_refused() -> None:
    box = place_mm(_A4, "top-left", 30, 30, 10, 10)
    assert _A4.size_mm(_A4.centred(box, 30, 30)) == pytest.approx((30, 30))
    with pytest.raises(ArchiveFault) as fault:
        _A4.centred(box, 36, 30)
    assert fault.value.code == "place-too-small"


@pytest.mark.parametrize(
    "box",
    [
        (1, -0.1, 0, 0.5, 0.5),
        (1, 0.5, 0.5, 1.2, 0.6),
        (1, 0.5, 0.5, 0.5, 0.6),
        (1, 0.6, 0.5, 0.4, 0.7),
        (0, 0, 0, 1, 1),
        (1, math.nan, 0, 1, 1),
        (1, 0, 0, math.inf, 1),
    ],
)
def test_what_is_no_box_on_a_page_is_refused(box) -> None:
    with pytest.raises(ArchiveFault) as fault:
        Place(*box)
    assert fault.value.code == "place-outside"


def _reader(change) -> PdfFileReader:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(3):
            pdf.add_blank_page(page_size=(300, 400))
        change(pdf)
        pdf.save(out)
    return PdfFileReader(out)


@pytest.mark.parametrize("number", [0, 4, -4, 10**9])
def test_a_page_that_is_not_there(number: int) -> None:
    with pytest.raises(ArchiveFault) as fault:
        page_view(_reader(lambda pdf: None), number)
    assert fault.value.code == "page-unknown"
    assert "3 trang" in fault.value.tell


def test_pages_count_from_one_and_from_the_end() -> None:
    reader = _reader(lambda pdf: None)
    assert [page_view(reader, n).number for n in (1, 3, -1, -3)] == [1, 3, 3, 1]


def _first(key: str, value):
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj[key] = value

    return change


def _loop(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Pages.Parent = pdf.Root.Pages
    del pdf.pages[0].obj["/MediaBox"]


@pytest.mark.parametrize(
    "change",
    [
        _first("/MediaBox", [0, 0, 0, 0]),
        _first("/MediaBox", [0, 0, 300, 0]),
        _first("/MediaBox", [0, 0, 1e12, 1e12]),
        _first("/MediaBox", [0, 0, 300]),
        _first("/MediaBox", pikepdf.Name.A4),
        _first("/MediaBox", [0, 0, pikepdf.Name.A, 400]),
        _first("/CropBox", [1000, 1000, 1100, 1100]),
        _first("/Rotate", 45),
        _first("/Rotate", pikepdf.Name.Left),
        _first("/UserUnit", 0),
        _first("/UserUnit", -1),
        _first("/UserUnit", pikepdf.Name.Big),
        lambda pdf: pdf.pages[0].obj.__delitem__("/MediaBox"),
        _loop,
    ],
)
def test_pages_that_make_no_sense_are_refused(change) -> None:
    with pytest.raises(Unfit) as fault:
        page_view(_reader(change), 1)
    assert fault.value.code == "page-unfit"
