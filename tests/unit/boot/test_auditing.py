"""`vanthu audit …` on an archive of the embedded profile: heads, proofs, the folder an inspector carries away."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from boot import auditing
from boot.house import open_house
from boot.settings import Settings, load_settings
from boot.speak import Exit
from boot.wiring import prepare
from records.errors import ArchiveFault, Missing
from search.index import open_index
from storage.tree_notes import create_audit_key

Told = Callable[[], str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys, tables and an empty index: copying it is faster than making it for each test."""
    folder = tmp_path_factory.mktemp("made") / "data"
    found = load_settings(folder)
    prepare(found)
    create_audit_key(found.keys_dir)
    index = open_index(found.search.url)
    index.commit()
    index.close()
    return folder


@pytest.fixture
def settings(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VANTHU_COPY_URL", f"file://{tmp_path}/copy")
    shutil.copytree(made, tmp_path / "data")
    found = load_settings(tmp_path / "data")
    do(found, 5)
    return found


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    """What was printed on stdout since the last call."""
    return lambda: capfd.readouterr().out


def do(settings: Settings, count: int) -> None:
    with open_house(settings) as house, house.work.begin() as tx:
        for number in range(count):
            tx.audit.append("người-1", "document-read", f"d{number}", "done", {"part": "record"})


def keep(settings: Settings) -> None:
    with open_house(settings) as house:
        auditing.audit_keeper(house).round()


def forge(settings: Settings, *statements: str) -> None:
    with closing(sqlite3.connect(settings.data_dir / "vanthu.db", isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def test_from_key_to_verdict(settings: Settings, told: Told, tmp_path: Path) -> None:
    auditing.print_key(settings)
    key = told().strip()
    assert key.startswith("vanthu/audit/")
    assert auditing.print_head(settings) is Exit.WELL
    note = told()
    assert note.split("\n")[1] == "5"
    (tmp_path / "5.note").write_text(note)
    assert auditing.verify_log(settings) is Exit.WELL
    assert "Khớp 1 mốc" in told(), "signed, if not pushed yet"
    keep(settings)
    do(settings, 3)
    assert auditing.verify_log(settings, [tmp_path / "5.note"], [key], as_json=True) is Exit.WELL
    found = json.loads(told())
    assert (found["intact"], found["count"]) == (True, 8)
    assert found["heads"] == {"checked": 2, "signed": 2, "unsigned": 0, "stamped": 1, "unstamped": 0}
    assert auditing.verify_log(settings) is Exit.WELL
    assert "chữ ký đúng: 1, dấu thời gian đúng: 1" in told()
    forge(settings, "DELETE FROM audit WHERE seq > 4")
    assert auditing.verify_log(settings) is Exit.NO
    assert "đã bị can thiệp" in told().lower()


def test_a_head_signed_by_somebody_else(settings: Settings, told: Told, tmp_path: Path) -> None:
    keep(settings)
    create_audit_key(tmp_path / "forger")
    other = (tmp_path / "forger/audit.pub").read_text().strip()
    assert auditing.verify_log(settings, keys=[other], as_json=True) is Exit.NO
    found = json.loads(told())
    assert found["bad_seq"] is None
    assert found["faults"] == [f"5.note: not signed by {other.partition('+')[0]}"]


def test_proofs(settings: Settings, told: Told, tmp_path: Path) -> None:
    keep(settings)
    do(settings, 4)
    assert auditing.prove_event(settings, 7) is Exit.WELL  # signs a head first: seven is under none yet
    proof = json.loads(told())
    assert (proof["seq"], proof["count"], json.loads(proof["event"])["object"]) == (7, 9, "d1")
    assert auditing.prove_event(settings, 1) is Exit.WELL
    assert json.loads(told())["count"] == 9
    assert auditing.prove_growth(settings, 5, 9) is Exit.WELL
    grown = json.loads(told())
    assert grown["old_note"].split("\n")[1] == "5"
    for seq in (0, 10, -1):
        with pytest.raises(Missing):
            auditing.prove_event(settings, seq)
    for old, new in ((5, 8), (4, 9), (9, 5)):
        with pytest.raises(Missing):
            auditing.prove_growth(settings, old, new)
    forge(settings, "UPDATE audit SET actor = 'ai đó' WHERE seq = 3")
    with pytest.raises(ArchiveFault) as fault:
        auditing.prove_event(settings, 3)
    assert fault.value.code == "audit-altered"
    forge(settings, f"UPDATE audit SET leaf_hash = '{'0' * 64}' WHERE seq = 2")
    for prove in (lambda: auditing.prove_event(settings, 1), lambda: auditing.prove_growth(settings, 5, 9)):
        with pytest.raises(ArchiveFault) as fault:
            prove()
        assert fault.value.code == "audit-altered"


def test_what_an_inspector_carries_away(settings: Settings, told: Told, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert auditing.export_log(settings, out) is Exit.WELL  # signs and pushes first
    assert sorted(path.name for path in out.iterdir()) == ["audit", "audit.pub", "audit_verify", "roots.pem"]
    words = [
        "audit_verify",
        "audit",
        "--head",
        "audit",
        "--key",
        "audit.pub",
        "--roots",
        "roots.pem",
        "--json",
    ]

    def check() -> tuple[int, dict[str, object]]:
        done = subprocess.run(
            [sys.executable, "-I", *words], cwd=out, capture_output=True, text=True, check=False
        )
        return done.returncode, json.loads(done.stdout)

    code, found = check()
    assert (code, found["count"], found["faults"]) == (0, 5, [])
    assert auditing.verify_log(settings, segments=out / "audit") is Exit.WELL
    segment = out / "audit/segments/1-5.jsonl"
    segment.write_text(segment.read_text().replace('"object":"d3"', '"object":"d9"'))
    code, found = check()
    assert (code, found["bad_seq"], found["until_seq"]) == (1, 4, 5)
    told()
    assert auditing.verify_log(settings, segments=out / "audit", as_json=True) is Exit.NO
    said = json.loads(told())
    assert said["bad_seq"] is None and said["faults"][0].startswith("segments, event 4: ")
    with pytest.raises(ArchiveFault) as fault:
        auditing.export_log(settings, out)
    assert fault.value.code == "exists"


def test_segments_tell_which_event_was_changed(settings: Settings, told: Told, tmp_path: Path) -> None:
    keep(settings)
    auditing.export_log(settings, tmp_path / "out")
    forge(settings, "DELETE FROM audit WHERE seq > 3")
    told()
    assert auditing.verify_log(settings, segments=tmp_path / "out/audit", as_json=True) is Exit.NO
    found = json.loads(told())
    assert (found["bad_seq"], found["until_seq"]) == (4, 5)


def test_events_come_back_from_the_store(settings: Settings, told: Told) -> None:
    keep(settings)
    forge(settings, "DELETE FROM audit WHERE seq > 2", "DELETE FROM heads", "DELETE FROM passes")
    assert auditing.verify_log(settings) is Exit.NO
    assert auditing.take_back(settings) is Exit.WELL
    assert auditing.verify_log(settings) is Exit.WELL
    assert "6 sự kiện" in told(), "the taking back is an event too"


def test_without_a_key_nothing_is_signed(settings: Settings) -> None:
    for name in ("audit.key", "audit.pub"):
        (settings.keys_dir / name).unlink()
    with pytest.raises(ArchiveFault) as fault:
        auditing.print_head(settings)
    assert fault.value.code == "keys-unreadable"
    assert auditing.verify_log(settings) is Exit.WELL
