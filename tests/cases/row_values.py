"""What goes in comes out the same from every database: moments, text, JSON, bytes, numbers, and their order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from records.access import SYSTEM, Actor, Role
from records.document import Fields, FieldValue
from records.geometry import Box
from storage.schema import METADATA, accounts, batches, outbox, page_texts, pages, storable
from storage.tables import Tables
from storage.work import Work
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page

DIGITIZER = Actor("a", "", frozenset({Role.ARCHIVIST}))
WORDS = ["Đảng", "đảng", "Dang", "đ", "z", "Z", "a b", "ab", "a-b", "Â", "a", "ă", "_", "é", "𝔸", "", " "]


class RowValueCases:
    @pytest.mark.parametrize(
        "moment",
        [
            datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC),
            datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=7))),
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(1945, 9, 2, 14, 0, tzinfo=timezone(timedelta(hours=-11, minutes=-30))),
        ],
    )
    def test_moments(self, work: Work, clock, moment: datetime) -> None:
        clock.at = moment
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH)
        with work.reading() as tx:
            found = tx.batches.get(SYSTEM, batch.id).created_at
        assert (found, found.tzinfo) == (moment.astimezone(UTC), UTC)

    def test_a_moment_without_a_zone_is_a_bug(self, work: Work, clock) -> None:
        clock.at = datetime(2026, 11, 23)
        with pytest.raises(StatementError, match="without a zone"), work.begin() as tx:
            tx.batches.add(NEW_BATCH)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.text(st.characters(exclude_categories=()), max_size=40))
    def test_any_text_is_kept_but_for_what_no_database_takes(self, tables: Tables, text: str) -> None:
        with tables.writing() as connection:
            connection.execute(
                insert(outbox).values(
                    kind="x", object_id=text, payload={"t": text}, reason=text,
                    created_at=datetime.now(UTC), next_at=datetime.now(UTC),
                )
            )  # fmt: skip
            row = connection.execute(
                select(outbox).where(outbox.c.object_id == text).order_by(outbox.c.id.desc())
            ).first()
        assert row is not None
        assert (row.object_id, row.reason, row.payload) == (storable(text), storable(text), {"t": text})

    def test_json_is_not_changed(self, work: Work) -> None:
        """Also what a document of fields never holds today: order, nesting, large and small numbers, odd letters."""
        odd = {
            "z": 1,
            "a": [None, True, 1.5, -0.0, 1e300, 2**63, {"": "\x00\ud800\U0001d538"}],
            "Đ": "\t\"'\\",
        }
        with work.begin() as tx:
            item = tx.outbox.add("x", "d", odd)  # type: ignore[arg-type]
        with work.reading() as tx:
            found = tx.outbox.due()[0]
        assert (found.id, found.payload) == (item, odd)
        assert list(found.payload) == ["z", "a", "Đ"]

    def test_json_without_a_number_is_a_bug(self, work: Work) -> None:
        with pytest.raises((ValueError, StatementError), match="JSON compliant"), work.begin() as tx:
            tx.outbox.add("x", "d", {"n": float("nan")})

    def test_fields_come_back(self, work: Work) -> None:
        evidence = {"number": FieldValue("123-CV/TU", 0.1 + 0.2, 1, (Box(1, 2, 3, 4),))}
        fields = Fields(number="123-CV/TU", subject="Về việc\x00 \ud800", evidence=evidence)
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            tx.documents.propose(a_document("d1", batch))
            tx.documents.update_fields("d1", fields, 1)
        with work.reading() as tx:
            assert tx.documents.get(SYSTEM, "d1").fields == fields

    def test_bytes_and_numbers(self, work: Work, tables: Tables) -> None:
        every = bytes(range(256)) * 300
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            file = tx.batches.add_file(batch, replace(NEW_FILE, size=2**62))
            page = replace(a_page("p1", batch, file.id, 1), dpi=299.99999999999994, exact=False)
            tx.pages.add_many([page])
            assert (file.size, tx.pages.of_batch(batch)[0].dpi, tx.pages.of_batch(batch)[0].exact) == (
                2**62, 299.99999999999994, False,
            )  # fmt: skip
        with tables.writing() as connection:
            connection.execute(insert(page_texts).values(page_id="p1", text="", reading=every))
        with tables.reading() as connection:
            found = connection.execute(select(page_texts.c.reading)).scalar_one()
            exact = connection.execute(select(pages.c.exact)).scalar_one()
        assert (type(found), found, type(exact)) == (bytes, every, bool)

    def test_what_was_left_out_is_what_the_code_says(self, work: Work, tables: Tables) -> None:
        with tables.writing() as connection:
            connection.execute(
                insert(accounts).values(
                    id="x", login="x", password_hash="", roles="", active=True, created_at=datetime.now(UTC)
                )
            )
            assert connection.execute(select(accounts.c.name)).scalar_one() == ""

    def test_numbers_of_notes_never_come_back(self, work: Work) -> None:
        with work.begin() as tx:
            first = tx.outbox.add("x", "d")
            tx.outbox.done(first)
        with work.begin() as tx:
            assert tx.outbox.add("x", "d") > first

    def test_text_is_ordered_and_compared_by_code_point(self, work: Work, tables: Tables) -> None:
        right = sorted(WORDS, key=lambda word: word.encode())
        with tables.writing() as connection:
            for number, word in enumerate(WORDS):
                connection.execute(
                    insert(batches).values(
                        id=str(number),
                        title=word,
                        created_by="x",
                        options={},
                        state=word,
                        created_at=datetime.now(UTC),
                    )
                )
        with tables.reading() as connection:
            for column in (batches.c.title, batches.c.state):
                assert list(connection.execute(select(column).order_by(column)).scalars()) == right
                over = select(column).where(column > "a-b").order_by(column)
                assert list(connection.execute(over).scalars()) == right[right.index("a-b") + 1 :]
            assert connection.execute(select(batches.c.id).where(batches.c.title == "đảng")).all() == [("1",)]

    def test_newest_first_is_the_same_everywhere(self, work: Work) -> None:
        """Documents made in the same moment come by id, letter by letter."""
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            for name in ("b", "B", "a-1", "a1", "_", "đ"):
                tx.documents.propose(a_document(name, batch))
        with work.reading() as tx:
            found, _ = tx.documents.find(DIGITIZER)
            assert [d.id for d in found] == sorted((d.id for d in found), key=str.encode, reverse=True)
            first, _ = tx.documents.find(DIGITIZER, limit=4)
            rest, _ = tx.documents.find(DIGITIZER, limit=4, offset=4)
            assert first + rest == found

    def test_every_table_is_there(self, tables: Tables) -> None:
        with tables.reading() as connection:
            for table in METADATA.tables.values():
                assert connection.execute(select(table).limit(1)).all() == []
