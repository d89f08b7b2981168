"""Receiving on SQLite and a folder."""

from tests.cases.receiving import ReceivingPointCases


class TestReceiving(ReceivingPointCases):
    pass
