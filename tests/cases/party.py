"""A small Party organisation for tests, wholly made up: a city, a ward, two base organisations, branches, an office."""

from dataclasses import dataclass
from datetime import date

import pytest
from argon2 import PasswordHasher

from records.access import Role
from records.acting import PostRole
from records.days import Span
from records.members import Person
from records.membership import MembershipKind
from records.units import System, UnitFacts, UnitLevel
from storage import accounts as door
from storage.units import NewUnit
from storage.work import Tx, Work

SINCE = date(2025, 7, 1)
ALWAYS = Span(SINCE)
TODAY = date(2026, 11, 23)
"""What the tests' clock says, in Vietnam."""

LINE = (
    # id, level, name, abbreviation, code, parent
    ("city", UnitLevel.PROVINCE, "Đảng bộ thành phố Mẫu", "TU", "38", None),
    ("office", UnitLevel.BODY, "Văn phòng Thành ủy Mẫu", "VPTU", "", "city"),
    ("ward", UnitLevel.UPPER, "Đảng bộ phường Sen", "ĐU", "38.168", "city"),
    ("ward2", UnitLevel.UPPER, "Đảng bộ phường Lúa", "ĐU", "38.169", "city"),
    ("base", UnitLevel.BASE, "Đảng bộ Trường Sen", "ĐU", "38.168.053", "ward"),
    ("branch", UnitLevel.BRANCH, "Chi bộ Tổ Toán", "CB", "38.168.053.000.001", "base"),
    ("branch2", UnitLevel.BRANCH, "Chi bộ Tổ Văn", "CB", "38.168.053.000.002", "base"),
    ("far", UnitLevel.BASE, "Chi bộ Trạm Lúa", "CB", "38.169.001", "ward2"),
)


def new_units(since: date = SINCE) -> list[NewUnit]:
    return [
        NewUnit(System.PARTY, UnitFacts(level, name, "", short, code, parent), since, "QĐ thử", unit_id)
        for unit_id, level, name, short, code, parent in LINE
    ]


def person(number: int = 1, **change: object) -> Person:
    values: dict[str, object] = {
        "full_name": f"Nguyễn Văn Mẫu {'ABCDEFGHIJ'[number % 10]}",
        "card_no": f"{number:08d}",
        "cv_no": f"{number:06d}HN",
        "citizen_id": f"0010{number:08d}",
        "birth_date": date(1980, 1, 1),
        "admission_decision": date(2005, 5, 1),
        "admission_date": date(2005, 5, 19),
        "official_date": date(2006, 5, 19),
        "particulars": {"gender": "Nam", "hometown": "Xã Mẫu"},
    }
    return Person(**(values | change))  # type: ignore[arg-type]


@dataclass
class Party:
    """The organisation in a database: `account(name)` makes one, `member(...)` puts somebody into a branch."""

    work: Work
    made: int = 0

    def __post_init__(self) -> None:
        with self.work.begin() as tx:
            tx.units.add_many(new_units())

    def account(self, tx: Tx, name: str = "") -> str:
        self.made += 1
        return tx.accounts.add(
            name or f"nguoi{self.made}", f"Người {self.made}", "mật khẩu thử", [Role.READER]
        ).id

    def holder(self, tx: Tx, unit_id: str, role: PostRole, span: Span = ALWAYS, title: str = "") -> str:
        account = self.account(tx)
        tx.posts.appoint(unit_id, account, role, span, title)
        return account

    def member(
        self, tx: Tx, unit_id: str | None = "branch", account_id: str | None = None, **change: object
    ) -> str:
        self.made += 1
        member_id = tx.members.add(person(self.made, **change), account_id)
        if unit_id is not None:
            tx.memberships.join(
                member_id, unit_id, MembershipKind.OFFICIAL, Span(SINCE), cause="kết nạp", source="", by="thử"
            )
        return member_id


class PartyCases:
    """The organisation, with passwords that cost nothing: the tests are about rules."""

    @pytest.fixture
    def party(self, work: Work, monkeypatch: pytest.MonkeyPatch) -> Party:
        monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        return Party(work)
