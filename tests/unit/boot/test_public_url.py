"""The public address is checked when settings are read, before any paper carries it."""

from pathlib import Path

import pytest

from boot.settings import load_settings
from records.errors import ArchiveFault


def test_the_public_address_is_read_once_and_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VANTHU_PUBLIC_URL", raising=False)
    assert load_settings(tmp_path).public_url == ""
    monkeypatch.setenv("VANTHU_PUBLIC_URL", "https://vanban.example.vn/")
    assert load_settings(tmp_path).public_url == "https://vanban.example.vn"
    monkeypatch.setenv("VANTHU_PUBLIC_URL", "vanban.example.vn")
    with pytest.raises(ArchiveFault) as fault:
        load_settings(tmp_path)
    assert fault.value.code == "bad-settings"
    assert "VANTHU_PUBLIC_URL" in fault.value.tell
