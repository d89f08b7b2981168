"""What every fault test needs: the parent of all the processes that are to die."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.house import FaultHouse
from tests.faults.zygote import Zygote


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Starts commands in a fraction of a second."""
    with Zygote(tmp_path_factory.mktemp("zygote")) as started:
        yield started


@pytest.fixture
def house(tmp_path: Path, zygote: Zygote) -> Iterator[FaultHouse]:
    """A fresh archive on the embedded profile; nothing runs yet."""
    with FaultHouse(tmp_path, {}, zygote) as made:
        yield made


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[Path, int], Path]]:
    """Mount a file system of so many megabytes at a folder; skipped, saying so, where this user may not."""
    mounted: list[Path] = []

    def mount(place: Path, megabytes: int) -> Path:
        place.mkdir(parents=True, exist_ok=True)
        words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(place)]
        if subprocess.run(words, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root may mount a small disk here")
        mounted.append(place)
        return place

    yield mount
    for place in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


def fill(disk: Path, leave: int = 0) -> Path:
    """Take all room of a small disk but `leave` bytes; return the file to delete."""
    room = os.statvfs(disk)
    assert room.f_blocks * room.f_frsize < 1 << 30, f"{disk} is no disk of ours"
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"x" * 65536)
    os.truncate(filler, max(0, filler.stat().st_size - leave))
    return filler
