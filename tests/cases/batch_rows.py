"""Deliveries: repeatable, watched only by those who digitize, and counted truly."""

from dataclasses import replace

import pytest

from records.access import SYSTEM, Actor, Role
from records.document import BatchState, FileState, PageRole
from records.errors import Conflict, Missing, NotAllowed
from storage.batches import Existing, NewBatch, NewFile
from storage.waiting import Waits
from storage.work import Work
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page, archived

READER = Actor("r", "Người đọc", frozenset({Role.READER}))


ADMIN = Actor("q", "Quản trị", frozenset({Role.ADMINISTRATOR}))


class BatchRowCases:
    """What the deliveries must do on every database."""

    def test_batch_walks_through_its_states(self, work: Work, clock) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NewBatch("Lô 1", "HS-01", "system:local", "fp", {"again": "yes"}))
            assert (batch.state, batch.options, batch.message) == (BatchState.RECEIVING, {"again": "yes"}, "")
            assert tx.batches.by_fingerprint("fp") == batch
            assert tx.batches.by_fingerprint("other") is None
            assert tx.batches.unfinished() == []
        started_at = clock.now()
        with work.begin() as tx:
            started = tx.batches.start(batch.id)
            assert tx.batches.unfinished() == [started]
            assert tx.waiting.look("again") == Waits((batch.id,), (), noted=False)
        clock.turn(hours=1)
        with work.begin() as tx:
            assert tx.batches.start(batch.id).started_at == started_at
            finished = tx.batches.finish(batch.id, "xong")
            clock.turn(hours=1)
            assert tx.batches.finish(batch.id, "lần nữa") == finished
            assert tx.batches.start(batch.id) == finished
            assert tx.batches.unfinished() == []
            assert tx.waiting.look("again").batches == ()
        assert finished.message == "xong"

    def test_one_look_tells_what_waits_oldest_first(self, work: Work, clock) -> None:
        ids = []
        for _ in range(3):
            clock.turn(seconds=1)
            with work.begin() as tx:
                ids.append(tx.batches.add(NEW_BATCH).id)
        with work.begin() as tx:
            for name in reversed(ids):
                tx.batches.start(name)
            tx.outbox.add("other", ids[0])
            assert tx.waiting.look("again") == Waits(tuple(ids), (), noted=False)
            note = tx.outbox.add("again", ids[0])
        with work.reading() as tx:
            assert tx.waiting.look("again") == Waits(tuple(ids), (), noted=True)
        with work.begin() as tx:
            first, _ = tx.outbox.add("index", ids[0]), tx.outbox.add("index", ids[1])
            assert tx.waiting.look("again") == Waits(tuple(ids), (), noted=True, indexing=True)
            tx.outbox.failed(first, "chưa được")
            assert tx.waiting.look("again").indexing
            tx.outbox.done_for("index", ids[1])
            assert not tx.waiting.look("again").indexing
        with work.begin() as tx:
            tx.outbox.failed(note, "chưa được")  # its next try lies ahead
            tx.batches.finish(ids[1], "")
        with work.reading() as tx:
            assert tx.waiting.look("again") == Waits((ids[0], ids[2]), (), noted=False)

    def test_same_content_to_the_same_place_is_one_batch(self, work: Work) -> None:
        with work.begin() as tx:
            tx.batches.add(replace(NEW_BATCH, fingerprint="fp"))
            tx.batches.add(replace(NEW_BATCH, fingerprint=None))
            tx.batches.add(replace(NEW_BATCH, fingerprint=None))
            with pytest.raises(Conflict) as fault:
                tx.batches.add(replace(NEW_BATCH, fingerprint="fp"))
        assert fault.value.code == "batch-exists"

    def test_list_is_newest_first(self, work: Work, clock) -> None:
        ids = []
        for _ in range(5):
            clock.turn(seconds=1)
            with work.begin() as tx:
                ids.append(tx.batches.add(NEW_BATCH).id)
        with work.reading() as tx:
            first, total = tx.batches.list(SYSTEM, limit=2)
            rest, _ = tx.batches.list(SYSTEM, limit=10, offset=2)
        assert total == 5
        assert [b.id for b in first + rest] == ids[::-1]

    def test_file_handed_in_twice_is_one_row(self, work: Work) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH)
            file = tx.batches.add_file(batch.id, NEW_FILE)
            assert tx.batches.add_file(batch.id, NEW_FILE) == file
            second = tx.batches.add_file(batch.id, replace(NEW_FILE, idempotency_key="k2", sha256="b" * 64))
            assert (file.ordinal, second.ordinal) == (1, 2)
            with pytest.raises(Conflict) as fault:
                tx.batches.add_file(batch.id, replace(NEW_FILE, sha256="c" * 64))
            assert fault.value.code == "idempotency-conflict"
            assert NEW_FILE.name in fault.value.tell
            tx.batches.start(batch.id)
            assert tx.batches.add_file(batch.id, NEW_FILE) == file
            with pytest.raises(Conflict) as fault:
                tx.batches.add_file(batch.id, replace(NEW_FILE, idempotency_key="k3"))
            assert fault.value.code == "batch-closed"
            assert tx.batches.files(SYSTEM, batch.id) == [file, second]

    def test_names_no_database_takes_are_still_received(self, work: Work) -> None:
        """A name from a foreign file system (not UTF-8, NUL) must not stop a delivery."""
        with work.begin() as tx:
            batch = tx.batches.add(replace(NEW_BATCH, title="a\x00b", dossier="\ud800"))
            file = tx.batches.add_file(
                batch.id, NewFile("x\udcff\x00", "đ/x\udcff", "a" * 64, 2**40, "k", "image/png", "key\udcff")
            )
            assert (batch.title, file.name, file.size) == ("a\ufffdb", "x\ufffd\ufffd", 2**40)

    def test_what_became_of_a_file(self, work: Work) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH)
            file = tx.batches.add_file(batch.id, NEW_FILE)
            tx.batches.set_file(file.id, FileState.REFUSED, "file-truncated", "eof", "Quét lại.", 3)
            now = tx.batches.file(file.id)
            assert (now.state, now.code, now.reason, now.tell, now.pages) == (
                FileState.REFUSED, "file-truncated", "eof", "Quét lại.", 3,
            )  # fmt: skip
            with pytest.raises(Missing):
                tx.batches.set_file("none", FileState.ACCEPTED)

    @pytest.mark.parametrize("reader", [READER, ADMIN, Actor("n", "n", frozenset())])
    def test_only_who_digitizes_may_watch(self, work: Work, reader: Actor) -> None:
        """The same answer for a batch that exists and one that does not."""
        with work.begin() as tx:
            known = tx.batches.add(NEW_BATCH).id
            for batch_id in (known, "none"):
                for ask in (tx.batches.get, tx.batches.files, tx.batches.progress, tx.batches.existing):
                    with pytest.raises(NotAllowed):
                        ask(reader, batch_id)
            with pytest.raises(NotAllowed):
                tx.batches.list(reader)

    def test_absent_batch(self, work: Work) -> None:
        with work.begin() as tx:
            for ask in (tx.batches.get, tx.batches.files, tx.batches.progress, tx.batches.existing):
                with pytest.raises(Missing):
                    ask(SYSTEM, "none")
            for change in (tx.batches.start, tx.batches.finish):
                with pytest.raises(Missing):
                    change("none")
            with pytest.raises(Missing):
                tx.batches.add_file("none", NEW_FILE)

    def test_progress_counts(self, work: Work) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            empty = tx.batches.progress(SYSTEM, batch)
            assert (empty.files, empty.pages, empty.pages_read, empty.documents) == (0, 0, 0, 0)
            files = [
                tx.batches.add_file(batch, replace(NEW_FILE, idempotency_key=str(n))).id for n in range(3)
            ]
            tx.batches.set_file(files[2], FileState.REFUSED, "x", "x", "x")
            for ordinal, document_id in enumerate(("d1", "d2", "d3"), 1):
                tx.documents.propose(a_document(document_id, batch, ordinal=ordinal))
            tx.pages.add_many(
                [a_page(f"p{n}", batch, files[0], n, document_id="d1", number=n) for n in (1, 2, 3)]
                + [replace(a_page("sep", batch, files[1], 4), role=PageRole.SEPARATOR, code="HS-7")]
            )
            reading = {
                "reading_key": "",
                "reading_sha256": "",
                "text": "",
                "reading": b"{}",
                "confidence": 0.0,
            }
            tx.pages.set_reading("p1", "read", **reading, rotation=0, words=1)
            tx.pages.set_reading("p2", "timed-out", **reading, rotation=0, words=0)
            tx.documents.archive("d1", archived())
            tx.documents.refuse("d2", "x", "x", "x")
            tx.batches.note_existing(batch, 4, "d1", "cũ.pdf")
            tx.batches.note_existing(batch, 4, "d1", "cũ.pdf")
            tx.batches.start(batch)
            now = tx.batches.progress(SYSTEM, batch)
            assert tx.batches.existing(SYSTEM, batch) == [Existing(4, "d1", "cũ.pdf")]
        assert (now.state, now.files, now.files_refused) == (BatchState.STARTED, 3, 1)
        assert (now.pages, now.pages_read, now.pages_failed, now.separators) == (4, 1, 1, 1)
        assert (now.documents, now.documents_archived, now.documents_refused, now.documents_existing) == (
            3,
            1,
            1,
            1,
        )
        assert now.started_at is not None
        assert now.finished_at is None

    def test_marks_and_lists_stay_with_their_delivery(self, work: Work) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            file = tx.batches.add_file(batch, NEW_FILE).id
            tx.documents.propose(a_document("d1", batch))
            tx.pages.add_many([a_page("p1", batch, file, 1), a_page("p2", batch, file, 2)])
            tx.secrecy.mark({"p2": "MẬT"})
            tx.secrecy.mark({"p2": "TỐI MẬT"})
            tx.pages.assign("p2", "d1", 1)
            assert tx.secrecy.of_batch(batch) == tx.secrecy.of_document("d1") == {"p2": "MẬT"}
            first = tx.handover_lists.give(batch, "a.csv", b"\x00\xff1", "x")
            assert tx.handover_lists.give(batch, "b.csv", b"\x00\xff1", "y") == first
            second = tx.handover_lists.give(batch, "b.csv", b"2", "y")
        with work.reading() as tx:
            assert (first.ordinal, second.ordinal, first.data) == (1, 2, b"\x00\xff1")
            assert tx.handover_lists.newest(batch) == second

    def test_a_held_document_is_its_officers_alone(self, work: Work) -> None:
        officer = Actor("o", "Cán bộ bảo mật", frozenset({Role.SECRECY_OFFICER}))
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            file = tx.batches.add_file(batch, NEW_FILE).id
            tx.documents.propose(a_document("d1", batch))
            tx.pages.add_many([a_page("p1", batch, file, 1, document_id="d1", number=1)])
            tx.documents.hold("d1", "secrecy-held", "MẬT by stamp", "Tài liệu bị giữ lại.")
            with pytest.raises(Conflict):
                tx.documents.refuse("d1", "x", "x", "x")
            for who in (ADMIN, READER):
                with pytest.raises(NotAllowed):
                    tx.documents.held(who, "d1")
            assert tx.documents.held(officer, "d1").code == "secrecy-held"
            tx.pages.without_image("d1")
            tx.batches.without_bytes(file, "secrecy-removed", "Tệp đã bị xóa.")
            tx.documents.removed("d1", "secrecy-removed", "by o", "Đã xóa.")
            with pytest.raises(Missing):
                tx.documents.release("d1")
            assert tx.documents.all_held(officer) == ([], 0)
            assert tx.pages.of_document(SYSTEM, "d1")[0].image_key == ""
            assert (tx.batches.file(file).blob_key, tx.batches.file(file).code) == ("", "secrecy-removed")
            assert tx.catalogue.unregistered() == []
