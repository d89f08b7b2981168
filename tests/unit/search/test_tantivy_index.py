"""The tantivy folder: the shared cases, then what only a folder and two processes can do."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.errors import ArchiveFault, Away, Unfit
from search.facets import COUNTED, FacetCount
from search.filters import Facet
from search.index import SCHEMA, SearchIndex, open_index
from search.tantivy_index import TantivyIndex
from tests.cases.search_facets import FacetCases, counts_beyond
from tests.cases.search_index import SearchIndexCases, ask, names, put

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chỉ mục %41"


@pytest.fixture
def index(folder: Path) -> Iterator[SearchIndex]:
    made = TantivyIndex(folder)
    yield made
    made.close()


class TestTantivyIndex(SearchIndexCases, FacetCases):
    """Every case of the port."""

    def test_counts_end_at_ten_thousand(self, index: SearchIndex) -> None:
        found = counts_beyond(index, COUNTED + 500)
        assert found.facets[Facet.ISSUER] == (FacetCount("CƠ QUAN", COUNTED, more=True),)


def _elsewhere(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in another process, with `index` open on the folder."""
    head = (
        "import sys; from pathlib import Path; from search.tantivy_index import TantivyIndex\n"
        "from tests.cases.search_index import ask, names, put\n"
        "index = TantivyIndex(Path(sys.argv[1]))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", head + code, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("act", [lambda i: i.count(), lambda i: i.probe(), lambda i: ask(i, "đảng")])
def test_no_index_is_a_fault_and_never_an_empty_answer(index: SearchIndex, folder: Path, act) -> None:
    with pytest.raises(Away) as fault:
        act(index)
    assert fault.value.code == "search-index-missing"
    assert "vanthu reindex" in fault.value.tell
    assert not folder.exists(), "reading makes nothing"


def test_commit_makes_an_empty_index(index: SearchIndex) -> None:
    index.commit()
    assert index.count() == 0
    assert ask(index, "đảng").total == 0
    assert index.probe().schema == SCHEMA


def _segments(folder: Path) -> Path:
    return next(folder.glob(f"v{SCHEMA}-*"))


def _delete_all(folder: Path) -> None:
    shutil.rmtree(_segments(folder))


def _no_meta(folder: Path) -> None:
    (_segments(folder) / "meta.json").unlink()


def _torn_meta(folder: Path) -> None:
    (_segments(folder) / "meta.json").write_text('{"segments": [', encoding="utf-8")


def _torn_terms(folder: Path) -> None:
    for path in _segments(folder).glob("*.term"):
        path.write_bytes(b"x")


def _torn_store(folder: Path) -> None:
    for path in _segments(folder).glob("*.store"):
        path.write_bytes(b"")


def _other_version(folder: Path) -> None:
    (folder / "CURRENT").write_text("v0-1234\n", encoding="utf-8")


def _path_out(folder: Path) -> None:
    (folder / "CURRENT").write_text(f"v{SCHEMA}-/../../etc\n", encoding="utf-8")


def _garbage_pointer(folder: Path) -> None:
    (folder / "CURRENT").write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    "damage",
    [
        _delete_all,
        _no_meta,
        _torn_meta,
        _torn_terms,
        _torn_store,
        _other_version,
        _path_out,
        _garbage_pointer,
    ],
)
def test_a_damaged_index_is_a_fault_until_it_is_rebuilt(folder: Path, damage) -> None:
    first = TantivyIndex(folder)
    put(first, "d1", "nội dung văn bản")
    first.commit()
    first.close()
    damage(folder)
    index = TantivyIndex(folder)
    with pytest.raises(Away) as fault:
        ask(index, "nội dung")
    assert fault.value.code == "search-index-missing"
    with pytest.raises(Away):
        _ = [put(index, "d2", "nội dung"), index.commit(), ask(index, "nội dung")]
    with index.rebuild() as fresh:
        put(fresh, "d3", "nội dung mới")
    assert names(ask(index, "nội dung")) == [("d3", 1)]
    assert len(list(folder.glob("v*"))) == 1, "the damaged folder is gone"
    index.close()


