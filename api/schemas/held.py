"""Held documents as they go over HTTP: where the paper lies and what was found on it, never what it says."""

from datetime import datetime

from pydantic import Field

from api.schemas.common import Frozen, Strict
from ingest.held import LONGEST_NOTE, Held, Release, Removal, Removed


class PlaceOut(Frozen):
    """A delivered file and its pages (counted from 1) that belong to the document."""

    file: str
    frames: list[int]


class HeldOut(Frozen):
    """A document that is held. `by`: `stamp`, `list` or `words`; `page` of the document, 0 when the list says it;
    `removing`: its removal was begun and is not at its end.
    """

    document_id: str
    batch_id: str
    dossier: str
    mark: str
    by: str
    page: int
    pages: int
    places: list[PlaceOut]
    since: datetime
    removing: bool
    tell: str

    @classmethod
    def of(cls, held: Held) -> "HeldOut":
        """Return the outgoing form."""
        document = held.document
        return cls(
            document_id=document.id,
            batch_id=document.batch_id,
            dossier=document.dossier,
            mark=held.mark,
            by=held.by,
            page=held.page,
            pages=document.page_count,
            places=[PlaceOut(file=path, frames=list(frames)) for path, frames in held.places],
            since=document.created_at,
            removing=held.removing,
            tell=document.tell,
        )


class ReleaseIn(Strict):
    """Why the document goes on; `note` names the decision or approval (needed for both), never the content."""

    why: Release
    note: str = Field(default="", max_length=LONGEST_NOTE)


class RemovalIn(Strict):
    """Why the document is erased."""

    why: Removal
    note: str = Field(default="", max_length=LONGEST_NOTE)


class RemovedOut(Frozen):
    """What was erased from each store: objects, bytes, pages; `shared` objects another delivery still holds back."""

    document_id: str
    objects: int
    bytes: int
    pages: int
    shared: int

    @classmethod
    def of(cls, document_id: str, removed: Removed) -> "RemovedOut":
        """Return the outgoing form."""
        return cls(
            document_id=document_id,
            objects=removed.objects,
            bytes=removed.size,
            pages=removed.pages,
            shared=removed.shared,
        )
