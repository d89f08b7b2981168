"""A handful of pages spoilt at random have a sound reading; five hundred: tests/tools/fuzz_reader.py."""

from dataclasses import replace
from pathlib import Path

import pytest

from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.geometry import Box
from tests.tools.fuzz_reader import faults, read_one
from tests.tools.hostile_pages import written


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.png"
    written((620, 877)).save(file, dpi=(75, 75))
    return file


@pytest.mark.parametrize("seed", range(8))
def test_a_page_spoilt_at_random_has_a_sound_reading(page: Path, tmp_path: Path, seed: int) -> None:
    outcome = read_one([page], tmp_path, seed)
    assert outcome.wrong == ""
    assert outcome.done == read_one([page], tmp_path, seed).done


def test_what_is_not_sound_is_told(page: Path) -> None:
    reading = recognise(page, OcrOptions())
    word = reading.words[0]
    assert faults(reading, reading.width, reading.height) == ""
    assert faults(reading, reading.width + 1, reading.height)
    for bad in (
        replace(word, box=Box(600, 0, 630, 20)),
        replace(word, box=Box(-1, 0, 30, 20)),
        replace(word, text=" "),
    ):
        assert faults(replace(reading, words=(bad,)), reading.width, reading.height)
