#!/usr/bin/env python3
"""Measure the engines: pages indexed a second, bytes a page, and how long people wait, beside two plain peers.

    bench/search_speed.py [--pages N] [--queries N] [--clients 4] [--servers] [--seed N] [--room DIR] [--only NAME…]

One run on the same made pages (`textgen.py` of the corpus, 5 % wrong characters) and the same queries: ours on tantivy,
SQLite FTS5, and with `--servers` ours on Elasticsearch and a plain `match` there (`make servers` first). Ours are asked
with the filter of a reader and three facets and give ranked hits (without the boxes, which are the database's part);
the peers give ten ids. Entries are made before the clock of an index starts and have a figure of their own.
Then a correction is put into each index and asked for until it is found, and the index is rebuilt from the same
entries while the clients search on: no answer may fail or be empty.
"""

import argparse
import multiprocessing
import os
import pickle
import secrets
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import cycle, groupby, islice, pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
CORPUS = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
sys.path.insert(0, str(CORPUS))

from records.access import Actor, Level, Role  # noqa: E402
from records.document import Fields  # noqa: E402
from records.page import PageText  # noqa: E402
from search.entry import Entry, IndexedDocument, entries_for  # noqa: E402
from search.filters import Facet  # noqa: E402
from search.find import search  # noqa: E402
from search.index import SearchIndex, open_index  # noqa: E402
from tests.cases.search_world import a_page  # noqa: E402

READER = Actor("bench", "Người đọc", frozenset({Role.READER}))
FACETS = (Facet.ISSUER, Facet.TYPE, Facet.YEAR)
NOISE = 0.05
LEVELS = (*[Level.OPEN] * 8, Level.RESTRICTED, Level.SECRET)
ENGINES = ("tantivy", "elasticsearch", "fts5")
MARK = "dấu hiệu đính chính"


@dataclass(frozen=True, slots=True)
class Asked:
    """One way to ask: its name and what answers a query with a number of hits."""

    name: str
    ask: Callable[[str], int]


class NoPages:
    """A source that lets every hit pass and shows a bare page: the engine is measured, not the database."""

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return a page of one word."""
        return _BARE

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return no fields."""
        return _NONE

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Nothing waits."""
        return []


_BARE, _NONE = a_page("trang"), Fields()


def papers(first: int, count: int, seed: int) -> Iterator[tuple[IndexedDocument, list[dict[str, Any]]]]:
    """Yield the documents that begin on the pages `first` to `first + count` of the generator, whole, with what they
    are counted and filtered by.
    """
    import textgen

    gen = textgen.TextGen(seed)
    begun = groupby(textgen.records(gen, first, 10**9, NOISE, with_clean=True), key=lambda row: row["doc"])
    before, at = gen.page(first - 1)["doc"] if first else "", first
    for name, rows in begun:
        if at >= first + count:
            return
        pages = list(rows)
        at += len(pages)
        if name == before:  # it began in the part before
            continue
        head, number = pages[0], sum(map(ord, name))
        known = Fields(
            type_name=head["type"],
            type_code=f"{sum(map(ord, head['type'])) % 32 + 1:02}",
            number=head["number"],
            issued_date=head["date"],
            organ_name=f"CƠ QUAN {number % 300}",
            subject=head["title"],
        )
        told = IndexedDocument(name, known, LEVELS[number % len(LEVELS)], f"H49.{number % 40}.2001.1")
        yield told, pages


@dataclass(frozen=True, slots=True)
class Kept:
    """Pages made once, in files: a part for each core."""

    parts: tuple[Path, ...]
    pages: int
    spent: float
    """Seconds of CPU for the entries."""
    clean: tuple[str, ...]
    """Sentences that somebody may ask for: of pages that everybody may see, without wrong characters."""

    def entries(self) -> Iterator[tuple[str, list[Entry]]]:
        """Yield (document, entries)."""
        for name, made, _ in self._documents():
            yield name, made

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield (key, text) of every page, for the peers."""
        for _, _, texts in self._documents():
            yield from texts

    def _documents(self) -> Iterator[tuple[str, list[Entry], list[tuple[str, str]]]]:
        for part in self.parts:
            with part.open("rb") as lines, suppress(EOFError):
                while True:
                    yield pickle.load(lines)


