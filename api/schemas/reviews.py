"""The review list as it goes over HTTP: an item, what is doubtful in it, and what a person writes instead."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from api.schemas.common import Frozen, Strict
from api.schemas.search import Crop
from ingest.review_items import is_unread
from storage.reviews import Decision, Review, ReviewState

Part = Annotated[
    str,
    Path(
        pattern=r"^(page-[1-9][0-9]{0,6}|number|issued_date|subject)$",
        description="Part of a document: a page (`page-3`) or a field.",
    ),
]


class ReviewOut(Frozen):
    """A part of a document that wants a person's eyes.

    `wrong`: chance that something in it is wrong; `expected`: wrong words to be expected (fields: 0 to 1); `rank`: what
    a look is worth; `unread`: nothing could be read on the page.
    """

    document_id: str
    part: str
    page: int
    number: str
    source: str
    wrong: float
    expected: float
    rank: float
    unread: bool
    state: ReviewState
    decided_by: str
    decided_at: datetime | None

    @classmethod
    def of(cls, item: Review) -> "ReviewOut":
        """Return the outgoing form."""
        return cls(
            document_id=item.document_id,
            part=item.part,
            page=item.page,
            number=item.number,
            source=item.source,
            wrong=round(item.wrong, 4),
            expected=round(item.expected, 3),
            rank=round(item.rank, 3),
            unread=is_unread(item),
            state=item.state,
            decided_by=item.decided_by,
            decided_at=item.decided_at,
        )


class DoubtOut(Frozen):
    """A doubtful word: its number on the page, what was read, what it may have been (""), its line, where to look."""

    n: int
    text: str
    meant: str
    wrong: float
    line: str
    crop: Crop | None


class DecisionOut(Frozen):
    """What somebody decided, and whether it was taken back."""

    kind: ReviewState
    changes: list[dict[str, Any]]
    made_by: str
    made_at: datetime
    undone_by: str
    undone_at: datetime | None

    @classmethod
    def of(cls, one: Decision) -> "DecisionOut":
        """Return the outgoing form."""
        return cls(
            kind=one.kind,
            changes=[dict(change) for change in one.changes],
            made_by=one.made_by,
            made_at=one.made_at,
            undone_by=one.undone_by,
            undone_at=one.undone_at,
        )


class ReviewDetailOut(ReviewOut):
    """An item with its doubtful words (of a page) or its value (of a field), and everything that was decided."""

    words: list[DoubtOut] = []
    value: str = ""
    crop: Crop | None = None
    decisions: list[DecisionOut] = []


class ChangeIn(Strict):
    """Word `n` said `was` and shall say `becomes`; "" takes it away."""

    n: int = Field(ge=0, le=1_000_000)
    was: str = Field(max_length=400)
    becomes: str = Field(max_length=400)


class CorrectionIn(Strict):
    """What stands on the paper: `words` of a page, or the `value` of a field."""

    words: list[ChangeIn] = Field(default_factory=list, max_length=2000)
    value: str | None = Field(default=None, max_length=400)
