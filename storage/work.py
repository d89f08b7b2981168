"""The unit of work: one request or one step is one transaction, and only the edge opens it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from records.clock import Clock
from records.errors import Away
from storage.accounts import Accounts
from storage.audit import Audit
from storage.batches import Batches
from storage.catalogue import Catalogue
from storage.documents import Documents
from storage.ground import Ground
from storage.heads import Heads
from storage.intents import Intents
from storage.leases import Leases
from storage.objects import Objects
from storage.outbox import Outbox
from storage.pages import Pages
from storage.passes import Passes
from storage.replies import Replies
from storage.sessions import Sessions
from storage.tables import Tables
from storage.tokens import Tokens

BUSY_TELL = "Cơ sở dữ liệu đang bận hoặc hết chỗ trên đĩa. Chưa có gì bị thay đổi. Hãy thử lại sau ít phút."


class Tx:
    """One open transaction and everything that can be asked of the rows in it."""

    def __init__(self, ground: Ground) -> None:
        self.accounts = Accounts(ground)
        self.sessions = Sessions(ground)
        self.tokens = Tokens(ground)
        self.batches = Batches(ground)
        self.documents = Documents(ground)
        self.pages = Pages(ground)
        self.audit = Audit(ground)
        self.outbox = Outbox(ground)
        self.objects = Objects(ground)
        self.intents = Intents(ground)
        self.leases = Leases(ground)
        self.passes = Passes(ground)
        self.replies = Replies(ground)
        self.heads = Heads(ground)
        self.catalogue = Catalogue(ground)


class Work:
    """Opens transactions on `tables`; times come from `clock`. Safe to share between threads."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self.tables = tables
        self.clock = clock
        self._writing: set[int] = set()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Open a writing transaction: committed (durably) at the end of the block, rolled back when it
        raises.

        Keep it short: on SQLite there is one writer at a time. Not nestable in one thread (RuntimeError),
        inner code gets the `Tx`. Raises `Away` (`database-busy`) when the database is locked for too long,
        full or away.
        """
        me = threading.get_ident()  # a generator may be closed on another thread than it was opened on
        if me in self._writing:
            raise RuntimeError("a writing transaction is already open in this thread; hand the Tx down")
        self._writing.add(me)
        try:
            with _expected_faults(), self.tables.writing() as connection:
                yield Tx(Ground(connection, self.clock, writable=True))
        finally:
            self._writing.discard(me)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Open a read-only snapshot: everything asked in the block sees one moment; never waits for a writer.

        A write in it is a bug and raises what the database says. Raises `Away` when the database is away.
        """
        with _expected_faults(read_only=True), self.tables.reading() as connection:
            yield Tx(Ground(connection, self.clock, writable=False))


@contextmanager
def _expected_faults(read_only: bool = False) -> Iterator[None]:
    try:
        yield
    except OperationalError as fault:
        if read_only and "readonly" in str(fault.orig):
            raise
        raise Away(f"database: {fault.orig}", tell=BUSY_TELL, code="database-busy") from fault
