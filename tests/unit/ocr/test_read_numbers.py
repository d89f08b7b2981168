"""Numbers on drawn paper: what the ink tells of dashes and commas, and what a reading as digits may change."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr import tesseract
from ocr.commas import with_commas
from ocr.dashes import dashed
from ocr.engine import Found, clean
from ocr.images import Gray
from ocr.ink import ink_of
from ocr.numbers import fits, reread
from ocr.options import OcrOptions
from records.page import Trace

PRINT, SANS, TYPED = "Tinos-Regular", "Arimo-Regular", "Cousine-Regular"


def line(text: str, read: str = "", confidence: float = 0.7, face: str = PRINT) -> tuple[Gray, Found]:
    """A copy with one word on it and the word as it was read, its box tight around the ink."""
    image = Image.new("L", (700, 200), 250)
    font = ImageFont.truetype(f"/usr/share/fonts/truetype/croscore/{face}.ttf", 45)
    ImageDraw.Draw(image).text((100, 70), text, font=font, fill=20)
    copy = np.asarray(image)
    rows, columns = np.nonzero(copy < 128)
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return copy, Found(read or text, *box, confidence, 0, Trace(confidence))


@pytest.mark.parametrize(
    ("drawn", "read", "told", "face"),
    [
        ("2019–2022", "2019-2022", "2019–2022", SANS),
        ("2019–2022,", "2019-2022,", "2019–2022,", SANS),
        ("2019-2022", "2019-2022", "2019-2022", PRINT),
        ("24-7-1987", "24-7-1987", "24-7-1987", PRINT),
        ("2019-2022", "2019-2022", "2019-2022", TYPED),
        ("24-7-1987", "24-7-1987", "24-7-1987", TYPED),
        ("88–BC/ĐU", "88-BC/ĐU", "88-BC/ĐU", PRINT),
    ],
)
def test_ranges_have_the_dash_of_print_and_a_typewriter_keeps_its_hyphen(
    drawn: str, read: str, told: str, face: str
) -> None:
    copy, word = line(drawn, read, face=face)
    assert dashed(word, ink_of(copy, 30.0)).text == told


@pytest.mark.parametrize(
    ("drawn", "read", "told"),
    [
        ("142,4", "142.4", "142,4"),
        ("62,7%", "62.7%", "62,7%"),
        ("1.216", "1.216", "1.216"),
        ("75.931.000", "75.931.000", "75.931.000"),
        ("1.216,5", "1.216.5", "1.216,5"),
        ("1.216", "1,216", "1,216"),
    ],
)
def test_a_stop_with_the_tail_of_a_comma_is_one_and_no_other(drawn: str, read: str, told: str) -> None:
    copy, word = line(drawn, read)
    assert with_commas(word, ink_of(copy, 30.0)).text == told


def test_a_number_on_faint_ink_over_a_line_of_strong_ink_stays_as_read() -> None:
    copy = np.full((200, 700), 250, np.uint8)
    copy[90:93, 120:123] = 20  # all that is left of the digits
    copy[101:140, 110:200] = 20  # the line below
    word = Found("1.216", 100, 70, 220, 101, 0.4, 0, Trace(0.4))
    assert with_commas(word, ink_of(copy, 30.0)) == word
    outside = Found("1.216", 690, 190, 900, 260, 0.4, 0, Trace(0.4))
    assert with_commas(outside, ink_of(copy, 30.0)) == outside


class Says:
    """An engine that reads every number as the test wants, by the models asked for."""

    def __init__(self, larger: tuple[str, float], first: tuple[str, float] = ("", 0.0)) -> None:
        self.said = {"Vietnamese": larger, "vie": first}

    def version(self, options: OcrOptions) -> str:
        return "says"

    def read(self, image: Gray, options: OcrOptions, dpi: int = 300) -> list[Found]:
        raise AssertionError("only numbers are read here")

    def read_line(self, image: Gray, options: OcrOptions) -> list[Found]:
        raise AssertionError("only numbers are read here")

    def read_number(self, image: Gray, options: OcrOptions) -> list[Found]:
        text, sure = self.said[options.languages]
        return [Found(text, 0, 0, 9, 9, sure, 0)] if text else []


def told(read: str, confidence: float, says: Says, before: str = "là", after: str = "và") -> str:
    copy, word = line("0", read, confidence)
    beside = [replace(word, text=text, confidence=0.95) for text in (before, after)]
    words = [beside[0], word, beside[1]]
    return reread(ink_of(copy, 30.0), words, OcrOptions(), says, lambda patch: True)[1].text


@pytest.mark.parametrize(
    ("read", "confidence", "second", "sure", "expected"),
    [
        ("44I", 0.82, "441", 0.93, "441"),
        ("(56ð)", 0.91, "565", 0.95, "(565)"),
        ("S82", 0.70, "882", 0.90, "882"),
        ("S82", 0.85, "882", 0.90, "S82"),  # a letter that may be one wants a much surer reading
        ("I97", 0.88, "191", 0.97, "I97"),  # what was read as a digit stays
        ("I97", 0.88, "197", 0.40, "I97"),
        ("12a", 0.70, "128", 0.99, "12a"),
        ("5b", 0.70, "56", 0.99, "5b"),
        ("12A", 0.70, "124", 0.99, "12A"),
        ("38/TB-SNV", 0.70, "38/18-500", 0.99, "38/TB-SNV"),
        ("220đ", 0.69, "2208", 0.93, "220đ"),
        ("II", 0.70, "11", 0.99, "II"),
        ("ð", 0.88, "5", 0.80, "ð"),
    ],
)
def test_letters_become_the_digits_in_their_place_and_clauses_stay(
    read: str, confidence: float, second: str, sure: float, expected: str
) -> None:
    assert told(read, confidence, Says((second, sure))) == expected


def test_digits_change_only_where_both_nets_say_the_same_and_more_surely() -> None:
    assert told("03/5/2090", 0.85, Says(("02/5/2020", 0.96), ("02/5/2020", 0.96))) == "02/5/2020"
    assert told("03/5/2090", 0.85, Says(("02/5/2020", 0.96), ("02/5/2090", 0.96))) == "03/5/2090"
    assert told("03/5/2090", 0.95, Says(("02/5/2020", 0.97), ("02/5/2020", 0.97))) == "03/5/2090"
    assert told("1.216", 0.70, Says(("1216", 0.97), ("1216", 0.97))) == "1.216"


def test_day_and_month_are_arabic_and_a_quarter_is_not() -> None:
    silent = Says(("", 0.0))
    assert told("II", 0.9, silent, "tháng", "năm") == "11"
    assert told("II", 0.9, silent, "ngày", "tháng") == "11"
    assert told("II", 0.9, silent, "quý", "năm") == "II"
    assert told("ð", 0.9, Says(("5", 0.8)), "tháng", "năm") == "5"
    assert told("bảy", 0.9, Says(("1", 0.9)), "tháng", "năm") == "bảy"


def test_what_was_read_before_is_kept() -> None:
    copy, word = line("0", "44I", 0.82)
    (again,) = reread(ink_of(copy, 30.0), [word], OcrOptions(), Says(("441", 0.93)), lambda patch: True)
    assert again.trace == Trace(0.82, reader="second", other="44I")
    spent = reread(ink_of(copy, 30.0), [word], OcrOptions(), Says(("441", 0.93)), lambda patch: False)
    assert spent == [word], "nothing is read again when the budget of the page is spent"


def test_the_real_engine_reads_a_number_as_digits_and_forgets_that_afterwards() -> None:
    copy, word = line("441", "44I")
    (again,) = reread(ink_of(copy, 30.0), [word], OcrOptions(), tesseract, lambda patch: True)
    assert again.text == "441"
    words, _ = line("Phòng Tư pháp")
    assert [w.text for w in tesseract.read_line(words, OcrOptions())] == ["Phòng", "Tư", "pháp"]


def test_only_letters_give_way() -> None:
    assert fits("1.I19", "1.119") and not fits("1.I19", "2.119") and not fits("1.I19", "1119")
    assert clean("15⁄3/2019") == "15/3/2019"
