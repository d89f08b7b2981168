"""Inputs from a bucket and from a ZIP, on the real server: the same places and bytes as the folder they came from."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from boot.fetching import local_inputs
from boot.inputs import gather
from boot.settings import Settings, StoreAddress, load_settings
from jobs.children import ChildPools, default_limits
from records.errors import ArchiveFault, Unfit
from storage.blobs import StoreAway
from storage.s3 import S3Store
from tests.tools.bad_files import png

pytestmark = pytest.mark.joined
PLACES = ("hs1/to 1.png", "hs1/to 2.png", "hs2/to 1.png", "ghi chú.txt")


def scan(place: str, number: int) -> bytes:
    """A list in words is no scan; the others are, each unlike the others."""
    return b"ghi" if place.endswith(".txt") else png() + bytes([number])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data" / "work").mkdir(parents=True)
    return load_settings(tmp_path / "data")


@pytest.fixture
def children():
    pools = ChildPools({"parse": default_limits(1)["parse"]})
    yield pools
    pools.stop()


def taken(settings: Settings, children: ChildPools, source: Path | str) -> dict[str, bytes]:
    with local_inputs(settings, children, (source,)) as here:
        inputs, _ = gather(here)
        found = {item.relative: item.path.read_bytes() for item in inputs}
    assert not list((settings.data_dir / "work").iterdir())
    return found


def test_a_prefix_of_a_bucket(
    settings: Settings, children: ChildPools, s3_bucket: tuple[str, str, str], tmp_path: Path
) -> None:
    url, access, secret = s3_bucket
    store, source = S3Store(url, access, secret), tmp_path / "a"
    for number, place in enumerate(PLACES):
        source.write_bytes(scan(place, number))
        store.put_once(f"lo-12/{place}", source)
        store.put_once(f"lo-123/{place}", source)
    server, _, bucket = url.rpartition("/")
    reading = replace(settings, scans=StoreAddress(server, access, secret))
    wanted = {place: scan(place, number) for number, place in enumerate(PLACES[:3])}
    assert taken(reading, children, f"{url}/lo-12") == wanted
    assert taken(reading, children, f"s3://{bucket}/lo-12") == wanted
    assert taken(reading, children, f"s3://{bucket}/khong-co") == {}
    small = replace(reading, max_file_bytes=10)
    assert taken(small, children, f"s3://{bucket}/lo-12") == {}
    with pytest.raises(StoreAway):
        taken(
            replace(reading, scans=StoreAddress(server, access, "sai" * 4)), children, f"s3://{bucket}/lo-12"
        )
    with pytest.raises(ArchiveFault) as fault:
        taken(settings, children, f"s3://{bucket}/lo-12")
    assert fault.value.code == "bad-settings"


def test_a_zip_is_its_folder(settings: Settings, children: ChildPools, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "lo.zip", "w") as archive:
        for number, place in enumerate(PLACES):
            (tmp_path / "lo" / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "lo" / place).write_bytes(scan(place, number))
            archive.write(tmp_path / "lo" / place, place)
    assert taken(settings, children, tmp_path / "lo.zip") == taken(settings, children, tmp_path / "lo")
    (tmp_path / "hong.zip").write_bytes((tmp_path / "lo.zip").read_bytes()[:-200])
    with pytest.raises(Unfit):
        taken(settings, children, tmp_path / "hong.zip")
