"""Tell the comma in a number from the stop by its ink: a comma reaches below the foot of the digits.

"142,4" is read "142.4" with confidence, and only one of them is what the paper says. No idea of what the number should
be counts here: a stop stays where the ink is none or does not tell.
"""

import re
from dataclasses import replace

from ocr.engine import Found
from ocr.images import labelled
from ocr.ink import Ink

_NUMBER = re.compile(r"\D{0,2}\d[\d.,]*\.\d[\d.,]*\D{0,3}")
_SIGN = re.compile(r"(?<=\d)[.,](?=\d)")

_SMALL, _WIDE = 0.5, 0.4
"""Heights of a digit: separators are lower and narrower than this."""

_TAIL, _DEEP = 0.08, 0.22
"""Heights of a digit: how far a comma reaches below the foot at least (seen 0.1 to 0.24; stops no more than 0.04), and
how high its whole blob is at least (0.23 to 0.44; stops 0.13 to 0.23)."""


def with_commas(word: Found, ink: Ink) -> Found:
    """Return a number with a comma for each stop between digits whose ink has a comma's tail; else unchanged."""
    if not _NUMBER.fullmatch(word.text):
        return word
    signs = [match.start() for match in _SIGN.finditer(word.text)]
    tails = _tails(word, ink)
    if len(tails) != len(signs):
        return word
    comma = {at for at, tail in zip(signs, tails, strict=True) if tail}
    text = "".join("," if at in comma else char for at, char in enumerate(word.text))
    return word if text == word.text else replace(word, text=text)


def _tails(word: Found, ink: Ink) -> list[bool]:
    """Return for each separator between digits, from the left, whether it has the tail of a comma."""
    room = round(0.3 * ink.capital)
    view = ink.all[max(word.y0, 0) : max(word.y1 + room, 0), max(word.x0, 0) : max(word.x1, 0)]
    _, blobs = labelled(view)
    if not len(blobs):
        return []
    tall = int(blobs[:, 3].max())
    digits = blobs[(blobs[:, 3] >= 0.75 * tall) & (blobs[:, 1] < word.y1 - word.y0)]
    if not len(digits):  # the tallest ink is that of the line below
        return []
    high = float(sorted(digits[:, 3])[len(digits) // 2])
    foot = float(sorted(digits[:, 1] + digits[:, 3])[len(digits) // 2])
    first, last = int(digits[:, 0].min()), int(digits[:, 0].max())
    found = [
        (int(x), y + deep > foot + _TAIL * high and deep >= _DEEP * high)
        for x, y, wide, deep, area in blobs
        if deep < _SMALL * high
        and wide < _WIDE * high
        and area >= 0.004 * high * high
        and y > foot - 0.35 * high
        and first < x < last
    ]
    return [tail for _, tail in sorted(found)]
