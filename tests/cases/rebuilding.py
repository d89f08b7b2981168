"""What a rebuild must do on every database and every store: the last state from the stores alone."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.adopt import adopt
from ingest.deposit import MANIFEST
from ingest.keys import batch_key, document_key, file_note_key
from ingest.manifest import framed, unframed
from ingest.missing import rows_without_bytes
from ingest.rebuild import rebuild
from ingest.rebuild_round import is_rebuilding
from ingest.rebuild_values import Rebuilt
from ingest.sidecars import BATCH, FILE, keep_batch_manifest, keep_missing_manifests, keep_record
from records.access import SYSTEM
from records.document import BatchState, DocumentState, FileState
from records.errors import Conflict, Unfit
from records.outcome import Done
from storage.audit_segments import head_key, segment_key
from storage.blobs import BlobStore
from storage.dump import dump, lines
from storage.tree_notes import NoteSigner
from tests.cases.archive_world import World, scan

Afresh = Callable[[], World]
"""Gives the same stores under an empty database."""

SPOIL = Callable[[str, bytes | None], None]
"""Puts other bytes under a key behind the store's back; None takes the object away."""


def push_log(world: World, store: BlobStore | None = None) -> int:
    """Put the whole log where the audit keeper would; return its last number."""
    with world.work.reading() as tx:
        first = 1 + max((int(k.split("-")[1][:-6]) for k in world.blobs.keys("audit/segments/")), default=0)
        last = tx.audit.newest()
        if last < first:
            return last
        prev = bytes.fromhex(next(tx.catalogue.rows("audit", seq=first))["prev_hash"])
        data = b"".join(event + b"\n" for event, _ in tx.audit.checked(first, last, prev))
    path = world.tools.work_dir / "segment"
    path.write_bytes(data)
    (store or world.blobs).put_once(segment_key(first, last), path)
    return last


def state(world: World, until: int) -> list[str]:
    with world.work.reading() as tx:
        told = [line.decode() for line in lines(tx, until)]
        assert dump(tx, audit_until=until).rows == len(told)
    return told


def quiet(_what: str, _count: int) -> None:
    pass


def rebuilt(world: World) -> Rebuilt:
    return rebuild(world.work, world.blobs, [world.blobs], quiet)


def codes(done: Rebuilt) -> set[str]:
    return {trouble.code for trouble in done.troubles}


