"""What a poll need not ask each time is asked once, and a no is never kept."""

from types import SimpleNamespace
from typing import Any

from jobs.engine_gaps import ask_less, own_places


def test_the_newest_version_and_the_queues_are_asked_once() -> None:
    asked: list[str] = []
    queue = SimpleNamespace(_worker_concurrency=50, _polling_interval_sec=9.0)

    def is_latest(version: str, connection: Any = None) -> bool:
        asked.append(version)
        return version == "3"

    def get_queue(name: str) -> Any:
        asked.append(name)
        return queue if name == "pages" else None

    def claim(*_: Any, **__: Any) -> Any:
        asked.append("claim")
        return ["one"], None

    system = SimpleNamespace(_is_latest_version=is_latest, get_queue=get_queue, start_queued_workflows=claim)
    dbos: Any = SimpleNamespace(_sys_db=system)
    own_places(dbos, {"pages": 2}, lambda name: 0.25)
    ask_less(dbos)
    for _ in range(3):
        assert dbos._sys_db._is_latest_version("3", None)
        assert not dbos._sys_db._is_latest_version("2")
        assert dbos._sys_db.get_queue("pages")._worker_concurrency == 2
        assert dbos._sys_db.get_queue("not registered yet") is None
    assert sorted(asked) == ["2", "3", *["not registered yet"] * 3, "pages"]


def test_a_full_queue_is_not_asked_for_work() -> None:
    asked: list[int] = []

    def claim(queue: Any, executor: str, version: str, partition: Any, running: int = 0, **_: Any) -> Any:
        asked.append(running)
        return ["one"], None

    system = SimpleNamespace(_is_latest_version=lambda *_: True, start_queued_workflows=claim)
    ask_less(SimpleNamespace(_sys_db=system))  # type: ignore[arg-type]
    two = SimpleNamespace(_worker_concurrency=2)
    assert system.start_queued_workflows(two, "e", "1", None, 1, owner_xid="x") == (["one"], None)
    assert system.start_queued_workflows(two, "e", "1", None, 2, owner_xid="x") == ([], "worker_concurrency")
    unlimited = SimpleNamespace(_worker_concurrency=None)
    assert system.start_queued_workflows(unlimited, "e", "1", None, 9)[0] == ["one"]
    assert asked == [1, 9]
