"""Which pages a query may touch, and how the found ones are counted, in Elasticsearch's words."""

from collections.abc import Collection, Sequence
from typing import Any

from search.facets import MOST_VALUES, Counts, counted, days, wanted
from search.filters import Facet, Filters
from search.index import Allowed


def scope(
    may: Allowed, filters: Filters, without: Sequence[str], among: Sequence[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Return the conditions that keep a query to what `may` be found, is not left out and passes the filters."""
    seen = [
        {"terms": {field: words}}
        for field, words in (("level", may.levels), ("parties", may.parties))
        if words
    ]
    held: list[dict[str, Any]] = [{"bool": {"should": seen, "minimum_should_match": 1}}]
    held += [{"terms": {facet.value: values}} for facet, values in wanted(filters).items()]
    if among:
        held.append({"terms": {"doc": list(among)}})
    if span := days(filters):
        held.append({"range": {"issued": {"gte": span[0], "lte": span[1]}}})
    return {"filter": held, "must_not": [{"terms": {"doc": list(without)}}] if without else []}


def counting(facets: Collection[Facet]) -> dict[str, Any]:
    """Return what is asked of the server to count `facets`; equals come by value, as `counted` has them."""
    ordered = {"size": MOST_VALUES, "order": [{"_count": "desc"}, {"_key": "asc"}]}
    return {facet.value: {"terms": {"field": facet.value, **ordered}} for facet in facets}


def counts(answer: dict[str, Any]) -> Counts:
    """Return the counts out of the server's answer to `counting`."""
    return {
        Facet(name): counted((bucket["key"], bucket["doc_count"]) for bucket in told["buckets"])
        for name, told in answer.items()
    }
