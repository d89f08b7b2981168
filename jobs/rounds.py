"""Go over the whole archive without end: fixity and reconcile, a little at a time, by one leader in the cluster.

A thread beside the patrol. Where each round stands is in the rows, so a leader that dies is followed by another one
that goes on; see storage/progress.py for what an alarm is.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from jobs.lead import Lead
from records.errors import ArchiveFault
from storage.complaints import Complaints
from storage.mending import Mender
from storage.passes import Pass
from storage.progress import PATIENCE, Round, Turn, got_nowhere, is_due
from storage.reconcile import Drift, Tell
from storage.work import Work

_log = logging.getLogger("vanthu.rounds")

LEASE = "lead:rounds"
LEASE_SECONDS = 120.0
"""A leader that dies is followed after this long; one turn is much shorter, and two leaders at once do no harm."""
TURN_SECONDS = 1.0
"""After this long a turn stops at the next object, and the next round has its turn."""
IDLE_SECONDS = 5.0
REST_SECONDS = 20.0
"""A round that found nothing to do is asked again after this long; each asking costs some questions to the rows."""


def log_drift(an_hour: int = 20) -> Tell:
    """Return a place for differences: the log, but of each kind only the first `an_hour` every hour.

    The figures are in the passes, and the whole list is for `vanthu reconcile --json` to give.
    """
    said: dict[tuple[str, str], list[float]] = {}

    def tell(drift: Drift) -> None:
        now = time.monotonic()
        before = said.setdefault((drift.kind, drift.where), [])
        before[:] = [at for at in before if now - at < 3600]
        if len(before) < an_hour:
            before.append(now)
            _log.warning("%s in %s: %r (%s)", drift.kind, drift.where, drift.key, drift.detail)

    return tell


class Rounds:
    """The rounds of one process. Every process may start them; one of them leads and does the work.

    `complaints` are attended in every process, for each knows only its own readers. `chores` are small things that the
    leader does between the rounds.
    """

    def __init__(
        self,
        work: Work,
        rounds: Sequence[Round],
        holder: str,
        *,
        mender: Mender | None = None,
        complaints: Complaints | None = None,
        chores: Sequence[Callable[[], object]] = (),
        ending: threading.Event | None = None,
    ) -> None:
        """`ending` is set at `stop`; whatever waits inside a round (its pace) waits on the same event."""
        self._work = work
        self._rounds = tuple(rounds)
        self._lead = Lead(work, LEASE, holder, LEASE_SECONDS)
        self._mender = mender
        self._complaints = complaints
        self._chores = tuple(chores)
        self._ending = ending or threading.Event()
        self._alarms: dict[str, str] = {}
        self._rests: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the object that is being read, and let another process lead."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        try:
            self._lead.give_back()
        except ArchiveFault as fault:  # it runs out by itself
            _log.warning("rounds: %s", fault)

    def lap(self, *, resting: bool = False) -> bool:
        """Give every round that is due one turn, if this process leads; return whether one wants to go on at once.

        `resting`: leave out those that had nothing to do a moment ago.
        """
        self._attend()
        if not self._lead.held():
            return False
        for chore in self._chores:
            if not self._ending.is_set():
                self._guarded("chores", chore)
        # read once for all: most rounds are not due at most laps, and each would cost a question
        with self._work.reading() as tx:
            standing = {one.name: one for one in tx.passes.all()}
        wanting = [
            self._turn(one, standing.get(one.name))
            for one in self._rounds
            if not self._ending.is_set() and not (resting and time.monotonic() < self._rests.get(one.name, 0))
        ]
        return any(wanting)

    def _turn(self, one: Round, standing: Pass | None) -> bool:
        until = time.monotonic() + TURN_SECONDS
        ended: object = None
        if is_due(one, standing, self._work.clock.now()):
            enough = lambda: self._ending.is_set() or time.monotonic() >= until  # noqa: E731
            ended = self._guarded(one.name, lambda: one.turn(enough))
            with self._work.reading() as tx:
                standing = tx.passes.get(one.name)
        if ended is Turn.DONE:
            self._rests[one.name] = time.monotonic() + REST_SECONDS
        self._announce(one.name, "" if standing is None else standing.alarm)
        return ended is Turn.MORE

    def _guarded(self, name: str, work: Callable[[], object]) -> object:
        """One round's trouble must not stop the others; a round that always fails is stuck, and that is an alarm."""
        try:
            return work()
        except Exception as fault:  # noqa: BLE001  the rounds are the last ones awake, like the patrol
            _log.warning(
                "%s: %s: %s", name, type(fault).__name__, fault, exc_info=not isinstance(fault, ArchiveFault)
            )
            why = f"{type(fault).__name__}: {fault}"
        if name != "chores":
            try:
                got_nowhere(self._work, name, why, PATIENCE)
            except ArchiveFault as fault:
                _log.warning("%s: %s", name, fault)
        return None

    def _announce(self, name: str, alarm: str) -> None:
        """Say an alarm in the log once when it begins and once when it ends."""
        before = self._alarms.get(name, "")
        self._alarms[name] = alarm
        if alarm and alarm != before:
            _log.error("%s: alarm: %s", name, alarm)
        elif before and not alarm:
            _log.info("%s: no longer an alarm: %s", name, before)

    def _attend(self) -> None:
        if self._complaints is None or self._mender is None:
            return
        for side, key, reason in self._complaints.take():
            try:
                ended = self._mender.attend(side, key)
            except ArchiveFault as fault:
                _log.warning("%s of %s: %s; now %s", side, key, reason, fault)
                continue
            _log.warning("%s of %s: %s; %s", side, key, reason, ended or "found good")

    def _run(self) -> None:
        # a command that is over in a moment should not begin to look after the archive
        self._ending.wait(IDLE_SECONDS)
        while not self._ending.is_set():
            more = False
            try:
                more = self.lap(resting=True)
            except ArchiveFault as fault:
                _log.warning("rounds: %s", fault)
            except Exception:  # noqa: BLE001
                _log.exception("rounds")
            # between two laps the archive belongs to those who use it
            self._ending.wait(TURN_SECONDS / 10 if more else IDLE_SECONDS)
