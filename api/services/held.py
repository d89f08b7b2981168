"""Held documents over HTTP: the list for their officer, release, removal."""

from api.schemas.common import Listing
from api.schemas.held import HeldOut, ReleaseIn, RemovalIn, RemovedOut
from api.tools import Tools
from ingest.held import held_documents, release
from records.access import Actor
from storage.work import Tx


def listing(tools: Tools, officer: Actor, limit: int, offset: int) -> Listing[HeldOut]:
    """Return a page of what is held, the oldest first."""
    with tools.work.reading() as tx:
        found, total = held_documents(tx, officer, limit, offset)
    return Listing(items=[HeldOut.of(held) for held in found], total=total, limit=limit, offset=offset)


def let_go(tx: Tx, officer: Actor, document_id: str, body: ReleaseIn) -> HeldOut:
    """Release a document; tells how it was held. Raises as `ingest.held.release`."""
    return HeldOut.of(release(tx, officer, document_id, body.why, body.note))


def take_away(tools: Tools, officer: Actor, document_id: str, body: RemovalIn) -> RemovedOut:
    """Erase a document. Raises as `ingest.held.remove`; repeating it tells the same."""
    return RemovedOut.of(document_id, tools.remove_held(officer, document_id, body.why, body.note))
