"""Answer a query: plan, candidates, ranking, and for the hits shown the boxes. No way in without a reader."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from time import perf_counter
from typing import Any, Protocol

from records.access import Action, Actor, authorize
from records.document import Fields, fields_to_json
from records.errors import Unfit
from records.geometry import Box
from records.page import PageText
from search.facets import UNNARROWED, Counts, tally
from search.filters import Facet, Filters
from search.highlight import Kind, highlight, nearest
from search.index import MOST_WITHOUT, Candidate, Candidates, SearchIndex
from search.plan import LONG, Plan, Query, first_stage, parse, second_stage, standing_stage
from search.rank import CITED, Judgement, Match, Ranked, judge, order
from search.strip import Strip, strip_around

WIDE = 100
"""Candidates that are aligned with the query when none of the best few is good (decisions 0173, 0176)."""
_ROOM, _ROOM_BY_DOCUMENT = 1.2, 3.0
"""Pages loaded for one shown: one may turn out not to be the reader's, and a document may answer with several."""
_AT_LEAST = 12
FARTHEST = 1000
"""The last result that can be shown; whoever needs more narrows the query."""
GOOD = 0.6
"""Quality of the best hit below which misread syllables are looked for too."""
_GOOD_LONG = 0.5
"""The same for `LONG` syllables or more: one letter of eleven misread; no other passage comes near (decision 0178)."""


class PageSource(Protocol):
    """Where the shown pages are read. It applies the access rule once more; what is not to be seen is None."""

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the reading of a page, None when absent or not the reader's to see."""
        ...

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return the fields of a document, None when absent or not the reader's to see."""
        ...

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Return at most `limit` ids of documents that are not the reader's to see but whose entries in the index may
        be from when they were: a change is noted and not yet brought there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that answers. `boxes` are in pixels of the page image as delivered, never empty, and `kinds` says how each
    answers; `snippet_marks` are code-point spans (start, end) of `snippet`. `score` runs from 0 to 1; below 0.8 nothing
    stands there as typed. `strip`: the part of the page to show, None when its boxes have no area.
    """

    document_id: str
    page: int
    score: float
    match: Match
    snippet: str
    snippet_marks: tuple[tuple[int, int], ...]
    boxes: tuple[Box, ...]
    kinds: tuple[Kind, ...]
    strip: Strip | None
    fields: Fields


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results, best first. `total` counts all hits; a lower bound when not `total_is_exact`.

    `facets`: on how many of the hits each value stands; when not `facets_are_exact`, of the hits known so far, so that
    narrowing can show more of them. `notes`: sentences for the person about what
    was typed and not understood.
    """

    hits: tuple[Hit, ...]
    total: int
    total_is_exact: bool
    seconds: float
    facets: Counts = field(default_factory=dict)
    facets_are_exact: bool = True
    notes: tuple[str, ...] = ()


def search(
    query: str,
    reader: Actor,
    index: SearchIndex,
    source: PageSource,
    limit: int = 20,
    offset: int = 0,
    *,
    group: bool = False,
    approximate: bool = True,
    filters: Filters = UNNARROWED,
    facets: Collection[Facet] = (),
    among: Collection[str] = (),
) -> Found:
    """Return the pages that answer `query` among those `reader` may see; with `group` the best page of each document.

    Narrowed to `filters` and to the documents `among` (empty: all); `facets` are counted. `approximate=False` leaves
    out what is only close to what was typed. A query in which nothing can be searched for (spaces, punctuation,
    emoji) finds nothing. Raises NotAllowed, Unfit (`query-too-long`, `too-far`), Away (`search-index-missing`).
    """
    started = perf_counter()
    authorize(reader, Action.SEARCH)
    limit, offset = max(limit, 1), max(offset, 0)
    if offset + limit > FARTHEST:
        raise Unfit(
            f"results {offset} to {offset + limit}",
            code="too-far",
            tell=f"Chỉ xem được {FARTHEST} kết quả đầu tiên. Hãy thêm từ vào câu tìm để thu hẹp kết quả.",
        )
    parsed = parse(query)
    if parsed.empty:
        return Found((), 0, True, perf_counter() - started)
    shelf = _Shelf(reader, source)
    wish = _Wish(
        offset + limit,
        parsed.narrowed(filters),
        tuple(facets),
        tuple(among),
        approximate,
        group,
        bool(offset),
    )
    gathered = _Asking(parsed, index, shelf, wish).gather()
    ranked, total, exact = gathered.ranked, gathered.total, gathered.exact
    if offset:
        first = _Asking(parsed, index, shelf, replace(wish, needed=limit, facets=(), later=False)).gather()
        ranked = _behind(first.ranked, ranked, shelf, limit, group=group)
    shown, hidden = _shown(ranked, shelf, parsed, limit, offset, group=group)
    if group:
        total, exact = len({r.candidate.document_id for r in ranked}), exact and total == len(ranked)
    # What the source refused is not counted; whether more of it waits behind this page of results is unknown.
    total = max(total - hidden, len(shown))
    exact = exact and (not hidden or len(shown) < limit)
    seconds = perf_counter() - started
    told = (gathered.facets, gathered.facets_are_exact, parsed.notes)
    return Found(tuple(shown), total, exact, seconds, *told)


