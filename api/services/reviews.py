"""The review list over HTTP: what wants eyes, one item with its strips, accept, correct, take back."""

from collections.abc import Sequence

from api.deps import Desk
from api.schemas.common import Listing
from api.schemas.reviews import CorrectionIn, DecisionOut, DoubtOut, ReviewDetailOut, ReviewOut
from api.services.search import strip
from ingest import review
from ingest.review_items import doubt, doubtful, page_number
from records.access import Actor
from records.document import Fields
from records.errors import Unfit
from records.page import PageText
from storage.pages import Page
from storage.reviews import ReviewState
from storage.work import Tx


def listing(
    desk: Desk, reader: Actor, state: ReviewState, document_id: str, limit: int, offset: int
) -> Listing[ReviewOut]:
    """Return a page of the list, the most useful first; what was shown to whom is written down."""
    with desk.tools.work.reading() as tx:
        found, total = tx.reviews.find(reader, state, document_id, limit, offset)
    desk.reads.listed(reader, ("review",), list(dict.fromkeys(item.document_id for item in found)), total)
    return Listing(items=[ReviewOut.of(item) for item in found], total=total, limit=limit, offset=offset)


def detail(desk: Desk, reader: Actor, document_id: str, part: str) -> ReviewDetailOut:
    """Return one item with what is doubtful in it. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        item = tx.reviews.get(reader, document_id, part)
        page = tx.pages.get(reader, document_id, item.page)
        reading = tx.pages.reading(reader, document_id, item.page)
        fields = tx.documents.get(reader, document_id).fields
        decisions = tx.reviews.decisions(document_id, part)
    desk.reads.note(reader, document_id, "review")
    told = {**ReviewOut.of(item).model_dump(), "decisions": [DecisionOut.of(one) for one in decisions]}
    if page_number(part) is None:
        return ReviewDetailOut(**told, **_of_field(fields, part, page, document_id))
    return ReviewDetailOut(**told, words=_doubts(reading, page, document_id))


def accept(tx: Tx, reader: Actor, document_id: str, part: str) -> ReviewOut:
    """Note that the part is right. Raises as `ingest.review.accept`."""
    return ReviewOut.of(review.accept(tx, reader, document_id, part))


def correct(tx: Tx, reader: Actor, document_id: str, part: str, body: CorrectionIn) -> ReviewOut:
    """Write what stands on the paper. Raises as `ingest.review`; `Unfit` (`review-empty`): nothing fits the part."""
    number = page_number(part)
    if number is not None and body.value is None:
        changes = [review.Change(word.n, word.was, word.becomes) for word in body.words]
        return ReviewOut.of(review.correct_page(tx, reader, document_id, number, part, changes))
    if number is None and body.value is not None and not body.words:
        return ReviewOut.of(review.correct_field(tx, reader, document_id, part, body.value))
    raise Unfit(
        f"{part} is corrected by its {'words' if number is not None else 'value'}",
        code="review-empty",
        tell="Sửa trang thì gửi các từ (words), sửa trường thông tin thì gửi giá trị (value).",
    )


def undo(tx: Tx, reader: Actor, document_id: str, part: str) -> ReviewOut:
    """Take the newest decision back. Raises as `ingest.review.undo`."""
    return ReviewOut.of(review.undo(tx, reader, document_id, part))


def _doubts(reading: PageText | None, page: Page, document_id: str) -> list[DoubtOut]:
    if reading is None:
        return []
    lines = {line[0].line: " ".join(word.text for word in line) for line in reading.lines}
    return [
        DoubtOut(
            n=n,
            text=word.text,
            meant=word.meant,
            wrong=round(doubt(word), 4),
            line=lines[word.line],
            crop=strip(page, document_id, [word.box], wide=0.45),
        )
        for n, word in ((n, reading.words[n]) for n in doubtful(reading))
    ]


def _of_field(fields: Fields, name: str, page: Page, document_id: str) -> dict[str, object]:
    evidence = fields.evidence.get(name)
    boxes: Sequence = () if evidence is None else evidence.boxes  # type: ignore[type-arg]
    shown = getattr(fields, name) or ("" if evidence is None else evidence.value)
    return {"value": shown, "crop": strip(page, document_id, boxes, wide=0.6)}
