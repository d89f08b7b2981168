"""What an entry and a plan are in Elasticsearch's words, with what the bare core of the server can do.

No ICU, no analysis module, no scripts: our tokens come ready and are only cut at spaces (decision 0057). They are
shorter than the 255 letters at which the server's analyzer would cut one in two (`language.tokens`).
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from search.entry import Entry
from search.filters import FacetValues
from search.index import SCHEMA, Candidate, index_missing, leads, own_score, texts
from search.plan import PAIRS_OF, Clause, In, Plan

_KEPT = (In.EXACT, In.FOLDED, In.TITLE_EXACT, In.TITLE_FOLDED, In.NUMBERS, In.MENTIONS)
"""What ranking reads; the rest is only searched and not kept a second time in the source."""
_ranked = itemgetter(*(field.value for field in _KEPT))
_COUNTED = FacetValues.__slots__


def definition() -> dict[str, Any]:
    """Return settings and mapping of an index. Shards and replicas beyond the default: by an index template.

    Nothing is refreshed but by `commit`; a second copy is kept as soon as there is a second node.
    """
    return {
        "settings": {"index": {"refresh_interval": "-1", "auto_expand_replicas": "0-1"}},
        "mappings": {
            "dynamic": "strict",
            "_meta": {"schema": SCHEMA},
            "_source": {"excludes": [field.value for field in In if field not in _KEPT]},
            "properties": {
                "doc": {"type": "keyword"},
                "page": {"type": "integer"},
                "version": {"type": "long"},
                "ever": {"type": "integer", "index": False, "doc_values": False},
                **{
                    name: {"type": "keyword", "ignore_above": 1000}
                    for name in ("level", "dossier", "parties", "issuer", "type", "fonds", "secrecy")
                },
                **{name: {"type": "integer"} for name in ("year", "issued")},
                "ahead": {"type": "keyword", "index": False, "doc_values": False},
                **{field.value: _field(field) for field in In},
            },
        },
    }


def _field(field: In) -> dict[str, Any]:
    """Return the mapping of a text: positions only where quoted phrases look, no frequency for numbers.

    The length of a page tells nothing of its pairs, and writing it down costs more than the pairs (decision 0173).
    """
    kept = {
        In.NUMBERS: "docs",
        In.MENTIONS: "docs",
        In.ISSUER: "docs",
        **dict.fromkeys((In.PAIRS, In.SKIPS, In.TITLE_PAIRS, In.READINGS, In.READING_PAIRS), "freqs"),
    }
    options = {"index_options": kept.get(field, "positions")}
    return {"type": "text", "analyzer": "whitespace", **options, "norms": field not in kept}


def source(entry: Entry, version: int) -> dict[str, Any]:
    """Return the entry of one page."""
    return {
        "doc": entry.document_id,
        "page": entry.page,
        "version": version,
        "level": entry.level.value,
        "dossier": entry.dossier,
        "parties": list(entry.parties),
        "ahead": " ".join(entry.ahead),
        **{
            name: value
            for name in ("issuer", "type", "year", "fonds", "secrecy", "issued")
            if (value := getattr(entry.facets, name))
        },
        **{field.value: " ".join(terms) for field, terms in texts(entry).items()},
    }


def candidate(hit: dict[str, Any]) -> Candidate:
    """Return what ranking needs of a hit. Raises Away (`search-index-missing`) when it is no entry of ours."""
    kept = hit["_source"]
    try:
        exact, folded, title_exact, title_folded, numbers, mentions = _ranked(kept)
        return Candidate(
            document_id=kept["doc"],
            page=kept["page"],
            score=own_score(float(hit["_score"])),
            exact=exact,
            folded=folded,
            title_exact=title_exact,
            title_folded=title_folded,
            numbers=tuple(numbers.split()),
            mentions=tuple(mentions.split()),
            ahead=kept["ahead"],
            facets=FacetValues(**{name: kept[name] for name in _COUNTED if name in kept}),
        )
    except KeyError as absent:
        raise index_missing(f"{hit['_index']}: an entry without {absent}") from absent


def query(plan: Plan, scope: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the query for `plan` among the pages of `scope` (`elastic_scope`), which adds nothing to the score."""
    gates = [_one_of(group) for group in plan.must]
    wanted = _any([_clause(clause) for clause in plan.should], plan.at_least)
    absent = [_clause(clause) for clause in plan.absent]
    before = [{"constant_score": {"filter": _one_of(group), "boost": lead}} for group, lead in leads(plan)]
    scored = [_one_of(group) for group in plan.gates]
    # Beside the pairs of a gate the server can still pass over pages that cannot be among the best; apart from them
    # it could not, and a page that comes first passes the gate anyway.
    (scored[0] if scored else wanted)["bool"]["should"] += before
    wanted["bool"].update(
        must=scored, filter=[*scope["filter"], *gates], must_not=[*scope["must_not"], *absent]
    )
    return wanted


def _one_of(group: Sequence[Clause]) -> dict[str, Any]:
    return _any([_clause(clause) for clause in group], 1)


def _any(clauses: list[dict[str, Any]], least: int) -> dict[str, Any]:
    return {"bool": {"should": clauses, "minimum_should_match": least}}


def _clause(clause: Clause) -> dict[str, Any]:
    field, term = clause.where.value, clause.terms[0]
    if clause.edits:
        # The score of every misreading is the weight, as in tantivy; the usual one would prefer rare misreadings.
        how = {"value": term, "fuzziness": clause.edits, "rewrite": "constant_score", "boost": clause.weight}
        return {"fuzzy": {field: how}}
    if clause.apart:
        return {"bool": {"filter": [{"term": {field: one}} for one in clause.terms]}}
    if len(clause.terms) > 1:
        phrase = {"match_phrase": {field: {"query": " ".join(clause.terms), "boost": clause.weight}}}
        first = [{"term": {PAIRS_OF[clause.where].value: pair}} for pair in clause.pairs]
        return {"bool": {"must": [phrase], "filter": first}} if first else phrase
    return {"term": {field: {"value": term, "boost": clause.weight}}}
