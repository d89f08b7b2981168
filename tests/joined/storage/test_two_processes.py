"""Several processes on one database: migrations and events stay in line; kill -9 loses nothing acknowledged."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from records.access import SYSTEM
from records.clock import SystemClock
from storage.audit_verify import verify
from storage.canonical import scalar_json
from storage.tables import open_tables
from storage.work import Work

pytestmark = pytest.mark.joined

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from records.clock import SystemClock
from storage.batches import NewBatch
from storage.tables import open_tables
from storage.work import Work
tables = open_tables(sys.argv[1])
tables.migrate()
work = Work(tables, SystemClock())
for _ in range(int(sys.argv[2])):
    with work.begin() as tx:
        batch = tx.batches.add(NewBatch("t", "d", "system:local"))
        seq = tx.audit.append("system:local", "batch-added", batch.id, "done")
    print(seq, batch.id, flush=True)
tables.dispose()
"""


def _writer(database: Path, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, f"sqlite:///{database}", str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_four_processes_migrate_and_write_at_once(tmp_path: Path) -> None:
    database = tmp_path / "vanthu.db"
    writers = [_writer(database, 100) for _ in range(4)]
    said = [writer.communicate()[0].splitlines() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    numbers = [int(line.split()[0]) for lines in said for line in lines]
    assert sorted(numbers) == list(range(1, 401))
    assert all(lines == sorted(lines, key=lambda line: int(line.split()[0])) for lines in said)
    report = verify(database)
    assert (report.intact, report.count) == (True, 400)


def test_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    """One event per effect, no gap, whatever the moment of death (also inside a migration)."""
    dice = random.Random(32)
    for turn in range(15):
        database = tmp_path / f"{turn}.db"
        writers = [_writer(database, 10_000) for _ in range(2)]
        time.sleep(dice.uniform(0.3, 1.6))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        said = [line.split() for writer in writers for line in writer.communicate()[0].splitlines()]
        tables = open_tables(f"sqlite:///{database}")
        tables.migrate()
        with Work(tables, SystemClock()).reading() as tx:
            batches = {batch.id for batch in tx.batches.list(SYSTEM, limit=100_000)[0]}
            count = tx.audit.head().count
        tables.dispose()
        assert {line[1] for line in said if len(line) == 2} <= batches
        assert len(batches) == count
        assert len(said) <= count <= len(said) + 2
        assert verify(database).intact


def test_numbers_are_written_as_ecmascript_writes_them() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the vectors of the RFC still run")
    dice = random.Random(8785)
    values = [dice.choice([-1, 1]) * dice.random() * 10.0 ** dice.randint(-320, 308) for _ in range(20_000)]
    values += [float(dice.randint(-(2**60), 2**60)) for _ in range(5000)] + [10.0**n for n in range(-30, 31)]
    program = "JSON.parse(require('fs').readFileSync(0)).forEach(x => console.log(JSON.stringify(x)))"
    done = subprocess.run(
        [node, "-e", program], input=json.dumps(values), capture_output=True, text=True, check=True
    )
    assert [scalar_json(value) for value in values] == done.stdout.split()
