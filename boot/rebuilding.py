"""`vanthu rebuild`: make the books anew out of the stores when the database is lost; `--check` looks the other way."""

from contextlib import ExitStack

from boot.auditing import log_store
from boot.backing_up import note_damage, take_engine
from boot.finding import reindex
from boot.house import open_house, open_stores
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, say
from boot.wiring import prepare
from ingest.missing import Missing, rows_without_bytes
from ingest.rebuild import rebuild as rebuild_rows
from ingest.rebuild_round import begin_rebuild
from ingest.rebuild_values import Rebuilt
from jobs.lock import EngineLock
from procedures.case_deposit import hand_over_again
from procedures.definition_read import read_definitions
from records.clock import SystemClock
from storage.engine_memory import forget_work
from storage.tables import open_tables
from storage.tree_notes import load_verifiers
from storage.work import Work

_WORDS = {
    "log": "Nhật ký",
    "batches": "Lô",
    "documents": "Tài liệu",
    "signings": "Đợt ký",
    "cases": "Hồ sơ",
    "objects": "Tệp trong kho",
}


def rebuild(settings: Settings, *, as_json: bool) -> Exit:
    """Fill an empty database from the stores and build the index; exit code 3 when something had to be left out.

    A killed rebuild goes on when the command is given again. Raises `Conflict` (`database-not-empty`, `engine-busy`).
    """
    with ExitStack() as stack:
        tables = open_tables(settings.database.url, settings.database.password)
        stack.callback(tables.dispose)
        lock = stack.enter_context(EngineLock(settings.run_dir))
        take_engine(lock, "rebuild")
        prepare(settings)
        work = Work(tables, SystemClock())
        begin_rebuild(work)
        if forget_work(settings.engine.url, settings.engine.password, work.clock.now()):
            say("Đã bỏ trí nhớ cũ của hàng đợi; lô đang dở sẽ được xử lý lại từ kho.")
        blobs = open_stores(settings, note_damage)
        logs = [log_store(blobs)] if log_store(blobs) is blobs else [log_store(blobs), blobs]
        bar = stack.enter_context(progress_bar(quiet=as_json or not console.is_terminal))
        tasks = {
            what: bar.add_task(_WORDS[what], total=None, rate="")
            for what in ("log", "batches", "documents", "signings", "cases")
        }
        done = rebuild_rows(
            work,
            blobs,
            logs,
            lambda what, count: bar.update(tasks[what], completed=count),
            load_verifiers(settings.keys_dir),
        )
        handed = hand_over_again(work, read_definitions())
        if handed:
            say(f"{handed} văn bản đã phát hành được giao lại cho kho lưu trữ.")
    _tell(done, as_json=as_json)
    reindex(settings)
    return Exit.REFUSED if done.troubles else Exit.WELL


def check(settings: Settings, *, as_json: bool) -> Exit:
    """List every row whose bytes are not in the store; exit code 1 when there are any."""
    count = 0
    with open_house(settings) as house, progress_bar(quiet=as_json or not console.is_terminal) as bar:
        task = bar.add_task(_WORDS["objects"], total=None, rate="")
        rows = rows_without_bytes(
            house.work, house.blobs, lambda _what, done: bar.update(task, completed=done)
        )
        for row in rows:
            count += 1
            _list(row, as_json=as_json)
    if count:
        say(
            f"{count} dòng dữ liệu trỏ tới tệp không còn trong kho. Hãy khôi phục tệp từ bản sao "
            "(docs/howto/restore.md)."
        )
        return Exit.NO
    say("Mọi dòng dữ liệu đều có tệp trong kho (đã đối chiếu sự có mặt và kích thước).")
    return Exit.WELL


def _list(row: Missing, *, as_json: bool) -> None:
    if as_json:
        emit({"table": row.table, "row": row.row, "key": row.key, "found": row.found})
        return
    what = "thiếu" if row.found is None else f"sai kích thước ({row.found} byte)"
    say(f"✗ {row.key}: {what} ({row.table} {row.row})")


def _tell(done: Rebuilt, *, as_json: bool) -> None:
    if as_json:
        for trouble in done.troubles:
            emit({"left_out": trouble.key, "code": trouble.code, "reason": trouble.reason})
        emit(dict(done.counts))
    for trouble in () if as_json else done.troubles:
        say(f"✗ {trouble.key}: bỏ qua ({trouble.code}: {trouble.reason})")
    if done.unnamed:
        say(f"… và {done.unnamed} mục khác.")
    counts = done.counts
    say(
        f"Đã dựng lại {counts['batches']} lô, {counts['files']} tệp, {counts['documents']} tài liệu, "
        f"{counts['pages']} trang, {counts['signings']} văn bản ký, {counts['cases']} hồ sơ, "
        f"{counts['numbers']} số văn bản đi; nhật ký tới số {done.log_until}."
    )
    if done.given_until > done.log_until:
        say(
            f"Nhật ký sau số {done.log_until} đã mất: biên nhận trong kho cho thấy đã có ít nhất tới số "
            f"{done.given_until}."
        )
    if done.troubles:
        say(
            f"{len(done.troubles) + done.unnamed} mục hỏng hoặc không khớp nhật ký đã bị bỏ qua, không suy đoán."
        )
    say(
        "Tài khoản không nằm trong kho: hãy chạy `vanthu init` rồi `vanthu account add`, hoặc khôi phục từ bản sao lưu."
    )
