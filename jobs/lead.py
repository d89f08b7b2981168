"""Being the one process that does what only one should do, without asking every second whether one still is."""

import time

from storage.work import Work


class Lead:
    """A lease by which one process leads. Once taken it is not asked for again before a third of it has passed.

    A process that stood still in between asks, because it is the time passed that counts; so two never lead for longer
    than they would by the lease alone.
    """

    def __init__(self, work: Work, name: str, holder: str, seconds: float) -> None:
        """`seconds`: how long the lease runs when nobody renews it."""
        self._work = work
        self._name = name
        self._holder = holder
        self._seconds = seconds
        self._sure_until = float("-inf")

    def held(self) -> bool:
        """Return whether this process leads; takes the lead when nobody has it. Raises `Away`."""
        now = time.monotonic()
        if now < self._sure_until:
            return True
        self._sure_until = float("-inf")
        with self._work.begin() as tx:
            leads = tx.leases.take(self._name, self._holder, self._seconds)
        if leads:
            self._sure_until = now + self._seconds / 3
        return leads

    def give_back(self) -> None:
        """Let another lead at once. Raises `Away`; the lease then runs out by itself."""
        self._sure_until = float("-inf")
        with self._work.begin() as tx:
            tx.leases.give_back(self._name, self._holder)
