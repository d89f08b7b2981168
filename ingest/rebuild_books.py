"""Rebuild cases and the register of outgoing papers from their notes (`storage/book_notes.py`); the log bears witness.

A case is entered whole or not at all: a history with a hole would be told as if it were one. Of the register every line
that is known is entered; a change of which the log tells and no note does is named, for a number may be missing then.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ingest.manifest import kept_from_json
from ingest.rebuild_notes import name_what_the_log_knows, put_row, read_note
from ingest.rebuild_values import LogSaysOtherwise, Rebuilding, as_fault
from records.errors import ArchiveFault, Away
from storage.blobs import BlobMissing, Measured
from storage.book_notes import (
    ACTIONS,
    CASE,
    CASE_ACTIONS,
    MOVED,
    NUMBER,
    OPENED,
    REGISTER_ACTIONS,
    case_note_key,
    number_note_key,
)
from storage.catalogue import Row, RowUnfit, check_row
from storage.work import Tx

_CASE = re.compile(r"cases/([^/]+)/([0-9]{6})\.json")
_NUMBER = re.compile(r"numbers/([0-9]{12})\.json")
_AT_ONCE = 500
_TABLES = (("period", "number_periods"), ("series", "number_series"), ("number", "numbers"))


def rebuild_cases(task: Rebuilding) -> Iterator[str]:
    """Enter every case that is not there; yield its id. What is left out is named to `task`. Raises `Away`."""
    found = (match for key in task.blobs.keys("cases/") if (match := _CASE.fullmatch(key)))
    for case_id, matches in groupby(found, key=lambda match: match[1]):
        revisions = sorted(int(match[2]) for match in matches)
        try:
            _enter_case(task, case_id, revisions)
        except Away:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, ArchiveFault) as fault:
            task.name(case_note_key(case_id, revisions[-1]), as_fault(fault))
        yield case_id


def rebuild_numbers(task: Rebuilding) -> None:
    """Enter terms, series and numbers as their newest notes tell; what is left out is named. Raises `Away`."""
    keys = (key for key in task.blobs.keys("numbers/") if _NUMBER.fullmatch(key))
    for _, some in groupby(enumerate(keys), key=lambda pair: pair[0] // _AT_ONCE):
        notes = [note for _, key in some if (note := _number_note(task, key)) is not None]
        with task.work.begin() as tx:
            for key, found, told in notes:
                for name, table in _TABLES:
                    if told[name] is not None:
                        put_row(tx, table, told[name], "id")
                tx.objects.keep(key, found.sha256, found.size)
    # a number may have been given since
    name_what_the_log_knows(task, REGISTER_ACTIONS, lambda one: f"({one.details.get('written', '')})")


def _enter_case(task: Rebuilding, case_id: str, revisions: Sequence[int]) -> None:
    with task.work.reading() as tx:
        if any(tx.catalogue.rows("cases", id=case_id)):
            return
    if revisions != list(range(1, len(revisions) + 1)):
        missing = next(n for n, revision in enumerate(revisions, start=1) if n != revision)
        raise BlobMissing(case_note_key(case_id, missing))
    notes = [(key, *read_note(task, key, CASE)) for key in (case_note_key(case_id, n) for n in revisions)]
    newest = notes[-1][2]
    if newest["case"] is None:
        raise BlobMissing(case_note_key(case_id, len(revisions) + 1))
    case = check_row("cases", newest["case"])
    moves = [check_row("case_moves", told["move"]) for _, _, told in notes]
    versions = [check_row("case_versions", row) for _, _, told in notes for row in told["versions"]]
    bodies = [check_row("case_bodies", row) for row in newest["bodies"]]
    if case["id"] != case_id or any(row["case_id"] != case_id for row in (*moves, *versions, *bodies)):
        raise RowUnfit("rows of another case")
    if [row["ordinal"] for row in moves] != list(revisions) or case["revision"] != revisions[-1]:
        raise RowUnfit("moves in another order")
    with task.work.begin() as tx:
        _ask_about(tx, case_id, moves)
        tx.catalogue.add("cases", [case])
        tx.catalogue.add("case_bodies", bodies)
        tx.catalogue.add("case_moves", moves)
        tx.catalogue.add("case_versions", versions)
        for key, found, told in notes:
            tx.objects.keep(key, found.sha256, found.size)
            for part in kept_from_json(told["objects"]):
                tx.objects.keep(part.key, part.sha256, part.size)


def _ask_about(tx: Tx, case_id: str, moves: Sequence[Row]) -> None:
    """Raise `LogSaysOtherwise` unless the log tells of these moves, as far as it reaches, and of no more.

    The newest moves may be missing in a log whose end was lost.
    """
    told = {int(str(one.details["revision"])): one for one in tx.audit.about(case_id, CASE_ACTIONS)}
    if max(told, default=0) > len(moves):
        raise LogSaysOtherwise(
            f"case {case_id}: the log tells of {max(told)} moves, the notes of {len(moves)}"
        )
    for move in moves:
        event = told.get(move["ordinal"])
        if event is None:
            if move["ordinal"] <= max(told, default=0):
                raise LogSaysOtherwise(f"case {case_id}: the log knows nothing of move {move['ordinal']}")
            continue
        action = OPENED if move["ordinal"] == 1 else MOVED
        noted = (action, move["move"], move["to_state"], move["actor"])
        if noted != (event.action, event.details["move"], event.details["to"], event.actor):
            raise LogSaysOtherwise(
                f"case {case_id}: move {move['ordinal']} is {event.details['move']} in the log"
            )


def _number_note(task: Rebuilding, key: str) -> tuple[str, Measured, dict[str, Any]] | None:
    try:
        found, told = read_note(task, key, NUMBER)
        if number_note_key(told["event"]) != key:
            raise RowUnfit("a note of another event")
        for name, table in _TABLES:
            if told[name] is not None:
                check_row(table, told[name])
        with task.work.reading() as tx:
            event = next(tx.catalogue.rows("audit", seq=told["event"]), None)
        about = next(told[name]["id"] for name in ("number", "series", "period") if told[name] is not None)
        if event is not None and (event["object"], event["action"] in ACTIONS) != (about, True):
            raise LogSaysOtherwise(f"event {told['event']} is {event['action']} of {event['object']}")
        if event is None and told["event"] <= task.log_until:
            raise LogSaysOtherwise(f"the log knows no event {told['event']}")
    except Away:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, StopIteration, ArchiveFault) as fault:
        task.name(key, as_fault(fault))
        return None
    return key, found, told
