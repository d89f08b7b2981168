"""What a person says about a reading: it is right, or this stands there. The master is never touched.

A correction is a new version of the page's text (or of the field) in the books and the index; what stood there before
is kept with the decision, so that it can be taken back. docs/decisions/0121.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ingest.review_items import WEIGHT, page_number
from ocr.engine import clean, shared_out
from records.access import Action, Actor, authorize
from records.document import Fields, FieldValue, fields_from_json, fields_to_json
from records.errors import Conflict, Missing, Unfit
from records.geometry import Box, back, turn
from records.numbers import normalise_number, parse_number
from records.page import PageText, Word, dump_page, load_page
from search.number_keys import document_key
from storage.documents import Document
from storage.outbox import INDEX
from storage.reviews import NewReview, Review, ReviewState
from storage.work import Tx

LONGEST = 400
"""Characters of a corrected word or field."""
_OF_NUMBER = ("number", "code_number", "code_notation")


@dataclass(frozen=True, slots=True)
class Change:
    """Word `n` of a page (from 0, reading order) says `was` and shall say `becomes`: "" takes it away."""

    n: int
    was: str
    becomes: str


def item(tx: Tx, actor: Actor, document_id: str, part: str) -> Review:
    """Return the part as it stands in the list; a part nobody thought doubtful is listed when somebody asks for it.

    Raises `NotAllowed`, `Missing` (absent, or not theirs to see).
    """
    authorize(actor, Action.REVIEW)
    try:
        return tx.reviews.get(actor, document_id, part)
    except Missing:
        number = page_number(part)
        if number is None and part not in WEIGHT:
            raise
        where = tx.pages.get(actor, document_id, 1 if number is None else number).number or 1
        tx.reviews.propose([NewReview(document_id, part, where, 0.0, 0.0, 0.0)])
        return tx.reviews.get(actor, document_id, part)


def accept(tx: Tx, actor: Actor, document_id: str, part: str) -> Review:
    """Note that the part is right as it stands: it leaves the list. Raises `Missing`, `Conflict` (`review-decided`)."""
    known = item(tx, actor, document_id, part)
    if known.state is not ReviewState.OPEN:
        raise Conflict(
            f"{document_id} {part} is {known.state}",
            code="review-decided",
            tell="Mục này đã có người xem xong. Hãy tải lại danh sách; nếu cần xem lại, hãy hoàn tác trước.",
        )
    tx.reviews.decide(known, actor, ReviewState.ACCEPTED)
    tx.audit.append(actor.id, "review-accepted", document_id, "done", {"part": part})
    return tx.reviews.get(actor, document_id, part)


def correct_page(
    tx: Tx, actor: Actor, document_id: str, number: int, part: str, changes: Sequence[Change]
) -> Review:
    """Write what stands on the page in place of what was read. Raises `Missing`, `Unfit`, `Conflict`.

    `Conflict` (`review-changed`): a word no longer says what the person saw. `Unfit` (`review-empty`): nothing changes;
    (`review-unread`): nothing was read on the page, so there is no word to correct.
    """
    known = item(tx, actor, document_id, part)
    page = tx.pages.get(actor, document_id, number)
    reading = tx.pages.reading(actor, document_id, number)
    if reading is None or reading.state != "read":
        raise Unfit(
            f"{document_id} page {number} was not read",
            code="review-unread",
            tell="Trang này chưa đọc được chữ nào nên chưa có gì để sửa. Hãy quét lại trang, hoặc xác nhận đã xem.",
        )
    after = corrected(reading, changes)
    sha256 = _put_page(tx, document_id, page.id, after)
    tx.reviews.decide(
        known,
        actor,
        ReviewState.CORRECTED,
        [{"n": c.n, "was": c.was, "becomes": c.becomes} for c in changes],
        dump_page(reading),
        sha256,
    )
    told: dict[str, Any] = {"part": part, "words": len(changes), "sha256": sha256}
    tx.audit.append(actor.id, "review-corrected", document_id, "done", told)
    return tx.reviews.get(actor, document_id, part)


def corrected(reading: PageText, changes: Sequence[Change]) -> PageText:
    """Return the reading with the words a person wrote: sure, and without the trace of an engine.

    Raises `Unfit` (`review-empty`, `review-no-word`, `review-long`), `Conflict` (`review-changed`).
    """
    if not changes:
        raise Unfit("nothing changes", code="review-empty", tell="Chưa có từ nào được sửa.")
    wanted: dict[int, str] = {}
    for change in changes:
        if not 0 <= change.n < len(reading.words) or change.n in wanted:
            raise Unfit(
                f"word {change.n} of {len(reading.words)}",
                code="review-no-word",
                tell="Không có từ này trên trang (hoặc một từ bị sửa hai lần). Hãy tải lại trang rồi sửa lại.",
            )
        if reading.words[change.n].text != change.was:
            raise Conflict(
                f"word {change.n} says something else now",
                code="review-changed",
                tell="Trang này vừa được sửa ở nơi khác. Hãy tải lại rồi sửa trên bản mới nhất.",
            )
        wanted[change.n] = _typed(change.becomes)
    words: list[Word] = []
    for n, word in enumerate(reading.words):
        words += [word] if n not in wanted else _retyped(reading, word, wanted[n])
    return replace(reading, words=tuple(words))


def correct_field(tx: Tx, actor: Actor, document_id: str, name: str, value: str) -> Review:
    """Write what a field says on the paper ("": it is not there). Raises `Missing`, `Unfit` (`review-date`)."""
    known = item(tx, actor, document_id, name)
    document = tx.documents.get(actor, document_id)
    before = document.fields
    after = _with_field(before, name, _typed(value))
    _put_fields(tx, document, after)
    tx.reviews.decide(
        known,
        actor,
        ReviewState.CORRECTED,
        [{"n": 0, "was": getattr(before, name), "becomes": getattr(after, name)}],
        json.dumps(fields_to_json(before), ensure_ascii=False).encode(),
        _digest(getattr(after, name).encode()),
    )
    tx.audit.append(actor.id, "review-corrected", document_id, "done", {"part": name, "words": 1})
    return tx.reviews.get(actor, document_id, name)


def undo(tx: Tx, actor: Actor, document_id: str, part: str) -> Review:
    """Take the newest decision about a part back: what stood there before stands there again.

    Raises `Missing`, `Conflict` (`review-nothing`: nobody decided anything; `review-changed`: it was changed since).
    """
    known = item(tx, actor, document_id, part)
    decision = tx.reviews.last(document_id, part)
    if decision is None:
        raise Conflict(
            f"nothing was decided about {document_id} {part}",
            code="review-nothing",
            tell="Mục này chưa có quyết định nào để hoàn tác.",
        )
    number = page_number(part)
    if decision.kind is ReviewState.CORRECTED and number is not None:
        page = tx.pages.get(actor, document_id, number)
        _must_stand(page.reading_sha256, decision.after_sha256)
        _put_page(tx, document_id, page.id, load_page(decision.before))
    elif decision.kind is ReviewState.CORRECTED:
        document = tx.documents.get(actor, document_id)
        _must_stand(_digest(getattr(document.fields, part).encode()), decision.after_sha256)
        fields = _field_back(document.fields, part, fields_from_json(json.loads(decision.before)))
        _put_fields(tx, document, fields)
    tx.reviews.undo(known, decision, actor)
    tx.audit.append(
        actor.id, "review-undone", document_id, "done", {"part": part, "kind": decision.kind.value}
    )
    return tx.reviews.get(actor, document_id, part)


def _put_page(tx: Tx, document_id: str, page_id: str, text: PageText) -> str:
    """Put a reading in place, for the index too; return its SHA-256."""
    data = dump_page(text)
    sha256 = _digest(data)
    tx.pages.correct(page_id, text, data, sha256)
    tx.documents.touch(document_id)
    tx.outbox.add(INDEX, document_id, {})
    return sha256


def _put_fields(tx: Tx, document: Document, fields: Fields) -> None:
    """Put fields in place, for the index too."""
    key = document_key(fields.number)
    tx.documents.update_fields(document.id, fields, document.row_version, number_key=key)
    tx.outbox.add(INDEX, document.id, {})


def _must_stand(found: str, expected: str) -> None:
    if found != expected:
        raise Conflict(
            f"{found[:12]} stands there, not {expected[:12]}",
            code="review-changed",
            tell="Nội dung này đã thay đổi sau quyết định đó nên không hoàn tác được. Hãy sửa trên bản mới nhất.",
        )


def _typed(text: str) -> str:
    typed = clean(text[: LONGEST + 1])
    if len(text) > LONGEST:
        raise Unfit(
            f"{len(text)} characters", code="review-long", tell=f"Mỗi chỗ sửa dài nhất {LONGEST} ký tự."
        )
    return typed


def _retyped(page: PageText, word: Word, typed: str) -> list[Word]:
    """Return the words that were typed in place of one; its box is shared out by letters, along the upright line."""
    wide, high = page.upright_size
    box = page.upright_box(word.box)
    pieces = (
        (text, Box(left, box.y0, right, box.y1)) for text, left, right in shared_out(typed, box.x0, box.x1)
    )
    return [
        Word(text, turn(piece, back(page.rotation), wide, high), 1.0, word.line) for text, piece in pieces
    ]


def _with_field(fields: Fields, name: str, value: str) -> Fields:
    known = fields.evidence.get(name)
    told = FieldValue(value, 1.0, known.page if known else 1, known.boxes if known else ())
    evidence = {**fields.evidence, name: told}
    if name == "number":
        parsed = parse_number(value)
        number, notation = (parsed.number, parsed.notation) if parsed else ("", "")
        return replace(
            fields,
            number=normalise_number(value),
            code_number=number,
            code_notation=notation,
            evidence={k: v for k, v in evidence.items() if k not in _OF_NUMBER[1:]},
        )
    if name == "issued_date":
        return replace(fields, issued_date=_day(value), evidence=evidence)
    return replace(fields, subject=value, evidence=evidence)


def _field_back(now: Fields, name: str, before: Fields) -> Fields:
    names = _OF_NUMBER if name == "number" else (name,)
    evidence = {k: v for k, v in now.evidence.items() if k not in names}
    evidence |= {k: v for k, v in before.evidence.items() if k in names}
    return replace(now, **{each: getattr(before, each) for each in names}, evidence=evidence)


def _day(value: str) -> str:
    """Return a day as ISO 8601; people also write 9/7/2025. Raises `Unfit` (`review-date`)."""
    if not value:
        return ""
    parts = value.split("/")
    try:
        if len(parts) == 3:
            return date(int(parts[2]), int(parts[1]), int(parts[0])).isoformat()
        return date.fromisoformat(value).isoformat()
    except ValueError as why:
        raise Unfit(
            f"no day: {value[:40]}",
            code="review-date",
            tell="Ngày phải viết dạng ngày/tháng/năm, ví dụ 09/7/2025.",
        ) from why


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
