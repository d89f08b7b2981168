"""A watched folder: nothing is ready that is still written, renamed, half, or unmarked."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.watch_ledger import Delivery, WatchLedger
from ingest.watched import Print, WatchedFolder, WatchRules, is_written


@pytest.fixture(autouse=True)
def _leases_break_quietly() -> Iterator[None]:
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


class Folder:
    """A watched folder with a clock of its own; a file is half when its bytes do not end with 'END'."""

    def __init__(self, path: Path, **rules: object) -> None:
        self.path = path
        self.seconds = 0.0
        self.reads = 0
        self.ledger = WatchLedger.of(path.parent / "data", path)
        self.watched = WatchedFolder(
            path, WatchRules(quiet=10, looks=3, **rules), self.read, lambda: self.seconds, self.ledger.knows
        )  # type: ignore[arg-type]

    def read(self, path: Path) -> str:
        self.reads += 1
        return "" if path.read_bytes().endswith(b"END") else "half"

    def look(self, times: int = 1) -> dict[str, list[str]]:
        """Look so often, five seconds apart; return names of deliveries with their files, and what waits why."""
        for _ in range(times):
            self.seconds += 5
            glance = self.watched.glance()
        told = {one.name or ".": [place for _, place, _ in one.files] for one in glance.ready}
        return {**told, **{f"{w.path.name}: {w.why}": [] for w in glance.waiting}}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "quet").mkdir()
    return Folder(tmp_path / "quet")


def test_a_file_is_ready_after_a_quiet_while(folder: Folder) -> None:
    (folder.path / "2.pdf").write_bytes(b"END")
    (folder.path / "10.pdf").write_bytes(b"END")
    assert folder.look() == {"2.pdf: changing": [], "10.pdf: changing": []}
    assert folder.look(2) == {".": ["2.pdf", "10.pdf"]}
    folder.look(5)
    assert folder.reads == 2  # settled files are read once


def test_a_slow_writer_of_sixty_seconds(folder: Folder) -> None:
    with (folder.path / "a.tif").open("wb") as out:
        for _ in range(6):  # pauses longer than the quiet while: still open
            out.write(b"x" * 100)
            out.flush()
            assert list(folder.look(4)) in (["a.tif: open"], ["a.tif: changing"])
        assert list(folder.look(10)) == ["a.tif: open"]
        out.write(b"END")
    assert list(folder.look()) == ["a.tif: changing"]
    assert folder.look(2) == {".": ["a.tif"]}


def test_a_writer_that_opens_and_closes_for_each_piece(folder: Folder) -> None:
    path = folder.path / "a.tif"
    for _ in range(3):
        with path.open("ab") as out:
            out.write(b"x" * 100)
        assert list(folder.look(4)) == ["a.tif: half"]
    with path.open("ab") as out:
        out.write(b"END")
    assert folder.look(3) == {".": ["a.tif"]}


def test_a_writer_that_died_holds_up_only_its_own_delivery(folder: Folder) -> None:
    (folder.path / "hong.pdf").write_bytes(b"half a f")
    (folder.path / "tot.pdf").write_bytes(b"END")
    (folder.path / "hs1").mkdir()
    for name, data in (("1.jpg", b"END"), ("2.jpg", b"half")):
        (folder.path / "hs1" / name).write_bytes(data)
    assert folder.look(4) == {".": ["tot.pdf"], "hong.pdf: half": [], "2.jpg: half": []}
    (folder.path / "hs1" / "2.jpg").write_bytes(b"whole END")
    assert folder.look(3)["hs1"] == ["1.jpg", "2.jpg"]


def test_files_that_are_renamed(folder: Folder) -> None:
    coming = folder.path / "a.pdf.part"
    coming.write_bytes(b"END")
    assert folder.look(4) == {}
    coming.rename(folder.path / "a.pdf")
    assert folder.look() == {"a.pdf: changing": []}
    (folder.path / "a.pdf").rename(folder.path / "b.pdf")
    assert folder.look(2) == {"b.pdf: changing": []}
    assert folder.look() == {".": ["b.pdf"]}
    (folder.path / "b.pdf").unlink()
    assert folder.look() == {}


def test_files_of_one_stack_wait_for_each_other(folder: Folder) -> None:
    (folder.path / "1.jpg").write_bytes(b"END")
    folder.look(2)
    (folder.path / "2.jpg").write_bytes(b"END")
    assert folder.look() == {"2.jpg: changing": [], "1.jpg: group": []}
    assert folder.look(2) == {".": ["1.jpg", "2.jpg"]}


def test_a_marker_is_waited_for(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "quet", marker=True)
    (folder.path / "hs1").mkdir(parents=True)
    (folder.path / "hs1" / "1.jpg").write_bytes(b"END")
    (folder.path / "a.pdf").write_bytes(b"END")
    assert folder.look(3) == {"hs1: unmarked": [], "a.pdf: unmarked": []}
    (folder.path / "hs1" / ".done").touch()
    (folder.path / "a.pdf.done").touch()
    assert folder.look() == {"hs1": ["1.jpg"], ".": ["a.pdf"]}


def test_what_is_no_scan_to_take(folder: Folder) -> None:
    for name in (".an.pdf", "~", "Thumbs.db", "x.tmp"):
        (folder.path / name).write_bytes(b"END")
    (folder.path / "link.pdf").symlink_to("/etc/hostname")
    (folder.path / ".da-giao").mkdir()
    (folder.path / ".da-giao" / "cu.pdf").write_bytes(b"END")
    assert folder.look(3) == {}


def test_the_ledger_outlives_its_process(folder: Folder) -> None:
    path = folder.path / "a.pdf"
    path.write_bytes(b"END")
    print_ = Print.of(path)
    assert print_ is not None
    folder.ledger.kept["a.pdf"] = print_
    folder.ledger.begun = Delivery("quet", ((str(path), "a.pdf", "00", print_),))
    folder.ledger.write()
    again = WatchLedger.of(folder.path.parent / "data", folder.path)
    assert (again.kept, again.begun) == (folder.ledger.kept, folder.ledger.begun)
    assert Folder(folder.path).look(3) == {}
    path.write_bytes(b"new END")
    assert Folder(folder.path).look(3) == {".": ["a.pdf"]}
    with again.locked() as mine, WatchLedger.of(folder.path.parent / "data", folder.path).locked() as other:
        assert (mine, other) == (True, False)


def test_who_has_a_file_open(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    assert not is_written(path)
    with path.open("rb"):
        assert not is_written(path)
    with path.open("ab"):
        assert is_written(path)
    fd = os.open(path, os.O_RDWR)
    assert is_written(path)
    os.close(fd)
    assert not is_written(path) and is_written(tmp_path / "gone")
