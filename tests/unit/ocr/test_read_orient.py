import numpy as np
import pytest

from ocr.images import load_gray, turned
from ocr.orient import skew_at, survey
from ocr.prepare import reading_copy


def test_every_turn_of_every_page_is_seen(any_page) -> None:
    image = load_gray(any_page.path)
    for more in (0, 90, 180, 270):
        seen = survey(turned(image, more), any_page.dpi)
        assert seen.sure
        assert (any_page.rotation + more + seen.turn) % 360 == 0
        assert seen.skew == pytest.approx(any_page.skew, abs=0.12)


@pytest.mark.parametrize("lean", [-9.5, -6, -3, -1, 0.4, 2, 5, 8, 9.5])
def test_skew_up_to_ten_degrees_is_measured(small_page, lean: float) -> None:
    image = load_gray(small_page.path)
    leaning = reading_copy(image, 0, -lean, 1.0).image  # straightening by -lean leans the page by lean
    seen = survey(leaning, small_page.dpi)
    assert seen.turn == 0
    assert seen.skew == pytest.approx(small_page.skew + lean, abs=0.15)
    assert skew_at(leaning, small_page.dpi, 0) == seen.skew


def test_resolution_may_be_told_wrong(small_page) -> None:
    image = load_gray(small_page.path)
    for told in (30, 100, 300, 600, 2400):
        seen = survey(image, told)
        assert seen.turn == 0 and seen.sure
        assert seen.letter_height == pytest.approx(survey(image, 150).letter_height, rel=0.3)


def test_blank_black_noise_and_tiny_images_are_no_evidence() -> None:
    for image in (
        np.full((1700, 1200), 255, np.uint8),
        np.zeros((1700, 1200), np.uint8),
        np.full((1, 1), 255, np.uint8),
        np.full((3, 900), 0, np.uint8),
        np.eye(300, dtype=np.uint8) * 255,
    ):
        assert not survey(image, 150).sure


def test_noise_never_counts_as_a_clear_turn() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (900, 700), dtype=np.uint8)
    assert not survey(noise, 100).sure
