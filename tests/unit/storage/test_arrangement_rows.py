"""The rows of arranging on SQLite."""

from tests.cases.arrangement_rows import ArrangementRowCases


class TestArrangementRows(ArrangementRowCases):
    pass
