"""The rows of arranging on every database: a log that only grows, two people at once, tickets, pages settled."""

import pytest

from ingest import arrange, rescan
from ingest.arrange import ARRANGE, arranged
from records.access import LOCAL, Actor, Role
from records.arrangement import Command, Kind, Mark
from records.document import BatchState, PageRole
from records.errors import Conflict, Missing, Unfit
from storage.arrangements import RescanState
from storage.batches import NewBatch
from storage.work import Work
from tests.cases.races import race
from tests.cases.rows import NEW_FILE, a_page

OTHER = Actor("a2", "Người khác", frozenset({Role.ARCHIVIST}))


def waiting(work: Work) -> str:
    """A delivery of three loose pages that waits."""
    with work.begin() as tx:
        batch = tx.batches.add(NewBatch("Lô", "HS", LOCAL.id, None, {ARRANGE: "1"})).id
        file = tx.batches.add_file(batch, NEW_FILE)
        tx.pages.add_many([a_page(f"p{n}", batch, file.id, n) for n in (1, 2, 3)])
        tx.batches.start(batch)
        assert arrange.must_wait(tx, tx.batches.get(LOCAL, batch))
    return batch


def mark(page: str, mark: Mark = Mark.BLANK) -> Command:
    return Command(Kind.MARK, (page,), mark=mark)


class ArrangementRowCases:
    def test_of_many_at_once_one_is_first_and_the_log_has_no_gap(self, work: Work) -> None:
        batch = waiting(work)

        def do(number: int) -> int:
            with work.begin() as tx:
                version = 0 if number % 2 else tx.arrangements.version(batch)
                return arrange.command(
                    tx, OTHER, batch, version, Command(Kind.TURN, ("p1",), turn=90)
                ).version

        ends = race(do, 8)
        versions = sorted(end for end in ends if isinstance(end, int))
        faults = {end.code for end in ends if isinstance(end, Conflict)}
        assert versions == list(range(1, len(versions) + 1)) and faults <= {"arrange-changed"}
        with work.reading() as tx:
            log = tx.arrangements.log(batch)
            assert [one.ordinal for one in log] == versions
            assert {one.made_by for one in log} == {OTHER.id}
            turned = [s.turn for group in arranged(tx, LOCAL, batch).groups for s in group if s.page == "p1"]
        assert turned == [90 * len(versions) % 360]

    def test_what_is_refused_leaves_nothing(self, work: Work) -> None:
        batch = waiting(work)
        with pytest.raises(Unfit), work.begin() as tx:
            arrange.command(tx, LOCAL, batch, 0, mark("nowhere"))
        with work.reading() as tx:
            assert tx.arrangements.version(batch) == 0
            assert not list(tx.catalogue.rows("audit", action="batch-arranged"))

    def test_waiting_and_going_on_are_states_of_the_row(self, work: Work) -> None:
        batch = waiting(work)
        with work.reading() as tx:
            assert tx.batches.get(LOCAL, batch).state is BatchState.ARRANGING
            assert batch not in tx.waiting.look("x").batches
        with work.begin() as tx:
            arrange.confirm(tx, LOCAL, batch, 0)
        with work.begin() as tx:
            assert batch in tx.waiting.look("x").batches
            assert not arrange.must_wait(tx, tx.batches.get(LOCAL, batch))
            assert tx.batches.arranged(batch).state is BatchState.STARTED

    def test_a_page_settled_is_counted_aside(self, work: Work) -> None:
        batch = waiting(work)
        with work.begin() as tx:
            tx.pages.settle("p2", PageRole.BLANK, 180)
            page = tx.pages.one(batch, "p2")
            assert (page.role, page.hint_rotation) == (PageRole.BLANK, 180)
            progress = tx.batches.progress(LOCAL, batch)
            assert (progress.pages, progress.pages_aside, progress.separators) == (3, 1, 0)
            assert tx.pages.numbered(batch, 3) is not None and tx.pages.numbered(batch, 4) is None
            assert tx.pages.last_ordinal(batch) == 3
            with pytest.raises(Missing):
                tx.pages.one("elsewhere", "p2")

    def test_one_ticket_a_page_and_each_ends_once(self, work: Work) -> None:
        batch = waiting(work)

        def ask(_: int) -> str:
            with work.begin() as tx:
                return rescan.ask(tx, LOCAL, batch, "p1", " mờ \n quá ").id

        made = [end for end in race(ask, 4) if isinstance(end, str)]
        assert len(made) == 1
        with work.begin() as tx:
            ticket = tx.arrangements.rescan(batch, made[0])
            assert (ticket.reason, ticket.state) == ("mờ quá", RescanState.OPEN)
            rescan.cancel(tx, OTHER, batch, ticket.id)
        with pytest.raises(Conflict), work.begin() as tx:
            rescan.cancel(tx, OTHER, batch, made[0])
        with pytest.raises(Missing), work.begin() as tx:
            rescan.cancel(tx, OTHER, "elsewhere", made[0])
