"""Seven hundred random forgeries by somebody who owns the database file: every one is found, and found in its place."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from records.clock import FixedClock
from storage.audit_tree import Frontier
from storage.audit_verify import Head, check, events, sources
from storage.audit_verify.heads import load_heads, note_key
from storage.tree_notes import NoteSigner
from storage.work import Work
from tests.cases.audit_edits import WAYS, Forged, Row
from tests.cases.database import migrated

COUNT = 60
HEADS = (13, 30, 47, COUNT)
TRIES = 50
"""For each of the fourteen ways."""


@dataclass(frozen=True)
class Kept:
    """A log of sixty events, and what is kept elsewhere: four signed heads, the key, the segments."""

    image: bytes
    rows: list[Row]
    elsewhere: Path
    key: str
    heads: tuple[Head, ...]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("log")
    tables = migrated(folder / "vanthu.db")
    work = Work(tables, FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC)))
    with work.begin() as tx:
        for number in range(1, COUNT + 1):
            tx.audit.append(f"người-{number % 3}", "document-read", f"d{number}", "done", {"version": number})
    elsewhere, signer = folder / "elsewhere", NoteSigner("vanthu/audit/test", bytes(range(32)))
    (elsewhere / "heads").mkdir(parents=True)
    (elsewhere / "segments").mkdir()
    with work.reading() as tx:
        lines = [data + b"\n" for data, _ in tx.audit.checked(1, COUNT, bytes(32))]
        for first, count in zip((0, *HEADS), HEADS, strict=False):
            tree = Frontier().grown(tx.audit.leaves(1, count))
            (elsewhere / f"heads/{count}.note").write_text(signer.sign_head(count, tree.root()))
            (elsewhere / f"segments/{first + 1}-{count}.jsonl").write_bytes(b"".join(lines[first:count]))
    tables.dispose()
    with closing(sqlite3.connect(folder / "vanthu.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        rows = connection.execute(f"SELECT {sources._COLUMNS} FROM audit ORDER BY seq").fetchall()
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        image = connection.serialize()
    key = str(signer.verifier)
    heads = load_heads([elsewhere], [note_key(key)], [])
    assert (len(heads.good), heads.faults, heads.signed) == (4, (), 4)
    return Kept(image, rows, elsewhere, key, heads.good)


def written(kept: Kept, rows: list[Row], target: Path) -> str:
    """The database file after the forgery."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(kept.image)
        connection.execute("DELETE FROM audit")
        connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        target.write_bytes(connection.serialize())
    return str(target)


def test_the_log_itself_is_intact(kept: Kept, tmp_path: Path) -> None:
    same = written(kept, kept.rows, tmp_path / "same.db")
    assert check(events(same), kept.heads, events(str(kept.elsewhere))).intact
    assert check(events(str(kept.elsewhere)), kept.heads).intact


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_forgery_is_found_in_its_place(
    kept: Kept, tmp_path: Path, way: Callable[[random.Random, list[Row]], Forged]
) -> None:
    dice = random.Random(f"32 {way.__name__}")
    for _ in range(TRIES):
        forged = way(dice, kept.rows)
        assert forged.rows != kept.rows
        log = written(kept, forged.rows, tmp_path / "forged.db")
        alone = check(events(log))
        assert alone.intact is forged.hidden, forged.kind
        by_heads = check(events(log), kept.heads)
        assert by_heads.bad_seq is not None and by_heads.until_seq is not None, forged.kind
        assert by_heads.bad_seq <= forged.first <= by_heads.until_seq, (forged.kind, forged.first, by_heads)
        before = max((count for count in HEADS if count < forged.first), default=0)
        assert by_heads.bad_seq > before, "never in a part that a good head covers"
        assert by_heads.until_seq - by_heads.bad_seq <= COUNT - before
        by_copy = check(events(log), kept.heads, events(str(kept.elsewhere)))
        assert by_copy.bad_seq == forged.first, (forged.kind, forged.first, by_copy)


def test_a_forger_who_signs_the_new_chain_himself(kept: Kept, tmp_path: Path) -> None:
    dice, forger = random.Random(7), NoteSigner("vanthu/audit/test", bytes(32))
    for forged in (way(dice, kept.rows) for way in WAYS):
        if not forged.hidden or not forged.rows:
            continue
        log = written(kept, forged.rows, tmp_path / "forged.db")
        tree = Frontier().grown(bytes.fromhex(str(row[8])) for row in forged.rows)
        (tmp_path / "new.note").write_text(forger.sign_head(tree.count, tree.root()))
        heads = load_heads([tmp_path / "new.note"], [note_key(kept.key)], [])
        assert heads.good == ()
        assert heads.faults == ("new.note: not signed by vanthu/audit/test",)
        assert check(events(log), heads.good).intact, "which is why a broken head alone ends the check with 1"
