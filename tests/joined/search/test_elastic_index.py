"""The index on a real Elasticsearch: the shared cases, then what only several writers on a server can do."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.client import IndicesClient

from records.errors import ArchiveFault, Away
from search import elastic_index, elastic_write
from search.elastic_door import Door
from search.elastic_index import ElasticIndex
from search.index import IndexedVersion, SearchIndex, index_away, index_refused, open_index
from tests.cases.search_facets import FacetCases
from tests.cases.search_index import (
    HISTORY,
    SearchIndexCases,
    ask,
    deliver,
    holds_only_version,
    names,
    put,
)

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]
Address = tuple[str, str, str]


@pytest.fixture
def index(elastic: Address, server: Elasticsearch) -> Iterator[SearchIndex]:
    made = open_index(*elastic)
    made.commit()
    yield made
    made.close()


class TestElasticIndex(SearchIndexCases, FacetCases):
    """Every case of the port."""


class _Paused(Door):
    """A door that lets something happen before its n-th call."""

    def __init__(self, account: Address, nth: int, act: Callable[[], object]) -> None:
        super().__init__(account[0].rsplit("/", 1)[0], *account[1:])
        self._left, self._act = nth, act

    def call(self, work):
        self._left -= 1
        if not self._left:
            self._act()
        return super().call(work)


def writer_that_pauses(elastic: Address, nth: int, act: Callable[[], object]) -> ElasticIndex:
    """A writer that reads heads (1), wins the head (2) and writes pages (3), and does `act` before one of them."""
    made = ElasticIndex(*elastic[0].rsplit("/", 1), *elastic[1:])
    made._door = _Paused(elastic, nth, act)
    return made


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("late", [1, 3, 4])
def test_a_writer_that_sleeps_at_any_step_overwrites_nothing(
    index: SearchIndex, elastic: Address, nth: int, late: int
) -> None:
    sleeper = writer_that_pauses(elastic, nth, lambda: deliver(index, "d", len(HISTORY)))
    deliver(sleeper, "d", late)
    sleeper.commit()
    sleeper.close()
    holds_only_version(index, "d", len(HISTORY))


@pytest.mark.parametrize("nth", [2, 3])
def test_a_writer_that_dies_half_way_is_seen_and_followed(
    index: SearchIndex, elastic: Address, nth: int
) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    put(index, "d", "nội dung cũ", "trang hai", "trang ba", version=1)
    half = writer_that_pauses(elastic, nth, die)
    with pytest.raises(Killed):
        put(half, "d", "nội dung mới", version=2)
    half.close()
    index.commit()
    assert list(index.documents()) == [IndexedVersion("d", 1, 3)], "told as old, so that it is written again"
    put(index, "d", "nội dung mới", version=2)
    index.commit()
    assert list(index.documents()) == [IndexedVersion("d", 2, 1)]


def elsewhere(code: str, elastic: Address) -> "subprocess.Popen[str]":
    """Begin `code` in another process, with `index` open on the same alias."""
    head = (
        "import os, random, signal, sys\nfrom search.index import open_index\n"
        "from tests.cases.search_index import deliver, names, put, ask\n"
        "index = open_index(*sys.argv[1:4])\n"
    )
    command = [sys.executable, "-c", head + code, *elastic]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def test_two_processes_write_the_same_documents(index: SearchIndex, elastic: Address) -> None:
    code = (
        "todo = [(name, version) for name in 'abc' for version in range(1, 7)]\n"
        "random.Random({seed}).shuffle(todo)\n"
        "for name, version in todo: deliver(index, name, version)\n"
        "index.commit(); index.close()"
    )
    for process in [elsewhere(code.format(seed=seed), elastic) for seed in (1, 2)]:
        ended(process)
    for name in "abc":
        holds_only_version(index, name, len(HISTORY))
    assert index.count() == 3 * HISTORY[-1]


def test_requests_are_of_bounded_size(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_write, "MOST_ITEMS", 7)
    monkeypatch.setattr(elastic_write, "MOST_BYTES", 3000)
    monkeypatch.setattr(elastic_index, "_AT_ONCE", 4)
    put(index, "a", *["nội dung"] * 20, "dài " * 2000, version=1)
    put(index, "b", *["nội dung"] * 9, version=1)
    index.commit()
    assert list(index.documents()) == [IndexedVersion("a", 1, 21), IndexedVersion("b", 1, 9)]
    sizes = [len(part) for part in elastic_write._parts([({"n": n}, {"t": "x" * 1000}) for n in range(9)])]
    assert sizes == [2, 2, 2, 2, 1]


def test_pages_put_there_past_us_are_removed_too(index: SearchIndex, server: Elasticsearch) -> None:
    put(index, "d", "nội dung", version=1)
    index.commit()
    (name,) = indices(server, index)
    page = server.get(index=name, id="d:1")["_source"]
    for number in (1, 2):
        server.index(index=name, id=f"ghost:{number}", document={**page, "doc": "ghost", "page": number})
    index.commit()
    assert [known.document_id for known in index.documents()] == ["d", "ghost"]
    index.remove("ghost", version=1)  # the version it was listed with
    index.commit()
    assert list(index.documents()) == [IndexedVersion("d", 1, 1)]


def indices(server: Elasticsearch, index: SearchIndex) -> list[str]:
    """Return every index of ours on the server."""
    alias = repr(index).rstrip(")").rsplit("/", 1)[1]
    return sorted(server.indices.get(index=f"{alias}-v*", expand_wildcards="all"))


def test_a_rebuild_while_others_search_and_write(index: SearchIndex, elastic: Address) -> None:
    """Twice over: nobody gets a fault or an empty answer, and nothing written meanwhile is missing."""
    stop, faults, totals, written = threading.Event(), [], [], []
    for n in range(5):
        put(index, f"d{n}", "nội dung", version=1)
    index.commit()

    def guarded(step: Callable[[int], object]) -> None:
        n = 0
        try:
            while not stop.is_set():
                step(n)
                n += 1
        except BaseException as fault:  # noqa: BLE001  told below
            faults.append(fault)

    def read(_: int) -> None:
        totals.append(ask(index, "nội dung", limit=100).total)

    def write(n: int) -> None:
        # the row comes first, as it does in the walk: a rebuild reads what rows there are
        written.append(f"w{n}")
        put(index, f"w{n}", "nội dung", version=1)
        index.commit()

    threads = [threading.Thread(target=guarded, args=(step,)) for step in (read, read, write)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        with index.rebuild() as fresh:
            rows = [*[f"d{n}" for n in range(5)], *written]  # read inside the block, as rows are
            for name in rows:
                put(fresh, name, "nội dung", version=1)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert totals
    assert min(totals) >= 5
    index.commit()
    there = {known.document_id for known in index.documents()}
    assert there == {f"d{n}" for n in range(5)} | set(written)


def test_a_server_that_is_slow_over_the_last_refresh_is_waited_for(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    with index.rebuild() as fresh:
        assert isinstance(fresh, ElasticIndex)
        put(fresh, "d1", "nội dung", version=1)
        shown, tries = fresh._show, list[object]()

        def slow(names: Sequence[str]) -> None:
            tries.append(names)
            if len(tries) < 4:
                raise index_away("timed out")
            shown(names)

        monkeypatch.setattr(fresh, "_show", slow)
        fresh.commit()
    assert len(tries) >= 4
    assert index.count() == 1


def test_what_a_rebuild_filled_is_merged_behind_it(index: SearchIndex, server: Elasticsearch) -> None:
    (old,) = indices(server, index)
    with index.rebuild() as fresh:
        for n in range(3):
            put(fresh, f"d{n}", "nội dung", version=1)
            fresh.commit()  # a piece each
        (name,) = set(indices(server, index)) - {old}
        assert len(pieces(server, name)) == 3
    deadline = time.monotonic() + 60
    while len(pieces(server, name)) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(pieces(server, name)) == 1
    assert ask(index, "nội dung").total == 3


def pieces(server: Elasticsearch, name: str) -> list[str]:
    """Return the segments that are searched."""
    rows: list[dict[str, str]] = server.cat.segments(index=name, format="json").body  # type: ignore[assignment]
    return [row["segment"] for row in rows if row["searchable"] == "true"]


def test_a_rebuild_that_cannot_be_merged_is_in_use_all_the_same(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise index_refused("403 security_exception")

    monkeypatch.setattr(IndicesClient, "forcemerge", refused)
    with index.rebuild() as fresh:
        put(fresh, "d", "nội dung", version=1)
    assert names(ask(index, "nội dung")) == [("d", 1)]
    assert "not merged" in caplog.text


def test_a_killed_rebuild_costs_nothing_and_is_cleared_away(
    index: SearchIndex, elastic: Address, server: Elasticsearch
) -> None:
    put(index, "old", "nội dung", version=1)
    index.commit()
    code = (
        "with index.rebuild() as fresh:\n"
        "    put(fresh, 'half', 'nội dung', version=1); fresh.commit()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = elsewhere(code, elastic)
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    assert len(indices(server, index)) == 2
    assert names(ask(index, "nội dung")) == [("old", 1)]
    put(index, "later", "nội dung", version=1)
    index.commit()
    assert ask(index, "nội dung").total == 2
    with index.rebuild() as fresh:
        put(fresh, "new", "nội dung", version=1)
    assert len(indices(server, index)) == 1
    assert names(ask(index, "nội dung")) == [("new", 1)]


def test_a_second_rebuild_takes_over(index: SearchIndex, elastic: Address, server: Elasticsearch) -> None:
    second = open_index(*elastic)
    with pytest.raises(Away) as fault, index.rebuild() as slow:
        put(slow, "slow", "nội dung", version=1)
        with second.rebuild() as quick:
            put(quick, "quick", "nội dung", version=1)
        put(slow, "slow2", "nội dung", version=1)
    assert fault.value.code == "search-index-busy"
    assert names(ask(index, "nội dung")) == [("quick", 1)]
    assert len(indices(server, index)) == 1
    second.close()


def test_first_writers_at_once_make_one_index(elastic: Address, server: Elasticsearch) -> None:
    made = [open_index(*elastic) for _ in range(4)]
    gate = threading.Barrier(4)
    faults: list[ArchiveFault] = []

    def begin(index: SearchIndex) -> None:
        gate.wait()
        try:
            index.commit()
        except ArchiveFault as fault:
            faults.append(fault)

    threads = [threading.Thread(target=begin, args=(one,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(indices(server, made[0])) == 1
    for one in made:
        assert one.count() == 0
        one.close()
