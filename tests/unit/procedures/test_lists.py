"""Lists of bodies and members: all of a list or nothing, each fault by its line, the same list twice is one."""

import doctest
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from procedures import office_list
from procedures.member_list import import_members
from procedures.office_list import ListUnfit, read_list
from procedures.unit_list import HEADINGS, Imported, import_units
from records.access import Actor, Role
from records.errors import Unfit
from records.membership import MarkKind, MembershipKind
from records.units import System
from storage.work import Work
from tests.cases.database import TurnedClock, migrated
from tests.cases.party import TODAY

ROOT = Path(__file__).parents[3]
IMPORT = """
import os
from pathlib import Path
from procedures.unit_list import import_units
from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work
folder = Path(os.environ["TEST_FOLDER"])
work = Work(open_tables(f"sqlite:///{folder}/vanthu.db"), SystemClock())
import_units(work, "acc", (folder / "don-vi.csv").read_bytes(), "don-vi.csv")
"""
AUDITOR = Actor("system:audit", "A", frozenset({Role.ADMINISTRATOR}))
UNITS = """Hệ thống;Mã;Tên;Cấp;Viết tắt;Đơn vị cấp trên;Từ ngày;Quyết định
Đảng;38.168.053.000.001;Chi bộ Tổ Toán;Chi bộ;CB;;01/07/2025;QĐ 1
Đảng;;Văn phòng Thành ủy Mẫu;Cơ quan;VPTU;Đảng bộ thành phố Mẫu;01/07/2025;QĐ 1
Đảng;38.168.053;Đảng bộ Trường Sen;Đảng bộ cơ sở;ĐU;;01/07/2025;QĐ 1
Đảng;38.168;Đảng bộ phường Sen;Phường;ĐU;38;01/07/2025;QĐ 1
Đảng;38;Đảng bộ thành phố Mẫu;Thành phố;TU;;01/07/2025;QĐ 1
Nhà nước;;Ủy ban nhân dân phường Sen;Xã, phường;UBND;;01/07/2025;
Nhà nước;;Phòng Văn hóa;Đơn vị;PVH;Ủy ban nhân dân phường Sen;01/07/2025;
"""
MEMBERS = """Họ tên,Mã chi bộ,Số thẻ Đảng viên,Số lý lịch,CCCD,Ngày sinh,Ngày kết nạp,Ngày chính thức,Lực lượng,Quê quán
Nguyễn Văn Mẫu,38168053000001,00000001,000001HN,001080000001,01/01/1980,19/05/2005,19/05/2006,,Xã Mẫu
Trần Thị Mẫu,38.168.053.000.001,,,001080000002,02/02/1985,19/05/2025,,Công an,
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    tables = migrated(tmp_path / "vanthu.db")
    yield Work(tables, TurnedClock())
    tables.dispose()


def units(work: Work, text: str) -> Imported:
    return import_units(work, "acc", text.encode(), "don-vi.csv")


def refused(work: Work, text: str) -> dict[int, str]:
    with pytest.raises(ListUnfit) as fault:
        units(work, text)
    assert fault.value.tell.startswith("don-vi.csv có")
    with work.reading() as tx:
        assert tx.units.all_on(TODAY) == []
    return {one.line: one.code for one in fault.value.faults}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_tree_in_any_order_and_again(work: Work, encoding: str) -> None:
    assert import_units(work, "acc", UNITS.encode(encoding), "don-vi.csv") == Imported(7, 0)
    assert import_units(work, "acc", UNITS.encode(encoding), "don-vi.csv") == Imported(0, 7)
    with work.reading() as tx:
        branch = tx.units.by_code("38.168.053.000.001", TODAY)
        assert branch is not None
        assert [u.name for u in tx.units.above(branch.id, TODAY)] == [
            "Đảng bộ Trường Sen", "Đảng bộ phường Sen", "Đảng bộ thành phố Mẫu"
        ]  # fmt: skip
        state = [u for u in tx.units.all_on(TODAY) if u.system is System.STATE]
        assert {u.facts.parent_id is None for u in state} == {True, False}
        assert branch.span.since == date(2025, 7, 1)
        assert [e.action for e in tx.audit.list(AUDITOR)] == ["units-imported"] * 2


def test_examples_in_the_text_are_true() -> None:
    tried = doctest.testmod(office_list)
    assert tried.attempted
    assert not tried.failed


def test_the_same_list_twice_at_once_is_entered_once(work: Work) -> None:
    ends: list[Imported] = []
    both = [threading.Thread(target=lambda: ends.append(units(work, UNITS))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(end.added for end in ends) == [0, 7]


def test_killed_before_the_commit_nothing_is_entered(work: Work, tmp_path: Path) -> None:
    (tmp_path / "don-vi.csv").write_text(UNITS, encoding="utf-8")
    told = {"VANTHU_CRASHPOINT": "rows-before-commit", "TEST_FOLDER": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", IMPORT], env={**os.environ, **told}, cwd=ROOT)
    assert ended.returncode == -9
    with work.reading() as tx:
        assert tx.units.all_on(TODAY) == []
        assert tx.audit.newest() == 0
    assert units(work, UNITS) == Imported(7, 0)


def test_two_thousand_bodies_at_once(work: Work) -> None:
    lines = ["Mã,Tên,Cấp", "38,Đảng bộ thành phố Mẫu,Tỉnh"]
    for ward in range(1, 101):
        lines.append(f"38.{ward:03d},Đảng bộ phường {ward},Phường")
        for base in range(1, 21):
            lines.append(f"38.{ward:03d}.{base:03d},Đảng bộ cơ sở {ward}-{base},Cơ sở")
    assert units(work, "\n".join(lines)) == Imported(2101, 0)
    with work.reading() as tx:
        city = tx.units.by_code("38", TODAY)
        assert city is not None
        assert len(tx.units.all_on(TODAY, city.id)) == 2100
    assert units(work, "\n".join(lines)) == Imported(0, 2101)


def test_every_fault_is_told_by_its_line_and_nothing_is_entered(work: Work) -> None:
    found = refused(
        work,
        "Mã;Tên;Cấp;Đơn vị cấp trên;Từ ngày\n"
        "38;Đảng bộ thành phố Mẫu;Tỉnh;;\n"
        "38.1;Đảng bộ A;Phường;;\n"
        "\n"
        "38.168;;Phường;;\n"
        "38.169;Đảng bộ B;Huyện;;\n"
        "38.170;Đảng bộ C;Phường;;31/02/2025\n"
        "38;Đảng bộ thành phố Hai;Tỉnh;;\n"
        "38.171;Đảng bộ D;Phường;Đảng bộ Ai;\n"
        "38.172;Đảng bộ E;Phường;39.001;\n"
        "38.173.001.000.001;Chi bộ G;Chi bộ;38.174;\n"
        "38.174;Chi bộ H;Chi bộ;38.174;\n"
        "38.175;Đảng bộ I;Phường;38;01/01/2020\n",
    )
    assert found == {
        3: "unit-code",
        5: "unit-name",
        6: "list-choice",
        7: "list-day",
        8: "unit-code-taken",
        9: "unit-parent",
        10: "unit-parent",
        12: "unit-place",
        11: "unit-place",
        13: "unit-place",
    }


def test_namesakes_under_different_bodies_are_different_bodies(work: Work) -> None:
    text = UNITS + (
        "Nhà nước;;Ủy ban nhân dân phường Lúa;Xã, phường;UBND;;01/07/2025;\n"
        "Nhà nước;;Phòng Văn hóa;Đơn vị;PVH;Ủy ban nhân dân phường Lúa;01/07/2025;\n"
    )
    assert units(work, UNITS) == Imported(7, 0)
    assert units(work, text) == Imported(2, 7)
    assert units(work, text) == Imported(0, 9)
    under = text + "Nhà nước;;Tổ Thư viện;Đơn vị;;Phòng Văn hóa;01/07/2025;\n"
    with pytest.raises(ListUnfit, match="unit-parent"):
        units(work, under)
    twice = text + "Nhà nước;;Phòng Văn hóa;Đơn vị;PVH;Ủy ban nhân dân phường Lúa;01/07/2025;\n"
    with pytest.raises(ListUnfit, match="unit-twice"):
        units(work, twice)


def test_a_list_does_not_rename(work: Work) -> None:
    units(work, UNITS)
    with pytest.raises(ListUnfit, match="unit-differs") as fault:
        units(work, UNITS.replace("Chi bộ Tổ Toán", "Chi bộ Tổ Tự nhiên"))
    assert "Dòng 2" in fault.value.tell
    assert "đổi tên" in fault.value.tell


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "list-empty"),
        (b"\n\n", "list-empty"),
        ("Tên;Cấp\n".encode(), "list-empty"),
        ("Tên;Mã\nx;38\n".encode(), "list-headings"),
        ("Tên;Cấp;Lương\nx;Tỉnh;1\n".encode(), "list-headings"),
        ("Tên;Cấp;Tên\nx;Tỉnh;y\n".encode(), "list-headings"),
        ("Tên;Cấp\nx;Tỉnh;thừa\n".encode(), "list-row"),
        ('Tên;Cấp\n"x;Tỉnh\n'.encode(), "list-row"),
        (b"\xff\xfeT\x00\x00", "list-encoding"),
        (b"PK\x03\x04" + bytes(range(256)) * 20, "list-encoding"),
        (b"x" * (16 * 1024 * 1024 + 1), "list-too-large"),
        (("Tên;Cấp\n" + "x;Tỉnh\n" * 50_001).encode(), "list-too-large"),
        (b"x" * 200_000, "list-row"),
    ],
)
def test_what_is_no_list(data: bytes, code: str) -> None:
    with pytest.raises(Unfit) as fault:
        read_list(data, "tệp.csv", HEADINGS, ("name", "level"))
    assert fault.value.code == code
    assert fault.value.tell.startswith("tệp.csv ")


def test_members_come_with_their_branch_and_the_same_list_again_changes_nothing(work: Work) -> None:
    units(work, UNITS)
    assert import_members(work, "acc", MEMBERS.encode(), "dang-vien.csv") == Imported(2, 0)
    assert import_members(work, "acc", MEMBERS.encode(), "dang-vien.csv") == Imported(0, 2)
    with work.reading() as tx:
        branch = tx.units.by_code("38.168.053.000.001", TODAY)
        assert branch is not None
        assert tx.memberships.count(branch.id, TODAY) == 2
        events = [e for e in tx.audit.list(AUDITOR) if e.action == "member-added"]
        standing = tx.memberships.standing(events[0].object_id)
        assert standing.belongs_to(branch.id, TODAY) == {MembershipKind.OFFICIAL}
        assert standing.marked(MarkKind.POLICE, TODAY)
        told = repr(tx.audit.list(AUDITOR))
    assert "Mẫu" not in told
    assert "001080000001" not in told


def test_one_bad_member_and_nobody_is_entered(work: Work) -> None:
    units(work, UNITS)
    bad = MEMBERS + (
        "Lê Văn Mẫu,38.168.053.000.001,123456789,,,31/02/1980,,,,\n"
        "Lê Văn Hai,38.168.053.000.001,123456789,,1,01/01/1980,,,,\n"
        "Lê Văn Ba,38.168.053.000.009,,,,,,,,\n"
        "Lê Văn Tư,38.168,,,,,,,,\n"
        "Lê Văn Năm,,,,,,,,,\n"
        "Lê Văn Sáu,38.168.053.000.001,00000001,,,,,,,\n"
        "Lê Văn Bảy,38.168.053.000.001,,,,,,,Hải quan,\n"
    )
    with pytest.raises(ListUnfit) as fault:
        import_members(work, "acc", bad.encode(), "dang-vien.csv")
    assert [(one.line, one.code) for one in fault.value.faults] == [
        (4, "list-day"), (5, "member-card"), (5, "member-citizen-id"), (6, "unit-unknown"), (7, "membership-unit"),
        (8, "unit-unknown"), (9, "member-number-taken"), (10, "list-choice"),
    ]  # fmt: skip
    with work.reading() as tx:
        assert not [e for e in tx.audit.list(AUDITOR) if e.action.startswith("member")]
    assert import_members(work, "acc", MEMBERS.encode(), "dang-vien.csv") == Imported(2, 0)
