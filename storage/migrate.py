"""Run the migrations from code: one transaction, one process at a time, never backwards."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from records.errors import ArchiveFault

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
            tell="Tệp cơ sở dữ liệu này không phải của Vanthu. Dữ liệu chưa bị thay đổi. "
            "Hãy kiểm tra VANTHU_DATABASE_URL hoặc thư mục dữ liệu.",
        )


def current(connection: Connection) -> str:
    """Return the revision of the tables, "" when there are none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision inside the open writing transaction of `connection`."""
    found = current(connection)
    if found:
        _must_know(found)
    elif inspect(connection).get_table_names():
        raise DatabaseForeign
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _must_know(revision: str) -> None:
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as fault:
        raise DatabaseTooNew(revision) from fault
