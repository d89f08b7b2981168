"""Comparing recognised words with words that a form prescribes, so that lost marks and single slips do no harm."""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from language.fold import fold

_NOT_LETTER = re.compile(r"[^a-z0-9]+")
_SHAPES = frozenset("scxzvwukp")
"""Small letters that look like their capital: recognition may give either (sỞ for SỞ)."""


def letters(text: str) -> str:
    """Return `text` folded with letters and digits only: the form in which phrases are compared."""
    return _NOT_LETTER.sub("", fold(text))


def slips(one: str, other: str, limit: int) -> int:
    """Return the edit distance of two strings, or `limit` + 1 as soon as it must be larger."""
    return Levenshtein.distance(one, other, score_cutoff=limit)


def allowed_slips(phrase: str) -> int:
    """Return how many wrong letters a phrase of this length may have: none below 5 letters, then one in six."""
    return 0 if len(phrase) < 5 else max(1, len(phrase) // 6)


def like(text: str, phrase: str) -> bool:
    """Return whether `text` is `phrase` but for marks, case, spacing and the slips its length allows.

    `phrase` must be the result of `letters`.
    """
    found = letters(text)
    limit = allowed_slips(phrase)
    return found == phrase or (limit > 0 and slips(found, phrase, limit) <= limit)


def starts_like(text: str, phrase: str) -> bool:
    """Return whether `text` begins with `phrase` (result of `letters`), with the slips its length allows."""
    found = letters(text)
    limit = allowed_slips(phrase)
    return found.startswith(phrase) or (
        limit > 0 and any(slips(found[: len(phrase) + d], phrase, limit) <= limit for d in (0, 1, -1))
    )


def find_phrase(words: Sequence[str], phrase: str) -> tuple[int, int] | None:
    """Return (start, stop) of the run of `words` that reads as `phrase`, the closest one; None when there is none."""
    limit = allowed_slips(phrase)
    best: tuple[int, int, int] | None = None
    plain = [letters(word) for word in words]
    for start in range(len(plain)):
        joined = ""
        for stop in range(start, len(plain)):
            joined += plain[stop]
            if len(joined) > len(phrase) + limit:
                break
            if plain[stop] and plain[start] and len(joined) >= len(phrase) - limit:
                distance = slips(joined, phrase, limit)
                if distance <= limit and (best is None or distance < best[0]):
                    best = (distance, start, stop + 1)
    return (best[1], best[2]) if best else None


def is_capital(text: str) -> bool:
    """Return whether `text` is set in capitals (small letters that look like capitals pass beside true capitals)."""
    marks = [c for c in text if c.isalpha()]
    large = sum(c.isupper() for c in marks)
    small = sum(not c.isupper() and fold(c) not in _SHAPES for c in marks)
    return bool(large) and small * 5 <= large
