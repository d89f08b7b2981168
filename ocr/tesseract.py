"""The door to Tesseract inside this process (tesserocr): one engine for each set of models, reused for every page."""

import os
from functools import cache

from ocr.engine import NUMERALS, Found, models, tessdata_folder, words_of
from ocr.images import Gray
from ocr.options import OcrOptions
from records.errors import ToolMissing
from records.geometry import Rotation

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # one worker a core; OpenMP inside a worker only takes turns

import tesserocr  # only now: the limit must stand before the library loads

_SETTINGS = {
    "invert_threshold": "0",  # do not read weak lines a second time as white on black
    "textord_tabfind_find_tables": "0",  # the table finder costs order and words on ruled pages (docs/decisions/0012)
}
_OSD_TURN: dict[int, Rotation] = {0: 0, 90: 270, 180: 180, 270: 90}
"""The detector tells how far the page was turned; what undoes it is wanted."""
_LETTER, _WORD, _LINE = tesserocr.RIL.SYMBOL, tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE


def version(options: OcrOptions) -> str:
    """Return engine and models, e.g. `tesseract 5.5.4 vie:79df64ca`. Raises `ToolMissing`."""
    return f"{tesserocr.tesseract_version().splitlines()[0].strip()} {models(options)}"


def read(image: Gray, options: OcrOptions, dpi: int = 300) -> list[Found]:
    """Return the words of an upright page in reading order; empty when there are none. Raises `ToolMissing`.

    Same pixels, same words: nothing is learnt from page to page.
    """
    return _read(image, options, tesserocr.PSM.SINGLE_BLOCK if options.block else tesserocr.PSM.AUTO, dpi)


def read_line(image: Gray, options: OcrOptions) -> list[Found]:
    """Return the words of a picture that shows one line and nothing else, from the left. Raises `ToolMissing`.

    Read with the models of the second look; no layout is analysed.
    """
    return _read(image, options.for_second_look(), tesserocr.PSM.SINGLE_LINE, 300)


def read_number(image: Gray, options: OcrOptions) -> list[Found]:
    """Return what stands in a picture of one number, read as if there were no signs but `NUMERALS`.

    Read as a line, and as a word when the line gives nothing, with the models of `options.languages`. Letters come out
    as the digits they look like: only for places where a number must stand. Raises `ToolMissing`.
    """
    engine = _engine(options.languages, str(tessdata_folder(options)))
    engine.SetVariable("tessedit_char_whitelist", NUMERALS)
    try:
        return _read(image, options, tesserocr.PSM.SINGLE_LINE, 300) or _read(
            image, options, tesserocr.PSM.SINGLE_WORD, 300
        )
    finally:
        engine.SetVariable("tessedit_char_whitelist", "")


def _read(image: Gray, options: OcrOptions, layout: int, dpi: int) -> list[Found]:
    engine = _engine(options.languages, str(tessdata_folder(options)))
    height, width = image.shape
    try:
        engine.SetPageSegMode(layout)
        engine.SetImageBytes(image.tobytes(), width, height, 1, width)
        engine.SetSourceResolution(dpi)
        engine.Recognize()
        return _words(engine)
    finally:
        engine.Clear()
        engine.ClearAdaptiveClassifier()


def upright_turn(image: Gray, dpi: int) -> tuple[Rotation, float]:
    """Return (clockwise turn that makes the page upright, confidence) of Tesseract's own detector, (0, 0.0) if unsure.

    15 is what Tesseract calls reasonably sure. Without the `osd` model the answer is (0, 0.0) as well.
    """
    try:
        engine = _osd(str(tessdata_folder(OcrOptions(languages="osd"))))
    except ToolMissing:
        return 0, 0.0
    height, width = image.shape
    try:
        engine.SetImageBytes(image.tobytes(), width, height, 1, width)
        engine.SetSourceResolution(dpi)
        found = engine.DetectOrientationScript()
        return (_OSD_TURN[found["orient_deg"]], float(found["orient_conf"])) if found else (0, 0.0)
    finally:
        engine.Clear()


@cache
def _engine(languages: str, folder: str) -> tesserocr.PyTessBaseAPI:
    engine = tesserocr.PyTessBaseAPI(
        path=folder + "/", lang=languages, oem=tesserocr.OEM.LSTM_ONLY, psm=tesserocr.PSM.AUTO
    )
    for name, value in _SETTINGS.items():
        engine.SetVariable(name, value)
    return engine


@cache
def _osd(folder: str) -> tesserocr.PyTessBaseAPI:
    return tesserocr.PyTessBaseAPI(
        path=folder + "/", lang="osd", oem=tesserocr.OEM.TESSERACT_ONLY, psm=tesserocr.PSM.OSD_ONLY
    )


def _words(engine: tesserocr.PyTessBaseAPI) -> list[Found]:
    """Return every word of the last recognition; one walk over its letters gives words and letters alike."""
    place = engine.GetIterator()
    words: list[Found] = []
    line = -1
    lowest = 1.0
    for item in tesserocr.iterate_level(place, _LETTER) if place is not None else ():
        if item.IsAtBeginningOf(_LINE) or line < 0:
            line += 1
        if item.IsAtBeginningOf(_WORD):
            lowest = 1.0
        if not item.Empty(_LETTER):
            lowest = min(lowest, _share(item.Confidence(_LETTER)))
        box = item.BoundingBox(_WORD) if item.IsAtFinalElement(_WORD, _LETTER) else None
        if box is not None:
            sure, known = _share(item.Confidence(_WORD)), bool(item.WordIsFromDictionary())
            words.extend(words_of(item.GetUTF8Text(_WORD), box, sure, line, lowest, known))
    return words


def _share(percent: float) -> float:
    return min(max(percent / 100, 0.0), 1.0)
