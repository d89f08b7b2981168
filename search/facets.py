"""How many of the found pages bear each value of a facet: the same numbers, order and limits on every engine."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from search.filters import Facet, FacetValues, Filters

COUNTED = 10_000
"""Pages are counted up to here; beyond it the interface says "hơn 10.000" (decision 0140)."""
MOST_VALUES = 20
"""Values of a facet that are told, those on most pages first."""
UNNARROWED = Filters()
"""No narrowing."""
_YEARS = range(1, 10_000)
_LAST = 99_991_231  # the last day that has a year of four digits


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value and on how many of the found pages it stands; with `more`, on more than `count` (then `COUNTED`)."""

    value: str
    count: int
    more: bool = False


Counts = Mapping[Facet, tuple[FacetCount, ...]]
"""The values of every facet asked for: most pages first, equals by value (code points)."""


def wanted(filters: Filters) -> dict[Facet, list[str | int]]:
    """Return the alternatives of every facet that is narrowed; a year no engine can hold is none of them."""
    return {
        facet: [value for value in filters.values(facet) if isinstance(value, str) or value in _YEARS]
        for facet in Facet
        if filters.values(facet)
    }


def days(filters: Filters) -> tuple[int, int] | None:
    """Return the first and the last day of the span as `FacetValues.issued`, None when there is no span."""
    if not (filters.since or filters.until):
        return None
    return min(max(filters.since, 1), _LAST), max(min(filters.until or _LAST, _LAST), 0)


def counted(found: Iterable[tuple[str | float, int]]) -> tuple[FacetCount, ...]:
    """Return what is told of one facet out of all its values; a number is a year, 0 means that none is known."""
    named = [(value if isinstance(value, str) else str(int(value)), count) for value, count in found if value]
    best = sorted(named, key=lambda pair: (-pair[1], pair[0]))[:MOST_VALUES]
    return tuple(FacetCount(value, min(count, COUNTED), count > COUNTED) for value, count in best if count)


def tally(values: Iterable[FacetValues], facets: Collection[Facet]) -> Counts:
    """Return the counts over pages whose values are at hand, one of `values` a page."""
    kept = list(values)
    return {facet: counted(Counter(getattr(one, facet.value) for one in kept).items()) for facet in facets}
