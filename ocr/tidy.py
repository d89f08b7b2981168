"""Take out of a reading what no hand wrote and no press set: bars of ruled tables, shreds of seals and signatures.

Only what the ink or the engine itself speaks against goes: a bar where a ruled line stands, a run of marks that makes
no word and that the engine does not believe in. Letters and digits inside a word are never changed here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from language.syllables import is_syllable
from ocr.commas import with_commas
from ocr.dashes import dashed
from ocr.engine import Found
from ocr.ink import Ink

_BARS = "|¦_"
_SIGNS = frozenset("-–—*+/.,:;=%&…'\"“”()")
"""What may stand alone in an official paper without a letter or a digit."""

_RULED = 0.6
"""Share of a word's height (or width) that a ruled line must run along to explain a bar at its edge."""

_LEADER, _DOTS = 4.0, 5
"""Capitals to the right of a word that are looked at for a dotted line, and the dots that make one."""

_RUN_GAP = 2.0
"""Capitals: a wider gap ends a run of words."""

_BELIEVED = 0.5
"""A run whose letters average below this, with no word that could be one, is not writing."""

_SINGLE = 0.3
"""A word the engine believes less than this, that could be none, at the end of a run of words, goes alone."""


def tidied(words: Sequence[Found], ink: Ink) -> list[Found]:
    """Return the words without bars and shreds; the rest unchanged and in order."""
    kept = [
        with_commas(dashed(led, ink), ink)
        for word in words
        if (cut := _without_bars(word, ink)) is not None and (led := _without_leader(cut, ink)) is not None
    ]
    return [word for run in runs(kept, ink.capital) for word in _without_shreds(run)]


def runs(words: Iterable[Found], capital: float) -> list[list[Found]]:
    """Return the words cut where a line ends or a gap of two capitals stands between neighbours."""
    out: list[list[Found]] = []
    for word in words:
        last = out[-1][-1] if out else None
        near = (
            last is not None and last.line == word.line and -capital < word.x0 - last.x1 < _RUN_GAP * capital
        )
        if near:
            out[-1].append(word)
        else:
            out.append([word])
    return out


def core(text: str) -> str:
    """Return the word without the signs around it."""
    return text.strip(".,:;!?()[]{}\"'“”‘’*-–—/|_…")


def could_be(text: str) -> bool:
    """Return whether `text` could be a word of an official paper: syllables, or something with a digit."""
    inner = core(text)
    if any(c.isdigit() for c in inner):
        return True
    parts = [part for part in inner.replace("/", "-").replace("–", "-").split("-") if part]
    return bool(parts) and all(is_syllable(part) or (part.isupper() and part.isalpha()) for part in parts)


def _without_bars(word: Found, ink: Ink) -> Found | None:
    """Return the word without bars where lines are ruled; None when nothing is left."""
    text, x0, x1 = word.text, word.x0, word.x1
    reach = max(round(0.35 * ink.capital), 3)
    if text[0] in _BARS and _ruled(ink, word, x0 - 3, x0 + reach):
        text, x0 = text.lstrip(_BARS), min(x0 + reach // 2, x1 - 1)
    if text and text[-1] in _BARS and _ruled(ink, word, x1 - reach, x1 + 3):
        text, x1 = text.rstrip(_BARS), max(x1 - reach // 2, x0 + 1)
    if not text.strip(_BARS) or not any(c.isalnum() or c in _SIGNS for c in text):
        return None
    return word if text == word.text else replace(word, text=text, x0=x0, x1=x1)


def _without_leader(word: Found, ink: Ink) -> Found | None:
    """Return the word without a full stop that is the first dot of a dotted line to be written on; None when it is
    nothing but such dots.
    """
    if not word.text.endswith(".") or len(word.text) < 2 or not _dotted(word, ink):
        return word
    text = word.text.rstrip(".")
    return replace(word, text=text) if text else None


def _dotted(word: Found, ink: Ink) -> bool:
    """Return whether a row of dots goes on to the right of the word, at its foot."""
    cap = ink.capital
    foot = slice(max(round((word.y0 + word.y1) / 2), 0), max(round(word.y1 + 0.3 * cap), 0))
    after = ink.all[foot, max(word.x1, 0) : max(round(word.x1 + _LEADER * cap), 0)]
    if not after.size:
        return False
    high = after.sum(axis=0)
    dots = int(np.count_nonzero(np.diff(np.concatenate(([False], high > 0)).astype(np.int8)) == 1))
    return dots >= _DOTS and int(high.max()) <= 0.3 * cap


def _ruled(ink: Ink, word: Found, x0: int, x1: int) -> bool:
    view = slice(max(word.y0, 0), word.y1), slice(max(x0, 0), max(x1, 1))
    upright = ink.upright_rules[view]
    if upright.size and float(upright.any(axis=1).mean()) >= _RULED:
        return True
    level = ink.level_rules[max(word.y0, 0) : word.y1 + 3, view[1]]
    return bool(level.size and float(level.any(axis=0).mean()) >= _RULED)


def _without_shreds(run: list[Found]) -> list[Found]:
    weight = sum(len(word.text) for word in run)
    sure = sum(len(word.text) * word.confidence for word in run) / weight
    good = [could_be(word.text) and word.confidence >= _BELIEVED for word in run]
    if sure < _BELIEVED and not any(good) and not any(_number(word.text) for word in run):
        return []
    first, last = 0, len(run)
    while first < last and _shred(run[first]):
        first += 1
    while last > first and _shred(run[last - 1]):
        last -= 1
    return run[first:last]


def _number(text: str) -> bool:
    """Return whether most of a word is digits, three at least: too much to be a shred, however doubtful."""
    digits = sum(char.isdigit() for char in text)
    return digits >= 3 and digits >= 0.6 * len(text)


def _shred(word: Found) -> bool:
    lone_letter = len(word.text) == 1 and word.text.isalpha()
    return word.confidence < _SINGLE and (lone_letter or not could_be(word.text))


def mean_confidence(words: Sequence[Found]) -> float:
    """Return the confidence of the words, weighted by letters; 0.0 for none."""
    letters = np.array([len(word.text) for word in words], dtype=np.float64)
    sure = np.array([word.confidence for word in words], dtype=np.float64)
    return float((letters * sure).sum() / letters.sum()) if len(words) else 0.0
