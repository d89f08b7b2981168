"""`make faults`: the long campaign of kills and every fault of the table; writes docs/reliability.md.

Exit code 1 when anything is wrong, when a campaign killed too little, or when a test of the table was skipped.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.faults.table import TABLE, FaultCase  # noqa: E402  the path is set one line above
from tests.tools import server_programs  # noqa: E402

DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- seen: written by make faults -->", "<!-- end of seen -->"
CAMPAIGNS = ("embedded", "cluster", "engine-sqlite", "engine-postgresql")
KILLS = 220
"""Of each house; the engine alone is killed half as often again. Together more than the thousand that are asked for."""
AT_LEAST = 1000


@dataclass(frozen=True)
class Result:
    """What pytest said of one test: `passed`, `failed` or `skipped`."""

    file: str
    name: str
    outcome: str


def main() -> int:
    """Run, write, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="of each campaign")
    parser.add_argument("--only", nargs="*", default=[], metavar="F01", help="these faults; writes nothing")
    given = parser.parse_args()
    cases = [case for case in TABLE if not given.only or case.number in given.only]
    with tempfile.TemporaryDirectory(prefix="vanthu-faults-") as name:
        results, code = _run(sorted({node for case in cases for node in case.tests}), Path(name), given.kills)
        campaigns = _campaigns(Path(name))
    wrong = [f"pytest ended with {code}"] if code else []
    wrong += [f"{case.number}: {seen(case, results)}" for case in cases if not well(case, results)]
    if not given.only:
        kills = sum(_kills(told) for told in campaigns.values())
        if given.kills >= KILLS and kills < AT_LEAST:
            wrong.append(f"{kills} kills, {AT_LEAST} were asked for")
        _write(_told(results, campaigns))
    print("\n".join(_lines(campaigns)))
    print("\n".join(wrong) or "no fault of the table came through")
    return 1 if wrong else 0


def _run(nodes: Sequence[str], folder: Path, kills: int) -> tuple[list[Result], int]:
    report = folder / "report.xml"
    words = [sys.executable, "-m", "pytest", "-o", "junit_family=xunit1", f"--junit-xml={report}", *nodes]
    told = {
        "VANTHU_KILLS": str(kills),
        "VANTHU_FAULTS_OUT": str(folder),
        "VANTHU_SERVERS": "must",
    }
    code = subprocess.run(words, cwd=ROOT, env={**os.environ, **told}, check=False).returncode
    return (_results(report) if report.exists() else []), code


def _results(report: Path) -> list[Result]:
    found = []
    for one in ElementTree.parse(report).iter("testcase"):
        bad = [child.tag for child in one if child.tag in ("failure", "error", "skipped")]
        outcome = "passed" if not bad else "skipped" if set(bad) == {"skipped"} else "failed"
        found.append(Result(*_place(one), outcome))
    return found


def _place(one: ElementTree.Element) -> tuple[str, str]:
    """Return file and name of a test as in its node id, without parameters.

    The class name tells the file: what pytest calls the file of an inherited case is where the case was written.
    """
    *folders, last = (one.get("classname") or "").split(".")
    name = (one.get("name") or "").partition("[")[0]
    if last.startswith("Test"):
        return "/".join(folders) + ".py", f"{last}::{name}"
    return "/".join([*folders, last]) + ".py", name


def _of(case: FaultCase, results: Sequence[Result]) -> list[Result]:
    wanted = [node.partition("::")[::2] for node in case.tests]
    return [
        r
        for r in results
        if any(r.file == f and (not n or r.name == n or r.name.startswith(n + "::")) for f, n in wanted)
    ]


def well(case: FaultCase, results: Sequence[Result]) -> bool:
    """Return whether every test of the case ran and passed."""
    if case.reason:
        return True
    ran = _of(case, results)
    files = {r.file for r in ran}
    return all(r.outcome == "passed" for r in ran) and all(n.partition("::")[0] in files for n in case.tests)


def seen(case: FaultCase, results: Sequence[Result]) -> str:
    """Return in a few words what came of a fault."""
    if case.reason:
        return f"not tested: {case.reason}"
    counts = Counter(r.outcome for r in _of(case, results))
    told = ", ".join(f"{counts[o]} {o}" for o in ("passed", "failed", "skipped") if counts[o])
    return ("as expected" if well(case, results) else "**WRONG**") + f" ({told or 'nothing ran'})"


def _campaigns(folder: Path) -> dict[str, dict[str, Any]]:
    paths = {name: folder / f"campaign-{name}.json" for name in CAMPAIGNS}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}


def _kills(told: dict[str, Any]) -> int:
    return told["kills"] if isinstance(told["kills"], int) else sum(told["kills"].values())


def _lines(campaigns: dict[str, dict[str, Any]]) -> list[str]:
    lines = []
    for name, told in campaigns.items():
        wrong = told.get("wrong", told.get("finding", {}).get("wrong", []))
        if "finding" in told:
            more = (
                f"{sum(told['points'].values())} of them at {len(told['points'])} named points; "
                f"{told['finding']['acknowledged']} files acknowledged, "
                f"{told['finding']['documents']} documents archived, "
                f"slowest ready {told['slowest_ready']:.1f} s"
            )
        else:
            more = f"{told['documents']} documents, {told['repeated']} steps in hand repeated"
        lines.append(f"{name}: {_kills(told)} kills in {told['seconds']:.0f} s, {more}; wrong: {len(wrong)}")
    return lines


def _told(results: Sequence[Result], campaigns: dict[str, dict[str, Any]]) -> str:
    rows = ["| fault | injected | expected | seen | tests |", "|---|---|---|---|---|"]
    for case in TABLE:
        tests = "<br>".join(f"`{node.removeprefix('tests/')}`" for node in case.tests) or "–"
        rows.append(
            f"| {case.number} | {case.injected} | {case.expected} | {seen(case, results)} | {tests} |"
        )
    total = sum(_kills(told) for told in campaigns.values())
    head = [
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Linux {platform.release()}, {_versions()}.",
        "",
        f"Kills: {total}.",
        "",
        *(f"- {line}" for line in _lines(campaigns)),
    ]
    return "\n".join([*head, "", *rows])


def _versions() -> str:
    ran = subprocess.run(
        [server_programs.postgres() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("dbos", "sqlalchemy", "minio", "elasticsearch")
    )
    return f"Python {platform.python_version()}, {ran.stdout.strip()}, {libraries}"


def _write(told: str) -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
