"""Stop a document that carries a mark of secrecy: before it is read, shown, kept or indexed.

Three looks: at the stamps of each page as it leaves its file, at the level in the hand-over list, and at the words once
they are read, for marks that stand in no frame. docs/decisions/0167.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.handover import parse_handover
from ingest.secrecy import mark_in, marks_by_list
from records.access import SYSTEM, Level
from records.document import DocumentState
from records.page import PageText
from storage.canonical import Scalar
from storage.document_values import Document
from storage.work import Tx

HELD, RELEASED = "document-held", "held-released"
"""Audit actions."""

CODE = "secrecy-held"

OVER = (DocumentState.ARCHIVED, DocumentState.HELD, DocumentState.REMOVED)
"""States of a document that the walk leaves alone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A level that was found: where (`stamp`, `list`, `words`), and on which page of the document (0: on none)."""

    level: str
    by: str
    page: int = 0

    @property
    def tell(self) -> str:
        """The sentence for the person who waits for the document."""
        where = {
            "stamp": f"trên trang {self.page} có dấu “{self.level}”",
            "words": f"trên trang {self.page} có chữ “{self.level}” đứng riêng như một dấu mật",
            "list": f"danh mục bàn giao ghi độ mật “{self.level}”",
        }[self.by]
        return (
            f"Tài liệu bị giữ lại vì {where}. Máy nối mạng không được lưu tài liệu mật, nên tài liệu chưa được "
            "lưu trữ và không ai xem được. Hãy báo cán bộ bảo mật xem bản giấy để cho phép hoặc xóa."
        )


def marks_of_proposals(
    tx: Tx, batch_id: str, parts: Sequence[tuple[str, Sequence[str]]]
) -> list[Mark | None]:
    """Return for each proposed document, given as (separator code, page ids), the mark that holds it, or None."""
    stamps = tx.secrecy.of_batch(batch_id)
    kept = tx.handover_lists.newest(batch_id)
    listed = (
        [""] * len(parts)
        if kept is None
        else marks_by_list(parse_handover(kept.data, kept.name), [code for code, _ in parts])
    )
    return [
        _stamp(stamps, pages) or (Mark(level, "list") if level else None)
        for (_, pages), level in zip(parts, listed, strict=True)
    ]


def hold_marked(tx: Tx, document: Document) -> bool:
    """Hold the document if one of its pages carries a stamp; return whether it is held, now or before."""
    if document.state in OVER:
        return document.state is not DocumentState.ARCHIVED
    pages = [page.id for page in tx.pages.of_document(SYSTEM, document.id)]
    mark = _stamp(tx.secrecy.of_document(document.id), pages)
    return mark is not None and hold(tx, document, mark)


def hold_read(tx: Tx, document: Document, texts: Sequence[PageText]) -> bool:
    """Hold the document if a mark stands in what was read; the readings are dropped. Return whether it is held."""
    if document.state in OVER:
        return document.state is not DocumentState.ARCHIVED
    level, page = mark_in(texts)
    return bool(level) and hold(tx, document, Mark(level, "words", page))


def hold(tx: Tx, document: Document, mark: Mark) -> bool:
    """Hold a document unless its officer has released it or it came out of a case; return whether it is held now.

    A paper that a case issued was drawn by the house itself, and its level is decided there.
    """
    if document.level is Level.PARTIES or tx.audit.about(document.id, (RELEASED,)):
        return False
    tx.pages.forget_readings(document.id)
    tx.documents.hold(document.id, CODE, f"{mark.level} by {mark.by}", mark.tell)
    facts: dict[str, Scalar] = {
        "batch": document.batch_id,
        "mark": mark.level,
        "by": mark.by,
        "page": mark.page,
    }
    tx.audit.append(SYSTEM.id, HELD, document.id, "held", facts)
    return True


def _stamp(stamps: Mapping[str, str], pages: Sequence[str]) -> Mark | None:
    found = ((number, stamps[page]) for number, page in enumerate(pages, start=1) if page in stamps)
    return next((Mark(level, "stamp", number) for number, level in found), None)
