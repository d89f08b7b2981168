"""Procedures as files: ours are whole, and every kind of slip in one is told with its place when it is read."""

from datetime import date
from pathlib import Path

import pytest

from procedures.definition import MoveKind
from procedures.definition_read import FOLDER, read_definition, read_definitions
from records.errors import ArchiveFault, Missing
from tests.cases.procedure_world import DEFINITIONS

CODES = {"official-transfer", "temporary-transfer", "residence-comment", "outgoing-document"}
OFFICIAL = (FOLDER / "official-transfer.toml").read_text(encoding="utf-8")


def test_the_four_procedures_are_in_force() -> None:
    assert {one.code for one in DEFINITIONS.all()} == CODES
    for code in CODES:
        assert DEFINITIONS.in_force(code, date(2026, 11, 23)).code == code
    with pytest.raises(Missing) as fault:
        DEFINITIONS.in_force("official-transfer", date(2025, 6, 30))
    assert fault.value.code == "procedure-not-in-force"
    with pytest.raises(ArchiveFault) as gone:
        DEFINITIONS.get("official-transfer", 2)
    assert gone.value.code == "procedure-gone"


@pytest.mark.parametrize("code", sorted(CODES))
def test_people_are_told_in_vietnamese(code: str) -> None:
    one = DEFINITIONS.get(code, 1)
    for field in one.fields.values():
        assert field.tell.endswith(".")
        assert field.tell != field.label
    for state in one.states.values():
        assert state.end or state.next_step


def test_army_and_police_are_out_of_scope_of_every_procedure_about_members() -> None:
    for one in DEFINITIONS.all():
        if one.about_member:
            assert {left_out.code for left_out in one.out_of_scope} == {"army", "police"}
            for move in one.openings():
                assert "in-scope" in {rule.name for rule in move.guards}, (one.code, move.code)


def test_every_approval_about_a_member_is_closed_to_that_member() -> None:
    for one in DEFINITIONS.all():
        for move in one.moves.values():
            if one.about_member and {"official", "hop"} & set(move.signs) and move.kind is MoveKind.FORWARD:
                assert "not-own" in {rule.name for rule in move.guards}, (one.code, move.code)


