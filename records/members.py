"""What a Party member's file holds and what of it can be true: numbers of the right shape, days that are possible.

Sources of the shapes: card 8 digits (Chỉ thị 29-CT/TW 2003), 12 on cards renewed since 51-CT/TW 2025 (seen on a public
form only); CV number 6 digits and 1–3 letters (guide to the phiếu đảng viên); citizen id 12 digits (member export).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from records.days import written_day
from records.errors import Unfit

EARLIEST_BIRTH = date(1900, 1, 1)
LONGEST_NAME, LONGEST_TEXT = 100, 1000
"""Letters."""

_CARD = re.compile(r"[0-9]{8}|[0-9]{12}")
_CV = re.compile(r"(?!000000)[0-9]{6}[A-ZĐ]{1,3}")
_CITIZEN = re.compile(r"[0-9]{12}")
_GAPS = re.compile(r"[\s.\-/]+")

PARTICULARS: Mapping[str, str] = MappingProxyType({
    "birth_name": "Họ tên khai sinh",
    "aliases": "Bí danh",
    "gender": "Giới tính",
    "birth_place": "Nơi sinh",
    "hometown": "Quê quán",
    "permanent_address": "Nơi thường trú",
    "temporary_address": "Nơi tạm trú",
    "ethnicity": "Dân tộc",
    "religion": "Tôn giáo",
    "phone": "Điện thoại",
    "job_now": "Nghề nghiệp hiện nay",
    "job_before": "Nghề nghiệp khi vào Đảng",
    "education": "Trình độ học vấn, chuyên môn",
    "theory_level": "Lý luận chính trị",
    "languages": "Ngoại ngữ",
    "titles": "Học hàm, danh hiệu",
    "rewards": "Khen thưởng",
    "discipline": "Kỷ luật",
    "family": "Hoàn cảnh gia đình",
    "admission_place": "Nơi kết nạp",
    "official_place": "Nơi công nhận chính thức",
    "badge_no": "Huy hiệu Đảng",
    "list_no": "Số thứ tự trong sổ danh sách đảng viên",
})  # fmt: skip
"""Texts of a member's file (2-KNĐ, phiếu đảng viên, sổ danh sách 7-HSĐV) and their names on a form."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the file describes him or her. "" and None: not told. No `official_date`: on probation.

    `admission_decision`, `admission_date`: quyết định kết nạp, lễ kết nạp; `left_on`: ra khỏi Đảng.
    """

    full_name: str
    card_no: str = ""
    cv_no: str = ""
    citizen_id: str = ""
    birth_date: date | None = None
    admission_decision: date | None = None
    admission_date: date | None = None
    official_date: date | None = None
    left_on: date | None = None
    died_on: date | None = None
    particulars: Mapping[str, str] = field(default_factory=dict)


class Sight(StrEnum):
    """How much of a member's file somebody may see (`records.personal`)."""

    ABSENT = "absent"
    BRIEF = "brief"  # name, sex, where the member belongs, the end of the card number
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Member:
    """A member as shown: `person` holds only what `sight` lets through. `revision` grows with each change."""

    id: str
    person: Person
    account_id: str | None
    revision: int
    sight: Sight


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file: the name of the field, a stable code, the Vietnamese sentence."""

    field: str
    code: str
    tell: str


class PersonUnfit(Unfit):
    """A file that cannot be true; `faults` has every reason, `tell` says them all."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(
            ", ".join(f"{fault.field}: {fault.code}" for fault in faults),
            code=faults[0].code,
            tell=" ".join(fault.tell for fault in faults),
        )
        self.faults = faults


_DATES = (
    ("birth_date", "Ngày sinh"),
    ("admission_decision", "Ngày quyết định kết nạp"),
    ("admission_date", "Ngày kết nạp"),
    ("official_date", "Ngày công nhận chính thức"),
    ("left_on", "Ngày ra khỏi Đảng"),
    ("died_on", "Ngày từ trần"),
)
"""In the order in which they can happen; the first must be before the others, the others may share a day."""


def plain_person(person: Person) -> Person:
    """Return the file in its one form: NFC, single spaces, numbers without gaps, no empty particulars."""
    return replace(
        person,
        full_name=_plain(person.full_name),
        card_no=_number(person.card_no),
        cv_no=_number(person.cv_no).upper(),
        citizen_id=_number(person.citizen_id),
        particulars={
            name: text for name, told in sorted(person.particulars.items()) if (text := _plain(told))
        },
    )


