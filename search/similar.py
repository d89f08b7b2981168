"""Pages of other documents that say much the same: copies, second scans, forms filled in alike.

A page is asked for by some of its own pairs of words, chosen by their hash so that two readings of the same paper
choose the same ones; what the index brings is compared pair by pair. No table of its own: the pairs are in the index
already, under the reader's rights. docs/decisions/0149.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b

from language.fold import canonical
from language.tokens import bigrams, token_texts
from language.variants import folded_key
from records.access import Action, Actor, authorize
from records.page import PageText
from search.index import MOST_WITHOUT, SearchIndex
from search.plan import Clause, In, Plan

LEAST = 0.22
"""Share of pairs from which pages are alike. Two readings of a page, each with 5 % of its letters wrong, share more;
papers of one office on different matters, letterhead included, share less (`tests/unit/search/test_similar.py`)."""
ASKED = 32
"""Pairs that are looked for, of the few hundred a page has."""
FEWEST = 12
"""Distinct pairs below which a page says too little to be like another."""
_HELD = 0.2  # share of the asked pairs that a page must hold; a page as like as LEAST nearly always does
_POOL = 100


@dataclass(frozen=True, slots=True)
class Similar:
    """A page like the one asked about. `likeness`: shared pairs of words over all pairs of both pages, 0 to 1."""

    document_id: str
    page: int
    likeness: float


def similar(
    page: PageText,
    document_id: str,
    reader: Actor,
    index: SearchIndex,
    without: Collection[str] = (),
    limit: int = 8,
) -> list[Similar]:
    """Return the pages most like `page` in documents other than `document_id`, the most alike first, one a document.

    `without`: documents that must not be told of whatever the index says (`PageSource.unsettled`). Raises NotAllowed,
    Away (`search-index-missing`).
    """
    authorize(reader, Action.SEARCH)
    own = pairs_of(page)
    if len(own) < FEWEST or len(without) >= MOST_WITHOUT:
        return []
    asked = sorted(own, key=_draw)[:ASKED]
    plan = Plan((), tuple(Clause(In.PAIRS, (pair,)) for pair in asked), max(2, round(_HELD * len(asked))))
    found = index.find(reader, plan, _POOL, without={*without, document_id})
    best: dict[str, Similar] = {}
    for candidate in found.best:
        like = likeness(own, set(bigrams(candidate.folded.split())))
        known = best.get(candidate.document_id)
        if like >= LEAST and (known is None or like > known.likeness):
            best[candidate.document_id] = Similar(candidate.document_id, candidate.page, like)
    return sorted(best.values(), key=lambda one: (-one.likeness, one.document_id))[:limit]


def pairs_of(page: PageText) -> set[str]:
    """Return the distinct pairs of neighbouring syllables of a page, folded, as its entry has them."""
    return set(bigrams([folded_key(run) for run in token_texts(canonical(page.text))]))


def likeness(one: Collection[str], other: Collection[str]) -> float:
    """Return the share of pairs two pages have in common (Jaccard), 0.0 for two empty ones.

    >>> likeness({"a_b", "b_c"}, {"b_c", "c_d"})
    0.3333333333333333
    """
    together = set(one) | set(other)
    return len(set(one) & set(other)) / len(together) if together else 0.0


def _draw(pair: str) -> bytes:
    return blake2b(pair.encode(), digest_size=8).digest()