def prepare(count: int, seed: int, room: Path) -> Kept:
    """Make the pages and their entries, on all cores, or take those that are kept in `room` from another run."""
    facts = room / f"pages-{count}-{seed}"
    if not facts.is_file():
        cores = os.cpu_count() or 1
        cuts = [count * n // cores for n in range(cores + 1)]
        tasks = [
            (room / f"part-{count}-{seed}-{n}", first, end - first, seed)
            for n, (first, end) in enumerate(pairwise(cuts))
        ]
        with multiprocessing.get_context("spawn").Pool(cores) as pool:
            made = pool.map(_part, tasks, chunksize=1)
        pages, spent = sum(one[0] for one in made), sum(one[1] for one in made)
        clean = tuple(text for one in made for text in one[2])
        facts.write_bytes(pickle.dumps((tuple(task[0] for task in tasks), pages, spent, clean)))
    return Kept(*pickle.loads(facts.read_bytes()))


def _part(task: tuple[Path, int, int, int]) -> tuple[int, float, tuple[str, ...]]:
    """Make one part; return its pages, the seconds for their entries, and clean sentences."""
    out, first, count, seed = task
    spent, clean, made = 0.0, list[str](), 0
    with out.open("wb") as file:
        for told, rows in papers(first, count, seed):
            pages = [a_page(row["text"], row["page"]) for row in rows]
            began = time.process_time()
            entries = entries_for(told, pages)
            spent += time.process_time() - began
            texts = [(f"{told.document_id}:{row['page']}", row["text"]) for row in rows]
            pickle.dump((told.document_id, entries, texts), file)
            made += len(rows)
            if told.level is Level.OPEN and len(clean) < 10_000:
                clean.append(rows[0]["clean"])
    return made, spent, tuple(clean)


def questions(clean: Sequence[str], count: int, seed: int) -> list[str]:
    """Return queries in equal parts: numbers, 6 to 12 syllables, four syllables, the same without marks, two words."""
    import random

    from language.fold import canonical, fold

    choice = random.Random(seed)
    asked: list[str] = []
    while len(asked) < count:
        text = choice.choice(clean)
        words = text.split()
        at = choice.randrange(max(len(words) - 12, 1))
        long = " ".join(words[at : at + choice.randint(6, 12)])
        short = " ".join(words[at : at + 4])
        asked += [words[1], long, short, fold(canonical(long)), " ".join(words[at : at + 2])]
    return asked[:count]


def fill(index: SearchIndex, kept: Kept) -> None:
    """Build the index anew from the entries."""
    with index.rebuild() as fresh:
        for name, made in kept.entries():
            fresh.replace(name, made, 1)
        fresh.commit()


def ours(name: str, index: SearchIndex) -> Asked:
    """Our whole search: plan, engine, ranking, ten hits, rights and three facets."""
    return Asked(name, lambda typed: len(search(typed, READER, index, NoPages(), 10, facets=FACETS).hits))


def clients(asked: Asked, queries: Sequence[str], count: int) -> tuple[list[float], int]:
    """Let `count` clients ask all queries; return the seconds of each answer and how many were empty."""
    seconds: list[float] = []
    empty: list[str] = []

    def run(mine: Sequence[str]) -> None:
        for query in mine:
            began = time.perf_counter()
            if not asked.ask(query):
                empty.append(query)
            seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=run, args=(queries[n::count],)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, len(empty)


def told(name: str, seconds: Sequence[float], empty: int) -> None:
    """Print one line of waiting times."""
    cuts = statistics.quantiles(seconds, n=100)
    p50, p95, p99 = (1000 * cuts[n - 1] for n in (50, 95, 99))
    print(f"{name:28} p50 {p50:7.1f}  p95 {p95:7.1f}  p99 {p99:7.1f} ms   no hit {empty}/{len(seconds)}")


def fresh_after(index: SearchIndex, kept: Kept) -> float:
    """Correct one document and return the seconds from its delivery until it is found."""
    name, made = next(kept.entries())
    told_now = IndexedDocument(name, Fields())
    pages = [a_page(MARK, entry.page) for entry in made]
    began = time.perf_counter()
    index.replace(name, entries_for(told_now, pages), 2)
    index.commit()
    while not search(f'"{MARK}"', READER, index, NoPages(), 1).hits:
        time.sleep(0.005)
    return time.perf_counter() - began


def rebuild_under_load(
    asked: Asked, index: SearchIndex, kept: Kept, queries: Sequence[str], count: int
) -> None:
    """Rebuild while `count` clients search on; print how many answers failed or lost the hits they had before."""
    sure = [query for query in islice(queries, 200) if asked.ask(query)]
    failed: list[str] = []
    over, answers = threading.Event(), [0] * count

    def run(number: int) -> None:
        at = number
        while not over.is_set():
            try:
                if not asked.ask(sure[at % len(sure)]):
                    failed.append(f"empty: {sure[at % len(sure)]}")
            except Exception as fault:  # noqa: BLE001  every kind of failure is counted and told
                failed.append(repr(fault))
            answers[number] += 1
            at += count

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    fill(index, kept)
    spent = time.perf_counter() - began
    over.set()
    for thread in threads:
        thread.join()
    print(
        f"{asked.name}: rebuilt in {spent:.1f} s under load; {len(failed)} of {sum(answers)} answers failed or empty"
    )
    for reason in failed[:5]:
        print("   ", reason)


def engine(
    name: str,
    index: SearchIndex,
    kept: Kept,
    queries: Sequence[str],
    options: Any,
    rounds: float = 0.25,
    settle: Callable[[], None] = lambda: None,
) -> None:
    """Index, ask, correct, rebuild: everything of one engine of ours.

    `rounds`: how often all questions are asked before it counts; `settle` waits until the engine has come to rest.
    """
    index.commit()
    wall, cpu = time.perf_counter(), time.process_time()
    fill(index, kept)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name}: {kept.pages / wall:.0f} pages/s ({1000 * cpu / kept.pages:.2f} ms of this process a page)"
    )
    wall = time.perf_counter()
    settle()
    print(f"{name}: at rest {time.perf_counter() - wall:.1f} s later")
    asked = ours(name, index)
    warm = list(islice(cycle(queries), int(rounds * len(queries))))
    clients(asked, warm, options.clients)
    told(f"{name}, rights, 3 facets", *clients(asked, queries, options.clients))
    print(f"{name}: a correction is found after {1000 * fresh_after(index, kept):.0f} ms")
    rebuild_under_load(asked, index, kept, queries, options.clients)


