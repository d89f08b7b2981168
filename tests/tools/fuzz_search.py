"""Odd queries by the thousand, the same for the same seed: NFD, very long, regex bombs, engine syntax, lone surrogates.

    tests/tools/fuzz_search.py [--count 10000] [--seed 1]     asks a small index; tells the slowest and what raised

Each must be answered or refused in words (`Unfit`); anything else that is raised is a fault of ours. Exit code 1 then,
and when a query took longer than half a second.
"""

import argparse
import random
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from records.errors import Unfit
from search.find import search
from search.index import SearchIndex, open_index
from tests.cases.search_world import ARCHIVIST, ReadingRoom, a_document, a_page

SLOWEST = 0.5
"""Seconds within which every query must be answered or refused."""
_WORDS = (
    "chuyển sinh hoạt đảng Ủy ban 1593-CV/TU 204-QĐ/TƯ năm:2025 loại:QĐ từ:31/02/2025 số: cơ quan:".split()
)
_SYNTAX = [
    *("AND OR NOT && || ! ( ) { } [ ] ^ ~ * ? : \\ / + - = > < \" ' ` | , ; % _ # @ $".split()),
    *("/(a+)+$/", "/.*.*.*x/", "ex:fo", "[a TO b]", "{* TO *}", "_exists_:doc", "fo:*", "~2^9", '"a b"~5'),
    *("<script>", "${jndi:x}", "' OR 1=1 --"),
    *('-" --- -- """ “” «»  số:" năm:9999-0000 từ:0/0/0000 ngày:99/99/9999 phông: độ mật:"'.split(" ")),
]
_STRANGE = [
    "\u200b",
    "\u200d",
    "\ufeff",
    "\ud800",
    "\udfff",
    "\x00",
    "\u202e",
    "\u0301",
    "\u0323",
    "👍🏽",
    "ﬁ",
    "ß",
    "İ",
    "\u2028",
]


def odd_queries(count: int, seed: int) -> Iterator[str]:
    """Yield `count` queries, among them one in fifty that is far too long."""
    choice = random.Random(seed)
    makers = (_words, _engine, _repeated, _anything, _decomposed)
    for n in range(count):
        yield _long(choice) if n % 50 == 49 else choice.choice(makers)(choice)


def _words(choice: random.Random) -> str:
    return " ".join(choice.choice(_WORDS + _SYNTAX) for _ in range(choice.randint(1, 12)))


def _engine(choice: random.Random) -> str:
    return "".join(choice.choice(_SYNTAX + _STRANGE + ["a", " ", "1"]) for _ in range(choice.randint(1, 40)))


def _repeated(choice: random.Random) -> str:
    piece = choice.choice(
        ['"', "-", "1-", "1/a", "a ", "năm:", "số:1-A/B ", "((((", "ế", "1" * 9, "x_", '-"', "\u0301", "- "]
    )
    return (piece * 1000)[: choice.randint(10, 1000)]


def _anything(choice: random.Random) -> str:
    return "".join(chr(choice.randrange(0x110000)) for _ in range(choice.randint(1, 80)))


def _decomposed(choice: random.Random) -> str:
    return unicodedata.normalize("NFD", _words(choice)) + choice.choice(_STRANGE)


def _long(choice: random.Random) -> str:
    return choice.choice(["kế hoạch ", "a", '"', "1-", "\u0301", "\ud800"]) * choice.randint(2_000, 10_000)


def faults(
    queries: Iterator[str], index: SearchIndex, room: ReadingRoom
) -> tuple[list[tuple[str, str]], float]:
    """Return (query, what it raised) of every query that was neither answered nor refused, and the slowest seconds."""
    bad: list[tuple[str, str]] = []
    slowest = 0.0
    for query in queries:
        started = perf_counter()
        try:
            search(query, ARCHIVIST, index, room, limit=10, group=True)
        except Unfit:
            pass
        except Exception as fault:  # noqa: BLE001  whatever it is, it is what we look for
            bad.append((query, repr(fault)))
        slowest = max(slowest, perf_counter() - started)
    return bad, slowest


def shelve_some(index: SearchIndex, pages: int = 300) -> ReadingRoom:
    """Put some pages on a shelf and into the index."""
    room, choice = ReadingRoom(), random.Random("shelf")
    for n in range(pages):
        text = " ".join(choice.choice(_WORDS) for _ in range(200))
        room.shelve(index, a_document(f"d{n}", "1593-CV/TU", "chuyển sinh hoạt"), [a_page(text)])
    index.commit()
    return room


def main() -> int:
    """Ask; return 1 when something was neither answered nor refused, or too slow."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-fuzz-") as folder:
        index = open_index(f"tantivy://{folder}/index")
        bad, slowest = faults(odd_queries(options.count, options.seed), index, shelve_some(index))
        index.close()
    for query, raised in bad[:20]:
        print(f"{query!r}: {raised}")
    print(
        f"{options.count} queries, {len(bad)} neither answered nor refused, slowest {1000 * slowest:.0f} ms"
    )
    return 1 if bad or slowest > SLOWEST else 0


if __name__ == "__main__":
    raise SystemExit(main())
