"""Backup and restore on SQLite and a folder."""

from tests.cases.backing_up import BackupDamageCases


class TestBackup(BackupDamageCases):
    pass
