"""`vanthu review`: what wants a person's eyes, and what the person says; the same rules as on the pages."""

from collections.abc import Callable, Mapping
from typing import Any

from boot.house import House, open_house
from boot.settings import Settings
from boot.speak import Exit, console, emit, result, say
from ingest import review
from ingest.review_items import doubt, doubtful, is_unread, items_of, page_number
from records.access import LOCAL, SYSTEM, Level
from records.clock import vietnam_iso
from records.errors import Missing, Unfit
from storage.reviews import Review, ReviewState
from storage.work import Tx

_AT_ONCE = 200
_FIELDS = {"number": "số, ký hiệu", "issued_date": "ngày ban hành", "subject": "trích yếu"}


def list_reviews(settings: Settings, state: str, limit: int, *, as_json: bool) -> Exit:
    """Print the list, the most useful first. Exit code 1 when nothing is on it."""
    with open_house(settings) as house, house.work.reading() as tx:
        found, total = tx.reviews.find(LOCAL, ReviewState(state), limit=limit)
    for item in found:
        if as_json:
            emit(_json(item))
        else:
            result(f"{item.document_id}  {item.part:12}  {_worth(item)}  {item.number or item.source}")
    if not as_json:
        say(f"{len(found)} trong {total} mục." if found else "Không có mục nào.")
    return Exit.WELL if found else Exit.NO


def show_review(settings: Settings, document_id: str, part: str, *, as_json: bool) -> Exit:
    """Print what is doubtful in one item. Raises `Missing`."""
    with open_house(settings) as house, house.work.reading() as tx:
        item = tx.reviews.get(LOCAL, document_id, part)
        reading = tx.pages.reading(LOCAL, document_id, item.page)
        fields = tx.documents.get(LOCAL, document_id).fields
    words: list[dict[str, Any]] = []
    if page_number(part) is not None and reading is not None:
        words = [
            {"n": n, "text": w.text, "meant": w.meant, "wrong": round(doubt(w), 4), "box": w.box.as_list()}
            for n, w in ((n, reading.words[n]) for n in doubtful(reading))
        ]
    value = "" if page_number(part) is not None else getattr(fields, part)
    if as_json:
        emit({**_json(item), "words": words, "value": value})
        return Exit.WELL
    result(f"{item.document_id}  {part}  trang {item.page}  {_worth(item)}")
    for word in words:
        maybe = f"  có thể là: {word['meant']}" if word["meant"] else ""
        result(f"  {word['n']:5}  {word['text']}  ({word['wrong']:.0%} sai){maybe}")
    if value:
        result(f"  {_FIELDS[part]}: {value}")
    return Exit.WELL


def accept_review(settings: Settings, document_id: str, part: str) -> Exit:
    """Say that an item is right. Raises as `ingest.review.accept`."""
    return _decide(settings, lambda tx: review.accept(tx, LOCAL, document_id, part), "Đã xác nhận.")


def correct_review(
    settings: Settings, document_id: str, part: str, words: Mapping[int, str], value: str | None
) -> Exit:
    """Write what stands on the paper. Raises as `ingest.review`."""

    def go(tx: Tx) -> Review:
        number = page_number(part)
        if number is None:
            if value is None:
                raise Unfit(
                    f"{part} has no words", code="review-empty", tell="Trường thông tin sửa bằng --value."
                )
            return review.correct_field(tx, LOCAL, document_id, part, value)
        reading = tx.pages.reading(LOCAL, document_id, number)
        known = () if reading is None else reading.words
        changes = [
            review.Change(n, known[n].text if n < len(known) else "", text)
            for n, text in sorted(words.items())
        ]
        return review.correct_page(tx, LOCAL, document_id, number, part, changes)

    return _decide(settings, go, "Đã sửa. Chỉ mục tìm kiếm sẽ theo sau ít giây khi dịch vụ đang chạy.")


def undo_review(settings: Settings, document_id: str, part: str) -> Exit:
    """Take the newest decision back. Raises as `ingest.review.undo`."""
    return _decide(settings, lambda tx: review.undo(tx, LOCAL, document_id, part), "Đã hoàn tác.")


def fill_reviews(settings: Settings) -> Exit:
    """List what is doubtful in documents archived before there was a list; what was decided stays decided."""
    documents = listed = 0
    with open_house(settings) as house:
        after = ""
        while True:
            with house.work.reading() as tx:
                ids = [version.id for version in tx.pages.archived_after(after, _AT_ONCE)]
            for document_id in ids:
                listed += _fill(house, document_id)
            documents += len(ids)
            console.print(f"{documents} tài liệu…", end="\r")
            if len(ids) < _AT_ONCE:
                break
            after = ids[-1]
    say(f"Đã xem {documents} tài liệu, {listed} mục trong danh sách rà soát.")
    return Exit.WELL


def _fill(house: House, document_id: str) -> int:
    with house.work.reading() as tx:
        try:
            document = tx.documents.get(SYSTEM, document_id)
        except Missing:  # gone since it was listed
            return 0
        texts = tx.pages.readings(document_id)
    if document.level is Level.PARTIES:
        return 0
    items = items_of(document_id, document.fields, texts)
    with house.work.begin() as tx:
        tx.reviews.propose(items)
    return len(items)


def _decide(settings: Settings, decide: Callable[[Tx], Review], told: str) -> Exit:
    with open_house(settings) as house, house.work.begin() as tx:
        decide(tx)
    say(told)
    return Exit.WELL


def _worth(item: Review) -> str:
    if is_unread(item):
        return "chưa đọc được"
    if page_number(item.part) is not None:
        return f"khoảng {item.expected:.0f} từ sai"
    return f"khả năng sai {item.wrong:.0%}"


def _json(item: Review) -> dict[str, Any]:
    return {
        "document_id": item.document_id,
        "part": item.part,
        "page": item.page,
        "number": item.number,
        "source": item.source,
        "wrong": round(item.wrong, 4),
        "expected": round(item.expected, 3),
        "rank": round(item.rank, 3),
        "state": item.state.value,
        "decided_by": item.decided_by,
        "decided_at": vietnam_iso(item.decided_at) if item.decided_at else None,
    }
