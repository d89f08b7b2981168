"""`vanthu fixity` and `vanthu reconcile` on a data folder with two stores: figures, lists, exit codes."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from boot.house import House, open_house
from boot.rounds import fixity, reconcile, standing_rounds
from boot.settings import Settings, load_settings
from boot.speak import Exit
from boot.wiring import prepare
from storage.mending import Stores
from storage.objects import Side
from storage.paired import PairedStore
from tests.cases.fixity import keep


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VANTHU_COPY_URL", f"file://{tmp_path}/copy")
    for name in ("VANTHU_DATABASE_URL", "VANTHU_BLOBS_URL", "VANTHU_SEARCH_URL"):
        monkeypatch.delenv(name, raising=False)
    made = load_settings(tmp_path / "data")
    prepare(made)
    return made


@pytest.fixture
def house(settings: Settings, tmp_path: Path) -> Iterator[House]:
    with open_house(settings) as opened:
        opened.index.commit()
        assert isinstance(opened.blobs, PairedStore)
        stores = Stores(opened.blobs.first, opened.blobs.copy)
        for number in range(6):
            keep(opened.work, stores, f"pages/00/{number}.jpg", bytes([number]) * 100, tmp_path)
        opened.index.close()
        yield opened


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_sound_archive_is_well(house: House, settings: Settings, capsys) -> None:
    assert fixity(settings, everything=False, as_json=True) is Exit.WELL
    told = lines(capsys)
    assert [(one["pass"], one["objects"]) for one in told] == [("fixity:first", 6), ("fixity:copy", 6)]
    assert reconcile(settings, repair=False, as_json=True) is Exit.WELL
    assert {one["pass"] for one in lines(capsys)} == {
        *(f"reconcile:{what}" for what in ("first", "copy", "intents", "staging", "index")),
        "outbox",
    }


def test_what_cannot_be_mended_is_listed_and_the_answer_is_no(
    house: House, settings: Settings, capsys, tmp_path: Path
) -> None:
    for key in ("0", "1"):
        (settings.data_dir / f"blobs/pages/00/{key}.jpg").unlink()
    (tmp_path / "copy/pages/00/1.jpg").unlink()
    assert fixity(settings, everything=True, as_json=True) is Exit.NO
    told = lines(capsys)
    assert told[-1] | {"reason": ""} == {
        "key": "pages/00/1.jpg",
        "sha256": hashlib.sha256(b"\1" * 100).hexdigest(),
        "size": 100,
        "first": "missing",
        "copy": "missing",
        "reason": "",
    }
    assert told[0]["mended"] == told[0]["lost"] == 1
    assert fixity(settings, everything=False, as_json=False) is Exit.NO
    said = capsys.readouterr().err
    assert "pages/00/1.jpg: kho chính mất, kho bản sao mất" in said
    assert "Không kho nào còn tệp này" in said


def test_a_copy_that_is_not_mounted_is_away(house: House, settings: Settings, capsys, tmp_path: Path) -> None:
    assert fixity(settings, everything=False, as_json=True) is Exit.WELL
    shutil.rmtree(tmp_path / "copy/pages")
    capsys.readouterr()
    assert fixity(settings, everything=True, as_json=False) is Exit.MISSING_TOOL
    assert "chưa có gì bị coi là mất" in capsys.readouterr().err
    assert reconcile(settings, repair=False, as_json=False) is Exit.MISSING_TOOL
    assert reconcile(settings, repair=True, as_json=True) is Exit.WELL
    assert {one["pass"]: one.get("mended") for one in lines(capsys) if "pass" in one}["reconcile:copy"] == 6


def test_differences_are_listed_with_odd_names_made_harmless(
    house: House, settings: Settings, capsys, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(settings.data_dir) + b"/blobs/odd\x1b[31m\xff\n"))
    odd.write_bytes(b"x")
    os.utime(odd, (1, 1))
    for number in range(25):
        path = settings.data_dir / f"blobs/pages/00/stranger{number}"
        path.write_bytes(b"x")
        os.utime(path, (1, 1))
    (tmp_path / "copy/pages/00/3.jpg").unlink()
    assert reconcile(settings, repair=False, as_json=False) is Exit.NO
    said = capsys.readouterr().err
    assert "\x1b[31m" not in said
    assert "… và 6 mục nữa" in said
    assert "mất: copy pages/00/3.jpg" in said
    assert reconcile(settings, repair=True, as_json=True) is Exit.NO, "strangers stay and are told"
    told = lines(capsys)
    assert len([one for one in told if one.get("kind") == "orphan"]) == 26
    assert odd.exists()
    assert (tmp_path / "copy/pages/00/3.jpg").exists()


def test_what_is_lost_on_its_first_day_is_missed_at_once(
    house: House, settings: Settings, tmp_path: Path
) -> None:
    """Fixity does not read it before it is a day old, but the lists are compared; then fixity tries again and again."""
    (tmp_path / "copy/pages/00/3.jpg").unlink()
    for bad in (1, 0):
        some = standing_rounds(house, f"one-{bad}")
        while some.lap():
            pass
        some.stop()
        with house.work.reading() as tx:
            assert tx.objects.count_bad(Side.COPY) == bad


def test_the_standing_rounds_of_a_worker(
    house: House, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boot.rounds._FRESH", timedelta(0))
    (tmp_path / "copy/pages/00/3.jpg").unlink()
    some = standing_rounds(house, "one")
    while some.lap():
        pass
    some.stop()
    with house.work.reading() as tx:
        assert tx.objects.count_bad(Side.COPY) == 0
        assert {one.name for one in tx.passes.all()} == {
            "fixity:first",
            "fixity:copy",
            *(f"reconcile:{what}" for what in ("first", "copy", "intents", "staging", "index", "outbox")),
        }
        assert {one.alarm for one in tx.passes.all()} == {""}
