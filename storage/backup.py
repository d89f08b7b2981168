"""Copy the rows, the list of objects and the log's head as they stand at one moment, so that they can be put back.

All of it is read in one snapshot, so it fits together however busy the archive is. Our own form and not the database's:
one backup can be restored into either profile, and every byte of it can be checked. See docs/decisions/0069.
"""

import fcntl
import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import Away, Conflict
from storage.backup_parts import (
    BLOBS,
    MANIFEST,
    NOTE,
    TABLES,
    Backup,
    Part,
    backup_json,
    hashed_part,
    part_name,
)
from storage.blobs import BlobFault, BlobStore, Stored
from storage.catalogue import moment_json
from storage.crashpoint import crashpoint
from storage.folder import FolderStore
from storage.tables import REVISION
from storage.work import Tx, Work

_HALF = ".part"

Told = Callable[[str, int, int], None]
"""Is told what is being copied, how many are done and how many there are (0 when unknown)."""


def back_up(work: Work, blobs: BlobStore, target: Path, told: Told, *, with_blobs: bool) -> Backup:
    """Make a backup in `target` (made when absent) and return it; it appears whole or not at all.

    `with_blobs` also copies the bytes of every object that `target` does not hold yet. Objects that the stores cannot
    give are listed in the backup's `absent`. Raises `Away` when the database, a store or the target's disk does not
    do its part; `Conflict` (`backup-busy`) when another backup is being made there.
    """
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(target):
            return _made(work, blobs, target, told, with_blobs)
    except OSError as fault:
        raise Away(
            f"{target}: {fault}",
            code="target-away",
            tell="Không ghi được bản sao lưu (đĩa đầy, mất kết nối hoặc không có quyền ghi). Dữ liệu đang dùng không "
            "bị ảnh hưởng. Hãy kiểm tra ổ đĩa rồi chạy lại.",
        ) from fault


def _made(work: Work, blobs: BlobStore, target: Path, told: Told, with_blobs: bool) -> Backup:
    now = work.clock.now()
    name = now.strftime("%Y%m%dT%H%M%S%fZ")
    half, folder = target / f".{name}{_HALF}", target / name
    half.mkdir(mode=0o700)
    parts: list[Part] = []
    with work.reading() as tx:
        for number, table in enumerate(TABLES, start=1):
            told("rows", number, len(TABLES))
            parts.append(_rows(tx, half, table))
        head, note = tx.audit.head(), tx.heads.last()
    objects = next(part.rows for part in parts if part.name == part_name("objects"))
    if note is not None:
        with hashed_part(half, NOTE) as writer:
            writer.write(note.note.encode())
        parts.append(writer.part)
    crashpoint("backup-after-rows")
    made = Backup(
        half, moment_json(now), REVISION, tuple(parts), (head.count, head.root), objects, with_blobs, {}
    )
    if with_blobs:
        absent = _copy_blobs(made, blobs, target, told)
        made = Backup(half, made.made_at, REVISION, made.parts, made.head, made.objects, with_blobs, absent)
    crashpoint("backup-before-manifest")
    with hashed_part(half, MANIFEST) as writer:
        writer.write(backup_json(made))
    for each in (half / "rows", half):
        _sync(each)
    crashpoint("backup-after-manifest")
    half.rename(folder)
    _sync(target)
    crashpoint("backup-after-rename")
    return Backup(
        folder, made.made_at, REVISION, made.parts, made.head, made.objects, with_blobs, made.absent
    )


def _rows(tx: Tx, half: Path, table: str) -> Part:
    with (
        hashed_part(half, part_name(table)) as writer,
        gzip.GzipFile(fileobj=writer, mode="wb", compresslevel=1, mtime=0) as packed,
    ):
        for row in tx.catalogue.rows(table):
            packed.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            writer.rows += 1
    return writer.part


def _copy_blobs(made: Backup, blobs: BlobStore, target: Path, told: Told) -> dict[str, str]:
    """Copy the bytes that `target` lacks; return the keys whose bytes the stores cannot give, with the reason."""
    kept = FolderStore(target / BLOBS)
    passing = made.folder / "object"
    absent: dict[str, str] = {}
    for number, row in enumerate(made.rows("objects"), start=1):
        key, sha256 = row["key"], row["sha256"]
        told("blobs", number, made.objects)
        if (
            kept.size(key) == row["size"]
        ):  # written and read back by an earlier backup; a restore reads it again
            continue
        try:
            blobs.copy_out(key, passing, sha256)
        except BlobFault as fault:
            absent[key] = f"{fault.code}: {fault}"
            continue
        stored = kept.put_once(key, passing, sha256)
        if not isinstance(stored, Stored):
            raise Away(
                f"{key} in the backup: {stored}",
                code="target-away",
                tell="Một tệp trong thư mục sao lưu bị hỏng hoặc ổ đĩa không ghi được. Dữ liệu đang dùng không bị ảnh "
                "hưởng. Hãy sao lưu vào thư mục mới.",
            )
        crashpoint("backup-after-blob")
    passing.unlink(missing_ok=True)
    return absent


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep other backups out of `target` and remove what killed ones left half done."""
    with (target / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"{target} is being written",
                code="backup-busy",
                tell="Một bản sao lưu khác đang được ghi vào thư mục này. Hãy đợi xong rồi chạy lại.",
            ) from None
        for path in target.glob(f".*{_HALF}"):
            shutil.rmtree(path)
        yield


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
