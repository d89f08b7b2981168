"""kill -9 at random moments: the same documents once, none missing, the audit log whole."""

import os
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.walk.conftest import Vanthu
from tests.walk.truth import is_secret

pytestmark = pytest.mark.joined

KILLS = int(os.environ.get("VANTHU_KILLS", "4"))
PAGES = int(os.environ.get("VANTHU_KILL_PAGES", "60" if KILLS > 10 else "8"))


@pytest.fixture
def batch(tmp_path: Path, corpus: Path) -> Path:
    """A batch of `PAGES` page images: some documents of several pages, the rest loose."""
    folder = tmp_path / "lo"
    images = sorted(p for p in (corpus / "pages").iterdir() if p.suffix in (".jpg", ".png", ".tif"))
    for image in [p for p in images if not is_secret(corpus, p.stem)][:PAGES]:
        document = image.stem.rsplit("-", 1)[0]
        (folder / document).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, folder / document / image.name)
    return folder


def test_killed_at_random_moments(batch: Path, tmp_path: Path) -> None:
    """Kill until the number is reached; when a batch gets through before that, a new archive takes the next ones."""
    rng = random.Random(20261123)
    killed, archives = 0, 0
    while killed < KILLS:
        archives += 1
        vanthu = Vanthu(tmp_path / f"data-{archives}")
        assert vanthu("init", "--json").code == 0
        while killed < KILLS:
            running = vanthu.start("digitize", batch, "--json")
            wait = rng.uniform(0.8, 6.0)
            until = time.monotonic() + wait
            while running.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            finished = running.poll() is not None
            if not finished:
                os.kill(running.pid, signal.SIGKILL)
                killed += 1
                print(f"kill {killed}: archive {archives}, after {wait:.2f} s", flush=True)
            running.communicate()
            if finished:
                break
        check(vanthu, batch)
    print(f"{killed} kills over {archives} archive(s): nothing lost, nothing twice", flush=True)


def check(vanthu: Vanthu, batch: Path) -> None:
    """Let the batch come to its end, then ask rows, blobs, audit log and verifier."""
    pages = sum(1 for p in batch.rglob("*.*"))
    documents = sum(1 for p in batch.iterdir())
    last = vanthu("digitize", batch, "--json", timeout=1800)
    assert last.code == 0, last.err
    assert len(last.documents) == documents
    assert {d["state"] for d in last.documents} == {"archived"}
    placed = [p["file"] for d in last.documents for p in d["page_sources"]]
    assert len(placed) == len(set(placed)) == pages
    audit = vanthu("audit", "verify")
    assert audit.code == 0, audit.out + audit.err
    rows = sqlite3.connect(vanthu.data / "vanthu.db")
    try:
        archived = rows.execute(
            "select object, count(*) from audit where action = 'document-archived' group by object"
        ).fetchall()
        files = rows.execute("select count(*), count(distinct relative_path) from files").fetchone()
    finally:
        rows.close()
    assert {n for _, n in archived} == {1}
    assert len(archived) == documents
    assert files == (pages, pages)
    folders = {p.name for p in (vanthu.data / "blobs" / "documents").iterdir()}
    assert folders == {d["document_id"] for d in last.documents}
    assert vanthu("verify", *(d["pdf"] for d in last.documents)).code == 0
    words = next(d["fields"]["number"] for d in last.documents if d["fields"]["number"])
    assert vanthu("search", words).code == 0
