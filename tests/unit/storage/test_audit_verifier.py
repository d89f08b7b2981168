"""The verifier against somebody who owns the database file: every kind of tampering is named, at the right event."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from storage import audit_verify
from storage.audit_verify import Head, Report, log, read_head, sources, verify
from storage.work import Work
from tests.cases.database import TurnedClock, migrated

COUNT = 40
COLUMNS = sources._COLUMNS
REST = COLUMNS.removeprefix("seq, ")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of forty events and the heads at ten, twenty-five and forty, kept elsewhere."""
    folder, clock = tmp_path_factory.mktemp("log"), TurnedClock()
    tables = migrated(folder / "vanthu.db")
    work = Work(tables, clock)
    with work.begin() as tx:
        for number in range(1, COUNT + 1):
            clock.at += timedelta(seconds=1)
            tx.audit.append(
                f"người-{number % 3}",
                "document-archived",
                f"d{number}",
                "done",
                {"version": number, "ok": True},
            )
            if number in (10, 25, COUNT):
                (folder / f"head-{number}.json").write_bytes(tx.audit.head().to_json())
    tables.dispose()
    return folder


@pytest.fixture
def logged(original: Path, tmp_path: Path) -> Path:
    """A copy of that log, to be spoilt."""
    return Path(shutil.copytree(original, tmp_path / "logged")) / "vanthu.db"


def heads(logged: Path, *counts: int) -> list[Head]:
    return [read_head(logged.with_name(f"head-{count}.json")) for count in counts]


def tamper(logged: Path, *statements: str) -> None:
    with closing(sqlite3.connect(logged, isolation_level=None)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)


def rehash(logged: Path, start: int, stop: int) -> None:
    """What a careful forger does: make rows `start` to `stop` consistent again, with the public recipe."""
    with closing(sqlite3.connect(logged, isolation_level=None)) as connection:
        query = f"SELECT {COLUMNS} FROM audit ORDER BY seq"
        prev = log.FIRST
        for row in connection.execute(query).fetchall():
            if start <= row[0] <= stop:
                row = (*row[:7], prev, "")
                leaf = hashlib.sha256(b"\x00" + audit_verify.event_bytes(row)).hexdigest()
                connection.execute(
                    "UPDATE audit SET prev_hash = ?, leaf_hash = ? WHERE seq = ?", (prev, leaf, row[0])
                )
                row = (*row[:8], leaf)
            prev = row[8]


def test_intact_log(logged: Path) -> None:
    report = verify(logged, heads(logged, COUNT, 10, 25))
    assert report == Report(COUNT, heads(logged, COUNT)[0].root)
    assert report.intact
    assert verify(logged, [Head(0, hashlib.sha256(b"").hexdigest())]).intact


