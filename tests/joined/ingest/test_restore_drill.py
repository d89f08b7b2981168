"""The restore drill on both profiles, through the command: nothing acknowledged before the backup is missing there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from tests.joined.ingest.conftest import another_database
from tests.tools.restore_drill import SAMPLES, Site, drill

pytestmark = pytest.mark.joined


@pytest.fixture
def strips(tmp_path: Path) -> list[Path]:
    """Strips of a page, so that reading one takes a moment only."""
    made = []
    with Image.open(SAMPLES / "cong-van-1412.jpg") as page:
        for number in range(4):
            top = page.height // 10 * (number + 1)
            strip = page.convert("L").crop((0, top, page.width, top + page.height // 8))
            made.append(tmp_path / f"trang-{number}.png")
            strip.save(made[-1], dpi=(300, 300))
    return made


def test_on_one_machine(tmp_path: Path, strips: list[Path]) -> None:
    site, elsewhere = (Site({"VANTHU_DATA_DIR": str(tmp_path / name)}) for name in ("data", "elsewhere"))
    drill(site, elsewhere, tmp_path, strips[:1], strips[1:])


@pytest.fixture
def two_clusters(
    cluster_environment: dict[str, str],
    postgres_database: tuple[str, str],
    s3_copy_bucket: tuple[str, str, str],
    tmp_path: Path,
) -> Iterator[tuple[Site, Site]]:
    """One house on a database and a bucket, another one on others; what was the copy is the other's only store."""
    here = {name: value for name, value in cluster_environment.items() if "_COPY_" not in name}
    with ExitStack() as stack:
        tables = stack.enter_context(another_database(postgres_database))
        there = {
            **here,
            "VANTHU_DATA_DIR": str(tmp_path / "elsewhere"),
            "VANTHU_DATABASE_URL": tables.engine.url.set(drivername="postgresql").render_as_string(),
            "VANTHU_BLOBS_URL": s3_copy_bucket[0],
            "VANTHU_BLOBS_ACCESS_KEY_FILE": cluster_environment["VANTHU_COPY_ACCESS_KEY_FILE"],
            "VANTHU_BLOBS_SECRET_KEY_FILE": cluster_environment["VANTHU_COPY_SECRET_KEY_FILE"],
            "VANTHU_SEARCH_URL": here["VANTHU_SEARCH_URL"] + "b",
        }
        yield Site(here, with_worker=True), Site(there, with_worker=True)


def test_from_cluster_to_cluster(tmp_path: Path, strips: list[Path], two_clusters: tuple[Site, Site]) -> None:
    drill(*two_clusters, tmp_path, strips[:1], strips[1:])
