"""A delivery that waits for people: arranged, scanned again, confirmed once, brought back from the stores."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pypdfium2
import pytest

from ingest import arrange, rescan
from ingest.accounting import account
from ingest.arrange import ARRANGE, arranged, page_numbered
from ingest.documents import propose_documents
from ingest.separator_sheets import draw_sheets
from records.access import LOCAL, SYSTEM, Actor, Role
from records.accounting import PageState
from records.arrangement import Command, Kind, Mark, Sheet, Where
from records.document import BatchState, DocumentState, FileState, PageRole
from records.errors import Conflict, Missing, NotAllowed, Unfit
from records.page_checks import Finding, PageCheck
from records.separators import Follows
from records.separators import Sheet as Printed
from storage.arrangements import RescanState
from storage.book_notes import arrange_note_key, keep_books
from storage.signing_notes import Notebook
from tests.cases.archive_world import World, scan
from tests.cases.rebuilding import codes, push_log, rebuilt, state

Afresh = Callable[[], World]
FILES = {"0.tif": scan("lo", "TIFF", 4), "a.jpg": scan("a"), "b.jpg": scan("b")}


@pytest.fixture
def batch(world: World) -> str:
    """Three proposals: pages 1–4, page 5, page 6."""
    batch_id = world.deliver(FILES, **{ARRANGE: "1"})
    assert world.begin_walk(batch_id) is None
    return batch_id


def shape(world: World, batch: str) -> list[str]:
    """The groups by page numbers, with marks and turns."""
    with world.work.reading() as tx:
        now = arranged(tx, LOCAL, batch)

    def told(sheet) -> str:
        mark = "" if sheet.mark is Mark.PAGE else f"({sheet.mark})"
        return f"{now.pages[sheet.page].ordinal}{mark}{f'@{sheet.turn}' if sheet.turn else ''}"

    return [" ".join(map(told, group)) for group in now.groups]


def do(world: World, batch: str, kind: Kind, *numbers: int, to: int = 0, **more) -> int:
    with world.work.begin() as tx:
        pages = tuple(page_numbered(tx, LOCAL, batch, n) for n in numbers)
        target = page_numbered(tx, LOCAL, batch, to) if to else ""
        wanted = Command(kind, pages, target, **more)
        return arrange.command(tx, LOCAL, batch, tx.arrangements.version(batch), wanted).version


def step(world: World, batch: str, what) -> int:
    with world.work.begin() as tx:
        return what(tx, LOCAL, batch, tx.arrangements.version(batch)).version


def page_id(world: World, batch: str, number: int) -> str:
    with world.work.reading() as tx:
        return page_numbered(tx, LOCAL, batch, number)


def test_commands_mean_what_they_meant_whatever_is_proposed_later(
    world: World, batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = arrange.first_proposal
    do(world, batch, Kind.MERGE, 6)
    assert shape(world, batch) == ["1 2 3 4", "5 6"]

    def joined(*given: object) -> list[list[Sheet]]:
        return [[sheet for group in first(*given) for sheet in group]]

    monkeypatch.setattr(arrange, "first_proposal", joined)  # a version with other rules
    assert shape(world, batch) == ["1 2 3 4", "5 6"]
    do(world, batch, Kind.SPLIT, 3)
    step(world, batch, arrange.undo)
    assert shape(world, batch) == ["1 2 3 4", "5 6"]
    step(world, batch, arrange.undo)
    assert shape(world, batch) == ["1 2 3 4", "5", "6"]
    with world.work.reading() as tx:
        told = [set(one.told) for one in tx.arrangements.log(batch)]
    assert [("proposal" in one) for one in told] == [True, False, False, False]


def test_commands_are_what_the_documents_are_made_of(world: World, batch: str) -> None:
    assert shape(world, batch) == ["1 2 3 4", "5", "6"]
    do(world, batch, Kind.SPLIT, 3)
    do(world, batch, Kind.MERGE, 6)
    do(world, batch, Kind.MOVE, 2, to=6, where=Where.BEFORE)
    do(world, batch, Kind.TURN, 1, turn=90)
    do(world, batch, Kind.MARK, 4, mark=Mark.BLANK)
    before = shape(world, batch)
    assert before == ["1@90", "3 4(blank)", "5 2 6"]
    for _ in range(5):
        step(world, batch, arrange.undo)
    assert shape(world, batch) == ["1 2 3 4", "5", "6"]
    for _ in range(5):
        step(world, batch, arrange.redo)
    assert shape(world, batch) == before
    step(world, batch, arrange.confirm)
    documents = world.begin_walk(batch)
    assert documents == propose_documents(world.tools, batch), "a repeated step proposes the same"
    with world.work.reading() as tx:
        assert tx.batches.get(LOCAL, batch).state is BatchState.STARTED
        made = [[p.ordinal for p in tx.pages.of_document(SYSTEM, d)] for d in documents]
        pages = {p.ordinal: p for p in tx.pages.of_batch(batch)}
        sources = [tx.documents.get(SYSTEM, d).source for d in documents]
    assert made == [[1], [3], [5, 2, 6]]
    assert sources == ["0.tif#1", "0.tif#3", "a.jpg…b.jpg"]
    assert (pages[1].hint_rotation, pages[4].role, pages[4].document_id) == (90, PageRole.BLANK, None)
    for document in documents:
        world.archive(document)
    world.finish(batch)
    assert shape(world, batch) == before, "what was used can still be seen"
    with pytest.raises(Conflict) as fault:
        do(world, batch, Kind.SPLIT, 2)
    assert fault.value.code == "arrange-closed" and "lưu trữ" in fault.value.tell


def test_a_page_with_a_mark_of_secrecy_is_moved_but_never_hidden_and_its_document_is_held(
    world: World, batch: str
) -> None:
    with world.work.begin() as tx:
        tx.secrecy.mark({page_numbered(tx, LOCAL, batch, 5): "MẬT"})
    before = shape(world, batch)
    for mark in (Mark.OUT, Mark.BLANK, Mark.SEPARATOR):
        with pytest.raises(Unfit) as fault:
            do(world, batch, Kind.MARK, 5, mark=mark)
        assert fault.value.code == "arrange-secret" and "dấu mật" in fault.value.tell
    assert shape(world, batch) == before
    do(world, batch, Kind.MOVE, 5, to=6, where=Where.AFTER)
    step(world, batch, arrange.confirm)
    walked = world.begin_walk(batch)
    with world.work.reading() as tx:
        states = {d.source: d.state for d in tx.documents.of_batch(batch)}
        told = account(tx, LOCAL, batch)
    assert states == {"0.tif": DocumentState.PROPOSED, "b.jpg…a.jpg": DocumentState.HELD}
    assert len(walked or ()) == 1
    assert (told.states[PageState.HELD], told.total, told.faults) == (2, 6, ())


def test_two_people_at_once_lose_nothing(world: World, batch: str) -> None:
    pages = [page_id(world, batch, n) for n in (1, 2, 3, 4)]

    def turn(page: str) -> str:
        with world.work.begin() as tx:
            try:
                arrange.command(tx, LOCAL, batch, 0, Command(Kind.TURN, (page,), turn=90))
            except Conflict as fault:
                return fault.code
        return "done"

    with ThreadPoolExecutor(4) as many:
        ends = sorted(many.map(turn, pages))
    assert ends == ["arrange-changed"] * 3 + ["done"]
    assert sum("@90" in one for one in " ".join(shape(world, batch)).split()) == 1


def test_a_confirmation_can_be_taken_back_until_documents_are_made(world: World, batch: str) -> None:
    do(world, batch, Kind.MERGE, 5)
    step(world, batch, arrange.confirm)
    with world.work.begin() as tx:
        arrange.reopen(tx, LOCAL, batch)
    assert world.begin_walk(batch) is None, "a walk that was on its way stops again"
    step(world, batch, arrange.undo)
    assert shape(world, batch) == ["1 2 3 4", "5", "6"]
    step(world, batch, arrange.confirm)
    assert len(world.begin_walk(batch) or []) == 3
    with pytest.raises(Conflict), world.work.begin() as tx:
        arrange.reopen(tx, LOCAL, batch)


def test_without_the_option_nothing_waits(world: World) -> None:
    batch = world.deliver({"a.jpg": scan("a")})
    assert len(world.begin_walk(batch) or []) == 1
    with pytest.raises(Conflict) as fault, world.work.begin() as tx:
        arrange.undo(tx, LOCAL, batch, 0)
    assert fault.value.code == "arrange-not-asked"


def test_who_may_not_digitize_may_not_arrange(world: World, batch: str) -> None:
    reader = Actor("someone", "Người đọc", frozenset({Role.READER}))
    with pytest.raises(NotAllowed), world.work.begin() as tx:
        arrange.confirm(tx, reader, batch, 0)
    with pytest.raises(NotAllowed), world.work.begin() as tx:
        rescan.ask(tx, reader, batch, page_id(world, batch, 1), "mờ")


def test_a_delivery_without_a_page_left_is_not_confirmed(world: World, batch: str) -> None:
    do(world, batch, Kind.MARK, 1, 2, 3, 4, 5, 6, mark=Mark.OUT)
    with pytest.raises(Conflict) as fault:
        step(world, batch, arrange.confirm)
    assert fault.value.code == "arrange-empty"
    do(world, batch, Kind.MARK, 3, mark=Mark.PAGE)
    step(world, batch, arrange.confirm)
    assert len(world.begin_walk(batch) or []) == 1


def ask(world: World, batch: str, number: int) -> str:
    page = page_id(world, batch, number)
    with world.work.begin() as tx:
        return rescan.ask(tx, LOCAL, batch, page, "mất góc phải").id


def hand_in(world: World, batch: str, ticket: str, data: bytes, key: str = "k"):
    return rescan.deliver(world.tools, batch, ticket, "moi.jpg", iter([data]), key, LOCAL)


def test_a_page_scanned_again_takes_the_place_of_the_old_one(world: World, batch: str) -> None:
    ticket = ask(world, batch, 2)
    with pytest.raises(Conflict) as fault:
        step(world, batch, arrange.confirm)
    assert fault.value.code == "arrange-rescans"
    new = scan("quét lại")
    made = hand_in(world, batch, ticket, new)
    assert made == hand_in(world, batch, ticket, new), "the same key again changes nothing"
    assert shape(world, batch) == ["1 2(replaced) 7 3 4", "5", "6"]
    with pytest.raises(Conflict):
        hand_in(world, batch, ticket, scan("khác"), "k2")
    step(world, batch, arrange.undo)
    assert shape(world, batch)[0] == "1 2 7(out) 3 4"
    step(world, batch, arrange.redo)
    step(world, batch, arrange.confirm)
    first = (world.begin_walk(batch) or [])[0]
    with world.work.reading() as tx:
        assert [p.ordinal for p in tx.pages.of_document(SYSTEM, first)] == [1, 7, 3, 4]
        pages = {p.ordinal: p for p in tx.pages.of_batch(batch)}
        assert pages[2].role is PageRole.REPLACED
        assert all(world.blobs.size(pages[n].image_key) for n in (2, 7)), "the bytes of both are kept"
        assert tx.arrangements.rescan(batch, ticket).new_page_id == pages[7].id


def test_a_rescan_that_is_no_single_page_is_refused_and_kept(world: World, batch: str) -> None:
    ticket = ask(world, batch, 1)
    with pytest.raises(Conflict):
        ask(world, batch, 1)
    with pytest.raises(Unfit) as fault:
        hand_in(world, batch, ticket, scan("hai", "TIFF", 2))
    assert fault.value.code == "rescan-pages"
    with world.work.reading() as tx:
        kept = tx.batches.files(SYSTEM, batch)[-1]
        assert (kept.state, kept.code) == (FileState.REFUSED, "rescan-pages") and world.blobs.size(
            kept.blob_key
        )
        assert tx.arrangements.rescan(batch, ticket).state is RescanState.OPEN
    with world.work.begin() as tx:
        assert rescan.cancel(tx, LOCAL, batch, ticket).state is RescanState.CANCELLED
    assert shape(world, batch) == ["1 2 3 4", "5", "6"]
    with pytest.raises(Missing):
        hand_in(world, batch, "0" * 32, scan("x"))


def test_a_rescan_that_died_half_way_is_in_its_place_and_goes_on(
    world: World, batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = ask(world, batch, 5)

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(rescan, "bring_in", die)
    with pytest.raises(RuntimeError):
        hand_in(world, batch, ticket, scan("mới"))
    monkeypatch.undo()
    assert shape(world, batch) == ["1 2 3 4", "5 7(out)", "6"], "no page is nowhere"
    hand_in(world, batch, ticket, scan("mới"))
    assert shape(world, batch) == ["1 2 3 4", "5(replaced) 7", "6"]


def follow(world: World) -> int:
    return keep_books(Notebook(world.work, world.blobs, world.tools.work_dir))


def arranged_and_rescanned(world: World, batch: str) -> list[str]:
    do(world, batch, Kind.SPLIT, 3)
    do(world, batch, Kind.TURN, 2, turn=180)
    step(world, batch, arrange.undo)
    hand_in(world, batch, ask(world, batch, 6), scan("mới"))
    return shape(world, batch)


def test_a_waiting_delivery_comes_back_from_the_stores_as_it_was(
    world: World, batch: str, afresh: Afresh
) -> None:
    before = arranged_and_rescanned(world, batch)
    assert follow(world) == 7
    push_log(world)
    fresh = afresh()
    assert rebuilt(fresh).troubles == ()
    assert fresh.begin_walk(batch) is None
    assert shape(fresh, batch) == before
    with fresh.work.reading() as tx:
        assert [one.state for one in tx.arrangements.rescans(batch)] == [RescanState.DELIVERED]
    step(fresh, batch, arrange.confirm)
    assert len(fresh.begin_walk(batch) or []) == 4


def test_a_confirmed_and_archived_delivery_comes_back(world: World, batch: str, afresh: Afresh) -> None:
    arranged_and_rescanned(world, batch)
    do(world, batch, Kind.TURN, 1, turn=90)
    step(world, batch, arrange.confirm)
    before = shape(world, batch)
    for document in world.begin_walk(batch) or []:
        world.archive(document)
    world.finish(batch)
    follow(world)
    until = push_log(world)
    told = state(world, until)
    fresh = afresh()
    assert rebuilt(fresh).troubles == ()
    assert state(fresh, until) == told
    assert shape(fresh, batch) == before
    with fresh.work.reading() as tx:
        assert all(d.state is DocumentState.ARCHIVED for d in tx.documents.of_batch(batch))


def test_entries_behind_a_lost_one_are_named_and_left_out(
    world: World, batch: str, afresh: Afresh, spoil: Callable[[str, bytes | None], None]
) -> None:
    for page in (3, 2, 4):
        do(world, batch, Kind.TURN, page, turn=90)
    follow(world)
    push_log(world)
    with world.work.reading() as tx:
        events = tx.audit.about(batch, ("batch-arranged",))
    spoil(arrange_note_key(batch, events[1].seq), None)
    fresh = afresh()
    assert set(codes(rebuilt(fresh))) == {"blob-missing", "row-unfit"}
    fresh.begin_walk(batch)
    assert shape(fresh, batch) == ["1 2 3@90 4", "5", "6"]


def test_what_the_checks_set_aside_is_shown_so_and_can_be_put_back(world: World) -> None:
    batch = world.deliver(FILES, **{ARRANGE: "1"})
    assert world.begin_walk(batch) is None
    with world.work.begin() as tx:
        tx.page_checks.add({page_numbered(tx, LOCAL, batch, 2): [PageCheck(Finding.BLANK, 1.0)]})
    assert shape(world, batch)[0] == "1 2(blank) 3 4"
    do(world, batch, Kind.MARK, 2, mark=Mark.PAGE)
    step(world, batch, arrange.confirm)
    first = (world.begin_walk(batch) or [])[0]
    with world.work.reading() as tx:
        assert [p.ordinal for p in tx.pages.of_document(SYSTEM, first)] == [1, 2, 3, 4], "a person decides"


def sheet(follows: Follows, dossier: str, serial: int) -> bytes:
    """Return the scan of a separator sheet, 150 dpi."""
    pdf = pypdfium2.PdfDocument(draw_sheets([Printed(follows, dossier, serial)]))
    out = io.BytesIO()
    pdf[0].render(scale=150 / 72, grayscale=True).to_pil().save(out, "PNG", dpi=(150, 150))
    pdf.close()
    return out.getvalue()


def test_a_sheet_new_dossier_decides_also_what_people_put_behind_it(world: World) -> None:
    files = {
        "1.jpg": scan("một"),
        "2.png": sheet(Follows.DOSSIER, "HS-77", 1),
        "3.jpg": scan("ba"),
        "4.png": sheet(Follows.DOCUMENT, "HS-77", 2),
        "5.jpg": scan("năm"),
    }
    batch = world.deliver(files, **{ARRANGE: "1"})
    assert world.begin_walk(batch) is None
    assert shape(world, batch) == ["1", "2(separator) 3", "4(separator) 5"]
    do(world, batch, Kind.MOVE, 5, to=1, where=Where.BEFORE)
    do(world, batch, Kind.SPLIT, 1)
    step(world, batch, arrange.confirm)
    made = world.begin_walk(batch) or []
    with world.work.reading() as tx:
        found = [tx.documents.get(SYSTEM, one) for one in made]
        pages = [[p.ordinal for p in tx.pages.of_document(SYSTEM, one)] for one in made]
    # the page that was moved out of the dossier follows the delivery; the one behind the sheet stays in its dossier
    assert [(d.dossier, p) for d, p in zip(found, pages, strict=True)] == [
        ("HS-01", [5]),
        ("HS-01", [1]),
        ("HS-77", [3]),
    ]


def test_a_page_that_was_read_before_it_was_turned_is_read_again(world: World, batch: str) -> None:
    with world.work.reading() as tx:
        first = tx.pages.of_batch(batch)[4]
    with world.work.begin() as tx:
        tx.pages.set_reading(
            first.id,
            state="read",
            reading_key="k",
            reading_sha256="0" * 64,
            text="đọc ngang",
            reading=b"{}",
            confidence=0.5,
            rotation=0,
            words=2,
        )
    do(world, batch, Kind.TURN, 5, turn=90)
    step(world, batch, arrange.confirm)
    assert world.begin_walk(batch)
    with world.work.reading() as tx:
        turned, other = tx.pages.of_batch(batch)[4:6]
    assert (turned.state, turned.reading_key, turned.hint_rotation) == ("", "", 90)
    assert other.hint_rotation == 0
