"""The account of a delivery: every page in exactly one state after every step, and a lost page is said."""

import pytest
from sqlalchemy import delete, update

from ingest.accounting import account
from ingest.documents import open_document
from ingest.held import Release, Removal, release, remove
from records.access import LOCAL, SYSTEM, Actor, Role
from records.accounting import TOLD, Account, PageState
from records.document import FileState
from storage.schema import page_checks, pages
from tests.cases.archive_world import World, scan
from tests.cases.secret_pages import scan_of, stamped_page

OFFICER = Actor("officer", "Cán bộ bảo mật", frozenset({Role.SECRECY_OFFICER}))
TEN = 10


def look(world: World, batch: str) -> Account:
    with world.work.reading() as tx:
        told = account(tx, LOCAL, batch)
    assert told.faults == ()
    assert sum(told.states.values()) == told.total
    return told


def filled(told: Account) -> dict[str, int]:
    return {state.value: count for state, count in told.states.items() if count}


def test_every_step_of_the_walk_keeps_every_page(world: World) -> None:
    batch = world.open()
    assert filled(look(world, batch)) == {}
    world.hand_in(batch, "ba.tif", scan("ba", "TIFF", 3))
    world.hand_in(batch, "hai.tif", scan("hai", "TIFF", 2))
    world.hand_in(batch, "mat.tif", scan_of(stamped_page(""), stamped_page("MẬT")))
    world.hand_in(batch, "hong.tif", scan("hong", "TIFF", 2))
    world.hand_in(batch, "mot.jpg", scan("mot"))
    assert filled(look(world, batch)) == {"in-file": TEN}
    world.start(batch)
    with world.work.begin() as tx:
        (bad,) = [f for f in tx.batches.files(SYSTEM, batch) if f.name == "hong.tif"]
        tx.batches.set_file(bad.id, FileState.REFUSED, "file-hostile", "for the test", "Quét lại.", bad.pages)
    assert filled(look(world, batch)) == {"in-file": TEN - 2, "file-refused": 2}
    walking = world.begin_walk(batch)
    assert filled(look(world, batch)) == {"file-refused": 2, "held": 2, "waiting": 6}
    for document_id in walking:
        open_document(world.tools, document_id)
        look(world, batch)
    world.archive(walking[0])
    look(world, batch)
    world.refuse(walking[1])
    world.archive(walking[2])
    world.finish(batch)
    told = look(world, batch)
    assert sorted(d.state for d in told.documents) == ["archived", "archived", "held", "refused"]
    (held,) = [d.id for d in told.documents if d.state == "held"]
    with world.work.begin() as tx:
        release(tx, OFFICER, held, Release.MISREAD)
    assert look(world, batch).states[PageState.WAITING] == 2
    world.archive(held)
    told = look(world, batch)
    assert (told.states[PageState.HELD], told.states[PageState.WAITING], told.total) == (0, 0, TEN)
    assert {d.state for d in told.documents} == {"archived", "refused"}


def test_removed_pages_stay_in_the_account(world: World) -> None:
    batch = world.deliver({"mat.jpg": scan_of(stamped_page("TUYỆT MẬT")), "thu.jpg": scan("thư")})
    (walking,) = world.begin_walk(batch)
    world.archive(walking)
    world.finish(batch)
    (held,) = [d.id for d in look(world, batch).documents if d.state == "held"]
    remove(world.tools, OFFICER, held, Removal.SECRET)
    assert filled(look(world, batch)) == {"archived": 1, "removed": 1}


def test_a_second_delivery_of_the_same_pages_is_accounted_for(world: World) -> None:
    files = {"ba.tif": scan("ba", "TIFF", 3), "mot.jpg": scan("mot")}
    world.digitize(files)
    again = world.deliver(files)
    assert world.begin_walk(again) == []
    assert filled(look(world, again)) == {"existing": 4}


def test_pages_no_machine_could_read_are_told_apart(world: World) -> None:
    batch = world.digitize({"ba.tif": scan("ba", "TIFF", 3)})
    with world.work.tables.writing() as connection:
        connection.execute(update(pages).where(pages.c.number == 2).values(state="failed"))
    assert filled(look(world, batch)) == {"archived": 2, "unread": 1}


@pytest.mark.parametrize("harm", ["lost", "doubled"])
def test_a_page_that_is_lost_or_misplaced_is_said(world: World, harm: str) -> None:
    batch = world.deliver({"ba.tif": scan("ba", "TIFF", 3)})
    world.begin_walk(batch)
    second = pages.c.number == 2
    with world.work.tables.writing() as connection:
        if harm == "lost":
            connection.execute(delete(page_checks))
            connection.execute(delete(pages).where(second))
        else:
            connection.execute(update(pages).where(second).values(number=7))
    with world.work.reading() as tx:
        told = account(tx, LOCAL, batch)
    assert not told.agrees
    assert any("ba.tif" in fault for fault in told.faults)


def test_every_state_has_a_name() -> None:
    assert set(TOLD) == set(PageState)
    assert len(set(TOLD.values())) == len(TOLD)
