"""The review list: pages and fields that want a person's eyes, the most useful first, and what became of each.

The list itself could be made anew from the readings; the decisions could not, so they are only added to, and each keeps
what stood there before it. docs/decisions/0121.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from records.access import Actor
from records.clock import new_id
from records.document import DocumentState
from records.errors import Missing
from storage.ground import Ground
from storage.schema import documents, review_decisions, reviews
from storage.visible import visible


class ReviewState(StrEnum):
    """Where an item of the list stands."""

    OPEN = "open"
    ACCEPTED = "accepted"  # a person says it is right as it stands
    CORRECTED = "corrected"  # a person wrote what stands on the paper


@dataclass(frozen=True, slots=True)
class NewReview:
    """Something to look at: `part` of a document, `page-3` or the name of a field; `page`: where to look.

    `wrong`: chance that something in it is wrong, 0.0 to 1.0; `expected`: how many words (fields: 0 to 1) are expected
    to be wrong; `rank`: what a look is worth, the list is sorted by it.
    """

    document_id: str
    part: str
    page: int
    wrong: float
    expected: float
    rank: float


@dataclass(frozen=True, slots=True)
class Review(NewReview):
    """An item of the list as it stands, with what it is called by: the document's number and source."""

    state: ReviewState
    decided_by: str
    decided_at: datetime | None
    number: str
    source: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided. `changes`: [{n, was, becomes}]; `before`: what stood there, b"" for a sign-off."""

    id: str
    document_id: str
    part: str
    ordinal: int
    kind: ReviewState
    changes: Sequence[Mapping[str, Any]]
    before: bytes
    after_sha256: str
    made_by: str
    made_at: datetime
    undone_by: str
    undone_at: datetime | None


class Reviews:
    """The list. Methods with a `reader` show only parts of archived documents that reader may see."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def propose(self, new: Sequence[NewReview]) -> None:
        """List parts; one that is listed gets the newer judgement while nobody has decided about it."""
        self._ground.insert_new(
            reviews, [{**asdict(one), "state": ReviewState.OPEN} for one in new], "document_id", "part"
        )
        for one in new:
            mine = (reviews.c.document_id == one.document_id) & (reviews.c.part == one.part)
            self._ground.connection.execute(
                update(reviews)
                .where(mine, reviews.c.state == ReviewState.OPEN)
                .values(page=one.page, wrong=one.wrong, expected=one.expected, rank=one.rank)
            )

    def find(
        self,
        reader: Actor,
        state: ReviewState = ReviewState.OPEN,
        document_id: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Review], int]:
        """Return a page of the list, the most useful first (decided ones: the last decided first), and its length."""
        which = _shown(reader) & (reviews.c.state == state)
        if document_id:
            which &= reviews.c.document_id == document_id
        joined = reviews.join(documents, documents.c.id == reviews.c.document_id)
        first = reviews.c.rank.desc() if state is ReviewState.OPEN else reviews.c.decided_at.desc()
        rows = self._ground.connection.execute(
            _with_names()
            .where(which)
            .order_by(first, reviews.c.document_id, reviews.c.part)
            .limit(limit)
            .offset(offset)
        ).mappings()
        total = self._ground.connection.execute(select(func.count()).select_from(joined).where(which))
        return [_review(row) for row in rows], int(total.scalar_one())

    def get(self, reader: Actor, document_id: str, part: str) -> Review:
        """Return one item; a writer has it to itself until its end. Raises `Missing`: absent, or not theirs to see."""
        mine = (reviews.c.document_id == document_id) & (reviews.c.part == part)
        self._ground.hold(mine)
        row = self._ground.connection.execute(_with_names().where(mine, _shown(reader))).mappings().first()
        if row is None:
            raise Missing(f"no review {document_id} {part} for {reader.id}")
        return _review(row)

    def decide(
        self,
        item: Review,
        by: Actor,
        kind: ReviewState,
        changes: Sequence[Mapping[str, Any]] = (),
        before: bytes = b"",
        after_sha256: str = "",
    ) -> None:
        """Note a decision (`ACCEPTED` or `CORRECTED`): the item leaves the list."""
        now = self._ground.clock.now()
        last = self._ground.connection.execute(
            select(func.max(review_decisions.c.ordinal)).where(_of(item.document_id, item.part))
        ).scalar()
        self._ground.connection.execute(
            insert(review_decisions).values(
                id=new_id(),
                document_id=item.document_id,
                part=item.part,
                ordinal=(last or 0) + 1,
                kind=kind,
                changes={"changes": [dict(change) for change in changes]},
                before=zlib.compress(before) if before else None,
                after_sha256=after_sha256,
                made_by=by.id,
                made_at=now,
            )
        )
        self._stand(item, kind, by.id, now)

    def last(self, document_id: str, part: str) -> Decision | None:
        """Return the newest decision about a part that nobody took back."""
        standing = self.decisions(document_id, part)
        return next((one for one in reversed(standing) if one.undone_at is None), None)

    def decisions(self, document_id: str, part: str) -> list[Decision]:
        """Return everything that was decided about a part, the oldest first (ask `get` whether it may be seen)."""
        rows = self._ground.connection.execute(
            select(review_decisions).where(_of(document_id, part)).order_by(review_decisions.c.ordinal)
        ).mappings()
        return [_decision(row) for row in rows]

    def undo(self, item: Review, decision: Decision, by: Actor) -> None:
        """Note that `decision` was taken back: the item stands as the decision before it left it, else it is open."""
        now = self._ground.clock.now()
        self._ground.connection.execute(
            update(review_decisions)
            .where(review_decisions.c.id == decision.id)
            .values(undone_by=by.id, undone_at=now)
        )
        earlier = self.last(item.document_id, item.part)
        if earlier is None:
            self._stand(item, ReviewState.OPEN, "", None)
        else:
            self._stand(item, earlier.kind, earlier.made_by, earlier.made_at)

    def is_corrected(self, document_id: str, part: str) -> bool:
        """Return whether what stands there was written by a person, so that no machine may write over it."""
        standing = self.decisions(document_id, part)
        return any(one.kind is ReviewState.CORRECTED and one.undone_at is None for one in standing)

    def _stand(self, item: Review, state: ReviewState, by: str, at: datetime | None) -> None:
        mine = (reviews.c.document_id == item.document_id) & (reviews.c.part == item.part)
        self._ground.connection.execute(
            update(reviews).where(mine).values(state=state, decided_by=by, decided_at=at)
        )


def _of(document_id: str, part: str) -> Any:
    return (review_decisions.c.document_id == document_id) & (review_decisions.c.part == part)


def _shown(reader: Actor) -> Any:
    return visible(reader) & (documents.c.state == DocumentState.ARCHIVED)


def _with_names() -> Any:
    return select(reviews, documents.c.number, documents.c.source).join(
        documents, documents.c.id == reviews.c.document_id
    )


def _review(row: RowMapping) -> Review:
    return Review(**{**row, "state": ReviewState(row["state"])})


def _decision(row: RowMapping) -> Decision:
    before = b"" if row["before"] is None else zlib.decompress(row["before"])
    changes = row["changes"]["changes"]
    return Decision(**{**row, "kind": ReviewState(row["kind"]), "changes": changes, "before": before})
