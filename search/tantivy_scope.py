"""Which pages a query may touch, and how the found ones are counted, in tantivy's words."""

from collections.abc import Collection, Sequence
from typing import Any

import tantivy

from search.facets import Counts, counted, days, wanted
from search.filters import Facet, Filters
from search.index import Allowed

MUST, SHOULD, MUST_NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot
EVERY_VALUE = 65_000
"""Values of a facet the engine may gather (its own limit is 65,535): bodies that ever issued a paper are fewer."""


def scope(
    schema: Any, may: Allowed, filters: Filters, without: Sequence[str], among: Sequence[str] = ()
) -> list[tuple[Any, Any]]:
    """Return the conditions that keep a query to what `may` be found, is not left out and passes the filters."""
    build = tantivy.Query
    # one by one: a set of words makes the engine mark every page it holds before the query begins
    seen = [
        (SHOULD, build.term_query(schema, field, word, index_option="basic"))
        for field, words in (("level", may.levels), ("parties", may.parties))
        for word in words
    ]
    held = [build.boolean_query(seen)]
    held += [build.term_set_query(schema, facet.value, values) for facet, values in wanted(filters).items()]
    if among:
        held.append(build.term_set_query(schema, "doc", list(among)))
    if span := days(filters):
        held.append(build.range_query(schema, "issued", tantivy.FieldType.Unsigned, *span))
    conditions = [(MUST, build.const_score_query(one, 0.0)) for one in held]
    if without:
        conditions.append((MUST_NOT, build.term_set_query(schema, "doc", list(without))))
    return conditions


def counting(facets: Collection[Facet]) -> dict[str, Any]:
    """Return what is asked of the engine to count `facets`: every value, so that no page is counted short."""
    every = {"size": EVERY_VALUE, "segment_size": EVERY_VALUE}
    return {facet.value: {"terms": {"field": facet.value, **every}} for facet in facets}


def counts(answer: dict[str, Any]) -> Counts:
    """Return the counts out of the engine's answer to `counting`."""
    return {
        Facet(name): counted((bucket["key"], bucket["doc_count"]) for bucket in told["buckets"])
        for name, told in answer.items()
    }
