"""F01 and F02: kill -9 over door, workers and engine, on both profiles; the short version of `make faults`.

VANTHU_KILLS is how often each campaign kills (`make faults` sets it). With -s each tells what it did.
"""

import json
import os
from pathlib import Path

import pytest

from tests.faults.campaign import Report, campaign
from tests.faults.engine_campaign import EngineCampaign, EngineReport
from tests.faults.house import READY_SECONDS
from tests.faults.zygote import Zygote

pytestmark = [pytest.mark.joined, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("VANTHU_KILLS", "0"))
SEED = int(os.environ.get("VANTHU_KILL_SEED", "20261126"))


def tell(name: str, report: Report | EngineReport) -> None:
    """Show what was done; keep it as JSON where `make faults` asks for it."""
    print("\n" + "\n".join(report.lines()), flush=True)
    if folder := os.environ.get("VANTHU_FAULTS_OUT"):
        (Path(folder) / f"campaign-{name}.json").write_text(json.dumps(report.told()))


def test_embedded_house(tmp_path: Path, zygote: Zygote) -> None:
    report = campaign(tmp_path, {}, KILLS or 6, SEED, zygote)
    tell("embedded", report)
    assert not report.finding.wrong
    assert report.finding.acknowledged == report.uploads > 0
    assert report.slowest_ready <= READY_SECONDS


def test_cluster_house(tmp_path: Path, zygote: Zygote, cluster_environment: dict[str, str]) -> None:
    report = campaign(tmp_path, cluster_environment, KILLS or 6, SEED, zygote)
    tell("cluster", report)
    assert not report.finding.wrong
    assert report.finding.acknowledged == report.uploads > 0
    assert report.slowest_ready <= READY_SECONDS


def test_engine_on_sqlite(tmp_path: Path, zygote: Zygote) -> None:
    url = f"sqlite:///{tmp_path}/engine.db"
    report = EngineCampaign(tmp_path, url, "", zygote, SEED).run(KILLS * 3 // 2 or 4)
    tell("engine-sqlite", report)
    assert not report.wrong
    assert report.documents > 0


def test_engine_on_postgresql(tmp_path: Path, zygote: Zygote, postgres_database: tuple[str, str]) -> None:
    secret = tmp_path / "password"
    secret.write_text(postgres_database[1])
    report = EngineCampaign(tmp_path, postgres_database[0], str(secret), zygote, SEED).run(
        KILLS * 3 // 2 or 4
    )
    tell("engine-postgresql", report)
    assert not report.wrong
    assert report.documents > 0
