"""Transactions: whole or not at all, one snapshot a reader; and the outbox that rides on them."""

import threading
from contextlib import suppress

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from records.access import SYSTEM
from storage.outbox import LONGEST_WAIT
from storage.work import Work
from tests.cases.rows import NEW_BATCH, NEW_FILE


def _add_batch(work: Work) -> None:
    with work.begin() as tx:
        tx.batches.add(NEW_BATCH)


class TransactionCases:
    """What a transaction must do on every database."""

    def test_what_raises_leaves_nothing(self, work: Work) -> None:
        with pytest.raises(ZeroDivisionError), work.begin() as tx:
            tx.batches.add(NEW_BATCH)
            tx.audit.append("a", "b", "c", "done")
            tx.outbox.add("index", "d1")
            raise ZeroDivisionError
        with work.begin() as tx:
            assert tx.batches.list(SYSTEM) == ([], 0)
            assert tx.outbox.backlog().waiting == 0
            assert tx.audit.append("a", "b", "c", "done") == 1

    def test_reader_sees_one_moment_and_waits_for_nobody(self, work: Work) -> None:
        with work.reading() as tx:
            assert tx.batches.list(SYSTEM)[1] == 0
            writer = threading.Thread(target=_add_batch, args=(work,))
            writer.start()
            writer.join()
            assert tx.batches.list(SYSTEM)[1] == 0
        with work.reading() as tx:
            assert tx.batches.list(SYSTEM)[1] == 1

    def test_reader_cannot_write(self, work: Work) -> None:
        with pytest.raises(DBAPIError, match=r"read-?only") as fault, work.reading() as tx:
            tx.outbox.add("index", "d1")
        assert not isinstance(fault.value, IntegrityError)
        _add_batch(work)  # and the connection is fit for writing again

    def test_a_transaction_in_a_transaction_is_a_bug(self, work: Work) -> None:
        with work.begin(), pytest.raises(RuntimeError, match="hand the Tx down"), work.begin():
            pass
        _add_batch(work)

    def test_transaction_closed_on_another_thread(self, work: Work) -> None:
        """A web framework may enter a block on one thread and leave it on another."""
        block = work.begin()
        block.__enter__().batches.add(NEW_BATCH)
        leaver = threading.Thread(target=block.__exit__, args=(None, None, None))
        leaver.start()
        leaver.join()
        _add_batch(work)
        with work.reading() as tx:
            assert tx.batches.list(SYSTEM)[1] == 2

    def test_threads_take_turns(self, work: Work) -> None:
        threads = [threading.Thread(target=lambda: [_add_batch(work) for _ in range(10)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with work.reading() as tx:
            assert tx.batches.list(SYSTEM)[1] == 80

    def test_rows_point_only_at_rows_that_exist(self, work: Work) -> None:
        with pytest.raises(IntegrityError), work.begin() as tx:
            tx.batches.note_existing("none", 1, "none", "x")
        with pytest.raises(IntegrityError), work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            tx.batches.add_file(batch, NEW_FILE)
            tx.batches._ground.connection.exec_driver_sql("DELETE FROM batches")

    def test_a_fault_that_is_swallowed_does_not_pass_for_a_commit(self, work: Work) -> None:
        """Either the rest of the transaction is kept, or whoever wrote it hears that it is not."""
        heard = False
        try:
            with work.begin() as tx:
                kept = tx.batches.add(NEW_BATCH).id
                with suppress(IntegrityError):
                    tx.tokens.create("nobody", "x")
        except RuntimeError:
            heard = True
        with work.reading() as tx:
            assert [batch.id for batch in tx.batches.list(SYSTEM)[0]] == ([] if heard else [kept])

    def test_outbox_keeps_what_fails(self, work: Work, clock) -> None:
        with work.begin() as tx:
            first, second = tx.outbox.add("index", "d1", {"version": 1}), tx.outbox.add("index", "d2")
            assert [item.id for item in tx.outbox.due()] == [first, second]
            assert [item.id for item in tx.outbox.due(limit=1)] == [first]
            assert tx.outbox.due()[0].payload == {"version": 1}
            tx.outbox.failed(first, "index away")
            assert [item.id for item in tx.outbox.due()] == [second]
            assert tx.outbox.backlog().failing == 1
            clock.turn(seconds=2)
            assert [(item.id, item.attempts, item.reason) for item in tx.outbox.due()] == [
                (first, 1, "index away"),
                (second, 0, ""),
            ]
            for _ in range(40):
                tx.outbox.failed(first, "still away")
            clock.at += LONGEST_WAIT
            assert first in [item.id for item in tx.outbox.due()]
            tx.outbox.done(first)
            tx.outbox.done(first)
            tx.outbox.failed(first, "gone already")
            third = tx.outbox.add("index", "d2")
            assert third > second
            tx.outbox.add("other", "d2")
            tx.outbox.done_for("index", "d2")
            assert [item.kind for item in tx.outbox.due()] == ["other"]
            left = tx.outbox.backlog()
            assert (left.waiting, left.failing, left.oldest) == (1, 0, clock.now())
