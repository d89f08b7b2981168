"""What rebuilds from notes beside the stores (`storage/book_notes.py`) share: read one, enter its rows, name what the
log tells of and no note does.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ingest.manifest import ManifestDamaged
from ingest.rebuild_values import Rebuilding, measured
from storage.audit import AuditEvent
from storage.blobs import BlobMissing, Measured
from storage.book_notes import FORMAT, note_key
from storage.catalogue import Row
from storage.framed import unframed
from storage.work import Tx

_AT_ONCE = 500


def read_note(task: Rebuilding, key: str, kind: str) -> tuple[Measured, dict[str, Any]]:
    """Return what rests under `key` and what it tells. Raises `ManifestDamaged` (no event named), as `unframed`."""
    found = measured(task.blobs, key)
    told = unframed(task.blobs.read(key, found.sha256), kind, FORMAT)
    if type(told.get("event")) is not int:
        raise ManifestDamaged(f"{key} names no event")
    return found, told


def put_row(tx: Tx, table: str, row: Row, *names: str) -> None:
    """Enter a row, in place of the one that is the same in the columns `names`."""
    if any(tx.catalogue.rows(table, **{name: row[name] for name in names})):
        tx.catalogue.replace(table, row)
    else:
        tx.catalogue.add(table, [row])


def name_what_the_log_knows(
    task: Rebuilding, actions: Sequence[str], what: Callable[[AuditEvent], str]
) -> None:
    """Name every event of these actions that the log tells of and no note does; `what` says what may be missing."""
    after = 0
    while True:
        with task.work.reading() as tx:
            events = tx.audit.following(after, actions, _AT_ONCE)
            known = tx.objects.known([note_key(one) for one in events])
        for one in events:
            if note_key(one) not in known:
                task.name(
                    note_key(one),
                    BlobMissing(f"{note_key(one)}: {one.action} of {one.object_id} {what(one)}"),
                )
        if len(events) < _AT_ONCE:
            return
        after = events[-1].seq
