"""What operators see of the queues, and the way back for work that was given up, on whatever database the engine is."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.crew import Crew, Member
from jobs.engine import EngineAddress
from jobs.engine_view import AGAIN, EngineView
from records.access import Actor, Role
from records.errors import Away, Conflict, Missing
from records.queues import DeadLetter
from storage.work import Work

ROOT = Path(__file__).parents[2]
OPERATOR = Actor("quan-tri", "Quản trị", frozenset({Role.ADMINISTRATOR}))
PROGRAM = textwrap.dedent(
    """
    import json, os, sys, time
    from jobs.engine import Engine, EngineAddress, QueueOptions, WorkflowFailed
    from jobs.walk_ids import workflow_id

    told = json.loads(sys.argv[1])

    def main():
        queues = [QueueOptions("documents", 4, poll=0.05), QueueOptions("pages", 2, poll=0.05)]
        address = EngineAddress(told["url"], os.environ.get("ENGINE_PASSWORD", ""))
        engine = Engine(address, "a", queues, told.get("listen"))

        def page(document, bad):
            def work():
                if bad:
                    raise ValueError("trang không đọc được\\nsecond line")
                return 1
            return engine.step("read", work)

        page_flow = engine.workflow("read-pages", page)

        def document(document_id, attempt, bad):
            name = workflow_id("pages", document_id, attempt, 1)
            engine.fan_out("all", "pages", 1000, page_flow, [(name, (document_id, bad))])
            return engine.result(name)

        flow = engine.workflow("walk-document", document)
        engine.launch()
        for document_id, attempt, bad in told["documents"]:
            name = workflow_id("document", document_id, attempt)
            engine.enqueue("documents", 1000, name, flow, document_id, attempt, bad)
        if "listen" not in told:
            for document_id, attempt, bad in told["documents"]:
                while engine.state(workflow_id("document", document_id, attempt)) not in ("SUCCESS", "ERROR"):
                    time.sleep(0.05)
        engine.stop()

    main()
    """
)


@dataclass(frozen=True)
class ViewPlace:
    """An engine's database, the rows beside it, and a folder."""

    url: str
    folder: Path
    work: Work
    password: str = ""

    def run(self, *documents: tuple[str, int, bool], **told: Any) -> None:
        script = self.folder / "view.py"
        script.write_text(PROGRAM, encoding="utf-8")
        told = {"url": self.url, "documents": documents, **told}
        subprocess.run(
            [sys.executable, str(script), json.dumps(told)],
            env={**os.environ, "ENGINE_PASSWORD": self.password, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            timeout=90,
        )

    def view(self) -> EngineView:
        return EngineView(EngineAddress(self.url, self.password), self.work)


class EngineViewCases:
    """A database inherits this and supplies `place`."""

    def test_waiting_work_is_counted_by_queue(self, place: ViewPlace) -> None:
        place.run(("d1", 0, False), ("d2", 0, False), listen=[])
        view = place.view()
        (count,) = view.counts()
        assert (count.queue, count.state, count.count) == ("documents", "waiting", 2)
        assert 0 <= count.oldest_seconds < 120
        assert view.dead(10) == []
        view.close()

    def test_given_up_is_one_letter_a_document_and_can_be_tried_again_once(self, place: ViewPlace) -> None:
        place.run(("d1", 0, True), ("d2", 0, False))
        view = place.view()
        (letter,) = view.dead(10)
        assert isinstance(letter, DeadLetter)
        assert (letter.id, letter.kind, letter.object_id) == ("document:d1", "document", "d1")
        assert "trang không đọc được" in letter.error
        assert "second line" not in letter.error
        with pytest.raises(Missing):
            view.rerun("document:d2", OPERATOR)
        with pytest.raises(Missing):
            view.rerun("x'; DROP TABLE workflow_status; --", OPERATOR)
        view.rerun("document:d1", OPERATOR)
        with pytest.raises(Conflict):
            view.rerun("document:d1", OPERATOR)
        with place.work.reading() as tx:
            (note,) = tx.outbox.due(kind=AGAIN)
            (event,) = tx.audit.list(OPERATOR, "d1")
        assert (note.object_id, dict(note.payload)) == ("d1", {"kind": "document", "attempt": 1})
        assert (event.action, event.actor) == ("walk-again", "quan-tri")
        place.run(("d1", 1, False))  # the next try goes well
        assert view.dead(10) == []
        view.close()

    def test_a_second_try_that_fails_is_a_letter_again(self, place: ViewPlace) -> None:
        place.run(("d1", 0, True), ("d1", 1, True))
        view = place.view()
        assert [letter.id for letter in view.dead(10)] == ["document:d1"]
        view.rerun("document:d1", OPERATOR)
        with place.work.reading() as tx:
            (note,) = tx.outbox.due(kind=AGAIN)
        assert note.payload["attempt"] == 2
        view.close()

    def test_workers_are_seen(self, place: ViewPlace) -> None:
        crew = Crew(place.work, Member("w1", ("pages", "sign")), place.folder)
        crew.join()
        view = place.view()
        (worker,) = view.workers()
        assert (worker.name, worker.queues) == ("w1", ("pages", "sign"))
        assert worker.left_seconds > 0
        crew.leave()
        assert view.workers() == []
        view.close()


class GoneCases:
    """An engine's database that does not answer is said so, in time."""

    def test_away(self, work: Work) -> None:
        view = EngineView(EngineAddress("postgresql://vanthu@127.0.0.1:9/none"), work)
        with pytest.raises(Away) as caught:
            view.counts()
        assert caught.value.code == "engine-away"
