"""Many writers number papers while their processes are killed: no gap, no double, nothing acknowledged is lost.

The long campaign is `make numbering`.
"""

from pathlib import Path

import pytest

from tests.cases.database import PostgresDatabase, SqliteDatabase
from tests.tools.numbering import Campaign, run

pytestmark = pytest.mark.joined

SHORT = Campaign(writers=20, papers=20, processes=2, kills=3)


def test_on_sqlite(tmp_path: Path) -> None:
    counted = run(SqliteDatabase(tmp_path / "vanthu.db"), SHORT, tmp_path)
    assert counted["issued"] == 400


def test_on_postgres(postgres_database: tuple[str, str], tmp_path: Path) -> None:
    counted = run(PostgresDatabase(*postgres_database), SHORT, tmp_path)
    assert counted["issued"] == 400
