"""Receiving, rebuilding, backing up and restoring on PostgreSQL and S3: the same promises as on one machine."""

import pytest

from tests.cases.backing_up import BackupCases
from tests.cases.rebuilding import RebuildCases
from tests.cases.receiving import ReceivingCases

pytestmark = pytest.mark.joined


class TestReceiving(ReceivingCases):
    pass


class TestRebuild(RebuildCases):
    pass


class TestBackup(BackupCases):
    pass
