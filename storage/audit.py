"""The one audit log: what was done by whom, in the same transaction as the doing, chained so that no edit
hides.
 Bytes of an event: RFC 8785 JSON of {action, actor, details, object, outcome, prev, seq, time}, where `prev`
is the leaf hash of the event before (64 zeros for the first). Leaf: SHA-256(0x00 ‖ bytes); tree: RFC 9162
§2.1 (`storage/audit_tree.py`). `storage/audit_verify.py` checks all of it and shares no code with these files.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select

from records.access import Action, Actor, authorize
from records.clock import vietnam_iso
from records.errors import ArchiveFault
from storage.audit_tree import NOTHING, leaf_hash, merkle_root
from storage.canonical import Scalar, canonical_json, scalar_json
from storage.ground import Ground
from storage.schema import audit, storable

FIRST = NOTHING.hex()
"""`prev` of the first event."""

LONGEST_DETAIL = 1000
"""Letters in one detail: an event names things, it does not carry them."""

_AT_ONCE = 5_000
_COLUMNS = {name: name for name in ("action", "actor", "details", "object", "outcome", "seq", "time")} | {
    "prev": "prev_hash"
}
"""Where each part of an event's bytes stands in the table."""

_FORBIDDEN = frozenset(
    {"password", "secret", "token", "pin", "cookie", "csrf", "text", "ocr", "authorization"}
)
"""Details that would turn the log into a place to steal from."""

__all__ = ["Audit", "AuditAltered", "AuditEvent", "Head", "Scalar"]


class AuditAltered(ArchiveFault):
    """The log is not what it was: an event was changed, lost or put in from outside."""

    code = "audit-altered"

    def __init__(self, reason: str) -> None:
        super().__init__(
            reason,
            tell="Nhật ký kiểm toán không còn khớp với những gì đã ký. Hãy giữ nguyên hiện trạng, chạy "
            "“vanthu audit verify” và báo người phụ trách an ninh.",
        )


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event. `outcome` is a short word (`done`, `refused`, `denied`, `failed`)."""

    seq: int
    time: datetime
    actor: str
    action: str
    object_id: str
    outcome: str
    details: Mapping[str, Scalar]
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The log at one moment: number of events and RFC 9162 root. Kept elsewhere, it proves a cut or a new
    chain.
    """

    count: int
    root: str
    time: datetime

    def to_json(self) -> bytes:
        """Return the bytes of a head file, as `audit_verify.py --head` reads it."""
        return (
            canonical_json({"count": self.count, "root": self.root, "time": vietnam_iso(self.time)}) + b"\n"
        )


