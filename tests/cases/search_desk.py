"""Saved searches and suggestions on the rows: whose they are, what is new, and that no right is ever outlived."""

import pytest

from records.access import Actor, Level, Role
from records.document import Fields
from records.errors import Conflict, Missing
from storage import saved_searches
from storage.saved_searches import KEPT_DELETED
from storage.schema import documents
from storage.work import Work
from tests.cases.database import TurnedClock
from tests.cases.rows import NEW_BATCH, a_document, archived

ADDED = "mật khẩu dài 12"


def person(work: Work, login: str, *roles: Role) -> Actor:
    with work.begin() as tx:
        return tx.accounts.add(login, login, ADDED, roles or (Role.READER,)).actor()


def put(work: Work, document_id: str, level: Level = Level.OPEN, **fields: str) -> None:
    with work.begin() as tx:
        batch = tx.batches.add(NEW_BATCH).id
        tx.documents.propose(a_document(document_id, batch))
        key = fields.get("number", "").lower().replace("-", ".", 1).replace("/", "")
        tx.documents.archive(document_id, archived(Fields(**fields), level, number_key=key))  # type: ignore[arg-type]


def levelled(work: Work, document_id: str, level: Level) -> None:
    with work.tables.writing() as connection:
        connection.execute(documents.update().where(documents.c.id == document_id).values(level=level))


