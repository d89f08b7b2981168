"""The index on an Elasticsearch server: any number of writers and readers, the newest version of a document wins.

The port is `search.index`; what an entry is there, who writes how and which index is ours stand in the files beside.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from math import inf
from typing import Any, TypeVar

from elasticsearch import Elasticsearch

from records.access import Actor
from records.errors import ArchiveFault, Away
from search.elastic_door import PATIENCE, Door
from search.elastic_entries import candidate, query
from search.elastic_place import Place, pen
from search.elastic_scope import counting, counts, scope
from search.elastic_write import Change, write
from search.entry import Entry
from search.facets import COUNTED, UNNARROWED, tally
from search.filters import Facet, Filters
from search.index import (
    SCHEMA,
    Candidate,
    Candidates,
    IndexedVersion,
    IndexFacts,
    allowed,
    check_change,
    check_without,
    index_away,
    index_busy,
    index_missing,
)
from search.plan import Plan

MOST = 10_000
"""Candidates one query can give (the server's limit)."""
_AT_ONCE = 5000  # pages a step of `documents` looks up
_MOVES = 4  # how often an index may be exchanged under one call
_PAGES = {"exists": {"field": "level"}}  # no head, and nothing that is left of a removed page
_SURE = 1.0  # seconds for which a search does not ask again whose index it is that found nothing
_FILL = 500  # pages a rebuild gathers before it writes
_REFRESHES = 60  # how often the refresh of a filled index is asked for; one lasts as long as the door waits
_ON_THE_WAY = 2  # requests of a rebuild at once: the server works on one with one thread
T = TypeVar("T")


class ElasticIndex:
    """A `SearchIndex` on a server. Threads and processes may share it; a forked child must make its own.

    A change is durable when `replace` or `remove` returns; `commit` makes it visible.
    """

    def __init__(self, address: str, alias: str, user: str = "", password: str = "") -> None:
        self._door = Door(address, user, password)
        self._place = Place(self._door, alias)
        self._sure = -inf  # when an answer was last known to come from our index

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._door.address}/{self._place.alias})"

    def replace(self, document_id: str, entries: Sequence[Entry], version: int = 0) -> None:
        """See `SearchIndex.replace`. A writer never makes an index: where there is none, `commit` does."""
        check_change(document_id, entries, version)
        self._put(Change(document_id, tuple(entries), version))

    def remove(self, document_id: str, version: int = 0) -> None:
        """See `SearchIndex.remove`."""
        self.replace(document_id, (), version)

    def commit(self) -> None:
        """See `SearchIndex.commit`."""
        self._following(lambda: self._show(self._place.shown()))

    def find(
        self,
        reader: Actor,
        plan: Plan,
        limit: int,
        *,
        filters: Filters = UNNARROWED,
        facets: Collection[Facet] = (),
        without: Collection[str] = (),
        among: Collection[str] = (),
        count: bool = True,
        spare: int = 0,
    ) -> Candidates:
        """See `SearchIndex.find`. Rights, filters and what is left out are part of the one query that counts too."""
        may, left_out, only = allowed(reader), check_without(without), check_without(among)
        if may is None or plan.empty:
            return Candidates((), 0)
        limits, shown = scope(may, filters, left_out, only), min(max(limit, 1), MOST)
        wanted, spare = query(plan, limits), min(spare, MOST - shown)
        looked = shown + spare

        def ask(
            asked: dict[str, Any], first: int, size: int, total: int | bool, **more: Any
        ) -> dict[str, Any]:
            def search(es: Elasticsearch) -> dict[str, Any]:
                return _whole(
                    es.search(
                        index=self._name,
                        query=asked,
                        from_=first,
                        size=size,
                        track_total_hits=total,
                        search_type="dfs_query_then_fetch",  # the same scores on one shard and on many
                        allow_partial_search_results=False,
                        timeout=PATIENCE,
                        **more,
                    ).body
                )

            return self._following(lambda: self._trusted(self._door.call(search), lately=_SURE))

        def further() -> tuple[Candidate, ...]:
            return tuple(candidate(hit) for hit in ask(wanted, shown, spare, False)["hits"]["hits"])

        # Told no more than whether there is more, the server passes over pages that cannot be among the best; all of
        # them are counted by what decides about matching alone, and only where not all of them are at hand.
        answer = ask(wanted, 0, shown, looked + 1)
        matched = answer["hits"]["total"]["value"]
        best = tuple(candidate(hit) for hit in answer["hits"]["hits"])
        told, known = tally((one.facets for one in best), facets), COUNTED if count else looked
        if (count and matched > looked) or (facets and matched > len(best)):
            counted = {"aggregations": counting(facets)} if facets else {}
            every = ask(query(plan.matching, limits), 0, 0, COUNTED + 1, **counted)
            matched = max(matched, every["hits"]["total"]["value"])  # pages may have come or gone in between
            told = counts(every.get("aggregations", {}))
        return Candidates(
            best, min(matched, known), matched > known, told, further if spare and matched > shown else tuple
        )

    def documents(self, after: str = "") -> Iterator[IndexedVersion]:
        """See `SearchIndex.documents`. The pages themselves are counted, not what a head says of them."""
        for document_id, rows in groupby(self._rows(after), key=lambda row: row[0]):
            versions = [version for _, version in rows]
            yield IndexedVersion(document_id, min(versions), len(versions))

    def count(self) -> int:
        """See `SearchIndex.count`."""

        def ask(es: Elasticsearch) -> dict[str, Any]:
            return _whole(es.count(index=self._name, query=_PAGES).body)

        return int(self._following(lambda: self._trusted(self._door.call(ask)))["count"])

    def probe(self) -> IndexFacts:
        """See `SearchIndex.probe`."""
        nodes = self._door.call(lambda es: es.nodes.info(filter_path="nodes.*.version"))["nodes"].values()
        versions = sorted({node["version"] for node in nodes})
        return IndexFacts(f"elasticsearch {', '.join(versions)}", SCHEMA, self.count())

    @contextlib.contextmanager
    def rebuild(self) -> "Iterator[ElasticIndex]":
        """See `SearchIndex.rebuild`. Twice the disk space is needed meanwhile.

        Others write into both indices until the switch. A rebuild that is begun while another runs takes over; the
        other one ends with `search-index-busy`.
        """
        name = self._place.draw()
        fresh = _Filling(self._door.another(), self._place.alias, name)
        try:
            yield fresh
            fresh.commit()
        except BaseException:
            with contextlib.suppress(ArchiveFault):
                self._place.clear(name)  # else the next rebuild does
            raise
        finally:
            fresh.close()
        # From here on `name` is never deleted on a fault: an answer that was lost may have been a yes.
        self._place.switch(name)
        self._place.pack(name)

    def close(self) -> None:
        """See `SearchIndex.close`."""
        self._door.close()

    @property
    def _name(self) -> str:
        return self._place.alias

    def _put(self, change: Change) -> None:
        def put() -> None:
            for name in self._place.writable():
                write(self._door, pen(name), [change])

        self._following(put)

    def _show(self, names: Sequence[str]) -> None:
        self._door.call(lambda es: _whole(es.indices.refresh(index=list(names)).body))

    def _trusted(self, answer: dict[str, Any], *, lately: float = 0.0) -> dict[str, Any]:
        """Return `answer` once it is sure to come from one index of ours. An empty one tells nothing of itself: then
        the alias is asked, unless another answer was sure in the last `lately` seconds.
        """
        names = {hit["_index"] for hit in answer.get("hits", {}).get("hits", ())}
        now = time.monotonic()
        if not names and now - self._sure < lately:
            return answer
        names = names or {self._place.current()}
        if len(names) > 1:
            raise index_missing(f"{self._name} names several indices: {', '.join(sorted(names))}")
        self._place.trust(*names)
        self._sure = now
        return answer

    def _following(self, work: Callable[[], T]) -> T:
        """Run `work`, again when the index was exchanged by a rebuild meanwhile. Raises Away when it is gone."""
        for _ in range(_MOVES):
            try:
                return work()
            except Away as fault:
                if fault.code != "search-index-missing":
                    raise
                last = fault
                self._place.current()
        raise last

    def _rows(self, after: str) -> Iterator[tuple[str, int]]:
        """Yield (document, version) of every page, by document and page, in steps that hold nothing open."""
        behind: list[Any] = [after, 2**31 - 1]
        while True:

            def ask(es: Elasticsearch, behind: list[Any] = behind) -> dict[str, Any]:
                return _whole(
                    es.search(
                        index=self._name,
                        query=_PAGES,
                        size=_AT_ONCE,
                        sort=[{"doc": "asc"}, {"page": "asc"}],
                        search_after=behind,
                        source=False,
                        docvalue_fields=[{"field": "version"}],
                        track_total_hits=False,
                        allow_partial_search_results=False,
                    ).body
                )

            hits = self._following(lambda: self._trusted(self._door.call(ask)))["hits"]["hits"]
            yield from ((hit["sort"][0], int(hit["fields"]["version"][0])) for hit in hits)
            if len(hits) < _AT_ONCE:
                return
            behind = hits[-1]["sort"]


