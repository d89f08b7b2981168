"""Codes compared on digits, and which body may hang where."""

import doctest
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import units
from records.errors import Unfit
from records.units import (
    LEVEL_NAMES,
    System,
    UnitFacts,
    UnitLevel,
    checked_facts,
    code_key,
    codes_above,
    written_code,
)

CODES = st.from_regex(r"[0-9]{2}(\.[0-9]{3}){0,4}", fullmatch=True).filter(lambda c: c.strip("0."))


def test_examples_in_the_text_are_true() -> None:
    tried = doctest.testmod(units)
    assert tried.attempted
    assert not tried.failed


@given(CODES)
def test_codes_are_the_same_however_they_are_grouped(code: str) -> None:
    key = code_key(code)
    assert key == code_key(code.replace(".", "")) == code_key(f" {code} ") == code_key(written_code(key))
    assert len(key) == 14
    line = codes_above(key)
    assert key not in line
    assert len(set(line)) == len(line)


@pytest.mark.parametrize(
    "code",
    [
        "3",
        "380",
        "38.16",
        "38.168.05",
        "38-168-053",
        "٣٨.168",
        "38.168.053.000.001.002",
        "00",
        "00.000",
        "x",
    ],
)
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(Unfit) as fault:
        code_key(code)
    assert fault.value.code == "unit-code"


def test_names_are_kept_in_one_form() -> None:
    name = unicodedata.normalize("NFD", "  Chi bộ   Tổ Toán ")
    facts = checked_facts(System.PARTY, UnitFacts(UnitLevel.BRANCH, name, code="38168053000001"))
    assert (facts.name, facts.code) == ("Chi bộ Tổ Toán", "38.168.053.000.001")


def test_every_level_has_a_name() -> None:
    assert set(LEVEL_NAMES) == set(UnitLevel)
