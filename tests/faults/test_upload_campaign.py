"""Files over the resumable door while server and client are shot (the whole of it: make upload-campaign)."""

from pathlib import Path

import pytest

from tests.faults.upload_campaign import POINTS, campaign
from tests.faults.zygote import Zygote

pytestmark = [pytest.mark.joined, pytest.mark.timeout(900)]


def test_every_file_once_whoever_is_shot(tmp_path: Path, zygote: Zygote) -> None:
    report = campaign(
        tmp_path, zygote, 100, server_kills=2, client_kills=1, large=1, seed=20261127, points=POINTS
    )
    print("\n" + report.line(), flush=True)
    assert report.wrong == []
    assert (report.received, report.server_kills, report.client_kills) == (101, 2, 1)
    assert report.points == list(POINTS)
