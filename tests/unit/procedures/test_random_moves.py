"""Random moves over all procedures (`make random-moves` makes twenty thousand), and whether the judge would notice."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import procedures.cases
import procedures.deadlines
import procedures.machine
from procedures.machine import _Right
from tests.tools.case_judge import RULES, Broken
from tests.tools.random_moves import campaign


@pytest.mark.parametrize("seed", [1, 2])
def test_random_people_never_break_a_rule(tmp_path: Path, seed: int) -> None:
    seen = campaign(tmp_path, 250, seed)
    assert seen.made >= 250
    assert {state.split()[0] for state in seen.states} == set(RULES)
    assert {"move-not-yours", "not-found", "move-not-now", "comment-missing"} <= set(seen.refusals)


def _everybody_may(move: Any, case: Any, person: Any, world: Any) -> Any:
    return _Right(person.acting[0], move.by[0].body) if person.acting else None


def _late_by_a_day(deadline: Any, case: Any, calendar: Any) -> Any:
    last = _LAST_DAY(deadline, case, calendar)
    return None if last is None else last + timedelta(days=1)


_LAST_DAY: Callable[..., Any] = procedures.deadlines.last_day


@pytest.mark.parametrize(
    ("where", "name", "broken"),
    [
        (procedures.machine, "_right", _everybody_may),
        (procedures.machine, "hold", lambda view: None),
        (procedures.machine, "what_is_wrong", lambda move, ask: None),
        (procedures.cases, "may_see", lambda *_: True),
        (procedures.deadlines, "last_day", _late_by_a_day),
    ],
    ids=["rights", "guards", "comments", "sight", "dates"],
)
def test_the_judge_notices_a_broken_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, broken: Callable[..., Any]
) -> None:
    monkeypatch.setattr(where, name, broken)
    with pytest.raises(Broken):
        campaign(tmp_path, 300, 5)


def test_the_judge_notices_a_log_that_tells_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = procedures.cases.move_details
    monkeypatch.setattr(procedures.cases, "move_details", lambda move: told(move) | {"to": "draft"})
    with pytest.raises(Broken, match="audit"):
        campaign(tmp_path, 40, 6)
