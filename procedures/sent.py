"""Judge what is sent along with a move: the units it names, its channel, comment, scan and draft. Pure."""

import unicodedata

from procedures.asking import Ask
from procedures.case_papers import IDENTIFIER, MOST_NOTE
from procedures.definition import Definition, Move
from records.case import Case, Channel
from records.outcome import Refused

MOST_COMMENT = 2_000
MOST_UNITS = 100
LONGEST_ID = 100


def bodies_after(
    definition: Definition, move: Move, case: Case, ask: Ask
) -> dict[str, tuple[str, ...]] | Refused:
    """Return the bodies of the case with those that the asking names, or why they cannot be.

    Only bodies that the move sets may be named; those it sets must be there after it.
    """
    bodies = dict(case.bodies)
    for code, units in ask.bodies.items():
        body = definition.bodies.get(code)
        if body is None or code not in move.sets:
            return Refused("body-not-here", f"body {code[:40]!r}", "Không được chọn đơn vị này ở bước này.")
        given = tuple(dict.fromkeys(units))
        most = MOST_UNITS if body.many else 1
        if not given or not all(0 < len(unit) <= LONGEST_ID for unit in given) or len(given) > most:
            many = "ít nhất một đơn vị" if body.many else "đúng một đơn vị"
            return Refused(
                "body-unfit", f"{code}: {len(given)} units", f"Hãy chọn {many} cho “{body.title}”."
            )
        bodies[code] = given
    missing = [definition.bodies[code].title for code in move.sets if not bodies.get(code)]
    if missing:
        return Refused("body-missing", ", ".join(missing), f"Chưa chọn đơn vị: {', '.join(missing)}.")
    return bodies


def what_is_wrong(move: Move, ask: Ask) -> Refused | None:
    """Return why channel, comment, scan or draft do not fit the move, None when they do."""
    if ask.channel not in move.channels:
        way = "trên bản giấy" if ask.channel is Channel.PAPER else "trên hệ thống"
        return Refused(
            "channel-closed", f"{move.code} by {ask.channel}", f"Bước “{move.title}” không làm được {way}."
        )
    comment = unicodedata.normalize("NFC", ask.comment).strip()
    if move.comment and not comment:
        return Refused(
            "comment-missing", move.code, f"Bước “{move.title}” cần ghi ý kiến (bút phê). Hãy ghi rõ lý do."
        )
    if len(comment) > MOST_COMMENT:
        return Refused(
            "comment-long",
            f"{len(comment)} letters",
            f"Ý kiến dài quá {MOST_COMMENT} chữ. Hãy viết gọn hoặc đính kèm tệp.",
        )
    if len(ask.note) > MOST_NOTE:
        return Refused(
            "note-unfit", f"{len(ask.note)} letters", f"Nội dung ghi vào ô dài quá {MOST_NOTE} chữ."
        )
    if ask.channel is Channel.PAPER and move.scan and not ask.scan_document_id:
        return Refused(
            "scan-missing",
            move.code,
            f"Bước “{move.title}” làm trên bản giấy phải kèm bản quét. Hãy số hóa bản giấy rồi chọn tài liệu đó.",
        )
    if ask.scan_document_id and not IDENTIFIER.fullmatch(ask.scan_document_id):
        return Refused(
            "scan-unfit", ask.scan_document_id[:80], "Mã của bản quét không đúng. Hãy chọn lại tài liệu."
        )
    if ask.draft is not None and not move.draft:
        return Refused("draft-not-here", move.code, f"Bước “{move.title}” không thay được dự thảo.")
    return None
