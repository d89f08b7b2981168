"""Rebuilding on SQLite and a folder."""

from tests.cases.rebuilding import RebuildDamageCases


class TestRebuild(RebuildDamageCases):
    pass
