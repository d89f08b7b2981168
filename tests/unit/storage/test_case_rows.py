"""Cases in SQLite."""

from tests.cases.case_rows import CaseRowCases


class TestCaseRows(CaseRowCases):
    """The shared cases."""
