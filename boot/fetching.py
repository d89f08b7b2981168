"""Inputs that are no files yet: a ZIP is unfolded, a prefix of a bucket is fetched, both into a folder of the delivery.

From then on it is a delivery like any other: the same files under the same places are the same delivery, whether they
came as a folder, in a ZIP or from a bucket.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from boot.settings import Settings
from boot.speak import say
from ingest.children import ChildDied, Children, ChildStuck
from ingest.names import clean_path
from ingest.unzip import ZipLimits, is_zip, unzip
from records.errors import ArchiveFault, Unfit

S3 = ("s3://", "s3+http://", "s3+https://")
UNFOLD_SECONDS = 1800.0


def named(source: Path | str) -> str:
    """Return what people call an input: the last part of its path or address."""
    return (
        source.resolve().name
        if isinstance(source, Path)
        else urlsplit(source).path.rstrip("/").rpartition("/")[2]
    )


@contextmanager
def local_inputs(
    settings: Settings, children: Children, sources: tuple[Path | str, ...]
) -> Iterator[tuple[Path, ...]]:
    """Give the inputs as files and folders of this machine for the block.

    Raises `Unfit` (a ZIP that cannot be taken), `StoreAway`, `ArchiveFault` (`bad-settings`: no keys for the bucket).
    """
    work = settings.data_dir / "work"
    with tempfile.TemporaryDirectory(dir=work, prefix="fetch-") as name:
        here: list[Path] = []
        for number, source in enumerate(sources):
            into = Path(name) / str(number) / (named(source) or "s3")
            if isinstance(source, str):
                into.mkdir(parents=True)
                _fetch(settings, source, into)
                here.append(into)
            elif source.is_file() and is_zip(source):
                into = into.with_suffix("")
                into.mkdir(parents=True)
                _unfold(settings, children, source, into)
                here.append(into)
            else:
                here.append(source)
        yield tuple(here)


def _unfold(settings: Settings, children: Children, source: Path, into: Path) -> None:
    limits = ZipLimits(file_bytes=settings.max_file_bytes)
    try:
        count = children.run("parse", UNFOLD_SECONDS, unzip, source, into, source.name, limits)
    except (ChildStuck, ChildDied) as fault:
        raise Unfit(
            str(fault),
            code="archive-hostile",
            tell=f"{source.name}: tệp nén làm chương trình đọc vượt giới hạn nên không được nhận. Hãy nén lại.",
        ) from fault
    say(f"{source.name}: lấy ra {count} tệp.")


def _fetch(settings: Settings, source: str, into: Path) -> None:
    from storage.s3_fetch import fetch_prefix  # only here: its client takes a second to load

    scans = settings.scans
    url = source
    if source.startswith("s3://"):
        url = f"{scans.url.rstrip('/')}/{source.removeprefix('s3://')}"
    if not scans.access_key or not url.startswith(S3[1:]):
        raise ArchiveFault(
            f"no server or keys for {source}",
            code="bad-settings",
            tell="Chưa khai báo kho S3 để lấy tệp: đặt VANTHU_SCANS_URL (ví dụ s3+https://may-chu:9000), "
            "VANTHU_SCANS_ACCESS_KEY_FILE và VANTHU_SCANS_SECRET_KEY_FILE.",
        )
    count, left = fetch_prefix(
        url, scans.access_key, scans.secret_key, into, clean_path, settings.max_file_bytes
    )
    for key in left:
        say(f"✗ {key}: tệp lớn hơn giới hạn {settings.max_file_bytes // 1024**2} MB nên không lấy về.")
    say(f"{source}: lấy về {count} tệp.")
