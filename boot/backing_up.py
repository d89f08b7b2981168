"""`vanthu backup`, `restore`: copy the archive's books (and bytes) of one moment, and put them back, proven whole."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from rich.progress import Progress, TaskID

from boot.auditing import log_store
from boot.finding import reindex
from boot.house import open_house, open_stores
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, result, say
from boot.wiring import prepare
from jobs.lock import EngineLock
from records.access import LOCAL
from records.clock import SystemClock
from records.errors import Conflict
from storage.audit import AuditAltered
from storage.audit_segments import events_after
from storage.backup import back_up
from storage.backup_parts import Backup
from storage.blobs import BlobStore
from storage.engine_memory import forget_work
from storage.objects import Side
from storage.restore import (
    absent_objects,
    checked,
    find_backup,
    must_be_empty,
    restore_blobs,
    restore_rows,
)
from storage.tables import open_tables
from storage.work import Work

_log = logging.getLogger("vanthu.backup")

Told = Callable[[str, int, int], None]

_WORDS = {"rows": "Bảng", "blobs": "Tệp trong kho", "objects": "Đối chiếu kho"}
_MOST_SHOWN = 50


def backup(settings: Settings, target: Path, *, with_blobs: bool, as_json: bool) -> Exit:
    """Make a backup in `target`; exit code 3 when the stores could not give every object (they are listed)."""
    with open_house(settings) as house, _telling(as_json) as told:
        made = back_up(house.work, house.blobs, target.absolute(), told, with_blobs=with_blobs)
        with house.work.begin() as tx:
            tx.audit.append(
                LOCAL.id,
                "backup-made",
                made.folder.name,
                "done",
                {"events": made.head[0], "objects": made.objects, "with_blobs": with_blobs},
            )
    if as_json:
        emit(
            {
                "backup": str(made.folder),
                "made_at": made.made_at,
                "audit": {"count": made.head[0], "root": made.head[1]},
                "objects": made.objects,
                "with_blobs": with_blobs,
                "absent": dict(made.absent),
            }
        )
    else:
        result(str(made.folder))
        say(f"Sao lưu xong: {made.objects} tệp trong kho, {made.head[0]} sự kiện nhật ký.")
        if not with_blobs:
            say("Chỉ có danh sách tệp, không có nội dung tệp (thêm --with-blobs để sao lưu cả nội dung).")
    _name(made.absent, "không đọc được từ kho nên không có trong bản sao lưu")
    return Exit.REFUSED if made.absent else Exit.WELL


def restore(settings: Settings, place: Path, *, replace: bool, check_only: bool, as_json: bool) -> Exit:
    """Prove the backup at `place` whole, then put it back into the archive of `settings`.

    Nothing is touched before every byte of the backup was read. Exit code 3 when objects are missing in the end.
    """
    with _telling(as_json) as told:
        found = checked(find_backup(place.absolute()), told)
        if check_only:
            result(str(found.folder))
            return Exit.WELL
        tables = open_tables(settings.database.url, settings.database.password)
        with ExitStack() as stack:
            stack.callback(tables.dispose)
            take_engine(stack.enter_context(EngineLock(settings.run_dir)), "restore")
            work = Work(tables, SystemClock())
            if not replace:
                must_be_empty(tables, work)
            prepare(settings)
            blobs = open_stores(settings, note_damage)
            taken = restore_blobs(found, blobs, told) if found.with_blobs else []
            if forget_work(settings.engine.url, settings.engine.password, work.clock.now()):
                say("Đã bỏ trí nhớ cũ của hàng đợi; lô đang dở sẽ được xử lý lại từ dữ liệu khôi phục.")
            restore_rows(found, work, told, replace=replace)
            later, torn = _take_back(work, log_store(blobs))
            _write_down(work, found, later)
            lost = {a.key: _lost(a.found) for a in absent_objects(work, blobs, told)}
            lost |= dict.fromkeys(taken, "blob-conflict: kho đang giữ nội dung khác")
    reindex(settings)
    if as_json:
        emit(
            {
                "backup": str(found.folder),
                "made_at": found.made_at,
                "events": found.head[0],
                "events_taken_back": later,
                "objects": found.objects,
                "log_torn": torn,
                "missing": lost,
            }
        )
    say(f"Đã khôi phục về thời điểm {found.made_at}: nhật ký {found.head[0]} sự kiện, khớp với bản sao lưu.")
    if later:
        say(
            f"Kho còn giữ {later} sự kiện nhật ký sau thời điểm đó; đã nối lại. Tài liệu của những sự kiện ấy không có "
            "trong bản sao lưu (xem docs/howto/restore.md)."
        )
    if torn:
        say(
            f"✗ Nhật ký trong kho không nối tiếp bản sao lưu ({torn}). Hãy chạy “vanthu audit verify” và báo người phụ "
            "trách an ninh."
        )
    _name(lost, "không có trong kho")
    return Exit.REFUSED if lost or torn else Exit.WELL


def note_damage(side: Side, key: str, reason: str) -> None:
    """Log what a reader met while the books are not there yet to take a note; fixity will find it again."""
    _log.error("object damaged in the %s store: %s: %s", side.value, key, reason)


def take_engine(lock: EngineLock, kind: str) -> None:
    """Keep the engine out for as long as the books are being put back. Raises `Conflict` (`engine-busy`)."""
    if not lock.take({"kind": kind}):
        raise Conflict(
            "the engine runs elsewhere",
            code="engine-busy",
            tell="Một tiến trình khác (serve, worker hoặc digitize) đang dùng thư mục dữ liệu này. Hãy dừng tiến trình "
            "đó rồi chạy lại. Chưa có gì bị thay đổi.",
        )


def _take_back(work: Work, store: BlobStore) -> tuple[int, str]:
    """Put back the events the store holds beyond the backup, before anything else writes one.

    Returns how many, and why not when the log in the store is another one.
    """
    try:
        with work.begin() as tx:
            return tx.audit.take_back(events_after(store, tx.audit.newest())), ""
    except AuditAltered as fault:
        return 0, str(fault)


def _write_down(work: Work, found: Backup, later: int) -> None:
    with work.begin() as tx:
        tx.audit.append(
            LOCAL.id,
            "archive-restored",
            found.folder.name,
            "done",
            {"events": found.head[0], "events_taken_back": later, "objects": found.objects},
        )


def _lost(found: int | None) -> str:
    return "thiếu" if found is None else f"sai kích thước ({found} byte)"


def _name(keys: Mapping[str, str], what: str) -> None:
    for key, why in islice(keys.items(), _MOST_SHOWN):
        say(f"✗ {key}: {why}")
    if keys:
        say(f"{len(keys)} tệp {what}.")


@contextmanager
def _telling(quiet: bool) -> Iterator[Told]:
    with progress_bar(quiet=quiet or not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, of: int) -> None:
            _show(bar, tasks, what, done, of)

        yield told


def _show(bar: Progress, tasks: dict[str, TaskID], what: str, done: int, of: int) -> None:
    if what not in tasks:
        tasks[what] = bar.add_task(_WORDS[what], total=None, rate="")
    bar.update(tasks[what], completed=done, total=of or None)
