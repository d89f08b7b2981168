"""What an entry and a plan are in tantivy's words; the other half of its door is `tantivy_index`."""

from collections.abc import Sequence
from typing import Any

import tantivy

from search.entry import Entry
from search.filters import FacetValues
from search.index import Candidate, leads, own_score, texts
from search.plan import PAIRS_OF, Clause, In, Plan

FIRST, GONE = "first", "gone"
"""The kinds of entries `documents` asks for: the first page of a document, and what is left of a removed one."""


def schema() -> Any:
    """Return the fields of an entry: positions only where quoted phrases look, texts kept where ranking reads."""
    build = tantivy.SchemaBuilder()
    build.add_text_field("doc", stored=True, tokenizer_name="raw", index_option="basic", fast=True)
    build.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    build.add_unsigned_field("version", fast=True)
    build.add_unsigned_field("pages", fast=True)
    build.add_unsigned_field("page", stored=True)
    for name in ("level", "dossier", "parties"):
        build.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("issuer", "type", "fonds", "secrecy"):
        build.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True, stored=True)
    build.add_unsigned_field("year", indexed=True, fast=True, stored=True)
    build.add_unsigned_field("issued", fast=True, stored=True)
    build.add_text_field("ahead", stored=True, tokenizer_name="spaces", index_option="basic")
    for field in (In.EXACT, In.FOLDED, In.TITLE_EXACT, In.TITLE_FOLDED):
        build.add_text_field(field.value, stored=True, tokenizer_name="spaces", index_option="position")
    for field in (In.PAIRS, In.SKIPS, In.TITLE_PAIRS, In.READINGS, In.READING_PAIRS):
        build.add_text_field(field.value, tokenizer_name="spaces", index_option="freq")
    for field in (In.NUMBERS, In.MENTIONS):
        build.add_text_field(field.value, stored=True, tokenizer_name="spaces", index_option="basic")
    build.add_text_field(In.EDGE.value, tokenizer_name="spaces", index_option="position")
    build.add_text_field(In.ISSUER.value, tokenizer_name="spaces", index_option="basic")
    return build.build()


def page(entry: Entry, version: int, pages: int) -> Any:
    """Return the entry of one page; `pages` is how many its document has when it is the first, else 0."""
    document = tantivy.Document()
    document.add_text("doc", entry.document_id)
    document.add_unsigned("version", version)
    document.add_unsigned("page", entry.page)
    document.add_text("level", entry.level.value)
    document.add_text("dossier", entry.dossier)
    document.add_text("ahead", " ".join(entry.ahead))
    for name in ("issuer", "type", "fonds", "secrecy"):
        if value := getattr(entry.facets, name):
            document.add_text(name, value)
    for name in ("year", "issued"):
        if number := getattr(entry.facets, name):
            document.add_unsigned(name, number)
    for party in entry.parties:
        document.add_text("parties", party)
    for field, terms in texts(entry).items():
        document.add_text(field.value, " ".join(terms))
    if pages:
        document.add_text("kind", FIRST)
        document.add_unsigned("pages", pages)
    return document


def gone(document_id: str, version: int) -> Any:
    """Return what remembers the version of a document without pages; without a level nobody ever finds it."""
    document = tantivy.Document()
    document.add_text("doc", document_id)
    document.add_unsigned("version", version)
    document.add_text("kind", GONE)
    return document


def spaces() -> Any:
    """Return the tokenizer that only cuts at spaces: our tokens decide, not the engine's."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def candidate(score: float, document: Any) -> Candidate:
    """Return what ranking needs of a stored entry."""
    kept = document.to_dict()
    return Candidate(
        document_id=kept["doc"][0],
        page=int(kept["page"][0]),
        score=own_score(float(score)),
        exact=kept[In.EXACT.value][0],
        folded=kept[In.FOLDED.value][0],
        title_exact=kept[In.TITLE_EXACT.value][0],
        title_folded=kept[In.TITLE_FOLDED.value][0],
        numbers=tuple(kept[In.NUMBERS.value][0].split()),
        mentions=tuple(kept[In.MENTIONS.value][0].split()),
        ahead=kept["ahead"][0],
        facets=FacetValues(**{name: kept[name][0] for name in FacetValues.__slots__ if name in kept}),
    )


def query(schema: Any, plan: Plan, scope: Sequence[tuple[Any, Any]]) -> Any:
    """Return the query for `plan` among the pages of `scope` (`tantivy_scope`), which adds nothing to the score."""
    build = tantivy.Query
    must, should = tantivy.Occur.Must, tantivy.Occur.Should
    clauses = list(scope)
    for group in plan.must:
        clauses.append((must, build.const_score_query(_one_of(schema, group), 0.0)))
    clauses += [(must, _one_of(schema, group)) for group in plan.gates]
    clauses += [(tantivy.Occur.MustNot, _clause(schema, clause)) for clause in plan.absent]
    wanted = [(should, _clause(schema, clause)) for clause in plan.should]
    if plan.at_least:
        clauses.append((must, build.boolean_query(wanted, minimum_number_should_match=plan.at_least)))
    else:
        clauses += wanted
    for group, lead in leads(plan):
        clauses.append((should, build.const_score_query(_one_of(schema, group), lead)))
    return build.boolean_query(clauses)


def _one_of(schema: Any, group: Sequence[Clause]) -> Any:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, _clause(schema, clause)) for clause in group])


def _clause(schema: Any, clause: Clause) -> Any:
    build, field = tantivy.Query, clause.where.value
    if clause.edits:
        found = build.fuzzy_term_query(schema, field, clause.terms[0], distance=clause.edits)
    elif clause.apart:
        found = _all(schema, clause.where, clause.terms)
    elif len(clause.terms) > 1:
        found = build.phrase_query(schema, field, list(clause.terms))
        if clause.pairs:
            found = _all(schema, PAIRS_OF[clause.where], clause.pairs, found)
    else:
        found = build.term_query(schema, field, clause.terms[0], index_option="freq")
    return found if clause.weight == 1.0 else build.boost_query(found, clause.weight)


def _all(schema: Any, where: In, terms: Sequence[str], *more: Any) -> Any:
    """Return the query for pages with all `terms` and what matches `more`; only the latter is scored."""
    build, must = tantivy.Query, tantivy.Occur.Must
    found = [build.term_query(schema, where.value, term, index_option="basic") for term in terms]
    return build.boolean_query(
        [(must, q) for q in (*(build.const_score_query(f, 0.0) for f in found), *more)]
    )
