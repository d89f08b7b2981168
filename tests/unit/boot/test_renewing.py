"""The words `complete`, `renew` and `provable` on an archive that holds nothing yet, and what they refuse."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from boot.childroom import open_children
from boot.cli import run
from boot.house import open_house
from boot.settings import load_settings
from boot.speak import Exit
from boot.wiring import ingest_tools, prepare
from ingest.deposit import deposit
from ingest.register import register
from records.access import SYSTEM
from records.clock import SystemClock
from records.errors import ArchiveFault
from records.outcome import Done
from signing.keys import load_demo_keys
from tests.cases.archive_world import World, scan
from tests.cases.sealing import a_pdf


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    prepare(load_settings(folder))
    return folder


def test_nothing_is_due_in_an_empty_archive(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--data-dir", str(archive), "renew", "--json"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out) == {"pass": "renewal", "away": "", "listed": []}
    assert run(["--data-dir", str(archive), "complete", "--json"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out) == {"pass": "completion", "away": "", "left": 0}
    assert run(["--data-dir", str(archive), "complete", "--dry-run"]) == Exit.WELL
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


def test_when_the_archive_stamp_comes_is_a_setting_of_two_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not load_settings(tmp_path).stamp_later
    monkeypatch.setenv("VANTHU_ARCHIVE_STAMP", "night")
    assert load_settings(tmp_path).stamp_later
    monkeypatch.setenv("VANTHU_ARCHIVE_STAMP", "never")
    with pytest.raises(ArchiveFault, match="archive_stamp"):
        load_settings(tmp_path)


def test_a_walk_that_stamps_at_night_is_completed_by_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real child seals at B-T, `vanthu complete` lifts it to B-LTA."""
    monkeypatch.setenv("VANTHU_ARCHIVE_STAMP", "night")
    settings = load_settings(tmp_path / "data")
    prepare(settings)
    with open_house(settings) as house, open_children(settings) as children:
        world = World(ingest_tools(house, children))
        (document_id,) = world.begin_walk(world.deliver({"a.jpg": scan("a")}))
        composed, _, fields = world.make(document_id)
        folder = world.tools.work_dir / document_id
        sealed = world.tools.seal(a_pdf(folder / "composed.pdf"), folder / "sealed.pdf", document_id)
        assert sealed.level == "PAdES-BASELINE-T"
        with world.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
            pages, texts = tx.pages.of_document(SYSTEM, document_id), tx.pages.readings(document_id)
        done = deposit(world.tools, document, fields, pages, texts, composed, sealed)
        assert isinstance(done, Done)
        register(world.tools, document, fields, composed, sealed, done.value)
    at = ["--data-dir", str(tmp_path / "data")]
    capsys.readouterr()
    assert run([*at, "complete", "--json"]) == Exit.WELL
    told = json.loads(capsys.readouterr().out)
    assert told == {"pass": "completion", "completed": 1, "away": "", "left": 0}
    assert run([*at, "provable", "--json"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out)["version"] == 2
