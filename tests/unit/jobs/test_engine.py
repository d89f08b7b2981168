"""The engine's contract with DBOS: what we rely on holds in the pinned version, kill -9 included."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

PROGRAM = textwrap.dedent(
    """
    import sys, time, json
    from pathlib import Path
    from jobs.engine import Engine, QueueOptions, WorkflowFailed

    folder, slow = Path(sys.argv[1]), float(sys.argv[2])

    def note(line):
        with (folder / "log").open("a") as out:
            out.write(line + "\\n")

    def main():
        engine = Engine(f"sqlite:///{folder}/engine.db", "embedded", [QueueOptions("pages", 2, poll=0.05)])

        def work(number):
            note(f"page {number}")
            time.sleep(slow)
            if number == 3:
                raise ValueError("trang hỏng")
            return {"trang": number}

        def page(number):
            return engine.step("work", work, number)

        page_flow = engine.workflow("page", page)

        def document(count):
            engine.step("begin", note, "begin")
            for number in range(count):
                engine.enqueue("pages", 10, f"page:{number}", page_flow, number)
            out = []
            for number in range(count):
                try:
                    out.append(engine.result(f"page:{number}"))
                except WorkflowFailed as fault:
                    out.append(str(fault))
            engine.step("end", note, "end")
            return out

        flow = engine.workflow("document", document)
        engine.launch()
        engine.start("document:1", flow, 6)
        engine.start("document:1", flow, 6)
        print(json.dumps(engine.result("document:1"), ensure_ascii=False), flush=True)
        engine.stop()

    main()
    """
)
EXPECTED = '[{"trang": 0}, {"trang": 1}, {"trang": 2}, "ValueError: trang hỏng", {"trang": 4}, {"trang": 5}]'


def start(folder: Path, slow: float) -> "subprocess.Popen[str]":
    script = folder / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), str(slow)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_runs_fans_out_and_carries_errors(tmp_path: Path) -> None:
    running = start(tmp_path, 0.01)
    out, _ = running.communicate(timeout=60)
    assert out.strip() == EXPECTED
    log = (tmp_path / "log").read_text().split("\n")
    assert sorted(log) == sorted(["begin", "end", "", *(f"page {n}" for n in range(6))])


def test_a_killed_engine_goes_on_and_repeats_only_what_was_in_flight(tmp_path: Path) -> None:
    running = start(tmp_path, 0.5)
    log = tmp_path / "log"
    until = time.monotonic() + 30
    while not (log.exists() and "page 2" in log.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    before = log.read_text().split("\n")
    assert "end" not in before
    again = start(tmp_path, 0.01)
    out, _ = again.communicate(timeout=60)
    assert out.strip() == EXPECTED
    after = log.read_text().strip().split("\n")
    repeated = len(after) - len(set(after))
    assert repeated <= 2  # two workers, so at most two pages were in flight
    assert after.count("begin") == 1
    assert after.count("end") == 1
