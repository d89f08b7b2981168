"""Pages, a reading room and the corpus for search tests: real values, built without an engine of recognition."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from records.access import Actor, Level, Role, readable_levels
from records.document import Fields
from records.geometry import Box, Rotation, back, turn, turned_size
from records.page import PageText, Word
from search.entry import IndexedDocument, entries_for
from search.index import SearchIndex

ARCHIVIST = Actor("u-archivist", "Lưu trữ viên", frozenset({Role.ARCHIVIST}))
READER = Actor("u-reader", "Người đọc", frozenset({Role.READER}))
ADMINISTRATOR = Actor("u-admin", "Quản trị", frozenset({Role.ADMINISTRATOR}))

CORPUS = Path(os.environ.get("VANTHU_CORPUS", Path(__file__).parents[2].parent / "shared" / "corpus"))


def a_page(text: str, page: int = 1, rotation: Rotation = 0) -> PageText:
    """A page with `text`: letters 10 px wide, lines 30 px high every 50 px, all of it turned for `rotation`."""
    wide, high = 2000, 3000
    words = []
    for line, row in enumerate(text.split("\n")):
        x = 100
        for run in row.split():
            upright = Box(x, 100 + 50 * line, x + 10 * len(run), 130 + 50 * line)
            words.append(Word(run, turn(upright, back(rotation), wide, high), 0.9, line))
            x += 10 * len(run) + 10
    size = turned_size(back(rotation), wide, high)
    return PageText(page, *size, 300.0, rotation, 0.0, "test", tuple(words))


class ReadingRoom:
    """A `PageSource` over values in memory that keeps the access rule, as the real one does over rows."""

    def __init__(self) -> None:
        self.documents: dict[str, IndexedDocument] = {}
        self.pages: dict[tuple[str, int], PageText] = {}
        self.waiting: set[str] = set()
        """Documents whose newest state the index may not hold."""

    def shelve(self, index: SearchIndex, document: IndexedDocument, pages: list[PageText]) -> None:
        self.documents[document.document_id] = document
        self.pages.update({(document.document_id, page.page): page for page in pages})
        index.replace(document.document_id, entries_for(document, pages))

    def _open(self, reader: Actor, document_id: str) -> bool:
        document = self.documents.get(document_id)
        return document is not None and (
            document.level in readable_levels(reader)
            or bool(set(document.parties) & {party.token for party in reader.parties})
        )

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        return self.pages.get((document_id, page)) if self._open(reader, document_id) else None

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        return self.documents[document_id].fields if self._open(reader, document_id) else None

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        return [name for name in sorted(self.waiting) if not self._open(reader, name)][:limit]


def a_document(
    document_id: str, number: str = "", subject: str = "", level: Level = Level.OPEN
) -> IndexedDocument:
    return IndexedDocument(document_id, Fields(number=number, subject=subject), level)


@cache
def corpus_truth() -> dict[str, Any]:
    """The ground truth of the corpus; the test is skipped with a sentence where there is none."""
    path = CORPUS / "ground_truth.json"
    if not path.is_file():
        pytest.skip(f"no corpus at {CORPUS}; set VANTHU_CORPUS")
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def truth_page(page: dict[str, Any]) -> PageText:
    """The page as a perfect recogniser would read it: every word of the truth with its box in the delivered file."""
    words = [
        Word(word["text"], Box(*(round(side) for side in word["box"])), 1.0, number)
        for number, line in enumerate(page["lines"])
        for word in line["words"]
    ]
    upright: Rotation = (360 - page["rotation"]) % 360
    return PageText(
        *(
            page["page"],
            page["width"],
            page["height"],
            float(page["dpi"]),
            upright,
            page["skew_deg"],
            "truth",
        ),
        words=tuple(words),
    )


def truth_fields(fields: dict[str, Any]) -> Fields:
    kept = {
        name: fields.get(name) or "" for name in Fields.__slots__ if name not in ("recipients", "evidence")
    }
    return Fields(**kept, recipients=tuple(fields["recipients"]))


def shelve_corpus(room: ReadingRoom, index: SearchIndex) -> None:
    """Put all 31 documents of the corpus on the shelf and into the index."""
    truth = corpus_truth()
    pages = {page["id"]: truth_page(page) for page in truth["pages"]}
    for document in truth["documents"]:
        fields = truth_fields(document["fields"])
        room.shelve(
            index, IndexedDocument(document["id"], fields), [pages[name] for name in document["pages"]]
        )
    index.commit()
