import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.dashes import dashed
from ocr.engine import Found
from ocr.ink import ink_of, unread, without_rules
from ocr.tidy import could_be, runs, tidied
from records.page import Trace

CAPITAL = 30.0


def page(*texts: tuple[int, int, str], rules: bool = False) -> np.ndarray:
    """A white copy with words whose capitals are about 30 pixels high, in a ruled frame when asked."""
    image = Image.new("L", (900, 500), 250)
    pen = ImageDraw.Draw(image)
    font = ImageFont.truetype("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf", 45)
    for x, y, text in texts:
        pen.text((x, y), text, font=font, fill=20)
    if rules:
        for x in (40, 300, 860):
            pen.line((x, 20, x, 480), fill=20, width=3)
        for y in (20, 250, 480):
            pen.line((40, y, 860, y), fill=20, width=3)
    return np.asarray(image)


def word(text: str, x0: int, y0: int, x1: int, y1: int, confidence: float = 0.9, line: int = 0) -> Found:
    return Found(text, x0, y0, x1, y1, confidence, line, Trace(confidence))


def test_letters_that_no_word_covers_are_found_line_by_line() -> None:
    copy = page((60, 60, "Phan Thế Nghĩa"), (60, 300, "Bí thư"), rules=True)
    ink = ink_of(copy, CAPITAL)
    first, second = unread(ink, [])  # most letters first
    assert first.y1 < 250 < second.y0 and first.letters > second.letters
    assert [patch.y0 for patch in unread(ink, [word("Phan", 55, 50, 420, 125)])] == [second.y0]
    assert unread(ink, [word("Phan", 55, 50, 420, 125), word("Bí", 55, 290, 250, 360)]) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (200, 200)])
@pytest.mark.parametrize("shade", [0, 255])
def test_nothing_written_is_nothing_unread(shape: tuple[int, int], shade: int) -> None:
    assert unread(ink_of(np.full(shape, shade, np.uint8), CAPITAL), []) == []


def test_noise_and_frames_are_no_letters() -> None:
    dots = np.full((500, 900), 250, np.uint8)
    dots[::9, ::9] = 0
    assert unread(ink_of(dots, CAPITAL), []) == []
    assert unread(ink_of(page(rules=True), CAPITAL), []) == []


def test_rules_are_painted_over_and_letters_stay() -> None:
    copy = page((60, 60, "Phan Thế"), rules=True)
    ink = ink_of(copy, CAPITAL)
    (patch,) = unread(ink, [])
    wide = type(patch)(30, patch.y0, 290, patch.y1, patch.letters)
    cleared = without_rules(ink, wide)
    assert (cleared[:, :14] > 200).all()  # the left rule stood there
    assert int((cleared[:, 20:] < 100).sum()) > 0.9 * int((copy[wide.y0 : wide.y1, 50:290] < 100).sum())
    assert (copy[wide.y0 : wide.y1, 40] < 100).all(), "the copy itself is left alone"


def test_bars_go_where_a_line_is_ruled_and_stay_where_none_is() -> None:
    ink = ink_of(page((60, 60, "3.556"), rules=True), CAPITAL)
    bar, number = word("|", 36, 60, 44, 110), word("3.556|", 60, 60, 303, 110)
    (left,) = tidied([bar, number], ink)
    assert left.text == "3.556" and left.x1 < 303 and left.trace == number.trace
    empty = ink_of(page((60, 60, "3.556")), CAPITAL)
    assert [
        w.text for w in tidied([word("a|b", 60, 60, 120, 110), word("3.556|", 130, 60, 303, 110)], empty)
    ] == [
        "a|b",
        "3.556|",
    ]


def test_the_dots_of_a_line_to_be_written_on_are_no_word() -> None:
    ink = ink_of(page((60, 60, "Ngày" + "." * 40)), CAPITAL)
    dots = word("..", 165, 60, 188, 110, 0.2)
    assert tidied([dots], ink) == [], "alone on its run, which then weighs nothing"
    found = tidied([word("Ngày.", 60, 60, 178, 110), dots], ink)
    assert [w.text for w in found] == ["Ngày"]


def test_shreds_go_and_doubtful_words_stay() -> None:
    ink = ink_of(page(), CAPITAL)
    shreds = [
        word("xÿN", 10, 10, 60, 40, 0.0),
        word("LƯỂ", 70, 10, 120, 40, 0.2),
        word("⁄", 130, 10, 140, 40, 0.9),
    ]
    assert tidied(shreds, ink) == []
    line = [word("W", 10, 10, 40, 40, 0.0), word("guyễn", 50, 10, 120, 40, 0.1), word("Hà", 130, 10, 170, 40)]
    assert [w.text for w in tidied(line, ink)] == ["guyễn", "Hà"], "doubtful, but a syllable"
    number = [word("1.2I6", 10, 10, 60, 40, 0.1)]
    assert tidied(number, ink) == number, "what has digits is not thrown away for its looks"


def test_runs_end_at_lines_and_gaps() -> None:
    words = [
        word("a", 0, 0, 20, 30),
        word("b", 30, 0, 50, 30),
        word("c", 200, 0, 220, 30),
        word("d", 0, 50, 20, 80, line=1),
    ]
    assert [[w.text for w in run] for run in runs(words, CAPITAL)] == [["a", "b"], ["c"], ["d"]]
    assert runs([], CAPITAL) == []


@pytest.mark.parametrize("text", ["đồng,", "30/2020/NĐ-CP", "QĐ-SNV", "Hòa;", "(71,5%)", "héc-ta."])
def test_words_of_official_papers_could_be(text: str) -> None:
    assert could_be(text)


@pytest.mark.parametrize("text", ["xÿN", "", "—", "HìZì", "ngiêng", "|"])
def test_shreds_could_not(text: str) -> None:
    assert not could_be(text)


@pytest.mark.parametrize(
    ("drawn", "read", "told"),
    [
        ("2022–2025", "2022—2025", "2022–2025"),
        ("–", "—", "–"),
        ("–", "—-", "–"),
        ("—", "—", "—"),
        ("88-BC/ĐU", "88—BC/ĐU", "88-BC/ĐU"),
        ("88–BC/ĐU", "88-BC/ĐU", "88-BC/ĐU"),
    ],
)
def test_long_dashes_are_as_wide_as_their_ink_and_hyphens_stay(drawn: str, read: str, told: str) -> None:
    ink = ink_of(page((60, 60, drawn)), CAPITAL)
    rows, columns = np.nonzero(ink.all)
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    assert dashed(word(read, *box), ink).text == told


def test_dashes_stay_as_read_where_the_ink_does_not_tell() -> None:
    ink = ink_of(page(), CAPITAL)
    for text in ("2022-2025", "—", "a–b", "không"):
        assert dashed(word(text, 60, 60, 200, 110), ink).text == text
