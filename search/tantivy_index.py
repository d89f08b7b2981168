"""The door to tantivy: a folder on local disk, one writing process, readers that follow its commits.

Layout: <root>/CURRENT names the folder in use, <root>/v<schema>-<random>/ is a tantivy index. Not for network drives:
tantivy maps files and locks with flock.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from records.access import Actor, readable_levels
from records.errors import ArchiveFault, Away
from search.entry import Entry
from search.index import Candidate, Candidates, IndexFacts, index_busy, index_missing, index_unwritable
from search.index_folder import SCHEMA, claim_first, current, new_folder, switch
from search.plan import Clause, In, Plan

_HEAP = 64_000_000  # bytes the writer fills before it starts a new segment
T = TypeVar("T")


def _schema() -> Any:
    """Return the fields of an entry: positions only where quoted phrases look, texts kept where ranking reads."""
    build = tantivy.SchemaBuilder()
    build.add_text_field("doc", stored=True, tokenizer_name="raw", index_option="basic")
    build.add_unsigned_field("page", stored=True)
    for name in ("level", "type", "dossier"):
        build.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    build.add_unsigned_field("year", indexed=True, fast=True)
    for field in (In.EXACT, In.FOLDED, In.TITLE_EXACT, In.TITLE_FOLDED):
        build.add_text_field(field.value, stored=True, tokenizer_name="spaces", index_option="position")
    for field in (In.PAIRS, In.SKIPS, In.TITLE_PAIRS):
        build.add_text_field(field.value, tokenizer_name="spaces", index_option="freq")
    for field in (In.NUMBERS, In.MENTIONS):
        build.add_text_field(field.value, stored=True, tokenizer_name="spaces", index_option="basic")
    return build.build()


def _document(entry: Entry) -> Any:
    document = tantivy.Document()
    document.add_text("doc", entry.document_id)
    document.add_unsigned("page", entry.page)
    document.add_text("level", entry.level.value)
    document.add_text("type", entry.type_code)
    document.add_text("dossier", entry.dossier)
    document.add_unsigned("year", entry.year)
    for field, terms in (
        (In.EXACT, entry.exact),
        (In.FOLDED, entry.folded),
        (In.PAIRS, entry.pairs),
        (In.SKIPS, entry.skips),
        (In.MENTIONS, entry.mentions),
        (In.NUMBERS, entry.numbers),
        (In.TITLE_EXACT, entry.title_exact),
        (In.TITLE_FOLDED, entry.title_folded),
        (In.TITLE_PAIRS, entry.title_pairs),
    ):
        document.add_text(field.value, " ".join(terms))
    return document


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
        self._schema = _schema()
        self._reading = threading.Lock()  # guards what readers share
        self._writing = threading.RLock()  # guards the pen; taken before `_reading`, never after
        self._opened: _Opened | None = None
        self._unlisted = False  # being filled by a rebuild: CURRENT does not name it yet
        self._rebuilding = False
        self._writer: Any = None

    def replace(self, document_id: str, entries: Sequence[Entry]) -> None:
        """See `SearchIndex.replace`."""
        if any(entry.document_id != document_id for entry in entries):
            raise ValueError("an entry of another document")
        with self._pen() as writer:
            writer.delete_documents_by_term("doc", document_id)
            for entry in entries:
                writer.add_document(_document(entry))

    def remove(self, document_id: str) -> None:
        """See `SearchIndex.remove`."""
        with self._pen() as writer:
            writer.delete_documents_by_term("doc", document_id)

    def commit(self) -> None:
        """See `SearchIndex.commit`. Segments that nobody needs any more are deleted."""
        with self._pen() as writer:
            writer.commit()
            writer.garbage_collect_files()

    def find(self, reader: Actor, plan: Plan, limit: int) -> Candidates:
        """See `SearchIndex.find`. The level filter is part of the query, so counts never tell of hidden pages."""
        levels = sorted(level.value for level in readable_levels(reader))
        if not levels or plan.empty:
            return Candidates((), 0)
        searcher = self._searcher()

        def run() -> Candidates:
            result = searcher.search(self._query(plan, levels), limit=max(limit, 1), count=True)
            best = tuple(_candidate(score, searcher.doc(address)) for score, address in result.hits)
            return Candidates(best, result.count)

        return _guarded(run, self._root, index_missing)

    def count(self) -> int:
        """See `SearchIndex.count`."""
        return int(self._searcher().num_docs)

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
            self._writer = _guarded(lambda: index.writer(_HEAP, 1), self._root, index_unwritable)
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
            if writer is not None:
                with contextlib.suppress(ArchiveFault):
                    _guarded(writer.rollback, self._root, index_unwritable)
                    _guarded(writer.wait_merging_threads, self._root, index_unwritable)

    def _open_folder(self, name: str) -> Any:
        """Open the folder `name` of the root as a tantivy index (created when empty)."""
        path = str(self._root / name)
        index = _guarded(lambda: tantivy.Index(self._schema, path, reuse=True), self._root, index_missing)
        index.register_tokenizer("spaces", _spaces())
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

    def _query(self, plan: Plan, levels: list[str]) -> Any:
        query = tantivy.Query
        must, should = tantivy.Occur.Must, tantivy.Occur.Should
        allowed = query.const_score_query(query.term_set_query(self._schema, "level", levels), 0.0)
        clauses = [(must, allowed)]
        for group in plan.must:
            gate = query.boolean_query([(should, self._clause(clause)) for clause in group])
            clauses.append((must, query.const_score_query(gate, 0.0)))
        wanted = [(should, self._clause(clause)) for clause in plan.should]
        if plan.at_least:
            clauses.append((must, query.boolean_query(wanted, minimum_number_should_match=plan.at_least)))
        else:
            clauses += wanted
        return query.boolean_query(clauses)

    def _clause(self, clause: Clause) -> Any:
        query, field = tantivy.Query, clause.where.value
        if clause.edits:
            found = query.fuzzy_term_query(self._schema, field, clause.terms[0], distance=clause.edits)
        elif len(clause.terms) > 1:
            found = query.phrase_query(self._schema, field, list(clause.terms))
        else:
            found = query.term_query(self._schema, field, clause.terms[0], index_option="freq")
        return query.boost_query(found, clause.weight)


def _spaces() -> Any:
    """Return the tokenizer that only cuts at spaces: our tokens decide, not the engine's."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def _candidate(score: float, document: Any) -> Candidate:
    kept = document.to_dict()
    return Candidate(
        document_id=kept["doc"][0],
        page=int(kept["page"][0]),
        score=float(score),
        exact=kept[In.EXACT.value][0],
        folded=kept[In.FOLDED.value][0],
        title_exact=kept[In.TITLE_EXACT.value][0],
        title_folded=kept[In.TITLE_FOLDED.value][0],
        numbers=tuple(kept[In.NUMBERS.value][0].split()),
        mentions=tuple(kept[In.MENTIONS.value][0].split()),
    )
