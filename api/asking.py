"""A search in an address and back: what the API takes strictly and pages take kindly, one form for both."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from search.asked import Asked
from search.filters import Filters

_MANY = 20
"""Values of one facet that an address may name."""
Values = Annotated[list[str], Query(max_length=_MANY)]


def _day(value: date | None) -> int:
    return value.year * 10_000 + value.month * 100 + value.day if value else 0


def asked_of_api(
    q: Annotated[
        str, Query(max_length=4000, description="Words, a quoted phrase, a number; accents optional.")
    ],
    issuer: Values = [],  # noqa: B006  (FastAPI copies it)
    type: Values = [],  # noqa: A002, B006  (named as in the address)
    year: Annotated[list[int], Query(max_length=_MANY)] = [],  # noqa: B006
    fonds: Values = [],  # noqa: B006
    secrecy: Values = [],  # noqa: B006
    since: Annotated[date | None, Query(description="First day of issue.")] = None,
    until: Annotated[date | None, Query(description="Last day of issue.")] = None,
    exact: Annotated[bool, Query(description="Leave out what is only close to what was typed.")] = False,
) -> Asked:
    """Return the search; values of one facet are alternatives, all else must hold."""
    filters = Filters(
        tuple(issuer), tuple(type), tuple(year), tuple(fonds), tuple(secrecy), _day(since), _day(until)
    )
    return Asked(q, filters, exact)


def asked_of_page(
    q: Annotated[str, Query(max_length=4000)] = "",
    issuer: Values = [],  # noqa: B006
    type: Values = [],  # noqa: A002, B006
    year: Values = [],  # noqa: B006
    fonds: Values = [],  # noqa: B006
    secrecy: Values = [],  # noqa: B006
    since: Annotated[str, Query(max_length=20)] = "",
    until: Annotated[str, Query(max_length=20)] = "",
    exact: Annotated[str, Query(max_length=8)] = "",
) -> Asked:
    """Return the search; as in every list, a year or day that is none narrows nothing, and no chip is shown for it."""
    years = tuple(int(one) for one in year if one.isascii() and one.isdigit() and len(one) == 4)
    held = [tuple(one for one in values if one) for values in (issuer, type, fonds, secrecy)]
    filters = Filters(held[0], held[1], years, held[2], held[3], _read_day(since), _read_day(until))
    return Asked(q.strip(), filters, bool(exact))


def _read_day(written: str) -> int:
    try:
        return _day(date.fromisoformat(written)) if written else 0
    except ValueError:
        return 0


def address(asked: Asked, path: str = "/search") -> str:
    """Return the address of the page that asks so again."""
    pairs = [("q", asked.query), *((name, _shown(name, value)) for name, value in asked.narrowed)]
    if asked.exact:
        pairs.append(("exact", "1"))
    return f"{path}?{urlencode(pairs)}"


def _shown(name: str, value: str) -> str:
    return day_of(value) if name in ("since", "until") else value


def day_of(number: str | int) -> str:
    """Return a day kept as yyyymmdd in ISO 8601, "" for none."""
    digits = f"{int(number):08d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if int(number) else ""


def loosely(asked: Asked) -> Asked:
    """Return the search with approximations allowed."""
    return replace(asked, exact=False)


ApiAsked = Annotated[Asked, Depends(asked_of_api)]
PageAsked = Annotated[Asked, Depends(asked_of_page)]
