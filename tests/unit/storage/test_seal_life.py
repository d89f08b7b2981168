"""Lives of sealed files in SQLite."""

from tests.cases.seal_life_rows import SealLifeRowCases


class TestSealLifeRows(SealLifeRowCases):
    """The shared cases."""
