"""Values in SQLite and back."""

from tests.cases.row_values import RowValueCases


class TestRowValues(RowValueCases):
    """The shared cases."""
