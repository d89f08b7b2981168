"""The door to the tesseract program (pytesseract): the same words from another build, by setting or for cross-checks.

Ten times the start-up cost and another version than the one in the process, which is the point: where both agree on a
page, a regression of the wheel is not the reason for what we read; and where the wheel does not run, this does.
"""

import pytesseract

from ocr.engine import NUMERALS, Found, models, tessdata_folder, words_of
from ocr.images import Gray
from ocr.options import OcrOptions
from records.errors import ToolMissing

TIMEOUT = 120
"""Seconds for one page; the program is killed after them."""

_SETTINGS = "-c invert_threshold=0 -c textord_tabfind_find_tables=0"


def version(options: OcrOptions) -> str:
    """Return engine and models, e.g. `tesseract-cli 5.3.0 vie:79df64ca`. Raises `ToolMissing`."""
    try:
        program = pytesseract.get_tesseract_version()
    except pytesseract.TesseractNotFoundError as fault:
        raise _missing(str(fault)) from fault
    return f"tesseract-cli {program} {models(options)}"


def read(image: Gray, options: OcrOptions, dpi: int = 300) -> list[Found]:
    """Return the words of an upright page in reading order; empty when there are none. Raises `ToolMissing`.

    Same pixels, same words: every page is a fresh process. RuntimeError after `TIMEOUT` seconds.
    """
    layout = 6 if options.block else 3  # one block of text, or columns and tables looked for
    return _read(image, options, f"--psm {layout} --dpi {dpi}")


def read_line(image: Gray, options: OcrOptions) -> list[Found]:
    """Return the words of a picture that shows one line and nothing else, from the left. Raises `ToolMissing`.

    Read with the models of the second look; no layout is analysed. RuntimeError after `TIMEOUT` seconds.
    """
    return _read(image, options.for_second_look(), "--psm 7 --dpi 300")


def read_number(image: Gray, options: OcrOptions) -> list[Found]:
    """Return what stands in a picture of one number, read as if there were no signs but `NUMERALS`.

    Read as a line, and as a word when the line gives nothing, with the models of `options.languages`. Letters come out
    as the digits they look like: only for places where a number must stand. RuntimeError after `TIMEOUT` seconds.
    """
    only = f"--dpi 300 -c tessedit_char_whitelist={NUMERALS}"
    return _read(image, options, f"--psm 7 {only}") or _read(image, options, f"--psm 8 {only}")


def _read(image: Gray, options: OcrOptions, how: str) -> list[Found]:
    config = f'{how} --tessdata-dir "{tessdata_folder(options)}" {_SETTINGS}'
    try:
        table = pytesseract.image_to_data(
            image, lang=options.languages, config=config, timeout=TIMEOUT, output_type=pytesseract.Output.DICT
        )
    except pytesseract.TesseractNotFoundError as fault:
        raise _missing(str(fault)) from fault
    lines: dict[tuple[int, int, int], int] = {}
    words: list[Found] = []
    for row, level in enumerate(table["level"]):
        if level != 5:  # 5 is a word
            continue
        place = (table["block_num"][row], table["par_num"][row], table["line_num"][row])
        left, top = table["left"][row], table["top"][row]
        box = (left, top, left + table["width"][row], top + table["height"][row])
        confidence = min(max(float(table["conf"][row]) / 100, 0.0), 1.0)
        words.extend(words_of(table["text"][row], box, confidence, lines.setdefault(place, len(lines))))
    return words


def _missing(reason: str) -> ToolMissing:
    return ToolMissing(
        reason,
        code="tesseract-missing",
        tell="Chưa cài chương trình tesseract. Cài bằng: sudo apt install tesseract-ocr tesseract-ocr-vie",
    )
