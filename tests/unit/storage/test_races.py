"""Many writers at once in SQLite, where they take turns."""

from tests.cases.races import RaceCases


class TestRaces(RaceCases):
    """The shared cases."""
