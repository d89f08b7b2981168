"""Transactions in SQLite: one writer at a time, durable, and no other kind of address taken for one."""

from pathlib import Path

import pytest

from records.errors import Away
from storage import sqlite
from storage.tables import Tables, open_tables
from storage.work import Work
from tests.cases.transactions import TransactionCases


class TestTransactions(TransactionCases):
    """The shared cases."""


def test_writer_that_waits_too_long_says_so(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    first, second = (open_tables(f"sqlite:///{tmp_path}/vanthu.db") for _ in range(2))
    try:
        with first.writing(), pytest.raises(Away) as fault, Work(second, work.clock).begin():
            pass
        assert fault.value.code == "database-busy"
        assert "thử lại" in fault.value.tell
    finally:
        first.dispose()
        second.dispose()


def test_connections_are_durable(tables: Tables) -> None:
    with tables.reading() as connection:
        ask = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert ask == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://x/y",
        "postgres://u@h/d",
        "postgresql+psycopg2://u@h/d",
        "",
        "no address",
    ],
)
def test_addresses_without_a_profile(url: str) -> None:
    with pytest.raises(ValueError, match="no database profile"):
        open_tables(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h:5432/d",
        "postgresql://u:@h:5432/d",
        "postgresql://u@h:5432/d?password=hunter2",
        "postgresql://u@h:5432/d?options=hunter2",
        "postgresql://u@h:5432",
        "postgresql://u@/d",
        "postgresql://u:hunter2@h:port/d",
        "sqlite:///x.db",
    ],
)
def test_unfit_addresses_are_refused_and_not_repeated(url: str) -> None:
    """Above all: a password in an address is refused, and does not come out in the message."""
    with pytest.raises(ValueError, match=r"address|profile") as fault:
        open_tables(url, "" if url.startswith("postgres") else "hunter2")
    assert "hunter2" not in str(fault.value)
    assert "hunter2" not in repr(fault.value.__cause__)
