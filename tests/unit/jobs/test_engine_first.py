"""A step is not asked for its record in a workflow's first dispatch, and always in every later one."""

from types import SimpleNamespace
from typing import Any

import pytest

from jobs.engine_first import install


class Library:
    """What we reach into: a claim, the rows it brings, the question for a record, the note of an end."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def put(self, name: str, attempts: int, forked_from: str | None = None) -> None:
        """Let a workflow be there as its claim leaves it."""
        self.rows[name] = {
            "workflow_uuid": name,
            "recovery_attempts": attempts,
            "forked_from": forked_from,
        }

    def start_queued_workflows(self, *_: Any, **__: Any) -> Any:
        """Claim everything there is."""
        return list(self.rows), None

    def get_workflow_statuses(self, names: list[str]) -> Any:
        """Return rows."""
        return [self.rows[name] for name in names if name in self.rows]

    def check_operation_execution(self, name: str, _step: int, _what: str, **_: Any) -> Any:
        """Answer as if a step had been recorded."""
        self.asked.append(name)
        return {"output": "recorded"}

    def update_workflow_outcome(self, _name: str, _status: str, **_: Any) -> bool:
        """Note an end."""
        return True


@pytest.fixture
def library() -> Library:
    made = Library()
    install(SimpleNamespace(_sys_db=made))  # type: ignore[arg-type]
    return made


def dispatch(library: Library) -> None:
    claimed, _ = library.start_queued_workflows("queue", "executor")
    library.get_workflow_statuses(claimed)


def record_of(library: Library, name: str) -> Any:
    return library.check_operation_execution(name, 1, "read")


def test_a_first_dispatch_has_no_record_to_ask_for(library: Library) -> None:
    library.put("first", 1)
    library.put("second", 2)
    library.put("fork", 1, "another")
    dispatch(library)
    assert record_of(library, "first") is None
    for name in ("second", "fork", "never claimed here"):
        assert record_of(library, name) == {"output": "recorded"}
    assert library.asked == ["second", "fork", "never claimed here"]


def test_handed_back_and_claimed_again_it_is_asked(library: Library) -> None:
    library.put("work", 1)
    dispatch(library)
    library.put("work", 2)
    claimed, _ = library.start_queued_workflows("queue", "executor")
    assert record_of(library, "work") is not None  # already before its row is read again
    library.get_workflow_statuses(claimed)
    assert record_of(library, "work") is not None


def test_only_a_claim_makes_it_first_and_its_end_ends_that(library: Library) -> None:
    library.put("work", 1)
    library.get_workflow_statuses(["work"])  # somebody only looks
    assert record_of(library, "work") is not None
    dispatch(library)
    assert record_of(library, "work") is None
    assert library.update_workflow_outcome("work", "SUCCESS")
    library.get_workflow_statuses(["work"])
    assert record_of(library, "work") is not None


def test_a_row_that_cannot_be_read_leaves_it_asked(library: Library) -> None:
    library.put("work", 1)
    library.start_queued_workflows("queue", "executor")
    assert record_of(library, "work") is not None
