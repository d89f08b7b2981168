"""Pages and queries for the search benchmarks: made texts with known noise, and pages that our own recogniser read.

The generator, the noise and the known-item queries are those of the corpus (`textgen.py`, `queries.py`); what this
file adds are queries that nothing answers, and a source of page texts that holds them as strings until they are shown.
"""

import importlib.util
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from records.access import Actor
from records.document import Fields
from records.page import PageText, load_page
from tests.cases.search_world import CORPUS, a_page

CLASSES = ("title", "phrase", "title_noaccent", "phrase_noaccent", "number")
ABSENT = "none"
"""The cell of queries that no page answers."""
_CHUNK = 100
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, its cell, and the pages (document, number) that answer it; () when none does."""

    cell: str
    text: str
    answers: frozenset[Key]


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page of the generator: its place and its text as read at one level of noise."""

    key: Key
    text: str


def corpus_module(name: str) -> ModuleType:
    """Return a script of the corpus as a module. Raises SystemExit with a sentence where there is no corpus."""
    path = CORPUS / f"{name}.py"
    if not path.is_file():
        raise SystemExit(f"no {path.name} at {CORPUS}; set VANTHU_CORPUS")
    if name in sys.modules:
        return sys.modules[name]
    sys.path.insert(0, str(CORPUS))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def made_pages(count: int, seed: int, noise: float) -> Iterator[MadePage]:
    """Yield `count` pages of the generator with `noise` (share of characters that are wrong)."""
    textgen = corpus_module("textgen")
    for record in textgen.records(textgen.TextGen(seed), 0, count, noise):
        yield MadePage((record["doc"], record["page"]), record["text"])


def known_items(count: int, seed: int, each: int) -> list[Asked]:
    """Return `each` queries a class over the clean pages, with every page that answers, and `each` without answer."""
    textgen, queries = corpus_module("textgen"), corpus_module("queries")
    gen = textgen.TextGen(seed)
    places: dict[str, Key] = {}

    def stream() -> Iterator[dict[str, Any]]:
        for record in textgen.records(gen, 0, count):
            places[record["id"]] = record["doc"], record["page"]
            yield record

    made = queries.make(gen, count, each, seed, 10, stream())
    asked = [Asked(q["class"], q["query"], frozenset(places[name] for name in q["answers"])) for q in made]
    return asked + absent(gen, count, seed, each)


def absent(gen: Any, count: int, seed: int, each: int) -> list[Asked]:
    """Return `each` queries in the likeness of the others that stand nowhere on the pages, not even without marks."""
    textgen, queries = corpus_module("textgen"), corpus_module("queries")
    choice = random.Random(f"absent-{seed}")
    drawn = queries.draw(textgen.TextGen(seed + 1000), count, each, choice)
    tried = choice.sample(drawn, min(len(drawn), 4 * each))
    plain = [
        ("phrase_noaccent", " ".join(map(queries.fold, queries.syllable_tokens(q))), "") for _, q, _ in tried
    ]
    found = queries.find_answers(plain, (gen.page(i) for i in range(count)))
    none = [Asked(ABSENT, q, frozenset()) for (_, q, _), pages in zip(tried, found, strict=True) if not pages]
    return none[:each]


class TextRoom:
    """A `PageSource` that keeps the pages as strings; a word table is made when a page is shown."""

    def __init__(self) -> None:
        self.texts: dict[Key, str] = {}
        self.read: dict[Key, PageText] = {}

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the word table of a page; everybody may see these."""
        key = document_id, page
        if key in self.read:
            return self.read[key]
        return a_page(self.texts[key], page) if key in self.texts else None

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return no fields: every engine is asked about the same bare text."""
        return Fields()

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Return nothing: no right is changed here."""
        return []


def scanned_pages(readings: Path) -> dict[Key, tuple[PageText, dict[str, Any]]]:
    """Return the corpus pages as our recogniser read them (tests/tools/read_pages.py), each with its truth."""
    truth = json.loads((CORPUS / "ground_truth.json").read_text(encoding="utf-8"))
    return {
        (page["document"], page["page"]): (load_page(path.read_bytes()).numbered(page["page"]), page)
        for page in truth["pages"]
        if (path := readings / f"{page['id']}.json").is_file()
    }


def scanned_items(
    pages: dict[Key, tuple[PageText, dict[str, Any]]], made: dict[Key, str], each: int
) -> list[Asked]:
    """Return queries from the truth of scanned pages: 6 to 12 and 4 syllables in a row, without marks too, numbers.

    A page of `made` answers a number that it bears as well; the words of a scanned page have to lead to that page.
    """
    queries = corpus_module("queries")
    choice = random.Random("scans")
    runs: list[tuple[Key, list[str]]] = []
    whole: dict[Key, list[str]] = {}
    for key, (_, truth) in pages.items():
        words = [queries.syllable_tokens(line["text"]) for line in truth["lines"]]
        whole[key] = [token for line in words for token in line]
        runs += [(key, line) for line in words if len(line) >= 4 and all(token.isalpha() for token in line)]
    asked: list[Asked] = []
    for cell, least, most in (("title", 6, 12), ("phrase", 4, 4)):
        fit = [(key, line) for key, line in runs if len(line) >= least]
        for _ in range(each):
            key, line = choice.choice(fit)
            size = choice.randint(least, min(most, len(line)))
            at = choice.randint(0, len(line) - size)
            some = line[at : at + size]
            asked.append(Asked(cell, " ".join(some), _standing(some, whole)))
            plain = [queries.fold(token) for token in some]
            folded = {k: [queries.fold(token) for token in tokens] for k, tokens in whole.items()}
            asked.append(Asked(f"{cell}_noaccent", " ".join(plain), _standing(plain, folded)))
    return asked + _numbers(whole, made)


def _numbers(whole: dict[Key, list[str]], made: dict[Key, str]) -> list[Asked]:
    queries = corpus_module("queries")
    every = whole | {key: queries.syllable_tokens(text) for key, text in made.items()}
    truth = json.loads((CORPUS / "ground_truth.json").read_text(encoding="utf-8"))
    asked = []
    for document in truth["documents"]:
        if (document["id"], 1) not in whole:
            continue
        number = document["fields"]["number"]
        answers = _standing(queries.syllable_tokens(number), every) | {(document["id"], 1)}
        for text in (number, number.lower().replace("-", " ").replace("/", " "), f"Số {number}"):
            asked.append(Asked("number", text, answers))
    return asked


def _standing(some: Sequence[str], pages: dict[Key, list[str]]) -> frozenset[Key]:
    wanted = f" {' '.join(some)} "
    return frozenset(key for key, tokens in pages.items() if wanted in f" {' '.join(tokens)} ")
