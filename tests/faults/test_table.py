"""The table tells the truth: every fault has its number once and tests that exist, or a reason why it has none."""

import re
from pathlib import Path

from tests.faults.table import TABLE

ROOT = Path(__file__).parents[2]


def test_every_fault_is_there() -> None:
    assert [case.number for case in TABLE] == [f"F{n:02}" for n in range(1, 35)]
    for case in TABLE:
        assert bool(case.tests) != bool(case.reason), case.number


def test_every_test_exists() -> None:
    known = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^\s*(?:def|class) (test_\w+|Test\w+)", path.read_text(), re.MULTILINE)
    }
    for case in TABLE:
        for node in case.tests:
            file, *names = node.split("::")
            assert (ROOT / file).is_file(), node
            assert set(names) <= known, node


def test_the_document_lists_every_fault_and_every_point() -> None:
    told = (ROOT / "docs" / "reliability.md").read_text()
    assert not [case.number for case in TABLE if f"| {case.number} |" not in told]
    points = {
        point
        for package in ("ingest", "procedures", "jobs", "storage")
        for path in (ROOT / package).rglob("*.py")
        for point in re.findall(r'crashpoint\("([\w.-]+)"\)', path.read_text())
    }
    assert not sorted(point for point in points if f"`{point}`" not in told)
