"""What people decided about readings comes back from the stores alone: texts, fields, who and when."""

from collections.abc import Callable

import pytest

from ingest import review
from ingest.review_items import items_of
from records.access import LOCAL, SYSTEM
from storage.book_notes import keep_books, review_note_key
from storage.reviews import ReviewState
from storage.signing_notes import Notebook
from tests.cases.archive_world import World, scan
from tests.cases.rebuilding import codes, push_log, rebuilt, state

Afresh = Callable[[], World]


def decided(world: World) -> str:
    """An archived document whose page was corrected twice, once taken back, and whose number was corrected."""
    world.digitize({"a.jpg": scan("QUYẾT ĐỊNH số mười hai")})
    document = next(iter(world.archived()))
    with world.work.begin() as tx:
        fields = tx.documents.get(SYSTEM, document).fields
        tx.reviews.propose(items_of(document, fields, tx.pages.readings(document)))
        words = tx.pages.readings(document)[0].words
        for n in (0, 1):
            change = review.Change(n, words[n].text, f"sửa{n}")
            review.correct_page(tx, LOCAL, document, 1, "page-1", [change])
        review.undo(tx, LOCAL, document, "page-1")
        review.correct_field(tx, LOCAL, document, "number", "99-QĐ/TU")
        review.accept(tx, LOCAL, document, "subject")
    return document


def follow(world: World) -> int:
    return keep_books(Notebook(world.work, world.blobs, world.tools.work_dir))


def test_decisions_and_what_stands_come_back(world: World, afresh: Afresh) -> None:
    document = decided(world)
    assert follow(world) == 5
    assert follow(world) == 0
    until = push_log(world)
    before = state(world, until)
    fresh = afresh()
    assert rebuilt(fresh).troubles == ()
    assert state(fresh, until) == before
    with fresh.work.reading() as tx:
        assert tx.pages.readings(document)[0].words[0].text == "sửa0"
        assert tx.documents.get(SYSTEM, document).fields.number == "99-QĐ/TU"
        assert tx.reviews.get(LOCAL, document, "subject").state is ReviewState.ACCEPTED
        assert len(tx.reviews.decisions(document, "page-1")) == 2
    with fresh.work.begin() as tx:  # and it can still be taken back
        assert review.undo(tx, LOCAL, document, "page-1").state is ReviewState.OPEN
    assert follow(fresh) == 1


@pytest.mark.parametrize("harm", ["lost", "swapped"])
def test_a_decision_whose_note_is_lost_or_another_is_named(
    world: World, afresh: Afresh, spoil: Callable[[str, bytes | None], None], harm: str
) -> None:
    document = decided(world)
    follow(world)
    push_log(world)
    with world.work.reading() as tx:
        last = tx.audit.about(document, ("review-accepted",))[-1].seq
    near = review_note_key(document, last - 1)
    there = world.blobs.measure(near)
    assert there is not None
    other = world.blobs.read(near, there.sha256) if harm == "swapped" else None
    spoil(review_note_key(document, last), other)
    fresh = afresh()
    assert set(codes(rebuilt(fresh))) == (
        {"blob-missing"} if harm == "lost" else {"row-unfit", "blob-missing"}
    )
    with fresh.work.reading() as tx:
        assert tx.documents.get(SYSTEM, document).fields.number == "99-QĐ/TU"
