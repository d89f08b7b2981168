"""The code of our sheets: it comes back as it was meant, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import Unfit
from records.separators import MAX_CODE, Follows, Sheet, claims_to_be_ours, code_of, read_code

SHEETS = st.builds(
    Sheet,
    st.sampled_from(Follows),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30),
    st.integers(1, 9999),
)


@given(SHEETS)
def test_a_code_says_what_the_sheet_is_or_is_refused(sheet: Sheet) -> None:
    import unicodedata

    meant = Sheet(sheet.follows, unicodedata.normalize("NFC", sheet.dossier), sheet.serial)
    try:
        code = code_of(sheet)
    except Unfit as fault:
        assert fault.code == "separator-dossier"
        assert "Mã hồ sơ" in fault.tell
        return
    assert len(code) <= MAX_CODE and code.isascii()
    assert read_code(code) == meant


@pytest.mark.parametrize("dossier", ["01.HC.2020", "MAU-01", "30.XDD.2025", "Hồ sơ 12", "A/B-C.1"])
def test_usual_dossiers_fit(dossier: str) -> None:
    assert read_code(code_of(Sheet(Follows.DOSSIER, dossier, 7))) == Sheet(Follows.DOSSIER, dossier, 7)


@given(st.integers(0, 25), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ."))
def test_one_changed_character_is_noticed(place: int, other: str) -> None:
    code = code_of(Sheet(Follows.DOCUMENT, "01.HC.2020", 1))
    changed = code[:place] + other + code[place + 1 :]
    assert (read_code(changed) is not None) == (changed == code)


@pytest.mark.parametrize(
    "foreign",
    [
        "SEP-DA-01.HC.2020-0000001",
        "https://vanban.example.vn/kiem-tra/abc/DEF",
        "VT1",
        "VT1.T.0000.A.ZZZZ",
        "VT2.T.0001.A.ZZZZ",
        "",
        "001201000123|123456789|NGUYEN VAN AN|01011990|Nam|Ha Noi|01012021",
    ],
)
def test_foreign_codes_are_none_of_ours(foreign: str) -> None:
    assert read_code(foreign) is None


def test_a_damaged_code_still_claims_to_be_ours() -> None:
    assert claims_to_be_ours("VT1.T.0001.A.0000")
    assert not claims_to_be_ours("SEP-1")


def test_numbers_no_sheet_can_have_are_our_fault() -> None:
    with pytest.raises(ValueError, match="sheet number"):
        code_of(Sheet(Follows.DOCUMENT, "A", 0))
