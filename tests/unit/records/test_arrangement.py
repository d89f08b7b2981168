"""The laws of arranging: nothing is ever lost, undo goes back to the first state, redo to the very same one."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.arrangement import (
    Command,
    Entry,
    Groups,
    Kind,
    Mark,
    Sheet,
    Step,
    Where,
    command_json,
    entry_of,
    fold,
    standing,
)
from records.errors import Conflict, Unfit

PAGES = tuple(f"p{n}" for n in range(1, 13))
SPARE = tuple(f"s{n}" for n in range(1, 4))
BASE = (PAGES[:4], PAGES[4:5], PAGES[5:9], PAGES[9:])


def proposal(cut: Sequence[Sequence[str]] = BASE) -> list[list[Sheet]]:
    return [[Sheet(page) for page in group] for group in cut]


def state(log: Sequence[Entry]) -> Groups:
    return fold(proposal(), standing(log).entries)


def names(groups: Groups) -> list[str]:
    return [
        " ".join(s.page + ("" if s.mark is Mark.PAGE else f"({s.mark})") for s in group) for group in groups
    ]


def after(*commands: Command) -> list[str]:
    return names(state([Entry(Step.DO, one) for one in commands]))


page = st.sampled_from(PAGES)
one_page = page.map(lambda p: (p,))
some_pages = st.lists(page, min_size=1, max_size=4, unique=True).map(tuple)
commands = st.one_of(
    st.builds(Command, st.just(Kind.SPLIT), one_page),
    st.builds(Command, st.just(Kind.MERGE), one_page),
    st.builds(Command, st.just(Kind.MOVE), some_pages, page | st.sampled_from(SPARE), st.sampled_from(Where)),
    st.builds(Command, st.just(Kind.TURN), some_pages, turn=st.sampled_from((90, 180, 270))),
    st.builds(Command, st.just(Kind.MARK), some_pages, mark=st.sampled_from(Mark)),
    st.builds(Command, st.just(Kind.REPLACE), one_page, st.sampled_from(SPARE)),
)
steps = st.one_of(
    commands.map(lambda c: Entry(Step.DO, c)),
    commands.map(lambda c: Entry(Step.DO, c)),
    commands.map(lambda c: Entry(Step.DO, c)),
    st.just(Entry(Step.UNDO)),
    st.just(Entry(Step.REDO)),
    st.tuples(st.sampled_from(SPARE), st.sampled_from(PAGES)).map(lambda t: Entry(Step.DELIVERED, None, *t)),
)


@st.composite
def logs(draw) -> list[Entry]:
    """A log of what could be done: what is refused never gets into one."""
    log: list[Entry] = []
    for entry in draw(st.lists(steps, min_size=5, max_size=25)):
        if entry.step is Step.DELIVERED and any(e.page == entry.page for e in log):
            continue
        try:
            state([*log, entry])
        except (Unfit, Conflict):
            continue
        log.append(entry)
    return log


def came(log: Sequence[Entry]) -> list[str]:
    return [e.page for e in log if e.step is Step.DELIVERED]


@given(logs())
def test_every_page_is_in_exactly_one_place_after_every_command(log: list[Entry]) -> None:
    for end in range(len(log) + 1):
        placed = [sheet.page for group in state(log[:end]) for sheet in group]
        assert sorted(placed) == sorted([*PAGES, *came(log[:end])])
        assert all(group for group in state(log[:end]))


@given(logs())
def test_undo_to_the_end_gives_the_first_state(log: list[Entry]) -> None:
    back = [*log, *[Entry(Step.UNDO)] * standing(log).undo]
    only_came = [e for e in log if e.step is Step.DELIVERED]
    assert state(back) == fold(proposal(), only_came)
    if not only_came:
        assert names(state(back)) == [" ".join(group) for group in BASE]


@given(logs(), st.data())
def test_redo_gives_the_very_state_that_was_left(log: list[Entry], data) -> None:
    count = data.draw(st.integers(0, standing(log).undo))
    there = [*log, *[Entry(Step.UNDO)] * count, *[Entry(Step.REDO)] * count]
    assert state(there) == state(log)
    assert standing(there).undo == standing(log).undo


@given(logs())
def test_the_log_reads_back_from_its_rows(log: list[Entry]) -> None:
    rows = [
        (e.step.value, command_json(e.command) if e.command else {"page": e.page, "of": e.of}) for e in log
    ]
    assert [entry_of(step, told) for step, told in rows] == log


def test_each_command_does_what_its_name_says() -> None:
    assert after(Command(Kind.SPLIT, ("p3",)))[:2] == ["p1 p2", "p3 p4"]
    assert after(Command(Kind.MERGE, ("p5",)))[0] == "p1 p2 p3 p4 p5"
    moved = Command(Kind.MOVE, ("p2", "p1"), "p6", Where.AFTER)
    assert after(moved)[2] == "p6 p2 p1 p7 p8 p9"
    assert after(Command(Kind.MOVE, ("p2",), "p1", Where.BEFORE))[0] == "p2 p1 p3 p4"
    assert after(Command(Kind.MOVE, ("p5",), "p1", Where.END))[:2] == ["p1 p2 p3 p4 p5", "p6 p7 p8 p9"]
    assert after(Command(Kind.MOVE, ("p2", "p8"), "", Where.OWN))[:2] == ["p1 p3 p4", "p2 p8"]
    assert after(Command(Kind.MARK, ("p2",), mark=Mark.BLANK))[0] == "p1 p2(blank) p3 p4"
    came = [Entry(Step.DELIVERED, None, "s1", "p2"), Entry(Step.DO, Command(Kind.REPLACE, ("p2",), "s1"))]
    assert names(state(came))[0] == "p1 p2(replaced) s1 p3 p4"
    assert names(state([*came, Entry(Step.UNDO)]))[0] == "p1 p2 s1(out) p3 p4"
    turned = state([Entry(Step.DO, Command(Kind.TURN, ("p1",), turn=270))] * 2)
    assert turned[0][0].turn == 180


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Command(Kind.SPLIT, ("p5",)), "arrange-first"),
        (Command(Kind.SPLIT, ("p2", "p3")), "arrange-one-page"),
        (Command(Kind.MERGE, ("p4",)), "arrange-no-previous"),
        (Command(Kind.MOVE, ("p1", "p2"), "p2"), "arrange-target"),
        (Command(Kind.MOVE, ("p1",), "x"), "arrange-no-page"),
        (Command(Kind.TURN, ("p1",), turn=45), "arrange-turn"),
        (Command(Kind.MARK, ("p1",), mark=Mark.PAGE), "arrange-mark"),
        (Command(Kind.MARK, ("p1",), mark=Mark.REPLACED), "arrange-mark"),
        (Command(Kind.TURN, (), turn=90), "arrange-pages"),
        (Command(Kind.TURN, ("p1", "p1"), turn=90), "arrange-pages"),
        (Command(Kind.REPLACE, ("p1",), "p1"), "arrange-no-page"),
    ],
)
def test_what_cannot_be_done_is_said(command: Command, code: str) -> None:
    with pytest.raises(Unfit) as fault:
        after(command)
    assert fault.value.code == code and fault.value.tell


def test_there_is_nothing_to_undo_in_an_empty_log() -> None:
    for step, code in ((Step.UNDO, "arrange-nothing-to-undo"), (Step.REDO, "arrange-nothing-to-redo")):
        with pytest.raises(Conflict) as fault:
            standing([Entry(step)])
        assert fault.value.code == code


def test_forty_thousand_pages_and_a_thousand_commands_are_folded() -> None:
    """No quadratic step: with one this would take minutes (there is no clock here, a person would notice)."""
    pages = [f"p{n}" for n in range(40_000)]
    one_each = [[Sheet(page)] for page in pages]
    merges = [Entry(Step.DO, Command(Kind.MERGE, (page,))) for page in pages[1:1001]]
    assert len(fold(one_each, merges)) == 39_000
