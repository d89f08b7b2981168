"""Have many writers number papers while their processes are killed, and judge the register as an inspector would.

`make numbering`: 200 writers, 50 papers each, on SQLite and on PostgreSQL; the tests run a short one. Writers are
threads of a few processes, each writing down what it was told only after the commit. A process dies at random or at a
named point and is followed by another, which goes on after the last thing written down. Some transactions are given up
after the number was taken, some numbers are held first, some are struck out. The year turns in the middle, in every
process at once.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from procedures.number_holds import hold, lapse, use
from procedures.number_periods import begin_term
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import take, void
from records.clock import VIETNAM
from records.errors import Away, Conflict, Unfit
from records.units import System
from storage.number_values import Entry, Number, NumberState
from storage.tables import open_tables
from storage.work import Work
from tests.cases.database import Database, PostgresDatabase, SqliteDatabase

ROOT = Path(__file__).parents[2]
MIDNIGHT = datetime(2027, 1, 1, tzinfo=VIETNAM)
_HALF = 50
"""Bytes written down of each paper when about half is done."""
POINTS = ("number-entered", "rows-before-commit", "rows-after-commit")
WISHES = (
    Wish("u-state", System.STATE, "Quyết định", Notation("UBND"), "", Entry("Thử")),
    Wish("u-state", System.STATE, "Công văn", Notation("UBND", "VP"), "", Entry("Thử"), secret=True),
    Wish("u-party", System.PARTY, "Quyết định", Notation("TU"), "", Entry("Thử")),
    Wish("u-party", System.PARTY, "Quy định", Notation("TU"), "", Entry("Thử"), secret=True),
)


@dataclass(frozen=True)
class Campaign:
    """How much: writers in all, papers each, processes they are threads of, kills."""

    writers: int
    papers: int
    processes: int
    kills: int
    seed: int = 7


class SharedClock:
    """Runs like the machine's through the last evening of a year, and on from midnight once the file `turned` is there:
    the same in every process, however slow the machine is.
    """

    def __init__(self, zero: float, turned: Path) -> None:
        self._zero, self._turned = zero, turned

    def now(self) -> datetime:
        begins = MIDNIGHT if self._turned.exists() else MIDNIGHT - timedelta(hours=12)
        return begins + timedelta(seconds=time.time() - self._zero)


# --- a process of writers


def write(told: dict[str, Any]) -> None:
    """Be a process of writers until all their papers are numbered."""
    tables = open_tables(told["url"], told["password"])
    work = Work(tables, SharedClock(told["zero"], Path(told["turned"])))
    done: dict[str, dict[str, Any]] = {}
    log = Path(told["log"])
    for line in log.read_text().splitlines() if log.exists() else ():
        with_name = json.loads(line)
        done[with_name["step"]] = with_name
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    threads = [
        threading.Thread(target=_writer, args=(work, out, done, writer, told["papers"]))
        for writer in told["mine"]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tables.dispose()


def _writer(work: Work, out: int, done: dict[str, dict[str, Any]], writer: int, papers: int) -> None:
    try:
        for paper in range(papers):
            _number(work, out, done, writer, paper)
    except BaseException:
        os.write(2, f"writer {writer} fell over\n{traceback.format_exc()}".encode())
        os.kill(os.getpid(), signal.SIGTERM)  # a bug, and not to be taken for one of our kills
        raise


def _number(work: Work, out: int, done: dict[str, dict[str, Any]], writer: int, paper: int) -> None:
    """Number one paper in its way: each step is taken once, and again only when nobody wrote down that it was."""
    dice = random.Random(writer * 100_003 + paper)
    name = f"w{writer}-{paper}"
    wish = replace(dice.choice(WISHES), paper_id=name)
    way = dice.choices(("take", "give-up", "hold", "void"), (6, 1, 2, 1))[0]

    def step(what: str, doing: Any) -> dict[str, Any]:
        key = f"{name}/{what}"
        if key not in done:
            number = _patiently(work, doing)
            done[key] = {"step": key, "id": number.id, "number": number.number, "written": number.written}
            os.write(out, json.dumps(done[key]).encode() + b"\n")
        return done[key]

    if way == "give-up":
        _give_up(work, wish)
    if way == "hold":
        held = f"h-{name}"
        unit = replace(wish, paper_id="")
        step("hold", lambda tx: _hold(tx, held, unit, f"a{writer}"))
        step("issue", lambda tx: _use(tx, held, wish, f"a{writer}"))
        return
    first = step("issue", lambda tx: take(tx, f"a{writer}", wish))
    if way == "void":
        step("void", lambda tx: void(tx, f"a{writer}", wish.unit_id, first["id"], "Thử hủy"))
        step("again", lambda tx: take(tx, f"a{writer}", wish))


def _hold(tx: Any, held: str, wish: Wish, holder: str) -> Number:
    """Hold a number until tonight; midnight may strike while the series is waited for."""
    try:
        return hold(tx, holder, wish, held, holder, "Thử", tx.numbers.today())
    except Unfit as fault:
        if fault.code != "hold-until":
            raise
        return hold(tx, holder, wish, held, holder, "Thử", tx.numbers.today())


def _use(tx: Any, held: str, wish: Wish, holder: str) -> Number:
    """Use a held number; the year may have turned meanwhile, so that it lapsed."""
    try:
        return use(tx, holder, held, wish, holder)
    except Conflict as fault:
        if fault.code not in {"hold-lapsed", "number-not-held"}:
            raise
        return take(tx, holder, wish)


def _give_up(work: Work, wish: Wish) -> None:
    class GivenUp(Exception): ...

    def doing(tx: Any) -> Number:
        before = tx.numbers.of_paper(wish.paper_id)
        if before is not None:
            return before  # a process before this one had gone further
        take(tx, "given-up", wish)
        raise GivenUp

    try:
        _patiently(work, doing)
    except GivenUp:
        return


def _patiently(work: Work, doing: Any) -> Number:
    while True:
        try:
            with work.begin() as tx:
                number: Number = doing(tx)
            return number
        except Away:
            time.sleep(0.05)  # nothing was changed, or it is not known: asked again under the same name


# --- the campaign


def run(database: Database, campaign: Campaign, folder: Path) -> dict[str, Any]:
    """Run it on an empty database; return what the judge counted. AssertionError: the register is not right."""
    dice = random.Random(campaign.seed)
    tables = database.open()
    tables.migrate()
    zero = time.time()
    work = Work(tables, SharedClock(zero, folder / "turned"))
    with work.begin() as tx:
        begin_term(tx, "clerk", "u-party", "Nhiệm kỳ thử", date(2025, 10, 18))
    told = {
        "url": database.url, "password": database.password, "papers": campaign.papers,
        "zero": zero, "turned": str(folder / "turned"),
    }  # fmt: skip
    mine = [list(range(n, campaign.writers, campaign.processes)) for n in range(campaign.processes)]

    def start(n: int, point: str = "") -> "subprocess.Popen[bytes]":
        say = {**told, "mine": mine[n], "log": str(folder / f"{n}.jsonl")}
        env = {**os.environ, "VANTHU_CRASHPOINT": point}
        ask = [sys.executable, "-m", "tests.tools.numbering", "--write"]
        process = subprocess.Popen(ask, cwd=ROOT, env=env, stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(json.dumps(say).encode())
        process.stdin.close()
        return process

    # the first ones die at named points, the later ones at random
    points = [f"{dice.choice(POINTS)}:{dice.randrange(1, 30)}" for _ in range(campaign.kills // 2)]
    running = {n: start(n, points.pop() if points else "") for n in range(campaign.processes)}
    kills = Counter[str]()
    try:
        while running:
            time.sleep(dice.uniform(0.1, 0.6))
            for n, process in list(running.items()):
                code = process.poll()
                if code is None:
                    continue
                if code == 0:
                    del running[n]
                    continue
                assert code == -signal.SIGKILL, f"process {n} ended with {code}"
                kills["named" if kills["named"] < campaign.kills // 2 else "random"] += 1
                running[n] = start(n, points.pop() if points else "")
            random_kills = campaign.kills - campaign.kills // 2
            wrote = sum(path.stat().st_size for path in folder.glob("*.jsonl"))
            if wrote > campaign.writers * campaign.papers * _HALF:
                (folder / "turned").touch()
            if running and not points and wrote and kills["random"] < random_kills and dice.random() < 0.5:
                running[dice.choice(sorted(running))].kill()
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    counted = judge(database, work, campaign, folder)
    tables.dispose()
    return {**counted, "kills": sum(kills.values()), "seconds": round(time.time() - zero, 1)}


def judge(database: Database, work: Work, campaign: Campaign, folder: Path) -> dict[str, Any]:
    """Look at every line as an inspector would, and at everything that was acknowledged."""
    with work.begin() as tx:
        while lapse(tx):
            pass
    said = [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    with work.reading() as tx:
        assert tx.numbers.faults() == []
        lines = [n for unit in ("u-state", "u-party") for n in tx.numbers.book(unit, date.min, date.max)]
    by_id = {line.id: line for line in lines}
    by_series: dict[str, list[Number]] = defaultdict(list)
    for line in lines:
        by_series[line.series_id].append(line)
    for series in by_series.values():
        assert [line.number for line in series] == list(range(1, len(series) + 1))
        days = [line.day for line in series if line.state is NumberState.ISSUED]
        assert days == sorted(days), "numbers and dates are not in one order"
        if series[0].series.system == "state":
            assert {str(line.day.year) for line in series} == {series[0].series.period}
    assert len({(line.series_id, line.written) for line in lines}) == len(lines)
    issued = Counter(line.paper_id for line in lines if line.state is NumberState.ISSUED)
    papers = {f"w{w}-{p}" for w in range(campaign.writers) for p in range(campaign.papers)}
    assert set(issued) == papers and set(issued.values()) == {1}
    for told in said:  # nothing that was acknowledged is lost or changed
        line = by_id[told["id"]]
        assert (line.number, line.written) == (told["number"], told["written"]), told
        assert line.state is not NumberState.HELD, told
    states = Counter(line.state.value for line in lines)
    voided = [told for told in said if told["step"].endswith("/void")]
    lapsed = [line for line in lines if line.state is NumberState.VOID and line.hold is not None]
    assert states["void"] == len(voided) + len(lapsed)
    held = sum(line.hold is not None for line in lines)
    used = sum(line.hold is not None and line.state is NumberState.ISSUED for line in lines)
    once = len(lines) - held  # numbered without being held
    assert database.events() == 1 + once + held + used + states["void"]  # the term, then one event each
    years = sorted({line.day.year for line in lines})
    assert years == [2026, 2027], "the year did not turn in the middle"
    return {
        "lines": len(lines),
        "series": len(by_series),
        "acknowledged": len(said),
        "years": years,
        **states,
    }


@contextmanager
def on_postgres() -> Iterator[PostgresDatabase]:
    """An empty database on the real server, gone afterwards."""
    import secrets

    import psycopg
    from psycopg import sql

    from tests.tools.servers import Servers

    servers = Servers()
    with servers.used("postgres"):
        address, password = servers.url("postgres"), servers.secret("postgres")
        name = f"t_numbers_{secrets.token_hex(6)}"
        with psycopg.connect(address, password=password, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield PostgresDatabase(f"{address.rpartition('/')[0]}/{name}", password)
        finally:
            with psycopg.connect(address, password=password, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def main() -> int:
    """Run the long campaign on both databases, or be one of its processes."""
    parser = argparse.ArgumentParser(
        description="number papers with many writers, kill them, judge the register"
    )
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--papers", type=int, default=50)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--on", choices=["sqlite", "postgres", "both"], default="both")
    asked = parser.parse_args()
    if asked.write:
        write(json.load(sys.stdin))
        return 0
    campaign = Campaign(asked.writers, asked.papers, asked.processes, asked.kills, asked.seed)
    for kind in ("sqlite", "postgres"):
        if asked.on not in {kind, "both"}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            if kind == "sqlite":
                print(
                    kind, run(SqliteDatabase(Path(folder) / "vanthu.db"), campaign, Path(folder)), flush=True
                )
            else:
                with on_postgres() as database:
                    print(kind, run(database, campaign, Path(folder)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
