"""Numbers of real papers (all public) and the laws of reading and comparing them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.numbers import (
    DocumentNumber,
    Likeness,
    find_numbers,
    likeness,
    normalise_number,
    number_key,
    parse_number,
    tidy,
)

REAL = (
    "33/2024/QH15 117/2025/QH15 29/2018/QH14 30/2020/NĐ-CP 68/2024/NĐ-CP 05/2025/TT-BNV 02/2019/TT-BNV "
    "28/2018/QĐ-TTg 20/2020/QĐ-TTg 01-QĐ/TW 210-QĐ/TW 338-QĐ/TW 05-QĐ/BCĐTW 08-QĐi/TW 51-CT/TW 76-KL/TW 36-HD/VPTW "
    "12-HD/BTCTW 26-HD/BTGDVTW 14748-CV/VPTW 141-CV/VPTW/nb 17-KH/BCĐ 251-KH/TU 31-QĐ/TU 4192-QĐ/BTCTW 57-NQ/TW "
    "2051/QĐ-BTC 43/KH-UBND 515/TTLTLS-NC 55-TN/KH 15/TTr"
).split()


def read(text: str) -> DocumentNumber:
    number = parse_number(text)
    assert number is not None, text
    return number


@pytest.mark.parametrize("text", REAL)
def test_a_real_number_is_read_and_written_back(text: str) -> None:
    number = read(text)
    assert number.text == text
    assert text.startswith(number.number)
    assert number.notation and text.endswith(number.notation)
    assert read(unicodedata.normalize("NFD", text)) == number
    assert [found.number for found in find_numbers(f"Căn cứ Công văn số {text}, ngày 24/5/2025;")] == [number]


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("Số: 43/KH-UBND ", "43/KH-UBND"),
        ("Số 1593-CV/TU", "1593-CV/TU"),
        ("số: 269 – QĐ/TW", "269-QĐ/TW"),
        ("Số 12 — HD / BTCTW.", "12-HD/BTCTW"),
        ("So 43 / KH - UBND", "43/KH-UBND"),
        ("Số 1O3-CV/ĐU", "103-CV/ĐU"),
        ("Số: 4l/KH-UBND", "41/KH-UBND"),
        ("Số 238-GT/ĐÐU", "238-GT/ĐU"),  # one Đ given twice, once as the Icelandic letter
        ("238-GT/ÐU", "238-GT/ĐU"),
    ],
)
def test_slips_and_spacing(printed: str, text: str) -> None:
    assert read(printed).text == text
    assert normalise_number(printed) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12/3",
        "19/10/2021",
        "5/2024",
        "04-7-2019",
        "Số: 2208",
        "O/KH-UBND",
        "lO-CV/TU",
        "24/7",
        "3/xã",
        "x" * 5000,
        "Số và ký hiệu HS:",
        "2022–2025, Hội",
        "43/KH-UBND và 44/KH-UBND",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_slips_count_in_the_digits_only() -> None:
    assert read("10/TO-OIl").notation == "TO-OIl"


def test_qd_is_two_kinds_in_party_notation_and_one_in_state_notation() -> None:
    assert [kind.name for kind in read("338-QĐ/TW").types] == ["Quyết định", "Quy định"]
    assert [kind.name for kind in read("08-QĐi/TW").types] == ["Quy định"]
    assert [kind.name for kind in read("2051/QĐ-BTC").types] == ["Quyết định"]
    assert read("515/TTLTLS-NC").types == ()


def test_the_central_and_the_provincial_suffix_are_never_taken_for_one_another() -> None:
    central, spelt, provincial = read("338-QĐ/TW"), read("338-QĐ/TƯ"), read("338-QĐ/TU")
    assert likeness(central, spelt) is Likeness.SAME
    assert likeness(central, provincial) is Likeness.MAYBE
    assert likeness(spelt, provincial) is Likeness.MAYBE
    assert likeness(read("12-HD/VPTW"), read("12-HD/VPTU")) is Likeness.MAYBE


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("01-QĐ/TW", "1-QĐ/TW", Likeness.SAME),
        ("149-TB/ĐU", "149-TB/DU", Likeness.MAYBE),
        ("149-TB/ĐU", "148-TB/ĐU", Likeness.DIFFERENT),
        ("43/KH-UBND", "43-KH/UBND", Likeness.DIFFERENT),
        ("30/2020/NĐ-CP", "30/2021/NĐ-CP", Likeness.DIFFERENT),
        ("141-CV/VPTW/nb", "141-CV/VPTW", Likeness.DIFFERENT),
    ],
)
def test_likeness(one: str, other: str, expected: Likeness) -> None:
    assert likeness(read(one), read(other)) is likeness(read(other), read(one)) is expected


def test_the_key_of_a_paper_holds_its_date() -> None:
    number = read("12-HD/BTCTW")
    first = number_key(number, "Ban Tổ chức Trung ương", "2012-05-17")
    assert first != number_key(number, "Ban Tổ chức Trung ương", "2022-01-18")
    assert first == number_key(read("012-HD/BTCTW"), "BAN TỔ CHỨC  TRUNG ƯƠNG", "2012-05-17")


_NUMBERS = st.builds(
    lambda n, kind, issuer, party: f"{n}-{kind}/{issuer}" if party else f"{n}/{kind}-{issuer}",
    st.integers(1, 99999),
    st.sampled_from(["QĐ", "KH", "TTr", "CV", "BC", "CTr"]),
    st.sampled_from(["TW", "TU", "ĐU", "UBND", "VPTW", "BTCTU", "TTLTLS"]),
    st.booleans(),
)


@given(_NUMBERS, st.sampled_from(["", " ", "  "]), st.sampled_from(["", "Số ", "Số: ", "số:"]))
def test_spacing_and_lead_do_not_change_a_number(text: str, space: str, lead: str) -> None:
    loose = lead + text.replace("-", f"{space}–{space}").replace("/", f"{space}/{space}")
    assert read(loose) == read(text)
    assert normalise_number(normalise_number(loose)) == normalise_number(loose)


@given(_NUMBERS, _NUMBERS)
def test_likeness_is_symmetric_and_the_same_as_itself(one: str, other: str) -> None:
    assert likeness(read(one), read(one)) is Likeness.SAME
    assert likeness(read(one), read(other)) is likeness(read(other), read(one))


@given(st.text(max_size=200))
def test_any_text_can_be_asked(text: str) -> None:
    found = find_numbers(text)
    clean = tidy(text)
    assert all(0 <= item.start < item.end <= len(clean) for item in found)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    normalise_number(text)
    parse_number(text)
