"""Numbers of outgoing papers in SQLite."""

from tests.cases.numbering import NumberingCases


class TestNumbering(NumberingCases):
    """The shared cases."""
