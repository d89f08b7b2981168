"""Deliveries in SQLite."""

from tests.cases.batch_rows import BatchRowCases


class TestBatchRows(BatchRowCases):
    """The shared cases."""
