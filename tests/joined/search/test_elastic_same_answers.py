"""Both engines give the same answers on the corpus: same pages, same judgement, same boxes, same counts.

So what `test_corpus_search` asks of tantivy holds for Elasticsearch too, without asking it two thousand times.
"""

import random

import pytest

from language.fold import canonical, fold
from search.find import Found, search
from search.index import SearchIndex
from tests.cases.search_world import ARCHIVIST, ReadingRoom, corpus_truth

pytestmark = pytest.mark.joined
Shelf = tuple[ReadingRoom, SearchIndex]


def questions(room: ReadingRoom) -> list[str]:
    """Numbers in two spellings, one phrase a page with marks and without, quoted ones, and words in a wrong order."""
    choice = random.Random("both")
    asked: list[str] = []
    for document in corpus_truth()["documents"]:
        number = document["fields"]["number"]
        asked += [number, fold(number.replace("-", " ").replace("/", " "))]
    words = [word.text for page in room.pages.values() for word in page.words if word.text.isalpha()]
    for n, (_, page) in enumerate(sorted(room.pages.items())[::2]):
        runs = [word.text for line in page.lines for word in line]
        at = choice.randrange(max(len(runs) - 6, 1))
        phrase = " ".join(runs[at : at + choice.randint(1, 6)])
        asked += [phrase, fold(canonical(phrase)), *([f'"{phrase}"'] if n % 3 == 0 else [])]
        asked += [" ".join(choice.sample(words, 5))] if n % 2 else []
    return asked


def told(found: Found) -> dict[tuple[str, int], object]:
    return {
        (hit.document_id, hit.page): (hit.match, hit.boxes, hit.kinds, hit.strip, hit.snippet)
        for hit in found.hits
    }


def test_the_same_pages_with_the_same_boxes(shelf: Shelf, elastic_shelf: Shelf) -> None:
    (room, here), (other_room, there) = shelf, elastic_shelf
    asked = questions(room)
    assert len(asked) > 120
    for query in asked:
        one = search(query, ARCHIVIST, here, room, limit=100)
        two = search(query, ARCHIVIST, there, other_room, limit=100)
        assert told(one) == told(two), query
        assert (one.total, one.total_is_exact) == (two.total, two.total_is_exact), query
        if one.hits:
            assert abs(one.hits[0].score - two.hits[0].score) < 0.06, query
            best = {(hit.document_id, hit.page) for hit in one.hits if hit.score > one.hits[0].score - 0.06}
            assert (two.hits[0].document_id, two.hits[0].page) in best, query
