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

pytestmark = pytest.mark.joined

KILLS = int(os.environ.get("VANTHU_KILLS", "4"))
PAGES = int(os.environ.get("VANTHU_KILL_PAGES", "60" if KILLS > 10 else "8"))


@pytest.fixture
def batch(tmp_path: Path, corpus: Path) -> Path:
    """A batch of `PAGES` page images: some documents of several pages, the rest loose."""
    folder = tmp_path / "lo"
    images = sorted(p for p in (corpus / "pages").iterdir() if p.suffix in (".jpg", ".png", ".tif"))[:PAGES]
    for image in images:
        document = image.stem.rsplit("-", 1)[0]
        (folder / document).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, folder / document / image.name)
    return folder


def test_killed_at_random_moments(vanthu: Vanthu, batch: Path, tmp_path: Path) -> None:
    rng = random.Random(20261123)
    pages = sum(1 for p in batch.rglob("*.*"))
    documents = sum(1 for p in batch.iterdir())
    killed = 0
    for number in range(KILLS):
        running = vanthu.start("digitize", batch, "--json")
        wait = rng.uniform(0.5, 12.0 if KILLS <= 10 else 25.0)
        until = time.monotonic() + wait
        while running.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
            killed += 1
        running.communicate()
        print(f"kill {number + 1}: after {wait:.1f} s", flush=True)
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
        )
        assert {n for _, n in archived} == {1}
    finally:
        rows.close()
    folders = {p.name for p in (vanthu.data / "blobs" / "documents").iterdir()}
    assert folders == {d["document_id"] for d in last.documents}
    files = [Path(d["pdf"]) for d in last.documents]
    assert vanthu("verify", *files).code == 0
    print(f"{killed} kills, {documents} documents, {pages} pages")
