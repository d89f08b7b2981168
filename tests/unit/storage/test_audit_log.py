"""The audit log in SQLite, and the trees over it, which know no database."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from storage.audit import AuditAltered
from storage.audit_tree import Frontier, leaf_hash, merkle_root
from storage.audit_verify import Tree
from storage.work import Work
from tests.cases.audit_rows import REST, AuditRowCases, by_the_book, fill
from tests.cases.database import migrated


class TestAuditRows(AuditRowCases):
    """The shared cases."""


def test_no_replacing_past_the_triggers(work: Work) -> None:
    """SQLite lets INSERT OR REPLACE past DELETE triggers."""
    with work.begin() as tx:
        for _ in range(3):
            tx.audit.append("a", "b", "c", "done")
    again = (
        f"INSERT OR REPLACE INTO audit SELECT 2, {REST.replace('actor', 'action')} FROM audit WHERE seq = 2"
    )
    with pytest.raises(IntegrityError, match="audit"), work.begin() as tx:
        tx.audit._ground.connection.exec_driver_sql(again)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=70))
def test_both_trees_are_the_book(data: list[bytes]) -> None:
    leaves = [leaf_hash(piece) for piece in data]
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert merkle_root(leaves) == by_the_book(leaves)
    assert tree.root() == by_the_book(leaves).hex()


@settings(deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40), st.integers(0, 40))
def test_a_tree_goes_on_from_where_it_was_kept(leaves: list[bytes], cut: int) -> None:
    kept = Frontier.from_text(Frontier().grown(leaves[:cut]).to_text())
    grown = kept.grown(leaves[cut:])
    assert grown.root() == by_the_book(leaves)
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


def test_nothing_foreign_is_taken_back(work: Work, tmp_path: Path, clock) -> None:
    lines = fill(work, 5)
    tables = migrated(tmp_path / "other.db")
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
