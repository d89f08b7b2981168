"""Backup and restore on SQLite and a folder."""

from tests.cases.backing_up import BackupCases


class TestBackup(BackupCases):
    pass
