"""What a word that is no Vietnamese syllable may have been: slips of recognition undone, the likeliest first.

How often which letters are read for which was counted on spoilt pages of known text (tests/tools/fit_slips.py);
which syllable fits between its neighbours says `language.ngrams`. It only suggests: docs/decisions/0119.
"""

import gzip
import unicodedata
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path

from language.fold import canonical
from language.ngrams import BORDER, counts, keys_of, log_chance
from language.syllables import is_syllable
from language.variants import toned_key

SLIPS = Path(__file__).with_name("slips.tsv.gz")
_LONGEST = 9
"""Letters of a word that is looked at; the longest syllables ("nghiêng") have seven."""
_MOST = 4000
"""Spellings tried for one word."""
_MARKS = frozenset("\u0306\u0302\u031b")
_TONES = frozenset("\u0300\u0309\u0303\u0301\u0323")


@dataclass(frozen=True, slots=True)
class Guess:
    """A syllable that may stand there. `score`: natural log of slip and neighbours together; `lead`: how far it is
    ahead of the next guess, `slip`: what the slips alone cost (both natural logs).
    """

    text: str
    score: float
    lead: float
    slip: float


@cache
def slips() -> dict[str, tuple[tuple[str, float], ...]]:
    """Return {what was read: ((what stood there, natural log of its chance), …)}, letters in lower case."""
    found: dict[str, list[tuple[str, float]]] = {}
    with gzip.open(SLIPS, "rt", encoding="utf-8") as lines:
        for line in lines:
            read, stood, chance = line.rstrip("\n").split("\t")
            found.setdefault(read, []).append((stood, float(chance)))
    return {read: tuple(some) for read, some in found.items()}


def may_be_respelt(word: str, sure: float) -> bool:
    """Return whether a word is one that guesses are made about; `sure`: the engine's confidence, 0.0 to 1.0.

    Never: anything with a digit or a sign inside, what is a syllable, what official papers write so (UBND), words in
    capitals of which the engine is not quite unsure (names, abbreviations).
    """
    plain = _core(word)
    if not plain or not plain.isalpha() or not 2 <= len(plain) <= _LONGEST or is_syllable(plain):
        return False
    if plain.isupper() and sure >= 0.5:
        return False
    return toned_key(plain) not in counts().ones


def guess(word: str, before: str = "", after: str = "") -> Guess | None:
    """Return the likeliest syllable between the words `before` and `after`; None when no slip leads to one.

    Case and the signs around the word stay as they are.
    """
    core = _core(word)
    last, first = keys_of(before)[-1:] or [BORDER], keys_of(after)[:1]
    ranked: list[tuple[float, float, str]] = []
    for spelt, slip in _spellings(core.lower()).items():
        if is_syllable(spelt) and _toned_well(spelt):
            key = toned_key(spelt)
            fit = log_chance(last[0], key) + (log_chance(key, first[0]) if first else 0.0)
            ranked.append((slip + fit, slip, spelt))
    if not ranked:
        return None
    ranked.sort(reverse=True)
    score, slip, best = ranked[0]
    lead = score - ranked[1][0] if len(ranked) > 1 else 20.0
    return Guess(canonical(word).replace(core, _cased(best, core), 1), score, lead, slip)


def _core(word: str) -> str:
    """Return the word without the signs around it."""
    plain = canonical(word)
    held = [n for n, c in enumerate(plain) if c.isalnum()]
    return plain[held[0] : held[-1] + 1] if held else ""


def _spellings(core: str) -> dict[str, float]:
    """Return what `core` may have been with one or two slips undone, each with the natural log of the slips' chance."""
    one = _undone({core: 0.0})
    some = dict(sorted(one.items(), key=lambda pair: -pair[1])[:120])
    two = _undone(some)
    return {**dict(sorted(two.items(), key=lambda pair: -pair[1])[:_MOST]), **one}


def _undone(known: dict[str, float]) -> dict[str, float]:
    table = slips()
    found: dict[str, float] = {}
    for text, cost in known.items():
        for at in range(len(text) + 1):
            for size in (0, 1, 2, 3):
                for stood, chance in table.get(text[at : at + size], ()) if at + size <= len(text) else ():
                    spelt = text[:at] + stood + text[at + size :]
                    if cost + chance > found.get(spelt, -1e9):
                        found[spelt] = cost + chance
    return found


def _toned_well(spelt: str) -> bool:
    """Return whether the tone stands where it is written: on the last of ă â ê ô ơ when there is one.

    A syllable counts as one wherever its tone stands (hoà, hòa); what is suggested should not read "chủyên".
    """
    parts = [unicodedata.normalize("NFD", letter) for letter in spelt]
    marked = [n for n, part in enumerate(parts) if _MARKS & set(part)]
    toned = [n for n, part in enumerate(parts) if _TONES & set(part)]
    return not marked or not toned or toned == [marked[-1]]


def _cased(syllable: str, model: str) -> str:
    if len(model) > 1 and model.isupper():
        return syllable.upper()
    return syllable.capitalize() if model[0].isupper() else syllable


def log_share(times: float, of: float) -> float:
    """Return the natural log of a share, as the table keeps it."""
    return round(log(times / of), 3)
