"""Objects, intents, rounds, leases, answers and tree heads in SQLite."""

from tests.cases.register_rows import RegisterRowCases


class TestRegisterRows(RegisterRowCases):
    """The shared cases."""
