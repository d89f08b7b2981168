"""What can happen to PostgreSQL: gone, cut, frozen, locked, full, read-only, lost while committing.

Each time whoever asked hears of it soon, with the right code; nothing acknowledged is lost; and when the trouble is
over the next one who asks gets an answer, without a hand laid on.
"""

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError

from records.access import SYSTEM
from records.clock import SystemClock
from records.errors import Away
from storage import postgres_wire
from storage.postgres_wire import KEPT, MORE, PATIENCE, Patience
from storage.tables import Tables, open_tables
from storage.work import Work
from tests.cases.database import PostgresDatabase
from tests.cases.rows import NEW_BATCH, NEW_FILE
from tests.tools.fault_proxy import Fault, FaultProxy
from tests.tools.server_process import processes
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined

T = TypeVar("T")
COMMIT = "COMMIT\0"
"""The statement on the wire, not the isolation level."""

SHORT = Patience(pool=1, connect=2, ping=1, lock=1, statement=2, reply=3, idle=2)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_wire, "PATIENCE", SHORT)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the account of the server can walk into; those of pytest it cannot."""
    folder = Path(tempfile.mkdtemp(prefix="vanthu-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


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


def heard(ask: Callable[[], object], seconds: float = 30) -> str:
    """Return the code of the `Away` that `ask` ends with. It hangs when that takes far too long."""
    ends: list[BaseException | None] = []

    def run() -> None:
        try:
            ask()
            ends.append(None)
        except BaseException as fault:  # noqa: BLE001  # told below
            ends.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert ends, "still waiting"
    fault = ends[0]
    if not isinstance(fault, Away):
        raise AssertionError(f"not Away: {fault!r}") from fault  # noqa: TRY004
    assert "ãy" in fault.tell  # Hãy …: what to do
    return fault.code


def write(work: Work, title: str = "lô") -> None:
    with work.begin() as tx:
        tx.batches.add(NEW_BATCH)
        tx.audit.append("a", title, "c", "done")


def read(work: Work) -> int:
    with work.reading() as tx:
        return tx.batches.list(SYSTEM)[1]


def patiently(ask: Callable[[], T]) -> T:
    """Ask again until there is an answer: a server that was killed first mends what it has."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except Away:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


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


def test_somebody_holds_a_table(work: Work, database: PostgresDatabase) -> None:
    """Who needs it hears so; everybody else goes on, also after many have waited in vain."""
    with psycopg.connect(database.url, password=database.password) as holder:
        holder.execute("LOCK TABLE batches IN ACCESS EXCLUSIVE MODE")
        told: list[str] = []
        many = [
            threading.Thread(target=lambda: told.append(heard(lambda: write(work))))
            for _ in range(KEPT + MORE)
        ]
        for each in many:
            each.start()
        for each in many:
            each.join()
        assert told == ["database-busy"] * len(many)
        assert heard(lambda: read(work)) == "database-busy"
        with work.reading() as tx:
            assert tx.accounts.by_login("lan") is None
        with work.begin() as tx:
            tx.audit.append("a", "b", "c", "done")
    write(work)
    assert read(work) == 1


def test_somebody_holds_the_log(work: Work) -> None:
    """Also the log is waited for no longer than anything, and readers never wait for it."""
    with work.begin() as tx:
        tx.audit.append("a", "first", "c", "done")
        assert heard(lambda: write(work)) == "database-busy"
        assert read(work) == 0
    write(work)


