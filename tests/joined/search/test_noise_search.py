"""Known items under recognition noise: made-up pages with 5 % wrong characters, queries from the clean text."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from records.document import Fields
from records.page import PageText
from search.entry import IndexedDocument
from search.find import search
from search.index import open_index
from tests.cases.search_world import ARCHIVIST, CORPUS, ReadingRoom, a_page

pytestmark = pytest.mark.joined
PAGES, NOISE, PER_CLASS = 4000, 0.05, 100
FLOOR = {"number": 0.95, "title": 0.97, "title_noaccent": 0.97, "phrase": 0.9, "phrase_noaccent": 0.9}
"""Least recall@10 by class of query: titles are 6 to 12 syllables, phrases only 4 (ui-search §7.6, titles 0.97)."""


def _tool(name: str, *arguments: str) -> None:
    script = CORPUS / name
    if not script.is_file():
        pytest.skip(f"no {name} at {CORPUS}; set VANTHU_CORPUS")
    subprocess.run([sys.executable, str(script), *arguments], check=True)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _within(rank: int, ranks: list[int]) -> float:
    return sum(r <= rank for r in ranks) / len(ranks)


def test_recall_at_ten_under_noise(tmp_path: Path, record_property) -> None:
    made = tmp_path / "pages.jsonl"
    size = ("--pages", str(PAGES), "--seed", "1")
    _tool("textgen.py", *size, "--ocr-cer", str(NOISE), "--with-clean", "--out", str(made))
    with (tmp_path / "queries.jsonl").open("w", encoding="utf-8") as out:
        script = [
            sys.executable,
            str(CORPUS / "queries.py"),
            *size,
            "--per-class",
            str(PER_CLASS),
            "--corpus",
            str(made),
        ]
        subprocess.run(script, check=True, stdout=out)

    room, index = ReadingRoom(), open_index(f"tantivy://{tmp_path}/index")
    papers: dict[str, list[PageText]] = defaultdict(list)
    name: dict[tuple[str, int], str] = {}
    for record in _rows(made):
        papers[record["doc"]].append(a_page(record["text"], record["page"]))
        name[record["doc"], record["page"]] = record["id"]
    for document_id, pages in papers.items():
        room.shelve(index, IndexedDocument(document_id, Fields()), pages)
    index.commit()
    assert index.count() == PAGES

    ranks: dict[str, list[int]] = defaultdict(list)
    seconds: list[float] = []
    for query in _rows(tmp_path / "queries.jsonl"):
        found = search(query["query"], ARCHIVIST, index, room, limit=10)
        seconds.append(found.seconds)
        names = [name[hit.document_id, hit.page] for hit in found.hits]
        ranks[query["class"]].append(
            next((n for n, one in enumerate(names, 1) if one in query["answers"]), 99)
        )
    index.close()

    seconds.sort()
    report = {
        kind: f"recall@1 {_within(1, found):.3f}, @10 {_within(10, found):.3f}"
        for kind, found in ranks.items()
    }
    report["milliseconds"] = (
        f"p50 {1000 * seconds[len(seconds) // 2]:.1f}, p95 {1000 * seconds[-len(seconds) // 20]:.1f}"
    )
    print(f"\n{PAGES} pages, {NOISE:.0%} character errors: {report}")
    record_property("search under noise", str(report))
    assert set(ranks) == set(FLOOR)
    for kind, found in ranks.items():
        assert len(found) >= PER_CLASS // 2
        assert _within(10, found) >= FLOOR[kind], report
