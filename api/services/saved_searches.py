"""Searches that people keep: their own list, what is new in each, and everything that can be taken back."""

from api.deps import Desk
from api.schemas.common import Listing
from api.schemas.documents import title_of
from api.schemas.saved_searches import SavedHitOut, SavedSearchOut, SeenIn, SeenOut
from api.services.search import checked_query
from api.tools import Tools
from ingest.shelf import Shelf
from records.access import Actor
from search.asked import Asked, asked_to_json
from search.find import FARTHEST, search
from storage.work import Tx

_NAMED = 120


def listing(tools: Tools, owner: Actor, *, deleted: bool = False) -> list[SavedSearchOut]:
    """Return the owner's searches, the newest first; or those deleted that can still be brought back."""
    with tools.work.reading() as tx:
        return [SavedSearchOut.of(one) for one in tx.saved_searches.of_owner(owner, deleted=deleted)]


def keep(tools: Tools, tx: Tx, owner: Actor, asked: Asked, name: str, *, alert: bool) -> SavedSearchOut:
    """Keep a search. What answers it now is known to its owner, who has just looked: only what comes later is news.

    Raises `Unfit` (`query-empty`, `query-too-long`), `Conflict` (`saved-too-many`), `Away`.
    """
    query = checked_query(tools, asked.query)
    called = " ".join(name.split())[:_NAMED] or query[:_NAMED]
    kept = tx.saved_searches.add(owner, called, query, asked_to_json(asked), alert=alert)
    now = search(
        query,
        owner,
        tools.index,
        Shelf(tx),
        FARTHEST,
        group=True,
        approximate=not asked.exact,
        filters=asked.filters,
    )
    tx.saved_searches.note(kept.id, [(hit.document_id, hit.page) for hit in now.hits], seen=True)
    _note(tx, owner, "search-saved", kept.id)
    return SavedSearchOut.of(kept)


def change(tx: Tx, owner: Actor, search_id: str, name: str | None, alert: bool | None) -> SavedSearchOut:
    """Give a search another name, switch its alert. Raises `Missing`."""
    changed = tx.saved_searches.change(owner, search_id, name=name, alert=alert)
    _note(tx, owner, "search-changed", search_id)
    return SavedSearchOut.of(changed)


def delete(tx: Tx, owner: Actor, search_id: str) -> SavedSearchOut:
    """Put a search away; for thirty days it can be brought back. Raises `Missing`."""
    gone = tx.saved_searches.delete(owner, search_id)
    _note(tx, owner, "search-deleted", search_id)
    return SavedSearchOut.of(gone)


def restore(tx: Tx, owner: Actor, search_id: str) -> SavedSearchOut:
    """Bring a deleted search back. Raises `Missing`."""
    back = tx.saved_searches.restore(owner, search_id)
    _note(tx, owner, "search-restored", search_id)
    return SavedSearchOut.of(back)


def hits(
    desk: Desk, owner: Actor, search_id: str, limit: int, offset: int, *, fresh: bool
) -> tuple[SavedSearchOut, Listing[SavedHitOut]]:
    """Return a search and the documents noted for it that its owner may see now, newest first. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        kept = tx.saved_searches.get(owner, search_id)
        found, total = tx.saved_searches.hits(owner, search_id, fresh=fresh, limit=limit, offset=offset)
        told = []
        for hit in found:
            document = tx.documents.get(owner, hit.document_id)
            told.append(
                SavedHitOut(
                    document_id=hit.document_id,
                    page=hit.page,
                    title=title_of(document.fields) or document.title or document.source,
                    number=document.fields.number,
                    issued_date=document.fields.issued_date,
                    organ_name=document.fields.organ_name,
                    found_at=hit.found_at,
                    seen_at=hit.seen_at,
                )
            )
    desk.reads.listed(owner, ("saved-search",), [hit.document_id for hit in told], total)
    return SavedSearchOut.of(kept), Listing(items=told, total=total, limit=limit, offset=offset)


def mark_seen(tx: Tx, owner: Actor, search_id: str, body: SeenIn) -> SeenOut:
    """Note what the owner has seen. Raises `Missing`."""
    seen = tx.saved_searches.mark_seen(owner, search_id, body.until)
    _note(tx, owner, "search-hits-seen", search_id)
    return SeenOut(seen=seen)


def _note(tx: Tx, owner: Actor, action: str, search_id: str) -> None:
    """Write down that it happened, not what was asked: the words of a search may be a secret subject."""
    tx.audit.append(owner.id, action, search_id, "done")
