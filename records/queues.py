"""What the engine tells about its queues, its workers and the work it gave up, in words of our own.

The engine says it, the HTTP door shows it, and neither needs to know the other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

JobState = Literal["waiting", "running", "failed"]
"""Where a job stands, as far as somebody who watches the queues cares; `failed`: given up, a dead letter."""


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many jobs of one queue are in one state, and the age of the oldest of them in seconds (0.0 for none)."""

    queue: str
    state: JobState
    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker process: its name, its machine, the queues it serves.

    `left_seconds`: how long its lease still holds; negative when it has not been heard of in time.
    """

    name: str
    host: str
    queues: tuple[str, ...]
    left_seconds: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Work that was tried `attempts` times and given up; it waits for a person.

    `kind`: what was to be done (`document`, `page` …); `object_id`: to what; `error`: for the operator, one line,
    without text of papers; `failed_at`: with a time zone.
    """

    id: str
    kind: str
    object_id: str
    queue: str
    error: str
    attempts: int
    failed_at: datetime
