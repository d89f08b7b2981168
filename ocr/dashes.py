"""Tell em dashes, en dashes and hyphens by their width on the paper, where the engine guesses.

The network sees a level bar; how long it is beside the letters it was never taught. Items of a list and ranges of years
have the en dash in print, which the engine takes for the long one half of the time and for a hyphen between digits.
Other hyphens are left alone, and all of a typewriter's: they are as wide as its letters.
"""

import re
from dataclasses import replace

from ocr.engine import Found
from ocr.images import labelled
from ocr.ink import Ink

_DASHES = "-–—"
_LONG = "—"
_RANGE = re.compile(r"(?<=\d)-(?=\d)")

_EN, _EM = 0.55, 1.1
"""Capitals: widths from which a bar is an en dash and an em dash. Hyphens have about 0.4, en dashes 0.75, em 1.5."""

_SET = 0.97
"""Letters' width that the dash of a range takes at least in print (1.0 to 1.18); a typewriter's hyphen 0.87 to 0.93."""

_FLAT, _LEAST = 0.3, 0.25
"""Capitals: a bar is lower than this and wider than that."""


def dashed(word: Found, ink: Ink) -> Found:
    """Return the word with dashes as wide as their ink; unchanged unless each dash of the text is found as a bar.

    A hyphen is looked at only between digits where it is the one dash of the word: day-month-year has two.
    """
    between = _RANGE.search(word.text) if sum(char in _DASHES for char in word.text) == 1 else None
    if _LONG not in word.text and between is None:
        return word
    count = sum(char in _DASHES for char in word.text)
    bars = _bars(word, ink)
    if set(word.text) <= set(_DASHES) and len(bars) == 1:  # "—-" for one bar is one dash
        return replace(word, text=_by_width(bars[0], ink.capital))
    if len(bars) != count:
        return word
    if between is not None:
        wide = bars[0] >= _SET * (word.x1 - word.x0) / len(word.text)
        dash = _by_width(bars[0], ink.capital) if wide else "-"
        return replace(word, text=word.text.replace("-", dash))
    widths = iter(bars)
    fitted = [(char, next(widths) if char in _DASHES else 0) for char in word.text]
    return replace(
        word, text="".join(_by_width(w, ink.capital) if char == _LONG else char for char, w in fitted)
    )


def _by_width(width: int, capital: float) -> str:
    if width < _EN * capital:
        return "-"
    return "–" if width < _EM * capital else "—"


def _bars(word: Found, ink: Ink) -> list[int]:
    """Return the widths of level bars in the middle of the word's height, from the left."""
    top, foot = max(word.y0, 0), max(word.y1, 0)
    _, blobs = labelled(ink.all[top:foot, max(word.x0 - 2, 0) : max(word.x1 + 2, 0)])
    found = []
    tall = foot - top
    alone = tall < ink.capital  # the box of a lone dash is hardly higher than the dash
    for x, y, wide, high, _ in blobs:
        middle = (y + high / 2) / max(tall, 1)
        flat = high <= _FLAT * ink.capital and wide >= max(_LEAST * ink.capital, 1.5 * high)
        if flat and (alone or 0.3 <= middle <= 0.8):
            found.append((int(x), int(wide)))
    return [wide for _, wide in sorted(found)]
