"""Searches that a person keeps, and which documents newly answer them. Nobody sees anybody else's.

A hit that was noted is only a pointer: every look asks the access rule anew, so a right taken away takes it out of list
and count at once, and one that comes back brings it back. docs/decisions/0147.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, exists, func, insert, select, update

from records.access import Actor
from records.clock import new_id
from records.document import DocumentState
from records.errors import Conflict, Missing
from storage.ground import Ground
from storage.schema import accounts, documents, saved_hits, saved_searches
from storage.visible import visible

MOST_SAVED = 200
"""Searches one account may keep; each with an alert is asked again for whatever is indexed."""
KEPT_DELETED = timedelta(days=30)
"""How long a deleted search can be brought back."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A kept search. `asked`: filters and the switch as the search takes them; `fresh`: hits not seen yet."""

    id: str
    account_id: str
    name: str
    query: str
    asked: Mapping[str, Any]
    alert: bool
    created_at: datetime
    deleted_at: datetime | None
    fresh: int = 0


@dataclass(frozen=True, slots=True)
class SavedHit:
    """A document that answers a kept search, the best page of it, since when, and when its owner saw it."""

    document_id: str
    page: int
    found_at: datetime
    seen_at: datetime | None


class SavedSearches:
    """The kept searches. Methods with an `owner` show only theirs, and only hits they may see at this moment."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(
        self, owner: Actor, name: str, query: str, asked: Mapping[str, Any], *, alert: bool
    ) -> SavedSearch:
        """Keep a search. Raises `Conflict` (`saved-too-many`)."""
        self._ground.hold_name("saved-searches", owner.id)
        mine = _of(owner) & saved_searches.c.deleted_at.is_(None)
        held = self._ground.connection.execute(
            select(func.count()).select_from(saved_searches).where(mine)
        ).scalar_one()
        if held >= MOST_SAVED:
            raise Conflict(
                f"{owner.id} keeps {held} searches",
                code="saved-too-many",
                tell=f"Mỗi người lưu được nhiều nhất {MOST_SAVED} tìm kiếm. Hãy xóa bớt rồi lưu lại.",
            )
        key = new_id()
        self._ground.connection.execute(
            insert(saved_searches).values(
                id=key,
                account_id=owner.id,
                name=name,
                query=query,
                asked=dict(asked),
                alert=alert,
                created_at=self._ground.clock.now(),
            )
        )
        return self.get(owner, key)

    def get(self, owner: Actor, search_id: str, *, deleted: bool = False) -> SavedSearch:
        """Return one of the owner's searches, a deleted one only when asked for. Raises `Missing`.

        A writer has it to itself until its end.
        """
        gone = saved_searches.c.deleted_at.is_not(None) if deleted else saved_searches.c.deleted_at.is_(None)
        which = _of(owner) & (saved_searches.c.id == search_id) & gone
        self._ground.hold(which)
        row = self._ground.connection.execute(_counted(owner).where(which)).mappings().first()
        if row is None:
            raise Missing(f"no saved search {search_id} of {owner.id}")
        return _search(row)

    def of_owner(self, owner: Actor, *, deleted: bool = False) -> list[SavedSearch]:
        """Return the owner's searches by name; the deleted ones that can still be brought back, newest first."""
        if deleted:
            since = self._ground.clock.now() - KEPT_DELETED
            which, order = saved_searches.c.deleted_at > since, saved_searches.c.deleted_at.desc()
        else:
            which, order = saved_searches.c.deleted_at.is_(None), saved_searches.c.created_at.desc()
        rows = self._ground.connection.execute(
            _counted(owner).where(_of(owner), which).order_by(order, saved_searches.c.id)
        ).mappings()
        return [_search(row) for row in rows]

    def fresh(self, owner: Actor) -> int:
        """Return how many hits of all the owner's searches with an alert wait to be seen."""
        counted = (
            select(func.count())
            .select_from(_hits())
            .where(
                _of(owner),
                saved_searches.c.deleted_at.is_(None),
                saved_searches.c.alert.is_(True),
                saved_hits.c.seen_at.is_(None),
                _shown(owner),
            )
        )
        return self._ground.connection.execute(counted).scalar_one()

    def alerts_of(self, owner: Actor) -> bool:
        """Return whether the owner waits for anything."""
        mine = _of(owner) & saved_searches.c.alert.is_(True) & saved_searches.c.deleted_at.is_(None)
        found = select(saved_searches.c.id).where(mine).limit(1)
        return self._ground.connection.execute(found).first() is not None

    def change(self, owner: Actor, search_id: str, *, name: str | None, alert: bool | None) -> SavedSearch:
        """Give it another name, switch its alert on or off. Raises `Missing`."""
        self.get(owner, search_id)
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = name
        if alert is not None:
            values["alert"] = alert
        if values:
            self._set(search_id, **values)
        return self.get(owner, search_id)

    def delete(self, owner: Actor, search_id: str) -> SavedSearch:
        """Put it away; `restore` brings it back for thirty days. Raises `Missing`."""
        self.get(owner, search_id)
        self._set(search_id, deleted_at=self._ground.clock.now())
        return self.get(owner, search_id, deleted=True)

    def restore(self, owner: Actor, search_id: str) -> SavedSearch:
        """Bring back what was deleted. Raises `Missing`."""
        self.get(owner, search_id, deleted=True)
        self._set(search_id, deleted_at=None)
        return self.get(owner, search_id)

    def hits(
        self, owner: Actor, search_id: str, *, fresh: bool = True, limit: int = 50, offset: int = 0
    ) -> tuple[list[SavedHit], int]:
        """Return a page of the documents noted for a search, newest first, and how many; `fresh`: only unseen ones.

        Raises `Missing`.
        """
        self.get(owner, search_id)
        which = and_(saved_hits.c.search_id == search_id, _shown(owner))
        if fresh:
            which = and_(which, saved_hits.c.seen_at.is_(None))
        joined = saved_hits.join(documents, documents.c.id == saved_hits.c.document_id)
        rows = self._ground.connection.execute(
            select(saved_hits)
            .select_from(joined)
            .where(which)
            .order_by(saved_hits.c.found_at.desc(), saved_hits.c.document_id)
            .limit(limit)
            .offset(offset)
        ).mappings()
        found = [SavedHit(row["document_id"], row["page"], row["found_at"], row["seen_at"]) for row in rows]
        total = self._ground.connection.execute(select(func.count()).select_from(joined).where(which))
        return found, total.scalar_one()

    def mark_seen(self, owner: Actor, search_id: str, until: datetime) -> int:
        """Note that the owner saw what was found up to a moment; what came later stays new. Raises `Missing`."""
        self.get(owner, search_id)
        mine = and_(
            saved_hits.c.search_id == search_id,
            saved_hits.c.seen_at.is_(None),
            saved_hits.c.found_at <= until,
            exists().where(documents.c.id == saved_hits.c.document_id, _shown(owner)),
        )
        done = self._ground.connection.execute(
            update(saved_hits).where(mine).values(seen_at=self._ground.clock.now())
        )
        return int(done.rowcount)

    def note(self, search_id: str, found: Sequence[tuple[str, int]], *, seen: bool = False) -> int:
        """Note documents with their best page; one that is noted stays as it is. Return how many were new."""
        now = self._ground.clock.now()
        rows = [
            {
                "search_id": search_id,
                "document_id": document_id,
                "page": page,
                "found_at": now,
                "seen_at": now if seen else None,
            }
            for document_id, page in found
        ]
        return self._ground.insert_new(saved_hits, rows, "search_id", "document_id")

    def any_alerting(self) -> bool:
        """Return whether anybody waits for new hits (the house's own)."""
        return self._ground.connection.execute(_alerting().limit(1)).first() is not None

    def alerting(self, after: str, limit: int) -> list[SavedSearch]:
        """Return searches with an alert, of accounts that may sign in, by id from behind `after` (the house's own)."""
        which = _alerting().where(saved_searches.c.id > after).order_by(saved_searches.c.id).limit(limit)
        return [_search({**row, "fresh": 0}) for row in self._ground.connection.execute(which).mappings()]

    def forget_deleted(self) -> int:
        """Drop what was deleted longer ago than it can be brought back; return how many."""
        old = saved_searches.c.deleted_at <= self._ground.clock.now() - KEPT_DELETED
        gone = select(saved_searches.c.id).where(old)
        self._ground.connection.execute(delete(saved_hits).where(saved_hits.c.search_id.in_(gone)))
        return int(self._ground.connection.execute(delete(saved_searches).where(old)).rowcount)

    def _set(self, search_id: str, **values: Any) -> None:
        self._ground.connection.execute(
            update(saved_searches).where(saved_searches.c.id == search_id).values(**values)
        )


