"""On PostgreSQL the engine's tables are dropped, and not from under somebody who works on them."""

from datetime import UTC, datetime

import psycopg
import pytest

from records.errors import Away
from storage.engine_memory import SCHEMA, forget_work

pytestmark = pytest.mark.joined

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


def test_tables_of_the_engine_are_dropped_and_nothing_else(postgres_database: tuple[str, str]) -> None:
    url, password = f"{postgres_database[0]}_engine", postgres_database[1]
    assert forget_work(url, password, NOW) is False, "a database that is not there has no memory"
    with psycopg.connect(url, password=password, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")  # type: ignore[call-overload]
        connection.execute(f"CREATE TABLE {SCHEMA}.workflow_status (id text)")  # type: ignore[call-overload]
        connection.execute("CREATE TABLE somebody_else (id text)")
        with connection.transaction():
            connection.execute(f"SELECT * FROM {SCHEMA}.workflow_status")  # type: ignore[call-overload]
            with pytest.raises(Away) as fault:
                forget_work(url, password, NOW)
            assert fault.value.code == "engine-away"
        assert forget_work(url, password, NOW) is True
        assert connection.execute("SELECT count(*) FROM somebody_else").fetchone() == (0,)
    assert forget_work(url, password, NOW) is False
