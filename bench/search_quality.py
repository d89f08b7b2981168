"""How much is still found when the scanner was bad and the typist in a hurry: recall by level of noise, side by side.

One run fills every engine with the same pages and asks each the same queries. A query is answered when one of the pages
that hold its words (in the text without noise) is among the first ten, a number when it is the first. A query that
nothing answers is answered wrongly by a hit that claims to stand there, or that is called approximate but is ranked
like one (quality 0.6 and more).
"""

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from bench.search_peers import Fts5, Peer, PlainElastic
from bench.search_texts import (
    ABSENT,
    Asked,
    Key,
    TextRoom,
    known_items,
    made_pages,
    scanned_items,
    scanned_pages,
)
from records.document import Fields
from records.page import PageText
from search.entry import IndexedDocument, entries_for
from search.find import GOOD, search
from search.index import SearchIndex, open_index
from tests.cases.search_world import ARCHIVIST, a_page

NOISE = (0.0, 0.05, 0.10, 0.20)
_Z = 1.96  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the 95 % interval of Wilson."""

    good: int
    of: int

    def __str__(self) -> str:
        """Return the share with its interval, like `0.972 (0.951–0.984)`."""
        if not self.of:
            return "–"
        p, z, n = self.good / self.of, _Z, self.of
        middle, wide = (
            (p + z * z / (2 * n)) / (1 + z * z / n),
            z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
        )
        wide /= 1 + z * z / n
        return f"{p:.3f} ({max(middle - wide, 0):.3f}–{min(middle + wide, 1):.3f})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine gave: pages best first, and whether it claims that the words stand there."""

    pages: tuple[Key, ...]
    confident: bool = False


Ask = Callable[[str], Answer]
Table = dict[str, dict[str, Share]]
"""{row: {cell: share}}"""


class Ours:
    """Our search on an index, as the pages of the service use it."""

    def __init__(self, name: str, index: SearchIndex) -> None:
        self.name, self.index, self.room = name, index, TextRoom()

    def fill(self, pages: Iterable[tuple[Key, PageText]]) -> None:
        """Index the pages, those of a document together; what was there is gone."""
        self.index.commit()
        with self.index.rebuild() as fresh:
            for document_id, texts in _by_document(pages):
                fresh.replace(document_id, entries_for(IndexedDocument(document_id, Fields()), texts), 1)

    def ask(self, typed: str) -> Answer:
        """Return the first ten pages for a query."""
        found = search(typed, ARCHIVIST, self.index, self.room, limit=10)
        claims = any(hit.match != "approximate" or hit.score >= GOOD for hit in found.hits)
        return Answer(tuple((hit.document_id, hit.page) for hit in found.hits), claims)


def _by_document(pages: Iterable[tuple[Key, PageText]]) -> Iterable[tuple[str, list[PageText]]]:
    """Yield the pages of each document; they come together."""
    current, texts = "", list[PageText]()
    for (document_id, _), page in pages:
        if texts and document_id != current:
            yield current, texts
            texts = []
        current = document_id
        texts.append(page)
    if texts:
        yield current, texts


def ladder(count: int, each: int, seed: int, ours: Sequence[Ours], peers: Sequence[Peer]) -> Table:
    """Return the shares of every engine at every level of noise."""
    asked = known_items(count, seed, each)
    table: Table = {}
    for noise in NOISE:
        texts = {page.key: page.text for page in made_pages(count, seed, noise)}
        for mine in ours:
            started = time.perf_counter()
            mine.room.texts = texts
            mine.fill(((key, a_page(text, key[1])) for key, text in texts.items()))
            _tell(f"{noise:.0%} {mine.name}: filled in {time.perf_counter() - started:.0f} s")
            table[f"{noise:.0%} {mine.name}"] = judged(asked, mine.ask)
        for peer in peers:
            peer.fill(texts.items())
            table[f"{noise:.0%} {peer.name}"] = judged(asked, _asking(peer))
    return table


def scans(
    readings: Path, count: int, each: int, seed: int, ours: Sequence[Ours], peers: Sequence[Peer]
) -> Table:
    """Return the shares on pages that our recogniser read, hidden among `count` made pages."""
    pages = scanned_pages(readings)
    made = {page.key: page.text for page in made_pages(count, seed, 0.0)}
    asked = scanned_items(pages, made, each)
    table: Table = {}
    for mine in ours:
        mine.room.texts, mine.room.read = made, {key: page for key, (page, _) in pages.items()}
        mine.fill([*((key, page) for key, (page, _) in sorted(pages.items())), *_pages(made)])
        table[f"scans {mine.name}"] = judged(asked, mine.ask)
    for peer in peers:
        peer.fill([*((key, page.text) for key, (page, _) in pages.items()), *made.items()])
        table[f"scans {peer.name}"] = judged(asked, _asking(peer))
    return table


def _pages(texts: dict[Key, str]) -> Iterable[tuple[Key, PageText]]:
    return ((key, a_page(text, key[1])) for key, text in texts.items())


def _asking(peer: Peer) -> Ask:
    return lambda typed: Answer(tuple(peer.ask(typed, 10)))


def judged(asked: Sequence[Asked], ask: Ask) -> dict[str, Share]:
    """Return the share of good answers by cell; for `ABSENT` the share of confident wrong ones."""
    good: dict[str, int] = defaultdict(int)
    of: dict[str, int] = defaultdict(int)
    for query in asked:
        answer = ask(query.text)
        first = 1 if query.cell == "number" else 10
        right = answer.confident if query.cell == ABSENT else bool(query.answers & set(answer.pages[:first]))
        good[query.cell] += right
        of[query.cell] += 1
    return {cell: Share(good[cell], of[cell]) for cell in of}


def shown(table: Table) -> str:
    """Return the table as Markdown."""
    cells = list(next(iter(table.values())))
    rows = [f"| engine | {' | '.join(cells)} |", f"|---|{'---|' * len(cells)}"]
    rows += [
        f"| {row} | {' | '.join(str(shares[cell]) for cell in cells)} |" for row, shares in table.items()
    ]
    return "\n".join(rows)


def quality(pages: int, each: int, seed: int, readings: Path, server: tuple[str, str, str] | None) -> str:
    """Run ladder and scans on tantivy and FTS5, and on a server where there is one; return the tables."""
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-") as folder:
        ours = [Ours("ours (tantivy)", open_index(f"tantivy://{folder}/index"))]
        peers: list[Peer] = [Fts5(Path(folder))]
        if server:
            address, user, password = server
            ours.append(Ours("ours (Elasticsearch)", open_index(f"{address}/bench-ours", user, password)))
            peers.append(PlainElastic(*server))
        try:
            told = [shown(ladder(pages, each, seed, ours, peers))]
            if any(readings.glob("*.json")):
                told.append(shown(scans(readings, pages, each, seed, ours, peers)))
            else:
                told.append(
                    f"no readings at {readings}: tests/tools/read_pages.py CORPUS {readings} makes them"
                )
        finally:
            for each_of in (*[mine.index for mine in ours], *peers):
                each_of.close()
    return "\n\n".join(told)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