def fts5(kept: Kept, queries: Sequence[str], room: Path, count: int) -> None:
    """The same pages in SQLite FTS5: all words, best ten by bm25."""
    path = room / "fts.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "create virtual table t using fts5(id unindexed, body, tokenize='unicode61 remove_diacritics 2')"
        )
        began = time.perf_counter()
        db.executemany("insert into t values (?, ?)", kept.texts())
        db.commit()
        spent = time.perf_counter() - began
    print(f"fts5: {kept.pages / spent:.0f} pages/s, {path.stat().st_size / kept.pages:.0f} bytes a page")
    local = threading.local()

    def ask(typed: str) -> int:
        if not hasattr(local, "db"):
            local.db = sqlite3.connect(path)
        words = " ".join(f'"{word}"' for word in "".join(c if c.isalnum() else " " for c in typed).split())
        found = "select id from t where t match ? order by rank limit 10"
        return len(local.db.execute(found, (words or '""',)).fetchall())

    told("fts5", *clients(Asked("fts5", ask), queries, count))


def elastic(kept: Kept, queries: Sequence[str], options: Any) -> None:
    """Ours on Elasticsearch, then a plain `match` on the bare text of the same node."""
    from elasticsearch import Elasticsearch
    from elasticsearch.helpers import bulk

    from tests.tools.servers import Servers

    servers, alias = Servers(), f"bench-{secrets.token_hex(4)}"
    url, secret = servers.url("elastic"), servers.secret("elastic")
    plain = f"{alias}-plain"
    with closing(Elasticsearch(url, basic_auth=("elastic", secret), request_timeout=60)) as es:
        try:
            for node in es.nodes.info(filter_path="nodes.*.jvm").body["nodes"].values():
                jvm = node["jvm"]
                print(
                    f"elasticsearch: Java {jvm['version']}, heap {jvm['mem']['heap_max_in_bytes'] >> 20} MB"
                )

            def merged() -> None:
                time.sleep(1)  # asked for at the end of the rebuild, begun soon
                while es.indices.stats(index=alias, metric="merge").body["_all"]["total"]["merges"][
                    "current"
                ]:
                    time.sleep(0.2)

            index = open_index(f"{url}/{alias}", "elastic", secret)
            # a server runs for weeks; its compiler wants about ten thousand questions
            engine("elasticsearch", index, kept, queries, options, 5, merged)
            size = es.indices.stats(index=alias)["_all"]["primaries"]["store"]["size_in_bytes"]
            print(f"elasticsearch: {size / kept.pages:.0f} bytes a page")
            index.close()
            es.indices.create(index=plain, mappings={"properties": {"body": {"type": "text"}}})
            began = time.perf_counter()
            bulk(
                es,
                ({"_index": plain, "_id": key, "body": text} for key, text in kept.texts()),
                chunk_size=500,
            )
            es.indices.refresh(index=plain)
            print(f"plain match: {kept.pages / (time.perf_counter() - began):.0f} pages/s")

            def ask(typed: str) -> int:
                found = es.search(index=plain, query={"match": {"body": typed}}, size=10, source=False)
                return len(found["hits"]["hits"])

            told("plain match", *clients(Asked("plain match", ask), queries, options.clients))
        finally:
            for name in list(es.indices.get(index=f"{alias}*", expand_wildcards="all")):
                es.indices.delete(index=name)
            es.cluster.delete_component_template(name=f"{alias}-*")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--servers", action="store_true", help="Elasticsearch as well")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", type=Path, help="keep the made pages here, or take them from here")
    parser.add_argument("--only", nargs="+", choices=ENGINES, help="these engines and no others")
    options = parser.parse_args()
    usual = [name for name in ENGINES if options.servers or name != "elasticsearch"]
    chosen = options.only or usual
    if not (CORPUS / "textgen.py").is_file():
        raise SystemExit(f"no textgen.py at {CORPUS}; set VANTHU_CORPUS")
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        kept = prepare(options.pages, options.seed, options.room or room)
        print(f"{kept.pages} pages; entries: {kept.pages / kept.spent:.0f} pages/s on one core", flush=True)
        queries = questions(kept.clean, options.queries, options.seed)
        if "tantivy" in chosen:
            index = open_index(f"tantivy://{room}/index")
            engine("tantivy", index, kept, queries, options)
            size = sum(path.stat().st_size for path in (room / "index").rglob("*") if path.is_file())
            print(f"tantivy: {size / kept.pages:.0f} bytes a page", flush=True)
            index.close()
        if "elasticsearch" in chosen:
            elastic(kept, queries, options)
        if "fts5" in chosen:
            fts5(kept, queries, room, options.clients)


if __name__ == "__main__":
    main()
