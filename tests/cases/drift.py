"""Rows against the index, whichever two they are. Inherit and supply `work`, `clock` and an empty `index`."""

from types import SimpleNamespace
from typing import cast

import pytest

from ingest import drift
from ingest.drift import UNINDEX, IndexRound, forget_ghosts
from ingest.publish import drain
from ingest.tools import IngestTools
from records.document import Fields
from records.errors import Away
from records.page import dump_page
from search.index import SearchIndex
from storage.leftovers import OutboxRound
from storage.outbox import INDEX
from storage.progress import Turn
from storage.reconcile import Drift, Kind, ReconcileOptions
from storage.work import Work
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page, archived
from tests.cases.search_index import put
from tests.cases.search_world import a_page as a_text

READ, REPAIR = ReconcileOptions(), ReconcileOptions(repair=True)
PAGES = 2


def never() -> bool:
    return False


def archive(work: Work, count: int) -> list[str]:
    """Archive documents of two pages each, with the note for the index, as the walk does; return their ids."""
    ids = [f"{number:02x}" * 16 for number in range(count)]
    with work.begin() as tx:
        batch = tx.batches.add(NEW_BATCH).id
        file = tx.batches.add_file(batch, NEW_FILE).id
        pages = [
            a_page(f"{one}-{n}", batch, file, at * PAGES + n) for at, one in enumerate(ids) for n in (1, 2)
        ]
        tx.pages.add_many(pages)
        for at, one in enumerate(ids):
            tx.documents.propose(a_document(one, batch, ordinal=at + 1, page_count=PAGES))
            for n in (1, 2):
                tx.pages.assign(f"{one}-{n}", one, n)
                text = a_text(f"văn bản {at} trang {n}", n)
                tx.pages.set_reading(
                    f"{one}-{n}",
                    "read",
                    reading_key=f"{one}-{n}",
                    reading_sha256="f" * 64,
                    text=text.text,
                    reading=dump_page(text),
                    confidence=0.9,
                    rotation=0,
                    words=5,
                )
            tx.documents.archive(one, archived(Fields(subject=f"văn bản {at}")))
            tx.outbox.add(INDEX, one)
    return ids


def whole(one: IndexRound) -> Turn:
    turn = one.turn(never)
    while turn is Turn.MORE:
        turn = one.turn(never)
    return turn


def figures(work: Work) -> dict[str, int]:
    with work.reading() as tx:
        standing = tx.passes.get("reconcile:index")
    assert standing is not None
    return {key: value for key, value in standing.counts.items() if value}


