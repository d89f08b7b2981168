"""The review list: what a person decides, what stands there afterwards, and that it can be taken back."""

import json
from pathlib import Path

import pytest

from ingest import review
from ingest.review_items import items_of
from records.access import SYSTEM, Actor, Level, Role
from records.document import Fields, FieldValue
from records.errors import Conflict, Missing, NotAllowed, Unfit
from records.geometry import Box
from records.page import PageText, Trace, Word, dump_page
from storage.outbox import INDEX
from storage.reviews import NewReview, ReviewState
from storage.work import Work
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page, archived

ARCHIVIST = Actor("a1", "Lưu trữ", frozenset({Role.ARCHIVIST}))
OTHER = Actor("a2", "Người khác", frozenset({Role.ARCHIVIST}))
READER = Actor("r1", "Người đọc", frozenset({Role.READER}))
FIELDS = Fields(
    number="12-CV/TU",
    code_number="12",
    code_notation="CV/TU",
    issued_date="2025-07-09",
    subject="hướng dẩn chuyển sinh hoạt",
    evidence={
        "number": FieldValue("12-CV/TU", 0.97, 1, (Box(0, 0, 90, 20),)),
        "subject": FieldValue("hướng dẩn chuyển sinh hoạt", 0.6, 1, (Box(0, 40, 90, 60),)),
    },
)


def word(text: str, confidence: float, n: int, meant: str = "") -> Word:
    return Word(text, Box(100 * n, 100, 100 * n + 90, 140), confidence, 0, Trace(confidence), meant)


PAGE = PageText(
    1, 2000, 3000, 300.0, 0, 0.0, "made",
    (word("Ủy", 0.99, 0), word("bnn", 0.1, 1, "ban"), word("nhndân", 0.2, 2), word("…", 0.0, 3), word("xã", 0.98, 4)),
)  # fmt: skip


def change(n: int, was: str, becomes: str) -> list[review.Change]:
    return [review.Change(n, was, becomes)]


def text_of(work: Work) -> str:
    with work.reading() as tx:
        reading = tx.pages.reading(SYSTEM, "d1", 1)
    assert reading is not None
    return reading.text


def events(work: Work, action: str) -> list[str]:
    with work.reading() as tx:
        return [event.actor for event in tx.audit.about("d1", (action,))]


