"""Search inside one document: which of its pages answer, and every place on them.

The index holds the whole archive and knows pages, not places. A document is small, so its own words are read: all plain
texts are looked over first, and only pages that can answer are taken apart and highlighted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from language.fold import canonical
from language.tokens import bigrams, token_texts
from language.variants import folded_key
from records.page import PageText
from search.highlight import Highlight, highlight, keys_of
from search.number_keys import find_numbers
from search.plan import Query

NEAR = 20
"""Pages looked at for misread words when no page has the words themselves: those that share most with the query."""


@dataclass(frozen=True, slots=True)
class PageHits:
    """A page that answers, with its places."""

    number: int
    light: Highlight


def find_inside(
    query: Query,
    texts: Sequence[tuple[int, str]],
    reading: Callable[[int], PageText | None],
    after: int = 0,
) -> Iterator[PageHits]:
    """Yield the pages that answer, by number: those where the words stand; when there are none, those that come close.

    `texts`: (number, plain text) of every page; `reading` gives the words of one. `after`: go on behind this page,
    where the words stood already. Nothing for an empty query.
    """
    if query.empty:
        return
    found = after > 0
    for number, text in texts:
        if number <= after or not _may_hold(query, text):
            continue
        hits = _hits(query, number, reading)
        if hits is not None and hits.light.match in ("exact", "folded"):
            found = True
            yield hits
    if not found:
        for number in _nearest(query, texts):
            hits = _hits(query, number, reading)
            if hits is not None:
                yield hits


def _hits(query: Query, number: int, reading: Callable[[int], PageText | None]) -> PageHits | None:
    page = reading(number)
    light = None if page is None else highlight(query, page)
    return None if light is None or light.match is None or not light.passages else PageHits(number, light)


def _may_hold(query: Query, text: str) -> bool:
    """Return False for a page on which the query cannot stand in order; True costs a closer look, no more."""
    words = text.split()
    keys: set[str] = {key for word in words for key in keys_of(word)}
    if any(keys.issuperset(part.folded) for part in query.parts):
        return True
    wanted = {query.loose_number, *(part.number for part in query.parts)} - {""}
    return bool(wanted) and any(
        {n.key, n.repaired} & wanted for n in find_numbers(canonical(" ".join(words)))
    )


def _nearest(query: Query, texts: Sequence[tuple[int, str]]) -> list[int]:
    """Return the pages that share most syllables and pairs with the query, by number, at most `NEAR`.

    A page must hold half of the syllables: with fewer it has a common word and nothing else.
    """
    folded = [key for part in query.parts for key in part.folded]
    syllables, pairs = set(folded), set(bigrams(folded))
    scored: list[tuple[int, int]] = []
    for number, text in texts:
        keys = [key for word in text.split() for key in keys_of(word)]
        shared = len(syllables.intersection(keys))
        if 2 * shared >= len(syllables):
            scored.append((shared + len(pairs.intersection(bigrams(keys))), number))
    return sorted(number for _, number in sorted(scored, key=lambda s: (-s[0], s[1]))[:NEAR])


def complete(
    typed: str, texts: Sequence[tuple[int, str]], *, most: int, least: int = 1
) -> list[tuple[str, int]]:
    """Return up to `most` terms of the document that begin with what was typed, and how often each stands there.

    Accents are optional. A term has as many syllables as were typed: "chuyển s" gives "chuyển sinh". Most frequent
    first, then by the alphabet; terms that stand less than `least` times are left out.
    """
    runs = token_texts(canonical(typed))
    if not runs:
        return []
    *firm, begun = [folded_key(run) for run in runs]
    counted: Counter[str] = Counter()
    for _, text in texts:
        words = token_texts(canonical(text).lower())
        keys = [folded_key(word) for word in words]
        for at in range(len(words) - len(firm)):
            end = at + len(firm)
            if keys[end].startswith(begun) and keys[at:end] == firm:
                counted[" ".join(words[at : end + 1])] += 1
    found = [(term, count) for term, count in counted.items() if count >= least]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:most]