SLIPS = [
    ('code = "official-transfer"\nversion = 1', 'code = "official-transfer"\nversion = "1"', "version"),
    ('about_member = true', 'about_member = "yes"', "about_member"),
    ("effective_from = 2025-07-01", "effective_from = 2025-07-01\neffective_until = 2025-06-01", "effective_until"),
    ("effective_from = 2025-07-01", 'effective_from = "2025-07-01"', "date"),
    ('source = "294-QĐ/TW 26/5/2025; 4192', 'sauce = "294-QĐ/TW 26/5/2025; 4192', "source"),
    ('grade = "S"', 'grade = "A"', "grade"),
    ('to = "closed"', 'to = "heaven"', "heaven"),
    ('by = ["officer@receiving-base", "secretary@receiving-base"]', 'by = ["officer"]', "officer"),
    ('by = ["officer@receiving-base", "secretary@receiving-base"]', 'by = ["king@receiving-base"]', "king"),
    ('by = ["officer@receiving-base", "secretary@receiving-base"]', 'by = ["officer@moon"]', "moon"),
    ('by = ["officer@receiving-base", "secretary@receiving-base"]', "by = []", "by"),
    ('"no-inspection", "late-reason:start:late_reason"', '"no-inspektion"', "no-inspektion"),
    ("late-reason:start:late_reason", "late-reason:begin:late_reason", "begin"),
    ("late-reason:start:late_reason", "late-reason:start", "arguments"),
    ("fill-box:sending-base", "fill-box:sending-moon", "sending-moon"),
    ("open-paper:letter", "open-paper:lettre", "lettre"),
    ('signs = ["hop"]', 'signs = ["unofficial"]', "unofficial"),
    ('title = "Trả lại đảng viên bổ sung"\nkind = "return"', 'title = "Trả lại"\nkind = "back"', "kind"),
    (
        'from = ["submitted", "branch-review"]\nto = "draft"\nby = ["secretary@sending-branch"]\ncomment = true',
        'from = ["submitted", "branch-review"]\nto = "draft"\nby = ["secretary@sending-branch"]',
        "comment",
    ),
    (
        'from = ["submitted", "branch-review"]\nto = "draft"',
        'from = ["submitted", "branch-review"]\nto = "in-transit"',
        "does not come before",
    ),
    ('title = "Lưu bản khai"\nkind = "edit"', 'title = "Lưu bản khai"\nkind = "edit"\nto = "draft"', "edit"),
    ('[[state]]\ncode = "rejected"', '[[state]]\ncode = "lost"\ntitle = "Lạc"\n\n[[state]]\ncode = "rejected"', "lost"),
    ('title = "Đang khai"\nnext = "Đảng viên khai đủ hồ sơ rồi gửi chi bộ nơi đi"', 'title = "Đang khai"', "next"),
    ('title = "Hoàn thành"\nend = true', 'title = "Hoàn thành"\nnext = "x"', "no way to an end"),
    ('from = ["draft", "submitted", "branch-review"]\nto = "withdrawn"', 'from = ["closed"]\nto = "withdrawn"', "end"),
    ("days = 60", "days = 0", "days"),
    ("days = 60", "days = -60", "days"),
    ('from_field = "decision_date"', 'from_field = "reason"', "reason"),
    ('from_field = "decision_date"', 'from_field = "decision_date"\nfrom_paper = true', "counts from"),
    ('in = ["draft"]', 'in = ["drift"]', "drift"),
    ('unit = "working"', 'unit = "lunar"', "unit"),
    ("pattern = '[0-9]{8}|[0-9]{12}'", "pattern = '([0-9]{8}'", "pattern"),
    ("longest = 100", "longest = 0", "longest"),
    ('kind = "month"', 'kind = "moon"', "kind"),
    ('not_after = "today"', 'not_after = "tomorrow"', "tomorrow"),
    ('value = "retired"', 'wert = "retired"', "value"),
    ('[[body]]\ncode = "sending-base"', '[[body]]\ncode = "sending-branch"', "twice"),
    ('code = "take"', 'code = "submit"', "twice"),
    ('profile = "hop-seal", by', 'profile = "wax", by', "wax"),
    ("[procedure]", "[procedure]\nmore = 1", "more"),
    ("[procedure]", "extra = 1\n[procedure]", "extra"),
    ("[procedure]", "[procedure", "official"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"), SLIPS, ids=[f"{n}-{slip[2]}" for n, slip in enumerate(SLIPS)]
)
def test_a_slip_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in OFFICIAL
    path = tmp_path / "official.toml"
    path.write_text(OFFICIAL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ArchiveFault) as fault:
        read_definition(path)
    assert fault.value.code == "procedure-data"
    assert told in str(fault.value)


def test_two_versions_are_never_in_force_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text(OFFICIAL, encoding="utf-8")
    second.write_text(OFFICIAL, encoding="utf-8")
    with pytest.raises(ArchiveFault, match="twice"):
        read_definitions(tmp_path)
    later = OFFICIAL.replace("version = 1", "version = 2", 1)
    second.write_text(later, encoding="utf-8")
    with pytest.raises(ArchiveFault, match="at once"):
        read_definitions(tmp_path)
    second.write_text(
        later.replace("effective_from = 2025-07-01", "effective_from = 2027-01-01", 1), encoding="utf-8"
    )
    with pytest.raises(ArchiveFault, match="at once"):
        read_definitions(tmp_path)
    ended = OFFICIAL.replace(
        "effective_from = 2025-07-01", "effective_from = 2025-07-01\neffective_until = 2026-12-31", 1
    )
    first.write_text(ended, encoding="utf-8")
    both = read_definitions(tmp_path)
    assert both.in_force("official-transfer", date(2026, 12, 31)).version == 1
    assert both.in_force("official-transfer", date(2027, 1, 1)).version == 2


def test_an_empty_folder_is_no_set_of_procedures(tmp_path: Path) -> None:
    with pytest.raises(ArchiveFault):
        read_definitions(tmp_path)
