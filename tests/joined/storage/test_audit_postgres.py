"""The audit log on the real servers: kept on PostgreSQL and S3, checked by the stranger, forged by the owner."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

import storage.audit_verify
from records.clock import FixedClock
from signing.demo_pki import create_demo_pki
from storage.audit_tree import Frontier
from storage.audit_verify import Head, check, events, sources
from storage.audit_verify.sources import Missing
from storage.blobs import BlobStore, open_blobs
from storage.s3 import S3Store
from storage.work import Work
from tests.cases.audit_edits import WAYS, Row
from tests.cases.audit_keeper import AuditKeeperCases, do, unlock
from tests.cases.database import PostgresDatabase

pytestmark = pytest.mark.joined

TRIES = 3
COUNT = 40
HEADS = (9, 23, COUNT)


@pytest.fixture(scope="module")
def demo_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "keys"
    create_demo_pki(folder, "Lưu trữ thử nghiệm", FixedClock(datetime(2026, 11, 1, tzinfo=UTC)))
    return folder


class TestKeeper(AuditKeeperCases):
    @pytest.fixture
    def store(self, s3_copy_bucket: tuple[str, str, str]) -> BlobStore:
        opened = open_blobs(*s3_copy_bucket)
        assert isinstance(opened, S3Store)
        return opened


@contextmanager
def owner(database: PostgresDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url, password=database.password, autocommit=True) as connection:
        yield connection


def test_every_forgery_is_found_in_its_place(work: Work, database: PostgresDatabase) -> None:
    do(work, COUNT)
    with work.reading() as tx:
        leaves = list(tx.audit.leaves(1, COUNT))
    heads = [Head(count, Frontier().grown(leaves[:count]).root().hex(), f"{count}.note") for count in HEADS]
    assert check(events(database.url, database.password), heads).intact
    unlock(database)
    with owner(database) as connection:
        rows: list[Row] = connection.execute(f"SELECT {sources._COLUMNS} FROM audit ORDER BY seq").fetchall()
        for way in WAYS:
            dice = random.Random(f"33 {way.__name__}")
            for _ in range(TRIES):
                forged = way(dice, rows)
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.execute("TRUNCATE audit")
                    cursor.executemany(
                        "INSERT INTO audit VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", forged.rows
                    )
                assert check(events(database.url, database.password)).intact is forged.hidden, forged.kind
                found = check(events(database.url, database.password), heads)
                assert found.bad_seq is not None and found.until_seq is not None, forged.kind
                assert found.bad_seq <= forged.first <= found.until_seq, (forged.kind, found)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The verifier's folder alone, as a program, with nothing of ours on its path."""
    alone = shutil.copytree(Path(storage.audit_verify.__file__).parent, tmp_path / "alone")

    def ran(*words: object, password: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(alone), *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PGPASSWORD": password},
        )

    return ran


def test_the_program_reads_the_database(
    work: Work,
    database: PostgresDatabase,
    run: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    do(work, 5)
    done = run("verify", database.url, "--json", password=database.password)
    assert (done.returncode, json.loads(done.stdout)["count"]) == (0, 5), done.stderr
    (tmp_path / "password").write_text(database.password + "\n")
    done = run("prove", database.url, 3, "--password-file", tmp_path / "password")
    assert (done.returncode, json.loads(done.stdout)["seq"]) == (0, 3)
    unlock(database)
    database.ask("UPDATE audit SET outcome = 'denied' WHERE seq = 4")
    done = run(database.url, "--json", password=database.password)
    assert (done.returncode, json.loads(done.stdout)["bad_seq"]) == (1, 4)


def test_a_server_that_does_not_answer_is_no_verdict(
    postgres_database: tuple[str, str], run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    database = PostgresDatabase(*postgres_database)
    away = run("postgresql://nobody@127.0.0.1:9/none")
    assert (away.returncode, away.stdout) == (4, "")
    assert "Chưa kết luận gì" in away.stderr
    empty = run(database.url, password=database.password)  # no table yet
    assert (empty.returncode, empty.stdout) == (2, "")
    wrong = run(database.url, password="not the password")
    assert wrong.returncode == 4
    for done in (away, empty, wrong):
        assert "Traceback" not in done.stderr
        assert not database.password or database.password not in done.stderr


def test_a_connection_that_is_lost_is_no_verdict(work: Work, database: PostgresDatabase) -> None:
    do(work, 5)
    log = events(database.url, database.password)
    with owner(database) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%audit%'"
        )
    with pytest.raises(Missing):
        list(log)
