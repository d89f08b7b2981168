"""Pages whose layout loses words (forms, turned lists, seals over signatures), drawn here and never tuned on."""

import random
from pathlib import Path

import pytest

from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.geometry import Box
from records.page import PageText
from tests.tools.layout_pages import LAYOUTS, Sheet, scanned

pytestmark = pytest.mark.joined


def read(layout: str, folder: Path) -> tuple[PageText, list[tuple[str, Box]]]:
    """Draw one page of a layout, read it, and return the reading and what truly stands there."""
    chance = random.Random(f"joined {layout}")
    draw, skew = LAYOUTS[layout]
    sheet = Sheet()
    draw(sheet, chance)
    image, lines = scanned(sheet, skew, chance)
    path = folder / f"{layout}.png"
    image.save(path, dpi=(300, 300), compress_level=1)
    return recognise(path, OcrOptions()), [
        (w["text"], Box(*w["box"])) for line in lines for w in line["words"]
    ]


@pytest.mark.parametrize("layout", ["form-left", "table-right", "letter"])
def test_words_that_the_layout_analysis_loses_are_read(layout: str, tmp_path: Path) -> None:
    page, truth = read(layout, tmp_path)
    assert (page.rotation, page.skew) == (0, pytest.approx(LAYOUTS[layout][1], abs=0.15))
    seen = [
        any(word.text == text and word.box.overlap(box) > 0.3 for word in page.words) for text, box in truth
    ]
    # of the form the layout analysis alone gives hardly half
    assert sum(seen) >= 0.8 * len(truth), [
        text for (text, _), right in zip(truth, seen, strict=True) if not right
    ]
    assert any(w.trace and w.trace.reader == "second" for w in page.words)
    assert not any(set(word.text) <= set("|_") for word in page.words)
    assert [region.kind for region in page.regions].count("seal") >= 1
