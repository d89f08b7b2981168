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


def test_what_a_door_has_in_hand_stays_for_a_day(world: World) -> None:
    """A door holds no lock: papers looked at, or signed at a desk, are in use also when nobody else walks here."""
    old = time.time() - 2 * 24 * 3600
    for name in ("desk-young", "desk-old"):
        (world.tools.work_dir / name).mkdir(parents=True)
        (world.tools.work_dir / name / "source.pdf").write_bytes(b"x")
    for name in ("desk-old/source.pdf", "desk-old"):
        os.utime(world.tools.work_dir / name, (old, old))
    for alone in (False, True):
        assert sweep(world.tools, alone=alone) == (0 if alone else 1)
    assert [path.name for path in world.tools.work_dir.iterdir()] == ["desk-young"]
