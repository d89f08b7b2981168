"""The text layer: words stand on their ink, lines keep one size and base, hostile text does no harm."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.invisible_font import InvisibleFont
from ocr.text_layer import GAP, place_lines, text_content, writable
from records.geometry import Box, Rotation
from records.page import PageText, Word
from tests.tools.made_pages import laid_out

LINES = [
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "xem các mục sau",
    "Số: 12-QĐ/TU",
]


def test_words_stand_where_they_were_read() -> None:
    page = laid_out(LINES)
    for line, placed in zip(page.lines, place_lines(page), strict=True):
        assert abs(placed.size - 24) < 1.5
        for word, spot in zip(line, placed.words, strict=True):
            assert (spot.text, spot.x0, spot.x1) == (word.text, word.box.x0, word.box.x1)
            assert abs(spot.base - placed.words[0].base) < 0.6


@given(st.sampled_from([0, 90, 180, 270]))
def test_a_turned_page_reads_like_an_upright_one(rotation: Rotation) -> None:
    assert place_lines(laid_out(LINES, rotation=rotation)) == place_lines(laid_out(LINES))


def test_the_base_line_follows_the_skew() -> None:
    page = laid_out(["mười hai chữ thường đứng thành một hàng dài trên trang giấy này"])
    fallen = tuple(
        replace(w, box=Box(w.box.x0, w.box.y0 + w.box.x0 // 20, w.box.x1, w.box.y1 + w.box.x0 // 20))
        for w in page.words
    )
    (line,) = place_lines(replace(page, words=fallen, skew=0.0))
    first, last = line.words[0], line.words[-1]
    assert 0.045 < (last.base - first.base) / (last.x0 - first.x0) < 0.055


def test_touching_words_are_kept_apart() -> None:
    page = laid_out(["một hai"])
    first, second = page.words
    close = replace(first, box=replace(first.box, x1=second.box.x0 + 3))
    (line,) = place_lines(replace(page, words=(close, second)))
    assert line.words[1].x0 - line.words[0].x1 >= GAP * line.size - 0.01


def test_writable_drops_what_a_text_layer_cannot_hold() -> None:
    assert writable("a\x00b\ufeffc\ud800d\u2028e\u00a0f\uffff") == "a bcd e f"
    assert writable("\x07 \t") == ""
    assert writable("Nghị") == "Nghị"


@given(st.text())
def test_writable_is_stable_and_can_be_encoded(text: str) -> None:
    once = writable(text)
    assert writable(once) == once
    once.encode("utf-16-be")
    assert once.isprintable() or all(ord(c) > 0xA0 for c in once if not c.isprintable())


numbers = st.integers(-50, 3000)
words = st.builds(
    Word,
    st.text(max_size=12),
    st.builds(Box, numbers, numbers, numbers, numbers),
    st.just(0.5),
    st.integers(0, 5),
)


@settings(max_examples=200)
@given(st.lists(words, max_size=20), st.sampled_from([0, 90, 180, 270]), st.floats(-15, 15))
def test_any_boxes_give_a_content_stream(found: list[Word], rotation: Rotation, skew: float) -> None:
    page = PageText(1, 2000, 1000, 200, rotation, skew, "x", tuple(found))
    content = text_content(page, InvisibleFont(), 0.36)
    assert b"nan" not in content
    assert b"inf" not in content
    assert content == b"" or (content.startswith(b"BT 3 Tr\n") and content.endswith(b"\nET\n"))


def test_nothing_read_nothing_written() -> None:
    assert text_content(laid_out([]), InvisibleFont(), 0.24) == b""
