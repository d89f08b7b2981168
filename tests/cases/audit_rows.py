"""The audit log from inside: gap-free, in step with the effect, closed against change, readable by few."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from records.access import SYSTEM, Actor, Role
from records.errors import NotAllowed
from storage.audit import FIRST, AuditAltered
from storage.audit_tree import leaf_hash
from storage.work import Work
from tests.cases.database import Database

REST = "time, actor, action, object, outcome, details, prev_hash, leaf_hash"
ADMIN = Actor("q", "Quản trị", frozenset({Role.ADMINISTRATOR}))


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + by_the_book(leaves[:k]) + by_the_book(leaves[k:])).digest()


def fill(work: Work, count: int) -> list[bytes]:
    with work.begin() as tx:
        for number in range(1, count + 1):
            tx.audit.append(
                "người-1", "read", f"d{number}", "done", {"ratio": 0.1 * number, "n": number, "s": 'Đ"\n'}
            )
    with work.reading() as tx:
        return [data for data, _ in tx.audit.checked(1, count, bytes(32))]


class AuditRowCases:
    """What the log must do on every database."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit SET actor = 'x' WHERE seq = 2",
            "UPDATE audit SET seq = 4 WHERE seq = 3",
            "DELETE FROM audit WHERE seq = 3",
            "DELETE FROM audit",
            f"INSERT INTO audit SELECT 9, {REST} FROM audit WHERE seq = 3",
            f"INSERT INTO audit SELECT 3, {REST} FROM audit WHERE seq = 3",
            f"INSERT INTO audit SELECT 0, {REST} FROM audit WHERE seq = 3",
            f"INSERT INTO audit SELECT NULL, {REST} FROM audit WHERE seq = 3",
            f"INSERT INTO audit SELECT seq + 4, {REST} FROM audit",
            f"INSERT INTO audit SELECT 2, {REST} FROM audit WHERE seq = 2 "
            "ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
        ],
    )
    def test_the_database_refuses_changes(self, work: Work, statement: str) -> None:
        with work.begin() as tx:
            for _ in range(3):
                tx.audit.append("a", "b", "c", "done")
        with pytest.raises(IntegrityError, match="audit"), work.begin() as tx:
            tx.audit._ground.connection.exec_driver_sql(statement)
        with work.begin() as tx:
            assert tx.audit.append("a", "b", "c", "done") == 4

    def test_events_are_numbered_and_chained(self, work: Work, clock) -> None:
        with work.begin() as tx:
            for number in range(1, 6):
                assert (
                    tx.audit.append("a1", "document-archived", f"d{number}", "done", {"version": number})
                    == number
                )
        with work.reading() as tx:
            events = tx.audit.list(ADMIN)
            rows = tx.audit._ground.connection.exec_driver_sql(
                "SELECT prev_hash, leaf_hash FROM audit ORDER BY seq"
            ).all()
        assert [event.seq for event in events] == [5, 4, 3, 2, 1]
        assert (events[0].object_id, events[0].details, events[0].time) == ("d5", {"version": 5}, clock.now())
        assert [row[0] for row in rows] == [FIRST, *(row[1] for row in rows[:-1])]

    def test_bytes_of_an_event_are_as_the_decision_says(self, work: Work, clock) -> None:
        """Written out by hand, so that a slip in the code cannot hide in both places."""
        clock.at = datetime(2026, 11, 23, 1, 2, 3, 45, tzinfo=UTC)
        with work.begin() as tx:
            tx.audit.append("người-1", "batch-finished", "lô\t1", "done", {"b": 'x"y', "a": 1.0, "c": None})
            kept = tx.audit._ground.connection.exec_driver_sql("SELECT leaf_hash FROM audit").scalar_one()
        data = (
            '{"action":"batch-finished","actor":"người-1","details":{"a":1,"b":"x\\"y","c":null},"object":"lô\\t1",'
            f'"outcome":"done","prev":"{"0" * 64}","seq":1,"time":"2026-11-23T01:02:03.000045Z"}}'
        )
        assert kept == hashlib.sha256(b"\x00" + data.encode()).hexdigest()

    @pytest.mark.parametrize(
        "details",
        [
            {"password": "x"},
            {"Token": "x"},
            {"text": "toàn văn"},
            {"note": "x" * 1001},
            {"n": 2**60},
            {"n": float("nan")},
        ],
    )
    def test_details_carry_no_secrets_and_no_texts(self, work: Work, details: dict[str, str]) -> None:
        with work.begin() as tx:
            with pytest.raises(ValueError, match=r"."):
                tx.audit.append("a", "b", "c", "done", details)
            assert tx.audit.append("a", "b", "c", "done") == 1

    def test_names_from_foreign_file_systems(self, work: Work) -> None:
        with work.begin() as tx:
            tx.audit.append("a", "file-refused", "x\udcff\x00", "refused", {"name": "y\udcff"})
            (event,) = tx.audit.list(ADMIN, object_id="x\udcff\x00")
        assert event.details == {"name": "y\ufffd"}

    def test_list_of_one_object_and_in_parts(self, work: Work) -> None:
        with work.begin() as tx:
            for number in range(10):
                tx.audit.append("a", "read", f"d{number % 2}", "done")
            assert [e.seq for e in tx.audit.list(ADMIN, "d0")] == [9, 7, 5, 3, 1]
            assert [e.seq for e in tx.audit.list(ADMIN, limit=3, before=6)] == [5, 4, 3]

    @pytest.mark.parametrize(
        "reader", [SYSTEM, Actor("r", "r", frozenset({Role.READER})), Actor("n", "n", frozenset())]
    )
    def test_only_an_administrator_reads_it(self, work: Work, reader: Actor) -> None:
        with work.reading() as tx, pytest.raises(NotAllowed):
            tx.audit.list(reader)

    def test_head_is_the_rfc_root(self, work: Work) -> None:
        with work.begin() as tx:
            empty = tx.audit.head()
            assert (empty.count, empty.root) == (0, hashlib.sha256(b"").hexdigest())
            for number in range(7):
                tx.audit.append("a", "b", str(number), "done")
            head = tx.audit.head()
            leaves = [bytes.fromhex(event.leaf_hash) for event in tx.audit.list(ADMIN)][::-1]
        assert head.count == 7
        assert bytes.fromhex(head.root) == by_the_book(leaves)
        assert json.loads(head.to_json()) == {
            "count": 7,
            "root": head.root,
            "time": "2026-11-23T15:00:00+07:00",
        }

    def test_checked_gives_the_bytes_and_names_what_is_wrong(self, work: Work) -> None:
        lines = fill(work, 9)
        with work.reading() as tx:
            part = list(tx.audit.checked(4, 6, leaf_hash(lines[2])))
            assert part == [(line, leaf_hash(line)) for line in lines[3:6]]
            assert list(tx.audit.leaves(1, 0)) == []
            assert tx.audit.newest() == 9
            with pytest.raises(AuditAltered, match="event 4 does not follow"):
                list(tx.audit.checked(4, 6, bytes(32)))
            with pytest.raises(AuditAltered, match="event 10 is missing"):
                list(tx.audit.checked(9, 10, leaf_hash(lines[7])))

    def test_events_kept_elsewhere_are_taken_back_to_the_letter(
        self, work: Work, empty_database: Database, clock
    ) -> None:
        lines = fill(work, 7)
        tables = empty_database.open()
        tables.migrate()
        other = Work(tables, clock)
        with other.begin() as tx:
            assert tx.audit.take_back(lines[:3]) == 3
        with other.begin() as tx:
            assert tx.audit.take_back(lines[1:]) == 4
            assert tx.audit.append("a", "b", "c", "done") == 8
        with work.reading() as tx, other.reading() as copy:
            assert tx.audit.list(ADMIN) == copy.audit.list(ADMIN)[1:]
        tables.dispose()
