"""Saved searches as the API takes and shows them."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from api.asking import address, day_of
from api.schemas.common import Frozen, Strict
from search.asked import Asked, asked_from_json
from search.filters import Filters
from storage.saved_searches import SavedSearch

Name = Annotated[str, Field(max_length=120)]
Value = Annotated[str, Field(min_length=1, max_length=200)]
Values = Annotated[list[Value], Field(max_length=20)]
_EMPTY: list[Any] = []


class FiltersIn(Strict):
    """By what the search is narrowed; values of one facet are alternatives."""

    issuer: Values = _EMPTY
    type: Values = _EMPTY
    year: Annotated[list[Annotated[int, Field(ge=1000, le=9999)]], Field(max_length=20)] = _EMPTY
    fonds: Values = _EMPTY
    secrecy: Values = _EMPTY
    since: date | None = None
    until: date | None = None

    def as_filters(self) -> Filters:
        """Return the form the search is run with."""
        days = [int(f"{one:%Y%m%d}") if one else 0 for one in (self.since, self.until)]
        return Filters(
            tuple(self.issuer),
            tuple(self.type),
            tuple(self.year),
            tuple(self.fonds),
            tuple(self.secrecy),
            *days,
        )


class SavedSearchIn(Strict):
    """A search to keep. Without a `name` it is called by its words; `alert`: tell of documents that newly answer."""

    name: Name = ""
    query: Annotated[str, Field(min_length=1, max_length=4000)]
    filters: FiltersIn = FiltersIn()
    exact: bool = False
    alert: bool = True

    def asked(self) -> Asked:
        """Return the search."""
        return Asked(self.query, self.filters.as_filters(), self.exact)


class SavedSearchChange(Strict):
    """What is to be changed of a saved search."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    alert: bool | None = None


class SeenIn(Strict):
    """Up to which moment hits were seen: `found_at` of the newest one that was shown."""

    until: datetime


class SavedSearchOut(Frozen):
    """A kept search. `fresh`: documents that newly answer it, which you may see and have not seen."""

    id: str
    name: str
    query: str
    filters: dict[str, Any]
    exact: bool
    alert: bool
    created_at: datetime
    deleted_at: datetime | None
    fresh: int
    page: str

    @classmethod
    def of(cls, kept: SavedSearch) -> "SavedSearchOut":
        """Return the outgoing form."""
        asked = asked_from_json(kept.query, kept.asked)
        filters: dict[str, Any] = dict(kept.asked.get("filters", {}))
        for name in ("since", "until"):
            if name in filters:
                filters[name] = day_of(filters[name])
        return cls(
            id=kept.id,
            name=kept.name,
            query=kept.query,
            filters=filters,
            exact=asked.exact,
            alert=kept.alert,
            created_at=kept.created_at,
            deleted_at=kept.deleted_at,
            fresh=kept.fresh,
            page=address(asked),
        )


class SavedHitOut(Frozen):
    """A document that answers a kept search: its best page, since when it is there, when you saw it."""

    document_id: str
    page: int
    title: str
    number: str
    issued_date: str
    organ_name: str
    found_at: datetime
    seen_at: datetime | None


class SeenOut(Frozen):
    """How many hits were marked as seen."""

    seen: int