class SavedSearchCases:
    def test_new_hits_are_counted_until_they_are_seen(self, work: Work, clock: TurnedClock) -> None:
        owner = person(work, "an")
        for name in ("d1", "d2", "d3"):
            put(work, name)
        with work.begin() as tx:
            kept = tx.saved_searches.add(owner, "Thi đua", "thi đua", {"exact": True}, alert=True)
            assert tx.saved_searches.note(kept.id, [("d1", 1)], seen=True) == 1
            assert tx.saved_searches.note(kept.id, [("d1", 2), ("d2", 4)]) == 1, "a known one stays as it is"
        with work.reading() as tx:
            assert [(one.fresh, dict(one.asked)) for one in tx.saved_searches.of_owner(owner)] == [
                (1, {"exact": True})
            ]
            found, total = tx.saved_searches.hits(owner, kept.id)
            assert ([(hit.document_id, hit.page) for hit in found], total) == ([("d2", 4)], 1)
            assert tx.saved_searches.hits(owner, kept.id, fresh=False)[1] == 2
            assert tx.saved_searches.fresh(owner) == 1
        looked = clock.now()
        clock.turn(seconds=5)
        with work.begin() as tx:
            tx.saved_searches.note(kept.id, [("d3", 1)])
            assert tx.saved_searches.mark_seen(owner, kept.id, looked) == 1, (
                "what came meanwhile was not seen"
            )
        with work.reading() as tx:
            assert [hit.document_id for hit in tx.saved_searches.hits(owner, kept.id)[0]] == ["d3"]

    def test_nobody_sees_anybody_elses(self, work: Work) -> None:
        owner, other = person(work, "an"), person(work, "binh", Role.ARCHIVIST)
        with work.begin() as tx:
            kept = tx.saved_searches.add(owner, "Của tôi", "x", {}, alert=True)
        with work.begin() as tx:
            assert tx.saved_searches.of_owner(other) == [] and tx.saved_searches.fresh(other) == 0
            for deed in (
                lambda: tx.saved_searches.get(other, kept.id),
                lambda: tx.saved_searches.hits(other, kept.id),
                lambda: tx.saved_searches.change(other, kept.id, name="y", alert=None),
                lambda: tx.saved_searches.delete(other, kept.id),
                lambda: tx.saved_searches.restore(other, kept.id),
            ):
                with pytest.raises(Missing):
                    deed()

    def test_a_right_taken_away_takes_the_hit_out_of_list_and_count(
        self, work: Work, clock: TurnedClock
    ) -> None:
        owner = person(work, "an")
        put(work, "d1")
        with work.begin() as tx:
            kept = tx.saved_searches.add(owner, "x", "x", {}, alert=True)
            tx.saved_searches.note(kept.id, [("d1", 1)])
        levelled(work, "d1", Level.SECRET)
        with work.begin() as tx:
            assert tx.saved_searches.get(owner, kept.id).fresh == tx.saved_searches.fresh(owner) == 0
            assert tx.saved_searches.hits(owner, kept.id, fresh=False) == ([], 0)
            assert tx.saved_searches.mark_seen(owner, kept.id, clock.now()) == 0, "nobody saw it"
        levelled(work, "d1", Level.OPEN)
        with work.reading() as tx:
            assert tx.saved_searches.fresh(owner) == 1

    def test_deleted_comes_back_and_is_forgotten_after_thirty_days(
        self, work: Work, clock: TurnedClock
    ) -> None:
        owner = person(work, "an")
        put(work, "d1")
        with work.begin() as tx:
            kept = tx.saved_searches.add(owner, "x", "x", {}, alert=True)
            tx.saved_searches.note(kept.id, [("d1", 1)])
            tx.saved_searches.delete(owner, kept.id)
            assert not tx.saved_searches.any_alerting() and tx.saved_searches.of_owner(owner) == []
            assert [one.id for one in tx.saved_searches.of_owner(owner, deleted=True)] == [kept.id]
            assert tx.saved_searches.restore(owner, kept.id).fresh == 1
            tx.saved_searches.delete(owner, kept.id)
            assert tx.saved_searches.forget_deleted() == 0
        clock.turn(days=KEPT_DELETED.days)
        with work.begin() as tx:
            assert tx.saved_searches.of_owner(owner, deleted=True) == []
            assert tx.saved_searches.forget_deleted() == 1
            with pytest.raises(Missing):
                tx.saved_searches.restore(owner, kept.id)

    def test_only_active_accounts_with_an_alert_are_asked_for(self, work: Work) -> None:
        one, off, gone = person(work, "an"), person(work, "binh"), person(work, "chi")
        with work.begin() as tx:
            kept = tx.saved_searches.add(one, "x", "x", {}, alert=True)
            quiet = tx.saved_searches.add(off, "x", "x", {}, alert=True)
            tx.saved_searches.add(gone, "x", "x", {}, alert=True)
            tx.saved_searches.change(off, quiet.id, name=None, alert=False)
            tx.accounts.set_active(gone.id, active=False)
            assert [each.id for each in tx.saved_searches.alerting("", 10)] == [kept.id]
            assert tx.saved_searches.alerting(kept.id, 10) == [] and tx.saved_searches.any_alerting()

    def test_there_is_an_end_to_how_many(self, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
        owner = person(work, "an")
        monkeypatch.setattr(saved_searches, "MOST_SAVED", 1)
        with work.begin() as tx:
            tx.saved_searches.add(owner, "x", "x", {}, alert=False)
        with pytest.raises(Conflict) as fault, work.begin() as tx:
            tx.saved_searches.add(owner, "y", "y", {}, alert=False)
        assert fault.value.code == "saved-too-many" and "xóa bớt" in fault.value.tell


class SuggestionCases:
    def test_numbers_by_their_beginning_and_only_visible_ones(self, work: Work) -> None:
        reader = person(work, "an")
        put(work, "d1", number="1593-CV/TU", type_code="17")
        put(work, "d2", number="1594-CV/TU", type_code="17")
        put(work, "d3", Level.SECRET, number="1599-CV/TU", type_code="02")
        put(work, "d4", number="21-CV/TU")
        with work.reading() as tx:
            assert tx.suggestions.numbers(reader, "159", 5) == ["1593-CV/TU", "1594-CV/TU"]
            assert tx.suggestions.numbers(reader, "159", 1) == ["1593-CV/TU"]
            assert tx.suggestions.numbers(reader, "%", 5) == []
            assert tx.suggestions.types(reader, ["02", "17", "32"]) == ["17"]

    def test_bodies_by_any_word_and_only_while_a_paper_of_theirs_is_visible(self, work: Work) -> None:
        reader = person(work, "an")
        put(work, "d1", organ_name="Tỉnh ủy Lâm Đồng")
        put(work, "d2", organ_name="Đảng ủy xã Mẫu")
        put(work, "d3", Level.SECRET, organ_name="Ban Cơ yếu tỉnh Mẫu")
        put(work, "d4", organ_name="Ủy ban 100% mẫu")
        with work.reading() as tx:
            names = ["Ủy ban 100% mẫu", "Đảng ủy xã Mẫu", "Tỉnh ủy Lâm Đồng"]
            assert tx.suggestions.issuers(reader, "uy", 5) == names
            assert tx.suggestions.issuers(reader, "co yeu", 5) == []
            assert tx.suggestions.issuers(reader, "100%", 5) == ["Ủy ban 100% mẫu"]
            assert tx.suggestions.issuers(reader, "tinh", 5) == ["Tỉnh ủy Lâm Đồng"]
        levelled(work, "d1", Level.SECRET)
        with work.reading() as tx:
            assert tx.suggestions.issuers(reader, "tinh", 5) == []