class _Filling(ElasticIndex):
    """The index a rebuild fills: known by its own name, written in larger pieces."""

    def __init__(self, door: Door, alias: str, name: str) -> None:
        self._door, self._place = door, Place(door, alias)
        self._filled = name
        self._gathering = threading.Lock()
        self._gathered: dict[str, Change] = {}
        self._senders = ThreadPoolExecutor(_ON_THE_WAY, thread_name_prefix="rebuild")
        self._sent: deque[Future[None]] = deque()

    @property
    def _name(self) -> str:
        return self._filled

    def commit(self) -> None:
        """See `SearchIndex.commit`."""
        with self._gathering:
            self._pour()
            self._await(0)
        self._following(self._show_at_last)

    def close(self) -> None:
        """See `SearchIndex.close`."""
        with self._gathering:
            self._gathered.clear()
            self._senders.shutdown(cancel_futures=True)
            self._sent.clear()
        super().close()

    def _put(self, change: Change) -> None:
        with self._gathering:
            known = self._gathered.get(change.document_id)
            if known is None or known.version <= change.version:
                self._gathered[change.document_id] = change
            if sum(len(each.entries) or 1 for each in self._gathered.values()) >= _FILL:
                self._pour()

    def _pour(self) -> None:
        """Send what was gathered, and wait while too much is on its way (hold `_gathering`).

        Two deliveries of one document may overtake each other; the newer version wins as everywhere.
        """
        gathered = list(self._gathered.values())
        self._gathered.clear()
        self._sent.append(self._senders.submit(self._send, gathered))
        self._await(_ON_THE_WAY)

    def _show_at_last(self) -> None:
        """Make visible what was filled, however long a busy server takes over it, as long as it answers at all.

        The refresh goes on in the server when the door waits no longer, so asking again is waiting on.
        """
        for _ in range(_REFRESHES):
            try:
                return self._show([self._filled])
            except Away as fault:
                if fault.code != "search-index-away":
                    raise
                slow = fault
            self._door.call(lambda es: es.indices.exists(index=self._filled))
        raise slow

    def _send(self, gathered: list[Change]) -> None:
        self._following(lambda: write(self._door, pen(self._filled), gathered))

    def _await(self, most: int) -> None:
        """Wait until at most `most` requests are on their way. Raises what one of them raised."""
        while len(self._sent) > most:
            self._sent.popleft().result()

    def _following(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except Away as fault:
            if fault.code == "search-index-missing":
                raise index_busy(f"{self._filled}: gone; another rebuild has taken over ({fault})") from fault
            raise

    def _trusted(self, answer: dict[str, Any], *, lately: float = 0.0) -> dict[str, Any]:
        return answer


def _whole(answer: dict[str, Any]) -> dict[str, Any]:
    """Return `answer` when every shard gave its part. Raises Away (`search-index-away`)."""
    failed = answer["_shards"]["failed"]
    if failed or answer.get("timed_out"):
        raise index_away(
            f"{failed} shards did not answer" if failed else "the search was not finished in time"
        )
    return answer
