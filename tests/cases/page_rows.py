"""Pages: found once, assigned, read, and their readings kept beside the rows."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from records.access import SYSTEM, Actor, Level, Role
from records.document import PageRole
from records.errors import Missing
from records.geometry import Box
from records.page import PageText, Word, dump_page
from records.page_checks import Finding, PageCheck
from storage.work import Tx, Work
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page, archived

READER = Actor("r", "Người đọc", frozenset({Role.READER}))


TEXT = PageText(
    page=1,
    width=2480,
    height=3508,
    dpi=300.0,
    rotation=90,
    skew=0.25,
    engine="tesseract",
    words=(Word("Đảng", Box(1, 2, 30, 40), 0.96, 0), Word("bộ", Box(35, 2, 60, 40), 0.91, 0)),
)


def _read(tx: Tx, page_id: str, text: PageText = TEXT, key: str = "cache") -> None:
    tx.pages.set_reading(
        page_id,
        text.state,
        reading_key=key,
        reading_sha256="f" * 64,
        text=text.text,
        reading=dump_page(text),
        confidence=text.confidence,
        rotation=text.rotation,
        words=len(text.words),
    )


class PageRowCases:
    """What the pages must do on every database."""

    @pytest.fixture
    def batch(self, work: Work) -> str:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            tx.documents.propose(a_document("d1", batch, page_count=2))
            return batch

    @pytest.fixture
    def file_id(self, work: Work, batch: str) -> str:
        with work.begin() as tx:
            return tx.batches.add_file(batch, NEW_FILE).id

    def test_findings_are_kept_once_surest_first(self, work: Work, batch: str, file_id: str) -> None:
        found = [
            PageCheck(Finding.TURNED, 0.7, {"value": 90}),
            PageCheck(Finding.LOW_DPI, 1.0, {"rule": "giấy tờ"}),
        ]
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1), a_page("p2", batch, file_id, 2)])
            tx.page_checks.add({"p1": found, "p2": []})
            tx.page_checks.add({"p1": [PageCheck(Finding.TURNED, 0.1)]})
        with work.reading() as tx:
            assert tx.page_checks.of_batch(batch) == {"p1": [found[1], found[0]]}
            assert [row["finding"] for row in tx.page_checks.rows_of_batch(batch)] == ["low-dpi", "turned"]
            assert tx.page_checks.of_batch("other") == {}

    def test_a_page_set_aside_counts_as_that_alone(self, work: Work, batch: str, file_id: str) -> None:
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1), a_page("p2", batch, file_id, 2)])
            for name in ("p1", "p2"):
                _read(tx, name)
            tx.pages.set_role("p2", PageRole.BLANK)
            tx.pages.set_role("p2", PageRole.BLANK)
            with pytest.raises(Missing):
                tx.pages.set_role("p9", PageRole.BLANK)
        with work.reading() as tx:
            now = tx.batches.progress(SYSTEM, batch)
            assert (now.pages, now.pages_read, now.pages_aside, now.separators) == (2, 1, 1, 0)
            assert tx.pages.reading_of_page("p2").text == TEXT.text
            assert [p.id for p in tx.pages.some(["p2", "p1", "p9"])] == ["p1", "p2"]

    def test_pages_found_twice_are_one_row_each(self, work: Work, batch: str, file_id: str) -> None:
        new = [a_page(f"p{n:04d}", batch, file_id, n) for n in range(1, 1201)]
        with work.begin() as tx:
            tx.pages.add_many(new[:700])
            tx.pages.add_many(new)
            tx.pages.add_many([])
            found = tx.pages.of_batch(batch)
        assert [page.id for page in found] == [page.id for page in new]
        assert (found[0].state, found[0].document_id, found[0].number) == ("", None, None)

    def test_every_value_comes_back(self, work: Work, batch: str, file_id: str) -> None:
        new = replace(
            a_page("p1", batch, file_id, 1),
            role=PageRole.SEPARATOR,
            code="HS-7",
            exact=False,
            hint_rotation=270,
        )
        with work.begin() as tx:
            tx.pages.add_many([new])
            (found,) = tx.pages.of_batch(batch)
        for name in new.__slots__:
            assert getattr(found, name) == getattr(new, name)

    def test_one_frame_is_one_page_and_a_number_is_given_once(
        self, work: Work, batch: str, file_id: str
    ) -> None:
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1), a_page("p2", batch, file_id, 2)])
            tx.pages.assign("p1", "d1", 1)
            tx.pages.assign("p1", "d1", 1)
        with pytest.raises(IntegrityError), work.begin() as tx:
            tx.pages.assign("p2", "d1", 1)
        with pytest.raises(IntegrityError), work.begin() as tx:
            tx.pages.add_many([a_page("p3", batch, file_id, 2)])
        with work.begin() as tx, pytest.raises(Missing):
            tx.pages.assign("none", "d1", 1)

    def test_reading_comes_back_with_its_page_number(self, work: Work, batch: str, file_id: str) -> None:
        with work.begin() as tx:
            tx.pages.add_many(
                [a_page(f"p{n}", batch, file_id, n, document_id="d1", number=n) for n in (1, 2, 3)]
            )
            _read(tx, "p2")
            _read(tx, "p2")
            assert tx.pages.reading(SYSTEM, "d1", 1) is None
            assert tx.pages.reading(SYSTEM, "d1", 2) == TEXT.numbered(2)
            _read(tx, "p1", replace(TEXT, words=(), state="timed-out"), key="")
            assert [(t.page, t.state) for t in tx.pages.readings("d1")] == [(1, "timed-out"), (2, "read")]
            page = tx.pages.get(SYSTEM, "d1", 2)
            assert (page.state, page.rotation, page.words, page.reading_key) == ("read", 90, 2, "cache")
            assert page.confidence == pytest.approx(TEXT.confidence)
            assert [p.number for p in tx.pages.of_document(SYSTEM, "d1")] == [1, 2, 3]
            for number in (0, 4, -1, 2**62, 10**30):
                with pytest.raises(Missing):
                    tx.pages.reading(SYSTEM, "d1", number)

    def test_a_new_reading_takes_the_place_of_the_remembered_one(
        self, work: Work, batch: str, file_id: str
    ) -> None:
        other = replace(TEXT, words=TEXT.words[:1], rotation=0)
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1, document_id="d1", number=1)])
        for text in (TEXT, other, TEXT):
            with work.begin() as tx:
                _read(tx, "p1", text)
            for _ in range(2):
                with work.reading() as tx:
                    assert tx.pages.readings("d1") == [text]
                    assert tx.pages.reading(SYSTEM, "d1", 1) == text

    def test_reading_is_found_by_its_cache_key(self, work: Work, batch: str, file_id: str) -> None:
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1), a_page("p2", batch, file_id, 2)])
            assert tx.pages.reading_by_key("cache") is None
            _read(tx, "p1")
            _read(tx, "p2", replace(TEXT, words=(), state="failed"), key="")
            assert tx.pages.reading_by_key("cache") == dump_page(TEXT)
            assert tx.pages.reading_by_key("") is None

    def test_unknown_state_and_page(self, work: Work, batch: str, file_id: str) -> None:
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1)])
            with pytest.raises(ValueError, match="page state"):
                _read(tx, "p1", replace(TEXT, state="maybe"))
            with pytest.raises(Missing):
                _read(tx, "none")

    def test_pages_follow_their_document(self, work: Work, batch: str, file_id: str) -> None:
        with work.begin() as tx:
            tx.pages.add_many([a_page("p1", batch, file_id, 1, document_id="d1", number=1)])
            _read(tx, "p1")
            for ask in (tx.pages.get, tx.pages.reading):
                with pytest.raises(Missing):
                    ask(READER, "d1", 1)
            tx.documents.archive("d1", archived(level=Level.RESTRICTED))
            with pytest.raises(Missing):
                tx.pages.reading(READER, "d1", 1)
            tx.documents.update_fields("d1", archived().fields, 2, level=Level.OPEN)
            assert tx.pages.reading(READER, "d1", 1) == TEXT
