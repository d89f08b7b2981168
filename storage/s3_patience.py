"""How long an S3 server is waited for, and the two ways in which it does not do what it is asked."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a store is waited for: seconds, bytes a second (`floor`), and tries of one call altogether.

    A call with all its tries ends within `total` seconds, plus the time its bytes take at `floor` bytes a second.
    `connect` and `silence` bound one wait for the network, `pause` is the wait before the second try.
    """

    connect: float = 5.0
    silence: float = 15.0
    total: float = 30.0
    floor: int = 512 << 10
    tries: int = 4
    pause: float = 0.2


class Trouble(Exception):
    """No whole answer now; there may be one the next time. `answered`: the server itself gave up on the request."""

    def __init__(self, reason: str, *, answered: bool = False) -> None:
        super().__init__(reason)
        self.answered = answered


class Refusal(Exception):
    """The server's answer is no, and would be no again. `code` is the word of S3 for it, "" when it said none."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(f"{status} {code} {reason}".strip())
        self.status = status
        self.code = code


class Deadline:
    """The moment after which a call, with all its tries, is given up."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left. Raises Trouble when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Trouble("the store took too long")
        return left

    def has(self, seconds: float) -> bool:
        """Tell whether so many seconds are left."""
        return self._end - time.monotonic() >= seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let the clock stand while somebody else is waited for."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - began
