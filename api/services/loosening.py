"""What to do when nothing is found: each thing that narrows the search taken away alone, and how much there is then."""

from dataclasses import dataclass, replace

from api.services.search import checked_query
from api.tools import Tools
from ingest.shelf import Shelf
from records.access import Actor
from search.asked import Asked
from search.find import search

_MOST = 6
"""Ways that are tried; each is a search."""


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
