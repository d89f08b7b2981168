"""Receiving on SQLite and a folder."""

from tests.cases.receiving import ReceivingCases


class TestReceiving(ReceivingCases):
    pass
