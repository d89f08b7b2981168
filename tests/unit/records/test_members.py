"""What a member's file may hold: numbers of the right shape, days in order, text in one form, and how it is masked."""

import unicodedata
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.members import (
    Member,
    Person,
    PersonUnfit,
    Sight,
    checked_person,
    masked,
    person_faults,
    plain_person,
)
from tests.cases.party import TODAY, person


def codes(changed: Person) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in person_faults(plain_person(changed), TODAY)]


def test_a_good_file_is_kept_in_one_form() -> None:
    spaced = replace(
        person(1),
        full_name=unicodedata.normalize("NFD", "  Nguyễn  Thị Mẫu "),
        card_no="40.123 456",
        cv_no="012345/hn",
        citizen_id="001 080 000 001",
        particulars={"hometown": " ", "gender": "Nữ"},
    )
    clean = checked_person(spaced, TODAY)
    assert (clean.full_name, clean.card_no, clean.cv_no, clean.citizen_id) == (
        "Nguyễn Thị Mẫu", "40123456", "012345HN", "001080000001",
    )  # fmt: skip
    assert clean.particulars == {"gender": "Nữ"}
    assert checked_person(clean, TODAY) == clean
    assert checked_person(Person("Y Mẫu"), TODAY) == Person("Y Mẫu")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"card_no": "123456789"}, "card_no", "member-card"),
        ({"card_no": "1234567"}, "card_no", "member-card"),
        ({"card_no": "1234567890123"}, "card_no", "member-card"),
        ({"card_no": "１２３４５６７８"}, "card_no", "member-card"),
        ({"card_no": "1234567a"}, "card_no", "member-card"),
        ({"cv_no": "000000HN"}, "cv_no", "member-cv"),
        ({"cv_no": "12345HN"}, "cv_no", "member-cv"),
        ({"cv_no": "123456"}, "cv_no", "member-cv"),
        ({"cv_no": "123456ABCD"}, "cv_no", "member-cv"),
        ({"citizen_id": "1080000001"}, "citizen_id", "member-citizen-id"),
        ({"citizen_id": "0010800000011"}, "citizen_id", "member-citizen-id"),
        ({"full_name": ""}, "full_name", "member-name"),
        ({"full_name": "12345"}, "full_name", "member-name"),
        ({"full_name": "Nguyễn\x00Văn"}, "full_name", "member-name"),
        ({"full_name": "<script>"}, "full_name", "member-name"),
        ({"full_name": "x" * 101}, "full_name", "member-name"),
        ({"full_name": "\u0301"}, "full_name", "member-name"),
        ({"birth_date": date(1899, 12, 31)}, "birth_date", "member-date"),
        ({"birth_date": date(2005, 5, 1)}, "admission_decision", "member-date-order"),
        ({"admission_date": date(2005, 4, 30)}, "admission_date", "member-date-order"),
        ({"official_date": date(2005, 5, 18)}, "official_date", "member-date-order"),
        ({"official_date": TODAY + timedelta(days=1)}, "official_date", "member-date"),
        ({"died_on": date(2000, 1, 1)}, "died_on", "member-date-order"),
        ({"particulars": {"salary": "1"}}, "salary", "member-field"),
        ({"particulars": {"hometown": "x" * 1001}}, "hometown", "member-text"),
        ({"particulars": {"hometown": "a\ud800"}}, "hometown", "member-text"),
    ],
)
def test_what_cannot_be_true_is_told(change: dict[str, object], field: str, code: str) -> None:
    wrong = replace(person(1), **change)
    assert codes(wrong) == [(field, code)]
    with pytest.raises(PersonUnfit) as fault:
        checked_person(wrong, TODAY)
    assert fault.value.code == code
    assert fault.value.tell


def test_everything_wrong_is_told_at_once() -> None:
    wrong = replace(person(1), card_no="123456789", citizen_id="1", birth_date=TODAY + timedelta(days=1))
    assert [field for field, _ in codes(wrong)] == ["card_no", "citizen_id", "birth_date"]


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_text_breaks_the_check_and_what_passes_passes_again(text: str) -> None:
    wild = Person(text, text, text, text, particulars={"hometown": text, "gender": text})
    if not codes(wild):
        clean = checked_person(wild, TODAY)
        assert checked_person(clean, TODAY) == clean


def test_the_brief_form_keeps_the_name_and_the_end_of_the_card() -> None:
    whole = Member("m", person(1), "a", 1, Sight.FULL)
    brief = masked(whole, Sight.BRIEF)
    assert brief.person == Person(whole.person.full_name, "•••••001", particulars={"gender": "Nam"})
    assert (brief.account_id, brief.sight) == (None, Sight.BRIEF)
    assert masked(whole, Sight.FULL) == whole
    with pytest.raises(ValueError, match="absent"):
        masked(whole, Sight.ABSENT)
