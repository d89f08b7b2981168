"""Cut Vietnamese text into syllables with offsets: the one idea of a token that index, query and highlight share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_TOKEN = 48
"""Longest token kept whole, in characters; the rest of a longer run (base64, damaged text) is not searchable."""

_RUN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A run of letters and digits: `text` as it stands, `start` and `end` (exclusive) in code points."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the syllables of canonical `text` in order (letters and digits; everything else separates).

    `text` must have passed `language.fold.canonical`, otherwise a decomposed mark would cut a syllable in two.

    >>> [t.text for t in tokens("Số 1593-CV/TU, ngày 09/7/2025")]
    ['Số', '1593', 'CV', 'TU', 'ngày', '09', '7', '2025']
    """
    return [Token(m.group()[:MAX_TOKEN], m.start(), m.end()) for m in _RUN.finditer(text)]


def token_texts(text: str) -> list[str]:
    """Return only the texts of `tokens(text)`; several times faster."""
    return [run[:MAX_TOKEN] for run in _RUN.findall(text)]


def bigrams(keys: Sequence[str]) -> list[str]:
    """Return neighbours joined by an underscore, which no token contains.

    >>> bigrams(["chuyen", "sinh", "hoat"])
    ['chuyen_sinh', 'sinh_hoat']
    """
    return [f"{a}_{b}" for a, b in zip(keys, keys[1:], strict=False)]


def skip_bigrams(keys: Sequence[str]) -> list[str]:
    """Return pairs with one token left out between them: they survive one syllable misread in a phrase.

    >>> skip_bigrams(["chuyen", "sinh", "hoat"])
    ['chuyen_hoat']
    """
    return [f"{a}_{b}" for a, b in zip(keys, keys[2:], strict=False)]
