"""A disk that is full, out of names, or read-only: nothing acknowledged, nothing left behind, reads go on."""

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.clock import SystemClock
from records.errors import Away
from storage.blobs import Stored, Unavailable
from storage.folder import INCOMING, FolderStore
from storage.work import Work
from tests.cases.database import migrated

pytestmark = pytest.mark.joined


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB with 64 names."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=64", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("only root may mount a small disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _file(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size))
    return path


def test_full_disk(small_disk: Path, tmp_path: Path) -> None:
    store = FolderStore(small_disk / "store")
    first, big = _file(tmp_path / "first", 1 << 20), _file(tmp_path / "big", 8 << 20)
    kept = store.put_once("a/first", first)
    assert isinstance(kept, Stored)
    assert store.put_once("a/big", big) == Unavailable(f"a/big: {os.strerror(errno.ENOSPC)}", full=True)
    assert list((small_disk / "store" / INCOMING).iterdir()) == []
    assert store.size("a/big") is None
    assert store.read("a/first", kept.sha256) == first.read_bytes()
    with pytest.raises(Away):
        store_target = small_disk / "out.pdf"
        _fill(small_disk)
        store.copy_out("a/first", store_target, kept.sha256)
    assert [p.name for p in small_disk.iterdir() if p.name.endswith(".part")] == []
    with pytest.raises(Away) as fault:
        store.probe()
    assert "đầy đĩa" in fault.value.tell
    (small_disk / "filler").unlink()
    assert isinstance(store.put_once("a/second", first), Stored)
    assert store.probe()


def _fill(disk: Path) -> None:
    with pytest.raises(OSError, match=r"."), (disk / "filler").open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 4096)


def test_no_names_left(small_disk: Path, tmp_path: Path) -> None:
    store = FolderStore(small_disk / "store")
    tiny = _file(tmp_path / "tiny", 10)
    ends = [store.put_once(f"k{n}/x", tiny) for n in range(64)]
    assert isinstance(ends[0], Stored)
    assert isinstance(ends[-1], Unavailable)
    kept = list(store.keys())
    for key in kept:
        assert store.read(key, hashlib.sha256(tiny.read_bytes()).hexdigest())
    assert len(kept) == sum(isinstance(end, Stored) for end in ends)


def test_read_only_disk(small_disk: Path, tmp_path: Path) -> None:
    store = FolderStore(small_disk / "store")
    tiny = _file(tmp_path / "tiny", 10)
    kept = store.put_once("a", tiny)
    assert isinstance(kept, Stored)
    (small_disk / "store" / INCOMING / "litter").touch()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    again = FolderStore(small_disk / "store")
    assert again.read("a", kept.sha256) == tiny.read_bytes()
    assert isinstance(again.put_once("b", tiny), Unavailable)


def test_database_on_a_full_disk(small_disk: Path) -> None:
    tables = migrated(small_disk / "vanthu.db")
    work = Work(tables, SystemClock())
    with work.begin() as tx:
        assert tx.audit.append("a", "b", "c", "done") == 1
    _fill(small_disk)
    written = 1
    with pytest.raises(Away) as fault:
        for _ in range(1000):
            with work.begin() as tx:
                written = tx.audit.append("a", "b", "c", "done", {"x": "y" * 900})
    assert fault.value.code == "database-full"
    with work.reading() as tx:
        assert tx.audit.head().count in (written, written - 1)
    (small_disk / "filler").unlink()
    with work.begin() as tx:
        assert tx.audit.append("a", "b", "c", "done") in (written, written + 1)
    tables.dispose()
    checked = subprocess.run(
        [sys.executable, "storage/audit_verify", str(small_disk / "vanthu.db")],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[3],
    )
    assert checked.returncode == 0
