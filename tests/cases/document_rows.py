"""Documents: admitted once, corrected without losing anybody's work, seen only by whom the rule allows."""

from dataclasses import replace

import pytest

from records.access import SYSTEM, Actor, Level, Role, readable_levels
from records.document import DocumentState, Fields, FieldValue
from records.errors import Conflict, Missing, Unfit
from records.geometry import Box
from storage.documents import ACCESS_PDF, DocumentFilter, Rendition
from storage.work import Tx, Work
from tests.cases.rows import NEW_BATCH, a_document, archived

READER = Actor("r", "Người đọc", frozenset({Role.READER}))


ARCHIVIST = Actor("a", "Lưu trữ", frozenset({Role.ARCHIVIST}))


ADMIN = Actor("q", "Quản trị", frozenset({Role.ADMINISTRATOR}))


NOBODY = Actor("n", "Không ai", frozenset())


FIELDS = Fields(
    type_name="Công văn",
    type_code="07",
    number="123-CV/TU",
    issued_date="2025-07-09",
    organ_name="Tỉnh ủy Nghệ An",
    subject="Về việc chuyển sinh hoạt Đảng 100%",
    recipients=("Như trên", "Lưu VP"),
    evidence={"number": FieldValue("123-CV/TU", 0.93, 1, (Box(1, 2, 3, 4),))},
)


def _archive(
    tx: Tx, document_id: str, batch: str, level: Level = Level.OPEN, fields: Fields = FIELDS
) -> None:
    tx.documents.propose(a_document(document_id, batch))
    tx.documents.archive(document_id, archived(fields, level, number_key="123cvtu"))


