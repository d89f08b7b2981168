"""What can happen to the server: gone, killed, restarted, frozen, read-only, full.

Each time whoever asked hears of it soon, with the right code; nothing acknowledged is lost; and when the trouble is
over the next one who asks gets an answer, without a hand laid on.
"""

import logging
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError

from records.access import SYSTEM
from records.clock import SystemClock
from records.errors import Away
from storage import postgres_wire
from storage.postgres_wire import PATIENCE
from storage.tables import Tables, open_tables
from storage.work import Work
from tests.cases.database import PostgresDatabase
from tests.cases.database_trouble import SHORT, heard, open_folder, patiently, read, write
from tests.cases.rows import NEW_BATCH
from tests.tools.server_process import processes
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_wire, "PATIENCE", SHORT)


@pytest.fixture(scope="module")
def own(servers: Servers) -> Iterator[Servers]:
    """A server of this file alone, so that killing it disturbs nobody. `servers` says whether there can be one."""
    with open_folder() as folder:
        mine = Servers(folder)
        mine.start("postgres")
        yield mine
        mine.kill("postgres")


@pytest.fixture
def frail(own: Servers) -> Iterator[Work]:
    """Rows on the server of this file."""
    own.start("postgres")
    tables = open_tables(own.url("postgres"), own.secret("postgres"))
    tables.migrate()
    yield Work(tables, SystemClock())
    tables.dispose()


def test_nobody_waits_longer_than_promised() -> None:
    assert max(PATIENCE.lock, PATIENCE.statement, PATIENCE.reply) <= 10
    assert PATIENCE.ping + PATIENCE.connect <= 10
    assert PATIENCE.lock < PATIENCE.statement < PATIENCE.reply


def test_nobody_there() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        tables = open_tables(f"postgresql://u@127.0.0.1:{taken.getsockname()[1]}/d", "x")
        work = Work(tables, SystemClock())
        for ask in (lambda: write(work), lambda: read(work), tables.migrate, tables.version):
            assert heard(ask) == "database-away"
        tables.dispose()