def checked_person(person: Person, today: date) -> Person:
    """Return the file in its one form. Raises `PersonUnfit` with everything that is wrong with it."""
    plain = plain_person(person)
    if faults := person_faults(plain, today):
        raise PersonUnfit(faults)
    return plain


def person_faults(person: Person, today: date) -> tuple[Fault, ...]:
    """Return what is wrong with a file in its one form, in the order of the form."""
    found = [*_name_faults(person), *_number_faults(person), *_date_faults(person, today)]
    for name, text in person.particulars.items():
        if name not in PARTICULARS:
            found.append(
                Fault(name[:40], "member-field", f"Không có mục “{name[:40]}” trong hồ sơ đảng viên.")
            )
        elif len(text) > LONGEST_TEXT or _strange(text):
            tell = f"{PARTICULARS[name]}: dài quá {LONGEST_TEXT} ký tự hoặc có ký tự lạ. Hãy nhập lại."
            found.append(Fault(name, "member-text", tell))
    return tuple(found)


def masked(member: Member, sight: Sight) -> Member:
    """Return the member as somebody with this sight sees it. Raises ValueError for `absent`."""
    if sight is Sight.ABSENT:
        raise ValueError("an absent member cannot be shown")
    if sight is Sight.FULL:
        return replace(member, sight=sight)
    person = member.person
    gender = {name: text for name, text in person.particulars.items() if name == "gender"}
    card = f"{'•' * (len(person.card_no) - 3)}{person.card_no[-3:]}" if person.card_no else ""
    return replace(
        member, person=Person(person.full_name, card, particulars=gender), account_id=None, sight=sight
    )


def _name_faults(person: Person) -> list[Fault]:
    name = person.full_name
    letters = [c for c in name if not c.isspace()]
    good = all(unicodedata.category(c)[0] in "LM" or c in "'’-." for c in letters)
    if letters and good and letters[0].isalpha() and len(name) <= LONGEST_NAME:
        return []
    tell = f"Họ tên “{name[:40]}” không hợp lệ: cần họ tên bằng chữ, tối đa {LONGEST_NAME} ký tự."
    return [Fault("full_name", "member-name", tell)]


def _number_faults(person: Person) -> list[Fault]:
    found = []
    if person.card_no and not _CARD.fullmatch(person.card_no):
        tell = (
            f"Số thẻ đảng viên “{person.card_no[:20]}” {_digits(person.card_no)}; số thẻ có 8 chữ số (thẻ cũ) "
            "hoặc 12 chữ số (thẻ mới). Hãy xem lại thẻ."
        )
        found.append(Fault("card_no", "member-card", tell))
    if person.cv_no and not _CV.fullmatch(person.cv_no):
        tell = (
            f"Số lý lịch “{person.cv_no[:20]}” không đúng: gồm 6 chữ số (000001–999999) và 1–3 chữ cái, "
            "ví dụ 012345HN."
        )
        found.append(Fault("cv_no", "member-cv", tell))
    if person.citizen_id and not _CITIZEN.fullmatch(person.citizen_id):
        tell = (
            f"Số định danh cá nhân (CCCD) “{person.citizen_id[:20]}” {_digits(person.citizen_id)}; phải đủ 12 chữ "
            "số, giữ cả số 0 ở đầu (nếu lấy từ bảng tính, hãy định dạng cột là Văn bản)."
        )
        found.append(Fault("citizen_id", "member-citizen-id", tell))
    return found


def _date_faults(person: Person, today: date) -> list[Fault]:
    found = []
    before: tuple[str, date] | None = None
    for name, label in _DATES:
        day: date | None = getattr(person, name)
        if day is None:
            continue
        if not EARLIEST_BIRTH <= day <= today:
            why = "chưa tới" if day > today else f"trước năm {EARLIEST_BIRTH.year}"
            tell = f"{label} {written_day(day)} không hợp lệ ({why})."
            found.append(Fault(name, "member-date", tell))
            continue
        if before and (day < before[1] or (day == before[1] and before[0] == _DATES[0][1])):
            tell = f"{label} {written_day(day)} phải sau {before[0].lower()} {written_day(before[1])}."
            found.append(Fault(name, "member-date-order", tell))
        before = (label, day)
    return found


def _digits(number: str) -> str:
    if number.isascii() and number.isdigit():
        return f"có {len(number)} chữ số"
    return "có ký tự không phải chữ số 0–9"


def _number(text: str) -> str:
    return _GAPS.sub("", unicodedata.normalize("NFC", text))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _strange(text: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text)