class DocumentRowCases:
    """What the documents must do on every database."""

    @pytest.fixture
    def batch(self, work: Work) -> str:
        with work.begin() as tx:
            return tx.batches.add(NEW_BATCH).id

    def test_proposed_twice_is_one_document(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            first = tx.documents.propose(a_document("d1", batch))
            tx.documents.set_state("d1", DocumentState.READING)
            again = tx.documents.propose(a_document("d1", batch))
            assert (first.state, again.state) == (DocumentState.PROPOSED, DocumentState.READING)
            assert tx.documents.of_batch(batch) == [again]
            with pytest.raises(Conflict):
                tx.documents.propose(a_document("d1", batch, fingerprint="other"))

    def test_archived_document_comes_back_whole(self, work: Work, batch: str, clock) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))
            tx.documents.refuse("d1", "store-full", "full", "Kho đầy.")
            refused = tx.documents.get(SYSTEM, "d1")
            assert (refused.state, refused.code, refused.tell) == (
                DocumentState.REFUSED,
                "store-full",
                "Kho đầy.",
            )
            clock.turn(minutes=5)
            made = tx.documents.archive("d1", archived(FIELDS))
        with work.reading() as tx:
            found = tx.documents.get(READER, "d1")
        assert found == made
        assert found.fields == FIELDS
        assert found.pdf == archived().renditions[0]
        assert (found.state, found.version, found.code, found.tell) == (DocumentState.ARCHIVED, 1, "", "")
        assert (found.signature_level, found.verdict, found.pdfa) == ("PAdES-BASELINE-LTA", "VALID", "2b")
        assert found.archived_at == clock.now()
        assert found.archived_at.utcoffset() is not None

    def test_versions_are_written_once(self, work: Work, batch: str) -> None:
        other = (Rendition(ACCESS_PDF, "documents/d/v2/access.pdf", "d" * 64, 1, "application/pdf"),)
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))
            once = tx.documents.archive("d1", archived())
            assert tx.documents.archive("d1", archived()) == once
            for wrong in (archived(renditions=other), archived(version=3), archived(version=0)):
                with pytest.raises(Conflict) as fault:
                    tx.documents.archive("d1", wrong)
                assert fault.value.code == "version-taken"
            second = tx.documents.archive("d1", archived(version=2, renditions=other))
            assert (second.version, second.pdf) == (2, other[0])
            assert tx.documents.renditions(READER, "d1") == other

    def test_an_archived_document_does_not_go_back(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            _archive(tx, "d1", batch)
            tx.documents.set_state("d1", DocumentState.ARCHIVED)
            with pytest.raises(Conflict) as fault:
                tx.documents.set_state("d1", DocumentState.READING)
            assert fault.value.code == "document-archived"
            with pytest.raises(Conflict):
                tx.documents.refuse("d1", "x", "x", "x")
            assert tx.documents.get(READER, "d1").code == ""

    def test_lost_update_is_refused(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            _archive(tx, "d1", batch)
            seen = tx.documents.get(ARCHIVIST, "d1").row_version
            mine = tx.documents.update_fields("d1", replace(FIELDS, subject="Của tôi"), seen, number_key="n")
            assert mine.row_version == seen + 1
            with pytest.raises(Conflict) as fault:
                tx.documents.update_fields("d1", replace(FIELDS, subject="Của bạn"), seen)
            assert fault.value.code == "row-changed"
            assert tx.documents.get(ARCHIVIST, "d1").fields.subject == "Của tôi"
            tx.documents.update_fields("d1", FIELDS, seen + 1, level=Level.SECRET)
            with pytest.raises(Missing):
                tx.documents.get(READER, "d1")

    def test_changes_to_nothing(self, work: Work) -> None:
        with work.begin() as tx:
            for change in (
                lambda: tx.documents.set_state("x", DocumentState.READING),
                lambda: tx.documents.refuse("x", "", "", ""),
                lambda: tx.documents.archive("x", archived()),
                lambda: tx.documents.update_fields("x", FIELDS, 1),
            ):
                with pytest.raises(Missing):
                    change()

    def test_already_archived_content_is_recognised(self, work: Work, batch: str, clock) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch, fingerprint="same"))
            clock.turn(seconds=1)
            tx.documents.propose(a_document("d2", batch, fingerprint="same"))
            clock.turn(seconds=1)
            tx.documents.propose(a_document("d3", batch, fingerprint="same", dossier="HS-02"))
            found = tx.documents.by_fingerprint("HS-01", "same")
            assert found is not None
            assert found.id == "d1"
            tx.documents.archive("d2", archived())
            found = tx.documents.by_fingerprint("HS-01", "same")
            assert found is not None
            assert found.id == "d2"
            assert tx.documents.by_fingerprint("HS-03", "same") is None

    def test_a_narrowed_right_is_known_until_the_index_has_heard_of_it(self, work: Work, batch: str) -> None:
        """The note comes with the change itself, so no search can fall between them."""
        with work.begin() as tx:
            for name in ("d1", "d2", "d3"):
                _archive(tx, name, batch)
            assert tx.outbox.unsettled(READER, 10) == []
            seen = tx.documents.get(SYSTEM, "d1").row_version
            tx.documents.update_fields("d1", FIELDS, seen, level=Level.SECRET)
            tx.outbox.add("index", "d2")
            tx.outbox.add("unindex", "ghost", {"version": 1})
            tx.outbox.add("again", "d3")
        with work.reading() as tx:
            assert sorted(tx.outbox.unsettled(READER, 10)) == ["d1", "ghost"]
            assert len(tx.outbox.unsettled(READER, 1)) == 1
            assert tx.outbox.unsettled(ARCHIVIST, 10) == ["ghost"]
            assert sorted(tx.outbox.unsettled(NOBODY, 10)) == ["d1", "d2", "ghost"]
        with work.begin() as tx:
            tx.outbox.done_for("index", "d1")
            assert tx.outbox.unsettled(READER, 10) == ["ghost"]

    @pytest.mark.parametrize("reader", [READER, ARCHIVIST, ADMIN, NOBODY])
    def test_everybody_sees_exactly_what_the_rule_says(self, work: Work, batch: str, reader: Actor) -> None:
        """Each state at each level, through every way in."""
        things: dict[str, tuple[DocumentState, Level]] = {}
        with work.begin() as tx:
            for level in Level:
                name = f"archived-{level}"
                _archive(tx, name, batch, level)
                things[name] = (DocumentState.ARCHIVED, level)
            for state in set(DocumentState) - {DocumentState.ARCHIVED}:
                tx.documents.propose(a_document(state, batch))
                tx.documents.set_state(state, state)
                things[state] = (state, Level.RESTRICTED)
        digitizes = Role.ARCHIVIST in reader.roles
        allowed = {
            name
            for name, (state, level) in things.items()
            if level in readable_levels(reader) and (digitizes or state is DocumentState.ARCHIVED)
        }
        with work.reading() as tx:
            found, total = tx.documents.find(reader)
            assert ({d.id for d in found}, total) == (allowed, len(allowed))
            for name in things:
                for ask in (tx.documents.get, tx.documents.renditions, tx.pages.of_document):
                    if name in allowed:
                        ask(reader, name)
                    else:
                        with pytest.raises(Missing):
                            ask(reader, name)
                with pytest.raises(Missing):  # there is no page 1; the answer must not tell the two apart
                    tx.pages.get(reader, name, 1)
                with pytest.raises(Missing):
                    tx.pages.reading(reader, name, 1)

    def test_find_by_every_part(self, work: Work, batch: str, clock) -> None:
        with work.begin() as tx:
            other = tx.batches.add(NEW_BATCH).id
            _archive(tx, "d1", batch)
            clock.turn(seconds=1)
            tx.documents.propose(a_document("d2", other, dossier="HS-02"))
            tx.documents.archive(
                "d2", archived(Fields(subject="Kế hoạch", type_code="04", issued_date="2024-12-31"))
            )
            clock.turn(seconds=1)
            tx.documents.propose(a_document("d3", other))
        cases = [
            (DocumentFilter(), ["d3", "d2", "d1"]),
            (DocumentFilter(batch_id=other), ["d3", "d2"]),
            (DocumentFilter(dossier="HS-02"), ["d2"]),
            (DocumentFilter(type_code="07"), ["d1"]),
            (DocumentFilter(year=2025), ["d1"]),
            (DocumentFilter(year=2024), ["d2"]),
            (DocumentFilter(year=25), []),
            (DocumentFilter(number="123cvtu"), ["d1"]),
            (DocumentFilter(state=DocumentState.PROPOSED), ["d3"]),
            (DocumentFilter(text_in_subject="sinh hoat dang"), ["d1"]),
            (DocumentFilter(text_in_subject="SINH HOẠT ĐẢNG"), ["d1"]),
            (DocumentFilter(text_in_subject="%"), ["d1"]),
            (DocumentFilter(text_in_subject="_"), []),
            (DocumentFilter(text_in_subject="", dossier="HS-01"), ["d3", "d1"]),
            (DocumentFilter(year=2025, type_code="04"), []),
            (DocumentFilter(dossier="' OR 1=1 --"), []),
            (DocumentFilter(dossier="\ud800\x00"), []),
        ]
        with work.reading() as tx:
            for which, ids in cases:
                found, total = tx.documents.find(ARCHIVIST, which)
                assert ([d.id for d in found], total) == (ids, len(ids)), which
            page, total = tx.documents.find(ARCHIVIST, limit=1, offset=1)
            assert ([d.id for d in page], total) == (["d2"], 3)
            with pytest.raises(Missing):
                tx.documents.get(SYSTEM, "\ud800\x00")
            with pytest.raises(Unfit):
                tx.documents.find(ARCHIVIST, DocumentFilter(text_in_subject="x" * 60_000))
