"""The words `renew` and `provable` on an archive that holds nothing yet, and what they refuse."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from boot.cli import run
from boot.settings import load_settings
from boot.speak import Exit
from boot.wiring import prepare
from records.clock import SystemClock
from signing.keys import load_demo_keys


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    prepare(load_settings(folder))
    return folder


def test_nothing_is_due_in_an_empty_archive(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--data-dir", str(archive), "renew", "--json"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out) == {"pass": "renewal", "away": "", "listed": []}
    assert run(["--data-dir", str(archive), "renew", "--dry-run", "--due-before", "2031-01-01"]) == Exit.WELL
    assert run(["--data-dir", str(archive), "provable", "--listed"]) == Exit.WELL
    assert run(["--data-dir", str(archive), "provable", "--before", "2031-01-01"]) == Exit.WELL


def test_a_serial_needs_its_moment(archive: Path) -> None:
    assert run(["--data-dir", str(archive), "provable", "--revoked", "aa"]) == Exit.USAGE
    assert run(["--data-dir", str(archive), "provable", "--revoked", "aa", "--at", "2027-01-01"]) == Exit.WELL


def test_a_list_of_revocations_is_read_and_a_strangers_is_not(archive: Path, tmp_path: Path) -> None:
    now = SystemClock().now().replace(microsecond=0)
    lists = load_demo_keys(archive / "keys").revocation
    assert lists is not None
    (tmp_path / "ours.crl").write_bytes(lists.issue(now, {1: now - timedelta(days=1)}))
    assert run(["--data-dir", str(archive), "provable", "--crl", str(tmp_path / "ours.crl")]) == Exit.WELL
    (tmp_path / "broken.crl").write_bytes(b"x")
    assert run(["--data-dir", str(archive), "provable", "--crl", str(tmp_path / "broken.crl")]) == Exit.NO
