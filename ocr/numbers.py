"""Read doubtful numbers once more, alone and as digits: letters in them, and digits the engine does not believe in.

What was surely read stays: a letter may only become the digit that stands in its place, a digit only what two nets
agree on. Clauses (12a), numbers of documents (38/TB-SNV) and Roman numerals are no doubtful numbers.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ocr.engine import Engine, Found
from ocr.ink import Ink, Patch, without_rules
from ocr.options import OcrOptions

_ROOM = 0.2
"""Capitals of paper around the word that is read alone."""

_ENDS = ".,;:()|_%-–"
_PLAIN = re.compile(r"\d[\d.,/%-]*")
_CLAUSE = re.compile(r"\d+[a-zđA-HJ-RT-ZĐ]")
"""A number with one letter after it is a clause, an article, a house; I and S are none there."""

_LOOKS = frozenset("IlSTZŠðõóö§Ø")
"""What digits are read as. Of these I, l and letters that no Vietnamese word has are numbers sooner than words."""

_LETTERS = frozenset("STZóõ")

_ONES = frozenset("Il")
_DATE = {("ngày", "tháng"), ("tháng", "năm")}
"""Day and month of a date are Arabic numerals (Decree 30/2020/NĐ-CP, annex I): "tháng II năm" shows two ones."""

_SURE, _GAIN = 0.6, 0.15
"""How far the second reading must be believed, and how much more than the first where real letters are at stake."""

_DOUBTFUL, _AGREED = 0.9, 0.08
"""Digits believed less than this are read by both nets; both must say the same and the larger be so much surer."""


def reread(
    ink: Ink,
    words: Sequence[Found],
    options: OcrOptions,
    engine: Engine,
    allows: Callable[[Patch], bool],
) -> list[Found]:
    """Return the words with doubtful numbers as they read alone; `allows` takes a place out of the page's budget."""
    out = []
    for at, word in enumerate(words):
        inner = word.text.strip(_ENDS)
        again = ""
        if _of_date(words, at) and set(inner) <= _ONES:
            again = "1" * len(inner)
        elif (_mixed(inner) or (_of_date(words, at) and set(inner) <= _LOOKS)) and allows(_around(word, ink)):
            again = _without_letters(ink, word, inner, options, engine)
        elif _doubtful(word, inner) and allows(_around(word, ink)):
            again = _agreed(ink, word, inner, options, engine)
        out.append(_told(word, inner, again))
    return out


def _of_date(words: Sequence[Found], at: int) -> bool:
    """Return whether a short word stands where a date has its day or month: Arabic digits, whatever they look like."""
    inner = words[at].text.strip(_ENDS)
    if not 1 <= len(inner) <= 2 or inner.isdigit() or not 0 < at < len(words) - 1:
        return False
    return (words[at - 1].text.lower(), words[at + 1].text.lower()) in _DATE


def _doubtful(word: Found, inner: str) -> bool:
    return len(inner) > 3 and word.confidence < _DOUBTFUL and _PLAIN.fullmatch(inner) is not None


def _mixed(inner: str) -> bool:
    """Return whether a word is digits but for letters that digits are taken for."""
    digits = sum(char.isdigit() for char in inner)
    looks = sum(char in _LOOKS for char in inner)
    if not looks or not digits or _CLAUSE.fullmatch(inner):
        return False
    return all(char.isdigit() or char in _LOOKS or char in ".," for char in inner) and looks <= 2


def _without_letters(ink: Ink, word: Found, inner: str, options: OcrOptions, engine: Engine) -> str:
    """Return the number that a word with letters in it shows, "" when no net is sure of one that fits."""
    least = word.confidence + _GAIN if any(char in _LETTERS for char in inner) else _SURE
    for net in (options.for_second_look(), options):
        text, sure = _alone(ink, word, net, engine)
        if sure >= max(least, _SURE) and fits(inner, text):
            return text
    other = (word.trace.other or "").strip(_ENDS) if word.trace else ""
    return other if _PLAIN.fullmatch(other) and fits(inner, other) else ""


def _agreed(ink: Ink, word: Found, inner: str, options: OcrOptions, engine: Engine) -> str:
    text, sure = _alone(ink, word, options.for_second_look(), engine)
    if text == inner or sure < word.confidence + _AGREED or len(text) != len(inner):
        return ""
    return text if _alone(ink, word, options, engine)[0] == text else ""


def fits(first: str, second: str) -> bool:
    """Return whether `second` differs from `first` only where that has a letter, one digit for each."""
    return len(first) == len(second) and all(
        a == b or (b.isdigit() and not a.isdigit() and a not in ".,/%-")
        for a, b in zip(first, second, strict=True)
    )


def _alone(ink: Ink, word: Found, options: OcrOptions, engine: Engine) -> tuple[str, float]:
    """Return the one number that stands at a word's place and its confidence; ("", 0.0) when it is not one."""
    seen = engine.read_number(without_rules(ink, _around(word, ink)), options)
    return (seen[0].text.strip(_ENDS), seen[0].confidence) if len(seen) == 1 else ("", 0.0)


def _around(word: Found, ink: Ink) -> Patch:
    high, wide = ink.all.shape
    room = round(_ROOM * ink.capital)
    return Patch(
        max(word.x0 - room, 0),
        max(word.y0 - room, 0),
        min(word.x1 + room, wide),
        min(word.y1 + room, high),
        len(word.text),
    )


def _told(word: Found, inner: str, again: str) -> Found:
    """Return the word with what was read again in place of its core; what it was read as stands in its trace."""
    if not again or again == inner:
        return word
    trace = replace(word.trace, reader="second", other=word.text) if word.trace else None
    return replace(word, text=word.text.replace(inner, again, 1), trace=trace)