def test_empty_log(work: Work, tmp_path: Path) -> None:
    assert verify(tmp_path / "vanthu.db") == Report(0, hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize(
    "column", ["time", "actor", "action", "object", "outcome", "details", "prev_hash", "leaf_hash"]
)
def test_every_column_is_covered(logged: Path, column: str) -> None:
    tamper(
        logged, f"UPDATE audit SET {column} = replace({column}, substr({column}, 3, 1), 'Z') WHERE seq = 17"
    )
    assert verify(logged).bad_seq == 17


@pytest.mark.parametrize(
    "value",
    [
        "NULL",
        "7",
        "x'ff'",
        "''",
        "'[]'",
        "'{'",
        '\'{"a":{"b":1}}\'',
        '\'{"ok":true,"version":17 }\'',
        "CAST(x'80' AS TEXT)",
    ],
)
def test_details_of_another_kind(logged: Path, value: str) -> None:
    value = value if value != "NULL" else "CAST(x'00' AS BLOB)"
    tamper(logged, f"UPDATE audit SET details = {value} WHERE seq = 17")
    assert verify(logged).bad_seq == 17


def test_edited_row(logged: Path) -> None:
    tamper(logged, "UPDATE audit SET actor = 'ai đó' WHERE seq = 17")
    assert verify(logged).bad_seq == 17


@pytest.mark.parametrize("seq", [1, 17, COUNT - 1])
def test_edited_row_with_its_own_hash_made_anew(logged: Path, seq: int) -> None:
    tamper(logged, f"UPDATE audit SET actor = 'ai đó' WHERE seq = {seq}")
    rehash(logged, seq, seq)
    report = verify(logged)
    assert (report.bad_seq, report.until_seq) == (seq, seq + 1)


@pytest.mark.parametrize("seq", [1, 17])
def test_deleted_row(logged: Path, seq: int) -> None:
    tamper(logged, f"DELETE FROM audit WHERE seq = {seq}")
    report = verify(logged)
    assert (report.bad_seq, report.reason) == (seq, f"missing; the next event is number {seq + 1}")


def test_deleted_row_with_the_others_moved_up(logged: Path) -> None:
    tamper(
        logged,
        "DELETE FROM audit WHERE seq = 17",
        "UPDATE audit SET seq = -seq WHERE seq > 17",
        "UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
    )
    assert verify(logged).bad_seq == 17


def test_inserted_row(logged: Path) -> None:
    tamper(
        logged,
        "UPDATE audit SET seq = -seq WHERE seq > 17",
        "UPDATE audit SET seq = -seq + 1 WHERE seq < 0",
        f"INSERT INTO audit SELECT 18, {REST} FROM audit WHERE seq = 17",
    )
    assert verify(logged).bad_seq == 18


def test_row_before_the_first(logged: Path) -> None:
    tamper(
        logged,
        f"INSERT INTO audit SELECT 0, {REST} FROM audit WHERE seq = 1",
    )
    assert verify(logged).bad_seq == 1


def test_invented_row_at_the_end(logged: Path) -> None:
    tamper(
        logged,
        f"INSERT INTO audit SELECT 41, {REST.replace('prev_hash', 'leaf_hash')} FROM audit WHERE seq = 40",
    )
    assert verify(logged).bad_seq == 41


def test_swapped_rows(logged: Path) -> None:
    tamper(
        logged,
        "UPDATE audit SET seq = -1 WHERE seq = 17",
        "UPDATE audit SET seq = 17 WHERE seq = 30",
        "UPDATE audit SET seq = 30 WHERE seq = -1",
    )
    assert verify(logged).bad_seq == 17


def test_cut_tail_needs_a_head(logged: Path) -> None:
    tamper(logged, "DELETE FROM audit WHERE seq > 33")
    assert verify(logged, heads(logged, 10, 25)).intact
    report = verify(logged, heads(logged, 10, 25, COUNT))
    assert (report.bad_seq, report.until_seq) == (26, 34), "from 26 on no head covers what is left"


def test_emptied_log_needs_a_head(logged: Path) -> None:
    tamper(logged, "DELETE FROM audit")
    assert verify(logged).intact
    assert verify(logged, heads(logged, 10)).bad_seq == 1


def test_chain_made_anew_needs_a_head_which_also_says_where(logged: Path) -> None:
    tamper(logged, "UPDATE audit SET actor = 'ai đó' WHERE seq = 17")
    rehash(logged, 17, COUNT)
    assert verify(logged).intact
    assert verify(logged, heads(logged, 10)).intact
    report = verify(logged, heads(logged, COUNT, 25, 10))
    assert (report.bad_seq, report.until_seq) == (11, 25)
    assert "head-25.json" in report.reason
    assert verify(logged, heads(logged, COUNT)).bad_seq == 1


def run(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The verifier's folder alone, far from the project and under another name."""
    return Path(shutil.copytree(Path(audit_verify.__file__).parent, tmp_path / "alone" / "checker"))


def test_runs_alone(logged: Path, script: Path) -> None:
    done = run(script, logged, "--head", logged.with_name("head-25.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{COUNT} sự kiện" in done.stdout
    assert heads(logged, COUNT)[0].root in done.stdout
    told = json.loads(run(script, logged, "--json").stdout)
    assert (told["intact"], told["count"], told["bad_seq"]) == (True, COUNT, None)
    tamper(logged, "UPDATE audit SET actor = 'ai đó' WHERE seq = 17")
    done = run(script, logged)
    assert done.returncode == 1
    assert "số 17" in done.stdout
    done = run(script, logged, "--json")
    assert (done.returncode, json.loads(done.stdout)["bad_seq"]) == (1, 17)


def test_reads_beside_a_writer(work: Work, script: Path, tmp_path: Path) -> None:
    """Events still in the write-ahead log are events."""
    with work.begin() as tx:
        tx.audit.append("a", "b", "c", "done")
    with work.begin() as tx:
        tx.audit.append("a", "b", "c", "done")
        done = run(script, tmp_path / "vanthu.db", "--json")
    assert json.loads(done.stdout)["count"] == 1


def test_wrong_use(logged: Path, script: Path, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"not a database at all" * 100)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE x (y)")
    uses: list[list[object]] = [
        [],
        [tmp_path / "none.db"],
        [nonsense],
        [other],
        [tmp_path],
        [logged, "--head", nonsense],
    ]
    for use in uses:
        done = run(script, *use)
        assert done.returncode == 2, use
        assert "Traceback" not in done.stderr
    for head in ('{"count":-1,"root":""}', '{"count":"x","root":"00"}', "[]", "{}"):
        nonsense.write_text(head)
        assert run(script, logged, "--head", nonsense).returncode == 2
    assert not (tmp_path / "none.db").exists()


def test_damaged_file_is_not_called_intact(logged: Path) -> None:
    with closing(sqlite3.connect(logged)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole = logged.read_bytes()
    middle = whole.index("người-2".encode()) // 4096 * 4096
    for start, step in ((middle, 1), (middle + 2048, 61), (middle, 4096)):
        data = bytearray(whole)
        for place in range(start, start + 4096, step):
            data[place] ^= 0xFF
        logged.write_bytes(data)
        report = verify(logged, heads(logged, COUNT))
        assert not report.intact
        assert report.bad_seq is not None
