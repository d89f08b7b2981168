"""One question serves every poll, a ring is never missed, and nothing that may be claimed is passed over."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from jobs.engine_glance import Glance, install

LONG = 3600.0
NAMES = ["pages", "sign"]


def test_an_answer_serves_all_queues_until_one_is_rung_for() -> None:
    rings = {"pages": 0, "sign": 0}
    answers = [frozenset({"pages"}), frozenset({"sign"})]
    glance = Glance(lambda: answers.pop(0), lambda: dict(rings), LONG)
    assert [glance.waits(name) for name in (*NAMES, *NAMES)] == [True, False, True, False]
    rings["sign"] += 1
    assert glance.waits("pages")  # not rung for: the answer is still good enough
    assert glance.waits("sign")
    assert not glance.waits("pages")
    assert answers == []


def test_an_old_answer_is_asked_for_again() -> None:
    answers = [frozenset[str](), frozenset({"pages"})]
    glance = Glance(lambda: answers.pop(0), dict, 0.0)
    assert not glance.waits("pages")
    assert glance.waits("pages")


def test_a_ring_while_the_question_is_under_way_is_not_lost() -> None:
    rings, waiting = {"pages": 0}, set[str]()

    def ask() -> frozenset[str]:
        seen = frozenset(waiting)
        if not seen:  # another thread enqueues after the database has looked
            waiting.add("pages")
            rings["pages"] += 1
        return seen

    glance = Glance(ask, lambda: dict(rings), LONG)
    assert not glance.waits("pages")
    assert glance.waits("pages")


def test_polls_that_come_together_ask_once() -> None:
    asked: list[int] = []
    gate = threading.Event()

    def ask() -> frozenset[str]:
        gate.wait(10)
        asked.append(1)
        return frozenset({"pages"})

    glance, seen = Glance(ask, dict, LONG), list[bool]()
    threads = [threading.Thread(target=lambda: seen.append(glance.waits("pages"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(10)
    assert (seen, asked) == ([True] * 6, [1])


def test_a_database_that_is_away_is_told_and_asked_again() -> None:
    troubles = [OSError("away")]

    def ask() -> frozenset[str]:
        if troubles:
            raise troubles.pop()
        return frozenset({"pages"})

    glance = Glance(ask, dict, LONG)
    with pytest.raises(OSError, match="away"):
        glance.waits("pages")
    assert glance.waits("pages")


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://")
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (queue_name TEXT, status TEXT)"))
    yield made
    made.dispose()


def put(engine: Engine, queue: str | None, status: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO workflow_status VALUES (:queue, :status)"), {"queue": queue, "status": status}
        )


def test_only_a_queue_with_waiting_work_is_claimed_from(engine: Engine) -> None:
    claimed: list[tuple[str, Any]] = []

    def claim(queue: Any, executor: str, **options: Any) -> Any:
        claimed.append((queue.name, options))
        return ["one"], None

    system = SimpleNamespace(engine=engine, start_queued_workflows=claim)
    rings = {"pages": 0, "sign": 0}
    install(SimpleNamespace(_sys_db=system), NAMES, lambda: dict(rings))  # type: ignore[arg-type]

    def poll(name: str) -> Any:
        rings[name] = rings.get(name, 0) + 1  # whatever was asked before is too old
        return system.start_queued_workflows(SimpleNamespace(name=name), "e", owner_xid="x")

    put(engine, "pages", "PENDING")  # taken already
    put(engine, "sign", "SUCCESS")
    put(engine, None, "ENQUEUED")
    assert (poll("pages"), poll("sign")) == (([], None), ([], None))
    put(engine, "pages", "ENQUEUED")
    assert (poll("pages"), poll("sign")) == ((["one"], None), ([], None))
    assert poll("another application's") == (["one"], None)  # nothing is known of it
    assert claimed == [("pages", {"owner_xid": "x"}), ("another application's", {"owner_xid": "x"})]
