"""Rebuild what people did to the order of deliveries from its notes (`storage/book_notes.py`).

The log of a delivery is entered from its beginning without gaps: what follows a lost entry would mean something else.
"""

import re
from itertools import groupby
from typing import Any

from ingest.rebuild_notes import name_what_the_log_knows, put_row, read_note
from ingest.rebuild_values import LogSaysOtherwise, Rebuilding, as_fault
from records.arrangement import entry_of
from records.errors import ArchiveFault, Away
from storage.arrangements import RescanState
from storage.book_notes import ARRANGE_ACTIONS, ARRANGING, arrange_note_key
from storage.catalogue import RowUnfit, check_row
from storage.work import Tx

_NOTE = re.compile(r"arrangements/([^/]+)/([0-9]{12})\.json")


def rebuild_arrangements(task: Rebuilding) -> None:
    """Enter every entry and ticket that is not there; what is left out is named to `task`. Raises `Away`."""
    found = (match for key in task.blobs.keys("arrangements/") if (match := _NOTE.fullmatch(key)))
    for batch_id, matches in groupby(found, key=lambda match: match[1]):
        for seq in sorted(int(match[2]) for match in matches):
            key = arrange_note_key(batch_id, seq)
            try:
                _enter(task, key, batch_id, seq)
            except Away:
                raise
            except (KeyError, TypeError, AttributeError, ValueError, ArchiveFault) as fault:
                task.name(key, as_fault(fault))
    name_what_the_log_knows(task, ARRANGE_ACTIONS, lambda one: "is not written down")


def _enter(task: Rebuilding, key: str, batch_id: str, seq: int) -> None:
    measure, told = read_note(task, key, ARRANGING)
    if told["event"] != seq:
        raise RowUnfit("a note of another event")
    with task.work.begin() as tx:
        _ask_about(tx, task, batch_id, seq)
        if not any(tx.catalogue.rows("batches", id=batch_id)):
            raise RowUnfit(f"batch {batch_id} was left out")
        if told["entry"] is not None:
            _put_entry(tx, batch_id, check_row("arrangement_log", told["entry"]))
        if told["ticket"] is not None:
            ticket = check_row("rescans", told["ticket"])
            RescanState(ticket["state"])
            if ticket["batch_id"] != batch_id:
                raise RowUnfit("a ticket of another batch")
            put_row(tx, "rescans", ticket, "id")
        tx.objects.keep(key, measure.sha256, measure.size)


def _put_entry(tx: Tx, batch_id: str, entry: dict[str, Any]) -> None:
    if entry["batch_id"] != batch_id:
        raise RowUnfit("an entry of another batch")
    entry_of(entry["step"], entry["told"])  # one that this program cannot do is not entered
    if entry["ordinal"] > 1 + tx.arrangements.version(batch_id):
        raise RowUnfit(f"entry {entry['ordinal']} follows one that is lost")
    put_row(tx, "arrangement_log", entry, "batch_id", "ordinal")


def _ask_about(tx: Tx, task: Rebuilding, batch_id: str, seq: int) -> None:
    event = next(tx.catalogue.rows("audit", seq=seq), None)
    if event is None:
        if seq <= task.log_until:
            raise LogSaysOtherwise(f"the log knows no event {seq}")
        return
    if (event["object"], event["action"] in ARRANGE_ACTIONS) != (batch_id, True):
        raise LogSaysOtherwise(f"event {seq} is {event['action']} of {event['object']}")
