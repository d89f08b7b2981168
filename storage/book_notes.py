"""What is written down beside the stores about cases, numbers, reviews and arranging, so that they give them back.

    cases/<case>/<revision>.json    one move: its line of the history, the version it made, the case as it then stood
    numbers/<event>.json            one change of the register: the number, its series and term as they then stood
    reviews/<document>/<event>.json one decision about a reading: every decision about that part, the text that stands
    arrangements/<batch>/<event>.json one entry of the log of arranging, or one change of a ticket

What is to be written down is read off the log: every opening and move of a case and every change of a number has its
event there. Whoever made a move writes its notes before answering (`keep_case`); what a crash left out the patrol
follows up (`keep_books`), from where it last stood. All of it is written once: intent, put, read back, register.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records.errors import Away
from storage.audit import AuditEvent
from storage.blobs import Conflict
from storage.catalogue import Row
from storage.crashpoint import crashpoint
from storage.framed import framed
from storage.signing_notes import Notebook, put_note
from storage.work import Tx

FORMAT = 1
CASE, NUMBER, REVIEW, ARRANGING = "case-move", "number-change", "review-decision", "arranging"
"""Kinds of what is written down."""

OPENED, MOVED = "case-opened", "case-moved"
CASE_ACTIONS = (OPENED, MOVED)
NUMBER_ACTIONS = ("number-issued", "number-held", "number-voided", "number-described")
SERIES_ACTIONS = ("number-series-carried-on",)
PERIOD_ACTIONS = ("term-begun", "congress-opened")
REVIEW_ACTIONS = ("review-accepted", "review-corrected", "review-undone")
ARRANGED = "batch-arranged"
ARRANGE_ACTIONS = (ARRANGED, "rescan-asked", "rescan-cancelled", "rescan-delivered")
REGISTER_ACTIONS = (*NUMBER_ACTIONS, *SERIES_ACTIONS, *PERIOD_ACTIONS)
ACTIONS = (*CASE_ACTIONS, *REGISTER_ACTIONS, *REVIEW_ACTIONS, *ARRANGE_ACTIONS)
"""The events of the log that are written down here."""

FIELD_COLUMNS = ("fields", "number", "issued_date", "type_code", "organ_name", "subject_key", "number_key")
"""What of a document's row a corrected field changes."""

FOLLOWED = "book-notes"
"""The round (`storage/passes.py`) whose cursor is the last event that was followed."""
_AT_ONCE = 100
_WALKED = 500
"""After so many events that are none of these the place is moved on, so that they are not looked through for ever."""


_SPOOL = (
    "Ổ đĩa tạm đã đầy hoặc không ghi được nên chưa ghi chép xong việc vừa làm. Hãy giải phóng chỗ rồi gửi lại; "
    "việc không bị làm hai lần."
)
_STORE = "Kho lưu trữ chưa ghi được lúc này (đầy hoặc mất kết nối). Hãy gửi lại sau ít phút."


@dataclass(frozen=True, slots=True)
class _Note:
    key: str
    data: bytes
    about: str


def case_note_key(case_id: str, revision: int) -> str:
    """Return the key of the note about the move that made this revision."""
    return f"cases/{case_id}/{revision:06d}.json"


def number_note_key(seq: int) -> str:
    """Return the key of the note about a change of the register; `seq`: its event."""
    return f"numbers/{seq:012d}.json"


def review_note_key(document_id: str, seq: int) -> str:
    """Return the key of the note about a decision about a reading; `seq`: its event."""
    return f"reviews/{document_id}/{seq:012d}.json"


def arrange_note_key(batch_id: str, seq: int) -> str:
    """Return the key of the note about arranging a delivery; `seq`: its event."""
    return f"arrangements/{batch_id}/{seq:012d}.json"


def note_key(event: AuditEvent) -> str:
    """Return the key of the note about an event."""
    if event.action in CASE_ACTIONS:
        return case_note_key(event.object_id, int(str(event.details["revision"])))
    if event.action in REVIEW_ACTIONS:
        return review_note_key(event.object_id, event.seq)
    if event.action in ARRANGE_ACTIONS:
        return arrange_note_key(event.object_id, event.seq)
    return number_note_key(event.seq)


def keep_case(book: Notebook, case_id: str) -> int:
    """Write down every move of a case, and the numbers of its papers, that is not yet; return how many notes.

    Safe to repeat and for two at once. Raises `Away`: the move stands all the same, and the patrol follows up.
    """
    with book.work.reading() as tx:
        papers = [f"{case_id}-{paper.ordinal}" for paper in tx.cases.get(case_id).papers]
        numbers = [row["id"] for name in papers for row in tx.catalogue.rows("numbers", paper_id=name)]
        events = [one for name in (case_id, *numbers) for one in tx.audit.about(name, ACTIONS)]
    return _keep(book, sorted(events, key=lambda one: one.seq))


def keep_books(book: Notebook) -> int:
    """Follow the log from where the last one stood, at most a hundred events; return how many notes were written.

    Raises `Away`.
    """
    with book.work.reading() as tx:
        standing = tx.passes.get(FOLLOWED)
        stood, newest = int(standing.cursor or 0) if standing else 0, tx.audit.newest()
        events = tx.audit.following(stood, ACTIONS, _AT_ONCE) if newest > stood else ()
    if not events and newest - stood < _WALKED:
        return 0  # an idle patrol writes nothing
    count = _keep(book, events)
    last = events[-1].seq if len(events) == _AT_ONCE else newest
    with book.work.begin() as tx:
        before = tx.passes.begin(FOLLOWED)
        tx.passes.progress(FOLLOWED, str(last), {"notes": before.counts.get("notes", 0) + count})
    return count


