"""The verifier against somebody who owns the database file: every kind of tampering is named, at the right event."""

import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage import audit_verify
from storage.audit_verify import Head, Report, read_head, verify
from storage.work import Work

COUNT = 40
REST = audit_verify._COLUMNS.removeprefix("seq, ")


@pytest.fixture
def database(work: Work, clock, tmp_path: Path) -> Path:
    """A log of forty events and the heads at ten, twenty-five and forty, kept elsewhere."""
    for number in range(1, COUNT + 1):
        clock.turn(seconds=1)
        with work.begin() as tx:
            tx.audit.append(
                f"người-{number % 3}",
                "document-archived",
                f"d{number}",
                "done",
                {"version": number, "ok": True},
            )
            if number in (10, 25, COUNT):
                (tmp_path / f"head-{number}.json").write_bytes(tx.audit.head().to_json())
    work.tables.dispose()
    return tmp_path / "vanthu.db"


def heads(database: Path, *counts: int) -> list[Head]:
    return [read_head(database.with_name(f"head-{count}.json")) for count in counts]


def tamper(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)


def rehash(database: Path, start: int, stop: int) -> None:
    """What a careful forger does: make rows `start` to `stop` consistent again, with the public recipe."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        query = f"SELECT {audit_verify._COLUMNS} FROM audit ORDER BY seq"
        prev = audit_verify.FIRST
        for row in connection.execute(query).fetchall():
            if start <= row[0] <= stop:
                row = (*row[:7], prev, "")
                leaf = hashlib.sha256(b"\x00" + audit_verify.event_bytes(row)).hexdigest()
                connection.execute(
                    "UPDATE audit SET prev_hash = ?, leaf_hash = ? WHERE seq = ?", (prev, leaf, row[0])
                )
                row = (*row[:8], leaf)
            prev = row[8]


def test_intact_log(database: Path) -> None:
    report = verify(database, heads(database, COUNT, 10, 25))
    assert report == Report(COUNT, heads(database, COUNT)[0].root)
    assert report.intact
    assert verify(database, [Head(0, hashlib.sha256(b"").hexdigest())]).intact


def test_empty_log(work: Work, tmp_path: Path) -> None:
    assert verify(tmp_path / "vanthu.db") == Report(0, hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize(
    "column", ["time", "actor", "action", "object", "outcome", "details", "prev_hash", "leaf_hash"]
)
def test_every_column_is_covered(database: Path, column: str) -> None:
    tamper(
        database, f"UPDATE audit SET {column} = replace({column}, substr({column}, 3, 1), 'Z') WHERE seq = 17"
    )
    assert verify(database).bad_seq == 17


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
def test_details_of_another_kind(database: Path, value: str) -> None:
    value = value if value != "NULL" else "CAST(x'00' AS BLOB)"
    tamper(database, f"UPDATE audit SET details = {value} WHERE seq = 17")
    assert verify(database).bad_seq == 17


def test_edited_row(database: Path) -> None:
    tamper(database, "UPDATE audit SET actor = 'ai đó' WHERE seq = 17")
    assert verify(database).bad_seq == 17


@pytest.mark.parametrize("seq", [1, 17, COUNT - 1])
def test_edited_row_with_its_own_hash_made_anew(database: Path, seq: int) -> None:
    tamper(database, f"UPDATE audit SET actor = 'ai đó' WHERE seq = {seq}")
    rehash(database, seq, seq)
    report = verify(database)
    assert (report.bad_seq, report.until_seq) == (seq, seq + 1)


@pytest.mark.parametrize("seq", [1, 17])
def test_deleted_row(database: Path, seq: int) -> None:
    tamper(database, f"DELETE FROM audit WHERE seq = {seq}")
    report = verify(database)
    assert (report.bad_seq, report.reason) == (seq, f"missing; the next event is number {seq + 1}")


def test_deleted_row_with_the_others_moved_up(database: Path) -> None:
    tamper(
        database,
        "DELETE FROM audit WHERE seq = 17",
        "UPDATE audit SET seq = -seq WHERE seq > 17",
        "UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
    )
    assert verify(database).bad_seq == 17


def test_inserted_row(database: Path) -> None:
    tamper(
        database,
        "UPDATE audit SET seq = -seq WHERE seq > 17",
        "UPDATE audit SET seq = -seq + 1 WHERE seq < 0",
        f"INSERT INTO audit SELECT 18, {REST} FROM audit WHERE seq = 17",
    )
    assert verify(database).bad_seq == 18


def test_row_before_the_first(database: Path) -> None:
    tamper(
        database,
        f"INSERT INTO audit SELECT 0, {REST} FROM audit WHERE seq = 1",
    )
    assert verify(database).bad_seq == 1


def test_invented_row_at_the_end(database: Path) -> None:
    tamper(
        database,
        f"INSERT INTO audit SELECT 41, {REST.replace('prev_hash', 'leaf_hash')} FROM audit WHERE seq = 40",
    )
    assert verify(database).bad_seq == 41


def test_swapped_rows(database: Path) -> None:
    tamper(
        database,
        "UPDATE audit SET seq = -1 WHERE seq = 17",
        "UPDATE audit SET seq = 17 WHERE seq = 30",
        "UPDATE audit SET seq = 30 WHERE seq = -1",
    )
    assert verify(database).bad_seq == 17


def test_cut_tail_needs_a_head(database: Path) -> None:
    tamper(database, "DELETE FROM audit WHERE seq > 33")
    assert verify(database, heads(database, 10, 25)).intact
    report = verify(database, heads(database, 10, 25, COUNT))
    assert (report.bad_seq, report.until_seq) == (34, COUNT)


def test_emptied_log_needs_a_head(database: Path) -> None:
    tamper(database, "DELETE FROM audit")
    assert verify(database).intact
    assert verify(database, heads(database, 10)).bad_seq == 1


def test_chain_made_anew_needs_a_head_which_also_says_where(database: Path) -> None:
    tamper(database, "UPDATE audit SET actor = 'ai đó' WHERE seq = 17")
    rehash(database, 17, COUNT)
    assert verify(database).intact
    assert verify(database, heads(database, 10)).intact
    report = verify(database, heads(database, COUNT, 25, 10))
    assert (report.bad_seq, report.until_seq) == (11, 25)
    assert "head-25.json" in report.reason
    assert verify(database, heads(database, COUNT)).bad_seq == 1


def test_five_hundred_random_edits_are_all_found(database: Path, tmp_path: Path) -> None:
    """One byte of one value of one row, anywhere."""
    dice = random.Random(32)
    columns = audit_verify._COLUMNS.split(", ")
    tamper(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for _ in range(500):
            seq, column = dice.randint(1, COUNT), dice.choice(columns[1:])
            (old,) = connection.execute(f"SELECT {column} FROM audit WHERE seq = {seq}").fetchone()
            place = dice.randrange(len(old))
            new = old[:place] + dice.choice([c for c in '0aZ"{ đ' if c != old[place]]) + old[place + 1 :]
            connection.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (new, seq))
            assert verify(database).bad_seq == seq
            connection.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (old, seq))
    assert verify(database, heads(database, COUNT)).intact


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
    """The file alone, far from the project."""
    (tmp_path / "alone").mkdir()
    return Path(shutil.copy(str(audit_verify.__file__), tmp_path / "alone" / "audit_verify.py"))


def test_runs_alone(database: Path, script: Path) -> None:
    done = run(script, database, "--head", database.with_name("head-25.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{COUNT} sự kiện" in done.stdout
    assert heads(database, COUNT)[0].root in done.stdout
    told = json.loads(run(script, database, "--json").stdout)
    assert (told["intact"], told["count"], told["bad_seq"]) == (True, COUNT, None)
    tamper(database, "UPDATE audit SET actor = 'ai đó' WHERE seq = 17")
    done = run(script, database)
    assert done.returncode == 1
    assert "số 17" in done.stdout
    done = run(script, database, "--json")
    assert (done.returncode, json.loads(done.stdout)["bad_seq"]) == (1, 17)


def test_reads_beside_a_writer(work: Work, script: Path, tmp_path: Path) -> None:
    """Events still in the write-ahead log are events."""
    with work.begin() as tx:
        tx.audit.append("a", "b", "c", "done")
    with work.begin() as tx:
        tx.audit.append("a", "b", "c", "done")
        done = run(script, tmp_path / "vanthu.db", "--json")
    assert json.loads(done.stdout)["count"] == 1


def test_wrong_use(database: Path, script: Path, tmp_path: Path) -> None:
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
        [database, "--head", nonsense],
    ]
    for use in uses:
        done = run(script, *use)
        assert done.returncode == 2, use
        assert "Traceback" not in done.stderr
    for head in ('{"count":-1,"root":""}', '{"count":"x","root":"00"}', "[]", "{}"):
        nonsense.write_text(head)
        assert run(script, database, "--head", nonsense).returncode == 2
    assert not (tmp_path / "none.db").exists()


def test_damaged_file_is_not_called_intact(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole = database.read_bytes()
    middle = whole.index("người-2".encode()) // 4096 * 4096
    for start, step in ((middle, 1), (middle + 2048, 61), (middle, 4096)):
        data = bytearray(whole)
        for place in range(start, start + 4096, step):
            data[place] ^= 0xFF
        database.write_bytes(data)
        report = verify(database, heads(database, COUNT))
        assert not report.intact
        assert report.bad_seq is not None
