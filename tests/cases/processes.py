"""Several processes on one database: events stay in line; kill -9 loses nothing acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from records.access import SYSTEM
from records.clock import SystemClock
from storage.work import Work
from tests.cases.database import Database

ROOT = Path(__file__).parents[2]
WRITER = """
import os, sys
from records.clock import SystemClock
from storage.batches import NewBatch
from storage.tables import open_tables
from storage.work import Work
tables = open_tables(os.environ["TEST_DATABASE"], os.environ["TEST_PASSWORD"])
tables.migrate()
work = Work(tables, SystemClock())
for _ in range(int(sys.argv[1])):
    with work.begin() as tx:
        batch = tx.batches.add(NewBatch("t", "d", "system:local"))
        seq = tx.audit.append("system:local", "batch-added", batch.id, "done")
    print(seq, batch.id, flush=True)
tables.dispose()
"""


def _writer(database: Database, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE": database.url, "TEST_PASSWORD": database.password},
    )


class ProcessCases:
    """`fresh` gives the database of the next kill: an empty one where that is cheap."""

    kills = 15
    each = 100

    def test_four_processes_migrate_and_write_at_once(self, empty_database: Database) -> None:
        writers = [_writer(empty_database, self.each) for _ in range(4)]
        said = [writer.communicate()[0].splitlines() for writer in writers]
        assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
        numbers = [int(line.split()[0]) for lines in said for line in lines]
        assert sorted(numbers) == list(range(1, 4 * self.each + 1))
        assert all(lines == sorted(lines, key=lambda line: int(line.split()[0])) for lines in said)
        assert empty_database.events() == 4 * self.each

    def test_killed_writers_lose_nothing_acknowledged(self, fresh: Callable[[], Database]) -> None:
        """One event per effect, no gap, whatever the moment of death (also inside a migration)."""
        dice = random.Random(32)
        acknowledged: dict[str, set[str]] = defaultdict(set)
        for turn in range(1, self.kills + 1):
            database = fresh()
            writers = [_writer(database, 10_000) for _ in range(2)]
            time.sleep(dice.uniform(0.3, 1.6))
            for writer in writers:
                writer.send_signal(signal.SIGKILL)
            said = [line.split() for writer in writers for line in writer.communicate()[0].splitlines()]
            mine = acknowledged[database.url]
            mine |= {line[1] for line in said if len(line) == 2}
            tables = database.open()
            tables.migrate()
            with Work(tables, SystemClock()).reading() as tx:
                batches = {batch.id for batch in tx.batches.list(SYSTEM, limit=1_000_000)[0]}
                count = tx.audit.newest()
            tables.dispose()
            assert mine <= batches
            assert len(batches) == count
            assert len(mine) <= count <= len(mine) + 2 * turn
            assert database.events() == count
