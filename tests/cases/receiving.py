"""What receiving must do on every database and every store: one receipt a key, whatever dies or comes twice."""

import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.keys import file_note_key
from ingest.manifest import unframed
from ingest.receive import Receipt
from ingest.sidecars import FILE, keep_batch_start
from records.document import FileState
from records.errors import ArchiveFault, Away, Conflict, Unfit
from records.outcome import Done, Later
from storage.blobs import Unavailable
from storage.objects import Side
from storage.paired import PairedStore
from tests.cases.archive_world import World, scan


class Fault(Exception):
    """Stands for the process dying at a named point."""


POINTS = (
    "receive-before-intent",
    "receive-after-intent",
    "receive-after-put",
    "receive-before-commit",
    "receive-after-commit",
    "receive-before-note",
    "receive-after-note",
    "receive-after-note-row",
)


class ReceivingCases:
    """Inherit and supply `world`."""

    def test_a_receipt_tells_what_is_in_store_and_books(self, world: World) -> None:
        data = scan("một")
        batch = world.open()
        got = world.hand_in(batch, "một.jpg", data)
        assert (got.sha256, got.size, got.pages, got.copies) == (
            hashlib.sha256(data).hexdigest(),
            len(data),
            1,
            1,
        )
        with world.work.reading() as tx:
            row = tx.batches.file(got.file_id)
            event = next(tx.catalogue.rows("audit", seq=got.audit_seq))
            kept = tx.objects.get(row.blob_key)
            note = tx.objects.get(file_note_key(batch, got.file_id))
            assert tx.intents.keys() == set()
        assert (row.state, row.pages, row.media_type) == (FileState.RECEIVED, 1, "image/jpeg")
        assert (event["action"], event["object"]) == ("file-received", got.file_id)
        assert kept is not None and (kept.sha256, kept.size) == (got.sha256, got.size)
        assert note is not None
        told = unframed(world.blobs.read(note.key, note.sha256), FILE)
        assert told["file"]["id"] == got.file_id and told["audit_seq"] == got.audit_seq
        assert told["batch"]["title"] == "Lô thử" and told["file"]["idempotency_key"] == "path:một.jpg"

    def test_the_same_request_again_gets_the_same_receipt(self, world: World) -> None:
        batch = world.open()
        first = world.hand_in(batch, "a.jpg", scan("a"))
        world.hand_in(batch, "b.jpg", scan("b"))
        assert world.hand_in(batch, "a.jpg", scan("a")) == first
        world.start(batch)
        world.begin_walk(batch)
        assert world.hand_in(batch, "a.jpg", scan("a")) == first, "also after the walk has begun"
        with world.work.reading() as tx:
            received = list(tx.catalogue.rows("audit", action="file-received"))
        assert len(received) == 2

    def test_other_bytes_under_the_same_key_are_refused(self, world: World) -> None:
        batch = world.open()
        first = world.hand_in(batch, "a.jpg", scan("a"))
        for _ in range(2):
            with pytest.raises(Conflict) as fault:
                world.hand_in(batch, "a.jpg", scan("khác"))
            assert fault.value.code == "idempotency-conflict"
            world.start(batch)
        assert world.hand_in(batch, "a.jpg", scan("a")) == first

    def test_a_started_batch_takes_no_new_file(self, world: World) -> None:
        batch = world.open()
        world.hand_in(batch, "a.jpg", scan("a"))
        world.start(batch)
        with pytest.raises(Conflict) as fault:
            world.hand_in(batch, "b.jpg", scan("b"))
        assert fault.value.code == "batch-started"

    def test_a_refused_file_is_kept_with_its_refusal(self, world: World) -> None:
        batch = world.open()
        for _ in range(2):
            with pytest.raises(Unfit) as fault:
                world.hand_in(batch, "rỗng.pdf", b"%PDF-1.4 broken")
            assert fault.value.tell
        with world.work.reading() as tx:
            (row,) = tx.catalogue.rows("files", batch_id=batch)
            assert tx.objects.get(row["blob_key"]) is not None
            assert tx.objects.get(file_note_key(batch, row["id"])) is not None
            events = [e["action"] for e in tx.catalogue.rows("audit", object=row["id"])]
        assert (row["state"], row["code"]) == ("refused", fault.value.code)
        assert events == ["file-received", "file-refused"]

    def test_a_file_refused_by_the_walk_keeps_its_receipt(self, world: World) -> None:
        batch = world.open()
        first = world.hand_in(batch, "a.jpg", scan("a"))
        world.start(batch)
        with world.work.begin() as tx:
            tx.batches.set_file(
                first.file_id, FileState.REFUSED, "internal-fault", "later", "Lỗi.", first.pages
            )
            tx.audit.append("system:engine", "file-refused", first.file_id, "internal-fault", {})
        assert world.hand_in(batch, "a.jpg", scan("a")) == first

    def test_dying_after_the_commit_the_same_request_gets_one_receipt(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.dying_at("receive-after-commit", world, monkeypatch)

    def dying_at(self, point: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        batch = world.open()
        dying = [point]

        def die(name: str) -> None:
            if dying == [name]:
                dying.clear()
                raise Fault(name)

        monkeypatch.setattr("ingest.receive.crashpoint", die)
        monkeypatch.setattr("ingest.sidecars.crashpoint", die)
        with pytest.raises(Fault):
            world.hand_in(batch, "a.jpg", scan("a"))
        got = world.hand_in(batch, "a.jpg", scan("a"))
        assert world.hand_in(batch, "a.jpg", scan("a")) == got
        self._one_of_each(world, batch, got)

    def test_a_commit_whose_end_is_unknown_converges(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = world.open()
        lost = ["receive-after-commit"]

        def away(name: str) -> None:
            if lost == [name]:
                lost.clear()
                raise Away("connection lost while committing", code="commit-unknown")

        monkeypatch.setattr("ingest.receive.crashpoint", away)
        with pytest.raises(Away):
            world.hand_in(batch, "a.jpg", scan("a"))
        self._one_of_each(world, batch, world.hand_in(batch, "a.jpg", scan("a")))

    def test_two_at_once_with_one_key_get_one_receipt(self, world: World) -> None:
        batch = world.open()
        ends: list[object] = []

        def send(data: bytes) -> None:
            try:
                ends.append(world.hand_in(batch, "a.jpg", data))
            except ArchiveFault as fault:
                ends.append(fault.code)

        senders = [threading.Thread(target=send, args=(scan("a" if n else "khác"),)) for n in range(6)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        receipts = {end for end in ends if isinstance(end, Receipt)}
        assert len(receipts) == 1 and len(ends) == 6
        assert {end for end in ends if not isinstance(end, Receipt)} <= {"idempotency-conflict"}
        self._one_of_each(world, batch, receipts.pop())

    def test_two_names_for_the_same_bytes_are_two_files_and_one_object(self, world: World) -> None:
        batch = world.open()
        one, two = world.hand_in(batch, "a.jpg", scan("a")), world.hand_in(batch, "b.jpg", scan("a"))
        assert one.file_id != two.file_id and one.sha256 == two.sha256
        with world.work.reading() as tx:
            assert [f.ordinal for f in tx.batches.files(_reader(), batch)] == [1, 2]
            assert len(tx.catalogue.kept([tx.batches.file(one.file_id).blob_key])) == 1

    @pytest.mark.parametrize("full", [False, True])
    def test_a_store_that_is_away_acknowledges_nothing_and_leaves_no_intent(
        self, world: World, full: bool
    ) -> None:
        class Poor:
            def __getattr__(self, name: str) -> Any:
                return getattr(world.blobs, name)

            def put_once(self, key: str, source: Path, sha256: str | None = None) -> Unavailable:
                return Unavailable(f"{key}: not today", full)

        batch = world.open()
        poor = World(replace(world.tools, blobs=Poor()))  # type: ignore[arg-type]
        with pytest.raises(Away) as fault:
            poor.hand_in(batch, "a.jpg", scan("a"))
        assert fault.value.code == ("store-full" if full else "store-away")
        with world.work.reading() as tx:
            assert tx.intents.keys() == set() and not list(tx.catalogue.rows("files"))
        assert world.hand_in(batch, "a.jpg", scan("a")).pages == 1

    def test_without_its_note_a_file_has_no_receipt_yet(self, world: World) -> None:
        class NoNotes:
            def __getattr__(self, name: str) -> Any:
                return getattr(world.blobs, name)

            def put_once(self, key: str, source: Path, sha256: str | None = None) -> object:
                if key.startswith("batches/"):
                    return Unavailable("away")
                return world.blobs.put_once(key, source, sha256)

        batch = world.open()
        poor = World(replace(world.tools, blobs=NoNotes()))  # type: ignore[arg-type]
        with pytest.raises(Away):
            poor.hand_in(batch, "a.jpg", scan("a"))
        world.start(batch)
        assert isinstance(keep_batch_start(poor.tools, batch), Later)
        assert keep_batch_start(world.tools, batch) == Done(1), "the walk makes up for a sender who gave up"
        with world.work.reading() as tx:
            (row,) = tx.catalogue.rows("files", batch_id=batch)
            assert tx.objects.get(file_note_key(batch, row["id"])) is not None
        self._one_of_each(world, batch, world.hand_in(batch, "a.jpg", scan("a")))

    def test_two_stores_make_two_copies(self, world: World, tmp_path: Path) -> None:
        from storage.folder import FolderStore

        damage: list[tuple[Side, str, str]] = []
        copy = FolderStore(tmp_path / "copy")
        both = World(
            replace(world.tools, blobs=PairedStore(world.blobs, copy, lambda *told: damage.append(told)))
        )
        batch = both.open()
        got = both.hand_in(batch, "a.jpg", scan("a"))
        assert got.copies == 2 and not damage
        for store in (world.blobs, copy):
            assert {k.split("/")[0] for k in store.keys("")} == {"received", "batches"}

    def _one_of_each(self, world: World, batch: str, got: Receipt) -> None:
        with world.work.reading() as tx:
            (row,) = tx.catalogue.rows("files", batch_id=batch)
            (event,) = tx.catalogue.rows("audit", action="file-received")
            kept = tx.catalogue.kept([row["blob_key"], file_note_key(batch, row["id"])])
        assert row["id"] == got.file_id and event["seq"] == got.audit_seq
        assert json.loads(event["details"])["sha256"] == got.sha256 == row["sha256"]
        assert len(kept) == 2
        for each in kept:
            assert len(world.blobs.read(each["key"], each["sha256"])) == each["size"]


class ReceivingPointCases(ReceivingCases):
    """Also every other point to die at; one profile runs it."""

    @pytest.mark.parametrize("point", POINTS)
    def test_whatever_point_it_dies_at_the_same_request_gets_one_receipt(
        self, world: World, point: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.dying_at(point, world, monkeypatch)


def _reader() -> Any:
    from records.access import SYSTEM

    return SYSTEM