@dataclass(frozen=True, slots=True)
class _Wish:
    """How many hits are to be shown (those before them included), among what, and of which kinds.

    `later`: a page of results behind the first. The more pages are looked at, the better is the best of them, so the
    order of the first dozen says nothing of the next; a later page is cut from blocks that are the same for each.
    """

    needed: int
    filters: Filters
    facets: tuple[Facet, ...]
    among: tuple[str, ...]
    approximate: bool
    group: bool
    later: bool = False

    def met_by(self, ranked: Sequence[Ranked]) -> bool:
        """Return whether these are enough: pages, or documents when only the best page of each is shown."""
        found = {one.candidate.document_id for one in ranked} if self.group else ranked
        return len(found) >= self.needed


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Ranked candidates, the number of hits, whether it is exact, and the facets likewise."""

    ranked: list[Ranked]
    total: int
    exact: bool
    facets: Counts
    facets_are_exact: bool


@dataclass(frozen=True, slots=True)
class _Standing:
    """The pages on which the whole query stands; `enough`: nothing else has to be looked for."""

    candidates: tuple[Candidate, ...] = ()
    gathered: _Gathered = field(default_factory=lambda: _Gathered([], 0, True, {}, True))
    enough: bool = False


class _Asking:
    """One query of one reader, with what must stay out of every number.

    Hits are read again in the reader's name, numbers cannot be: so documents that are no longer the reader's while
    the index may still hold them as if they were, are left out of the engine's query itself (decision 0141). When
    they are too many for that, nothing the engine counted is told, only what was looked up one by one.
    """

    def __init__(self, query: Query, index: SearchIndex, shelf: "_Shelf", wish: _Wish) -> None:
        self._query, self._index, self._shelf, self._wish = query, index, shelf, wish
        # Asked before the engine: what is settled by now, the engine answers from (or from something newer).
        unsettled = shelf.unsettled(MOST_WITHOUT + 1)
        self._without, self._settled = unsettled[:MOST_WITHOUT], len(unsettled) <= MOST_WITHOUT
        self._judged: dict[tuple[str, int], Judgement | None] = {}  # a page found again is not aligned again

    def gather(self) -> _Gathered:
        """Return what the engine finds, ranked: pages on which the query stands; when these do not fill the page of
        results, those that come close; misread syllables too when nothing good was found. A long query stands on few
        pages: those that come close are gathered at once, and the engine puts those on which it stands before them.
        """
        at_first = not self._query.long or not self._wish.approximate
        standing = self._standing() if at_first else _Standing()
        if standing.enough:
            return standing.gathered
        first = self._first()
        best = _all_of(standing.candidates, first.best)
        ranked = self._rank(best)
        if not at_first and self._wish.met_by(
            [one for one in ranked if one.judgement.match != "approximate"]
        ):
            standing = self._standing()  # where it stands on more than is shown, they are counted
            if standing.enough:
                return standing.gathered
        if self._wish.approximate and not self._good(ranked) and not first.whole:
            first = first.widened()
            best = _all_of(standing.candidates, first.best)
            ranked = self._rank(best)
        complete = first.whole and self._settled
        if not self._wish.approximate or self._good(ranked) or (ranked and self._query.syllables >= LONG):
            every = len(ranked) == len(first.best) and self._query.selective and self._settled
            total = first.total if every else len(ranked)
            exact = (complete or every) and not (every and first.more)
            if every and not complete:
                return _Gathered(ranked, total, exact, first.facets, facets_are_exact=True)
            return _Gathered(ranked, total, exact, self._tally(ranked), complete)
        second = self._find(second_stage(self._query), (), max(WIDE, self._few()), count=False)
        ranked = self._rank(_all_of(best, second.best))
        complete = complete and second.whole
        return _Gathered(ranked, len(ranked), complete, self._tally(ranked), complete)

    def _standing(self) -> _Standing:
        """Return the pages on which all of the query stands, and whether they are all that is wanted."""
        plan = standing_stage(self._query)
        if plan is None:
            return _Standing()
        found = self._find(plan, self._wish.facets if self._settled else (), self._few())
        ranked = self._rank(found.best)
        numbered = bool(ranked) and ranked[0].judgement.quality > CITED and _numeric(self._query)
        enough = numbered or self._wish.met_by(ranked) or not self._wish.approximate
        every = len(ranked) == len(found.best) and self._settled
        total = found.total if every else len(ranked)
        exact = self._settled and not found.more and (every or found.whole)
        facets, sure = (found.facets, True) if every else (self._tally(ranked), exact)
        return _Standing(found.best, _Gathered(ranked, total, exact, facets, sure), enough)

    def _first(self) -> Candidates:
        """Return what the first stage gathers: all are counted where every match is a hit, and more are at hand for
        when none is good.
        """
        hits, few = self._query.selective and self._settled, self._few()
        facets, spare = self._wish.facets if hits else (), max(WIDE - few, 0)
        return self._find(first_stage(self._query), facets, few, count=hits, spare=spare)

    def _few(self) -> int:
        """Return how many pages are loaded at first."""
        room = _ROOM_BY_DOCUMENT if self._wish.group else _ROOM
        few = max(ceil(room * self._wish.needed), _AT_LEAST)
        return WIDE * ceil(few / WIDE) if self._wish.later else few

    def _find(
        self, plan: Plan, facets: Collection[Facet], pool: int, *, count: bool = True, spare: int = 0
    ) -> Candidates:
        return self._index.find(
            self._shelf.reader,
            plan,
            pool,
            filters=self._wish.filters,
            facets=facets,
            without=self._without,
            among=self._wish.among,
            count=count,
            spare=spare,
        )

    def _rank(self, candidates: Sequence[Candidate]) -> list[Ranked]:
        new = [one for one in candidates if one.place not in self._judged]
        self._judged |= zip((one.place for one in new), judge(self._query, new), strict=True)
        block = WIDE if self._wish.later else max(len(candidates), 1)
        ranked = [
            one
            for some in (candidates[at : at + block] for at in range(0, len(candidates), block))
            for one in order(some, [self._judged[one.place] for one in some])
        ]
        if not self._wish.approximate:
            ranked = [one for one in ranked if one.judgement.match != "approximate"]
        if self._settled:
            return ranked
        return [one for one in ranked if self._shelf.fields(one.candidate.document_id) is not None]

    def _good(self, ranked: Sequence[Ranked]) -> bool:
        """Return whether the best is so good that nothing else has to be looked for."""
        return bool(ranked) and ranked[0].judgement.quality >= (_GOOD_LONG if self._query.long else GOOD)

    def _tally(self, ranked: Sequence[Ranked]) -> Counts:
        return tally((one.candidate.facets for one in ranked), self._wish.facets)


def _all_of(first: Sequence[Candidate], more: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return both, every page once."""
    every: dict[tuple[str, int], Candidate] = {}
    for one in (*first, *more):
        every.setdefault(one.place, one)
    return tuple(every.values())


