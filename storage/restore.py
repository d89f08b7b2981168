"""Put a backup back: every part is checked before anything is touched, then all rows in one transaction or none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from records.errors import ArchiveFault, Conflict
from storage.backup_parts import (
    MANIFEST,
    TABLES,
    Backup,
    BackupRefused,
    check_parts,
    open_backup,
)
from storage.blobs import BlobStore, BlobUnreadable, Stored, Unavailable
from storage.crashpoint import crashpoint
from storage.folder import FolderStore
from storage.objects import UNKNOWN_SIZE
from storage.tables import REVISION, Tables
from storage.work import Work

_AT_ONCE = 500

Told = Callable[[str, int, int], None]
"""Is told what is being done, how much is done and how much there is (0 when unknown)."""


@dataclass(frozen=True, slots=True)
class Absent:
    """An object of the register that the store does not hold: absent (`found` None), or of another size."""

    key: str
    found: int | None


def find_backup(place: Path) -> Path:
    """Return the folder of the backup that `place` names: itself, or the newest of those in it.

    Raises `BackupRefused`: nothing there, or the newest is not whole (an older one must be named by hand).
    """
    if (place / MANIFEST).exists():
        return place
    found = sorted(p for p in place.glob("[0-9]*T*Z") if p.is_dir()) if place.is_dir() else []
    if not found:
        raise BackupRefused(f"{place}: no backup there", "backup-incomplete")
    return found[-1]


def checked(folder: Path, told: Told) -> Backup:
    """Return the backup in `folder` once every part and every object in it was read and is right.

    Raises `BackupRefused`; nothing was touched then.
    """
    backup = open_backup(folder)
    if backup.revision != REVISION:
        raise BackupRefused(
            f"its tables are of revision {backup.revision}, this version has {REVISION}", "backup-version"
        )
    told("rows", 0, 0)
    check_parts(backup)
    if backup.with_blobs:
        _check_blobs(backup, told)
    return backup


def must_be_empty(tables: Tables, work: Work) -> None:
    """Raise `Conflict` (`database-not-empty`) when there are rows; an empty database has no tables at all, or ours."""
    if not tables.version():
        return
    with work.reading() as tx:
        filled = tx.catalogue.filled(TABLES)
    if filled:
        raise Conflict(
            f"rows in {', '.join(filled)}",
            code="database-not-empty",
            tell="Nơi khôi phục đã có dữ liệu nên không ghi đè. Chưa có gì bị thay đổi. Hãy khôi phục vào cơ sở dữ "
            "liệu trống, hoặc thêm --replace nếu chắc chắn muốn bỏ dữ liệu đang có ở đó.",
        )


def restore_blobs(backup: Backup, blobs: BlobStore, told: Told) -> list[str]:
    """Put the bytes of the backup into `blobs`; return keys that hold other bytes there (nothing is overwritten).

    Safe to repeat. Raises `Away`.
    """
    taken: list[str] = []
    for number, row in enumerate(_objects(backup), start=1):
        told("blobs", number, backup.objects)
        stored = blobs.put_once(row[0], backup.blobs / row[0], row[1])
        if isinstance(stored, Unavailable):
            raise stored.fault(
                "Kho lưu trữ ở nơi khôi phục không ghi được (đầy đĩa hoặc mất kết nối). Hãy xử lý rồi chạy lại; "
                "phần đã chép được giữ lại."
            )
        if not isinstance(stored, Stored):
            taken.append(row[0])
        crashpoint("restore-after-blob")
    return taken


def restore_rows(backup: Backup, work: Work, told: Told, *, replace: bool) -> None:
    """Put the rows into the database in one transaction, and hold the log against the head that was backed up.

    `replace`: what is there is dropped in the same transaction. Raises `Conflict` (`database-not-empty`), `Away`,
    `ArchiveFault` (`restore-failed`); the database is then as it was.
    """
    with work.begin() as tx:
        if replace:
            tx.catalogue.begin_anew()
        elif tx.catalogue.filled(TABLES):
            raise Conflict("rows appeared meanwhile", code="database-not-empty")
        for number, table in enumerate(TABLES, start=1):
            told("rows", number, len(TABLES))
            tx.catalogue.add(table, backup.rows(table))
            crashpoint(f"restore-after-{table}")
        head = tx.audit.head()
        if (head.count, head.root) != backup.head:
            raise ArchiveFault(
                f"the restored log has head {head.count} {head.root}, the backup {backup.head}",
                code="restore-failed",
                tell="Nhật ký sau khi khôi phục không khớp với bản sao lưu nên mọi thay đổi đã được hủy. Hãy báo "
                "quản trị viên.",
            )
        crashpoint("restore-before-commit")
    crashpoint("restore-after-commit")


def absent_objects(work: Work, blobs: BlobStore, told: Told) -> Iterator[Absent]:
    """Return every object of the register that `blobs` does not hold, by presence and size. Raises `Away`."""
    with work.reading() as tx:
        total = tx.objects.count()
    last, done = "", 0
    while True:
        with work.reading() as tx:
            objects = tx.objects.after(last, _AT_ONCE)
        if not objects:
            return
        for each in objects:
            found = blobs.size(each.key)
            if found is None or each.size not in (found, UNKNOWN_SIZE):
                yield Absent(each.key, found)
        last, done = objects[-1].key, done + len(objects)
        told("objects", done, total)


def _check_blobs(backup: Backup, told: Told) -> None:
    if not backup.blobs.is_dir():
        raise BackupRefused(
            f"{backup.blobs.name}/: the folder with the bytes is missing", "backup-incomplete"
        )
    kept = FolderStore(backup.blobs)
    for number, (key, sha256) in enumerate(_objects(backup), start=1):
        told("blobs", number, backup.objects)
        try:
            found = kept.measure(key)
        except BlobUnreadable as fault:
            raise BackupRefused(f"{backup.blobs.name}/{key}: {fault}") from fault
        if found is None:
            raise BackupRefused(f"{backup.blobs.name}/{key}: missing", "backup-incomplete")
        if found.sha256 != sha256:
            raise BackupRefused(f"{backup.blobs.name}/{key}: its bytes are not those that were written")


def _objects(backup: Backup) -> Iterator[tuple[str, str]]:
    """Return key and hash of the objects whose bytes are in the backup."""
    for row in backup.rows("objects"):
        if row["key"] not in backup.absent:
            yield row["key"], row["sha256"]
