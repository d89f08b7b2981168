"""What a paper must say before it is drawn: told by the names people know, all at once, and nothing is drawn."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from procedures.papers import kinds as kinds_of
from procedures.papers import layouts, ten_boxes
from procedures.papers.faces import NOTO, fit, load_faces
from procedures.papers.kinds import kind_named, kinds, load_kinds
from procedures.papers.layouts import layout_at, load_layouts
from procedures.papers.sheet import Organ, Signatory, check_sheet
from procedures.papers.ten_boxes import letter_at, load_letters
from records.errors import ArchiveFault, ToolMissing, Unfit
from records.paper_types import type_named
from records.units import System
from tests.cases.sheets import CHAIR, DAY, NOTATIONS, PARTY, a_sheet

FACES = load_faces()


def _refused(sheet) -> Unfit:
    with pytest.raises(Unfit) as fault:
        check_sheet(sheet, FACES)
    return fault.value


@pytest.mark.parametrize("kind", NOTATIONS)
def test_every_missing_answer_is_named_as_people_know_it(kind: str) -> None:
    rules = kind_named(kind, System.PARTY).fields
    for empty in (None, "", "  \t", [], ["", " "]):
        for rule in rules:
            sheet = a_sheet(kind, fields={rule.name: empty})
            if rule.optional:
                check_sheet(sheet, FACES)
                continue
            fault = _refused(sheet)
            assert fault.code == "paper-field-missing"
            assert f"“{rule.label}”" in fault.tell
    nothing = replace(a_sheet(kind), fields={})
    told = _refused(nothing).tell
    assert all((f"“{rule.label}”" in told) != rule.optional for rule in rules)


def test_an_answer_that_no_place_waits_for_is_not_dropped_in_silence() -> None:
    fault = _refused(a_sheet("notice", fields={"bodi": ["Nội dung"]}))
    assert fault.code == "paper-field-unknown"
    assert "bodi" in fault.tell


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("transfer-letter", {"birth_date": "1988-02-30"}),
        ("transfer-letter", {"birth_date": "05/03/1988"}),
        ("transfer-letter", {"birth_date": 5}),
        ("transfer-letter", {"birth_date": datetime(1988, 3, 5)}),
        ("transfer-letter", {"card_no": "123456789"}),
        ("transfer-letter", {"card_no": "1234567\N{ARABIC-INDIC DIGIT EIGHT}"}),
        ("transfer-letter", {"cv_no": "12345"}),
        ("transfer-letter", {"paid_until": "13/2026"}),
        ("transfer-letter", {"to": ["Đảng ủy phường"]}),
        ("notice", {"body": "một đoạn"}),
        ("notice", {"body": [7]}),
        ("notice", {"subject": "kết quả " * 63}),
        ("notice", {"body": ["đoạn văn " * 7_000]}),
        ("notice", {"body": ["x" * 121]}),
        ("notice", {"body": ["x"] * 301}),
        ("residence-comment", {"duties": ["chỉ một"]}),
        ("residence-comment", {"duties": [("nhiệm vụ", " ")]}),
        ("residence-comment", {"duties": [("a", "b", "c")]}),
    ],
)
def test_answers_of_the_wrong_shape(kind: str, fields: dict) -> None:
    fault = _refused(a_sheet(kind, fields=fields))
    assert fault.code == "paper-field-wrong"
    label = next(rule.label for rule in kinds()[kind].fields if rule.name in fields)
    assert f"“{label}”" in fault.tell


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "order"}, "paper-kind-unknown"),
        ({"system": System.STATE, "kind": "transfer-letter"}, "paper-kind-unknown"),
        ({"organ": Organ(" ", "Thừa Hòa")}, "paper-field-missing"),
        ({"organ": replace(PARTY, place="")}, "paper-field-missing"),
        ({"organ": replace(PARTY, name="TỈNH ỦY " * 40)}, "paper-field-wrong"),
        ({"signatory": Signatory("PHÓ BÍ THƯ", "")}, "paper-field-missing"),
        ({"signatory": Signatory("PHÓ BÍ THƯ", "Lê " * 20)}, "paper-field-wrong"),
        ({"signatory": CHAIR}, "paper-authority-wrong"),
        ({"signatory": Signatory("BÍ THƯ", "Lê Quang Ưng", ("T/MBAN THƯỜNG VỤ",))}, "paper-authority-wrong"),
        ({"notation": ""}, "paper-field-missing"),
        ({"notation": "TB-UBND"}, "paper-number-wrong"),
        ({"notation": "TB/VPTU<b>"}, "paper-number-wrong"),
        ({"number": "12a"}, "paper-number-wrong"),
        ({"number": "-3"}, "paper-number-wrong"),
        ({"number": "1234567"}, "paper-number-wrong"),
        ({"number": "l0"}, "paper-number-wrong"),
        ({"urgency": "GẤP"}, "paper-mark-wrong"),
        ({"secrecy": "Mật"}, "paper-mark-wrong"),
        ({"recipients": ("Lưu",) * 61}, "paper-field-wrong"),
        ({"recipients": ("Lưu \N{PILE OF POO}",)}, "paper-letter"),
        ({"fields": {"body": ["Ghi \u202eđảo"]}}, "paper-letter"),
        ({"fields": {"subject": "kết quả 漢"}}, "paper-letter"),
        ({"fields": {"subject": "kết quả\x00"}}, "paper-letter"),
    ],
)
def test_what_a_paper_cannot_be(changed: dict, code: str) -> None:
    kind = changed.pop("kind", "notice")
    system = changed.pop("system", System.PARTY)
    sheet = replace(a_sheet("notice", **changed), kind=kind, system=system)
    fault = _refused(sheet)
    assert fault.code == code
    assert fault.tell.endswith(".")


def test_a_day_before_any_rule() -> None:
    for day, system in ((date(2018, 4, 2), System.PARTY), (date(2020, 3, 4), System.STATE)):
        with pytest.raises(ArchiveFault) as fault:
            layout_at(system, day)
        assert fault.value.code == "layout-not-in-force"
        assert f"{day:%d/%m/%Y}" in fault.value.tell
    with pytest.raises(ArchiveFault):
        letter_at(date(2022, 1, 17))


def test_days_and_months_are_written_as_the_rule_says() -> None:
    state = layout_at(System.STATE, DAY)
    said = {day: state.date_line("Thừa Hòa", day) for day in (date(2026, 2, 9), date(2026, 3, 10))}
    assert list(said.values()) == [
        "Thừa Hòa, ngày 09 tháng 02 năm 2026",
        "Thừa Hòa, ngày 10 tháng 3 năm 2026",
    ]
    assert state.number_line("05", "QĐ-UBND") == "Số: 05/QĐ-UBND"
    assert layout_at(System.PARTY, DAY).number_line("05", "QĐ/TU") == "Số 05-QĐ/TU"


def test_every_kind_is_a_type_of_paper_with_its_rule() -> None:
    for kind in kinds().values():
        assert type_named(kind.type_name) is not None or kind.name == "residence-comment"
        assert len(kind.source) > 10


@pytest.mark.parametrize(
    ("table", "load", "change"),
    [
        (layouts.RULES, load_layouts, ('system = "party"', 'system = "state"')),
        (layouts.RULES, load_layouts, ("{number}/{notation}", "{number}")),
        (layouts.RULES, load_layouts, ("{place}, ngày {day}", "{place}, ngày {day")),
        (layouts.RULES, load_layouts, ("motto = ", "moto = ")),
        (layouts.RULES, load_layouts, ("top = 20", "top = nan")),
        (layouts.RULES, load_layouts, ('checked = "text"', 'checked = "sure"')),
        (layouts.RULES, load_layouts, ("2020-03-05\n", "2020-03-05\neffective_to = 2019-01-01\n")),
        (kinds_of.TABLE, load_kinds, ('name = "notice"', 'name = "decision"')),
        (kinds_of.TABLE, load_kinds, ("notice.html.j2", "none.html.j2")),
        (kinds_of.TABLE, load_kinds, ('as = "day"', 'as = "date"')),
        (kinds_of.TABLE, load_kinds, (r"'^(\d{8}|\d{12})$'", "'('")),
        (kinds_of.TABLE, load_kinds, ('name = "alias"', 'name = "to"')),
        (ten_boxes.TABLE, load_letters, ("number = 3", "number = 4")),
        (ten_boxes.TABLE, load_letters, ("top = 149.0", "top = 145.0")),
        (ten_boxes.TABLE, load_letters, ("left = 109.0", "left = 125.0")),
        (ten_boxes.TABLE, load_letters, ("seal_mm = 36.0", "seal_mm = 45.0")),
    ],
)
def test_a_table_with_a_slip_is_refused_whole(tmp_path: Path, table: Path, load, change: tuple) -> None:
    text = table.read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / table.name
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ArchiveFault) as fault:
        load(path)
    assert fault.value.code in ("layout-rules", "paper-kinds")
    assert "quản trị viên" in fault.value.tell


def test_words_are_never_cut_and_never_run_over() -> None:
    text = "Chi bộ Trung tâm Lưu trữ lịch sử và Phục vụ hành chính công"
    sizes = []
    for width, height in ((120, 20), (60, 20), (40, 12)):
        found = fit((text,), FACES.bold, "Nơi chuyển đến", width=width, height=height, most=12, least=6)
        assert " ".join(found.lines) == text
        assert found.height_mm <= height
        sizes.append(found.pt)
    assert sizes == sorted(sizes, reverse=True)
    for much in (text * 9, "Q" * 90):
        with pytest.raises(ArchiveFault) as fault:
            fit((much,), FACES.bold, "Nơi chuyển đến", width=60, height=12, most=12, least=7)
        assert fault.value.code == "paper-too-long"
        assert "Nơi chuyển đến" in fault.value.tell


def test_no_face_no_paper(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing):
        load_faces((*NOTO[:3], tmp_path / "none.ttf"))
