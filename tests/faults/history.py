"""What a client did and what it was told: the only witness the checker believes."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["acknowledged", "refused", "unknown"]


@dataclass
class Op:
    """One upload, asked under one key as often as it takes. `told` is the receipt, `status` the last answer's.

    `began` and `answered` are moments of one clock (monotonic): who was answered before another one asked came first.
    """

    batch: str
    key: str
    name: str
    data: bytes
    sha256: str
    outcome: Outcome = "unknown"
    status: int = 0
    statuses: list[int] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    receipts: set[tuple[Any, ...]] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)
    answered: float = 0.0
    may_be_refused: bool = False
    """Whether a refusal is what the test asked for; any other one is a fault."""


class History:
    """All operations of all clients. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ops: list[Op] = []
        self.batches: list[str] = []
        self.unknown_batches = 0
        """Openings that nobody answered: each may have made one batch, or none."""
        self.started: list[str] = []

    def add(self, op: Op) -> None:
        """Remember an operation before it is sent."""
        with self._lock:
            self._ops.append(op)

    @property
    def ops(self) -> list[Op]:
        """Every operation so far."""
        with self._lock:
            return list(self._ops)

    def count(self, outcome: Outcome) -> int:
        """Return how many operations ended so."""
        return sum(op.outcome == outcome for op in self.ops)