class RebuildCases:
    """Inherit and supply `world`, `afresh` and `spoil`."""

    def test_the_last_state_comes_back(self, world: World, afresh: Afresh) -> None:
        several = scan("nhiều trang", "TIFF", 3)
        world.digitize({"a.jpg": scan("a"), "b.tif": several, "tập/1.jpg": scan("1"), "tập/2.jpg": scan("2")})
        world.digitize({"a.jpg": scan("a"), "c.jpg": scan("c"), "d.jpg": scan("d")}, refuse=[1])
        batch = world.open()
        with pytest.raises(Unfit):
            world.hand_in(batch, "hỏng.pdf", b"%PDF-1.4 broken")
        world.start(batch)
        world.begin_walk(batch)
        world.finish(batch)
        until = push_log(world)
        before = state(world, until)
        kinds = {json.loads(line)["table"] for line in before}
        assert kinds >= {
            "batches",
            "files",
            "documents",
            "existing",
            "pages",
            "page_texts",
            "objects",
            "audit",
        }
        fresh = afresh()
        done = rebuilt(fresh)
        assert done.troubles == () and done.log_until == until
        assert state(fresh, until) == before
        with fresh.work.reading() as tx:
            last = list(tx.catalogue.rows("audit"))[-1]
            assert (last["action"], last["seq"]) == ("catalogue-rebuilt", until + 1)
        assert not is_rebuilding(fresh.work)

    def test_an_unfinished_batch_is_taken_up_again(self, world: World, afresh: Afresh) -> None:
        batch = world.deliver({"a.jpg": scan("a"), "b.tif": scan("b", "TIFF", 2), "c.jpg": scan("c")})
        todo = world.begin_walk(batch)
        world.archive(todo[0])
        push_log(world)
        archived = world.archived()
        with world.work.reading() as tx:
            row = next(tx.catalogue.rows("documents", id=todo[0]))
        fresh = afresh()
        done = rebuilt(fresh)
        assert done.troubles == ()
        assert fresh.archived() == archived
        with fresh.work.reading() as tx:
            again = next(tx.catalogue.rows("documents", id=todo[0]))
            assert [b.id for b in tx.batches.unfinished()] == [batch]
            assert [f.state for f in tx.batches.files(SYSTEM, batch)] == [FileState.RECEIVED] * 3
        assert again | {"archived_at": ""} == row | {"archived_at": ""}
        assert again["archived_at"][:19] == row["archived_at"][:19], "the log tells when"
        rest = fresh.begin_walk(batch)
        assert rest == todo[1:], "what is archived is not walked again"
        for document_id in rest:
            fresh.archive(document_id)
        fresh.finish(batch)
        assert archived.items() <= fresh.archived().items() and len(fresh.archived()) == 3
        with fresh.work.reading() as tx:
            assert {d.version for d in tx.documents.of_batch(batch)} == {1}

    def test_an_open_batch_goes_on_receiving(self, world: World, afresh: Afresh) -> None:
        batch = world.open("Lô đang nhận", "HS-09")
        first = world.hand_in(batch, "a.jpg", scan("a"))
        fresh = afresh()
        done = rebuilt(fresh)
        assert done.troubles == () and done.given_until == first.audit_seq and done.log_until == 0
        with fresh.work.reading() as tx:
            found = tx.batches.get(SYSTEM, batch)
        assert (found.title, found.dossier, found.state) == ("Lô đang nhận", "HS-09", BatchState.RECEIVING)
        with fresh.work.reading() as tx:
            (row,) = tx.batches.files(SYSTEM, batch)
        assert (row.id, row.sha256, row.idempotency_key) == (first.file_id, first.sha256, "path:a.jpg")
        assert fresh.hand_in(batch, "a.jpg", scan("a")) == first, "the receipt outlives the log that was lost"
        assert fresh.hand_in(batch, "b.jpg", scan("b")).pages == 1

    def test_a_refusal_outlives_the_log(self, world: World, afresh: Afresh) -> None:
        batch = world.open()
        codes_told = set()
        for each in (world, world, afresh()):
            if each is not world:
                assert rebuilt(each).troubles == ()
            with pytest.raises(Unfit) as fault:
                each.hand_in(batch, "hỏng.pdf", b"%PDF-1.4 broken")
            codes_told.add((fault.value.code, fault.value.tell))
        assert len(codes_told) == 1

    def test_what_changed_after_the_finish_comes_back(self, world: World, afresh: Afresh) -> None:
        batch = world.digitize({"a.jpg": scan("a"), "b.jpg": scan("b")}, refuse=[0])
        with world.work.reading() as tx:
            refused = next(d for d in tx.documents.of_batch(batch) if d.state is DocumentState.REFUSED)
            kept = next(d for d in tx.documents.of_batch(batch) if d.state is DocumentState.ARCHIVED)
        world.archive(refused.id, "99-QĐ/TU")
        with world.work.begin() as tx:
            tx.documents.update_fields(
                kept.id, replace(kept.fields, subject="Đã sửa"), kept.row_version, number_key="x"
            )
        assert isinstance(keep_record(world.tools, kept.id), Done)
        until = push_log(world)
        fresh = afresh()
        done = rebuilt(fresh)
        assert done.troubles == ()
        before, after = state(world, until), state(fresh, until)
        # one moment is told by the log and not by the row: it was archived after its batch was finished
        assert [_timeless(line) for line in after] == [_timeless(line) for line in before]
        for ours, theirs in zip(_archived(before), _archived(after), strict=True):
            assert abs(ours - theirs) < timedelta(minutes=1)
        assert "Đã sửa" in "".join(after)

    @pytest.mark.parametrize("change", ["nul", "page"])
    def test_a_manifest_with_impossible_rows_is_left_out_whole(
        self, world: World, afresh: Afresh, spoil: SPOIL, change: str
    ) -> None:
        self.impossible(change, world, afresh, spoil)

    def impossible(self, change: str, world: World, afresh: Afresh, spoil: SPOIL) -> None:
        batch = world.digitize({"a.jpg": scan("a")})
        key = batch_key(batch, "manifest.json")
        told = unframed(_bytes(world.blobs, key), BATCH)
        file, page = told["files"][0], told["pages"][0]
        {
            "state": lambda: file.update(state="stolen"),
            "batch": lambda: file.update(batch_id="somebody else's"),
            "column": lambda: file.pop("size"),
            "kind": lambda: file.update(size="12"),
            "nul": lambda: file.update(sha256="a\x00b"),
            "page": lambda: page.update(file_id="no such file"),
        }[change]()
        spoil(key, framed(BATCH, told))
        fresh = afresh()
        done = rebuilt(fresh)
        assert [t.key for t in done.troubles] == [key]
        assert fresh.archived() == world.archived()

    def test_killed_half_way_it_goes_on(
        self, world: World, afresh: Afresh, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.killed_at("rebuild-after-document", world, afresh, monkeypatch)

    def killed_at(self, point: str, world: World, afresh: Afresh, monkeypatch: pytest.MonkeyPatch) -> None:
        world.digitize({"a.jpg": scan("a")})
        world.digitize({"a.jpg": scan("a"), "b.jpg": scan("b")})
        unfinished = world.deliver({"c.jpg": scan("c")})
        world.archive(world.begin_walk(unfinished)[0])
        until = push_log(world)
        fresh = afresh()
        dying = [point]

        def die(name: str) -> None:
            if dying == [name]:
                dying.clear()
                raise KeyboardInterrupt

        monkeypatch.setattr("ingest.rebuild.crashpoint", die)
        with pytest.raises(KeyboardInterrupt):
            rebuilt(fresh)
        if point == "rebuild-after-finish":
            assert not is_rebuilding(fresh.work)
        else:
            assert is_rebuilding(fresh.work)
            assert rebuilt(fresh).troubles == ()
        assert fresh.archived() == world.archived()
        with fresh.work.reading() as tx:
            assert tx.catalogue.count("existing") == 1
            assert tx.audit.newest() == until + 1

    def test_lost_bytes_are_listed_row_by_row(self, world: World, spoil: SPOIL) -> None:
        batch = world.digitize({"a.jpg": scan("a"), "b.tif": scan("b", "TIFF", 2)})
        assert list(rows_without_bytes(world.work, world.blobs, quiet)) == []
        with world.work.reading() as tx:
            file = next(f for f in tx.batches.files(SYSTEM, batch) if f.name == "b.tif")
            page = next(p for p in tx.pages.of_batch(batch) if p.file_id == file.id)
            document = tx.documents.get(SYSTEM, str(page.document_id))
        assert document.pdf is not None
        spoil(file.blob_key, None)
        spoil(page.image_key, None)
        spoil(document.pdf.key, b"short")
        found = {(m.table, m.row, m.found) for m in rows_without_bytes(world.work, world.blobs, quiet)}
        assert ("files", file.id, None) in found
        assert ("pages", page.id, None) in found
        assert ("renditions", f"{document.id} v1 access.pdf", 5) in found
        # the delivered file is also the document's `original`
        assert ("renditions", f"{document.id} v1 original", None) in found and len(found) == 4

    def test_a_row_that_nobody_registered_is_listed_too(self, world: World, spoil: SPOIL) -> None:
        batch = world.open()
        got = world.hand_in(batch, "a.jpg", scan("a"))
        with world.work.begin() as tx:
            row = next(tx.catalogue.rows("files", id=got.file_id))
            tx.catalogue.replace("files", row | {"blob_key": "received/00/lost.jpg"})
        found = list(rows_without_bytes(world.work, world.blobs, quiet))
        assert [(m.table, m.row, m.key) for m in found] == [("files", got.file_id, "received/00/lost.jpg")]

    def test_a_version_the_books_forgot_is_adopted_and_not_made_twice(
        self, world: World, afresh: Afresh
    ) -> None:
        batch = world.deliver({"a.jpg": scan("a")})
        (document_id,) = world.begin_walk(batch)
        assert adopt(world.tools, document_id) == Done(False)
        world.archive(document_id)
        archived = world.archived()
        # the books as they stood before: what a restored backup knows
        fresh = afresh()
        copy_rows(world, fresh, ("batches", "files", "audit"))
        (again,) = fresh.begin_walk(batch)
        assert again == document_id
        assert adopt(fresh.tools, document_id) == Done(True)
        assert adopt(fresh.tools, document_id) == Done(False)
        assert fresh.archived() == archived
        with fresh.work.reading() as tx:
            assert tx.pages.readings(document_id) and tx.outbox.backlog().waiting == 1

    def test_half_a_version_is_left_and_the_next_folder_taken(
        self, world: World, afresh: Afresh, spoil: SPOIL
    ) -> None:
        batch = world.deliver({"a.jpg": scan("a")})
        (document_id,) = world.begin_walk(batch)
        spoil(document_key(document_id, 1, "access.pdf"), b"%PDF of an engine that is gone")
        assert adopt(world.tools, document_id) == Done(False)
        world.archive(document_id)
        world.finish(batch)
        with world.work.reading() as tx:
            keys = {r.name: r.key for r in tx.documents.renditions(SYSTEM, document_id)}
        assert keys[MANIFEST] == document_key(document_id, 1, MANIFEST, 2)
        until = push_log(world)
        before = state(world, until)
        fresh = afresh()
        assert rebuilt(fresh).troubles == ()
        assert state(fresh, until) == before
        spoil(batch_key(batch, "manifest.json"), None)
        other = afresh()
        assert rebuilt(other).troubles == ()
        assert other.archived() == world.archived()


class RebuildDamageCases(RebuildCases):
    """Also what damage and forgery must come to; the kind of store does not matter to it, so one profile runs it."""

    @pytest.mark.parametrize("point", ["rebuild-after-events", "rebuild-after-batch", "rebuild-after-finish"])
    def test_killed_at_any_point_it_goes_on(
        self, world: World, afresh: Afresh, point: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.killed_at(point, world, afresh, monkeypatch)

    @pytest.mark.parametrize("change", ["state", "batch", "column", "kind"])
    def test_other_impossible_rows(self, world: World, afresh: Afresh, spoil: SPOIL, change: str) -> None:
        self.impossible(change, world, afresh, spoil)

    def test_a_full_database_is_left_alone(self, world: World) -> None:
        world.open()
        with pytest.raises(Conflict) as fault:
            rebuilt(world)
        assert fault.value.code == "database-not-empty"
        assert not is_rebuilding(world.work)

    def test_a_rebuilt_database_is_full(self, world: World, afresh: Afresh) -> None:
        world.digitize({"a.jpg": scan("a")})
        push_log(world)
        fresh = afresh()
        rebuilt(fresh)
        with pytest.raises(Conflict):
            rebuilt(fresh)

    def test_the_newest_manifest_counts(self, world: World, afresh: Afresh) -> None:
        batch = world.digitize({"a.jpg": scan("a")})
        assert keep_batch_manifest(world.tools, batch) == Done(batch_key(batch, "manifest.json"))
        with world.work.begin() as tx:
            tx.batches.walk_again(batch)
            tx.batches.finish(batch, "lần hai")
        for _ in range(2):
            assert keep_batch_manifest(world.tools, batch) == Done(batch_key(batch, "manifest-2.json"))
        until = push_log(world)
        before = state(world, until)
        fresh = afresh()
        assert rebuilt(fresh).troubles == ()
        assert state(fresh, until) == before

    def test_a_damaged_manifest_is_named_and_the_older_one_used(
        self, world: World, afresh: Afresh, spoil: SPOIL
    ) -> None:
        batch = world.digitize({"a.jpg": scan("a")})
        other = world.digitize({"b.jpg": scan("b")})
        with world.work.begin() as tx:
            tx.batches.walk_again(batch)
            tx.batches.finish(batch, "lần hai")
        keep_batch_manifest(world.tools, batch)
        push_log(world)
        whole = _bytes(world.blobs, batch_key(batch, "manifest-2.json"))
        spoil(batch_key(batch, "manifest-2.json"), whole.replace(b"HS-01", b"HS-02", 1))
        fresh = afresh()
        done = rebuilt(fresh)
        assert [(t.key, t.code) for t in done.troubles] == [
            (batch_key(batch, "manifest-2.json"), "manifest-damaged")
        ]
        with fresh.work.reading() as tx:
            assert tx.batches.get(SYSTEM, batch).message == "" and tx.batches.get(SYSTEM, other)
        assert fresh.archived() == world.archived()

    def test_without_any_manifest_the_documents_still_come_back(
        self, world: World, afresh: Afresh, spoil: SPOIL
    ) -> None:
        batch = world.digitize({"a.jpg": scan("a"), "b.jpg": scan("b")}, refuse=[1])
        push_log(world)
        spoil(batch_key(batch, "manifest.json"), None)
        fresh = afresh()
        assert rebuilt(fresh).troubles == ()
        assert fresh.archived() == world.archived()
        with fresh.work.reading() as tx:
            assert tx.batches.get(SYSTEM, batch).state is BatchState.STARTED, (
                "the walk looks at the rest again"
            )

    @pytest.mark.parametrize(
        "bad", [b"", b"{}", b"[1]", b"\x00\xff", b'{"format":2,"kind":"file"}', b"[" * 100_000]
    )
    def test_rubbish_in_place_of_a_note_is_named(
        self, world: World, afresh: Afresh, spoil: SPOIL, bad: bytes
    ) -> None:
        batch = world.open()
        lost = world.hand_in(batch, "a.jpg", scan("a"))
        kept = world.hand_in(batch, "b.jpg", scan("b"))
        spoil(file_note_key(batch, lost.file_id), bad)
        fresh = afresh()
        done = rebuilt(fresh)
        assert codes(done) == {"manifest-damaged"}
        with fresh.work.reading() as tx:
            assert [f.id for f in tx.batches.files(SYSTEM, batch)] == [kept.file_id]

    def test_a_forged_note_is_found_by_the_log(self, world: World, afresh: Afresh, spoil: SPOIL) -> None:
        batch = world.open()
        got = world.hand_in(batch, "a.jpg", scan("a"))
        other = world.hand_in(batch, "b.jpg", scan("b"))
        push_log(world)
        key = file_note_key(batch, got.file_id)
        told = unframed(_bytes(world.blobs, key), FILE)
        told["file"]["sha256"] = other.sha256
        spoil(key, framed(FILE, told))
        made_up = told["file"] | {"id": "0" * 32, "ordinal": 9, "idempotency_key": "x"}
        spoil(file_note_key(batch, "0" * 32), framed(FILE, told | {"file": made_up}))
        fresh = afresh()
        done = rebuilt(fresh)
        assert [t.code for t in done.troubles] == ["log-says-otherwise"] * 2
        with fresh.work.reading() as tx:
            assert [f.id for f in tx.batches.files(SYSTEM, batch)] == [other.file_id]

    def test_a_forged_batch_manifest_is_found_by_the_log(
        self, world: World, afresh: Afresh, spoil: SPOIL
    ) -> None:
        batch = world.digitize({"a.jpg": scan("a")})
        push_log(world)
        key = batch_key(batch, "manifest.json")
        told = unframed(_bytes(world.blobs, key), BATCH)
        told["renditions"] = [r | {"sha256": "f" * 64} for r in told["renditions"]]
        spoil(key, framed(BATCH, told))
        fresh = afresh()
        assert codes(rebuilt(fresh)) == {"log-says-otherwise"}
        assert fresh.archived() == world.archived()

    @pytest.mark.parametrize("name", ["access.pdf", "pages.json", "manifest.json"])
    def test_a_version_that_is_not_whole_is_neither_adopted_nor_rebuilt(
        self, world: World, afresh: Afresh, spoil: SPOIL, name: str
    ) -> None:
        batch = world.deliver({"a.jpg": scan("a")})
        (document_id,) = world.begin_walk(batch)
        world.archive(document_id)
        key = document_key(document_id, 1, name)
        whole = _bytes(world.blobs, key)
        spoil(key, whole[:-9] + b"x" + whole[-8:])
        fresh = afresh()
        done = rebuilt(fresh)
        assert [(t.key, t.code) for t in done.troubles] == [
            (document_key(document_id, 1, MANIFEST), "manifest-damaged")
        ]
        assert fresh.archived() == {}
        assert fresh.begin_walk(batch) == [document_id]
        assert adopt(fresh.tools, document_id) == Done(False)
        fresh.archive(document_id)
        assert list(fresh.archived()) == [document_id], "it is made anew from the images"

    def test_a_document_of_nobody_is_named(self, world: World, afresh: Afresh, spoil: SPOIL) -> None:
        batch = world.digitize({"a.jpg": scan("a")})
        (document_id,) = world.archived()
        for key in list(world.blobs.keys(f"batches/{batch}/")):
            spoil(key, None)
        fresh = afresh()
        done = rebuilt(fresh)
        assert [(t.key, t.code) for t in done.troubles] == [
            (document_key(document_id, 1, MANIFEST), "row-unfit")
        ]
        with fresh.work.reading() as tx:
            assert tx.catalogue.filled(["batches", "files", "documents", "pages"]) == []

    def test_a_damaged_log_ends_before_the_damage(self, world: World, afresh: Afresh, spoil: SPOIL) -> None:
        world.digitize({"a.jpg": scan("a")})
        until = push_log(world)
        key = segment_key(1, until)
        events = _bytes(world.blobs, key).splitlines(keepends=True)
        spoil(key, b"".join([*events[:3], events[3].replace(b"done", b"gone"), *events[4:]]))
        fresh = afresh()
        done = rebuilt(fresh)
        assert codes(done) == {"audit-altered"} and done.log_until == 3
        assert fresh.archived() == world.archived()

    def test_a_log_made_anew_is_found_by_its_signed_head(self, world: World, afresh: Afresh) -> None:
        signer = NoteSigner("vanthu/audit/test", b"s" * 32)
        world.digitize({"a.jpg": scan("a")})
        until = push_log(world)
        with world.work.reading() as tx:
            root = bytes.fromhex(tx.audit.head().root)
        for told, expected in ((root, set()), (b"r" * 32, {"audit-altered"})):
            note = world.tools.work_dir / "note"
            note.write_text(signer.sign_head(until, told), encoding="utf-8")
            world.blobs.mend(head_key(until), note, hashlib.sha256(note.read_bytes()).hexdigest())
            fresh = afresh()
            done = rebuild(fresh.work, fresh.blobs, [fresh.blobs], quiet, [signer.verifier])
            assert codes(done) == expected

    def test_the_second_store_makes_up_for_a_damaged_log(
        self, world: World, afresh: Afresh, spoil: SPOIL, tmp_path: Path
    ) -> None:
        from storage.folder import FolderStore

        world.digitize({"a.jpg": scan("a")})
        copy = FolderStore(tmp_path / "second")
        until = push_log(world)
        push_log(replace_blobs(world, copy))
        spoil(segment_key(1, until), b"nothing\n")
        fresh = afresh()
        done = rebuild(fresh.work, fresh.blobs, [fresh.blobs, copy], quiet)
        assert codes(done) == {"audit-altered"} and done.log_until == until

    def test_batches_of_an_older_version_get_their_manifest(self, world: World, afresh: Afresh) -> None:
        batch = world.deliver({"a.jpg": scan("a")})
        for document_id in world.begin_walk(batch):
            world.archive(document_id)
        with world.work.begin() as tx:
            tx.batches.finish(batch)
        assert keep_missing_manifests(world.tools) == 1
        assert keep_missing_manifests(world.tools) == 0
        until = push_log(world)
        before = state(world, until)
        fresh = afresh()
        assert rebuilt(fresh).troubles == ()
        assert state(fresh, until) == before


def _timeless(line: str) -> str:
    told = json.loads(line)
    if told["table"] == "documents" and told["row"]["archived_at"]:
        told["row"]["archived_at"] = "archived"  # the two moments may lie on both sides of any border
    return json.dumps(told, sort_keys=True)


def _archived(lines: Sequence[str]) -> list[datetime]:
    """Return when each archived document was archived, in the order of the lines."""
    rows = [told["row"] for told in map(json.loads, lines) if told["table"] == "documents"]
    return [datetime.fromisoformat(row["archived_at"]) for row in rows if row["archived_at"]]


def _bytes(store: BlobStore, key: str) -> bytes:
    found = store.measure(key)
    assert found is not None
    return store.read(key, found.sha256)


def replace_blobs(world: World, blobs: BlobStore) -> World:
    return World(replace(world.tools, blobs=blobs))


def copy_rows(one: World, other: World, tables: tuple[str, ...]) -> None:
    for table in tables:
        with one.work.reading() as tx:
            rows = list(tx.catalogue.rows(table))
        if table == "files":
            rows = [row | {"state": FileState.RECEIVED.value} for row in rows]
        with other.work.begin() as tx:
            tx.catalogue.add(table, rows)