def test_somebody_who_never_answers(postgres_database: tuple[str, str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        tables = open_tables(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/d", "x")
        assert heard(tables.version) == "database-away"
        tables.dispose()


def test_the_password_is_in_no_text(
    database: PostgresDatabase, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    right = open_tables(database.url, database.password)
    right.version()
    wrong = open_tables(database.url, "wr0ng-" + database.password)
    with pytest.raises(Away) as fault:
        wrong.version()
    assert fault.value.code == "database-away"
    told: list[str] = [repr(right.engine), str(right.engine.url), repr(right.engine.pool), repr(vars(right))]
    each: BaseException | None = fault.value
    while each is not None:
        told += [str(each), repr(each), getattr(each, "tell", "")]
        each = each.__cause__ or each.__context__
    with right.reading() as connection:
        told += [repr(connection), repr(connection.connection.driver_connection)]
    told += [caplog.text, *capfd.readouterr()]
    assert not any(database.password in text for text in told)
    for tables in (right, wrong):
        tables.dispose()


def test_what_is_written_is_in_no_fault(work: Work) -> None:
    with pytest.raises(IntegrityError) as fault, work.begin() as tx:
        tx.tokens.create("nobody", "nhãn bí mật")
    assert "bí mật" not in str(fault.value)


def test_rows_that_are_not_there_are_a_bug(empty_database: PostgresDatabase) -> None:
    """A database that nobody migrated is not one that is away."""
    tables = empty_database.open()
    with pytest.raises(ProgrammingError):
        read(Work(tables, SystemClock()))
    tables.dispose()


def test_killed_in_the_middle_of_a_transaction(frail: Work, own: Servers) -> None:
    write(frail)

    def dies() -> None:
        with frail.begin() as tx:
            tx.batches.add(NEW_BATCH)
            own.kill("postgres")
            tx.batches.add(NEW_BATCH)

    before = read(frail)
    assert heard(dies) == "database-away"
    assert heard(lambda: read(frail)) == "database-away"
    assert heard(lambda: write(frail)) == "database-away"
    own.start("postgres")
    assert patiently(lambda: read(frail)) == before
    write(frail)
    assert read(frail) == before + 1


def test_what_went_wrong_first_is_what_is_told(frail: Work, own: Servers) -> None:
    """The rollback that can no longer be said is not the news."""
    with pytest.raises(ZeroDivisionError), frail.begin() as tx:
        tx.batches.add(NEW_BATCH)
        own.kill("postgres")
        raise ZeroDivisionError
    own.start("postgres")
    patiently(lambda: read(frail))


def test_a_reader_who_has_everything_is_not_troubled(frail: Work, own: Servers) -> None:
    with frail.reading() as tx:
        tx.batches.list(SYSTEM)
        own.kill("postgres")
    own.start("postgres")
    patiently(lambda: read(frail))


def test_restarted_between_two_questions(frail: Work, own: Servers) -> None:
    """Every connection of the pool is dead; nobody hears of it."""
    with ExitStack() as several:
        for _ in range(5):
            several.enter_context(frail.reading()).batches.list(SYSTEM)
    before = read(frail)
    own.stop("postgres")
    own.start("postgres")
    write(frail)
    assert read(frail) == before + 1


def test_cut_by_an_administrator(frail: Work, own: Servers) -> None:
    def cut() -> None:
        with frail.begin() as tx:
            tx.batches.add(NEW_BATCH)
            _others(own, "SELECT pg_terminate_backend(pid)")
            tx.batches.add(NEW_BATCH)

    before = read(frail)
    assert heard(cut) == "database-away"
    assert read(frail) == before


def _others(own: Servers, act: str) -> None:
    with psycopg.connect(own.url("postgres"), password=own.secret("postgres"), autocommit=True) as admin:
        admin.execute(f"{act} FROM pg_stat_activity WHERE application_name = 'vanthu'".encode())


def test_frozen(frail: Work, own: Servers) -> None:
    """The kernel still takes what is sent, so only our own patience ends the wait."""
    before = read(frail)
    family = _family(own)

    def freezes() -> None:
        with frail.begin() as tx:
            tx.batches.add(NEW_BATCH)
            _send(family, signal.SIGSTOP)
            tx.batches.add(NEW_BATCH)

    try:
        assert heard(freezes) == "database-away"
        assert heard(lambda: read(frail)) == "database-away"
        assert heard(lambda: write(frail)) == "database-away"
    finally:
        _send(_family(own), signal.SIGCONT)
    assert patiently(lambda: read(frail)) == before
    write(frail)


def _family(own: Servers) -> list[int]:
    first = processes(own.kinds["postgres"].mark)
    told = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", ",".join(map(str, first))], capture_output=True, text=True, check=False
    )
    return [*first, *map(int, told.stdout.split())]


def _send(family: list[int], sign: signal.Signals) -> None:
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, sign)


def test_read_only(frail: Work, own: Servers) -> None:
    write(frail)
    before = read(frail)
    try:
        _set(own, frail, "on")
        assert heard(lambda: write(frail)) == "database-read-only"
        assert read(frail) == before
    finally:
        _set(own, frail, "off")
    write(frail)


def _set(own: Servers, work: Work, value: str) -> None:
    """Make the server read-only or not, and see it arrive on the connections that are open."""
    with psycopg.connect(own.url("postgres"), password=own.secret("postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
        admin.execute("SELECT pg_reload_conf()")

    def now() -> str:
        with work.tables.reading() as connection:
            return str(connection.exec_driver_sql("SHOW default_transaction_read_only").scalar_one())

    while now() != value:
        time.sleep(0.05)


def test_the_server_is_killed_at_any_moment(frail: Work, own: Servers) -> None:
    """What was acknowledged is there, what was refused is not, what is unknown is one or the other and whole."""
    told: dict[str, str] = {}
    stop = threading.Event()

    def client(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            title = f"{number}-{turn}"
            try:
                write(frail, title)
                told[title] = "done"
            except Away as fault:
                told[title] = fault.code
                time.sleep(0.05)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for each in clients:
        each.start()
    for _ in range(3):
        time.sleep(0.7)
        own.kill("postgres")
        own.start("postgres")
    time.sleep(0.7)
    stop.set()
    for each in clients:
        each.join()

    server = PostgresDatabase(own.url("postgres"), own.secret("postgres"))
    kept = [title for (title,) in server.ask("SELECT action FROM audit WHERE action LIKE '%-%'")]
    assert len(kept) == len(set(kept))
    done = {title for title, end in told.items() if end == "done"}
    unknown = {title for title, end in told.items() if end == "commit-unknown"}
    assert done <= set(kept)
    assert set(kept) & set(told) <= done | unknown
    assert len(done) > 20
    server.events()


@pytest.fixture
def small(servers: Servers) -> Iterator[tuple[Servers, Path]]:
    """A server whose whole disk has 128 MB."""
    with open_folder() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=128m,mode=755", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root may mount a small disk here")
        mine = Servers(folder)
        try:
            mine.start("postgres")
            yield mine, folder
        finally:
            mine.kill("postgres")
            subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(small: tuple[Servers, Path]) -> None:
    server, place = small
    tables: Tables = open_tables(server.url("postgres"), server.secret("postgres"))
    tables.migrate()
    work = Work(tables, SystemClock())
    write(work)
    with pytest.raises(OSError, match=r"."), (place / "filler").open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))
    acknowledged, codes = 1, set[str]()
    for _ in range(40):
        try:
            with work.begin() as tx:
                for _ in range(20):
                    tx.outbox.add("x", "y", {"z": secrets.token_hex(8000)})
                tx.batches.add(NEW_BATCH)
            acknowledged += 1
        except Away as fault:
            codes.add(fault.code)
    assert "database-full" in codes
    assert codes <= {
        "database-full",
        "database-away",
        "commit-unknown",
    }  # when its log is full, it falls over
    (place / "filler").unlink()
    server.start("postgres")
    assert acknowledged <= patiently(lambda: read(work)) <= acknowledged + 1
    write(work)
    tables.dispose()
