"""How a number is written: as the rule of the day says, and so that our own reader reads it back."""

from datetime import date
from pathlib import Path

import pytest

from procedures.number_rules import RULES, Notation, book_at, load_rules, rule_at
from records.errors import ArchiveFault, Unfit
from records.numbers import parse_number
from records.paper_types import types_abbreviated
from records.units import System

DAY = date(2026, 11, 23)
STATE, PARTY = rule_at(System.STATE, DAY), rule_at(System.PARTY, DAY)


@pytest.mark.parametrize(
    ("rule", "number", "kind", "notation", "written"),
    [
        (PARTY, 1593, "Công văn", Notation("TU"), "1593-CV/TU"),
        (PARTY, 141, "Công văn", Notation("VPTW", internal=True), "141-CV/VPTW/nb"),
        (PARTY, 1, "Quy định", Notation("TW"), "01-QĐ/TW"),
        (PARTY, 4192, "Quyết định", Notation("BTCTW"), "4192-QĐ/BTCTW"),
        (STATE, 12, "Quyết định", Notation("UBND"), "12/QĐ-UBND"),
        (STATE, 9, "Quy định", Notation("UBND"), "09/QyĐ-UBND"),
        (STATE, 515, "Công văn", Notation("TTLTLS", drafter="NC"), "515/TTLTLS-NC"),
        (STATE, 7, "Công văn", Notation(" UBND "), "07/UBND"),
    ],
)
def test_written_as_on_real_papers(rule, number, kind, notation, written) -> None:
    assert rule.write(number, kind, notation) == written


@pytest.mark.parametrize("rule", load_rules().rule, ids=lambda rule: rule.system.value)
def test_whatever_we_write_our_reader_reads_back(rule) -> None:
    for kind, code in rule.types.items():
        for number in (1, 9, 10, 1593, 999_999):
            read = parse_number("Số: " + rule.write(number, kind, Notation("ĐU")))
            assert read is not None
            assert (read.form, int(read.number)) == (rule.system.value, number)
            meant = types_abbreviated(read.type, party=rule.system is System.PARTY)
            assert not code or kind in [one.name for one in meant]


def test_state_abbreviations_name_one_type_each() -> None:
    """Số and ký hiệu together are unique in a year (NĐ 30/2020, Điều 15), so no two types may be written alike."""
    assert len(set(STATE.types.values())) == len(STATE.types)


@pytest.mark.parametrize(
    "notation",
    [
        Notation(""),
        Notation("tu"),
        Notation("T U"),
        Notation("TU/nb"),
        Notation("=1"),
        Notation("TU" * 40),
        Notation("TU", drafter="NC"),  # the Party names no drafter
        Notation("TU\u202e"),
        Notation("../etc"),
    ],
)
def test_a_notation_nobody_could_read_is_refused(notation: Notation) -> None:
    with pytest.raises(Unfit) as fault:
        PARTY.write(1, "Công văn", notation)
    assert fault.value.code == "notation-unfit"


def test_a_notation_of_the_other_system_is_refused() -> None:
    for notation, kind in [
        (Notation("UBND", internal=True), "Công văn"),
        (Notation("UBND", "NC"), "Quyết định"),
    ]:
        with pytest.raises(Unfit):
            STATE.write(1, kind, notation)


def test_types_are_known_by_name_not_by_abbreviation() -> None:
    assert PARTY.type_called("quyết  ĐỊNH") == "Quyết định"
    for name in ("QĐ", "", "Kết luận", "Nghị định"):
        with pytest.raises(Unfit) as fault:
            STATE.type_called(name)
        assert fault.value.code == "type-without-number"


def test_no_rule_no_number() -> None:
    with pytest.raises(ArchiveFault) as fault:
        rule_at(System.STATE, date(2019, 1, 1))
    assert fault.value.code == "numbering-not-in-force"
    assert "01/01/2019" in fault.value.tell


def test_the_register_has_the_ten_columns_of_the_form_in_order() -> None:
    for system in System:
        assert [column.field for column in book_at(system, DAY).columns] == [
            "written", "day", "subject", "signer", "recipients", "keeper", "copies", "sent_on", "received_by", "note",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("there", "instead", "why"),
    [
        ('period = "year"', 'period = "month"', "period"),
        ("digits = 2", "digits = 0", "digits"),
        ("digits = 2", "digits = 2\nwidth = 3", "width"),
        ('"{number}-{type}/{issuer}"', '"{number}-{type}"', "issuer"),
        ('"{number}-{type}/{issuer}"', '"{number}-{type/{issuer}"', "written"),
        ('"{number}-{type}/{issuer}"', '"{number}-{type}/{issuer}{number}"', "once"),
        ('"Nghị quyết" = "NQ"', '"Nghi quyet" = "NQ"', "Nghi quyet"),
        ("effective_from = 2018-04-03", "effective_from = 2018-04-03\neffective_to = 2018-04-02", "ends"),
        ('system = "party"', 'system = "state"', "two rules at once"),
        ('field = "note"', 'field = "noet"', "noet"),
        ("[[rule]]", "[[rule", "numbering.toml"),
    ],
)
def test_rules_that_make_no_sense_are_refused_whole(
    tmp_path: Path, there: str, instead: str, why: str
) -> None:
    path = tmp_path / "numbering.toml"
    text = RULES.read_text(encoding="utf-8")
    assert there in text
    path.write_text(text.replace(there, instead), encoding="utf-8")
    with pytest.raises(ArchiveFault, match=why) as fault:
        load_rules(path)
    assert fault.value.code == "numbering-rules"
    with pytest.raises(ArchiveFault):
        load_rules(tmp_path / "none.toml")
