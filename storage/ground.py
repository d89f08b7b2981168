"""What every repository stands on: the open connection, the clock, and whether writing is allowed."""

from dataclasses import dataclass

from sqlalchemy import Connection

from records.clock import Clock


@dataclass(frozen=True, slots=True)
class Ground:
    """Handed to each repository by `Tx`; never leaves the package."""

    connection: Connection
    clock: Clock
    writable: bool
