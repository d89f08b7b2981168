"""A connection that is lost while committing: whoever asks again with the same key has it done once."""

from collections.abc import Iterator

import pytest

from records.access import SYSTEM
from records.clock import SystemClock
from storage import postgres_wire
from storage.tables import open_tables
from storage.work import Work
from tests.cases.database import PostgresDatabase
from tests.cases.database_trouble import SHORT, heard, read, write
from tests.cases.rows import NEW_BATCH, NEW_FILE
from tests.tools.fault_proxy import Fault, FaultProxy

pytestmark = pytest.mark.joined


COMMIT = "COMMIT\0"
"""The statement on the wire, not the isolation level."""


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_wire, "PATIENCE", SHORT)


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