def test_two_who_want_what_the_other_has(work: Work) -> None:
    with work.begin() as tx:
        one, two = tx.batches.add(NEW_BATCH).id, tx.batches.add(NEW_BATCH).id
    both = threading.Barrier(2)
    ends: list[str] = []

    def crosswise(first: str, second: str) -> None:
        try:
            with work.begin() as tx:
                tx.batches.get(SYSTEM, first)
                both.wait()
                tx.batches.get(SYSTEM, second)
            ends.append("done")
        except Away as fault:
            ends.append(fault.code)

    threads = [threading.Thread(target=crosswise, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "database-busy" in ends
    write(work)


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


def test_every_connection_is_in_use(work: Work) -> None:
    with ExitStack() as everybody:
        for _ in range(KEPT + MORE):
            everybody.enter_context(work.tables.reading()).exec_driver_sql("SELECT 1")
        assert heard(lambda: read(work)) == "database-busy"
        assert heard(lambda: write(work)) == "database-busy"
    assert read(work) == 0
    write(work)


def test_a_question_without_an_end(work: Work) -> None:
    def endless() -> None:
        with work.reading() as tx:
            tx.batches._ground.connection.exec_driver_sql("SELECT pg_sleep(60)")

    assert heard(endless) == "database-busy"
    assert read(work) == 0


def test_a_process_that_forgets_its_transaction(work: Work) -> None:
    """The server takes its locks away, so that others go on."""

    def forgets() -> None:
        with work.begin() as tx:
            tx.audit.append("a", "b", "c", "done")
            time.sleep(SHORT.idle + 1)
            tx.audit.append("a", "b", "c", "done")

    assert heard(forgets) == "database-away"
    with work.begin() as tx:
        assert tx.audit.append("a", "b", "c", "done") == 1


# -- lost while committing ------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(database: PostgresDatabase) -> Iterator[tuple[Work, FaultProxy]]:
    """Rows behind a wire that we can spoil."""
    before, _, after = database.url.rpartition(":")
    port, _, name = after.partition("/")
    with FaultProxy("127.0.0.1", int(port), http=False) as proxy:
        tables = open_tables(f"{before}:{proxy.port}/{name}", database.password)
        yield Work(tables, SystemClock()), proxy
        tables.dispose()
        proxy.hang_up()


def hand_in(work: Work, batch: str) -> str:
    """As a client does it, under one idempotency key; the log is told when the file is new."""
    with work.begin() as tx:
        known = tx.batches.file_by_key(batch, NEW_FILE.idempotency_key)
        file = tx.batches.add_file(batch, NEW_FILE)
        if known is None:
            tx.audit.append("a", "file-received", file.id, "done")
    return file.id


@pytest.mark.parametrize("kind", ["lose", "cut", "blackhole"])
def test_the_answer_to_a_commit_is_lost(
    proxied: tuple[Work, FaultProxy], work: Work, database: PostgresDatabase, kind: str
) -> None:
    """The server has done it. Asked again with the same key, it does nothing twice."""
    through, proxy = proxied
    with work.begin() as tx:
        batch = tx.batches.add(NEW_BATCH).id
    proxy.spoil(Fault(kind, path=COMMIT))
    assert heard(lambda: hand_in(through, batch)) == "commit-unknown"
    proxy.heal()
    file = hand_in(through, batch)
    with work.reading() as tx:
        assert [found.id for found in tx.batches.files(SYSTEM, batch)] == [file]
    assert database.events() == 1


def test_a_commit_never_arrives(
    proxied: tuple[Work, FaultProxy], work: Work, database: PostgresDatabase
) -> None:
    """The server has not done it. Asked again with the same key, it does it once."""
    through, proxy = proxied
    with work.begin() as tx:
        batch = tx.batches.add(NEW_BATCH).id
    proxy.spoil(Fault("delay", path=COMMIT, seconds=60))
    assert heard(lambda: hand_in(through, batch)) == "commit-unknown"
    proxy.heal()
    proxy.hang_up()
    with work.reading() as tx:
        assert tx.batches.files(SYSTEM, batch) == []
    hand_in(through, batch)
    with work.reading() as tx:
        assert len(tx.batches.files(SYSTEM, batch)) == 1
    assert database.events() == 1


def test_the_wire_is_cut_before_the_commit(proxied: tuple[Work, FaultProxy], work: Work) -> None:
    """Then nothing can have happened, and nobody is told to wonder."""
    through, proxy = proxied

    def cut() -> None:
        with through.begin() as tx:
            tx.batches.add(NEW_BATCH)
            proxy.hang_up()
            tx.batches.add(NEW_BATCH)

    assert heard(cut) == "database-away"
    assert read(work) == 0
    write(through)


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


# -- a full disk ----------------------------------------------------------------------------------------------------


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
