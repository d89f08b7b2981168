"""Which files a person means: named ones always, folders in natural order, nothing that lies beside the scans."""

from pathlib import Path

import pytest

from boot.inputs import gather
from boot.settings import load_settings
from records.errors import ArchiveFault


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_is_walked_in_natural_order_and_lists_are_left_aside(tmp_path: Path) -> None:
    touch(tmp_path, "a/IMG_10.jpg", "a/IMG_2.JPG", "b.pdf", "danh_muc.csv", ".trash/c.jpg", "Thumbs.db")
    (tmp_path / "khong-duoi").write_bytes(b"%PDF-1.7")
    taken, aside = gather((tmp_path,))
    assert [i.relative for i in taken] == ["a/IMG_2.JPG", "a/IMG_10.jpg", "b.pdf", "khong-duoi"]
    assert {p.name for p in aside} == {"danh_muc.csv", "c.jpg", "Thumbs.db"}


def test_a_named_file_is_always_handed_in(tmp_path: Path) -> None:
    touch(tmp_path, "ghi-chu.txt")
    taken, aside = gather((tmp_path / "ghi-chu.txt",))
    assert [i.relative for i in taken] == ["ghi-chu.txt"]
    assert aside == []


def test_two_inputs_of_one_name_keep_apart(tmp_path: Path) -> None:
    touch(tmp_path, "x/1.jpg", "y/1.jpg")
    taken, _ = gather((tmp_path / "x" / "1.jpg", tmp_path / "y" / "1.jpg"))
    assert len({i.relative for i in taken}) == 2


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "ngoai.jpg", "lo/trong.jpg")
    (tmp_path / "lo" / "link.jpg").symlink_to(tmp_path / "ngoai.jpg")
    taken, aside = gather((tmp_path / "lo",))
    assert [i.relative for i in taken] == ["trong.jpg"]
    assert [p.name for p in aside] == ["link.jpg"]


def test_settings_refuse_nonsense(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VANTHU_DATA_DIR", str(tmp_path / "có dấu cách"))
    settings = load_settings()
    assert settings.database.url == f"sqlite:///{tmp_path}/có dấu cách/vanthu.db"
    assert settings.workers >= 1
    monkeypatch.setenv("VANTHU_PORT", "0")
    with pytest.raises(ArchiveFault) as caught:
        load_settings()
    assert caught.value.code == "bad-settings"
    assert "port" in caught.value.tell
