"""Papers to be signed in SQLite."""

from tests.cases.signing_rows import SigningRowCases


class TestSigningRows(SigningRowCases):
    """The shared cases."""