class _Shelf:
    """The source for one reader and one query: every document is asked for once."""

    def __init__(self, reader: Actor, source: PageSource) -> None:
        self.reader, self._source = reader, source
        self._fields: dict[str, Fields | None] = {}

    def fields(self, document_id: str) -> Fields | None:
        if document_id not in self._fields:
            self._fields[document_id] = self._source.fields(self.reader, document_id)
        return self._fields[document_id]

    def unsettled(self, limit: int) -> list[str]:
        return self._source.unsettled(self.reader, limit)

    def page(self, document_id: str, page: int) -> PageText | None:
        return self._source.page_text(self.reader, document_id, page)


def _behind(
    first: Sequence[Ranked], ranked: Sequence[Ranked], shelf: _Shelf, limit: int, *, group: bool
) -> list[Ranked]:
    """Return `ranked` behind the `limit` hits that the first page of results shows, each hit once."""
    shown: dict[Any, Ranked] = {}
    for one in first:
        if len(shown) < limit and shelf.fields(one.candidate.document_id) is not None:
            shown.setdefault(_what(one, group=group), one)
    return [*shown.values(), *(one for one in ranked if _what(one, group=group) not in shown)]


def _what(ranked: Ranked, *, group: bool) -> Any:
    """Return what of a hit may be shown only once: its document, or its page."""
    return ranked.candidate.document_id if group else ranked.candidate.place


