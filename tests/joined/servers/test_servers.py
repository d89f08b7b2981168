"""The real servers behave as the other tests take for granted: fresh places, own keys, back after a kill -9."""

import json
import os
import stat
import urllib.request
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from minio import Minio
from minio.error import S3Error

from tests.tools.servers import NAMES, Servers

pytestmark = pytest.mark.joined


def test_a_database_is_empty_and_has_the_durability_of_the_server(postgres_database: tuple[str, str]) -> None:
    url, password = postgres_database
    with closing(psycopg.connect(url, password=password)) as connection:

        def ask(question: str) -> object:
            row = connection.execute(question).fetchone()
            return row and row[0]

        assert ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert (ask("SHOW fsync"), ask("SHOW synchronous_commit"), ask("SHOW full_page_writes")) == (
            "on",
        ) * 3
        assert ask("SHOW max_connections") == "200"


def test_the_wrong_password_opens_nothing(postgres_database: tuple[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres_database[0], password="guess").close()


def test_the_two_stores_have_their_own_keys(
    s3_bucket: tuple[str, str, str], s3_copy_bucket: tuple[str, str, str]
) -> None:
    _, access, secret = s3_bucket
    assert {access, secret}.isdisjoint(s3_copy_bucket[1:])
    other, _, bucket = s3_copy_bucket[0].removeprefix("s3+http://").partition("/")
    with pytest.raises(S3Error, match="InvalidAccessKeyId"):
        Minio(other, access_key=access, secret_key=secret, secure=False).bucket_exists(bucket)


def test_elasticsearch_asks_for_the_password(elastic: tuple[str, str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(elastic[0].rpartition("/")[0] + "/_cluster/health")


@pytest.mark.parametrize("name", ["postgres", "store"])
def test_a_killed_server_comes_back_on_its_port_with_its_data(own_servers: Servers, name: str) -> None:
    assert own_servers.start(name) == [name]
    before, pid = own_servers.state[name], own_servers.pid(name)
    own_servers.kill(name)
    assert own_servers.pid(name) is None
    assert own_servers.start(name) == [name]
    assert own_servers.start(name) == []
    assert own_servers.state[name] == before
    assert own_servers.pid(name) not in {None, pid}
    own_servers.stop(name)
    assert own_servers.pid(name) is None


def test_a_row_that_was_committed_survives_the_kill(own_servers: Servers) -> None:
    own_servers.start("postgres")
    url, password = own_servers.url("postgres"), own_servers.secret("postgres")
    with closing(psycopg.connect(url, password=password, autocommit=True)) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        own_servers.kill("postgres")
    own_servers.start("postgres")
    with closing(psycopg.connect(url, password=password)) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_the_last_user_stops_what_users_began(own_servers: Servers) -> None:
    with own_servers.used("postgres"):
        with Servers(own_servers.folder).used("postgres"):
            pass
        assert own_servers.pid("postgres")
    assert own_servers.pid("postgres") is None
    own_servers.start("postgres")  # by hand: it stays
    with own_servers.used("postgres"):
        pass
    assert own_servers.pid("postgres")


def test_no_secret_is_in_the_state_or_on_a_command_line_or_readable_by_others(servers: Servers) -> None:
    state = json.dumps(servers.state)
    for name in NAMES:
        kinds = ("access_key", "secret_key") if name in {"store", "copy"} else ("password",)
        pid = servers.pid(name)
        assert pid
        command = Path(f"/proc/{pid}/cmdline").read_text()
        for kind in kinds:
            secret = servers.secret(name, kind)
            assert secret not in state
            assert secret not in command
            assert stat.S_IMODE(os.stat(servers.state[name][f"{kind}_file"]).st_mode) == 0o600


def test_a_house_on_the_cluster_profile_names_every_secret_by_file(
    cluster_environment: dict[str, str],
) -> None:
    for name, value in cluster_environment.items():
        assert not name.endswith(("PASSWORD", "KEY"))
        if name.endswith("_FILE"):
            assert Path(value).read_text()
            assert stat.S_IMODE(os.stat(value).st_mode) == 0o600