def _keep(book: Notebook, events: Sequence[AuditEvent]) -> int:
    keys = {note_key(event): event for event in events}
    with book.work.reading() as tx:
        known = tx.objects.known(list(keys))
        made = [_note(tx, key, event) for key, event in keys.items() if key not in known]
    notes = [note for note in made if note is not None]
    if not notes:
        return 0
    with book.work.begin() as tx:
        intents = [
            tx.intents.add(
                one.key, hashlib.sha256(one.data).hexdigest(), len(one.data), "system:books", one.about
            )
            for one in notes
        ]
    kept = [_put(book, one) for one in notes]
    crashpoint("book-notes-stored")
    with book.work.begin() as tx:
        for key, sha256, size in kept:
            tx.objects.keep(key, sha256, size)
        for intent in intents:
            tx.intents.done(intent)
    return len(notes)


def _note(tx: Tx, key: str, event: AuditEvent) -> _Note | None:
    """Return the note about an event, None when a rebuild had to leave out what it is about."""
    told: Mapping[str, Any] | None
    if event.action in CASE_ACTIONS:
        kind, told = CASE, _case(tx, event.object_id, int(str(event.details["revision"])))
    elif event.action in REVIEW_ACTIONS:
        kind, told = REVIEW, _review(tx, event.object_id, str(event.details["part"]))
    elif event.action in ARRANGE_ACTIONS:
        kind, told = ARRANGING, _arranging(tx, event)
    else:
        kind, told = NUMBER, _register(tx, event)
    if told is None:
        return None
    return _Note(key, framed(kind, FORMAT, {"event": event.seq, **told}), event.object_id)


def _case(tx: Tx, case_id: str, revision: int) -> dict[str, Any] | None:
    """The move, and the case as it stands unless it has been moved on since: then the next note tells it."""
    case = next(tx.catalogue.rows("cases", id=case_id), None)
    move = next(tx.catalogue.rows("case_moves", case_id=case_id, ordinal=revision), None)
    if case is None or move is None:
        return None
    versions = list(tx.catalogue.rows("case_versions", case_id=case_id, ordinal=revision))
    newest = case["revision"] == revision
    return {
        "move": move,
        "versions": versions,
        "case": case if newest else None,
        "bodies": list(tx.catalogue.rows("case_bodies", case_id=case_id)) if newest else [],
        "objects": tx.catalogue.kept(_keys_of(case, versions)) if newest else [],
    }


def _keys_of(case: Row, versions: Sequence[Row]) -> list[str]:
    """The objects that a case relies on: forms its papers had, drawn and signed, and its drafts."""
    papers = case["papers"]["papers"]
    hashes = {paper["sha256"] for paper in papers}
    hashes |= {sha for paper in papers for one in paper["signed"] for sha in one[1:3]}
    keys = [f"{place}/{sha[:2]}/{sha}.pdf" for sha in sorted(hashes - {""}) for place in ("drawn", "signed")]
    drafts = [case["draft"], *(version["draft"] for version in versions)]
    return keys + sorted({draft["key"] for draft in drafts if draft})


def _review(tx: Tx, document_id: str, part: str) -> dict[str, Any] | None:
    """Everything that was decided about a part, and what stands there now: the text of the page, or the fields."""
    review = next(tx.catalogue.rows("reviews", document_id=document_id, part=part), None)
    if review is None:
        return None
    page = text = fields = None
    document = next(tx.catalogue.rows("documents", id=document_id))
    if part.startswith("page-"):
        page = next(tx.catalogue.rows("pages", document_id=document_id, number=review["page"]), None)
        text = None if page is None else next(tx.catalogue.rows("page_texts", page_id=page["id"]), None)
    else:
        fields = {name: document[name] for name in FIELD_COLUMNS}
    decisions = list(tx.catalogue.rows("review_decisions", document_id=document_id, part=part))
    return {
        "review": review,
        "decisions": decisions,
        "page": page,
        "text": text,
        "fields": fields,
        "row_version": document["row_version"],
    }


def _arranging(tx: Tx, event: AuditEvent) -> dict[str, Any] | None:
    """The entry of the log, or the ticket as it now stands."""
    if event.action == ARRANGED:
        step = int(str(event.details["step"]))
        entry = next(tx.catalogue.rows("arrangement_log", batch_id=event.object_id, ordinal=step), None)
        return None if entry is None else {"entry": entry, "ticket": None}
    ticket = next(tx.catalogue.rows("rescans", id=str(event.details["ticket"])), None)
    return None if ticket is None else {"entry": None, "ticket": ticket}


def _register(tx: Tx, event: AuditEvent) -> dict[str, Any] | None:
    if event.action in PERIOD_ACTIONS:
        period = next(tx.catalogue.rows("number_periods", id=event.object_id), None)
        return None if period is None else {"number": None, "series": None, "period": period}
    number = next(tx.catalogue.rows("numbers", id=event.object_id), None)
    if number is None and event.action in NUMBER_ACTIONS:
        return None
    series_id = number["series_id"] if number else event.object_id
    series = next(tx.catalogue.rows("number_series", id=series_id), None)
    if series is None:
        return None
    period = next(tx.catalogue.rows("number_periods", id=series["period"]), None)
    return {"number": number, "series": series, "period": period}


def _put(book: Notebook, note: _Note) -> tuple[str, str, int]:
    """Put a note; one that another process was faster with, a moment earlier or later, holds as it lies."""
    stored = put_note(book, note.key, note.data, _SPOOL, _STORE)
    if isinstance(stored, Conflict):
        there = book.blobs.measure(note.key)
        if there is None:
            raise Away(f"{note.key} was there and is not", code="blob-missing")
        return note.key, there.sha256, there.size
    return stored.key, stored.sha256, stored.size
