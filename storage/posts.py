"""People in bodies: who holds which post from when to when, who delegated what, and who may act on a day."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, insert, select, update

from records.acting import (
    ONE_AT_A_TIME,
    ROLE_NAMES,
    Acting,
    Delegation,
    Form,
    Post,
    PostRole,
    acting,
    delegable,
    roles_in,
)
from records.clock import VIETNAM, new_id
from records.days import Span, written_day
from records.errors import Conflict, Missing, Unfit
from records.personal import Viewer
from storage.ground import Ground
from storage.schema import accounts, delegations, posts, storable, unit_versions
from storage.unit_rows import UnitRows, iso, span_of
from storage.unit_tree import holds, shares_days

_LONGEST = 200


class Posts:
    """Posts and delegations. Callers authorize and write the audit event; writers of one body's come in turn."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._units = UnitRows(ground)

    # --- posts

    def appoint(
        self, unit_id: str, account_id: str, role: PostRole, span: Span, title: str = "", decision: str = ""
    ) -> Post:
        """Give a person a post. `title` is what is printed over the signature: "BÍ THƯ".

        Raises `Missing` (no such body on the first day, no such account), `Unfit` (`span-order`, `post-role`: a body
        like this has no such role; `post-title`), `Conflict` (`post-taken`: a body has one secretary or head a day,
        and a person one post of a role).
        """
        span.checked()
        self._hold(unit_id)
        unit = self._units.get(unit_id, span.since)
        if role not in roles_in(unit.system, unit.level):
            raise Unfit(
                f"no {role} in a {unit.system} {unit.level}",
                code="post-role",
                tell=f"“{unit.name}” không có chức vụ {ROLE_NAMES[role]}. Hãy chọn chức vụ khác.",
            )
        self._account_there(account_id)
        rivals = (posts.c.unit_id == unit_id) & (posts.c.role == role)
        if role not in ONE_AT_A_TIME:
            rivals &= posts.c.account_id == account_id
        for other in self._posts(rivals & shares_days(posts, span.since, span.until)):
            raise Conflict(
                f"post {other.id} is held from {other.span.since} to {other.span.until}",
                code="post-taken",
                tell=f"“{unit.name}” đã có {ROLE_NAMES[role]} trong thời gian này ({other.span}). Hãy kết thúc nhiệm "
                "vụ đó trước, hoặc xem lại ngày.",
            )
        post = Post(new_id(), unit_id, account_id, role, _line(title, "post-title"), span)
        self._ground.connection.execute(
            insert(posts).values(
                id=post.id,
                unit_id=unit_id,
                account_id=account_id,
                role=role,
                title=post.title,
                since=span.since.isoformat(),
                until=iso(span.until),
                decision=_line(decision, "post-title"),
            )
        )
        return post

    def end_post(self, post_id: str, until: date) -> Post:
        """Let a post end on `until`, its last day; what was delegated by it ends with it (`who_may_act`).

        Raises `Missing`, `Unfit` (`span-order`), `Conflict` (`post-ended`: it ended before that day).
        """
        found = next(iter(self._posts(posts.c.id == storable(post_id))), None)
        if found is None:
            raise Missing(f"no post {post_id}")
        self._hold(found.unit_id)
        span = Span(found.span.since, until).checked()
        if found.span.until is not None and found.span.until < until:
            raise Conflict(
                f"post {post_id} ended on {found.span.until}",
                code="post-ended",
                tell=f"Nhiệm vụ này đã kết thúc ngày {written_day(found.span.until)}. Muốn giữ tiếp, hãy ghi một lần "
                "giao nhiệm vụ mới.",
            )
        self._ground.connection.execute(
            update(posts).where(posts.c.id == post_id).values(until=until.isoformat())
        )
        return Post(found.id, found.unit_id, found.account_id, found.role, found.title, span)

    def of_unit(self, unit_id: str, day: date) -> list[Post]:
        """Return the posts of a body on `day`, also of accounts that are kept out now."""
        return self._posts((posts.c.unit_id == storable(unit_id)) & holds(posts, day))

    def of_account(self, account_id: str, day: date) -> list[Post]:
        """Return the posts of a person on `day`."""
        return self._posts((posts.c.account_id == storable(account_id)) & holds(posts, day))

    # --- delegations

    def delegate(
        self, unit_id: str, role: PostRole, by: str, to: str, form: Form, span: Span, note: str = ""
    ) -> Delegation:
        """Let the account `to` sign for the holder `by` of `role` in a body, in the form `form`, on these days.

        A delegation has an end. Raises `Missing`, `Unfit` (`span-order`, `delegation-end`, `delegation-form`: no rule
        allows it; `post-title`), `Conflict`: `delegation-giver` (`by` does not hold the role on the first day),
        `delegation-receiver` (`to` holds no post it could rest on), `delegation-twice`.
        """
        span.checked()
        if span.until is None:
            raise Unfit(
                "a delegation without an end",
                code="delegation-end",
                tell="Việc giao ký thay, ký thừa lệnh phải có thời hạn. Hãy nhập ngày kết thúc.",
            )
        self._hold(unit_id)
        unit = self._units.get(unit_id, span.since)
        delegable(unit.system, unit.level, role, form, span.since)
        given = Delegation(new_id(), unit_id, role, by, to, form, span, _line(note, "post-title"))
        there = self._round(unit_id, span.since)
        if not any(p.unit_id == unit_id and p.role is role and p.account_id == by for p in there):
            raise Conflict(
                f"{by} is no {role} of {unit_id} on {span.since}",
                code="delegation-giver",
                tell=f"Người giao không giữ chức vụ {ROLE_NAMES[role]} của “{unit.name}” vào ngày "
                f"{written_day(span.since)} nên không giao được.",
            )
        if all(
            one.account_id != to for one in acting(unit, role, span.since, there, [given]) if one.by_account
        ):
            raise Conflict(
                f"{to} holds no post that {form} could rest on",
                code="delegation-receiver",
                tell=f"Người được giao không giữ chức vụ có thể ký “{form}” cho “{unit.name}” (ký thay: cấp phó cùng "
                "đơn vị; thừa lệnh: người đứng đầu cơ quan trực thuộc). Hãy chọn người khác.",
            )
        same = (
            (delegations.c.unit_id == unit_id)
            & (delegations.c.role == role)
            & (delegations.c.to_account == to)
            & (delegations.c.form == form)
        )
        if self._delegations(same & shares_days(delegations, span.since, span.until)):
            raise Conflict(
                f"{to} has {form} for {role} of {unit_id} already",
                code="delegation-twice",
                tell="Người này đã được giao như vậy trong thời gian này. Hãy xem lại ngày.",
            )
        self._ground.connection.execute(
            insert(delegations).values(
                id=given.id,
                unit_id=unit_id,
                role=role,
                by_account=by,
                to_account=to,
                form=form,
                since=span.since.isoformat(),
                until=span.until.isoformat(),
                note=given.note,
            )
        )
        return given

    def end_delegation(self, delegation_id: str, until: date) -> None:
        """Take a delegation back: `until` is its last day, or the day before its first for one that never held.

        Raises `Missing`; a day after its end changes nothing.
        """
        known = delegations.c.id == storable(delegation_id)
        if not self._delegations(known):
            raise Missing(f"no delegation {delegation_id}")
        self._ground.connection.execute(
            update(delegations)
            .where(known & (delegations.c.until > until.isoformat()))
            .values(until=until.isoformat())
        )

    # --- who may act

    def who_may_act(self, unit_id: str, role: PostRole, day: date) -> tuple[Acting, ...]:
        """Return who may act for a body in `role` on `day`, and in which form; accounts kept out may not.

        Raises `Missing`: no such body on that day.
        """
        unit = self._units.get(unit_id, day)
        mine = (delegations.c.unit_id == unit_id) & (delegations.c.role == role) & holds(delegations, day)
        return acting(unit, role, day, self._round(unit_id, day), self._delegations(mine))

    def acting_as(self, account_id: str, day: date) -> tuple[Acting, ...]:
        """Return everything somebody may act as on `day`, by posts of their own and by what was delegated to them."""
        own = [(post.unit_id, post.role) for post in self.of_account(account_id, day)]
        mine = (delegations.c.to_account == storable(account_id)) & holds(delegations, day)
        given = [(one.unit_id, one.role) for one in self._delegations(mine)]
        return tuple(
            one
            for unit_id, role in dict.fromkeys([*own, *given])
            if self._units.is_there(unit_id, day)
            for one in self.who_may_act(unit_id, role, day)
            if one.account_id == account_id
        )

    def viewer(self, account_id: str, cases: Iterable[str] = ()) -> Viewer:
        """Return who looks at members' files today: the posts of an account, and members whose case it has in hand.

        `cases` come from the procedures alone, never from a request.
        """
        today = self._ground.clock.now().astimezone(VIETNAM).date()
        held = {(post.unit_id, post.role) for post in self.of_account(account_id, today)}
        return Viewer(account_id, frozenset(held), frozenset(cases))

    # --- inside

    def _hold(self, unit_id: str) -> None:
        self._ground.hold_name("posts", storable(unit_id))

    def _round(self, unit_id: str, day: date) -> list[Post]:
        """Posts of the body and of those right under it, of accounts that are let in."""
        right_under = select(unit_versions.c.unit_id).where(
            unit_versions.c.parent_id == unit_id, holds(unit_versions, day)
        )
        let_in = select(accounts.c.id).where(accounts.c.active.is_(True))
        near = (posts.c.unit_id == unit_id) | posts.c.unit_id.in_(right_under)
        return self._posts(near & posts.c.account_id.in_(let_in) & holds(posts, day))

    def _account_there(self, account_id: str) -> None:
        known = select(accounts.c.id).where(accounts.c.id == storable(account_id))
        if self._ground.connection.execute(known).first() is None:
            raise Missing(f"no account {account_id}")

    def _posts(self, which: ColumnElement[bool]) -> list[Post]:
        rows = self._ground.connection.execute(
            select(posts).where(which).order_by(posts.c.since, posts.c.id)
        ).mappings()
        return [_post(row) for row in rows]

    def _delegations(self, which: ColumnElement[bool]) -> list[Delegation]:
        rows = self._ground.connection.execute(
            select(delegations).where(which).order_by(delegations.c.since, delegations.c.id)
        ).mappings()
        return [_delegation(row) for row in rows]


def _post(row: RowMapping) -> Post:
    role = PostRole(row["role"])
    return Post(row["id"], row["unit_id"], row["account_id"], role, row["title"], span_of(row))


def _delegation(row: RowMapping) -> Delegation:
    words: dict[str, Any] = {
        name: row[name] for name in ("id", "unit_id", "by_account", "to_account", "note")
    }
    return Delegation(role=PostRole(row["role"]), form=Form(row["form"]), span=span_of(row), **words)


def _line(text: str, code: str) -> str:
    line = " ".join(storable(text).split())
    if len(line) > _LONGEST:
        raise Unfit(
            f"a line of {len(line)} letters",
            code=code,
            tell=f"Nội dung dài quá {_LONGEST} ký tự. Hãy nhập ngắn hơn.",
        )
    return line
