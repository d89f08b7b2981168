"""The list of TT 05/2025 and the abbreviations of State and Party."""

import unicodedata

import pytest

from records.paper_types import (
    LETTER,
    OTHER,
    TYPES,
    code_for,
    is_abbreviation,
    type_named,
    types_abbreviated,
)


def test_the_list_has_every_code_once_and_every_name_once() -> None:
    coded = [kind.code for kind in TYPES if kind.code != OTHER]
    assert coded == [f"{n:02}" for n in range(1, 32)]
    assert len({kind.name.casefold() for kind in TYPES}) == len(TYPES)
    assert all(unicodedata.is_normalized("NFC", kind.name) for kind in TYPES)


@pytest.mark.parametrize(
    "name", ["Kết luận", "Thông tri", "Chiến lược", "Quy hoạch", "Tuyên bố", "Lời kêu gọi"]
)
def test_party_kinds_without_a_code_keep_their_name_under_khac(name: str) -> None:
    kind = type_named(name.upper())
    assert kind is not None
    assert (kind.name, kind.code) == (name, "32")


def test_names_are_found_in_any_case_and_unicode_form() -> None:
    assert type_named(unicodedata.normalize("NFD", "QUYẾT  ĐỊNH")) == type_named("Quyết định")
    assert type_named("Quyet dinh") is None
    assert (code_for("Sổ tay"), code_for(" "), code_for("Báo cáo")) == ("32", "", "14")


def test_an_abbreviation_does_not_always_decide() -> None:
    assert [kind.code for kind in types_abbreviated("QĐ", party=True)] == ["02", "05"]
    assert [kind.code for kind in types_abbreviated("QĐ", party=False)] == ["02"]
    assert [kind.code for kind in types_abbreviated("QyĐ", party=False)] == ["05"]
    assert [kind.name for kind in types_abbreviated("CTr", party=True)] == ["Chương trình"]
    assert types_abbreviated("XYZ", party=True) == ()
    assert is_abbreviation("KL", party=True)
    assert not is_abbreviation("KL", party=False)


def test_a_letter_has_no_state_abbreviation() -> None:
    assert LETTER.state == ()
    assert LETTER.party == ("CV",)
