"""Pages in SQLite."""

from tests.cases.page_rows import PageRowCases


class TestPageRows(PageRowCases):
    """The shared cases."""