class ReviewCases:
    @pytest.fixture
    def document(self, work: Work) -> str:
        """An archived document of one page, its doubtful parts listed."""
        data = dump_page(PAGE)
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH)
            file = tx.batches.add_file(batch.id, NEW_FILE)
            tx.documents.propose(a_document("d1", batch.id))
            tx.pages.add_many([a_page("p1", batch.id, file.id, 1, document_id="d1", number=1)])
            tx.pages.set_reading(
                "p1", "read", reading_key="k", reading_sha256="", text=PAGE.text, reading=data,
                confidence=PAGE.confidence, rotation=0, words=5,
            )  # fmt: skip
            tx.documents.archive("d1", archived(FIELDS))
            tx.reviews.propose(items_of("d1", FIELDS, [PAGE]))
        return "d1"

    def test_a_correction_is_a_new_text_and_can_be_taken_back(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            before = tx.documents.get(SYSTEM, document).row_version
            item = review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(2, "nhndân", "nhân dân"))
            assert item.state is ReviewState.CORRECTED and item.decided_by == "a1"
        assert text_of(work) == "Ủy bnn nhân dân … xã"
        with work.reading() as tx:
            assert [note.object_id for note in tx.outbox.due(10, INDEX)] == [document]
            assert tx.documents.get(SYSTEM, document).row_version > before  # else the index would not take it
            reading = tx.pages.reading(SYSTEM, document, 1)
            assert reading is not None
            typed = [w for w in reading.words if w.trace is None]
            assert [(w.text, w.confidence) for w in typed] == [("nhân", 1.0), ("dân", 1.0)]
            assert typed[0].box.x1 <= typed[1].box.x0 and typed[1].box.x1 == 290
            assert (
                tx.pages.reading_by_key("k") is None
            )  # no other page with this picture gets a person's words
        with work.begin() as tx:
            assert review.undo(tx, OTHER, document, "page-1").state is ReviewState.OPEN
        assert text_of(work) == PAGE.text
        assert (events(work, "review-corrected"), events(work, "review-undone")) == (["a1"], ["a2"])

    def test_what_a_person_accepted_stays_away(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            review.accept(tx, ARCHIVIST, document, "page-1")
        with work.begin() as tx:  # read again, worse
            tx.reviews.propose([NewReview(document, "page-1", 1, 1.0, 99.0, 99.0)])
            assert "page-1" not in [item.part for item in tx.reviews.find(ARCHIVIST)[0]]
        with work.begin() as tx, pytest.raises(Conflict, match="accepted"):
            review.accept(tx, OTHER, document, "page-1")
        with work.begin() as tx:
            review.undo(tx, ARCHIVIST, document, "page-1")
            with pytest.raises(Conflict) as fault:
                review.undo(tx, ARCHIVIST, document, "page-1")
            assert fault.value.code == "review-nothing"
            assert "page-1" in [item.part for item in tx.reviews.find(ARCHIVIST)[0]]

    def test_corrections_are_taken_back_one_by_one_newest_first(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(1, "bnn", "ban"))
            review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(2, "nhndân", ""))
        assert text_of(work) == "Ủy ban … xã"
        with work.begin() as tx:
            assert review.undo(tx, ARCHIVIST, document, "page-1").state is ReviewState.CORRECTED
        assert text_of(work) == "Ủy ban nhndân … xã"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ([], "review-empty"),
            (change(5, "x", "y"), "review-no-word"),
            (change(-1, "xã", "y"), "review-no-word"),
            (change(1, "bnn", "a") * 2, "review-no-word"),
            (change(1, "khác", "ban"), "review-changed"),
            (change(1, "bnn", "a" * 401), "review-long"),
        ],
    )
    def test_a_correction_that_does_not_fit_changes_nothing(
        self, work: Work, document: str, changes: list[review.Change], code: str
    ) -> None:
        with pytest.raises((Unfit, Conflict)) as fault, work.begin() as tx:
            review.correct_page(tx, ARCHIVIST, document, 1, "page-1", changes)
        assert fault.value.code == code
        assert text_of(work) == PAGE.text
        assert events(work, "review-corrected") == []

    def test_control_signs_and_decomposed_letters_do_not_get_in(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(1, "bnn", "ba\u0309n\x00\u200e"))
        assert text_of(work).split()[1] == "bản"

    def test_a_field_is_corrected_with_all_that_hangs_on_it(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            review.correct_field(tx, ARCHIVIST, document, "number", "Số 17 – CV/TU")
            review.correct_field(tx, ARCHIVIST, document, "issued_date", "9/8/2025")
            fields = tx.documents.get(SYSTEM, document).fields
        assert (fields.number, fields.code_number, fields.code_notation) == ("17-CV/TU", "17", "CV/TU")
        assert fields.issued_date == "2025-08-09"
        assert fields.evidence["number"] == FieldValue("Số 17 – CV/TU", 1.0, 1, (Box(0, 0, 90, 20),))
        with work.begin() as tx:
            review.undo(tx, ARCHIVIST, document, "number")
            back = tx.documents.get(SYSTEM, document).fields
        assert (back.number, back.code_number, back.evidence["number"]) == (
            "12-CV/TU",
            "12",
            FIELDS.evidence["number"],
        )
        assert back.issued_date == "2025-08-09"  # the other correction stays

    @pytest.mark.parametrize("day", ["31/2/2025", "hôm qua", "2025", "1/1/1/1", "9/7/99999"])
    def test_a_day_that_is_none_is_refused(self, work: Work, document: str, day: str) -> None:
        with work.begin() as tx, pytest.raises(Unfit) as fault:
            review.correct_field(tx, ARCHIVIST, document, "issued_date", day)
        assert fault.value.code == "review-date"

    def test_a_page_that_was_not_read_can_only_be_looked_at(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            data = dump_page(PageText(1, 10, 10, 300.0, 0, 0.0, "made", (), "failed"))
            tx.pages.set_reading(
                "p1", "failed", reading_key="", reading_sha256="", text="", reading=data, confidence=0.0,
                rotation=0, words=0,
            )  # fmt: skip
            with pytest.raises(Unfit) as fault:
                review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(0, "", "chữ"))
            assert fault.value.code == "review-unread"
            assert review.accept(tx, ARCHIVIST, document, "page-1").state is ReviewState.ACCEPTED

    def test_any_page_may_be_corrected_though_nobody_doubted_it(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            review.correct_field(tx, ARCHIVIST, document, "number", "")
            assert tx.documents.get(SYSTEM, document).fields.number == ""
            for part in ("page-2", "secrecy", "page-0"):
                with pytest.raises(Missing):
                    review.item(tx, ARCHIVIST, document, part)

    def test_who_may_not_see_it_finds_nothing_and_who_may_only_read_is_refused(
        self, work: Work, document: str
    ) -> None:
        with work.begin() as tx:
            row = tx.documents.get(SYSTEM, document)
            tx.documents.update_fields(document, FIELDS, row.row_version, level=Level.PARTIES)
            assert tx.reviews.find(ARCHIVIST) == ([], 0)
            with pytest.raises(Missing):
                review.accept(tx, ARCHIVIST, document, "page-1")
            with pytest.raises(NotAllowed):
                review.accept(tx, READER, document, "page-1")

    def test_a_reading_never_goes_over_what_a_person_wrote(
        self, work: Work, document: str, tmp_path: Path
    ) -> None:
        from types import SimpleNamespace

        from ingest.recognise import keep_reading

        with work.begin() as tx:
            review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(1, "bnn", "ban"))
            page = tx.pages.get(SYSTEM, document, 1)
        keep_reading(SimpleNamespace(work=work), page, PAGE, "k")  # type: ignore[arg-type]
        assert text_of(work) == "Ủy ban nhndân … xã"

    def test_the_decision_keeps_what_was_there(self, work: Work, document: str) -> None:
        with work.begin() as tx:
            review.correct_page(tx, ARCHIVIST, document, 1, "page-1", change(1, "bnn", "ban"))
            kept = tx.reviews.decisions(document, "page-1")[0]
        assert json.loads(kept.before) == json.loads(dump_page(PAGE))
        assert list(kept.changes) == [{"n": 1, "was": "bnn", "becomes": "ban"}]