class Audit:
    """The log: events are added, never changed; triggers refuse anything else."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def append(
        self,
        actor_id: str,
        action: str,
        object_id: str,
        outcome: str,
        details: Mapping[str, Scalar] | None = None,
    ) -> int:
        """Add an event to this transaction and return its number, which follows the last one without a gap.

        `details` are flat and short: no secrets, no text of documents (ValueError). The log is this writer's alone
        from here to the end of the transaction, so an event comes after everything that may have to wait.
        """
        self._ground.hold_name("vanthu", "audit")
        last = self._ground.connection.execute(
            select(audit.c.seq, audit.c.leaf_hash).order_by(audit.c.seq.desc()).limit(1)
        ).first()
        seq, prev = (1, FIRST) if last is None else (last.seq + 1, last.leaf_hash)
        row = {
            "seq": seq,
            "time": self._ground.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "actor": storable(actor_id),
            "action": action,
            "object": storable(object_id),
            "outcome": outcome,
            "details": canonical_json(_checked(details or {})).decode(),
            "prev_hash": prev,
        }
        row["leaf_hash"] = leaf_hash(event_bytes(row)).hex()
        self._ground.connection.execute(insert(audit).values(row))
        return seq

    def list(
        self, reader: Actor, object_id: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditEvent]:
        """Return events newest first, of one object or all, those with a smaller number than `before`.

        Raises `NotAllowed` unless `reader` may read the log.
        """
        authorize(reader, Action.READ_AUDIT)
        statement = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if object_id is not None:
            statement = statement.where(audit.c.object == storable(object_id))
        if before is not None:
            statement = statement.where(audit.c.seq < before)
        return [_event(row) for row in self._ground.connection.execute(statement).mappings()]

    def about(self, object_id: str, actions: Sequence[str]) -> Sequence[AuditEvent]:
        """Return the events of these actions on one object, oldest first (the house's own; people ask `list`)."""
        which = (audit.c.object == storable(object_id)) & audit.c.action.in_(actions)
        rows = self._ground.connection.execute(select(audit).where(which).order_by(audit.c.seq)).mappings()
        return [_event(row) for row in rows]

    def following(self, seq: int, actions: Sequence[str], limit: int) -> Sequence[AuditEvent]:
        """Return at most `limit` events of these actions behind number `seq`, oldest first (the house's own)."""
        which = (audit.c.seq > seq) & audit.c.action.in_(actions)
        rows = self._ground.connection.execute(
            select(audit).where(which).order_by(audit.c.seq).limit(limit)
        ).mappings()
        return [_event(row) for row in rows]

    def looks(self, object_id: str, action: str) -> Sequence[tuple[datetime, str, Mapping[str, Scalar]]]:
        """Return when and by whom `action` was done to a thing, with the details, oldest first.

        For what people who see the thing may know of it (who opened a letter); the log itself is read by `list`.
        """
        rows = self._ground.connection.execute(
            select(audit)
            .where((audit.c.object == storable(object_id)) & (audit.c.action == action))
            .order_by(audit.c.seq)
        ).mappings()
        return [(found.time, found.actor, found.details) for found in map(_event, rows)]

    def head(self) -> Head:
        """Return the head of the log now; reads every leaf hash (about a second per million events).

        Heads made on a schedule grow from the one before instead (`jobs/audit_keeper.py`).
        """
        count = self.newest()
        return Head(count, merkle_root(self.leaves(1, count)).hex(), self._ground.clock.now())

    def newest(self) -> int:
        """Return the number of the newest event, which is the number of events; 0 when there is none."""
        last = self._ground.connection.execute(select(audit.c.seq).order_by(audit.c.seq.desc()).limit(1))
        return last.scalar() or 0

    def leaves(self, first: int, last: int) -> Iterator[bytes]:
        """Return the leaf hashes of events `first` to `last` as they were written down.

        Unchecked but for being hashes at all (`AuditAltered`).
        """
        for row in self._between(first, last):
            try:
                leaf = bytes.fromhex(row["leaf_hash"])
            except (ValueError, TypeError) as fault:
                raise AuditAltered(f"event {row['seq']} has no leaf hash") from fault
            yield leaf

    def checked(self, first: int, last: int, prev: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Return bytes and leaf hash of each event from `first` to `last`; the one before must have leaf `prev`.

        Raises `AuditAltered` at the first event that is missing, does not hash to its leaf or does not follow on.
        """
        due = first
        for row in self._between(first, last):
            if row["seq"] != due:
                raise AuditAltered(f"event {due} is missing")
            try:
                data = event_bytes(row)
            except (ValueError, TypeError) as fault:
                raise AuditAltered(f"event {due} was changed: {fault}") from fault
            leaf = leaf_hash(data)
            if leaf.hex() != row["leaf_hash"]:
                raise AuditAltered(f"event {due} was changed: its leaf hash is not that of its row")
            if row["prev_hash"] != prev.hex():
                raise AuditAltered(f"event {due} does not follow the one before it")
            yield data, leaf
            due, prev = due + 1, leaf
        if due != last + 1:
            raise AuditAltered(f"event {due} is missing")

    def take_back(self, lines: Iterable[bytes]) -> int:
        """Put events back that were kept elsewhere as their very bytes (`audit_segments`); return how many were new.

        They must begin at or before the end of the log and follow on; an event that is here already must be the same
        one. Raises `AuditAltered` at the first that is not, and nothing is kept (the transaction is the caller's).
        """
        self._ground.hold_name("vanthu", "audit")
        newest = first = self.newest()
        prev = self._leaf(newest) or FIRST
        fresh: list[dict[str, Any]] = []
        for data in lines:
            row = _row(data)
            if row["seq"] <= first:
                if self._leaf(row["seq"]) != row["leaf_hash"]:
                    raise AuditAltered(
                        f"event {row['seq']} of the log is not the one that was kept elsewhere"
                    )
                continue
            if (row["seq"], row["prev_hash"]) != (newest + 1, prev):
                raise AuditAltered(f"event {row['seq']} does not follow the log as it stands")
            newest, prev = row["seq"], row["leaf_hash"]
            fresh.append(row)
            if len(fresh) == _AT_ONCE:
                self._ground.connection.execute(insert(audit), fresh)
                fresh.clear()
        if fresh:
            self._ground.connection.execute(insert(audit), fresh)
        return newest - first

    def _leaf(self, seq: int) -> str | None:
        found = self._ground.connection.execute(select(audit.c.leaf_hash).where(audit.c.seq == seq)).scalar()
        return None if found is None else str(found)

    def _between(self, first: int, last: int) -> Iterator[RowMapping]:
        statement = select(audit).where(audit.c.seq.between(first, last)).order_by(audit.c.seq)
        with self._ground.connection.execute(statement.execution_options(yield_per=_AT_ONCE)) as streamed:
            yield from streamed.mappings()


def event_bytes(row: Mapping[str, Any] | RowMapping) -> bytes:
    """Return the canonical bytes of an event; `details` is already canonical and goes in as it stands."""
    return (
        f'{{"action":{scalar_json(row["action"])},"actor":{scalar_json(row["actor"])},"details":{row["details"]},'
        f'"object":{scalar_json(row["object"])},"outcome":{scalar_json(row["outcome"])},'
        f'"prev":{scalar_json(row["prev_hash"])},"seq":{row["seq"]},"time":{scalar_json(row["time"])}}}'
    ).encode()


def _row(data: bytes) -> dict[str, Any]:
    """The row whose event has exactly these bytes. Raises `AuditAltered` when there can be none."""
    try:
        found = json.loads(data)
        row = {column: found[name] for name, column in _COLUMNS.items()}
        row["details"] = canonical_json(row["details"]).decode()
        same = event_bytes(row) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise AuditAltered(f"not an event: {data[:80]!r} ({fault})") from fault
    if not same or type(row["seq"]) is not int:
        raise AuditAltered(f"not an event in its one form: {data[:80]!r}")
    return row | {"leaf_hash": leaf_hash(data).hex()}


def _checked(details: Mapping[str, Scalar]) -> dict[str, Scalar]:
    clean: dict[str, Scalar] = {}
    for name, value in details.items():
        if name.lower() in _FORBIDDEN:
            raise ValueError(f"{name!r} has no place in the audit log")
        if isinstance(value, str):
            if len(value) > LONGEST_DETAIL:
                raise ValueError(f"{name!r} is {len(value)} letters long")
            value = storable(value)  # noqa: PLW2901  # the cleaned form is what is meant from here on
        clean[name] = value
    return clean


def _event(row: RowMapping) -> AuditEvent:
    moment = datetime.fromisoformat(row["time"])
    details = json.loads(row["details"])
    return AuditEvent(
        row["seq"],
        moment,
        row["actor"],
        row["action"],
        row["object"],
        row["outcome"],
        details,
        row["leaf_hash"],
    )
