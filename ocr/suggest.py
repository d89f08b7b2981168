"""What doubtful words may have been, kept beside what was read: for the review list and for gathering in the search.

The text itself is never changed by it (docs/decisions/0119).
"""

from collections.abc import Sequence
from dataclasses import replace

from language.respell import guess, may_be_respelt
from records.page import Word

LEAD, LEAST = 1.0, -18.0
"""A guess is kept when it is so far ahead of the next one, and no less likely than that (natural logs)."""
_MOST = 40
"""Words of a page that are guessed about; a page with more of them was not read but imagined."""


def suggested(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words of a page, in reading order, those that are no syllables with what they may have been."""
    told = list(words)
    looked = 0
    for n, word in enumerate(words):
        if word.trace is None or looked == _MOST or not may_be_respelt(word.text, word.trace.engine):
            continue
        looked += 1
        before, after = _beside(words, n, -1), _beside(words, n, 1)
        found = guess(word.text, before, after)
        if found is not None and found.lead >= LEAD and found.score >= LEAST:
            told[n] = replace(word, meant=found.text)
    return tuple(told)


def _beside(words: Sequence[Word], n: int, step: int) -> str:
    """Return the text of the neighbour in the same line, "" at its ends."""
    near = n + step
    return words[near].text if 0 <= near < len(words) and words[near].line == words[n].line else ""