def _of(owner: Actor) -> ColumnElement[bool]:
    return saved_searches.c.account_id == owner.id


def _shown(owner: Actor) -> ColumnElement[bool]:
    return and_(visible(owner), documents.c.state == DocumentState.ARCHIVED)


def _hits() -> Any:
    return saved_hits.join(saved_searches, saved_searches.c.id == saved_hits.c.search_id).join(
        documents, documents.c.id == saved_hits.c.document_id
    )


def _counted(owner: Actor) -> Any:
    """Return the select of searches with the number of hits that their owner has not seen and may see."""
    fresh = (
        select(func.count())
        .select_from(saved_hits.join(documents, documents.c.id == saved_hits.c.document_id))
        .where(saved_hits.c.search_id == saved_searches.c.id, saved_hits.c.seen_at.is_(None), _shown(owner))
        .scalar_subquery()
    )
    return select(saved_searches, fresh.label("fresh"))


def _alerting() -> Any:
    return (
        select(saved_searches)
        .join(accounts, accounts.c.id == saved_searches.c.account_id)
        .where(
            saved_searches.c.alert.is_(True),
            saved_searches.c.deleted_at.is_(None),
            accounts.c.active.is_(True),
        )
    )


def _search(row: RowMapping | Mapping[str, Any]) -> SavedSearch:
    return SavedSearch(**row)
