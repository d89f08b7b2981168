"""Rebuilding on SQLite and a folder."""

from tests.cases.rebuilding import RebuildCases


class TestRebuild(RebuildCases):
    pass
