"""A made-up Party town in the data folder of a service about to be served: people with log-ins, posts and keys."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cryptography import x509

from procedures.number_periods import begin_term
from records.access import Role
from records.acting import PostRole
from records.clock import SystemClock
from records.units import System, UnitFacts, UnitLevel
from signing import demo_pki
from storage.tables import open_tables
from storage.units import NewUnit
from storage.work import Work
from tests.cases.case_town import take_office
from tests.cases.party import ALWAYS, SINCE, Party
from tests.cases.sealing import certified
from tests.cases.stamps import signature_png

PASSWORD = "mật khẩu của phố mẫu"

PEOPLE: Mapping[str, tuple[str, frozenset[Role]]] = {
    "lan": ("Trần Thị Lan", frozenset({Role.READER})),
    "an": ("Nguyễn Văn An", frozenset({Role.READER, Role.OFFICIAL})),
    "binh": ("Lê Thanh Bình", frozenset({Role.READER, Role.OFFICIAL})),
    "cuong": ("Phạm Quốc Cường", frozenset({Role.READER, Role.OFFICIAL})),
    "hoa": ("Đỗ Thị Hoa", frozenset({Role.READER, Role.OFFICIAL})),
    "long": ("Vũ Hải Long", frozenset({Role.READER, Role.OFFICIAL})),
    "nam": ("Bùi Hoài Nam", frozenset({Role.READER, Role.CLERK})),
    "dung": ("Hoàng Thùy Dung", frozenset({Role.READER, Role.CLERK})),
    "khanh": ("Ngô Gia Khánh", frozenset({Role.READER, Role.CLERK})),
    "oanh": ("Đặng Kim Oanh", frozenset({Role.READER, Role.CLERK})),
    "mai": ("Trịnh Tuyết Mai", frozenset({Role.READER})),
}
"""Log-ins, names as they are printed, and what each account is for."""

POSTS = (
    ("an", "branch", PostRole.SECRETARY), ("binh", "base", PostRole.SECRETARY), ("nam", "base", PostRole.CLERK),
    ("cuong", "ward", PostRole.SECRETARY), ("dung", "ward", PostRole.CLERK), ("hoa", "ward2", PostRole.SECRETARY),
    ("khanh", "ward2", PostRole.CLERK), ("long", "far", PostRole.SECRETARY), ("oanh", "far", PostRole.CLERK),
    ("mai", "far", PostRole.MEMBERS_OFFICER),
)  # fmt: skip
SEALS = {"base": "dau-truong-sen", "ward": "dau-phuong-sen", "ward2": "dau-phuong-lua", "far": "dau-tram-lua"}

OFFICE_PEOPLE: Mapping[str, tuple[str, frozenset[Role]]] = {
    "thu": ("Lý Minh Thư", frozenset({Role.READER})),
    "tuan": ("Cao Anh Tuấn", frozenset({Role.READER})),
    "kien": ("Tạ Trung Kiên", frozenset({Role.READER})),
    "giang": ("Phan Hương Giang", frozenset({Role.READER, Role.OFFICIAL})),
    "yen": ("Mai Hải Yến", frozenset({Role.READER, Role.CLERK})),
}
"""Who makes a document: drafts it, leads the department, is asked, signs, and is the office's clerk."""
OFFICE_POSTS = (
    ("thu", "dept", PostRole.STAFF, ""), ("tuan", "dept", PostRole.HEAD, "TRƯỞNG PHÒNG"),
    ("kien", "room", PostRole.STAFF, ""), ("giang", "office", PostRole.HEAD, "CHÁNH VĂN PHÒNG"),
    ("yen", "office", PostRole.CLERK, ""),
)  # fmt: skip
ROOMS = (("dept", "Phòng Tổng hợp", "TH"), ("room", "Phòng Lưu trữ", "LT"))

_HEAD = """default = "luu-tru"
[[key]]
name = "luu-tru"
role = "archive"
file = "{seal}"
passphrase_file = "{passphrase}"
"""
_KEY = """[[key]]
name = "{name}"
role = "{role}"
unit = "{unit}"
file = "{name}.p12"
passphrase_file = "{passphrase}"
"""


