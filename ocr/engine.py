"""What every recognition engine is to us: an upright gray page in, words in reading order out."""

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from ocr.images import Gray
from ocr.options import OcrOptions
from records.errors import ToolMissing
from records.page import Trace

FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
)
"""Where Debian, Ubuntu, Fedora and a build from source put the models."""

NUMERALS = "0123456789.,/%-"
"""All that a number may be written with."""

_PACKAGES = {"Vietnamese": "tesseract-ocr-script-viet"}
"""Packages of Debian and Ubuntu that are not named after their model."""


@dataclass(frozen=True, slots=True)
class Found:
    """One word as an engine saw it: text, box in pixels of the image given, confidence 0.0 to 1.0, line number.

    `trace` says how sure each part of it is and which look read it (see `records.page.Trace`).
    """

    text: str
    x0: int
    y0: int
    x1: int
    y1: int
    confidence: float
    line: int
    trace: Trace | None = None


class Engine(Protocol):
    """An engine is a module with these four functions (`ocr.tesseract`, `ocr.second_engine`)."""

    def version(self, options: OcrOptions) -> str:
        """Return engine and models, e.g. `tesseract 5.5.4 vie:79df64ca`. Raises `ToolMissing`."""
        ...

    def read(self, image: Gray, options: OcrOptions, dpi: int = 300) -> list[Found]:
        """Return the words of an upright page in reading order; empty when there are none. Raises `ToolMissing`.

        Same pixels, same words: nothing is learnt from page to page.
        """
        ...

    def read_line(self, image: Gray, options: OcrOptions) -> list[Found]:
        """Return the words of a picture that shows one line and nothing else, from the left. Raises `ToolMissing`.

        Read with the models of the second look (`options.second`); no layout is analysed.
        """
        ...

    def read_number(self, image: Gray, options: OcrOptions) -> list[Found]:
        """Return what stands in a picture of one number, read as if there were no signs but `NUMERALS`.

        Read as a line, and as a word when the line gives nothing, with the models of `options.languages`. Letters come
        out as the digits they look like: only for places where a number must stand. Raises `ToolMissing`.
        """
        ...


def tessdata_folder(options: OcrOptions) -> Path:
    """Return the folder that holds every model of `options`. Raises `ToolMissing` naming the package to install."""
    asked = options.tessdata or os.environ.get("TESSDATA_PREFIX", "")
    names = options.languages.split("+")
    places = [Path(asked), Path(asked) / "tessdata"] if asked else [Path(folder) for folder in FOLDERS]
    for place in places:
        if all((place / f"{name}.traineddata").is_file() for name in names):
            return place
    raise ToolMissing(
        f"no {options.languages} models in {[str(p) for p in places]}",
        code="tesseract-model-missing",
        tell=(
            f"Thiếu dữ liệu nhận dạng chữ ({options.languages}) của Tesseract. "
            f"Cài bằng: sudo apt install {' '.join(_PACKAGES.get(name, f'tesseract-ocr-{name}') for name in names)}"
        ),
    )


def models(options: OcrOptions) -> str:
    """Return each model with the start of its SHA-256, e.g. `vie:79df64ca`. Raises `ToolMissing`."""
    folder = tessdata_folder(options)
    return "+".join(
        f"{name}:{_digest(folder / f'{name}.traineddata')}" for name in options.languages.split("+")
    )


@cache
def _digest(model: Path) -> str:
    return hashlib.sha256(model.read_bytes()).hexdigest()[:8]


def clean(text: str) -> str:
    """Return `text` in NFC with control, format and private characters gone and white space as single spaces."""
    kept = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    kept = kept.replace(
        "\u2044", "/"
    )  # the stroke of a typeset fraction: on paper it is the stroke of a date
    return " ".join(unicodedata.normalize("NFC", kept).split())


def words_of(
    text: str,
    box: tuple[int, int, int, int],
    confidence: float,
    line: int,
    lowest: float | None = None,
    known: bool | None = None,
) -> list[Found]:
    """Return a reading as words without spaces; the box of a reading that holds a space is shared out by letters.

    `lowest` is the confidence of the least sure letter, `known` whether the engine's dictionary holds the word.
    """
    trace = Trace(round(confidence, 4), None if lowest is None else round(lowest, 4), known)
    x0, y0, x1, y1 = box
    return [
        Found(word, left, y0, right, max(y1, y0 + 1), trace.engine, line, trace)
        for word, left, right in shared_out(clean(text), x0, x1)
    ]


def shared_out(text: str, x0: int, x1: int) -> Iterator[tuple[str, int, int]]:
    """Yield each word of a cleaned `text` with the part of [x0, x1) that its letters take, one pixel at least."""
    step, at = (x1 - x0) / max(len(text), 1), 0
    for word in text.split():
        left, right = x0 + round(at * step), x0 + round((at + len(word)) * step)
        yield word, left, max(right, left + 1)
        at += len(word) + 1
