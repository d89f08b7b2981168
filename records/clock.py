"""Time and identity as arguments, so that nothing in the house reads a global clock."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""Vietnam has one zone without daylight saving; papers and stamps show it (NĐ 30/2020, Phụ lục I)."""


class Clock(Protocol):
    """Says what time it is, aware, in UTC."""

    def now(self) -> datetime:
        """Return the present moment with a UTC offset of zero."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still, for tests and for repeatable output."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment it was made with."""
        return self.at


def new_id(prefix: str = "") -> str:
    """Return a fresh 128-bit random identifier in lower-case hexadecimal, after `prefix`."""
    return prefix + secrets.token_hex(16)


def vietnam_iso(moment: datetime) -> str:
    """Return `moment` as ISO 8601 in Vietnamese time to the second, e.g. `2025-07-09T08:30:00+07:00`."""
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")
