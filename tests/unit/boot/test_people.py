"""The words `units` and `members` on a real data folder: what they print, and that a bad list ends with code 3."""

import json
from pathlib import Path

import pytest

from boot.cli import run
from boot.settings import load_settings
from boot.speak import Exit
from boot.wiring import prepare

UNITS = "Mã;Tên;Cấp\n38;Đảng bộ thành phố Mẫu;Tỉnh\n38.168.053;Chi bộ Trạm Sen;Chi bộ cơ sở\n"
MEMBERS = "Họ tên;Mã chi bộ;Số thẻ\nNguyễn Văn Mẫu;38.168.053;00000001\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    prepare(load_settings(folder))
    return folder


def test_lists_are_taken_in_and_shown(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "don-vi.csv").write_text(UNITS, encoding="utf-8")
    (tmp_path / "dang-vien.csv").write_text(MEMBERS, encoding="utf-8")
    base = ["--data-dir", str(archive)]
    assert run([*base, "units", "import", str(tmp_path / "don-vi.csv"), "--json"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out) == {"added": 2, "known": 0}
    assert run([*base, "units", "list"]) == Exit.WELL
    assert capsys.readouterr().out.splitlines() == [
        "38\tTỉnh, thành phố\tĐảng bộ thành phố Mẫu",
        "38.168.053\tCơ sở\tChi bộ Trạm Sen",
    ]
    assert run([*base, "units", "list", "--on", "2000-01-01", "--json"]) == Exit.WELL
    assert capsys.readouterr().out == ""
    for told in ("Đã nhập 1 đảng viên; 0 đã có sẵn.", "Đã nhập 0 đảng viên; 1 đã có sẵn."):
        assert run([*base, "members", "import", str(tmp_path / "dang-vien.csv")]) == Exit.WELL
        assert told in capsys.readouterr().err


def test_a_bad_list_is_told_by_line_and_ends_with_its_code(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sai.csv").write_text(MEMBERS.replace("00000001", "123456789"), encoding="utf-8")
    assert run(["--data-dir", str(archive), "members", "import", str(tmp_path / "sai.csv")]) == Exit.REFUSED
    told = capsys.readouterr().err
    assert "Dòng 2: Số thẻ đảng viên “123456789” có 9 chữ số" in told
    assert "list-unfit" in told
    assert run(["--data-dir", str(archive), "units", "import", str(tmp_path / "khong-co.csv")]) == Exit.USAGE
