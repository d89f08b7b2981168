"""A confirmation that comes before the first try of the walk has ended is not forgotten: the patrol begins the next."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, sys, threading, time
from pathlib import Path
from ingest import arrange
from jobs.children import ChildPools, Limits
from jobs.crew import Crew, Member
from jobs.engine import Engine, EngineAddress
from jobs.patrol import Patrol
from jobs.walk import SERVICES, Walk, queues
from jobs.walk_steps import Steps
from records.access import LOCAL
from storage.folder import FolderStore
from tests.cases.database import migrated
from storage.tables import open_tables
from tests.cases.archive_world import scan, world

def main(folder):
    tables = migrated(folder / "vanthu.db")
    children = ChildPools({"parse": Limits(workers=1, memory=3 * 1024**3, tasks=10_000)})
    made = world(folder, tables, FolderStore(folder / "blobs"), children)
    real, said, looking = Steps.propose, [], threading.Lock()

    def propose(steps, batch_id):
        with looking:  # a person is faster than the end of the try and than the patrol's next look
            told = real(steps, batch_id)
            said.append(told is None)
            if told is None:
                with made.work.begin() as tx:
                    arrange.confirm(tx, LOCAL, batch_id, 0)
        return told

    Steps.propose = propose
    batch = made.deliver({"a.jpg": scan("a"), "b.jpg": scan("b")}, arrange="1")
    engine = Engine(EngineAddress(f"sqlite:///{folder}/engine.db"), "embedded", queues(2))
    walk = Walk(engine, made.tools)
    crew = Crew(made.work, Member("embedded", tuple(SERVICES)), folder)
    patrol = Patrol(engine, walk, made.tools, crew)
    crew.join()
    engine.launch()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with looking:
            patrol.round(20)
        with made.work.reading() as tx:
            state = tx.batches.get(LOCAL, batch).state
            documents = len(tx.documents.of_batch(batch))
        if state == "finished":
            break
        time.sleep(0.1)
    engine.stop()
    crew.leave()
    children.stop()
    print(json.dumps({"state": state, "documents": documents, "waited": said}))

if __name__ == "__main__":
    main(Path(sys.argv[1]))
"""


def test_confirmed_before_the_try_had_ended_goes_on(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    ran = subprocess.run(
        [sys.executable, str(program), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    # the second try proposed; nobody reads here, so its documents are given up, and the delivery comes to its end
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "state": "finished",
        "documents": 2,
        "waited": [True, False],
    }