@dataclass(frozen=True, slots=True)
class ServedTown:
    """The member whose transfer is walked, and the second one; accounts by log-in."""

    member: str
    accounts: Mapping[str, str]


def enter_town(data: Path) -> ServedTown:
    """Put the town into the tables and the keys of a data folder that `vanthu init` has made; once a folder."""
    tables = open_tables(f"sqlite:///{data / 'vanthu.db'}")
    try:
        work = Work(tables, SystemClock())
        party = Party(work)
        with work.begin() as tx:
            take_office(tx)
            accounts = {
                login: tx.accounts.add(login, name, PASSWORD, roles).id
                for login, (name, roles) in PEOPLE.items()
            }
            for login, unit, role in POSTS:
                tx.posts.appoint(
                    unit, accounts[login], role, ALWAYS, "BÍ THƯ" if role is PostRole.SECRETARY else ""
                )
            member = party.member(
                tx, account_id=accounts["lan"], full_name="Trần Thị Lan", birth_date=date(1985, 3, 8)
            )
            names = {unit: tx.units.get(unit, date(2025, 8, 1)).name for unit in SEALS}
    finally:
        tables.dispose()
    _keys(data / "keys", PEOPLE, SEALS, names)
    return ServedTown(member, accounts)


def enter_offices(data: Path) -> None:
    """Put an office with two departments into a data folder that `vanthu init` has made; once a folder."""
    tables = open_tables(f"sqlite:///{data / 'vanthu.db'}")
    try:
        work = Work(tables, SystemClock())
        Party(work)
        with work.begin() as tx:
            city = replace(tx.units.get("city", SINCE).facts, short_name="Mẫu")
            tx.units.change("city", city, date(2025, 8, 1))
            rooms = (
                (unit, UnitFacts(UnitLevel.BODY, name, "", short, "", "office"))
                for unit, name, short in ROOMS
            )
            tx.units.add_many([NewUnit(System.PARTY, facts, SINCE, "QĐ thử", unit) for unit, facts in rooms])
            begin_term(tx, "system:test", "office", "Nhiệm kỳ 2025–2030", SINCE)
            accounts = {
                login: tx.accounts.add(login, name, PASSWORD, roles).id
                for login, (name, roles) in OFFICE_PEOPLE.items()
            }
            for login, unit, role, title in OFFICE_POSTS:
                tx.posts.appoint(unit, accounts[login], role, ALWAYS, title)
            names = {"office": tx.units.get("office", SINCE).name}
    finally:
        tables.dispose()
    _keys(data / "keys", OFFICE_PEOPLE, {"office": "dau-van-phong"}, names)


def _keys(
    folder: Path,
    people: Mapping[str, tuple[str, frozenset[Role]]],
    seals: Mapping[str, str],
    names: Mapping[str, str],
) -> None:
    (folder / "ky.png").write_bytes(signature_png())
    table = _HEAD.format(seal=demo_pki.SEAL, passphrase=demo_pki.PASSPHRASE)
    for login, (name, roles) in people.items():
        if Role.OFFICIAL in roles:
            table += (
                _key(folder, f"khoa-{login}", "official", name, "Đảng bộ Mẫu")
                + f'holder = "{login}"\nimage = "ky.png"\n'
            )
    for unit, key in seals.items():
        table += _key(folder, key, "seal", names[unit], names[unit])
    (folder / "keys.toml").write_text(table, encoding="utf-8")


def _key(folder: Path, name: str, role: str, owner: str, unit: str) -> str:
    """Make a key certified by the demo authority of the folder, and return its entry."""
    key, made = certified(folder, owner)
    passphrase = (folder / demo_pki.PASSPHRASE).read_bytes().strip()
    demo_pki._write_p12(folder / f"{name}.p12", key, x509.load_der_x509_certificate(made.dump()), passphrase)
    return _KEY.format(name=name, role=role, unit=unit, passphrase=demo_pki.PASSPHRASE)
