"""The nightly completion over a small real archive: B-T seals get their archive time stamp, once, kills anywhere."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

import ingest.deposit
from ingest import renewed as ingest_renewed
from jobs import completion as module
from jobs.children import ChildPools, Limits
from jobs.completion import CompletionRound, CompletionTools
from records.access import SYSTEM
from records.errors import ArchiveFault, Away
from signing.provable import provable_until
from signing.seal import LEVEL, Sealed
from signing.verdict import Answer
from storage.folder import FolderStore
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import Turn
from storage.seal_life import LifeState
from tests.cases import archive_world, sealing
from tests.cases.database import TurnedClock, migrated
from tests.unit.jobs.test_renewal import Killed, Shop

B_T = "PAdES-BASELINE-T"


class Bulk(Shop):
    """An archive whose walk seals at B-T; `complete` counts how often the authority was asked."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.level = B_T
        self.asked = 0

    def completion(self) -> CompletionRound:
        """A fresh process's round."""
        read = partial(provable_until, roots=self.trust, algorithms=self.algorithms)
        return CompletionRound(CompletionTools(self.world.tools, self._complete, read), Pace(1e12, 1e9))

    def _complete(self, source: Path, out: Path) -> Sealed:
        if self.harm is not None:
            raise self.harm
        self.asked += 1
        return self.service.complete(source, out)

    def complete(self) -> Turn:
        one = self.completion()
        while (ended := one.turn(lambda: False)) is Turn.MORE:
            pass
        return ended

    def books(self, document_id: str) -> tuple[int, str, str]:
        with self.world.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
        return document.version, document.signature_level, document.verdict

    def standing(self, name: str = "completion") -> Pass:
        with self.world.work.reading() as tx:
            found = tx.passes.get(name)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def children() -> Iterator[ChildPools]:
    pools = ChildPools({"parse": Limits(workers=1, memory=3 * 1024**3)})
    yield pools
    pools.stop()


@pytest.fixture
def bulk(tmp_path: Path, children: ChildPools) -> Iterator[Bulk]:
    clock = TurnedClock()
    tables = migrated(tmp_path / "vanthu.db")
    world = archive_world.world(tmp_path, tables, FolderStore(tmp_path / "blobs"), children, clock)
    yield Bulk(tmp_path, world, clock)
    tables.dispose()


def test_a_bulk_seal_is_told_as_what_it_is_and_completed_at_night(bulk: Bulk) -> None:
    kept, *_ = bulk.fill(1)
    assert bulk.books(kept) == (1, B_T, "INDETERMINATE")
    assert bulk.verdict(kept).verdict is Answer.INDETERMINATE, "a stranger is told the same"
    assert bulk.completion().waiting() == 1
    with bulk.world.work.reading() as tx:
        before = tx.documents.get(SYSTEM, kept)
    assert before.pdf is not None
    old = bulk.world.blobs.read(before.pdf.key, before.pdf.sha256)
    assert bulk.complete() is Turn.DONE
    assert bulk.books(kept) == (2, LEVEL, "VALID")
    with bulk.world.work.reading() as tx:
        after = tx.documents.get(SYSTEM, kept)
    assert (after.sealed_at, after.archived_at) == (before.sealed_at, before.archived_at)
    assert after.pdf is not None
    new = bulk.world.blobs.read(after.pdf.key, after.pdf.sha256)
    assert new.startswith(old), "the signed bytes are untouched"
    assert hashlib.sha256(old).hexdigest() == before.pdf.sha256
    assert bulk.verdict(kept).verdict is Answer.VALID
    (told,) = [e for e in bulk.events("document-archived") if e.get("completion")]
    assert (told["level"], told["sha256_before"]) == (LEVEL, before.pdf.sha256)
    assert told["tsa_serial"] and told["provable_until"] and "renewal" not in told
    life = bulk.life(kept)
    assert (life.version, life.state, life.time_stamps) == (2, LifeState.CURRENT, 1)
    assert bulk.complete() is Turn.DONE
    assert (bulk.asked, bulk.standing().counts, bulk.completion().waiting()) == (1, {}, 0)


