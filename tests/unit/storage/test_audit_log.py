"""The audit log from inside: gap-free, in step with the effect, closed against change, readable by few."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from records.access import SYSTEM, Actor, Role
from records.errors import NotAllowed
from storage.audit import FIRST, AuditAltered
from storage.audit_tree import Frontier, leaf_hash, merkle_root
from storage.audit_verify import Tree
from storage.tables import open_tables
from storage.work import Work

REST = "time, actor, action, object, outcome, details, prev_hash, leaf_hash"
ADMIN = Actor("q", "Quản trị", frozenset({Role.ADMINISTRATOR}))


def test_events_are_numbered_and_chained(work: Work, clock) -> None:
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


def test_bytes_of_an_event_are_as_the_decision_says(work: Work, clock) -> None:
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
    "statement",
    [
        "UPDATE audit SET actor = 'x' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        f"INSERT OR REPLACE INTO audit SELECT 2, {REST.replace('actor', 'action')} FROM audit WHERE seq = 2",
        f"INSERT INTO audit SELECT 9, {REST} FROM audit WHERE seq = 3",
    ],
)
def test_the_database_refuses_changes(work: Work, statement: str) -> None:
    with work.begin() as tx:
        for _ in range(3):
            tx.audit.append("a", "b", "c", "done")
    with pytest.raises(IntegrityError, match="audit"), work.begin() as tx:
        tx.audit._ground.connection.exec_driver_sql(statement)


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
def test_details_carry_no_secrets_and_no_texts(work: Work, details: dict[str, str]) -> None:
    with work.begin() as tx:
        with pytest.raises(ValueError, match=r"."):
            tx.audit.append("a", "b", "c", "done", details)
        assert tx.audit.append("a", "b", "c", "done") == 1


def test_names_from_foreign_file_systems(work: Work) -> None:
    with work.begin() as tx:
        tx.audit.append("a", "file-refused", "x\udcff\x00", "refused", {"name": "y\udcff"})
        (event,) = tx.audit.list(ADMIN, object_id="x\udcff\x00")
    assert event.details == {"name": "y\ufffd"}


def test_list_of_one_object_and_in_parts(work: Work) -> None:
    with work.begin() as tx:
        for number in range(10):
            tx.audit.append("a", "read", f"d{number % 2}", "done")
        assert [e.seq for e in tx.audit.list(ADMIN, "d0")] == [9, 7, 5, 3, 1]
        assert [e.seq for e in tx.audit.list(ADMIN, limit=3, before=6)] == [5, 4, 3]


@pytest.mark.parametrize(
    "reader", [SYSTEM, Actor("r", "r", frozenset({Role.READER})), Actor("n", "n", frozenset())]
)
def test_only_an_administrator_reads_it(work: Work, reader: Actor) -> None:
    with work.reading() as tx, pytest.raises(NotAllowed):
        tx.audit.list(reader)


def test_head_is_the_rfc_root(work: Work) -> None:
    with work.begin() as tx:
        empty = tx.audit.head()
        assert (empty.count, empty.root) == (0, hashlib.sha256(b"").hexdigest())
        for number in range(7):
            tx.audit.append("a", "b", str(number), "done")
        head = tx.audit.head()
        leaves = [bytes.fromhex(event.leaf_hash) for event in tx.audit.list(ADMIN)][::-1]
    assert head.count == 7
    assert bytes.fromhex(head.root) == _by_the_book(leaves)
    assert json.loads(head.to_json()) == {"count": 7, "root": head.root, "time": "2026-11-23T15:00:00+07:00"}


def _by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + _by_the_book(leaves[:k]) + _by_the_book(leaves[k:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_both_trees_are_the_book(data: list[bytes]) -> None:
    leaves = [leaf_hash(piece) for piece in data]
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert merkle_root(leaves) == _by_the_book(leaves)
    assert tree.root() == _by_the_book(leaves).hex()


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40), st.integers(0, 40))
def test_a_tree_goes_on_from_where_it_was_kept(leaves: list[bytes], cut: int) -> None:
    kept = Frontier.from_text(Frontier().grown(leaves[:cut]).to_text())
    grown = kept.grown(leaves[cut:])
    assert grown.root() == _by_the_book(leaves)
    assert (grown.count, len(grown.nodes)) == (len(leaves), len(leaves).bit_count())
    assert grown.last == (leaves[-1] if leaves else bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "0",
        "x 00",
        f"2 {'00' * 32}",
        f"1 {'00' * 32} {'00' * 31}",
        f"-1 {'00' * 32}",
        f"1 00 {'00' * 32}",
    ],
)
def test_a_kept_tree_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Frontier.from_text(text)


def fill(work: Work, count: int) -> list[bytes]:
    with work.begin() as tx:
        for number in range(1, count + 1):
            tx.audit.append(
                "người-1", "read", f"d{number}", "done", {"ratio": 0.1 * number, "n": number, "s": 'Đ"\n'}
            )
    with work.reading() as tx:
        return [data for data, _ in tx.audit.checked(1, count, bytes(32))]


def test_checked_gives_the_bytes_and_names_what_is_wrong(work: Work) -> None:
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


def test_events_kept_elsewhere_are_taken_back_to_the_letter(work: Work, tmp_path: Path, clock) -> None:
    lines = fill(work, 7)
    tables = open_tables(f"sqlite:///{tmp_path}/other.db")
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


def test_nothing_foreign_is_taken_back(work: Work, tmp_path: Path, clock) -> None:
    lines = fill(work, 5)
    tables = open_tables(f"sqlite:///{tmp_path}/other.db")
    tables.migrate()
    other = Work(tables, clock)
    foreign: list[list[bytes]] = [
        lines[1:],  # a gap
        [lines[0], lines[2]],
        [lines[0], lines[1].replace(b"read", b"raed"), *lines[2:]],  # changed: the next one does not follow
        [lines[0].replace(b'"n":1', b'"n":1.0')],  # the same meaning in other bytes
        [lines[0].replace(b'"seq":1', b'"seq":"1"')],
        [b"{}"],
        [b"nonsense"],
        [b'{"details":' * 5000],
    ]
    for coming in foreign:
        with pytest.raises(AuditAltered), other.begin() as tx:
            tx.audit.take_back(coming)
    with other.begin() as tx:
        assert tx.audit.newest() == 0
        tx.audit.append("a", "went", "on", "done")
    with pytest.raises(AuditAltered, match="event 1 of the log is not"), other.begin() as tx:
        tx.audit.take_back(lines)
    tables.dispose()
