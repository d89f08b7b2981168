"""The door over the real servers: one effect for many on PostgreSQL, and a server that is gone named, never hidden."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from api.once import REPLAYED
from api.tools import Limits, Tools
from procedures.case_desk import CaseDesk
from procedures.case_facts import demand_places, facts_of
from procedures.case_members import follow_membership
from procedures.cases import CaseTools
from records.access import Role
from records.clock import SystemClock
from search.index import open_index
from storage.blobs import open_blobs
from storage.schema import audit
from storage.tables import open_tables
from storage.work import Work
from tests.cases.procedure_world import CALENDAR, DEFINITIONS
from tests.tools.servers import Servers
from tests.unit.api.api_queues import ListedQueues, letter

pytestmark = pytest.mark.joined

API = "/api/v1"


@pytest.fixture
def tools(
    postgres_database: tuple[str, str], elastic: tuple[str, str, str], tmp_path: Path
) -> Iterator[Tools]:
    """A house on PostgreSQL and Elasticsearch; the index was never made."""
    tables = open_tables(*postgres_database)
    tables.migrate()
    index = open_index(*elastic)
    work, blobs = Work(tables, SystemClock()), open_blobs(f"file://{tmp_path / 'blobs'}")
    case_tools = CaseTools(work, DEFINITIONS, CALENDAR, facts_of, demand_places, follow_membership)
    yield Tools(
        work=work,
        blobs=blobs,
        clock=SystemClock(),
        index=index,
        data_dir=tmp_path,
        receive_paper=_nothing,
        take_paper=_nothing,
        take_draft=_nothing,
        look=_nothing,
        desk=_nothing,
        cases=CaseDesk(
            case_tools, blobs, _nothing, _nothing, tmp_path, fill=_nothing, compare=_nothing
        ),  # whose cases are whose is asked of everybody
        receive=_nothing,
        receipt=_nothing,
        rescan=_nothing,
        verify=_nothing,
        limits=Limits(probe_seconds=30, probe_kept_seconds=0.0),
        queues=ListedQueues(work, letters=[letter(1)]),
    )
    index.close()
    tables.dispose()


def _nothing(*_: object, **__: object) -> object:
    raise AssertionError("not asked here")


def bearer(tools: Tools, role: Role) -> dict[str, str]:
    with tools.work.begin() as tx:
        account = tx.accounts.add(role.value, role.value, "mật khẩu dùng thử", (role,))
        return {"Authorization": f"Bearer {tx.tokens.create(account.id, 'test')}"}


def events(tools: Tools, action: str) -> int:
    with tools.work.tables.reading() as connection:
        return connection.execute(
            select(func.count()).select_from(audit).where(audit.c.action == action)
        ).scalar_one()


def test_fifty_at_once_are_one_effect(tools: Tools) -> None:
    app = create_app(tools)
    archivist, administrator = bearer(tools, Role.ARCHIVIST), bearer(tools, Role.ADMINISTRATOR)
    account = {"login": "moi", "name": "Người mới", "roles": ["reader"]}
    for who, address, body, event in (
        (archivist, f"{API}/batches", {"title": "Hộp 1"}, "batch-opened"),
        (administrator, f"{API}/accounts", account, "account-made"),
        (administrator, f"{API}/dead-letters/{letter(1).id}/rerun", None, "walk-again"),
    ):
        headers = {**who, "Idempotency-Key": f"k {address}"}

        def ask(
            _: int, address: str = address, body: object = body, headers: dict[str, str] = headers
        ) -> tuple[int, bytes, bool]:
            answer = TestClient(app).post(address, json=body, headers=headers)
            return answer.status_code, answer.content, REPLAYED in answer.headers

        with ThreadPoolExecutor(50) as many:
            answers = list(many.map(ask, range(50)))
        assert len({answer[:2] for answer in answers}) == 1 and answers[0][0] in (201, 202), answers[0]
        assert sorted(replayed for _, _, replayed in answers) == [False] + [True] * 49
        assert events(tools, event) == 1, address


def test_other_requests_under_one_key_at_once_leave_one(tools: Tools) -> None:
    app, archivist = create_app(tools), bearer(tools, Role.ARCHIVIST)

    def ask(number: int) -> int:
        headers = {**archivist, "Idempotency-Key": "k"}
        return (
            TestClient(app).post(f"{API}/batches", json={"title": f"{number}"}, headers=headers).status_code
        )

    with ThreadPoolExecutor(10) as many:
        assert sorted(many.map(ask, range(10))) == [201] + [409] * 9
    assert events(tools, "batch-opened") == 1


def test_an_index_that_is_not_there_is_never_an_empty_answer(tools: Tools) -> None:
    client = TestClient(create_app(tools), headers=bearer(tools, Role.READER))
    answer = client.get(f"{API}/search?q=tin")
    assert (answer.status_code, answer.json()["code"]) == (503, "search-index-missing")
    assert answer.json()["part"] == "index" and answer.headers["retry-after"]
    page = client.get("/search?q=tin", headers={"accept": "text/html"})
    assert page.status_code == 503 and "Chưa tìm" in page.text
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"], ready.json()["failing"]) == (
        200,
        "degraded",
        ["index"],
    )
    tools.index.commit()
    found = client.get(f"{API}/search?q=tin")
    assert (found.status_code, found.json()["total"]) == (200, 0)
    assert client.get("/health/ready").json()["status"] == "ok"


def test_a_database_that_is_gone_is_named_until_it_is_back(
    own_servers: Servers, tools: Tools, tmp_path: Path
) -> None:
    """F03 as the door sees it: named at once, and well again by itself."""
    own_servers.start("postgres")
    tables = open_tables(own_servers.url("postgres"), own_servers.secret("postgres"))
    tables.migrate()
    apart = replace(tools, work=Work(tables, SystemClock()), probes={})
    client = TestClient(create_app(apart), headers=bearer(apart, Role.READER))
    assert client.get(f"{API}/me").status_code == 200
    own_servers.kill("postgres")
    answer = client.get(f"{API}/me")
    assert (answer.status_code, answer.json()["part"]) == (503, "tables") and answer.headers["retry-after"]
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
    assert "tables" in ready.json()["failing"] and ready.headers["retry-after"]
    assert client.get("/health/live").status_code == 200
    own_servers.start("postgres")
    assert client.get(f"{API}/me").status_code == 200
    assert "tables" not in client.get("/health/ready").json()["failing"]
    tables.dispose()
