"""Migrations: from nothing to this version, whole or not at all, safe to kill and to run beside the version before."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command

from records.access import SYSTEM
from storage import migrate
from storage.migrate import DatabaseForeign, DatabaseTooNew
from storage.tables import REVISION, Tables
from storage.work import Work
from tests.cases.database import Database
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page, archived

ROOT = Path(__file__).parents[2]
MIGRATE = """
import os
from storage.tables import open_tables
tables = open_tables(os.environ["TEST_DATABASE"], os.environ["TEST_PASSWORD"])
tables.migrate()
tables.dispose()
"""
NEW_TABLES = {"heads", "intents", "leases", "objects", "passes", "replies"}
NEW_TABLES |= {"seal_certificates", "seal_life", "signing_batches", "signings"}
NEW_TABLES |= {"prepared_signatures"}
NEW_TABLES |= {"units", "unit_versions", "unit_endings", "posts", "delegations"}
NEW_TABLES |= {"members", "memberships", "member_marks"}
NEW_TABLES |= {"number_periods", "number_series", "numbers"}
NEW_TABLES |= {"cases", "case_bodies", "case_moves", "case_versions"}
NEW_TABLES |= {"case_signings"}
NEW_TABLES |= {"reviews", "review_decisions"}
NEW_TABLES |= {"arrangement_log", "rescans"}
NEW_TABLES |= {"page_checks"}
NEW_TABLES |= {"saved_searches", "saved_hits", "issuer_names"}
NEW_TABLES |= {"secrecy_marks", "handover_lists"}
MOMENT = "'2026-11-23 08:00:00.000000+00:00'"
OF_THE_VERSION_BEFORE = (
    "INSERT INTO batches (id, created_by, options, state, created_at) VALUES ('{n}', 'x', '{{}}', 'started', {at})",
    "INSERT INTO files (id, batch_id, ordinal, idempotency_key, sha256, size, blob_key, media_type, state, received_at)"
    " VALUES ('{n}', '{n}', 1, 'k', 'aa', 12, 'received/aa/{n}.pdf', 'application/pdf', 'accepted', {at})",
    "INSERT INTO documents (id, batch_id, ordinal, fingerprint, state, level, fields, created_at, row_version)"
    " VALUES ('{n}', '{n}', 1, 'fp', 'archived', 'open', '{{}}', {at}, 1)",
    "INSERT INTO renditions (document_id, version, name, key, sha256, size, media_type)"
    " VALUES ('{n}', 1, 'access.pdf', 'documents/{n}/v1/access.pdf', 'bb', 34, 'application/pdf')",
    "INSERT INTO pages (id, batch_id, file_id, frame, ordinal, role, image_key, image_sha256, media_type, width,"
    " height, dpi, exact) VALUES ('{n}', '{n}', '{n}', 1, 1, 'content', 'pages/cc/{n}.jpg', 'cc', 'image/jpeg', 1, 1,"
    " 300, {true})",
)
"""What a process of the version before says; it knows nothing of the new tables."""


def old_rows(database: Database, name: str) -> None:
    true = "true" if database.url.startswith("postgres") else "1"
    for statement in OF_THE_VERSION_BEFORE:
        database.ask(statement.format(n=name, at=MOMENT, true=true))


def migrator(database: Database, crash: str = "") -> "subprocess.Popen[bytes]":
    """Start a process that migrates, and dies at the named point."""
    said = {
        "TEST_DATABASE": database.url,
        "TEST_PASSWORD": database.password,
        "VANTHU_CRASHPOINT": crash,
    }
    return subprocess.Popen([sys.executable, "-c", MIGRATE], env={**os.environ, **said}, cwd=ROOT)


def at_0001(database: Database) -> Tables:
    tables = database.open()
    with tables.writing() as connection, migrate.profile_of(connection).migrating(connection):
        command.upgrade(migrate._config(connection), "0001")
    return tables


class MigrationCases:
    @pytest.fixture
    def bare(self, empty_database: Database) -> Database:
        return empty_database

    def test_again_changes_nothing(self, tables: Tables, work: Work) -> None:
        with work.begin() as tx:
            tx.audit.append("a", "b", "c", "done")
        version = tables.version()
        assert version == REVISION
        tables.migrate()
        assert tables.version() == version
        with work.begin() as tx:
            assert tx.audit.append("a", "b", "c", "done") == 2

    def test_empty_database_has_no_version(self, bare: Database) -> None:
        tables = bare.open()
        assert tables.version() == ""
        tables.migrate()
        assert tables.version() == REVISION
        tables.dispose()

    def test_a_newer_database_is_left_alone(self, bare: Database) -> None:
        tables = bare.open()
        tables.migrate()
        bare.ask("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(DatabaseTooNew) as fault:
            tables.migrate()
        assert "phiên bản mới hơn" in fault.value.tell
        with pytest.raises(DatabaseTooNew), tables.writing() as connection:
            migrate.downgrade(connection, "0001")
        assert tables.version() == "9999"
        assert bare.tables() >= NEW_TABLES
        tables.dispose()

    def test_somebody_elses_database_is_left_alone(self, bare: Database) -> None:
        bare.ask("CREATE TABLE theirs (x int)")
        tables = bare.open()
        with pytest.raises(DatabaseForeign):
            tables.migrate()
        assert tables.version() == ""
        assert bare.tables() == {"theirs"}
        tables.dispose()

    def test_the_version_before_works_beside_the_new_tables(self, bare: Database, clock) -> None:
        """Its rows from before are entered in the register, and those it writes afterwards are read by us."""
        tables = at_0001(bare)
        old_rows(bare, "before")
        tables.migrate()
        old_rows(bare, "after")
        with Work(tables, clock).begin() as tx:
            entered = tx.objects.after("", 100)
            assert {(found.key, found.sha256, found.size) for found in entered} == {
                ("received/aa/before.pdf", "aa", 12),
                ("documents/before/v1/access.pdf", "bb", 34),
                ("pages/cc/before.jpg", "cc", -1),
            }
            assert all(found.kept_at == clock.now() for found in entered)
            for name in ("before", "after"):
                assert tx.documents.get(SYSTEM, name).batch_id == name
                assert tx.batches.progress(SYSTEM, name).pages == 1
        tables.dispose()

    def test_there_and_back_loses_nothing_the_version_before_knew(self, bare: Database, clock) -> None:
        tables = bare.open()
        tables.migrate()
        work = Work(tables, clock)
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            file = tx.batches.add_file(batch, NEW_FILE)
            tx.documents.propose(a_document("d1", batch))
            tx.pages.add_many([a_page("p1", batch, file.id, 1, document_id="d1", number=1)])
            made = tx.documents.archive("d1", archived())
            tx.objects.keep("elsewhere", "f" * 64, 1)
            tx.leases.take("leader", "w1", 60)
            tx.audit.append("a", "b", "c", "done")
        with tables.writing() as connection:
            migrate.downgrade(connection, "0001")
        assert tables.version() == "0001"
        assert not bare.tables() & NEW_TABLES
        old_rows(bare, "b2")
        tables.migrate()
        assert bare.tables() >= NEW_TABLES
        with work.begin() as tx:
            assert tx.documents.get(SYSTEM, "d1") == made
            assert tx.objects.known([NEW_FILE.blob_key, "pages/aa/p1.jpg", archived().renditions[0].key]) == {
                NEW_FILE.blob_key, "pages/aa/p1.jpg", archived().renditions[0].key,
            }  # fmt: skip
            assert tx.objects.count() == 6
            assert tx.audit.append("a", "b", "c", "done") == 2
        tables.dispose()

    def test_a_migration_that_fails_half_way_leaves_nothing(
        self, bare: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tables = bare.open()
        monkeypatch.setattr(tables._profile, "AUDIT_TRIGGERS", ("CREATE NONSENSE",))
        with pytest.raises(Exception, match="NONSENSE"):
            tables.migrate()
        assert bare.tables() == set()
        monkeypatch.undo()
        tables.migrate()
        assert tables.version() == REVISION
        tables.dispose()

    def test_writers_go_on_after_a_migration_beside_them(self, tables: Tables, work: Work) -> None:
        """The pool has connections that were open before; none of them may keep what a migration has set."""
        ends: list[int] = []

        def write() -> None:
            for _ in range(5):
                with work.begin() as tx:
                    ends.append(tx.audit.append("a", "b", "c", "done"))

        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        with tables.writing() as connection:
            migrate.upgrade(connection)
        for writer in writers:
            writer.join()
        assert sorted(ends) == list(range(1, 16))


class MigrationProcessCases:
    """Migrating in several processes: a start of Python each, so a matter for the joined tests."""

    @pytest.mark.parametrize("point", ["migration-tables-made", "rows-before-commit"])
    def test_killed_half_way_leaves_the_old_version(self, empty_database: Database, point: str) -> None:
        assert migrator(empty_database, point).wait() == -9
        tables = empty_database.open()
        assert (tables.version(), empty_database.tables()) == ("", set())
        at_0001(empty_database).dispose()
        old_rows(empty_database, "b1")
        assert migrator(empty_database, point).wait() == -9
        assert tables.version() == "0001"
        assert not empty_database.tables() & NEW_TABLES
        tables.migrate()
        assert tables.version() == REVISION
        assert empty_database.ask("SELECT id FROM batches") == [("b1",)]
        tables.dispose()

    def test_several_may_migrate_at_once(self, empty_database: Database) -> None:
        several = [migrator(empty_database) for _ in range(3)]
        assert [one.wait() for one in several] == [0, 0, 0]
        tables = empty_database.open()
        assert tables.version() == REVISION
        tables.dispose()
