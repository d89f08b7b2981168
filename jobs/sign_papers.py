"""The workflows of batches of papers to be signed: few at a time under one key, going on after any crash.

One piece of work is a run of papers; what each of them is at is in its row, so a piece that begins anew passes over
those at their end. A paper that must wait (no token, no time stamp) lets its piece wait, ever longer, without end.
"""

import logging
from collections.abc import Sequence

from jobs.engine import LONGEST_WAIT, Engine, Json
from jobs.walk_ids import workflow_id
from procedures.sign_papers import SignTools, sign_paper
from storage.signing_notes import keep_manifest, keep_start
from storage.signing_values import BatchStage

_log = logging.getLogger("vanthu.signings")

_AT_ONCE = 25
"""Papers to one piece of work: small enough that two workers share a batch, large enough to cost nothing."""
SINGLE, MANY = 10, 100
"""Priorities: one paper that somebody waits for overtakes a batch, and both overtake the seals of the bulk."""
_FIRST_WAIT = 2.0


class PaperSigning:
    """The workflows, bound to an engine that is not launched yet and to what signing needs."""

    def __init__(self, engine: Engine, tools: SignTools) -> None:
        self._engine = engine
        self._tools = tools
        self._known: set[str] = set()
        self._batch_flow = engine.workflow("sign-batch", self._sign_batch)
        self._papers_flow = engine.workflow("sign-papers", self._sign_papers)

    def take_over(self, unfinished: Sequence[str]) -> None:
        """Begin the signing of every one of these batches, all that are not at their end, that this process does not
        know yet.
        """
        for batch_id in unfinished:
            if batch_id not in self._known:
                name = workflow_id("signings", batch_id, 0)
                self._engine.enqueue("batches", SINGLE, name, self._batch_flow, batch_id)
                self._known.add(batch_id)
        self._known &= set(unfinished)

    def _sign_batch(self, batch_id: str) -> Json:
        ids = self._engine.step("plan-papers", self._plan, batch_id)
        pieces = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
        jobs = [
            (workflow_id("papers", batch_id, 0, number), (batch_id, piece))
            for number, piece in enumerate(pieces)
        ]
        priority = SINGLE if len(ids) == 1 else MANY
        self._engine.fan_out("sign-all", "sign", priority, self._papers_flow, jobs)
        for name, _ in jobs:
            self._engine.result(name)
        return self._engine.step("finish-papers", self._finish, batch_id)

    def _plan(self, batch_id: str) -> Json:
        keep_start(self._tools.notebook, batch_id)
        with self._tools.work.reading() as tx:
            return tx.signings.waiting(batch_id)

    def _finish(self, batch_id: str) -> Json:
        with self._tools.work.begin() as tx:
            tx.signings.finish(batch_id)
            state = tx.signings.batch(batch_id).state
        if state in (BatchStage.FINISHED, BatchStage.CANCELLED):
            keep_manifest(self._tools.notebook, batch_id)
        return str(state)

    def _sign_papers(self, batch_id: str, ids: Json) -> Json:
        wait = _FIRST_WAIT
        while True:
            told = self._engine.step("sign", self._sign_some, batch_id, ids)
            if not told["waits"]:
                return told["ended"]
            _log.warning("signing batch %s waits %.0f s: %s", batch_id, wait, told["waits"])
            self._engine.sleep(wait)
            wait = _FIRST_WAIT if told["ended"] else min(wait * 2, LONGEST_WAIT)

    def _sign_some(self, batch_id: str, ids: Json) -> Json:
        """Sign papers until one must wait; say how many came to their end in this run, and what the one waits for."""
        ended = 0
        with self._tools.work.reading() as tx:
            waiting = tx.signings.waiting_of(ids)
            if tx.signings.batch(batch_id).state is BatchStage.CANCELLED:
                return {"ended": 0, "waits": ""}
        for paper_id in ids:
            if paper_id not in waiting:
                continue
            waits = sign_paper(self._tools, paper_id)
            if waits is not None:
                return {"ended": ended, "waits": f"{waits.code}: {waits.reason}"}
            ended += 1
        return {"ended": ended, "waits": ""}
