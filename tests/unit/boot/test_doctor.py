"""The doctor names the key that cannot be opened, and says whether the main job stops without it."""

import json
from pathlib import Path

import pytest

from boot.doctor import _keys, doctor
from boot.settings import load_settings
from boot.speak import Exit
from signing import demo_pki
from tests.cases.sealing import lay_keys


def test_every_key_opens(tmp_path: Path) -> None:
    lay_keys(tmp_path / "keys")
    found = _keys(load_settings(tmp_path))
    assert (found.good, found.told) == (True, "mở được 3 khóa")


def test_before_there_are_keys_nothing_is_broken(tmp_path: Path) -> None:
    found = _keys(load_settings(tmp_path))
    assert (found.good, found.needed, found.hint) == (False, False, "vanthu init")


@pytest.mark.parametrize(
    ("file", "name", "needed"),
    [(demo_pki.OFFICIAL, "demo-official", False), (demo_pki.SEAL, "archive", True)],
)
def test_a_key_that_does_not_open_is_named(tmp_path: Path, file: str, name: str, needed: bool) -> None:
    lay_keys(tmp_path / "keys")
    (tmp_path / "keys" / file).write_bytes(b"x")
    found = _keys(load_settings(tmp_path))
    assert (found.good, found.needed, found.told) == (
        False,
        needed,
        f"không mở được: {name} (keys-unreadable)",
    )


def test_a_table_with_a_wrong_word_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_keys(tmp_path / "keys")
    (tmp_path / "keys" / "keys.toml").write_text("colour = 1")
    assert doctor(load_settings(tmp_path), as_json=True) == Exit.MISSING_TOOL
    told = {one["name"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert "keys.toml" in told["Khóa ký"]["told"]
