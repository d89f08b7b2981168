"""Run the migrations from code: one transaction, one process at a time, backwards only by an operator's own hand.

A process of the version before may go on working beside the new tables: a revision adds and never takes away what
that version knows; what is no longer used goes one version later.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from records.errors import ArchiveFault
from storage.crashpoint import crashpoint
from storage.profile import profile_of

FOLDER = Path(__file__).parent / "migrations"


class DatabaseTooNew(ArchiveFault):
    """A newer Vanthu has worked on this database; this one would not understand it."""

    code = "database-too-new"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"database is at revision {found}, unknown to this version",
            tell="Cơ sở dữ liệu này do phiên bản Vanthu mới hơn tạo ra. Dữ liệu chưa bị thay đổi. "
            "Hãy cài phiên bản mới hơn rồi chạy lại.",
        )


class DatabaseForeign(ArchiveFault):
    """The database has tables that are not ours."""

    code = "database-foreign"

    def __init__(self) -> None:
        super().__init__(
            "database has tables but no revision",
            tell="Cơ sở dữ liệu này không phải của Vanthu. Dữ liệu chưa bị thay đổi. "
            "Hãy kiểm tra VANTHU_DATABASE_URL hoặc thư mục dữ liệu.",
        )


class DatabaseNotOurs(ArchiveFault):
    """The role of the application may use the tables, not change them (see postgres_roles.sql)."""

    code = "database-not-owner"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"this role may not migrate: {reason}",
            tell="Tài khoản cơ sở dữ liệu này không có quyền đổi cấu trúc bảng. Dữ liệu chưa bị thay đổi. "
            "Hãy chạy “vanthu migrate” bằng tài khoản chủ sở hữu cơ sở dữ liệu.",
        )


def current(connection: Connection) -> str:
    """Return the revision of the tables, "" when there are none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision inside the open writing transaction of `connection`.

    Raises `DatabaseTooNew`, `DatabaseForeign`, `DatabaseNotOurs`.
    """
    with profile_of(connection).migrating(connection), _owner(connection):
        found = current(connection)
        if found:
            _must_know(found)
        elif inspect(connection).get_table_names():
            raise DatabaseForeign
        command.upgrade(_config(connection), "head")
        crashpoint("migration-tables-made")


def downgrade(connection: Connection, revision: str) -> None:
    """Take the tables back to `revision` inside the open writing transaction of `connection`.

    Only after a copy was made, and with every process of this version stopped: rows that only this version has are
    gone. Raises `DatabaseTooNew`, `DatabaseNotOurs`.
    """
    with profile_of(connection).migrating(connection), _owner(connection):
        _must_know(current(connection))
        command.downgrade(_config(connection), revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _owner(connection: Connection) -> Iterator[None]:
    try:
        yield
    except DBAPIError as fault:
        if profile_of(connection).not_allowed(fault):
            raise DatabaseNotOurs(str(fault.orig).strip()) from fault
        raise


def _must_know(revision: str) -> None:
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as fault:
        raise DatabaseTooNew(revision) from fault
