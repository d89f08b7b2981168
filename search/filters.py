"""What a search is narrowed to: the facet values of an entry and a span of days. A value, the same for every engine."""

from dataclasses import dataclass, fields
from enum import StrEnum

from language.fold import canonical
from language.variants import one_placement
from records.document import Fields
from records.dossier_code import fonds_of


class Facet(StrEnum):
    """What hits are counted by and narrowed to, by the name it has in every engine."""

    ISSUER = "issuer"
    TYPE = "type"
    YEAR = "year"
    FONDS = "fonds"
    SECRECY = "secrecy"


LONGEST_VALUE = 200
"""Characters of a facet value (Thông tư 05/2025/TT-BNV: names of bodies have at most so many)."""


@dataclass(frozen=True, slots=True)
class FacetValues:
    """What one document is counted under; "" (0 for numbers) where nothing is known, which is counted nowhere.

    `issuer`: the body's name in capitals and one spelling. `type`: code of TT 05/2025. `issued`: the day as yyyymmdd.
    """

    issuer: str = ""
    type: str = ""
    year: int = 0
    fonds: str = ""
    secrecy: str = ""
    issued: int = 0


@dataclass(frozen=True, slots=True)
class Filters:
    """Only pages of documents with one of the values of every facet that has any, issued in the span of days.

    `since`, `until`: yyyymmdd, both inclusive, 0 for open. A document whose day is unknown is in no span.
    """

    issuer: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    year: tuple[int, ...] = ()
    fonds: tuple[str, ...] = ()
    secrecy: tuple[str, ...] = ()
    since: int = 0
    until: int = 0

    @property
    def empty(self) -> bool:
        """True when nothing is narrowed."""
        return not any(getattr(self, field.name) for field in fields(self))

    def values(self, facet: Facet) -> tuple[str, ...] | tuple[int, ...]:
        """Return the values wanted of a facet, () for any."""
        wanted: tuple[str, ...] | tuple[int, ...] = getattr(self, facet.value)
        return wanted

    def also(self, other: "Filters") -> "Filters":
        """Return the filter that lets through what both let through; a value that cannot be is an empty span."""
        held = {facet.value: _both(self.values(facet), other.values(facet)) for facet in Facet}
        impossible = any(not held[f.value] and self.values(f) and other.values(f) for f in Facet)
        since = max(self.since, other.since)
        until = min(day for day in (self.until, other.until) if day) if self.until or other.until else 0
        if impossible:
            since, until = 2, 1
        return Filters(since=since, until=until, **held)  # type: ignore[arg-type]  # one type a facet, checked by the class

    def admits(self, values: FacetValues) -> bool:
        """Return whether a document is let through: what every engine's filter must do, said once in plain words."""
        named = all(not self.values(f) or getattr(values, f.value) in self.values(f) for f in Facet)
        spanned = not (self.since or self.until) or (
            values.issued > 0 and self.since <= values.issued <= (self.until or 99_99_99_99)
        )
        return named and spanned


def _both(
    one: tuple[str, ...] | tuple[int, ...], other: tuple[str, ...] | tuple[int, ...]
) -> tuple[str | int, ...]:
    return tuple(value for value in one if value in other) if one and other else (*one, *other)


def facet_values(known: Fields, dossier: str) -> FacetValues:
    """Return what a document with these fields in this dossier is counted under."""
    day = known.issued_date.replace("-", "")
    whole = day.isdecimal() and len(day) == 8
    year = known.issued_date[:4]
    return FacetValues(
        issuer=issuer_value(known.organ_name),
        type=canonical(known.type_code),
        year=int(year) if len(year) == 4 and year.isdecimal() else 0,
        fonds=canonical(fonds_of(dossier))[:LONGEST_VALUE],
        secrecy=plain_value(known.secrecy),
        issued=int(day) if whole else 0,
    )


def issuer_value(name: str) -> str:
    """Return the one spelling under which a body is counted: capitals, one space, one place for the tone.

    >>> issuer_value("Tỉnh  uỷ"), issuer_value("TỈNH ỦY")
    ('TỈNH ỦY', 'TỈNH ỦY')
    """
    return plain_value(name)


def plain_value(text: str) -> str:
    """Return a facet value in its one spelling: capitals, one space, the tone of oa, oe and uy in one place."""
    return " ".join(one_placement(canonical(text)).upper().split())[:LONGEST_VALUE]
