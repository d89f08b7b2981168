"""What the durable engine must do on every database: the contract with the pinned library, kill -9 included."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = textwrap.dedent(
    """
    import json, os, sys, time
    from pathlib import Path
    from jobs import engine_gaps
    from jobs.engine import Engine, EngineAddress, QueueOptions, WorkflowFailed

    told = json.loads(sys.argv[1])
    folder, slow = Path(told["folder"]), told["slow"]

    def note(line):
        fd = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, (line + "\\n").encode())
        os.close(fd)

    def main():
        address = EngineAddress(told["url"], os.environ.get("ENGINE_PASSWORD", ""))
        queues = [QueueOptions("pages", told.get("at_once", 2), poll=0.05), QueueOptions("sign", 1, poll=0.05)]
        engine = Engine(address, told["executor"], queues, told.get("listen"))

        def work(number):
            note(f"page {number}")
            time.sleep(slow)
            if number == 3:
                raise ValueError("trang hỏng")
            return {"trang": number}

        def page(number):
            return engine.step("work", work, number)

        page_flow = engine.workflow("page", page)

        def sign(number):
            return engine.step("sign", note, f"sign {number}")

        sign_flow = engine.workflow("sign", sign)

        def document(count):
            engine.step("begin", note, "begin")
            if told.get("die_before_fan_out"):
                os.kill(os.getpid(), 9)
            jobs = [(f"page:{number}", (number,)) for number in range(count)]
            engine.fan_out("pages", "pages", 10, page_flow, jobs)
            engine.fan_out("pages", "pages", 10, page_flow, jobs)
            out = []
            for name, _ in jobs:
                try:
                    out.append(engine.result(name))
                except WorkflowFailed as fault:
                    out.append(str(fault))
            engine.step("end", note, "end")
            return out

        flow = engine.workflow("document", document)
        if "launch_pause" in told:
            places = engine_gaps.own_places
            engine_gaps.own_places = lambda *given: (time.sleep(told["launch_pause"]), places(*given))
        engine.launch()
        if "thread_pause" in told:
            active = engine._dbos._active_workflows_set
            add = active.add
            active.add = lambda *given: (time.sleep(told["thread_pause"]), add(*given))[1]
        for dead in told.get("dead", []):
            engine.hand_back([dead])
            engine.hand_back([dead])
        count = told.get("count", 6)
        if told.get("start", True):
            engine.start("document:1", flow, count)
            engine.start("document:1", flow, count)
        if "sign" in told:
            engine.enqueue("sign", 10, f"sign:{told['sign']}", sign_flow, told["sign"])
        if told.get("wait", True):
            print(json.dumps(engine.result("document:1"), ensure_ascii=False), flush=True)
            print(json.dumps(sorted(engine.executors_at_work())), flush=True)
            engine.stop()
        else:
            print("ready", flush=True)
            sys.stdin.read()
            print(json.dumps(engine.drain(["pages"], 20)), flush=True)
            engine.stop()
            os._exit(0)

    main()
    """
)
EXPECTED = [
    {"trang": 0},
    {"trang": 1},
    {"trang": 2},
    "ValueError: trang hỏng",
    {"trang": 4},
    {"trang": 5},
]


@dataclass(frozen=True)
class Place:
    """Where an engine's database is, and a folder for the test's own notes."""

    url: str
    folder: Path
    password: str = ""
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def end(self) -> None:
        """Let no process of a test outlive it, whatever became of the test."""
        for process in self.started:
            process.kill()
            process.communicate()

    def start(self, executor: str, slow: float, **told: Any) -> "subprocess.Popen[str]":
        script = self.folder / "program.py"
        script.write_text(PROGRAM, encoding="utf-8")
        told = {"url": self.url, "folder": str(self.folder), "executor": executor, "slow": slow, **told}
        with (self.folder / f"err-{executor}").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, str(script), json.dumps(told)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "ENGINE_PASSWORD": self.password, "PYTHONPATH": str(ROOT)},
            )
        self.started.append(process)
        return process

    def lines(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def pages(self) -> list[str]:
        """What was noted of pages. Those put on their queue in one moment come in any order."""
        return [line for line in self.lines() if line.startswith("page")]

    def wait_for_pages(self, count: int, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while len(self.pages()) < count:
            assert time.monotonic() < until, f"not {count} pages in {self.lines()}"
            time.sleep(0.02)

    def wait_for(self, line: str, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while line not in self.lines():
            assert time.monotonic() < until, f"no {line!r} in {self.lines()}"
            time.sleep(0.02)


class EngineCases:
    """A database inherits this and supplies `place`."""

    def test_runs_fans_out_and_carries_errors(self, place: Place) -> None:
        out, _ = place.start("a", 0.01).communicate(timeout=60)
        assert json.loads(out.splitlines()[0]) == EXPECTED
        assert sorted(place.lines()) == sorted(["begin", "end", *(f"page {n}" for n in range(6))])

    def test_a_dead_executors_work_goes_on_elsewhere_once(self, place: Place) -> None:
        """The private recovery call: keeps the queue, is repeatable, repeats only what was in flight."""
        running = place.start("a", 0.5)
        place.wait_for("page 2")
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        assert "end" not in place.lines()
        out, _ = place.start("b", 0.01, dead=["a"], start=False).communicate(timeout=60)
        assert json.loads(out.splitlines()[0]) == EXPECTED
        after = place.lines()
        assert len(after) - len(set(after)) <= 2  # two places, so at most two pages were in flight
        assert after.count("begin") == after.count("end") == 1

    def test_the_same_executor_goes_on_by_itself(self, place: Place) -> None:
        running = place.start("a", 0.5)
        place.wait_for("page 2")
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        out, _ = place.start("a", 0.01, start=False).communicate(timeout=60)
        assert json.loads(out.splitlines()[0]) == EXPECTED

    def test_work_taken_up_at_launch_waits_until_the_engine_is_whole(self, place: Place) -> None:
        """The library resumes what was running before its own launch returns."""
        place.start("a", 0.0, die_before_fan_out=True).communicate(timeout=60)
        assert place.lines() == ["begin"]
        out, _ = place.start("a", 0.0, start=False, launch_pause=1.5).communicate(timeout=60)
        assert json.loads(out.splitlines()[0]) == EXPECTED

    def test_places_are_taken_from_the_claim_on_however_slowly_threads_start(self, place: Place) -> None:
        """The library counts threads that run, and claimed the same places again before they did."""
        running = place.start("a", 30, wait=False, count=12, thread_pause=1.0)
        place.wait_for_pages(2)
        time.sleep(3)  # many polls, and as long as more threads would need to come
        running.kill()
        assert len(place.pages()) == 2

    def test_a_draining_process_finishes_what_it_has_and_takes_nothing_new(self, place: Place) -> None:
        running = place.start("a", 0.6, wait=False, count=12)
        place.wait_for("page 1")
        out, _ = running.communicate(timeout=60)  # closes its standard input: drain
        assert out.splitlines() == ["ready", "true"]
        begun = set(place.pages())
        assert len(begun) < 12
        again, _ = place.start("b", 0.0, dead=["a"], start=False).communicate(timeout=60)
        assert len(json.loads(again.splitlines()[0])) == 12
        pages = place.pages()
        assert sorted(pages) == sorted({f"page {n}" for n in range(12)})  # drained, so nothing was repeated


class SharedEngineCases(EngineCases):
    """What only a database for many processes must do."""

    def test_two_processes_share_the_work_and_do_nothing_twice(self, place: Place) -> None:
        helper = place.start("b", 0.1, wait=False, start=False)
        assert helper.stdout is not None
        assert helper.stdout.readline() == "ready\n"
        out, _ = place.start("a", 0.1, count=40).communicate(timeout=90)
        helper.communicate(timeout=60)
        assert len(json.loads(out.splitlines()[0])) == 40
        pages = place.pages()
        assert sorted(pages) == sorted(f"page {n}" for n in range(40))

    def test_each_process_keeps_its_own_number_of_places(self, place: Place) -> None:
        """The library keeps the number in the shared database; a large machine must not flood a small one."""
        small = place.start("small", 5, wait=False, start=False, at_once=1)
        assert small.stdout is not None
        assert small.stdout.readline() == "ready\n"
        large = place.start("large", 0.0, wait=False, start=False, at_once=50, listen=["sign"])
        assert large.stdout is not None
        assert large.stdout.readline() == "ready\n"
        time.sleep(1)  # both have read the shared number by now
        giver = place.start("giver", 0.0, wait=False, count=8, listen=["sign"])
        assert giver.stdout is not None
        assert giver.stdout.readline() == "ready\n"
        place.wait_for_pages(1)
        time.sleep(1.5)
        assert len(place.pages()) == 1

    def test_a_process_serves_only_the_queues_it_listens_to(self, place: Place) -> None:
        signer = place.start(
            "signer", 0.0, wait=False, listen=["sign"]
        )  # starts the document, may not read pages
        assert signer.stdout is not None
        assert signer.stdout.readline() == "ready\n"
        place.wait_for("begin")
        place.start("other", 0.0, wait=False, start=False, listen=["sign"], sign=7)
        place.wait_for("sign 7")
        assert not place.pages()
        reader = place.start("reader", 0.0, start=False, listen=["pages"])
        out, _ = reader.communicate(timeout=60)
        assert json.loads(out.splitlines()[0]) == EXPECTED
