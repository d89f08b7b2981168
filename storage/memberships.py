"""Where members belong: dated links that are only ever added to, never rewritten."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select, update

from records.clock import new_id
from records.days import Span, day_before, written_day
from records.errors import Conflict, Missing, Unfit
from records.membership import Membership, MembershipKind, Standing, clash
from records.units import HOLDS_MEMBERS, System
from storage.ground import Ground
from storage.marks import Marks
from storage.schema import members, memberships, storable
from storage.unit_rows import UnitRows, iso, span_of
from storage.unit_tree import below, holds

_KIND_NAMES = {
    MembershipKind.OFFICIAL: "sinh hoạt chính thức",
    MembershipKind.TEMPORARY: "sinh hoạt tạm thời",
    MembershipKind.RESIDENCE: "giữ liên hệ nơi cư trú",
}


class Memberships:
    """Links of members, without anything of their files. Callers authorize and write the audit event.

    A writer has the member to itself until the end of the transaction.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._units = UnitRows(ground)

    def standing(self, member_id: str) -> Standing:
        """Return what procedures may know of a member: the links that hold, and marks without their notes.

        Raises `Missing`.
        """
        row = self._held(member_id)
        days = [date.fromisoformat(row[name]) if row[name] else None for name in ("left_on", "died_on")]
        marks = tuple(replace(mark, note="") for mark in Marks(self._ground).of(row["id"]))
        return Standing(row["id"], self.of([row["id"]]), marks, *days)

    def of(self, member_ids: Iterable[str]) -> tuple[Membership, ...]:
        """Return the links of these members that hold, in the newest revision of each, by day."""
        return self._links(memberships.c.member_id.in_(list(member_ids)) & memberships.c.replaced.is_(False))

    def revisions(self, member_id: str) -> tuple[Membership, ...]:
        """Return every link of a member in every revision, as recorded; nothing of it is ever taken away."""
        return self._links(memberships.c.member_id == storable(member_id))

    def count(self, unit_id: str, day: date) -> int:
        """Return how many members a body has on `day`, those of the bodies under it included.

        Only official links count: a temporary member is counted at home.
        """
        where = or_(
            memberships.c.unit_id == storable(unit_id), memberships.c.unit_id.in_(below([unit_id], day))
        )
        counted = select(func.count(memberships.c.member_id.distinct())).where(
            memberships.c.kind == MembershipKind.OFFICIAL,
            memberships.c.replaced.is_(False),
            holds(memberships, day),
            where,
        )
        return self._ground.connection.execute(counted).scalar_one()

    # --- changing

    def join(
        self,
        member_id: str,
        unit_id: str,
        kind: MembershipKind,
        span: Span,
        *,
        cause: str,
        source: str,
        by: str,
    ) -> Membership:
        """Let a member belong to a body on these days; the same link from the same `source` again changes nothing.

        Raises `Missing`, `Unfit` (`span-order`; `membership-unit`: only a branch, or a base that is one, has members;
        `membership-end`: a temporary link has an end), `Conflict` (`membership-clash`: the member has such a link on
        one of these days; `membership-home`: a guest in the own branch).
        """
        span.checked()
        links = self.standing(member_id).memberships
        for known in links:
            if source and (known.source, known.unit_id, known.kind, known.span) == (
                source,
                unit_id,
                kind,
                span,
            ):
                return known
        if kind is MembershipKind.TEMPORARY and span.until is None:
            raise Unfit(
                "a temporary membership without an end",
                code="membership-end",
                tell="Sinh hoạt tạm thời phải có thời hạn. Hãy nhập ngày kết thúc.",
            )
        self._must_hold_members(unit_id, span)
        self._no_clash(span, kind, links)
        if kind is MembershipKind.TEMPORARY and any(
            m.unit_id == unit_id and m.kind is MembershipKind.OFFICIAL and m.span.overlaps(span)
            for m in links
        ):
            raise Conflict(
                f"member {member_id} is at home in {unit_id}",
                code="membership-home",
                tell="Đảng viên đang sinh hoạt chính thức tại chính chi bộ này nên không chuyển tạm thời đến đây.",
            )
        new = Membership(
            new_id(), 1, member_id, unit_id, kind, span, cause, source, by, self._ground.clock.now(), False
        )
        self._add(new)
        return new

    def change_end(
        self, membership_id: str, until: date | None, *, cause: str, source: str, by: str
    ) -> Membership:
        """Let a link end on another day (sooner, later, open again): a new revision, the earlier ones stay.

        Raises `Missing`, `Unfit` (`span-order`, `membership-end`, `membership-unit`: the branch is gone by then),
        `Conflict` (`membership-clash`).
        """
        found = self._newest(membership_id)
        others = [m for m in self.standing(found.member_id).memberships if m.id != found.id]
        found = self._newest(membership_id)  # again, now that the member is held
        span = Span(found.span.since, until).checked()
        if span == found.span:
            return found
        if found.kind is MembershipKind.TEMPORARY and until is None:
            raise Unfit(
                "a temporary membership without an end",
                code="membership-end",
                tell="Sinh hoạt tạm thời phải có thời hạn. Hãy nhập ngày kết thúc.",
            )
        self._must_hold_members(found.unit_id, span)
        self._no_clash(span, found.kind, others)
        self._ground.connection.execute(
            update(memberships)
            .where(memberships.c.id == found.id, memberships.c.revision == found.revision)
            .values(replaced=True)
        )
        new = replace(
            found,
            revision=found.revision + 1,
            span=span,
            cause=cause,
            source=source,
            recorded_by=by,
            recorded_at=self._ground.clock.now(),
        )
        self._add(new)
        return new

    def transfer(
        self, member_id: str, to_unit: str, first_day: date, *, cause: str, source: str, by: str
    ) -> Membership:
        """Move the official membership: it ends the day before `first_day` and begins elsewhere on it, with no gap.

        A link that ended earlier (a member on the way) stays as it ended. Doing it again from the same `source`
        changes nothing. Raises `Missing`, `Unfit` (`membership-unit`), `Conflict` (`membership-same`: the member is
        there already; `membership-clash`: a later link is recorded).
        """
        standing = self.standing(member_id)
        for known in standing.memberships:
            done = (source, to_unit, MembershipKind.OFFICIAL, first_day)
            if source and (known.source, known.unit_id, known.kind, known.span.since) == done:
                return known
        now = standing.link(MembershipKind.OFFICIAL, first_day)
        if now is not None and now.unit_id == to_unit:
            raise Conflict(
                f"member {member_id} is in {to_unit}",
                code="membership-same",
                tell="Đảng viên đang sinh hoạt tại chính chi bộ này, không cần chuyển.",
            )
        if now is not None:
            if now.span.since == first_day:
                raise self._clash_told(now)
            self.change_end(now.id, day_before(first_day), cause=cause, source=source, by=by)
        return self.join(
            member_id, to_unit, MembershipKind.OFFICIAL, Span(first_day), cause=cause, source=source, by=by
        )

    # --- inside

    def _held(self, member_id: str) -> RowMapping:
        which = members.c.id == storable(member_id)
        self._ground.hold(which)
        found = select(members.c.id, members.c.left_on, members.c.died_on).where(which)
        row = self._ground.connection.execute(found).mappings().first()
        if row is None:
            raise Missing(f"no member {member_id}")
        return row

    def _newest(self, membership_id: str) -> Membership:
        which = (memberships.c.id == storable(membership_id)) & memberships.c.replaced.is_(False)
        found = self._links(which)
        if not found:
            raise Missing(f"no membership {membership_id}")
        return found[0]

    def _must_hold_members(self, unit_id: str, span: Span) -> None:
        self._ground.hold_name("unit-members", unit_id)  # it does not go while somebody joins: Units.end
        unit = self._units.get(unit_id, span.since)
        ended = unit.last_day is not None and (span.until is None or span.until > unit.last_day)
        if unit.system is not System.PARTY or unit.level not in HOLDS_MEMBERS or ended:
            why = "đã kết thúc hoạt động" if ended else "không phải chi bộ"
            raise Unfit(
                f"unit {unit_id} cannot have members",
                code="membership-unit",
                tell=f"“{unit.name}” {why} nên không nhận đảng viên. Hãy chọn chi bộ.",
            )

    def _no_clash(self, span: Span, kind: MembershipKind, links: Iterable[Membership]) -> None:
        other = clash(span, kind, links)
        if other is not None:
            raise self._clash_told(other)

    def _clash_told(self, other: Membership) -> Conflict:
        return Conflict(
            f"member {other.member_id} has {other.kind} membership {other.id} from {other.span.since}",
            code="membership-clash",
            tell=f"Đảng viên đã {_KIND_NAMES[other.kind]} ở một tổ chức đảng trong thời gian này "
            f"({other.span}); mỗi thời điểm chỉ có một nơi. Hãy kiểm tra lại ngày {written_day(other.span.since)}.",
        )

    def _add(self, new: Membership) -> None:
        self._ground.connection.execute(
            insert(memberships).values(
                id=new.id,
                revision=new.revision,
                member_id=new.member_id,
                unit_id=new.unit_id,
                kind=new.kind,
                since=new.span.since.isoformat(),
                until=iso(new.span.until),
                cause=new.cause,
                source=new.source,
                recorded_by=new.recorded_by,
                recorded_at=new.recorded_at,
                replaced=False,
            )
        )

    def _links(self, which: ColumnElement[bool]) -> tuple[Membership, ...]:
        order = (memberships.c.since, memberships.c.id, memberships.c.revision)
        rows = self._ground.connection.execute(select(memberships).where(which).order_by(*order)).mappings()
        return tuple(_membership(row) for row in rows)


def _membership(row: RowMapping) -> Membership:
    return Membership(
        row["id"],
        row["revision"],
        row["member_id"],
        row["unit_id"],
        MembershipKind(row["kind"]),
        span_of(row),
        row["cause"],
        row["source"],
        row["recorded_by"],
        row["recorded_at"],
        row["replaced"],
    )
