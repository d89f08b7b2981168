"""Rebuild what people decided about readings from its notes (`storage/book_notes.py`): who, when, what stands since.

The newest note about a part tells all that was decided about it. A page or document that was left out leaves its
decisions out too, and each is named.
"""

import re
from itertools import groupby
from typing import Any

from ingest.rebuild_notes import name_what_the_log_knows, put_row, read_note
from ingest.rebuild_values import LogSaysOtherwise, Rebuilding, as_fault
from records.errors import ArchiveFault, Away
from storage.book_notes import FIELD_COLUMNS, REVIEW, REVIEW_ACTIONS, review_note_key
from storage.catalogue import RowUnfit, check_row
from storage.work import Tx

_NOTE = re.compile(r"reviews/([^/]+)/([0-9]{12})\.json")
_OF_PAGE = ("reading_key", "reading_sha256", "confidence", "words")


def rebuild_reviews(task: Rebuilding) -> None:
    """Enter every decision that is not there; what is left out is named to `task`. Raises `Away`."""
    found = (match for key in task.blobs.keys("reviews/") if (match := _NOTE.fullmatch(key)))
    for document_id, matches in groupby(found, key=lambda match: match[1]):
        for seq in sorted(int(match[2]) for match in matches):
            key = review_note_key(document_id, seq)
            try:
                _enter(task, key, document_id, seq)
            except Away:
                raise
            except (KeyError, TypeError, AttributeError, ValueError, ArchiveFault) as fault:
                task.name(key, as_fault(fault))
    # what a person wrote may be missing
    name_what_the_log_knows(task, REVIEW_ACTIONS, lambda one: str(one.details["part"]))


def _enter(task: Rebuilding, key: str, document_id: str, seq: int) -> None:
    measure, told = read_note(task, key, REVIEW)
    review = check_row("reviews", told["review"])
    decisions = [check_row("review_decisions", row) for row in told["decisions"]]
    mine = (document_id, review["part"])
    if told["event"] != seq or any((row["document_id"], row["part"]) != mine for row in (review, *decisions)):
        raise RowUnfit("a note of another part")
    with task.work.begin() as tx:
        _ask_about(tx, task, document_id, seq, review["part"])
        if not any(tx.catalogue.rows("documents", id=document_id)):
            raise RowUnfit(f"document {document_id} was left out")
        put_row(tx, "reviews", review, "document_id", "part")
        for row in decisions:
            put_row(tx, "review_decisions", row, "id")
        _put_what_stands(tx, document_id, told)
        tx.objects.keep(key, measure.sha256, measure.size)


def _put_what_stands(tx: Tx, document_id: str, told: dict[str, Any]) -> None:
    """Put the text of the page or the fields of the document as the note tells them: a later note tells them anew."""
    document = next(tx.catalogue.rows("documents", id=document_id))
    fields = {} if told["fields"] is None else {name: told["fields"][name] for name in FIELD_COLUMNS}
    version = max(document["row_version"], told["row_version"])  # the index knows it by that
    tx.catalogue.replace("documents", {**document, **fields, "row_version": version})
    if told["text"] is None:
        return
    page = next(tx.catalogue.rows("pages", id=told["page"]["id"]), None)
    if page is None or page["document_id"] != document_id:
        raise RowUnfit(f"page {told['page']['id']} was left out")
    tx.catalogue.replace("pages", {**page, **{name: told["page"][name] for name in _OF_PAGE}})
    tx.catalogue.replace("page_texts", check_row("page_texts", told["text"]))


def _ask_about(tx: Tx, task: Rebuilding, document_id: str, seq: int, part: str) -> None:
    event = next(tx.catalogue.rows("audit", seq=seq), None)
    if event is None:
        if seq <= task.log_until:
            raise LogSaysOtherwise(f"the log knows no event {seq}")
        return
    if (event["object"], event["action"] in REVIEW_ACTIONS) != (document_id, True):
        raise LogSaysOtherwise(f"event {seq} is {event['action']} of {event['object']}")
    if not any(
        one.seq == seq and one.details["part"] == part for one in tx.audit.about(document_id, REVIEW_ACTIONS)
    ):
        raise LogSaysOtherwise(f"event {seq} is about another part than {part}")
