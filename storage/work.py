"""The unit of work: one request or one step is one transaction, and only the edge opens it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from records.clock import Clock
from storage.accounts import Accounts
from storage.arrangements import Arrangements
from storage.audit import Audit
from storage.batches import Batches
from storage.case_signings import CaseSignings
from storage.cases import Cases
from storage.catalogue import Catalogue
from storage.documents import Documents
from storage.ground import Ground
from storage.handover_lists import HandoverLists
from storage.heads import Heads
from storage.intents import Intents
from storage.leases import Leases
from storage.marks import Marks
from storage.members import Members
from storage.memberships import Memberships
from storage.numbers import Numbers
from storage.objects import Objects
from storage.outbox import Outbox
from storage.page_checks import PageChecks
from storage.pages import Pages
from storage.passes import Passes
from storage.posts import Posts
from storage.prepared import PreparedSignatures
from storage.replies import Replies
from storage.reviews import Reviews
from storage.saved_searches import SavedSearches
from storage.seal_life import SealLives
from storage.secrecy import Secrecy
from storage.sessions import Sessions
from storage.signings import Signings
from storage.suggestions import Suggestions
from storage.tables import Tables
from storage.tokens import Tokens
from storage.units import Units
from storage.waiting import Waiting


class Tx:
    """One open transaction and everything that can be asked of the rows in it."""

    def __init__(self, ground: Ground) -> None:
        self.accounts = Accounts(ground)
        self.sessions = Sessions(ground)
        self.tokens = Tokens(ground)
        self.batches = Batches(ground)
        self.documents = Documents(ground)
        self.pages = Pages(ground)
        self.page_checks = PageChecks(ground)
        self.audit = Audit(ground)
        self.outbox = Outbox(ground)
        self.waiting = Waiting(ground)
        self.objects = Objects(ground)
        self.intents = Intents(ground)
        self.leases = Leases(ground)
        self.passes = Passes(ground)
        self.replies = Replies(ground)
        self.heads = Heads(ground)
        self.signings = Signings(ground)
        self.prepared = PreparedSignatures(ground)
        self.seal_lives = SealLives(ground)
        self.numbers = Numbers(ground)
        self.catalogue = Catalogue(ground)
        self.units = Units(ground)
        self.posts = Posts(ground)
        self.members = Members(ground)
        self.memberships = Memberships(ground)
        self.marks = Marks(ground)
        self.cases = Cases(ground)
        self.case_signings = CaseSignings(ground)
        self.reviews = Reviews(ground)
        self.arrangements = Arrangements(ground)
        self.saved_searches = SavedSearches(ground)
        self.suggestions = Suggestions(ground)
        self.secrecy = Secrecy(ground)
        self.handover_lists = HandoverLists(ground)


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

        Keep it short: on SQLite there is one writer at a time, on PostgreSQL what is asked for is held until the
        end. Ask and change first, write the audit event last: the log is one for all writers. Not nestable in one
        thread (RuntimeError), inner code gets the `Tx`. Raises `Away`: `database-busy` (locked for too long),
        `database-full`, `database-read-only`, `database-away`: nothing was changed; `commit-unknown`: do it again
        under the same keys.
        """
        me = threading.get_ident()  # a generator may be closed on another thread than it was opened on
        if me in self._writing:
            raise RuntimeError("a writing transaction is already open in this thread; hand the Tx down")
        self._writing.add(me)
        try:
            with self.tables.writing() as connection:
                yield Tx(Ground(connection, self.clock, writable=True))
        finally:
            self._writing.discard(me)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Open a read-only snapshot: everything asked in the block sees one moment; never waits for a writer.

        A write in it is a bug and raises what the database says. Raises `Away` (`database-away`, `database-busy`).
        """
        with self.tables.reading() as connection:
            yield Tx(Ground(connection, self.clock, writable=False))
