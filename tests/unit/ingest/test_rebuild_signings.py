"""Papers to be signed come back from the stores alone, and none that was signed is ever offered to a key again."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import procedures.sign_papers as steps
from ingest.receive_paper import receive_paper
from procedures.sign_papers import Order, SignTools, sign_paper
from records.access import Actor, Role
from records.errors import Away, Unfit
from signing.seal import Sealed
from storage import signing_notes
from storage.blobs import Unavailable
from storage.framed import framed, unframed
from storage.signing_notes import (
    BATCH,
    FORMAT,
    Notebook,
    end_key,
    find_end,
    keep_manifest,
    keep_missing_manifests,
    keep_paper_note,
    keep_start,
    paper_note_key,
    put_end,
    signing_key,
)
from storage.signing_values import BatchStage, NewSigningBatch, Paper, PaperStage
from tests.cases import sealing
from tests.cases.archive_world import World
from tests.cases.rebuilding import push_log, rebuilt, state
from tests.cases.sealing import a_pdf, at_home

CLERK = Actor("acc", "", frozenset({Role.CLERK}))
Afresh = Callable[[], World]
Spoil = Callable[[str, bytes | None], None]


class Killed(BaseException):
    """Stands for the process dying at a named point."""


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> sealing.World:
    return at_home(tmp_path_factory.mktemp("signings-world") / "keys")


@dataclass
class Desk:
    """A clerk's desk over an archive: hands papers in, has them signed, counts how often the key was used."""

    world: World
    signing: sealing.World
    folder: Path
    used: list[str] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    @property
    def tools(self) -> SignTools:
        mine = self.world.tools
        return SignTools(mine.work, mine.blobs, mine.clock, self._sign, mine.work_dir)

    @property
    def book(self) -> Notebook:
        return self.tools.notebook

    def _sign(self, source: Path, out: Path, paper_id: str, order: Order) -> Sealed:
        if self.trouble:
            raise self.trouble.pop(0)
        self.used.append(paper_id)
        return self.signing.service.seal(source, out, order.profile, None, paper_id)

    def at(self, world: World) -> "Desk":
        """The same desk over a rebuilt archive; the work folder of the lost machine is gone."""
        return replace(self, world=world, used=[], trouble=[])

    def open(self, count: int) -> tuple[str, list[str]]:
        with self.world.work.begin() as tx:
            options = {"form": "SAO Y"}
            new = NewSigningBatch("Đợt “một”", "archive", "", "", CLERK.id, options)
            batch = tx.signings.open_batch(new).id
            tx.audit.append(CLERK.id, "signing-batch-opened", batch, "done", {})
        return batch, [self.hand_in(batch, number).id for number in range(count)]

    def hand_in(self, batch: str, number: int) -> Paper:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"qd-{number}.pdf"
        if not path.exists():
            a_pdf(path, words=f"Quyet dinh {number}")
        chunks = iter([path.read_bytes()])
        return receive_paper(self.world.tools, batch, path.name, chunks, f"k{number}", CLERK)

    def start(self, batch: str) -> None:
        with self.world.work.begin() as tx:
            tx.signings.start(batch)
            tx.audit.append(CLERK.id, "signing-batch-started", batch, "done", {})
        keep_start(self.book, batch)

    def cancel(self, batch: str) -> None:
        with self.world.work.begin() as tx:
            tx.signings.cancel(batch)
            tx.audit.append(CLERK.id, "signing-batch-cancelled", batch, "done", {})

    def batch(self, count: int) -> tuple[str, list[str]]:
        batch, papers = self.open(count)
        self.start(batch)
        return batch, papers

    def paper(self, paper_id: str) -> Paper:
        with self.world.work.reading() as tx:
            return tx.signings.paper(paper_id)

    def stage(self, batch: str) -> BatchStage:
        with self.world.work.reading() as tx:
            return tx.signings.batch(batch).state


@pytest.fixture
def desk(world: World, signing: sealing.World, tmp_path: Path) -> Desk:
    return Desk(world, signing, tmp_path / "papers")


