"""Every paper of the corpus is found by its number and by six syllables of its text, with boxes on the right ink."""

import random
from collections.abc import Iterator

import pytest

from language.fold import canonical, fold
from records.geometry import Box
from records.page import PageText, Word
from search.find import search
from search.index import SearchIndex
from tests.cases.search_world import ARCHIVIST, ReadingRoom, corpus_truth

pytestmark = pytest.mark.joined
Shelf = tuple[ReadingRoom, SearchIndex]


def phrases(room: ReadingRoom, each: int = 6, size: int = 6) -> Iterator[tuple[str, int, list[Word]]]:
    """Yield (document, page, words): runs of `size` words of letters from every page, the same in every run."""
    choice = random.Random("phrases")
    for (document, number), page in sorted(room.pages.items()):
        words = [word for line in page.lines for word in line]
        runs = [words[at : at + size] for at in range(len(words) - size + 1)]
        plain = [run for run in runs if all(word.text.strip(".,;:()“”").isalpha() for word in run)]
        for run in choice.sample(plain, min(each, len(plain))):
            yield document, number, run


def flat(page: PageText) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in fold(canonical(page.text))).split())


def test_every_document_is_first_for_its_number(shelf: Shelf) -> None:
    room, index = shelf
    for document in corpus_truth()["documents"]:
        number = document["fields"]["number"]
        spaced = number.replace("-", " ").replace("/", " ")
        for query in (
            number,
            number.lower(),
            fold(number),
            spaced.lower(),
            fold(spaced),
            f"Số {number}",
            f'"{number}"',
        ):
            hits = search(query, ARCHIVIST, index, room).hits
            assert hits, query
            assert (hits[0].document_id, hits[0].page) == (document["id"], 1), query
            assert hits[0].match in ("exact", "folded")
            assert hits[0].boxes, query


@pytest.mark.parametrize("marks", [True, False])
def test_every_six_syllable_phrase_is_found(shelf: Shelf, marks: bool) -> None:
    room, index = shelf
    asked = first = 0
    for document, number, words in phrases(room):
        query = " ".join(word.text for word in words)
        query = query if marks else fold(canonical(query))
        hits = search(query, ARCHIVIST, index, room, limit=61).hits
        asked += 1
        assert (document, number) in {(hit.document_id, hit.page) for hit in hits}, query
        assert hits[0].match in (("exact",) if marks else ("exact", "folded")), query
        top = room.pages[hits[0].document_id, hits[0].page]
        wanted = " ".join("".join(c if c.isalnum() else " " for c in fold(canonical(query))).split())
        # Formal sentences repeat from paper to paper: any page that holds the phrase may stand first.
        first += f" {wanted} " in f" {flat(top)} "
    assert asked >= 300
    assert first == asked


def inside(word: Box, box: Box) -> float:
    wide = min(word.x1, box.x1) - max(word.x0, box.x0)
    high = min(word.y1, box.y1) - max(word.y0, box.y0)
    return max(wide, 0) * max(high, 0) / (word.width * word.height)


@pytest.mark.parametrize("marks", [True, False])
def test_boxes_cover_the_words_of_the_phrase_and_no_others(shelf: Shelf, marks: bool) -> None:
    room, index = shelf
    lines = good = strays = 0
    for document, number, words in phrases(room):
        query = " ".join(word.text for word in words)
        hits = search(query if marks else fold(canonical(query)), ARCHIVIST, index, room, limit=61).hits
        hit = next(hit for hit in hits if (hit.document_id, hit.page) == (document, number))
        for line in {word.line for word in words}:
            expected = [word.box for word in words if word.line == line]
            union = expected[0]
            for box in expected[1:]:
                union = union.union(box)
            lines += 1
            good += any(box.overlap(union) >= 0.5 for box in hit.boxes)
        for word in words:
            assert any(inside(word.box, box) >= 0.99 for box in hit.boxes), query
        text = {fold(canonical(word.text)) for word in words}
        others = [
            word for word in room.pages[document, number].words if fold(canonical(word.text)) not in text
        ]
        strays += sum(any(inside(word.box, box) > 0.5 for box in hit.boxes) for word in others)
    assert lines >= 300
    assert good / lines >= 0.99
    assert strays <= lines * 0.01


def test_shuffled_syllables_are_never_a_confident_hit(shelf: Shelf) -> None:
    room, index = shelf
    choice = random.Random("absent")
    words = [word.text.lower() for page in room.pages.values() for word in page.words if word.text.isalpha()]
    pages = [f" {flat(page)} " for page in room.pages.values()]
    asked = 0
    for _ in range(300):
        query = " ".join(choice.sample(words, 6))
        if any(f" {fold(canonical(query))} " in page for page in pages):
            continue
        asked += 1
        for hit in search(query, ARCHIVIST, index, room).hits:
            assert hit.match == "approximate", query
            assert hit.score < 0.8, query
    assert asked > 250
