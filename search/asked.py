"""A search as a person asks it: words, what it is narrowed to, and whether only what stands there as typed counts.

The one form in which a search is kept, put into an address, run again for an alert and written into a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from search.filters import Facet, Filters


@dataclass(frozen=True, slots=True)
class Asked:
    """`exact`: approximations are off; a page answers by what was read on it, with marks or without."""

    query: str
    filters: Filters = field(default_factory=Filters)
    exact: bool = False

    @property
    def narrowed(self) -> tuple[tuple[str, str], ...]:
        """Every single narrowing as (name, value), in the order they are shown: facets, then days as yyyymmdd."""
        named = [(facet.value, str(value)) for facet in Facet for value in self.filters.values(facet)]
        days = [
            (name, str(getattr(self.filters, name)))
            for name in ("since", "until")
            if getattr(self.filters, name)
        ]
        return tuple(named + days)

    def without(self, name: str, value: str = "") -> "Asked":
        """Return the search without one narrowing; without a `value`, without all of that name."""
        if name in ("since", "until"):
            return self._narrowed(**{name: 0})
        facet = Facet(name)
        kept = tuple(one for one in self.filters.values(facet) if value and str(one) != value)
        return self._narrowed(**{name: kept})

    def plus(self, facet: Facet, value: str) -> "Asked":
        """Return the search with one value of a facet more."""
        more: str | int = int(value) if facet is Facet.YEAR else value
        values = dict.fromkeys((*self.filters.values(facet), more))
        return self._narrowed(**{facet.value: tuple(values)})

    def _narrowed(self, **changes: Any) -> "Asked":
        return replace(self, filters=replace(self.filters, **changes))


def asked_to_json(asked: Asked) -> dict[str, Any]:
    """Return filters and switch as they are kept beside the words of a saved search; what is open is left out."""
    held = {one.name: getattr(asked.filters, one.name) for one in fields(Filters)}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in held.items() if value}
    return {"filters": told, "exact": asked.exact}


def asked_from_json(query: str, told: Mapping[str, Any]) -> Asked:
    """Return the search that was kept; filters this version does not know are an error (TypeError), never ignored."""
    held: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in told.get("filters", {}).items()
    }
    return Asked(query, Filters(**held), bool(told.get("exact", False)))
