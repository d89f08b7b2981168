"""What every fault test needs: the parent of all the processes that are to die."""

from collections.abc import Iterator
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
