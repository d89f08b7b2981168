"""What carries a mark of secrecy is held before anything else, and only its officer's word changes that."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.handover import parse_handover
from ingest.held import Release, Removal, held_documents, release, remove
from ingest.hold import hold_read
from ingest.missing import rows_without_bytes
from ingest.secrecy import marks_by_list
from records.access import LOCAL, SYSTEM, Actor, Role
from records.document import DocumentState
from records.errors import Conflict, Missing, NotAllowed, Unfit
from records.geometry import Box
from records.page import PageText, Word
from tests.cases.archive_world import World, scan
from tests.cases.rebuilding import push_log, rebuilt
from tests.cases.secret_pages import scan_of, stamped_page

OFFICER = Actor("officer", "Cán bộ bảo mật", frozenset({Role.SECRECY_OFFICER}))
ARCHIVIST = Actor("archivist", "Lưu trữ", frozenset({Role.ARCHIVIST, Role.READER}))


@pytest.fixture
def delivery(world: World) -> tuple[World, str, str, str]:
    """A file of two pages whose second is stamped, and a harmless one: (world, batch, held document, walking one)."""
    batch = world.deliver(
        {
            "lo.tif": scan_of(stamped_page("", text="TRANG MỘT"), stamped_page("MẬT", text="TRANG HAI")),
            "thu.jpg": scan("thư"),
        }
    )
    (walking,) = world.begin_walk(batch)
    with world.work.reading() as tx:
        (held,) = [d.id for d in tx.documents.of_batch(batch) if d.state is DocumentState.HELD]
    return world, batch, held, walking


def bytes_below(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_held_before_it_is_walked_and_nobody_sees_it(delivery: tuple[World, str, str, str]) -> None:
    world, batch, held, walking = delivery
    world.archive(walking)
    with world.work.reading() as tx:
        for who in (ARCHIVIST, LOCAL, OFFICER):
            with pytest.raises(Missing):
                tx.documents.get(who, held)
            with pytest.raises(Missing):
                tx.pages.get(who, held, 1)
        assert held not in [d.id for d in tx.documents.find(ARCHIVIST)[0]]
        assert not tx.outbox.noted("index", held)
        (one,), total = held_documents(tx, OFFICER, 50, 0)
        assert (one.document.id, one.mark, one.by, one.page, total) == (held, "MẬT", "stamp", 2, 1)
        assert one.places == (("lo.tif", (1, 2)),)
        assert "trang 2 có dấu “MẬT”" in one.document.tell
        with pytest.raises(NotAllowed):
            held_documents(tx, ARCHIVIST, 50, 0)
        assert tx.batches.progress(LOCAL, batch).documents_held == 1
    assert held not in world.begin_walk(batch)  # proposed again after a crash: still held, one event
    with world.work.reading() as tx:
        assert len(tx.audit.about(held, ("document-held",))) == 1


def test_a_released_document_walks_and_is_not_held_again(delivery: tuple[World, str, str, str]) -> None:
    world, batch, held, _ = delivery
    with world.work.begin() as tx:
        with pytest.raises(NotAllowed):
            release(tx, ARCHIVIST, held, Release.MISREAD)
        with pytest.raises(Unfit):
            release(tx, OFFICER, held, Release.DECLASSIFIED, "  ")
        release(tx, OFFICER, held, Release.DECLASSIFIED, "QĐ 12-QĐ/TU ngày 01/02/2026")
    with world.work.reading() as tx:
        (noted,) = tx.outbox.due(kind="walk-again")
        assert (noted.object_id, dict(noted.payload)) == (held, {"kind": "document", "attempt": 1000})
        event = tx.audit.about(held, ("held-released",))[0]
        assert (event.actor, event.outcome) == (OFFICER.id, "declassified")
    world.archive(held)  # opens it, which looks at the stamps once more
    assert held in world.archived()
    assert held not in world.begin_walk(batch)
    with world.work.begin() as tx, pytest.raises(Missing):
        release(tx, OFFICER, held, Release.MISREAD)


def test_removal_leaves_no_byte_of_it_and_all_of_the_others(
    delivery: tuple[World, str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, batch, held, walking = delivery
    world.archive(walking)
    with pytest.raises(Conflict):
        remove(world.tools, OFFICER, held, Removal.SECRET)
    world.finish(batch)
    with pytest.raises(NotAllowed):
        remove(world.tools, ARCHIVIST, held, Removal.SECRET)
    with world.work.reading() as tx:
        pages = tx.pages.of_document(SYSTEM, held)
        files = {f.name: f for f in tx.batches.files(SYSTEM, batch)}
    doomed = {world.blobs.read(p.image_key, p.image_sha256) for p in pages}
    doomed.add(world.blobs.read(files["lo.tif"].blob_key, files["lo.tif"].sha256))
    assert doomed <= bytes_below(tmp_path)
    done = remove(world.tools, OFFICER, held, Removal.SECRET, "theo biên bản")
    assert (done.objects, done.pages, done.shared) == (3, 2, 0)
    assert done.size == sum(map(len, doomed))
    assert not doomed & bytes_below(tmp_path)
    with world.work.reading() as tx:
        assert [d.state for d in tx.documents.of_batch(batch)] == [
            DocumentState.REMOVED,
            DocumentState.ARCHIVED,
        ]
        assert tx.catalogue.unregistered() == []
        assert [e.outcome for e in tx.audit.about(held, ("held-removal-ordered", "held-removed"))] == [
            "secret"
        ] * 2
        kept = files["thu.jpg"]
        assert tx.objects.get(kept.blob_key) is not None
    assert world.blobs.read(kept.blob_key, kept.sha256)
    assert remove(world.tools, OFFICER, held, Removal.SECRET) == done
    assert world.begin_walk(batch) == []


def test_a_removal_cut_short_goes_on(
    delivery: tuple[World, str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, batch, held, walking = delivery
    world.archive(walking)
    world.finish(batch)
    erase = world.blobs.erase
    calls: list[str] = []

    def dies(key: str) -> bool:
        calls.append(key)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return erase(key)

    monkeypatch.setattr(world.blobs, "erase", dies)
    with pytest.raises(RuntimeError):
        remove(world.tools, OFFICER, held, Removal.SECRET)
    with world.work.begin() as tx, pytest.raises(Conflict):
        release(tx, OFFICER, held, Release.MISREAD)
    assert remove(world.tools, OFFICER, held, Removal.SECRET).objects == 3


def test_a_word_that_stands_like_a_mark_holds_after_reading(world: World) -> None:
    batch = world.deliver({"thu.jpg": scan("thư")})
    (document_id,) = world.begin_walk(batch)
    world.read(document_id)
    words = (
        Word("MẬT", Box(40, 60, 90, 80), 0.9, 0),
        *(Word("chữ", Box(20 * n, 200, 20 * n + 15, 212), 0.9, 1) for n in range(9)),
    )
    text = PageText(1, 320, 440, 150.0, 0, 0.0, "made 1", words)
    with world.work.begin() as tx:
        assert hold_read(tx, tx.documents.get(SYSTEM, document_id), [text])
    with world.work.reading() as tx:
        assert tx.pages.readings(document_id) == []
        assert tx.documents.of_batch(batch)[0].state is DocumentState.HELD


LIST = (
    "STT;Mã vạch;Số ký hiệu;Trích yếu;Số trang;Độ mật\n1;S1;1-CV/TU;Thư;1;\n2;S2;2-CV/TU;Báo cáo;1;Tối mật\n"
)


def test_the_level_of_the_list_holds_by_code_and_else_whatever_may_be_meant(world: World) -> None:
    listed = parse_handover(LIST.encode(), "a.csv")
    assert [row.secrecy for row in listed.rows] == ["", "TỐI MẬT"]
    assert marks_by_list(listed, ["S1", "s2", "S9"]) == ["", "TỐI MẬT", ""]
    assert marks_by_list(listed, ["S1", "", ""]) == ["", "TỐI MẬT", "TỐI MẬT"]
    batch = world.open()
    with world.work.begin() as tx:
        tx.handover_lists.give(batch, "a.csv", LIST.encode(), LOCAL.id)
    world.hand_in(batch, "thu.jpg", scan("thư"))
    world.start(batch)
    assert world.begin_walk(batch) == []
    with world.work.reading() as tx:
        (held,) = tx.documents.of_batch(batch)
        assert (held.state, held.reason) == (DocumentState.HELD, "TỐI MẬT by list")


def test_a_rebuild_knows_what_was_held_released_and_erased(world: World, afresh: Callable[[], World]) -> None:
    """From the stores alone: one erased, one released and walked, one still held; nothing erased is missed."""
    pages = {f"{n}.jpg": scan_of(stamped_page("MẬT", text=f"TRANG {n}")) for n in range(3)}
    batch = world.deliver(pages)
    assert world.begin_walk(batch) == []
    world.finish(batch)
    with world.work.reading() as tx:
        erased, freed, held = (d.id for d in tx.documents.of_batch(batch))
    remove(world.tools, OFFICER, erased, Removal.SECRET)
    with world.work.begin() as tx:
        release(tx, OFFICER, freed, Release.MISREAD)
    world.archive(freed)
    push_log(world)
    other = afresh()
    done = rebuilt(other)
    assert done.troubles == ()
    with other.work.reading() as tx:
        states = {d.id: d.state for d in tx.documents.of_batch(batch)}
        assert states == {
            erased: DocumentState.REMOVED, freed: DocumentState.ARCHIVED, held: DocumentState.HELD,
        }  # fmt: skip
        assert tx.catalogue.unregistered() == []
        assert [one.document.id for one in held_documents(tx, OFFICER, 9, 0)[0]] == [held]
        for who in (ARCHIVIST, LOCAL):
            with pytest.raises(Missing):
                tx.documents.get(who, held)
    assert list(rows_without_bytes(other.work, other.blobs, lambda _what, _count: None)) == []
