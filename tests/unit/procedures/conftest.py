"""A fresh SQLite database and a clock that tests can turn, as the tests of the rows have them."""

from tests.unit.storage.conftest import clock, database, tables, work

__all__ = ["clock", "database", "tables", "work"]