def test_a_second_writer_is_told_so_and_reads_on(index: SearchIndex, folder: Path) -> None:
    put(index, "d1", "nội dung")
    index.commit()
    second = TantivyIndex(folder)
    assert names(ask(second, "nội dung")) == [("d1", 1)]
    for write in (lambda: put(second, "d2", "x"), second.commit, lambda: second.rebuild().__enter__()):
        with pytest.raises(Away) as fault:
            write()
        assert fault.value.code == "search-index-busy"
    index.close()
    put(second, "d2", "nội dung")
    second.commit()
    assert ask(index, "nội dung").total == 2
    second.close()


def test_other_processes_see_each_commit_and_each_rebuild(index: SearchIndex, folder: Path) -> None:
    put(index, "d1", "nội dung")
    index.commit()
    done = _elsewhere("print(names(ask(index, 'nội dung')))", folder)
    assert done.stdout.strip() == "[('d1', 1)]", done.stderr
    index.close()
    done = _elsewhere("put(index, 'd2', 'nội dung'); index.commit()", folder)
    assert done.returncode == 0, done.stderr
    assert ask(index, "nội dung").total == 2
    done = _elsewhere("with index.rebuild() as fresh:\n    put(fresh, 'd9', 'nội dung')", folder)
    assert done.returncode == 0, done.stderr
    assert names(ask(index, "nội dung")) == [("d9", 1)]
    put(index, "d10", "nội dung")
    index.commit()
    assert ask(index, "nội dung").total == 2


def test_a_killed_writer_leaves_the_last_commit_and_no_lock(index: SearchIndex, folder: Path) -> None:
    code = (
        "import os, signal\nput(index, 'd1', 'nội dung'); index.commit(); put(index, 'd2', 'nội dung')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert _elsewhere(code, folder).returncode == -9
    assert names(ask(index, "nội dung")) == [("d1", 1)]
    put(index, "d2", "nội dung")
    index.commit()
    assert ask(index, "nội dung").total == 2


def test_two_first_writers_make_one_index(folder: Path) -> None:
    made = [TantivyIndex(folder) for _ in range(4)]
    gate = threading.Barrier(4)
    faults: list[str] = []

    def begin(index: TantivyIndex) -> None:
        gate.wait()
        try:
            index.commit()
        except ArchiveFault as fault:
            faults.append(fault.code)

    threads = [threading.Thread(target=begin, args=(index,)) for index in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(faults) <= {"search-index-busy"}
    assert len(faults) == 3
    assert len(list(folder.glob(f"v{SCHEMA}-*"))) == 1
    for index in made:
        index.close()


def test_many_threads_read_while_one_writes(index: SearchIndex) -> None:
    put(index, "d0", "nội dung")
    index.commit()
    totals: list[int] = []

    def read() -> None:
        totals.extend(ask(index, "nội dung", limit=50).total for _ in range(40))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(1, 20):
        put(index, f"d{n}", "nội dung")
        index.commit()
    for thread in threads:
        thread.join()
    assert len(totals) == 160
    assert ask(index, "nội dung").total == 20


def test_commits_leave_no_rubbish(index: SearchIndex, folder: Path) -> None:
    for _ in range(60):
        put(index, "d1", "nội dung văn bản thay đổi")
        index.commit()
    index.close()
    assert len(list(_segments(folder).iterdir())) < 60


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Away) as fault:
        TantivyIndex(tmp_path / "file" / "index").commit()
    assert fault.value.code in ("search-index-unwritable", "search-index-missing")


def test_addresses(tmp_path: Path) -> None:
    folder = tmp_path / "có dấu"
    opened = open_index("tantivy://" + str(folder).replace(" ", "%20"))
    opened.commit()
    assert (folder / "CURRENT").exists()
    opened.close()
    for url in (
        "",
        "tantivy:",
        "tantivy://relative/path",
        "http://localhost:9200",
        "file:///tmp/x",
        "tantivy:///a\x00",
    ):
        with pytest.raises(ArchiveFault) as fault:
            open_index(url).commit()
        assert isinstance(fault.value, Unfit | Away)