def die_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def die(name: str) -> None:
        if name == point:
            raise Killed(name)

    for place in (steps, signing_notes):
        monkeypatch.setattr(place, "crashpoint", die)


def test_batches_in_every_state_come_back_row_by_row(desk: Desk, afresh: Afresh) -> None:
    finished, (one, bad) = desk.batch(2)
    assert sign_paper(desk.tools, one) is None
    desk.trouble.append(Unfit("odd \x00", code="file-malformed", tell="qd-1.pdf sai cấu trúc."))
    assert sign_paper(desk.tools, bad) is None
    keep_manifest(desk.book, finished)
    cancelled, (first, _) = desk.batch(2)
    assert sign_paper(desk.tools, first) is None
    desk.cancel(cancelled)
    assert keep_missing_manifests(desk.book) == 1
    assert keep_missing_manifests(desk.book) == 0
    running, (signed, waiting) = desk.batch(2)
    assert sign_paper(desk.tools, signed) is None
    opened, _ = desk.open(1)
    until = push_log(desk.world)
    before = state(desk.world, until)
    assert sum('"table":"signings"' in line for line in before) == 7
    fresh = desk.at(afresh())
    done = rebuilt(fresh.world)
    assert done.troubles == () and done.counts["signings"] == 7
    assert state(fresh.world, until) == before
    stages = [fresh.stage(one) for one in (finished, cancelled, running, opened)]
    assert stages == [BatchStage.FINISHED, BatchStage.CANCELLED, BatchStage.RUNNING, BatchStage.OPEN]
    assert sign_paper(fresh.tools, waiting) is None, "it goes on where it stood"
    assert (fresh.used, fresh.stage(running)) == ([waiting], BatchStage.FINISHED)
    assert fresh.hand_in(opened, 0).ordinal == 1, "its sender goes on where he was"
    with fresh.world.work.reading() as tx:
        assert tx.intents.keys() == set()


def test_without_manifest_and_log_the_notes_are_enough(desk: Desk, afresh: Afresh) -> None:
    batch, (one, bad, last) = desk.batch(3)
    assert sign_paper(desk.tools, one) is None
    desk.trouble.append(Unfit("odd", code="file-malformed", tell="sai"))
    assert sign_paper(desk.tools, bad) is None
    made = desk.paper(one)
    fresh = desk.at(afresh())
    done = rebuilt(fresh.world)
    assert (done.troubles, done.log_until) == ((), 0)
    assert (fresh.paper(one), fresh.paper(bad)) == (made, desk.paper(bad))
    for paper_id in (one, bad, last):
        assert sign_paper(fresh.tools, paper_id) is None
    assert fresh.used == [last], "only what was never signed"
    assert fresh.stage(batch) is BatchStage.FINISHED


