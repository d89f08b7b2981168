"""Check a log against itself, against heads and against a copy, and name the first event that is not what it was."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .heads import Head
from .sources import Event, events
from .tree import Tree, leaf_hash

FIRST = "0" * 64
"""What event 1 says of the event before it."""

_LOOK_BACK = 1000  # so many events put in at one place are told from the one they pushed on


@dataclass(frozen=True)
class Report:
    """The finding. `bad_seq` is None when every event is well; `until_seq` is more when the place is known only as a
    range. `faults` are broken heads, stamps and segments.
    """

    count: int
    root: str
    bad_seq: int | None = None
    until_seq: int | None = None
    reason: str = ""
    faults: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """True when nothing was found."""
        return self.bad_seq is None and not self.faults


def verify(database: Path, heads: Sequence[Head] = ()) -> Report:
    """Check the log in the SQLite file (or folder of segments) `database` against itself and against `heads`.

    Raises `sqlite3.Error` when the file cannot be opened or holds no log.
    """
    return check(events(str(database)), heads)


def check(
    log: Iterator[Event],
    heads: Sequence[Head] = (),
    copy: Iterator[Event] | None = None,
    *,
    whole: bool = True,
) -> Report:
    """Check a log against itself, against earlier `heads`, and event by event against a `copy` that was checked.

    Without `whole` the log may end before the newest head does.
    """
    tree, sure = Tree(), 0
    recent = deque([FIRST], _LOOK_BACK)
    waiting = sorted(heads, key=lambda head: head.count)
    while True:
        while waiting and waiting[0].count == tree.count:
            head = waiting.pop(0)
            if head.root != tree.root():
                reason = (
                    f"the first {head.count} events are not those of {head.name}: the chain was made anew"
                )
                return Report(tree.count, tree.root(), min(sure + 1, head.count), head.count, reason)
            sure = tree.count
        seq = tree.count + 1
        try:
            event = next(log, None)
            problem = "" if event is None else problem_of(event, seq)
        except (ValueError, RecursionError) as fault:
            event, problem = None, f"unreadable: {fault}"
        twin = next(copy, None) if copy is not None else None
        if problem:
            first = _put_in_from(event, seq, recent) if event else seq
            if sure < first < seq:
                reason = f"put in from outside: event {seq} once had number {first}"
                return Report(tree.count, tree.root(), first, seq - 1, reason)
            return Report(tree.count, tree.root(), seq, seq, problem)
        if event is None:
            if twin is not None:
                last = seq + sum(1 for _ in copy or ())
                return Report(tree.count, tree.root(), seq, last, "the segments go on: the end was cut off")
            break
        if twin is not None and twin[2] != event[2]:
            return Report(tree.count, tree.root(), seq, seq, "not the event that stands in the segments")
        if event[1] != recent[-1]:
            reason = f"event {seq} does not follow the one before it"
            return Report(tree.count, tree.root(), max(seq - 1, sure + 1), seq, reason)
        recent.append(event[2])
        tree.add(bytes.fromhex(event[2]))
    if waiting and whole:  # what no head covers any more may be anything
        reason = f"{waiting[0].name} has {waiting[0].count} events, the log {tree.count}: the end was cut off"
        return Report(tree.count, tree.root(), sure + 1, tree.count + 1, reason)
    return Report(tree.count, tree.root())


def problem_of(event: Event, seq: int) -> str:
    """Return why `event` cannot be number `seq`, "" when it can."""
    if type(event[0]) is not int or event[0] != seq:
        return f"missing; the next event is number {event[0]}"
    if leaf_hash(event[3]) != event[2]:
        return "changed: its leaf hash is not the hash of its row"
    return ""


def _put_in_from(event: Event, seq: int, recent: Sequence[str]) -> int:
    """The number that a wrong event had when its hash was made, if it was merely pushed on by others; else `seq`.

    `recent` are the leaves before it. It then names one of them as the event before, but is not the one after that.
    """
    for back in range(2, len(recent) + 1):
        if recent[-back] == event[1] and recent[1 - back] != event[2]:
            number = seq - back + 1
            before, _, after = event[3].rpartition(b'"seq":%d,' % seq)
            then = before + b'"seq":%d,' % number + after
            return number if leaf_hash(then) == event[2] else seq
    return seq
