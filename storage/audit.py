"""The one audit log: what was done by whom, in the same transaction as the doing, chained so that no edit
hides.
 Bytes of an event: RFC 8785 JSON of {action, actor, details, object, outcome, prev, seq, time}, where `prev`
is the leaf hash of the event before (64 zeros for the first). Leaf: SHA-256(0x00 ‖ bytes); tree: RFC 9162
§2.1. `storage/audit_verify.py` checks all of it and shares no code with this file.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select

from records.access import Action, Actor, authorize
from records.clock import vietnam_iso
from storage.canonical import Scalar, canonical_json, scalar_json
from storage.ground import Ground
from storage.schema import audit, storable

FIRST = "0" * 64
"""`prev` of the first event."""

LONGEST_DETAIL = 1000
"""Letters in one detail: an event names things, it does not carry them."""

_FORBIDDEN = frozenset(
    {"password", "secret", "token", "pin", "cookie", "csrf", "text", "ocr", "authorization"}
)
"""Details that would turn the log into a place to steal from."""

__all__ = ["Audit", "AuditEvent", "Head", "Scalar"]


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

        `details` are flat and short: no secrets, no text of documents (ValueError).
        """
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
        row["leaf_hash"] = leaf_hash(event_bytes(row))
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

    def head(self) -> Head:
        """Return the head of the log now; reads every leaf hash (about a second per million events)."""
        count = 0

        def leaves() -> Iterable[bytes]:
            nonlocal count
            statement = select(audit.c.leaf_hash).order_by(audit.c.seq)
            for leaf in self._ground.connection.execute(
                statement.execution_options(yield_per=10_000)
            ).scalars():
                count += 1
                yield bytes.fromhex(leaf)

        root = merkle_root(leaves())
        return Head(count, root.hex(), self._ground.clock.now())


def event_bytes(row: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of an event; `details` is already canonical and goes in as it stands."""
    return (
        f'{{"action":{scalar_json(row["action"])},"actor":{scalar_json(row["actor"])},"details":{row["details"]},'
        f'"object":{scalar_json(row["object"])},"outcome":{scalar_json(row["outcome"])},'
        f'"prev":{scalar_json(row["prev_hash"])},"seq":{row["seq"]},"time":{scalar_json(row["time"])}}}'
    ).encode()


def leaf_hash(data: bytes) -> str:
    """Return the RFC 9162 leaf hash in hexadecimal."""
    return hashlib.sha256(b"\x00" + data).hexdigest()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the RFC 9162 root over leaf hashes, in one pass with a logarithmic stack."""
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, node = 1, leaf
        while stack and stack[-1][0] == size:
            node = hashlib.sha256(b"\x01" + stack.pop()[1] + node).digest()
            size *= 2
        stack.append((size, node))
    if not stack:
        return hashlib.sha256(b"").digest()
    root = stack.pop()[1]
    while stack:
        root = hashlib.sha256(b"\x01" + stack.pop()[1] + root).digest()
    return root


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