@pytest.mark.parametrize("point", ["paper-end-noted", "paper-before-commit"])
def test_a_machine_that_died_with_its_disk_does_not_sign_again(
    desk: Desk, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, (one,) = desk.batch(1)
    with monkeypatch.context() as patch:
        die_at(patch, point)
        with pytest.raises(Killed):
            sign_paper(desk.tools, one)
    assert desk.paper(one).state is PaperStage.WAITING
    shutil.rmtree(desk.tools.work_dir)
    desk.tools.work_dir.mkdir()
    assert sign_paper(desk.tools, one) is None
    assert (desk.used, desk.paper(one).state, desk.stage(batch)) == (
        [one],
        PaperStage.SIGNED,
        BatchStage.FINISHED,
    )
    ended = find_end(desk.book, batch, one)
    assert ended is not None and ended.signature == desk.paper(one).signature
    assert ended.ended_at == desk.paper(one).ended_at


def test_rows_older_than_the_stores_take_the_signature_that_is_there(desk: Desk, afresh: Afresh) -> None:
    """As after a restore: the row waits, the note beside the stores says signed."""
    _, (one,) = desk.batch(1)
    assert sign_paper(desk.tools, one) is None
    fresh = desk.at(afresh())
    assert rebuilt(fresh.world).troubles == ()
    with fresh.world.work.begin() as tx:
        row = next(tx.catalogue.rows("signings", id=one))
        tx.catalogue.replace("signings", row | signing_notes.HANDED_IN)
    assert fresh.paper(one).state is PaperStage.WAITING
    assert sign_paper(fresh.tools, one) is None
    assert (fresh.used, fresh.paper(one)) == ([], desk.paper(one))


def test_a_damaged_note_makes_a_paper_wait_and_nothing_is_signed(desk: Desk, spoil: Spoil) -> None:
    batch, (one,) = desk.batch(1)
    spoil(end_key(batch, one), b'{"kind": "signing-end"}')
    waits = sign_paper(desk.tools, one)
    assert waits is not None and waits.code == "signing-note-damaged"
    assert (desk.used, desk.paper(one).state, desk.stage(batch)) == ([], PaperStage.WAITING, BatchStage.HELD)
    spoil(end_key(batch, one), None)
    assert sign_paper(desk.tools, one) is None
    assert desk.paper(one).state is PaperStage.SIGNED


def test_a_note_of_another_paper_makes_it_wait(desk: Desk, spoil: Spoil) -> None:
    batch, (one, two) = desk.batch(2)
    assert sign_paper(desk.tools, one) is None
    ended = find_end(desk.book, batch, one)
    assert ended is not None
    spoil(end_key(batch, two), desk.world.blobs.read(ended.key, ended.sha256))
    waits = sign_paper(desk.tools, two)
    assert waits is not None and waits.code == "signing-note-damaged"
    assert desk.used == [one]


def test_lost_bytes_of_a_signature_make_it_wait(
    desk: Desk, spoil: Spoil, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, (one,) = desk.batch(1)
    with monkeypatch.context() as patch:
        die_at(patch, "paper-end-noted")
        with pytest.raises(Killed):
            sign_paper(desk.tools, one)
    ended = find_end(desk.book, batch, one)
    assert ended is not None and ended.signature is not None
    good = desk.world.blobs.read(ended.signature.key, ended.signature.sha256)
    spoil(ended.signature.key, good[:-1])
    waits = sign_paper(desk.tools, one)
    assert waits is not None and waits.code == "signed-paper-lost"
    spoil(ended.signature.key, good)
    assert sign_paper(desk.tools, one) is None
    assert (desk.used, desk.paper(one).state) == ([one], PaperStage.SIGNED)


def test_the_first_of_two_ends_holds(desk: Desk) -> None:
    _, (one,) = desk.batch(1)
    first = put_end(desk.book, one, None, {"code": "file-malformed", "reason": "x", "tell": "sai"})
    second = put_end(desk.book, one, None, {"code": "other", "reason": "y", "tell": "khác"})
    assert second.row == first.row and second.sha256 == first.sha256
    assert sign_paper(desk.tools, one) is None
    assert (desk.used, desk.paper(one).state, desk.paper(one).code) == (
        [],
        PaperStage.REFUSED,
        "file-malformed",
    )


def test_what_the_log_tells_to_be_signed_is_left_out_when_its_note_is_lost(
    desk: Desk, afresh: Afresh, spoil: Spoil
) -> None:
    batch, (one, two) = desk.batch(2)
    assert sign_paper(desk.tools, one) is None
    push_log(desk.world)
    spoil(end_key(batch, one), None)
    fresh = desk.at(afresh())
    done = rebuilt(fresh.world)
    assert [(t.key, t.code) for t in done.troubles] == [(paper_note_key(batch, one), "log-says-otherwise")]
    with fresh.world.work.reading() as tx:
        assert [paper.id for paper in tx.signings.papers(batch)] == [two]


def test_a_cancelled_batch_stays_cancelled_by_the_log(desk: Desk, afresh: Afresh) -> None:
    batch, (one, two) = desk.batch(2)
    assert sign_paper(desk.tools, one) is None
    desk.cancel(batch)  # and the database is lost before its manifest is written
    push_log(desk.world)
    fresh = desk.at(afresh())
    assert rebuilt(fresh.world).troubles == ()
    assert fresh.stage(batch) is BatchStage.CANCELLED
    assert [fresh.paper(p).state for p in (one, two)] == [PaperStage.SIGNED, PaperStage.CANCELLED]
    assert sign_paper(fresh.tools, two) is None
    assert fresh.used == []


@pytest.mark.parametrize("harm", ["state", "batch", "column", "signed", "cut"])
def test_a_manifest_that_does_not_hold_gives_way_to_the_notes(
    desk: Desk, afresh: Afresh, spoil: Spoil, harm: str
) -> None:
    batch, (one,) = desk.batch(1)
    assert sign_paper(desk.tools, one) is None
    push_log(desk.world)
    key = keep_manifest(desk.book, batch)
    data = (desk.world.tools.work_dir.parent / "blobs" / key).read_bytes()
    told = unframed(data, BATCH, FORMAT)
    paper = told["papers"][0]
    {
        "state": lambda: paper.update(state="stolen"),
        "batch": lambda: paper.update(batch_id="another"),
        "column": lambda: paper.pop("source_size"),
        "signed": lambda: paper.update(signing_notes.HANDED_IN),
        "cut": lambda: None,
    }[harm]()
    spoil(key, data[:-20] if harm == "cut" else framed(BATCH, FORMAT, told, indent=None))
    fresh = desk.at(afresh())
    done = rebuilt(fresh.world)
    assert [t.key for t in done.troubles] == [key]
    assert fresh.paper(one) == desk.paper(one)
    assert sign_paper(fresh.tools, one) is None and fresh.used == []


def test_a_paper_is_promised_only_with_its_note(desk: Desk) -> None:
    batch, _ = desk.open(0)

    sound = desk.world

    class NotesAway:
        """The store takes the paper and is away for the note."""

        def __getattr__(self, name: str) -> Callable[..., object]:
            return getattr(sound.blobs, name)

        def put_once(self, key: str, *more: object) -> object:
            if key.startswith("signings/"):
                return Unavailable("gone", full=False)
            return sound.blobs.put_once(key, *more)  # type: ignore[arg-type]

    desk.world = World(replace(sound.tools, blobs=NotesAway()))  # type: ignore[arg-type]
    with pytest.raises(Away):
        desk.hand_in(batch, 1)
    desk.world = sound
    paper = desk.hand_in(batch, 1)
    with desk.world.work.reading() as tx:
        assert tx.objects.get(paper_note_key(batch, paper.id)) is not None
        assert tx.catalogue.count("signings") == 1


@pytest.mark.parametrize("point", ["signing-note-stored", "signing-manifest-stored"])
def test_killed_while_it_is_written_down_it_goes_on(
    desk: Desk, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, (one,) = desk.open(1)
    with monkeypatch.context() as patch:
        die_at(patch, point)
        with pytest.raises(Killed):
            desk.hand_in(batch, 1)
            desk.start(batch)
            desk.cancel(batch)
            keep_manifest(desk.book, batch)
    desk.hand_in(batch, 1)
    desk.start(batch)
    desk.cancel(batch)
    first = keep_manifest(desk.book, batch)
    assert keep_manifest(desk.book, batch) == first
    with desk.world.work.reading() as tx:
        ids = [paper.id for paper in tx.signings.papers(batch)]
        kept = tx.objects.known([*(paper_note_key(batch, i) for i in ids), first])
    assert one in ids and len(kept) == len(ids) + 1
    assert first == signing_key(batch, "manifest.json")


def test_a_killed_rebuild_goes_on(desk: Desk, afresh: Afresh, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        desk.open(1)
    until = push_log(desk.world)
    before = state(desk.world, until)
    fresh = desk.at(afresh())
    with monkeypatch.context() as patch:

        def die(name: str) -> None:
            if name == "rebuild-after-signings":
                raise Killed

        patch.setattr("ingest.rebuild.crashpoint", die)
        with pytest.raises(Killed):
            rebuilt(fresh.world)
    assert rebuilt(fresh.world).troubles == ()
    assert state(fresh.world, until) == before
    keep_paper_note(fresh.book, _first(fresh))  # safe to repeat on rebuilt rows


def _first(desk: Desk) -> str:
    with desk.world.work.reading() as tx:
        return str(next(tx.catalogue.rows("signings"))["id"])
