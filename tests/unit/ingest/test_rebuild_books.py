"""Cases, their papers in the archive and the register come back from the stores alone, equal to the last row."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from jobs.children import ChildPools
from procedures.case_deposit import hand_over_again
from procedures.number_holds import hold
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import carry_on, describe, take, void
from records.clock import new_id
from records.errors import Away
from records.units import System
from storage import accounts as door
from storage.blobs import Unavailable
from storage.book_notes import case_note_key, keep_books, keep_case
from storage.folder import FolderStore
from storage.number_values import Entry
from storage.signing_notes import Notebook
from storage.tables import Tables
from tests.cases.archive_world import World
from tests.cases.archive_world import world as make_world
from tests.cases.database import TurnedClock, migrated
from tests.cases.issued import Archive, IssuingTown, a_town
from tests.cases.procedure_world import DEFINITIONS
from tests.cases.rebuilding import codes, push_log, rebuilt, state

Afresh = Callable[[], World]
WISH = Wish(
    "ward2", System.PARTY, "Công văn", Notation("ĐU"), "cv-1", Entry("Về việc họp", "Người ký", "Như trên")
)


@pytest.fixture
def here(tmp_path: Path, children: ChildPools, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    tables = migrated(tmp_path / "vanthu.db")
    yield make_world(tmp_path, tables, FolderStore(tmp_path / "blobs"), children, TurnedClock())
    tables.dispose()


@pytest.fixture
def afresh(here: World, tmp_path: Path, children: ChildPools) -> Iterator[Afresh]:
    opened: list[Tables] = []

    def make() -> World:
        tables = migrated(tmp_path / f"again{len(opened)}.db")
        opened.append(tables)
        return make_world(tmp_path / f"again{len(opened)}", tables, here.blobs, children, TurnedClock())

    yield make
    for tables in opened:
        tables.dispose()


@pytest.fixture
def town(here: World, tmp_path: Path) -> IssuingTown:
    return a_town(here, tmp_path)


def book(world: World) -> Notebook:
    return Notebook(world.work, world.blobs, world.tools.work_dir)


def follow(world: World) -> int:
    count = 0
    while made := keep_books(book(world)):
        count += made
    return count


def told(world: World, until: int) -> list[str]:
    """The catalogue without the signings, which this town makes up and which have notes and tests of their own."""
    return [line for line in state(world, until) if '"table":"signing' not in line]


def test_the_last_state_comes_back(here: World, town: IssuingTown, afresh: Afresh) -> None:
    under_way = town.walk(town.open_temporary(), "lan submit, secretary@branch branch-approve")
    closed = town.close()
    with here.work.begin() as tx:
        number = take(tx, town.accounts["clerk@ward2"], WISH)
        held = hold(tx, "acc", WISH, new_id(), "acc", "Chờ ký", number.day + timedelta(days=3))
    with here.work.begin() as tx:
        describe(tx, "acc", "ward2", number.id, Entry("Về việc họp", "Người ký", "Nơi khác", copies=3))
        void(tx, "acc", "ward2", held.id, "Không dùng")
        carry_on(tx, "acc", Wish("ward", System.PARTY, "Công văn", Notation("ĐU"), ""), 7, number.day)
    Archive(here.tools).take_in()
    follow(here)
    until = push_log(here)
    before = told(here, until)
    fresh = afresh()
    done = rebuilt(fresh)
    assert done.troubles == ()
    assert (done.counts["cases"], done.counts["numbers"]) == (2, 3)
    assert told(fresh, until) == before
    with fresh.work.reading() as tx:
        assert [tx.cases.get(one.id) for one in (closed, under_way)] == [closed, under_way]
        assert tx.numbers.faults() == []
    with fresh.work.begin() as tx:  # the register goes on behind its last number
        assert take(tx, "acc", WISH).written == number.written
    assert hand_over_again(fresh.work, DEFINITIONS) == 0
    assert follow(fresh) == 0


def test_notes_are_written_once_whoever_writes_them(here: World, town: IssuingTown) -> None:
    case = town.walk(town.open(), "lan submit")
    assert keep_case(book(here), case.id) == 2
    assert keep_case(book(here), case.id) == 0
    case = town.go("secretary@branch", case, "take")
    assert follow(here) > 0
    assert keep_case(book(here), case.id) == 0
    with here.work.reading() as tx:
        assert tx.objects.get(case_note_key(case.id, 3)) is not None
        assert not list(tx.catalogue.rows("intents"))


def test_a_note_that_came_too_late_for_its_revision_leaves_it_to_the_next(
    here: World, town: IssuingTown, afresh: Afresh
) -> None:
    case = town.walk(town.open(), "lan submit, secretary@branch take")
    follow(here)
    push_log(here)
    fresh = afresh()
    assert rebuilt(fresh).troubles == ()
    with fresh.work.reading() as tx:
        assert tx.cases.get(case.id) == case
        assert [line.move for line in tx.cases.history(case.id)] == ["open", "submit", "take"]


@pytest.mark.parametrize("harm", ["lost", "damaged", "swapped"])
def test_a_history_with_a_hole_is_named_and_left_out(
    here: World, town: IssuingTown, afresh: Afresh, tmp_path: Path, harm: str
) -> None:
    case = town.walk(town.open(), "lan submit, secretary@branch take")
    other = town.walk(town.open_temporary(), "lan submit")
    follow(here)
    push_log(here)
    path = tmp_path / "blobs" / case_note_key(case.id, 2)
    if harm == "lost":
        path.unlink()
    elif harm == "damaged":
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.chmod(0o600)
        path.write_bytes((tmp_path / "blobs" / case_note_key(other.id, 2)).read_bytes())
    fresh = afresh()
    done = rebuilt(fresh)
    assert any(case.id in trouble.key for trouble in done.troubles), done.troubles
    with fresh.work.reading() as tx:
        assert [row["id"] for row in tx.catalogue.rows("cases")] == [other.id]
    assert follow(fresh) == 0  # and the patrol does not stumble over it


def test_a_log_that_tells_more_than_the_notes_is_believed(
    here: World, town: IssuingTown, afresh: Afresh
) -> None:
    case = town.walk(town.open(), "lan submit")
    follow(here)
    town.go("secretary@branch", case, "take")
    with here.work.begin() as tx:
        take(tx, "acc", WISH)
    push_log(here)
    fresh = afresh()
    done = rebuilt(fresh)
    assert codes(done) == {"log-says-otherwise", "blob-missing"}
    assert any("number-issued" in trouble.reason for trouble in done.troubles)
    with fresh.work.reading() as tx:
        assert not list(tx.catalogue.rows("cases"))


def test_a_store_that_is_away_loses_nothing(
    here: World, town: IssuingTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.open()
    monkeypatch.setattr(type(here.blobs), "put_once", lambda *_: Unavailable("away"))
    with pytest.raises(Away):
        keep_case(book(here), case.id)
    monkeypatch.undo()
    assert follow(here) > 0
    with here.work.reading() as tx:
        assert tx.objects.get(case_note_key(case.id, 1)) is not None


def test_what_was_issued_and_not_yet_written_down_is_handed_over_again(
    here: World, town: IssuingTown, afresh: Afresh
) -> None:
    closed = town.close()
    follow(here)  # the delivery of the letter has no note yet: its walk has not begun
    push_log(here)
    fresh = afresh()
    assert rebuilt(fresh).troubles == ()
    assert hand_over_again(fresh.work, DEFINITIONS) == 1
    assert hand_over_again(fresh.work, DEFINITIONS) == 0
    with fresh.work.reading() as tx:
        (batch,) = tx.batches.unfinished()
    assert batch.dossier == closed.id