@pytest.mark.parametrize(
    "point",
    [
        "completion-before-stamp",
        "completion-after-stamp",
        "deposit-after-access.pdf",
        "deposit-after-manifest.json",
        "renewed-before",
        "renewed-before-commit",
        "renewed-after-commit",
    ],
)
def test_killed_anywhere_it_goes_on_and_completes_once(
    bulk: Bulk, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = bulk.fill(2)

    def die(name: str) -> None:
        if name == point:
            raise Killed(name)

    with monkeypatch.context() as patch:
        for place in (module, ingest_renewed, ingest.deposit):
            patch.setattr(place, "crashpoint", die)
        with pytest.raises(Killed):
            bulk.complete()
    assert bulk.complete() is Turn.DONE
    bulk.night()  # what a kill left unread of the lives is read by the renewal round
    for document_id in ids:
        assert bulk.books(document_id) == (2, LEVEL, "VALID")
        assert (bulk.life(document_id).version, bulk.life(document_id).time_stamps) == (2, 1)
        assert bulk.verdict(document_id).verdict is Answer.VALID
    assert len([e for e in bulk.events("document-archived") if e.get("completion")]) == 2
    if point.startswith("renewed-") or point == "deposit-after-manifest.json":
        assert bulk.asked == 2, "what lay whole in the store was taken, not stamped a second time"
        assert not any(list(bulk.world.blobs.keys(f"documents/{one}/v2-2/")) for one in ids)
    assert not list(bulk.world.tools.work_dir.glob("completion-*"))


def test_a_silent_authority_makes_all_wait_and_after_days_it_is_an_alarm(bulk: Bulk) -> None:
    ids = bulk.fill(2)
    bulk.harm = Away("no answer", code="time-stamp-away")
    one = bulk.completion()
    assert one.turn(lambda: False) is Turn.WAITING
    assert "time-stamp-away" in one.away
    assert one.turn(lambda: False) is Turn.WAITING, "it rests before it asks again"
    assert [bulk.books(i) for i in ids] == [(1, B_T, "INDETERMINATE")] * 2
    with bulk.world.work.reading() as tx:
        assert [tx.seal_lives.get(i) for i in ids] == [None, None], "nothing is noted of the files"
    bulk.clock.turn(hours=2)
    assert one.turn(lambda: False) is Turn.WAITING
    assert "stuck since" in bulk.standing().alarm
    bulk.clock.turn(days=4)
    bulk.harm = ArchiveFault("disk", code="renewal-write")  # one file's own trouble of the moment
    assert bulk.complete() is Turn.DONE
    assert bulk.standing().alarm == "2 files wait for their archive time stamp for more than 3 days"
    assert bulk.standing().counts == {"waiting": 2}
    bulk.harm = None
    bulk.clock.turn(days=1)
    assert bulk.complete() is Turn.DONE
    assert [bulk.books(i)[:2] for i in ids] == [(2, LEVEL)] * 2
    assert bulk.standing().alarm == ""


def test_trouble_of_the_house_stops_the_round_at_once(bulk: Bulk) -> None:
    kept, *_ = bulk.fill(1)
    bulk.harm = ArchiveFault("wrong PIN", code="pin-wrong")
    assert bulk.complete() is Turn.WAITING
    assert "pin-wrong" in bulk.standing().alarm
    assert bulk.books(kept)[0] == 1


def test_a_tampered_file_is_listed_once_and_the_others_go_on(bulk: Bulk) -> None:
    ids = bulk.fill(3, {0: sealing.append_page, 1: lambda d: d[:-900]})
    assert bulk.complete() is Turn.DONE
    assert [bulk.books(one)[:2] for one in ids] == [(1, B_T), (1, B_T), (2, LEVEL)]
    assert [bulk.life(one).state for one in ids[:2]] == [LifeState.LISTED] * 2
    assert "earlier-signature-invalid" in bulk.life(ids[0]).reason
    assert len(bulk.events("completion-refused")) == 2
    bulk.clock.turn(days=2)
    bulk.complete()
    assert len(bulk.events("completion-refused")) == 2, "told once"


def test_a_renewal_never_lists_a_file_that_only_waits(bulk: Bulk) -> None:
    kept, *_ = bulk.fill(1)
    bulk.night()
    assert bulk.life(kept).provable_until is not None
    bulk.clock.turn(days=1)
    with bulk.world.work.begin() as tx:
        assert tx.seal_lives.ask(kept)
    assert bulk.night() is Turn.DONE
    assert (bulk.life(kept).state, bulk.books(kept)[0]) == (LifeState.CURRENT, 1)
    assert "completion" in bulk.life(kept).reason
    bulk.clock.turn(days=1)
    assert bulk.complete() is Turn.DONE
    assert bulk.books(kept) == (2, LEVEL, "VALID")


def test_two_at_once_complete_a_file_once(bulk: Bulk) -> None:
    kept, *_ = bulk.fill(1)
    one, other = bulk.completion(), bulk.completion()

    def meanwhile(source: Path, out: Path) -> Sealed:
        one._complete = bulk._complete
        while other.turn(lambda: False) is Turn.MORE:
            pass
        return bulk._complete(source, out)

    one._complete = meanwhile
    while one.turn(lambda: False) is Turn.MORE:
        pass
    assert bulk.books(kept) == (2, LEVEL, "VALID")
    assert len([e for e in bulk.events("document-archived") if e.get("completion")]) == 1
    assert bulk.verdict(kept).verdict is Answer.VALID
    assert bulk.life(kept).state is LifeState.CURRENT


def test_it_stops_when_told_and_goes_on_where_it_stood(bulk: Bulk) -> None:
    ids = bulk.fill(2)
    one = bulk.completion()
    asked = iter([False, True])
    assert one.turn(lambda: next(asked)) is Turn.MORE
    assert sorted(bulk.books(i)[0] for i in ids) == [1, 2]
    bulk.clock.turn(seconds=timedelta(minutes=1).total_seconds())
    assert bulk.complete() is Turn.DONE
    assert [bulk.books(i)[0] for i in ids] == [2, 2]