def _shown(
    ranked: list[Ranked], shelf: _Shelf, query: Query, limit: int, offset: int, *, group: bool
) -> tuple[list[Hit], int]:
    """Return the hits of one page of results and how many candidates turned out not to be the reader's to see."""
    shown: list[Hit] = []
    seen: set[str] = set()
    passed = hidden = 0
    for entry in ranked:
        document_id = entry.candidate.document_id
        if len(shown) == limit:
            break
        if group and document_id in seen:
            continue
        fields = shelf.fields(document_id)
        if fields is None:
            hidden += 1
            seen.add(document_id)
            continue
        if passed < offset:
            passed += 1
            seen.add(document_id)
            continue
        page = shelf.page(document_id, entry.candidate.page)
        if page is None:
            hidden += 1
            continue
        seen.add(document_id)
        shown.append(_hit(entry, query, page, fields))
    return shown, hidden


def _hit(entry: Ranked, query: Query, page: PageText, fields: Fields) -> Hit:
    """Return the hit with its boxes: from the words of the page, or from the fields that a title or number matched."""
    light = highlight(query, page)
    boxes, kinds, match = light.boxes, light.kinds, light.match or entry.judgement.match
    if entry.judgement.match != "approximate" and light.match in (None, "approximate"):
        read = _read_from(entry, query, fields)
        kinds = tuple(entry.judgement.match for _ in read) if read else kinds
        boxes, match = read or boxes, entry.judgement.match
    if not boxes:  # known of the document, and not one word of it to be seen on the page
        close = nearest(query, page)
        boxes, kinds = close.boxes, tuple(close.kind for _ in close.boxes)
    return Hit(
        document_id=entry.candidate.document_id,
        page=entry.candidate.page,
        score=entry.score,
        match=match,
        snippet=light.snippet,
        snippet_marks=light.marks,
        boxes=boxes,
        kinds=kinds,
        strip=strip_around(boxes, page.rotation, page.width, page.height),
        fields=fields,
    )


def _read_from(entry: Ranked, query: Query, fields: Fields) -> tuple[Box, ...]:
    """Return where on this page the field was read that answers, () when that is not known."""
    numbered = entry.candidate.numbers and _numeric(query)
    names = ("number",) if numbered else ("subject", "organ_name", "signer_name")
    evidence = [fields.evidence[name] for name in names if name in fields.evidence]
    return next((e.boxes for e in evidence if e.page == entry.candidate.page and e.boxes), ())


def _numeric(query: Query) -> bool:
    return bool(query.loose_number) or any(part.kind == "number" for part in query.parts)


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """Return the hit as `vanthu search --json` prints it; boxes as [x, y, width, height], `crop` in the same pixels."""
    return {
        "document_id": hit.document_id,
        "page": hit.page,
        "score": hit.score,
        "match": hit.match,
        "snippet": hit.snippet,
        "snippet_marks": [list(mark) for mark in hit.snippet_marks],
        "boxes": [box.as_xywh() for box in hit.boxes],
        "kinds": list(hit.kinds),
        "crop": None if hit.strip is None else hit.strip.region.as_xywh(),
        "fields": fields_to_json(hit.fields),
    }
