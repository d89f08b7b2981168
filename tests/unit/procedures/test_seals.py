"""Which seal is whose, as a table: by id, code or name of the body, and never another body's."""

from dataclasses import replace
from datetime import date
from unicodedata import normalize

import pytest

from procedures.order import KeyFacts
from procedures.seals import belongs, choose_seal, without_strange_seals
from records.days import Span
from records.errors import ArchiveFault
from records.units import System, Unit, UnitFacts, UnitLevel
from signing.key_table import KeyRole

WARD = Unit(
    "ward",
    System.PARTY,
    UnitFacts(UnitLevel.UPPER, "Đảng bộ phường Sen", "", "ĐU", "38.168"),
    Span(date(2025, 7, 1)),
)
OFFICE = replace(WARD, id="office", facts=UnitFacts(UnitLevel.BODY, "Văn phòng", "", "VP", "", "ward"))


def seal(name: str, unit: str, role: KeyRole = KeyRole.SEAL) -> KeyFacts:
    return KeyFacts(name, role, unit, "")


@pytest.mark.parametrize(
    ("said", "whose"),
    [
        ("ward", "ward"), ("38.168", "ward"), ("38168", "ward"), ("38.168.000.000.000", "ward"),
        ("Đảng bộ phường Sen", "ward"), (normalize("NFD", "Đảng bộ phường Sen "), "ward"),
        ("office", "office"), ("Văn phòng", "office"),
        ("38.169", ""), ("3816", ""), ("Đảng bộ phường", ""), ("Đang bo phuong Sen", ""), ("٣٨", ""), ("", ""),
    ],
)  # fmt: skip
def test_whose_a_seal_is(said: str, whose: str) -> None:
    keys = (seal("a", said), seal("b", "Nơi khác"))
    assert "".join(unit.id for unit in (WARD, OFFICE) if belongs(keys[0], unit, keys)) == whose


def test_a_seal_without_a_body_is_everybodys_only_where_it_is_the_only_one() -> None:
    alone, signs = seal("demo", ""), seal("ky", "ward", KeyRole.OFFICIAL)
    assert belongs(alone, WARD, (alone, signs)) and not belongs(signs, WARD, (alone, signs))
    assert not belongs(alone, WARD, (alone, seal("hai", "ward")))


KEYS = (seal("dau-sen", "ward"), seal("dau-vp", "office"), seal("ky", "ward", KeyRole.OFFICIAL))


@pytest.mark.parametrize(
    ("asked", "units", "told"),
    [
        ("", [WARD], "dau-sen"), ("dau-sen", [WARD], "dau-sen"), ("dau-vp", [WARD], "seal-of-another"),
        ("ky", [WARD], "seal-of-another"), ("khong-co", [WARD], "seal-of-another"), ("", [], "seal-missing"),
        ("", [WARD, OFFICE], "key-choice"), ("dau-vp", [WARD, OFFICE], "dau-vp"),
        ("", [replace(WARD, id="far", facts=replace(WARD.facts, code="", name="Xa"))], "seal-missing"),
    ],
)  # fmt: skip
def test_the_seal_of_the_step_is_taken_and_no_other(asked: str, units: list[Unit], told: str) -> None:
    try:
        found = choose_seal(asked, units, KEYS)
    except ArchiveFault as fault:
        found = fault.code
        assert fault.tell.endswith(".")
    assert found == told


def test_a_clerk_is_offered_the_seals_of_the_own_bodies() -> None:
    assert [key.name for key in without_strange_seals([OFFICE], KEYS)] == ["dau-vp", "ky"]
    assert without_strange_seals([], KEYS) == KEYS  # a house without bodies in its books
