"""The door to tantivy: a folder on local disk, one writing process, readers that follow its commits.

Layout: <root>/CURRENT names the folder in use, <root>/v<schema>-<random>/ is a tantivy index. Not for network drives:
tantivy maps files and locks with flock.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from records.access import Actor
from records.errors import ArchiveFault, Away
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
    index_busy,
    index_missing,
    index_unwritable,
)
from search.index_folder import claim_first, current, new_folder, switch
from search.plan import Plan
from search.tantivy_entries import (
    FIRST,
    GONE,
    candidate,
    gone,
    page,
    query,
    schema,
    spaces,
)
from search.tantivy_scope import counting, counts, scope

_HEAP = 64_000_000  # bytes the writer fills before it starts a new segment
_HEAP_FILLING = 400_000_000  # the same of a rebuild: every segment costs every query
_AT_ONCE = 5000  # documents a step of `documents` looks up
T = TypeVar("T")


def _guarded(work: Callable[[], T], where: Path, otherwise: Callable[[str], Away]) -> T:
    """Run engine code; whatever it throws becomes a fault of the house (its panics are no `Exception`)."""
    try:
        return work()
    except (ValueError, OSError) as fault:
        if "LockBusy" in str(fault):
            raise index_busy(f"{where}: another writer is open") from fault
        raise otherwise(f"{where}: {fault}") from fault
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":
            raise
        raise otherwise(f"{where}: the engine panicked: {fault}") from None


@dataclass(slots=True)
class _Opened:
    """A tantivy index, the file that changes with every commit, and the state of that file last loaded."""

    index: Any
    meta: Path
    seen: tuple[int, ...] = ()


class TantivyIndex:
    """A `SearchIndex` in a folder. Threads may share it; a forked child must make its own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._schema = schema()
        self._reading = threading.Lock()  # guards what readers share
        self._writing = threading.RLock()  # guards the pen; taken before `_reading`, never after
        self._opened: _Opened | None = None
        self._unlisted = False  # being filled by a rebuild: CURRENT does not name it yet
        self._rebuilding = False
        self._writer: Any = None
        self._written: dict[str, int] = {}  # versions since the last commit, which no searcher sees yet

    def replace(self, document_id: str, entries: Sequence[Entry], version: int = 0) -> None:
        """See `SearchIndex.replace`."""
        check_change(document_id, entries, version)
        with self._pen() as writer:
            known = self._version(document_id)
            if known > version or (known < 0 and not version and not entries):
                return
            writer.delete_documents_by_term("doc", document_id)
            for position, entry in enumerate(entries):
                writer.add_document(page(entry, version, 0 if position else len(entries)))
            if not entries:
                writer.add_document(gone(document_id, version))
            self._written[document_id] = version

    def remove(self, document_id: str, version: int = 0) -> None:
        """See `SearchIndex.remove`."""
        self.replace(document_id, (), version)

    def commit(self) -> None:
        """See `SearchIndex.commit`. Segments that nobody needs any more are deleted."""
        with self._pen() as writer:
            writer.commit()
            self._written.clear()
            writer.garbage_collect_files()

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
        """See `SearchIndex.find`. The access filter is part of the query, so counts never tell of hidden pages."""
        may, left_out, only = allowed(reader), check_without(without), check_without(among)
        if may is None or plan.empty:
            return Candidates((), 0)
        searcher, shown = self._searcher(), max(limit, 1)

        def load(hits: Any) -> tuple[Candidate, ...]:
            return tuple(candidate(score, searcher.doc(address)) for score, address in hits)

        def run() -> Candidates:
            limits = scope(self._schema, may, filters, left_out, only)
            wanted = query(self._schema, plan, limits)
            result = searcher.search(wanted, limit=shown + spare, count=True)
            best, behind = load(result.hits[:shown]), result.hits[shown:]
            told = tally((one.facets for one in best), facets)  # all that matched, mostly
            if facets and result.count > len(best):
                every = query(self._schema, plan.matching, limits)
                told = counts(searcher.aggregate(every, counting(facets)))
            known = COUNTED if count else shown + spare
            return Candidates(
                best,
                min(result.count, known),
                result.count > known,
                told,
                lambda: _guarded(lambda: load(behind), self._root, index_missing),
            )

        return _guarded(run, self._root, index_missing)

    def documents(self, after: str = "") -> Iterator[IndexedVersion]:
        """See `SearchIndex.documents`. The walk sees the commit it began with."""
        searcher, offset = self._searcher(), 0
        while found := self._listed(searcher, offset):
            yield from (known for known in found if known.document_id > after)
            offset += len(found)

    def count(self) -> int:
        """See `SearchIndex.count`."""
        searcher = self._searcher()
        wanted = tantivy.Query.term_query(self._schema, "kind", GONE, index_option="basic")
        removed = _guarded(
            lambda: searcher.search(wanted, limit=1, count=True).count, self._root, index_missing
        )
        return int(searcher.num_docs - removed)

    def probe(self) -> IndexFacts:
        """See `SearchIndex.probe`."""
        return IndexFacts(f"tantivy {version('tantivy')}", SCHEMA, self.count())

    @contextlib.contextmanager
    def rebuild(self) -> "Iterator[TantivyIndex]":
        """See `SearchIndex.rebuild`. Two folders of disk space are needed meanwhile."""
        with self._writing:
            self._hold()
            self._rebuilding = True
        fresh, name = TantivyIndex(self._root), ""
        try:
            name = new_folder(self._root)
            fresh._adopt(name)
            fresh._unlisted = True
            yield fresh
            fresh.commit()
            fresh.close()
            self._let_go()
            switch(self._root, name)
        except BaseException:
            fresh.close()
            if name:
                shutil.rmtree(self._root / name, ignore_errors=True)
            raise
        finally:
            self._rebuilding = False

    def close(self) -> None:
        """See `SearchIndex.close`."""
        self._let_go()
        with self._reading:
            self._opened = None

    @contextlib.contextmanager
    def _pen(self) -> Iterator[Any]:
        """Lend the writer. After a failed write it is dropped, because tantivy's writer does not recover."""
        with self._writing:
            if self._rebuilding:
                raise index_busy(f"{self._root}: being rebuilt")
            writer = self._taken()
            try:
                yield writer
            except BaseException as fault:
                self._let_go()
                if isinstance(fault, ValueError | OSError) or type(fault).__name__ == "PanicException":
                    raise index_unwritable(f"{self._root}: {fault}") from fault
                raise

    def _taken(self) -> Any:
        """Return the writer, opened if need be. Only where there has never been an index a new one is made;
        a damaged one waits for `rebuild`, because a new and empty one would look like an empty archive.
        """
        if self._writer is None:
            if not self._unlisted and not current(self._root):
                name = new_folder(self._root)
                self._open_folder(name)
                claim_first(self._root, name)
            with self._reading:
                index = self._followed().index
            heap = _HEAP_FILLING if self._unlisted else _HEAP
            self._writer = _guarded(lambda: index.writer(heap, 1), self._root, index_unwritable)
        return self._writer

    def _hold(self) -> None:
        """Take the pen of the index in use, if there is one fit for writing; raises Away when another has it."""
        try:
            if current(self._root):
                self._taken()
        except Away as fault:
            if fault.code == "search-index-busy":
                raise  # else it is damaged or foreign: the best reason to rebuild

    def _let_go(self) -> None:
        """Give the pen back; what was not committed is gone."""
        with self._writing:
            writer, self._writer = self._writer, None
            self._written.clear()
            if writer is not None:
                with contextlib.suppress(ArchiveFault):
                    _guarded(writer.rollback, self._root, index_unwritable)
                    _guarded(writer.wait_merging_threads, self._root, index_unwritable)

    def _open_folder(self, name: str) -> Any:
        """Open the folder `name` of the root as a tantivy index (created when empty)."""
        path = str(self._root / name)
        index = _guarded(lambda: tantivy.Index(self._schema, path, reuse=True), self._root, index_missing)
        index.register_tokenizer("spaces", spaces())
        index.config_reader("manual")
        return index

    def _adopt(self, name: str) -> _Opened:
        """Open the folder `name` and make it the one this object reads and writes."""
        self._opened = _Opened(self._open_folder(name), self._root / name / "meta.json")
        return self._opened

    def _followed(self) -> _Opened:
        """Return the index in use, opened anew when a rebuild elsewhere has moved CURRENT (hold `_reading`)."""
        if self._unlisted and self._opened:
            return self._opened
        name = current(self._root)
        if not name:
            raise index_missing(f"{self._root}: there is no index yet")
        if self._opened and self._opened.meta.parent.name == name:
            return self._opened
        return self._adopt(name)

    def _searcher(self) -> Any:
        """Return a searcher on the newest commit, of whichever process; looking costs one read and two `stat`."""
        with self._reading:
            opened = self._followed()
            stat = _guarded(opened.meta.stat, self._root, index_missing)
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != opened.seen:
                _guarded(opened.index.reload, self._root, index_missing)
                opened.seen = seen
            return opened.index.searcher()

    def _version(self, document_id: str) -> int:
        """Return the version last written of the document, -1 when nothing is known of it (hold the pen)."""
        if document_id in self._written:
            return self._written[document_id]
        searcher = self._searcher()
        wanted = tantivy.Query.term_query(self._schema, "doc", document_id, index_option="basic")

        def look() -> int:
            hits = searcher.search(wanted, limit=1, count=False).hits
            versions = searcher.fast_field_values("version", [address for _, address in hits])
            return int(versions[0]) if versions else -1

        return _guarded(look, self._root, index_missing)

    def _listed(self, searcher: Any, offset: int) -> list[IndexedVersion]:
        """Return some documents by id, from the one numbered `offset`."""
        wanted = tantivy.Query.term_query(self._schema, "kind", FIRST, index_option="basic")
        ordered = {"count": False, "order_by_field": "doc", "order": tantivy.Order.Asc}

        def look() -> list[IndexedVersion]:
            hits = searcher.search(wanted, limit=_AT_ONCE, offset=offset, **ordered).hits
            places = [address for _, address in hits]
            columns = [searcher.fast_field_values(name, places) for name in ("version", "pages")]
            return [
                IndexedVersion(name, int(version), int(pages))
                for (name, _), version, pages in zip(hits, *columns, strict=True)
            ]

        return _guarded(look, self._root, index_missing)
