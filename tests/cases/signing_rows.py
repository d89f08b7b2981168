"""Papers to be signed: each in its batch once, signed once, and never called signed when it is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from records.errors import Conflict, Missing
from storage.signing_values import (
    BatchStage,
    NewPaper,
    NewSigningBatch,
    PaperStage,
    Signature,
    WaitingSignature,
)
from storage.work import Work

NEW = NewSigningBatch("Quyết định tháng 11", "official", "nguyen-van-a", "", "acc", {"date": "2026-11-26"})
PAPER = NewPaper("qd-01.pdf", "received/aa/1.pdf", "a" * 64, 10, "k1")
MADE = Signature(
    "signed/bb/1.pdf",
    "b" * 64,
    20,
    "PAdES-BASELINE-T",
    "NguoiKy_1",
    datetime(2026, 11, 26, 3, tzinfo=UTC),
    "c" * 64,
    "123",
    "456",
)


def paper(number: int) -> NewPaper:
    return replace(PAPER, name=f"qd-{number}.pdf", sha256=f"{number:064d}", idempotency_key=f"k{number}")


class SigningRowCases:
    """What the rows must do on every database."""

    @pytest.fixture
    def batch(self, work: Work) -> str:
        with work.begin() as tx:
            return tx.signings.open_batch(NEW).id

    def test_a_batch_is_kept_as_it_was_ordered(self, work: Work, batch: str) -> None:
        with work.reading() as tx:
            kept = tx.signings.batch(batch)
            assert (kept.title, kept.profile, kept.key, kept.options) == (
                NEW.title,
                NEW.profile,
                NEW.key,
                NEW.options,
            )
            assert kept.state is BatchStage.OPEN
            assert kept.created_at == work.clock.now()
            assert tx.signings.batches("acc") == ([kept], 1)
            assert tx.signings.batches("another") == ([], 0)
            assert tx.signings.batches(None, limit=1)[1] == 1
            assert tx.signings.unfinished() == []
            assert tx.waiting.look("again").signings == ()
            with pytest.raises(Missing):
                tx.signings.batch("none")
            with pytest.raises(Missing):
                tx.signings.paper("none")

    def test_a_paper_is_taken_once_under_its_key(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            first = tx.signings.add_paper(batch, PAPER)
            assert tx.signings.add_paper(batch, PAPER) == first
            with pytest.raises(Conflict) as other:
                tx.signings.add_paper(batch, replace(PAPER, sha256="d" * 64))
            assert other.value.code == "idempotency-conflict"
            with pytest.raises(Conflict) as twin:
                tx.signings.add_paper(batch, replace(PAPER, name="ban-sao.pdf", idempotency_key="k2"))
            assert twin.value.code == "paper-twice"
            assert "qd-01.pdf" in twin.value.tell
            second = tx.signings.add_paper(batch, paper(2))
        assert (first.ordinal, second.ordinal) == (1, 2)
        with work.reading() as tx:
            assert tx.signings.papers(batch) == [first, second]
            assert tx.signings.papers(batch, after=1) == [second]
            assert tx.signings.papers(batch, PaperStage.SIGNED) == []
            assert tx.signings.waiting(batch) == [first.id, second.id]

    def test_a_started_batch_takes_no_more(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            known = tx.signings.add_paper(batch, PAPER)
            started = tx.signings.start(batch)
            assert tx.signings.start(batch) == started
            assert tx.signings.add_paper(batch, PAPER) == known  # sent again: it was taken
            with pytest.raises(Conflict) as late:
                tx.signings.add_paper(batch, paper(2))
        assert late.value.code == "batch-started"
        assert started.state is BatchStage.RUNNING
        with work.reading() as tx:
            assert [b.id for b in tx.signings.unfinished()] == [batch]
            assert tx.waiting.look("again").signings == (batch,)

    def test_a_paper_is_signed_once_and_the_batch_ends_with_the_last(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            first, second = (tx.signings.add_paper(batch, paper(n)) for n in (1, 2))
            tx.signings.start(batch)
            assert tx.signings.signed(first.id, MADE)
            assert not tx.signings.signed(first.id, replace(MADE, sha256="e" * 64))
            assert not tx.signings.refused(first.id, "x", "x", "x")
            assert not tx.signings.finish(batch)
            assert tx.signings.refused(second.id, "file-malformed", "why", "Tệp hỏng.")
            assert tx.signings.finish(batch)
            assert not tx.signings.finish(batch)
        with work.reading() as tx:
            assert tx.signings.paper(first.id).signature == MADE
            told = tx.signings.paper(second.id)
            assert (told.state, told.code, told.tell, told.signature) == (
                "refused",
                "file-malformed",
                "Tệp hỏng.",
                None,
            )
            assert tx.signings.counts(batch) == {"signed": 1, "refused": 1}
            assert tx.signings.batch(batch).state is BatchStage.FINISHED

    def test_what_waits_says_for_what_and_is_not_signed(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            one = tx.signings.add_paper(batch, PAPER)
            tx.signings.start(batch)
            tx.signings.held(one.id, "token-away", "gone", "Chưa cắm token.")
            tx.signings.hold(batch, "Chưa cắm token.")
        with work.reading() as tx:
            waits, held = tx.signings.paper(one.id), tx.signings.batch(batch)
        assert (waits.state, waits.code, waits.signature) == (PaperStage.WAITING, "token-away", None)
        assert (held.state, held.message) == (BatchStage.HELD, "Chưa cắm token.")
        with work.begin() as tx:
            tx.signings.go_on(batch)
            tx.signings.signed(one.id, MADE)
        with work.reading() as tx:
            assert tx.signings.batch(batch).message == ""
            assert tx.signings.paper(one.id).code == ""

    def test_a_cancelled_batch_keeps_what_was_signed(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            first, second = (tx.signings.add_paper(batch, paper(n)) for n in (1, 2))
            tx.signings.start(batch)
            tx.signings.signed(first.id, MADE)
            assert tx.signings.cancel(batch).state is BatchStage.CANCELLED
            assert tx.signings.cancel(batch).state is BatchStage.CANCELLED
            assert not tx.signings.signed(second.id, MADE)
            tx.signings.hold(batch, "quá muộn")
            assert not tx.signings.finish(batch)
        with work.reading() as tx:
            assert tx.signings.counts(batch) == {"signed": 1, "cancelled": 1}
            assert tx.signings.batch(batch).message == ""

    def test_the_same_bytes_under_the_same_key_were_signed_before(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            first = tx.signings.add_paper(batch, PAPER)
            again = tx.signings.open_batch(NEW)
            twin = tx.signings.add_paper(again.id, PAPER)
            other_key = tx.signings.open_batch(replace(NEW, key="another"))
            third = tx.signings.add_paper(other_key.id, PAPER)
            assert tx.signings.signed_before(twin, again) is None
            tx.signings.signed(first.id, MADE)
            before = tx.signings.signed_before(twin, again)
            assert before is not None and before.id == first.id
            assert tx.signings.signed_before(third, other_key) is None

    def test_a_batch_at_a_desk_is_none_of_the_engines(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            first, second = (tx.signings.add_paper(batch, paper(n)) for n in (1, 2))
            assert tx.signings.start(batch, at_desk=True).state is BatchStage.DESK
            assert tx.signings.start(batch).state is BatchStage.DESK
            assert tx.signings.unfinished() == []
            tx.signings.hold(batch, "không phải việc của máy")
            tx.signings.signed(first.id, MADE)
            assert not tx.signings.finish(batch)
            tx.signings.signed(second.id, replace(MADE, key="signed/cc/2.pdf", sha256="c" * 64))
            assert tx.signings.finish(batch)
            other = tx.signings.open_batch(NEW)
            third = tx.signings.add_paper(other.id, PAPER)
            tx.signings.start(other.id, at_desk=True)
            assert tx.signings.cancel(other.id).state is BatchStage.CANCELLED
        with work.reading() as tx:
            assert tx.signings.batch(batch).message == ""
            assert tx.signings.paper(third.id).state is PaperStage.CANCELLED

    def test_a_place_is_kept_while_the_paper_waits(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            one = tx.signings.add_paper(batch, PAPER)
            assert one.place == ""
            assert tx.signings.put_place(one.id, "1 0.5 0.5 0.9 0.6")
            tx.signings.start(batch)
            tx.signings.signed(one.id, MADE)
            assert not tx.signings.put_place(one.id, "")
        with work.reading() as tx:
            assert tx.signings.paper(one.id).place == "1 0.5 0.5 0.9 0.6"

    def test_what_is_prepared_waits_until_it_is_used_void_or_forgotten(self, work: Work, batch: str) -> None:
        now = work.clock.now()
        with work.begin() as tx:
            one = tx.signings.add_paper(batch, PAPER)
            for name, minutes in (("p1", 15), ("p2", 20), ("p3", 25)):
                new = WaitingSignature(name, one.id, f'{{"id": "{name}"}}', now + timedelta(minutes=minutes))
                tx.prepared.add(new)
            assert tx.prepared.get("p3") == new
            tx.prepared.end("p1", "used")
            tx.prepared.end("p1", "void")  # the first end stays
            assert tx.prepared.void_those_of(one.id) == ["p2", "p3"]
            assert tx.prepared.void_those_of(one.id) == []
            assert [tx.prepared.get(name).ended for name in ("p1", "p2", "p3")] == ["used", "void", "void"]
            with pytest.raises(Missing) as unknown:
                tx.prepared.get("p4")
            assert unknown.value.code == "prepared-unknown"
        with work.begin() as tx:
            assert tx.prepared.expired(now) == []
            old = tx.prepared.expired(now + timedelta(minutes=21))
            assert old == ["p1", "p2"]
            assert tx.prepared.forget([*old, "p4"]) == 2
            assert tx.prepared.get("p3").id == "p3"

    def test_batches_at_their_end_without_a_manifest_are_found(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            assert tx.signings.ended_without("manifest.json", 10) == []
            tx.signings.cancel(batch)
            assert tx.signings.ended_without("manifest.json", 10) == [batch]
            assert tx.signings.ended_without("manifest.json", 0) == []
            tx.objects.keep(f"signings/{batch}/manifest.json", "a" * 64, 9)
            assert tx.signings.ended_without("manifest.json", 10) == []
