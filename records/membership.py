"""Where a member belongs, and what bars a procedure: official, temporary and residence links and marks, by day.

A member is counted where the official membership is; a temporary member takes part elsewhere and is still counted at
home. A link is never rewritten: another end is another revision, and the earlier ones stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from records.days import Span, written_day
from records.outcome import Refused


class MembershipKind(StrEnum):
    """How a member belongs to a body."""

    OFFICIAL = "official"  # sinh hoạt chính thức
    TEMPORARY = "temporary"  # sinh hoạt tạm thời
    RESIDENCE = "residence"  # giữ mối liên hệ với chi ủy nơi cư trú (213-QĐ/TW)


@dataclass(frozen=True, slots=True)
class Membership:
    """One link, as recorded at one moment. The newest revision (`replaced` False) is what holds.

    `cause`: why it began or ends when it does; `source`: the case or decision that made this revision.
    """

    id: str
    revision: int
    member_id: str
    unit_id: str
    kind: MembershipKind
    span: Span
    cause: str
    source: str
    recorded_by: str
    recorded_at: datetime
    replaced: bool


class MarkKind(StrEnum):
    """What the procedures must know of a member."""

    ARMY = "army"
    POLICE = "police"
    INSPECTION = "inspection"  # đang bị kiểm tra, giám sát, thanh tra
    COMPLAINT = "complaint"  # có khiếu nại, tố cáo chưa giải quyết xong


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark and its days; without an end it still holds. `note`: the decision it rests on."""

    id: str
    member_id: str
    kind: MarkKind
    span: Span
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a procedure may know of a member without reading the file: links that hold, and marks."""

    member_id: str
    memberships: tuple[Membership, ...]
    marks: tuple[Mark, ...]
    left_on: date | None = None
    died_on: date | None = None

    def link(self, kind: MembershipKind, day: date) -> Membership | None:
        """Return the link of this kind on `day`, None when there is none."""
        return next((m for m in self.memberships if m.kind is kind and m.span.holds(day)), None)

    def home(self, day: date) -> Membership | None:
        """Return the official membership on `day`; between two, the one that ended last keeps the member's file."""
        begun = [m for m in self.memberships if m.kind is MembershipKind.OFFICIAL and m.span.since <= day]
        return max(begun, key=lambda m: m.span.since, default=None)

    def now(self, day: date) -> tuple[Membership, ...]:
        """Return the links by which the member's file is somebody's on `day`: home, and where the member is a guest."""
        home = self.home(day)
        guests = (m for m in self.memberships if m.kind is not MembershipKind.OFFICIAL and m.span.holds(day))
        return tuple(guests) if home is None else (home, *guests)

    def belongs_to(self, unit_id: str, day: date) -> frozenset[MembershipKind]:
        """Return in which ways the member belongs to that very body on `day`."""
        return frozenset(m.kind for m in self.memberships if m.unit_id == unit_id and m.span.holds(day))

    def marked(self, kind: MarkKind, day: date) -> Mark | None:
        """Return the mark of this kind that holds on `day`, None when there is none."""
        return next((m for m in self.marks if m.kind is kind and m.span.holds(day)), None)


@dataclass(frozen=True, slots=True)
class BarRule:
    """A mark that shuts a member out of something, on which days of the calendar, by which text (and how well seen)."""

    mark: MarkKind
    code: str
    tell: str
    days: Span
    source: str
    grade: str


_SCOPE_DAYS = Span(date(2025, 7, 9))
_SCOPE_TEXT = "Quy định 338-QĐ/TW, 9/7/2025; 4192-QĐ/BTCTW, 12/12/2025"
_TRANSFER_DAYS = Span(date(2025, 7, 1))
_TRANSFER_TEXT = "hướng dẫn chuyển sinh hoạt đảng (294-QĐ/TW 2025, mục 6.3)"
_OUT_OF_SCOPE = (
    "Đồng chí đang công tác trong {force}. Thủ tục này không áp dụng cho đảng viên công tác trong Quân đội, Công an "
    "(338-QĐ/TW). Hãy làm thủ tục tại tổ chức đảng trong {force} theo quy định riêng."
)

SCOPE: tuple[BarRule, ...] = (
    BarRule(
        MarkKind.ARMY, "member-out-of-scope", _OUT_OF_SCOPE.format(force="Quân đội"), _SCOPE_DAYS, _SCOPE_TEXT, "S"
    ),
    BarRule(
        MarkKind.POLICE, "member-out-of-scope", _OUT_OF_SCOPE.format(force="Công an"), _SCOPE_DAYS, _SCOPE_TEXT, "S"
    ),
)  # fmt: skip
"""Who is outside all procedures."""

TRANSFER_BARS: tuple[BarRule, ...] = (
    BarRule(
        MarkKind.INSPECTION,
        "member-under-inspection",
        "Đảng viên đang trong thời gian kiểm tra, giám sát (từ {since}) nên chưa chuyển sinh hoạt đảng được. Hãy chờ "
        "có kết luận rồi gửi lại.",
        _TRANSFER_DAYS,
        _TRANSFER_TEXT,
        "S",
    ),
    BarRule(
        MarkKind.COMPLAINT,
        "member-complaint-open",
        "Có khiếu nại, tố cáo liên quan đến đảng viên chưa giải quyết xong (từ {since}) nên chưa chuyển sinh hoạt đảng "
        "được. Hãy chờ giải quyết xong rồi gửi lại.",
        _TRANSFER_DAYS,
        _TRANSFER_TEXT,
        "S",
    ),
)
"""What blocks a transfer."""


def scope_bar(standing: Standing, day: date) -> Refused | None:
    """Return why no procedure may be begun for this member on `day` (`member-out-of-scope`, `member-gone`), or None."""
    for gone, what in ((standing.died_on, "đã từ trần"), (standing.left_on, "đã ra khỏi Đảng")):
        if gone is not None and gone <= day:
            tell = f"Theo hồ sơ, đảng viên {what} (ngày {written_day(gone)}) nên không làm thủ tục này được."
            return Refused("member-gone", f"member {standing.member_id} is gone since {gone}", tell)
    return _barred(SCOPE, standing, day)


def transfer_bar(standing: Standing, day: date) -> Refused | None:
    """Return why the member may not be transferred on `day`, or None: out of scope, no home, or a bar that holds."""
    if (outside := scope_bar(standing, day)) is not None:
        return outside
    if standing.link(MembershipKind.OFFICIAL, day) is None:
        return Refused(
            "member-without-branch",
            f"member {standing.member_id} has no official membership on {day}",
            f"Ngày {written_day(day)} đảng viên chưa thuộc chi bộ nào nên không chuyển đi được. Hãy cập nhật nơi sinh "
            "hoạt chính thức trước.",
        )
    return _barred(TRANSFER_BARS, standing, day)


def clash(span: Span, kind: MembershipKind, others: Iterable[Membership]) -> Membership | None:
    """Return a link of the same kind that shares a day with `span`: a member has one of each kind on a day."""
    return next((m for m in others if m.kind is kind and not m.replaced and m.span.overlaps(span)), None)


def _barred(rules: Iterable[BarRule], standing: Standing, day: date) -> Refused | None:
    for rule in rules:
        mark = standing.marked(rule.mark, day) if rule.days.holds(day) else None
        if mark is not None:
            return Refused(
                rule.code,
                f"member {standing.member_id} is marked {rule.mark} on {day}",
                rule.tell.format(since=written_day(mark.span.since)),
            )
    return None
