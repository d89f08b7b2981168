"""The engine itself takes an issued paper in, shot at every step in turn, and makes one document of it."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from jobs.children import ChildPools, Limits
from records.access import SYSTEM, Level
from records.document import BatchState, DocumentState
from storage import accounts as door
from storage.batch_values import ISSUER
from storage.folder import FolderStore
from tests.cases.archive_world import world as make_world
from tests.cases.database import TurnedClock, migrated
from tests.cases.issued import a_town

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys, time
from pathlib import Path
from jobs.children import ChildPools, Limits
from jobs.engine import Engine, EngineAddress
from jobs.walk import Walk, queues
from storage.folder import FolderStore
from storage.tables import open_tables
from tests.cases.archive_world import world
from tests.cases.database import TurnedClock
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    tables = open_tables(f"sqlite:///{folder}/vanthu.db")
    children = ChildPools({"parse": Limits(workers=1, memory=3 * 1024**3, tasks=10_000)})
    tools = world(folder, tables, FolderStore(folder / "blobs"), children, TurnedClock()).tools
    engine = Engine(EngineAddress(f"sqlite:///{folder}/engine.db"), "embedded", queues(2))
    walk = Walk(engine, tools)
    engine.launch()
    def waiting():
        with tools.work.reading() as tx:
            return [batch.id for batch in tx.batches.unfinished()]
    for batch_id in waiting():
        walk.start_batch(batch_id)
    until = time.monotonic() + 60
    def manifests():
        with tools.work.reading() as tx:
            return tx.catalogue.finished_without("manifest.json", 10)
    while (waiting() or manifests()) and time.monotonic() < until:
        time.sleep(0.1)
    engine.stop()
    children.stop()
    sys.exit(1 if waiting() or manifests() else 0)
"""
POINTS = (
    "split-before-commit", "proposed-after-commit", "deposit-before", "deposit-after-access.pdf",
    "deposit-after-pages.json", "deposit-after-manifest.json", "register-before-commit", "register-after-commit",
    "finish-after-commit", "finish-after-manifest",
)  # fmt: skip


def test_killed_at_every_step_it_is_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    tables = migrated(tmp_path / "vanthu.db")
    children = ChildPools({"parse": Limits(workers=1, memory=3 * 1024**3, tasks=10_000)})
    world = make_world(tmp_path, tables, FolderStore(tmp_path / "blobs"), children, TurnedClock())
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    run = [sys.executable, str(program), str(tmp_path)]
    said = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        letter = a_town(world, tmp_path).close().papers[-1]
        died = []
        for point in POINTS:
            done = subprocess.run(run, env={**said, "VANTHU_CRASHPOINT": point}, cwd=ROOT, check=False)
            died.append(done.returncode)
        assert set(died) == {-9}, dict(zip(POINTS, died, strict=True))
        assert subprocess.run(run, env=said, cwd=ROOT, check=False).returncode == 0
        with world.work.reading() as tx:
            (batch,) = [row for row in tx.catalogue.rows("batches") if row["created_by"] == ISSUER]
            (document,) = tx.documents.of_batch(batch["id"])
            parts = {part.name: part.sha256 for part in tx.documents.renditions(SYSTEM, document.id)}
            events = Counter(row["action"] for row in tx.catalogue.rows("audit", object=document.id))
            ends = Counter(row["action"] for row in tx.catalogue.rows("audit", object=batch["id"]))
    finally:
        children.stop()
        tables.dispose()
    assert batch["state"] == BatchState.FINISHED
    assert (document.state, document.version, document.level) == (DocumentState.ARCHIVED, 1, Level.PARTIES)
    assert parts["access.pdf"] == parts["original"] == letter.sha256
    assert events == {"document-archived": 1}
    assert ends == {"batch-created": 1, "batch-started": 1, "documents-proposed": 1, "batch-finished": 1}
