"""Both engines on the same reading copies: the one in the process must not be the odd one out."""

from pathlib import Path

import pytest
from rapidfuzz.distance import Levenshtein

from ocr import second_engine
from ocr.options import OcrOptions
from ocr.recognise import recognise

pytestmark = pytest.mark.joined
PAGES = Path(__file__).parents[2] / "pages"


@pytest.mark.parametrize("name", ["d022-p2.jpg", "d029-p2.jpg", "d021-p2.jpg"])
def test_both_engines_read_nearly_the_same(name: str) -> None:
    one = recognise(PAGES / name, OcrOptions())
    two = recognise(PAGES / name, OcrOptions(), engine=second_engine)
    assert (two.rotation, two.skew, two.width, two.height) == (one.rotation, one.skew, one.width, one.height)
    assert two.engine.startswith("tesseract-cli ") and two.engine != one.engine
    assert Levenshtein.normalized_distance(one.text, two.text) < 0.12
    shared = sum(any(a.text == b.text and a.box.overlap(b.box) > 0.7 for b in two.words) for a in one.words)
    assert shared > 0.9 * len(one.words)
