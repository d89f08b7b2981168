"""Members' files: shown to whom the rule lets see them, as far as it does, and every look is in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select, update

from records.clock import VIETNAM, new_id
from records.errors import Conflict, Missing, Unfit
from records.members import Member, Person, Sight, checked_person, masked
from records.membership import Mark, Membership, MembershipKind, Standing
from records.personal import Viewer, sight_of
from storage.audit import Audit, Scalar
from storage.ground import Ground
from storage.marks import Marks
from storage.memberships import Memberships
from storage.schema import members, memberships, storable
from storage.unit_rows import iso, name_key
from storage.unit_tree import below
from storage.visible_members import belonging, places_of, visible_members

_NUMBERS = {"card_no": "Số thẻ đảng viên", "cv_no": "Số lý lịch", "citizen_id": "Số định danh cá nhân (CCCD)"}
_DAYS = ("birth_date", "admission_decision", "admission_date", "official_date", "left_on", "died_on")
_LONGEST_NAME_PART = 100


@dataclass(frozen=True, slots=True)
class MemberFile:
    """A member as one viewer sees him or her; history and marks are there only for who sees the whole file.

    Members themselves see the marks without their notes.
    """

    member: Member
    memberships: tuple[Membership, ...]
    history: tuple[Membership, ...]
    marks: tuple[Mark, ...]


class Members:
    """The files. Writers' callers authorize and write the audit event; reading writes its own, in this transaction.

    There is no way to read a file without a viewer, nor without a writing transaction for the event.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._links = Memberships(ground)
        self._audit = Audit(ground)

    # --- reading

    def show(self, viewer: Viewer, member_id: str) -> MemberFile:
        """Return a member as `viewer` may see him or her, and note the look (`member-read`): ask this last.

        Raises `Missing`: there is none, or none for this viewer.
        """
        row = self._ground.connection.execute(
            select(members).where(members.c.id == storable(member_id), visible_members(viewer, self._today()))
        ).mappings()
        found = row.first()
        if found is None:
            raise Missing(
                f"no member {member_id} for {viewer.account_id}", tell="Không tìm thấy đảng viên này."
            )
        member, links = self._seen(viewer, [found])[0]
        self._audit.append(viewer.account_id, "member-read", member.id, "done", {"sight": member.sight})
        if member.sight is not Sight.FULL:
            return MemberFile(member, links, (), ())
        marks = Marks(self._ground).of(member.id)
        if member.account_id == viewer.account_id:  # a note may name whoever complained
            marks = tuple(replace(mark, note="") for mark in marks)
        return MemberFile(member, links, self._links.revisions(member.id), marks)

    def find(
        self,
        viewer: Viewer,
        *,
        name: str = "",
        unit_id: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Member], int]:
        """Return members that exist for `viewer`, by name, and how many there are; noted as `members-listed`.

        `name`: part of the name, with or without marks. `unit_id`: those who belong now, in any way, to the body or to
        one under it. Numbers cannot be looked for: a hit in a masked list would tell them. Raises `Unfit`
        (`filter-too-long`).
        """
        which = visible_members(viewer, self._today())
        if len(name) > _LONGEST_NAME_PART:
            raise Unfit(
                f"a name of {len(name)} letters",
                code="filter-too-long",
                tell=f"Tên cần tìm dài quá {_LONGEST_NAME_PART} ký tự. Hãy nhập ngắn hơn.",
            )
        if key := name_key(name):
            which &= members.c.name_key.contains(key, autoescape=True)
        if unit_id is not None:
            which &= self._belonging(storable(unit_id))
        rows = self._ground.connection.execute(
            select(members)
            .where(which)
            .order_by(members.c.name_key, members.c.id)
            .limit(limit)
            .offset(offset)
        ).mappings()
        shown = [member for member, _ in self._seen(viewer, rows.all())]
        total = self._ground.connection.execute(select(func.count()).select_from(members).where(which))
        count = total.scalar_one()
        told: dict[str, Scalar] = {"shown": len(shown), "by_name": bool(key), "unit": (unit_id or "")[:64]}
        self._audit.append(viewer.account_id, "members-listed", "members", "done", told)
        return shown, count

    def of_account(self, account_id: str) -> str:
        """Return the id of the member whose account this is, "" when it is nobody's; it tells nothing of the file."""
        which = members.c.account_id == storable(account_id)
        found = self._ground.connection.execute(select(members.c.id).where(which)).scalar_one_or_none()
        return found or ""

    # --- changing

    def is_there(self, person: Person) -> bool:
        """Return whether a member with a number of this file has just this file, so that it need not be entered.

        For writers, who know the file already; it tells nothing that is not in `person`. Raises `PersonUnfit`.
        """
        clean = checked_person(person, self._today())
        own = [members.c[name] == getattr(clean, name) for name in _NUMBERS if getattr(clean, name)]
        if not own:
            return False
        rows = self._ground.connection.execute(select(members).where(or_(*own))).mappings().all()
        return len(rows) == 1 and all(rows[0][name] == value for name, value in _row(clean).items())

    def add(self, person: Person, account_id: str | None = None) -> str:
        """Enter a member and return the id. Raises `PersonUnfit`, `Conflict` (`member-number-taken`,
        `member-account-taken`).
        """
        clean = checked_person(person, self._today())
        self._free(clean, account_id, "")
        member_id = new_id()
        self._ground.connection.execute(
            insert(members).values(
                id=member_id,
                account_id=account_id,
                revision=1,
                created_at=self._ground.clock.now(),
                **_row(clean),
            )
        )
        return member_id

    def change(
        self, member_id: str, person: Person, revision: int, account_id: str | None = None
    ) -> Sequence[str]:
        """Put a file in the place of revision `revision`; return the names of what changed, for the audit event.

        Raises `Missing`, `PersonUnfit`, `Conflict`: `member-changed` (somebody else did in between),
        `member-number-taken`, `member-account-taken`.
        """
        clean = checked_person(person, self._today())
        which = members.c.id == storable(member_id)
        self._ground.hold(which)
        before = self._ground.connection.execute(select(members).where(which)).mappings().first()
        if before is None:
            raise Missing(f"no member {member_id}")
        if before["revision"] != revision:
            raise Conflict(
                f"member {member_id} is at revision {before['revision']}, not {revision}",
                code="member-changed",
                tell="Hồ sơ này vừa được người khác sửa. Hãy mở lại hồ sơ rồi sửa trên bản mới.",
            )
        after = {**_row(clean), "account_id": account_id}
        changed = sorted(
            name for name, value in after.items() if before[name] != value and name != "name_key"
        )
        if changed:
            self._free(clean, account_id, member_id)
            self._ground.connection.execute(
                update(members).where(which).values(revision=revision + 1, **after)
            )
        return changed

    # --- inside

    def _today(self) -> date:
        return self._ground.clock.now().astimezone(VIETNAM).date()

    def _seen(
        self, viewer: Viewer, rows: Sequence[RowMapping]
    ) -> list[tuple[Member, tuple[Membership, ...]]]:
        """The members of these rows as the rule shows them, each with the links that hold now."""
        today = self._today()
        links: dict[str, list[Membership]] = {row["id"]: [] for row in rows}
        for link in self._links.of(links):
            links[link.member_id].append(link)
        now = {each: Standing(each, tuple(several), ()).now(today) for each, several in links.items()}
        places = places_of(self._ground.connection, now, today)
        found = []
        for row in rows:
            sight = sight_of(viewer, row["id"], row["account_id"], places[row["id"]])
            whole = Member(row["id"], _person(row), row["account_id"], row["revision"], sight)
            shown = tuple(
                m
                for m in now[row["id"]]
                if sight is Sight.FULL or m.kind is not MembershipKind.RESIDENCE  # it tells where one lives
            )
            found.append((masked(whole, sight), shown))
        return found

    def _belonging(self, unit_id: str) -> ColumnElement[bool]:
        today = self._today()
        place = (memberships.c.unit_id == unit_id) | memberships.c.unit_id.in_(below([unit_id], today))
        return belonging(place, today)

    def _free(self, person: Person, account_id: str | None, but: str) -> None:
        """Keep others off the numbers and the account until the end, and see that nobody else has them."""
        for name, label in _NUMBERS.items():
            number = getattr(person, name)
            if number and self._taken(name, number, but):
                raise Conflict(
                    f"{name} is that of another member",
                    code="member-number-taken",
                    tell=f"{label} này đã có trong một hồ sơ đảng viên khác. Hãy kiểm tra lại số; nếu đúng, báo cán bộ "
                    "tổ chức cấp trên đối chiếu.",
                )
        if account_id is not None and self._taken("account_id", account_id, but):
            raise Conflict(
                f"account {account_id} is that of another member",
                code="member-account-taken",
                tell="Tài khoản này đã gắn với một đảng viên khác. Hãy chọn tài khoản đúng.",
            )

    def _taken(self, column: str, value: str, but: str) -> bool:
        self._ground.hold_name("member", column, value)
        other = select(members.c.id).where(members.c[column] == value, members.c.id != but)
        return self._ground.connection.execute(other).first() is not None


def _row(person: Person) -> dict[str, Any]:
    return {
        "full_name": person.full_name,
        "name_key": name_key(person.full_name),
        **{name: getattr(person, name) or None for name in _NUMBERS},
        **{name: iso(getattr(person, name)) for name in _DAYS},
        "particulars": dict(person.particulars),
    }


def _person(row: RowMapping) -> Person:
    numbers: dict[str, Any] = {name: row[name] or "" for name in _NUMBERS}
    days: dict[str, Any] = {name: date.fromisoformat(row[name]) if row[name] else None for name in _DAYS}
    return Person(row["full_name"], **numbers, **days, particulars=dict(row["particulars"]))
