"""Many writers at once in SQLite, where they take turns."""

from tests.cases.races import RaceCases
from tests.cases.register_races import RegisterRaceCases


class TestRaces(RaceCases):
    """The shared cases."""


class TestRegisterRaces(RegisterRaceCases):
    """The shared cases."""
