"""Slow down guessing of passwords: failing log-ins are counted per account and per address, in memory."""

import threading
from collections import OrderedDict, deque

_REMEMBERED = 50_000  # keys kept at most; the oldest are forgotten first
_MOST = 1000  # failures remembered of one key


class Throttle:
    """Counts failures in a sliding window of `seconds`. Locks nobody out for good: the window passes by itself."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_for(self, key: str, tries: int, now: float) -> int:
        """Return how many whole seconds `key` must wait when it may fail `tries` times a window; 0: it may try now."""
        with self._lock:
            times = self._failed.get(key)
            if times is None:
                return 0
            while times and times[0] <= now - self._seconds:
                times.popleft()
            if len(times) < tries:
                return 0
            return max(1, int(times[len(times) - tries] + self._seconds - now) + 1)

    def failed(self, key: str, now: float) -> None:
        """Count one failure of `key` at `now` (seconds of a monotonic clock)."""
        with self._lock:
            self._failed.setdefault(key, deque(maxlen=_MOST)).append(now)
            self._failed.move_to_end(key)
            while len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of `key`."""
        with self._lock:
            self._failed.pop(key, None)
