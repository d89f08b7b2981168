"""Waiting for PostgreSQL has an end: locks, deadlocks, the pool, endless questions, forgotten transactions."""

import threading
import time
from contextlib import ExitStack

import psycopg
import pytest

from records.access import SYSTEM
from records.errors import Away
from storage import postgres_wire
from storage.postgres_wire import KEPT, MORE
from storage.work import Work
from tests.cases.database import PostgresDatabase
from tests.cases.database_trouble import SHORT, heard, read, write
from tests.cases.rows import NEW_BATCH

pytestmark = pytest.mark.joined


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_wire, "PATIENCE", SHORT)


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