class DriftCases:
    @pytest.fixture(autouse=True)
    def small_stretches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drift, "_AT_ONCE", 3)

    @pytest.fixture
    def told(self) -> list[Drift]:
        return []

    @pytest.fixture
    def tools(self, work: Work, index: SearchIndex) -> IngestTools:
        return cast(IngestTools, SimpleNamespace(work=work, index=index))

    @pytest.fixture
    def ids(self, work: Work, index: SearchIndex, tools: IngestTools) -> list[str]:
        made = archive(work, 10)
        assert drain(tools) == 10
        return made

    def test_a_true_index_has_no_drift(
        self, work: Work, index: SearchIndex, ids: list[str], told: list[Drift]
    ) -> None:
        assert whole(IndexRound(work, index, REPAIR, told.append)) is Turn.DONE
        assert (figures(work), told) == ({"documents": 10}, [])

    def test_missing_stale_and_ghost_are_told_and_put_right(
        self, work: Work, index: SearchIndex, ids: list[str], told: list[Drift], tools: IngestTools
    ) -> None:
        """Each of them at a beginning, in the middle and at the end of a stretch."""
        missing, short = [ids[0], ids[5], ids[9]], ids[7]
        stale = [ids[2], ids[6]]
        with work.begin() as tx:
            for one in stale:
                row = tx.documents.update_fields(one, Fields(subject="mới"), _version(work, one))
            assert row.row_version > 1
        with index.rebuild() as fresh:
            for at, one in enumerate(ids):
                if one not in missing:
                    texts = [f"văn bản {at} trang {n}" for n in (1, 2)][: 1 if one == short else 2]
                    put(fresh, one, *texts, version=_version(work, one) - (one in stale))
            for ghost in ("0000", "0a" * 16 + "0", "zz"):
                put(fresh, ghost, "bóng ma", version=4)
        assert whole(IndexRound(work, index, READ, told.append)) is Turn.DONE
        expected = {"documents": 10, "missing": 3, "stale": 3, "ghosts": 3}
        assert figures(work) == expected
        assert {d.key for d in told if d.kind is Kind.NOT_INDEXED} == set(missing)
        assert {d.key for d in told if d.kind is Kind.STALE_INDEX} == {*stale, short}
        assert {d.key for d in told if d.kind is Kind.GHOST} == {"0000", "0a" * 16 + "0", "zz"}
        with work.reading() as tx:
            assert tx.outbox.backlog().waiting == 0, "nothing was noted"
        whole(IndexRound(work, index, REPAIR, told.append))
        assert figures(work) == expected | {"noted": 9}
        whole(IndexRound(work, index, REPAIR, told.append))
        assert figures(work) == {"documents": 10, "on_the_way": 6, "ghosts": 3}, "noted once"
        assert drain(tools) == 6
        assert forget_ghosts(work, index) == 3
        told.clear()
        whole(IndexRound(work, index, REPAIR, told.append))
        assert (figures(work), told) == ({"documents": 10}, [])
        assert [known.document_id for known in index.documents()] == ids

    def test_what_the_outbox_still_holds_is_on_the_way(
        self, work: Work, index: SearchIndex, told: list[Drift]
    ) -> None:
        archive(work, 4)
        index.commit()
        whole(IndexRound(work, index, REPAIR, told.append))
        assert (figures(work), told) == ({"documents": 4, "on_the_way": 4}, [])
        with work.reading() as tx:
            assert tx.outbox.backlog().waiting == 4

    def test_a_ghost_that_came_to_life_is_left_alone(
        self, work: Work, index: SearchIndex, ids: list[str], tools: IngestTools
    ) -> None:
        with work.begin() as tx:
            tx.outbox.add(UNINDEX, ids[0], {"version": 999})
        assert forget_ghosts(work, index) == 1
        assert [known.document_id for known in index.documents()] == ids

    def test_documents_that_are_not_archived_or_have_no_reading_are_not_missed(
        self, work: Work, index: SearchIndex, ids: list[str], told: list[Drift]
    ) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            tx.documents.propose(a_document("proposed", batch))
            tx.documents.propose(a_document("blank", batch))
            tx.documents.archive("blank", archived())
            tx.documents.propose(a_document("refused", batch))
            tx.documents.refuse("refused", "code", "reason", "tell")
        whole(IndexRound(work, index, READ, told.append))
        assert (figures(work), told) == ({"documents": 11}, [])

    def test_rows_brought_back_from_an_old_backup_are_told_apart(
        self, work: Work, index: SearchIndex, ids: list[str], told: list[Drift], tools: IngestTools
    ) -> None:
        put(index, ids[3], "mai sau", version=_version(work, ids[3]) + 5)
        index.commit()
        whole(IndexRound(work, index, REPAIR, told.append))
        assert figures(work) == {"documents": 10, "ahead": 1}
        assert [(d.kind, d.key) for d in told] == [(Kind.STALE_INDEX, ids[3])]

    def test_a_document_published_meanwhile_is_no_drift(
        self, work: Work, index: SearchIndex, told: list[Drift], tools: IngestTools, monkeypatch
    ) -> None:
        """The list of the index is older than the rows: what looks missing is looked up again."""
        archive(work, 8)
        drain(tools)
        with monkeypatch.context() as before:
            before.setattr(index, "documents", lambda after="": iter(()))
            one = IndexRound(work, index, READ, told.append)
        whole(one)
        assert (figures(work), told) == ({"documents": 8}, [])

    def test_an_index_that_refuses_every_write_is_an_alarm(
        self,
        work: Work,
        index: SearchIndex,
        ids: list[str],
        told: list[Drift],
        tools: IngestTools,
        clock,
        monkeypatch,
    ) -> None:
        with index.rebuild():
            pass
        whole(IndexRound(work, index, REPAIR, told.append))
        assert figures(work)["noted"] == 10
        watch = OutboxRound(work, REPAIR)
        watch.turn(never)

        def refuse(*_: object) -> None:
            raise Away("read only", code="search-index-unwritable")

        monkeypatch.setattr(index, "replace", refuse)
        for _ in range(3):
            clock.turn(minutes=30)
            assert drain(tools) == 0
            watch.turn(never)
        with work.reading() as tx:
            standing = tx.passes.get(watch.name)
        assert standing is not None
        assert standing.alarm.endswith("10 notes wait and none was done")
        monkeypatch.undo()
        clock.turn(minutes=30)
        assert drain(tools) == 10
        watch.turn(never)
        with work.reading() as tx:
            standing = tx.passes.get(watch.name)
        assert standing is not None
        assert (standing.alarm, dict(standing.counts)) == ("", {"waiting": 0, "failing": 0})

    def test_an_index_that_is_away_is_an_alarm(
        self, work: Work, index: SearchIndex, ids: list[str], told: list[Drift], clock, monkeypatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise Away("connection refused", code="search-index-away")

        one = IndexRound(work, index, READ, told.append)
        monkeypatch.setattr(one, "_fresh", refuse)
        monkeypatch.setattr(one._listing, "next", refuse)
        for hours, alarm in ((0, ""), (2, "stuck")):
            clock.turn(hours=hours)
            assert whole(one) is Turn.WAITING
            with work.reading() as tx:
                standing = tx.passes.get(one.name)
            assert standing is not None
            assert standing.alarm[:5] == alarm
        assert told == []


def _version(work: Work, document_id: str) -> int:
    with work.reading() as tx:
        return next(v.row_version for v in tx.pages.archived_after("", 1000) if v.id == document_id)
