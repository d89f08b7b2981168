"""What readers met: objects that one store could not serve whole, kept until somebody looks at them."""

import threading

from storage.objects import Side

_MOST = 1000


class Complaints:
    """Remembers complaints of a paired store; safe for threads, never waits, never raises.

    Kept in memory only: a process that dies takes its complaints along, and the fixity round finds the same by itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[Side, str], str] = {}

    def __call__(self, side: Side, key: str, reason: str) -> None:
        """Remember that `side` could not serve `key`. A store that is away altogether is no complaint about a key."""
        if not reason.startswith("blob-"):
            return
        with self._lock:
            if len(self._open) < _MOST:
                self._open.setdefault((side, key), reason)

    def take(self) -> list[tuple[Side, str, str]]:
        """Return what was remembered and forget it."""
        with self._lock:
            taken, self._open = self._open, {}
        return [(side, key, reason) for (side, key), reason in taken.items()]
