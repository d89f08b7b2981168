"""F01 and F02 at named points: the process dies at each of them in turn, and the next one makes it good.

`make test` takes every sixth point, `make test-long` every third, `make faults` all of them.
"""

import os
import threading
import time
from pathlib import Path

import pytest

from tests.faults.campaign import DOOR_POINTS, FOLDER_POINTS, S3_POINTS, WORKER_POINTS
from tests.faults.house import FaultHouse, on_stores
from tests.faults.zygote import Zygote
from tests.tools.length import LONG

pytestmark = [pytest.mark.joined, pytest.mark.timeout(3600)]

EVERY = 1 if os.environ.get("VANTHU_KILLS") else 3 if LONG else 6
PATIENCE = 120.0


def test_on_two_folders(tmp_path: Path, zygote: Zygote) -> None:
    points = [*DOOR_POINTS, *WORKER_POINTS, *FOLDER_POINTS, "paired-between-puts"]
    with FaultHouse(tmp_path, {"VANTHU_COPY_URL": f"file://{tmp_path}/copy"}, zygote) as house:
        _die_at_each(house, list(dict.fromkeys(points))[::EVERY])


def test_on_two_buckets(
    tmp_path: Path, zygote: Zygote, s3_bucket: tuple[str, str, str], s3_copy_bucket: tuple[str, str, str]
) -> None:
    with FaultHouse(tmp_path, on_stores(tmp_path, blobs=s3_bucket, copy=s3_copy_bucket), zygote) as house:
        _die_at_each(house, S3_POINTS)


def _die_at_each(house: FaultHouse, points: list[str] | tuple[str, ...]) -> None:
    for number, point in enumerate(points):
        door = house.door(point)
        sender = threading.Thread(target=_deliver, args=(house, number + 1))
        sender.start()
        until = time.monotonic() + PATIENCE
        while door.alive():
            assert time.monotonic() < until, f"{point} was never passed: {house.log('door.log')}"
            time.sleep(0.02)
        door = house.door()
        house.await_ready()
        sender.join()
        house.await_end(PATIENCE)
        door.kill()
        door.wait()
    house.door()
    house.await_ready()
    house.settle()
    house.await_end(PATIENCE)
    assert house.judge().wrong == []
    assert house.history.count("acknowledged") == len(points)


def _deliver(house: FaultHouse, seed: int) -> None:
    client = house.client(seed)
    try:
        until = time.monotonic() + PATIENCE
        while (batch := client.open_batch("từng điểm một")) is None:
            assert time.monotonic() < until
        client.settle(client.upload(batch), PATIENCE)
        while not client.start(batch) and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        client.close()
