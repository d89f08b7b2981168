"""Measure where hits are marked: pages read by our OCR, queries of words that truly stand there, boxes compared.

For every page of the corpus runs of one to eight words are taken from the ground truth (with and without their marks)
and searched for in an index of all pages as our OCR read them. A run lies in one block (a paragraph, a table cell, a
heading): what stands in two columns is no phrase that anybody types. Two shares are told, with their 95 % intervals:
`places`, of the true places of the words asked for those with a box of IoU 0.5 or more among the boxes of the hit;
`boxes`, of all boxes of exact and folded hits, on any page, those that lie so on words that truly are the ones asked.
A page that is not found at all is counted apart: finding is measured by bench/search.py.

    python bench/search_boxes.py [--each 8] [--readings DIR] [--search URL] [--quick]

The readings are made once (tests/tools/read_pages.py, three minutes on two cores) and kept in out/read-pages.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from language.fold import canonical, fold  # noqa: E402  the path is set one line above
from language.tokens import token_texts  # noqa: E402
from language.variants import folded_key  # noqa: E402
from records.access import Actor, Role  # noqa: E402
from records.document import Fields  # noqa: E402
from records.geometry import Box  # noqa: E402
from records.page import PageText, Word, load_page  # noqa: E402
from search.entry import IndexedDocument, entries_for  # noqa: E402
from search.find import Hit, search  # noqa: E402
from search.index import SearchIndex, open_index  # noqa: E402

READER = Actor("u-bench", "Bench", frozenset({Role.ARCHIVIST}))
SIZES = (1, 2, 4, 6, 8)
LEAST = 0.5
"""Overlap (intersection over union) from which a box counts as lying on its words."""


class Shelf:
    """The readings as the search sees them (`search.find.PageSource`), and the truth beside them."""

    def __init__(self, corpus: Path, readings: Path) -> None:
        truth = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
        self.classes = {page["id"]: page["class"] for page in truth["pages"]}
        self.pages: dict[tuple[str, int], PageText] = {}
        self.truth: dict[tuple[str, int], list[Word]] = {}
        self.blocks: dict[tuple[str, int], list[tuple[str, object]]] = {}
        self.names: dict[tuple[str, int], str] = {}
        for page in truth["pages"]:
            where = page["document"], page["page"]
            read = load_page((readings / f"{page['id']}.json").read_bytes())
            self.pages[where] = read.numbered(page["page"])
            self.truth[where] = _true_words(page["lines"])
            self.blocks[where] = [(line["region"], line["block"]) for line in page["lines"]]
            self.names[where] = page["id"]

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the reading of a page."""
        return self.pages.get((document_id, page))

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return no fields: words of the page alone shall answer."""
        return Fields()

    def fill(self, index: SearchIndex) -> None:
        """Put every page into `index`."""
        documents: dict[str, list[PageText]] = defaultdict(list)
        for (document, _), page in sorted(self.pages.items()):
            documents[document].append(page)
        for document, pages in documents.items():
            index.replace(document, entries_for(IndexedDocument(document, Fields()), pages))
        index.commit()


def _true_words(lines: Sequence[dict[str, object]]) -> list[Word]:
    return [
        Word(canonical(word["text"]), Box(*(round(side) for side in word["box"])), 1.0, number)
        for number, line in enumerate(lines)
        for word in line["words"]  # type: ignore[attr-defined]
    ]


@dataclass(slots=True)
class Share:
    """How many of how many."""

    good: int = 0
    of: int = 0

    def add(self, *, good: bool) -> None:
        """Count one."""
        self.good += good
        self.of += 1

    def __str__(self) -> str:
        """Percent with the 95 % interval of Wilson."""
        if not self.of:
            return "–".rjust(22)
        n, p, z = self.of, self.good / self.of, 1.96
        middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
        return f"{100 * p:6.2f} ({100 * low:5.1f}–{100 * high:5.1f})"


@dataclass(slots=True)
class Cell:
    """What was measured of one kind of query."""

    places: Share = field(default_factory=Share)
    boxes: Share = field(default_factory=Share)
    shown: Share = field(default_factory=Share)
    found: Share = field(default_factory=Share)


def runs(shelf: Shelf, size: int, each: int) -> Iterator[tuple[tuple[str, int], list[Word]]]:
    """Yield `each` runs of `size` words of every page, the same in every measurement: no numbers, one letter least."""
    choice = random.Random(f"boxes {size}")
    for where, words in sorted(shelf.truth.items()):
        blocks = shelf.blocks[where]
        starts = [
            at
            for at in range(len(words) - size + 1)
            if all(w.text.strip(".,;:()“”\"'-/…").isalpha() for w in words[at : at + size])
            and len({blocks[w.line] for w in words[at : at + size]}) == 1
            and (size > 1 or len(words[at].text) > 2)
        ]
        for at in choice.sample(starts, min(each, len(starts))):
            yield where, words[at : at + size]


def pieces(words: Sequence[Word]) -> list[Box]:
    """Return the box of the words on each printed line."""
    by_line: dict[int, Box] = {}
    for word in words:
        by_line[word.line] = by_line[word.line].union(word.box) if word.line in by_line else word.box
    return list(by_line.values())


def keys(words: Sequence[Word]) -> tuple[str, ...]:
    """Return the folded syllables of words."""
    return tuple(folded_key(run) for word in words for run in token_texts(word.text))


def occurrences(wanted: tuple[str, ...], words: Sequence[Word]) -> list[Box]:
    """Return the boxes of every place where the syllables truly stand, marks aside."""
    flat = [(key, word) for word in words for key in keys([word])]
    found: list[Box] = []
    for at in range(len(flat) - len(wanted) + 1):
        if tuple(key for key, _ in flat[at : at + len(wanted)]) == wanted:
            found += pieces([word for _, word in flat[at : at + len(wanted)]])
    return found


def on(box: Box, others: Sequence[Box]) -> bool:
    """Return whether a box lies on one of the others."""
    return any(box.overlap(other) >= LEAST for other in others)


def judge(
    cell: Cell, where: tuple[str, int], words: Sequence[Word], hits: Sequence[Hit], shelf: Shelf
) -> None:
    """Count one query."""
    wanted = keys(words)
    for hit in hits:
        cell.shown.add(good=bool(hit.boxes))
        if hit.match != "approximate":
            true = occurrences(wanted, shelf.truth[hit.document_id, hit.page])
            for box in hit.boxes:
                cell.boxes.add(good=on(box, true))
    own = next((hit for hit in hits if (hit.document_id, hit.page) == where), None)
    cell.found.add(good=own is not None)
    if own is not None:
        for piece in pieces(words):
            cell.places.add(good=on(piece, own.boxes))


def measure(shelf: Shelf, index: SearchIndex, each: int) -> dict[str, Cell]:
    """Return the cells by name: words asked for, marks, class of the page, and all."""
    cells: dict[str, Cell] = defaultdict(Cell)
    for size in SIZES:
        for where, words in runs(shelf, size, each):
            typed = " ".join(word.text for word in words)
            for marks, query in (("with marks", typed), ("without marks", fold(canonical(typed)))):
                hits = search(query, READER, index, shelf, limit=len(shelf.pages)).hits
                of = shelf.classes[shelf.names[where]]
                for name in (f"{size} words", marks, f"class {of}", "all"):
                    judge(cells[name], where, words, hits, shelf)
    return cells


def readings_of(corpus: Path, readings: Path) -> None:
    """Make the readings that are not there yet."""
    program = [sys.executable, str(ROOT / "tests/tools/read_pages.py"), str(corpus), str(readings)]
    while (done := subprocess.run(program, check=False).returncode) == 3:
        pass
    if done:
        raise SystemExit(f"read_pages.py ended with {done}")


def show(cells: dict[str, Cell]) -> None:
    """Print the table."""
    print(
        f"{'queries':16}{'asked':>7}  {'places IoU ≥ 0.5 %':22}  {'boxes IoU ≥ 0.5 %':22}  "
        f"{'hits with boxes':>15}  found %"
    )
    for name in sorted(cells, key=lambda n: (n == "all", n.startswith("class"), n)):
        cell = cells[name]
        with_boxes = f"{cell.shown.good}/{cell.shown.of}"
        found = 100 * cell.found.good / cell.found.of
        print(f"{name:16}{cell.found.of:7}  {cell.places}  {cell.boxes}  {with_boxes:>15}  {found:7.2f}")


def main() -> int:
    """Return 0 when every hit has boxes and 97 % of the places are marked, else 1."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus")
    asked.add_argument("--corpus", type=Path, default=Path(default))
    asked.add_argument("--readings", type=Path, default=ROOT / "out/read-pages")
    asked.add_argument("--each", type=int, default=8, help="runs of each length from every page")
    asked.add_argument("--search", default="", help="address of an index, an embedded one by default")
    asked.add_argument("--quick", action="store_true", help="two runs of each length")
    options = asked.parse_args()
    readings_of(options.corpus, options.readings)
    shelf = Shelf(options.corpus, options.readings)
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(options.search or f"tantivy://{folder}/index")
        shelf.fill(index)
        cells = measure(shelf, index, 2 if options.quick else options.each)
        index.close()
    show(cells)
    whole = cells["all"]
    return 0 if whole.shown.good == whole.shown.of and whole.places.good >= 0.97 * whole.places.of else 1


if __name__ == "__main__":
    raise SystemExit(main())
