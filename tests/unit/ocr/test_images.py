"""Image files as arrays: every kind of pixels a delivery may hold, however large the sheet."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.images import load_color, load_gray

_HIGH = 1300  # more than two bands, and no whole number of them


def _speckled(mode: str) -> Image.Image:
    pixels = np.random.default_rng(7).integers(0, 256, (_HIGH, 40, 4), dtype=np.uint8)
    full = Image.fromarray(pixels, "RGBA")
    return full if mode == "RGBA" else full.convert(mode)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("RGBA", "png"),
        ("LA", "png"),
        ("P", "png"),
        ("1", "png"),
        ("L", "png"),
        ("RGB", "png"),
        ("CMYK", "tif"),
    ],
)
def test_pixels_converted_by_bands_are_those_of_the_whole(mode: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"page.{suffix}"
    more = {"transparency": 3} if mode == "P" else {}
    _speckled(mode).save(path, **more)
    with Image.open(path) as image:
        if mode in ("RGBA", "LA", "P"):
            laid = image.convert("RGBA")
            paper = Image.new("RGBA", laid.size, "white")
            paper.alpha_composite(laid)
            whole = paper.convert("RGB")
        else:
            whole = image.copy()
    assert np.array_equal(load_gray(path), np.asarray(whole.convert("L")))
    assert np.array_equal(load_color(path), np.asarray(whole.convert("RGB")))


def test_what_is_clear_is_paper(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (30, _HIGH), (0, 0, 0, 0)).save(path)
    assert load_gray(path).min() == 255
    assert load_color(path).shape == (_HIGH, 30, 3)
