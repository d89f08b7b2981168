"""What a killed process left in the work folder goes; what a living neighbour uses this moment stays."""

import os
import time
from pathlib import Path

from ingest.documents import sweep
from tests.cases.archive_world import World


def test_only_who_is_alone_sweeps_what_is_young(world: World) -> None:
    folder = world.tools.work_dir
    old = time.time() - 2 * 24 * 3600
    for name in (
        "read-young.jpg",
        "split-young/from-1/p.png",
        "read-old.jpg",
        "split-old/p.png",
        "document/sealed.pdf",
    ):
        path: Path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for name in ("read-old.jpg", "split-old/p.png", "split-old", "document/sealed.pdf", "split-young"):
        os.utime(folder / name, (old, old))
    assert sweep(world.tools, alone=False) == 2
    left = {p.name for p in folder.iterdir()}
    assert left >= {"read-young.jpg", "split-young", "document"}
    assert not left & {"read-old.jpg", "split-old"}
    assert sweep(world.tools, alone=True) == 2
    assert (folder / "document" / "sealed.pdf").exists()
