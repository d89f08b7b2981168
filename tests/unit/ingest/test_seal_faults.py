"""What is wrong with the key is no reason to refuse a paper; what is wrong with the paper is."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.compose import Composed
from ingest.seal import seal
from records.errors import ArchiveFault, Away, Unfit
from records.outcome import Later, Refused
from signing.faults import HOUSE_FAULTS
from tests.cases.archive_world import World


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        *((ArchiveFault("ours", code=code), Later) for code in sorted(HOUSE_FAULTS)),
        (Away("no time"), Later),
        (ArchiveFault("a stranger would not trust it", code="seal-not-valid"), Refused),
        (Unfit("encrypted", code="file-encrypted"), Refused),
    ],
)
def test_whose_fault_it_is(world: World, tmp_path: Path, fault: ArchiveFault, ending: type) -> None:
    def failing(*_: object) -> None:
        raise fault

    tools = replace(world.tools, seal=failing)
    assert isinstance(seal(tools, "d", Composed(tmp_path / "composed.pdf", "0" * 64, 1.0, 1.0)), ending)
