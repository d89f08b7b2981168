"""How every step of the walk ends: done, refused with a sentence for the person, or later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The step did its work; `value` goes to the next one."""

    value: T


@dataclass(frozen=True, slots=True)
class Refused:
    """The input itself is at fault and trying again will not help.

    `code` is stable and machine-readable (`file-truncated`), `reason` is for the operator's log, `tell` is the
    Vietnamese sentence for the person: what happened, why, and what to do.
    """

    code: str
    reason: str
    tell: str


@dataclass(frozen=True, slots=True)
class Later:
    """The world is at fault (store away, disk full); the same step may work after `after`."""

    reason: str
    after: datetime


Outcome = Done[T] | Refused | Later
