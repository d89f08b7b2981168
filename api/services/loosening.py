"""What to do when nothing is found: one narrowing less, or the nearest spelling, and how much there is then."""

from dataclasses import dataclass, replace

from api.services.search import checked_query
from api.tools import Tools
from ingest.shelf import Shelf
from language.respell import guess, may_be_respelt
from language.syllables import is_folded_syllable
from records.access import Actor
from search.asked import Asked
from search.find import search

_MOST = 6
"""Ways that are tried; each is a search."""
_UNSURE = 0.0  # what a hand typed is no surer than what the engine read worst


@dataclass(frozen=True, slots=True)
class Looser:
    """A search that finds something: what was taken away (`exact` for the switch, `all` for every filter)."""

    name: str
    value: str
    asked: Asked
    total: int
    total_is_exact: bool


def looser(tools: Tools, reader: Actor, asked: Asked) -> list[Looser]:
    """Return searches with one narrowing less that find something; when none does, the one without any of them."""
    ways = [(name, value, asked.without(name, value)) for name, value in asked.narrowed[:_MOST]]
    if asked.exact:
        ways.append(("exact", "", replace(asked, exact=False)))
    found = _tried(tools, reader, ways)
    if not found and len(ways) > 1:
        found = _tried(tools, reader, [("all", "", Asked(asked.query))])
    return found


def _tried(tools: Tools, reader: Actor, ways: list[tuple[str, str, Asked]]) -> list[Looser]:
    told = []
    for name, value, asked in ways:
        with tools.work.reading() as tx:
            found = search(
                checked_query(tools, asked.query),
                reader,
                tools.index,
                Shelf(tx),
                1,
                group=True,
                approximate=not asked.exact,
                filters=asked.filters,
            )
        if found.hits:
            told.append(Looser(name, value, asked, found.total, found.total_is_exact))
    return told


def respelt(tools: Tools, reader: Actor, asked: Asked) -> Looser | None:
    """Return the search with every word that is no syllable written as the nearest one, if that stands somewhere.

    None when every word is one, or the nearest spelling finds nothing as it is written either.
    """
    spelt = nearest_spelling(asked.query)
    if spelt == asked.query:
        return None
    as_written = _tried(tools, reader, [("spelling", spelt, replace(asked, query=spelt, exact=True))])
    return replace(as_written[0], asked=replace(asked, query=spelt)) if as_written else None


def nearest_spelling(query: str) -> str:
    """Return a query with every word that is no Vietnamese syllable as the likeliest one between its neighbours.

    >>> nearest_spelling("hướng dẫn chuyểnn sinh hoạt đảng 12-CV/TU")
    'hướng dẫn chuyển sinh hoạt đảng 12-CV/TU'
    >>> nearest_spelling("huong dan chuyen sinh hoat")
    'huong dan chuyen sinh hoat'
    """
    words = query.split()
    for at, word in enumerate(words):
        if is_folded_syllable(word) or not may_be_respelt(word, _UNSURE):  # typed without marks: no mistake
            continue
        before, after = "".join(words[at - 1 : at]), "".join(words[at + 1 : at + 2])
        likeliest = guess(word, before, after)
        if likeliest is not None:
            words[at] = likeliest.text
    return " ".join(words)
