"""A process that moves cases is killed at the commit: the move is wholly there or not at all, and asked for again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from procedures.cases import see_case
from records.clock import SystemClock
from records.parties import parties_for
from storage.work import Work
from tests.cases.database import Database, SqliteDatabase
from tests.cases.procedure_world import LAN, MEMBER, Office, audited, history_told

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]
MOVE = """
import os
from procedures.asking import Ask
from procedures.cases import move_case, open_case
from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work
from tests.cases.procedure_world import LAN, MEMBER, Office, SENDING, TRANSFER_FORM
tables = open_tables(os.environ["TEST_DATABASE"], os.environ["TEST_PASSWORD"])
tools = Office(Work(tables, SystemClock())).tools
form = {**TRANSFER_FORM, "late_reason": "Ốm"}
case = open_case(tools, LAN, "official-transfer", Ask("open", "k1", bodies=SENDING, values=form), MEMBER)
move_case(tools, LAN, case.id, 1, Ask("submit", "k2"))
tables.dispose()
"""


def run(database: Database, crash: str) -> int:
    said = {"TEST_DATABASE": database.url, "TEST_PASSWORD": database.password, "VANTHU_CRASHPOINT": crash}
    return subprocess.run(
        [sys.executable, "-c", MOVE], env={**os.environ, **said}, cwd=ROOT, check=False
    ).returncode


class CaseKillCases:
    @pytest.mark.parametrize(
        ("crash", "kept"),
        [
            ("rows-before-commit", []),
            ("rows-after-commit", ["open"]),
            ("rows-before-commit:2", ["open"]),
            ("rows-after-commit:2", ["open", "submit"]),
        ],
    )
    def test_killed_at_a_commit(self, empty_database: Database, crash: str, kept: list[str]) -> None:
        tables = empty_database.open()
        tables.migrate()
        office = Office(Work(tables, SystemClock()))
        assert run(empty_database, crash) == -9
        with office.work.reading() as tx:
            found, _ = tx.cases.visible(parties_for("", MEMBER, ()))
            assert [move.move for case in found for move in tx.cases.history(case.id)] == kept
        assert run(empty_database, "") == 0
        with office.work.reading() as tx:
            (case,), _ = tx.cases.visible(parties_for("", MEMBER, ()))
        seen = see_case(office.tools, LAN, case.id)
        assert [move.move for move in seen.history] == ["open", "submit"]
        assert audited(office.work, case.id) == history_told(office.work, case.id)
        assert empty_database.events() == 2
        tables.dispose()


class TestSqlite(CaseKillCases):
    @pytest.fixture
    def empty_database(self, tmp_path: Path) -> SqliteDatabase:
        return SqliteDatabase(tmp_path / "vanthu.db")


class TestPostgres(CaseKillCases): ...
