"""Marks of members with their days: service in army or police, inspection, an open complaint."""

from dataclasses import replace
from datetime import date

from sqlalchemy import RowMapping, insert, select, update

from records.clock import new_id
from records.days import Span
from records.errors import Conflict, Missing
from records.membership import Mark, MarkKind
from storage.ground import Ground
from storage.schema import member_marks, members, storable
from storage.unit_rows import iso, span_of


class Marks:
    """The marks. They are part of the file: callers authorize and write the audit event, which says no reason.

    Procedures ask `Memberships.standing`, which leaves the notes out.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def of(self, member_id: str) -> tuple[Mark, ...]:
        """Return every mark of a member with its note, by day."""
        rows = self._ground.connection.execute(
            select(member_marks)
            .where(member_marks.c.member_id == storable(member_id))
            .order_by(member_marks.c.since, member_marks.c.id)
        ).mappings()
        return tuple(_mark(row) for row in rows)

    def add(self, member_id: str, kind: MarkKind, span: Span, note: str = "") -> Mark:
        """Mark a member. Raises `Missing`, `Unfit` (`span-order`), `Conflict` (`mark-twice`: marked so already)."""
        span.checked()
        which = members.c.id == storable(member_id)
        self._ground.hold(which)
        if self._ground.connection.execute(select(members.c.id).where(which)).first() is None:
            raise Missing(f"no member {member_id}")
        for other in self.of(member_id):
            if other.kind is kind and other.span.overlaps(span):
                raise Conflict(
                    f"member {member_id} is marked {kind} by {other.id}",
                    code="mark-twice",
                    tell=f"Đã có ghi nhận này trong thời gian đó ({other.span}). Hãy xem lại ngày.",
                )
        made = Mark(new_id(), member_id, kind, span, note)
        self._ground.connection.execute(
            insert(member_marks).values(
                id=made.id,
                member_id=member_id,
                kind=kind,
                since=span.since.isoformat(),
                until=iso(span.until),
                note=note,
            )
        )
        return made

    def end(self, mark_id: str, until: date) -> Mark:
        """Let a mark that has no end yet end on `until`. Raises `Missing` (also one that has ended), `Unfit`
        (`span-order`).
        """
        goes_on = (member_marks.c.id == storable(mark_id)) & member_marks.c.until.is_(None)
        row = self._ground.connection.execute(select(member_marks).where(goes_on)).mappings().first()
        if row is None:
            raise Missing(f"no open mark {mark_id}")
        mark = _mark(row)
        span = Span(mark.span.since, until).checked()
        self._ground.connection.execute(update(member_marks).where(goes_on).values(until=until.isoformat()))
        return replace(mark, span=span)


def _mark(row: RowMapping) -> Mark:
    return Mark(row["id"], row["member_id"], MarkKind(row["kind"]), span_of(row), row["note"])
