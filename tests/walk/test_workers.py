"""Many workers on one batch: no page twice in effect, a dead one's pages go on elsewhere, each ends politely."""

import os
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.tools.length import LONG
from tests.walk.cluster import ClusterVanthu, cluster_house
from tests.walk.conftest import SAMPLES, Vanthu
from tests.walk.truth import is_secret

pytestmark = pytest.mark.joined

READ = "select count(*) from pages where state = 'read'"


@pytest.fixture
def cluster(cluster_environment: dict[str, str]) -> ClusterVanthu:
    return cluster_house(cluster_environment)


@pytest.fixture
def many_pages(tmp_path: Path, corpus: Path) -> Path:
    """Small pages, forty in a long run, no two alike: strips of the corpus' pages, read in a moment each."""
    folder = tmp_path / "lo"
    folder.mkdir()
    images = sorted(p for p in (corpus / "pages").glob("*.jpg") if not is_secret(corpus, p.stem))
    for number, image in enumerate(images[: 10 if LONG else 5]):
        with Image.open(image) as page:
            for part in range(4):
                top = page.height // 8 + part * page.height // 8
                strip = page.convert("L").crop((0, top, page.width, top + page.height // 6))
                document = folder / f"tai-lieu-{number:02d}"
                document.mkdir(exist_ok=True)
                strip.save(document / f"trang-{part}.png", dpi=(300, 300))
    return folder


def test_the_full_walk_on_the_cluster_profile(cluster: ClusterVanthu) -> None:
    """The samples, handed in while no worker runs yet, read, sealed, kept in both stores, found."""
    with cluster.workers(1, "--queues", "documents,pages"), cluster.workers(1, "--queues", "sign,index"):
        ran = cluster("digitize", SAMPLES, "--dossier", "MAU-01", "--out", cluster.data / "out", "--json")
    assert ran.code == 0, ran.err + cluster.logs()
    assert {d["state"] for d in ran.documents} == {"archived"}
    number = next(d["fields"]["number"] for d in ran.documents if d["fields"]["number"])
    assert cluster("search", number).code == 0
    assert cluster("verify", *(cluster.data / "out").glob("*.pdf")).code == 0
    assert cluster("audit", "verify").code == 0
    again = cluster("digitize", SAMPLES, "--dossier", "MAU-01", "--json")
    assert {d["document_id"] for d in again.documents} == {d["document_id"] for d in ran.documents}


def test_two_workers_share_a_batch_and_one_dies(cluster: ClusterVanthu, many_pages: Path) -> None:
    pages = len(list(many_pages.rglob("*.png")))
    with cluster.workers(2) as (first, second):
        digitizing = cluster.start("digitize", many_pages, "--json")
        cluster.wait_for(READ, pages // 4)
        os.kill(first.pid, signal.SIGKILL)
        out, err = digitizing.communicate(timeout=300)
        assert digitizing.returncode == 0, err + cluster.logs()
        assert second.poll() is None
    ran = out.splitlines()
    documents = len(list(many_pages.iterdir()))
    assert len(ran) == documents, err
    assert cluster.rows(READ) == [(pages,)]
    assert cluster.rows(
        "select count(*), count(distinct object) from audit where action = 'document-archived'"
    ) == [(documents, documents)]
    assert cluster.rows(
        "select count(*), count(distinct document_id) from renditions where name = 'access.pdf'"
    ) == [(documents, documents)]
    assert cluster("audit", "verify").code == 0


@pytest.mark.long
def test_a_worker_asked_to_stop_finishes_its_pages_and_leaves_no_lease(
    cluster: ClusterVanthu, many_pages: Path
) -> None:
    leases = "select count(*) from leases where name like 'worker:%'"
    digitizing = cluster.start("digitize", many_pages, "--json")
    with cluster.workers(1) as (only,):
        cluster.wait_for(READ, 4)
        only.send_signal(signal.SIGTERM)
        assert only.wait(timeout=45) == 0, cluster.logs()
    assert cluster.rows(leases) == [(0,)]
    assert digitizing.poll() is None
    time.sleep(0.5)
    half = cluster.rows(READ)[0][0]
    pages = len(list(many_pages.rglob("*.png")))
    assert 4 <= half < pages
    with cluster.workers(1):
        _, err = digitizing.communicate(timeout=300)
    assert digitizing.returncode == 0, err + cluster.logs()
    assert cluster.rows(READ) == [(pages,)]


def test_worker_refuses_a_second_engine_on_one_sqlite_file(vanthu: Vanthu) -> None:
    house = vanthu
    running = house.start("worker")
    until = time.monotonic() + 30
    while not (house.data / "run" / "engine.lock").exists() and time.monotonic() < until:
        time.sleep(0.1)
    refused = house("worker", "--queues", "pages")
    assert refused.code != 0
    assert "PostgreSQL" in refused.err
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert house("worker", "--queues", "nhau").code == 2
