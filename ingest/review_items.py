"""What of a document wants a person's eyes, and what a look at it is worth.

The worth of a page is the number of words in it that are expected to be wrong; that of a field its chance to be wrong,
in words that such an error would cost: a wrong number hides the paper from whoever asks for it.
"""

from collections.abc import Sequence

from language.tokens import token_texts
from ocr.plain import PLAINLY
from records.document import Fields
from records.page import PageText, Word
from storage.reviews import NewReview, Review

WEIGHT = {"number": 30.0, "issued_date": 20.0, "subject": 12.0}
"""Fields that are looked at, and how many wrong words of text an error in one of them is worth."""

UNREAD = 1000.0
"""A page that nobody could read stands above every page that was."""
_PLAINLY = 50.0
"""Added to a page that could only be read the simpler way: its order and tables are not to be trusted."""

_LEAST_WORDS = 1.0
_LEAST_DOUBT = 0.1
"""A page with fewer wrong words to be expected, or a field surer than that, is not worth a person's time."""
_ABSENT = 0.5
"""Chance that a field that was not found stands on the paper all the same."""
DOUBTFUL = 0.5
"""A word less likely to be right than that is shown as doubtful."""


def page_part(number: int) -> str:
    """Return what page `number` is called in the list."""
    return f"page-{number}"


def page_number(part: str) -> int | None:
    """Return the number of the page that a part of the list is, None for a field."""
    kind, _, number = part.partition("-")
    return (
        int(number) if kind == "page" and number.isascii() and number.isdigit() and len(number) < 9 else None
    )


def items_of(document_id: str, fields: Fields, pages: Sequence[PageText]) -> list[NewReview]:
    """Return the parts of a document that are worth a look, in the order of the paper."""
    found = [_of_field(document_id, name, fields) for name in WEIGHT]
    found += [_of_page(document_id, page) for page in pages]
    return [item for item in found if item is not None]


def is_unread(item: Review) -> bool:
    """Return whether an item of the list is a page on which nothing could be read, as `items_of` lists one."""
    return page_number(item.part) is not None and (item.wrong, item.expected) == (1.0, 0.0)


def doubt(word: Word) -> float:
    """Return the chance that a word is wrong; 0.0 for what no letter or digit stands in, for nobody searches that."""
    return 1.0 - word.confidence if token_texts(word.text) else 0.0


def doubtful(page: PageText, most: int = 40) -> list[int]:
    """Return the numbers of the words of a page that a person should look at, in reading order: the `most` doubtful."""
    unsure = [n for n, word in enumerate(page.words) if doubt(word) >= 1.0 - DOUBTFUL]
    return sorted(sorted(unsure, key=lambda n: -doubt(page.words[n]))[:most])


def _of_page(document_id: str, page: PageText) -> NewReview | None:
    if page.state != "read":
        return NewReview(document_id, page_part(page.page), page.page, 1.0, 0.0, UNREAD)
    expected, right = 0.0, 1.0
    for word in page.words:
        expected += doubt(word)
        right *= 1.0 - doubt(word)
    rank = expected + (_PLAINLY if PLAINLY in page.notes else 0.0)
    if rank < _LEAST_WORDS:
        return None
    return NewReview(document_id, page_part(page.page), page.page, 1.0 - right, expected, rank)


def _of_field(document_id: str, name: str, fields: Fields) -> NewReview | None:
    evidence = fields.evidence.get(name)
    wrong = _ABSENT if evidence is None else 1.0 - evidence.confidence
    if wrong < _LEAST_DOUBT or (evidence is None and getattr(fields, name)):
        return None  # a value without evidence was told by a register or a person, not read
    where = 1 if evidence is None else evidence.page
    return NewReview(document_id, name, where, wrong, wrong, wrong * WEIGHT[name])
