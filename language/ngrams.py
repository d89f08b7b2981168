"""How likely a run of syllables is in official Vietnamese: what tells a likely reading from a merely possible one.

The counts in `ngrams.tsv.gz` are made by tests/tools/build_ngrams.py; the sources stand in docs/decisions/0118.
Loaded on first use (about 60 ms).
"""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path

from language.fold import canonical
from language.syllables import inventory, is_syllable
from language.tokens import token_texts
from language.variants import toned_key

NUMBER, BORDER = "#", "^"
"""What stands for any run with a digit, and for where a text begins."""

COUNTS = Path(__file__).with_name("ngrams.tsv.gz")
_DISCOUNT = 0.75
"""Taken from every pair seen and given to pairs not seen (absolute discounting)."""
_POSSIBLE = 0.02
"""Share of all running text that the syllables nobody has counted have together."""
_STRANGE = 1e-8
"""Chance of a run that is no syllable and was never seen: a name, a foreign word, a misreading."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each key and each pair of neighbours was seen; `after`: (times followed, different followers)."""

    ones: dict[str, float]
    pairs: dict[tuple[str, str], int]
    after: dict[str, tuple[int, int]]
    total: float


@cache
def counts() -> Counts:
    """Return the counts of the table that ships with the tree."""
    ones: dict[str, float] = {}
    pairs: dict[tuple[str, str], int] = {}
    after: dict[str, tuple[int, int]] = {}
    with gzip.open(COUNTS, "rt", encoding="utf-8") as lines:
        for line in lines:
            *keys, times = line.rstrip("\n").split("\t")
            if len(keys) == 1:
                ones[keys[0]] = float(times)
                continue
            pairs[keys[0], keys[1]] = int(times)
            seen, different = after.get(keys[0], (0, 0))
            after[keys[0]] = seen + int(times), different + 1
    return Counts(ones, pairs, after, sum(ones.values()))


def keys_of(word: str) -> list[str]:
    """Return what the model sees of a word: its syllables as toned keys, `#` for a word with a digit, nothing for dots.

    >>> keys_of("Hoà-Bình,"), keys_of("09/7/2025"), keys_of("…")
    (['hoa`', 'binh`'], ['#'], [])
    """
    plain = canonical(word)
    if any(c.isdigit() for c in plain):
        return [NUMBER]
    return [toned_key(run) for run in token_texts(plain)]


def log_chance(before: str, key: str) -> float:
    """Return the natural logarithm of the chance that `key` follows `before` (both of `keys_of`, or `BORDER`)."""
    known = counts()
    alone = _alone(key, known)
    times, different = known.after.get(before, (0, 0))
    if not times:
        return log(alone)
    seen = known.pairs.get((before, key), 0)
    return log((max(seen - _DISCOUNT, 0.0) + _DISCOUNT * different * alone) / times)


def score(words: Sequence[str]) -> float:
    """Return the mean natural log chance of a syllable of `words` read in order; 0.0 when they have none.

    About −4 for official prose, −11 for syllables that do not belong together, below −14 for garbage. Comparable
    between readings of the same place only: a name is unlikely and right.

    >>> score(["Ủy", "ban", "nhân", "dân"]) > score(["Ủy", "bạn", "nhăn", "dần"]) > score(["Uỳ", "bqn", "nhdn"])
    True
    """
    before, total, number = BORDER, 0.0, 0
    for word in words:
        for key in keys_of(word):
            total, number, before = total + log_chance(before, key), number + 1, key
    return total / number if number else 0.0


def _alone(key: str, known: Counts) -> float:
    seen = known.ones.get(key, 0.0) / known.total * (1 - _POSSIBLE)
    if key in inventory():
        return seen + _POSSIBLE / len(inventory())
    return max(seen, _STRANGE)


def is_likely_spelt(word: str) -> bool:
    """Return whether every run of letters of `word` is a Vietnamese syllable; False for a word without letters."""
    runs = token_texts(canonical(word))
    return bool(runs) and all(is_syllable(run) for run in runs)
