"""Words that truly stand on a scan are marked where they stand, on what our OCR read there; bench/search_boxes.py
measures the whole corpus so.
"""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from language.fold import canonical, fold
from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.geometry import Box
from search.highlight import highlight
from search.plan import parse

pytestmark = pytest.mark.joined
PAGES = Path(__file__).parents[2] / "pages"
TRUTH = json.loads((PAGES / "truth.json").read_text(encoding="utf-8"))


def neighbours(words: list[tuple[str, Box]], size: int) -> list[list[tuple[str, Box]]]:
    """Runs of words that follow each other on a printed line, whichever way the page lies."""
    runs = [words[at : at + size] for at in range(len(words) - size + 1)]

    def close(a: Box, b: Box) -> bool:
        wide, high = abs(b.x0 - a.x0), abs(b.y0 - a.y0)
        return min(wide, high) < 60 and max(wide, high) < 500

    return [run for run in runs if all(close(a, b) for (_, a), (_, b) in pairwise(run))]


@pytest.mark.parametrize(
    "name", ["d022-p2.jpg", "d029-p2.jpg"]
)  # a coarse scan, and one that lies on its side
def test_words_of_the_truth_are_marked_where_they_stand(name: str) -> None:
    page = recognise(PAGES / name, OcrOptions())
    words = [(canonical(word[0]), Box(*word[1:])) for word in TRUTH[name]["words"]]
    asked = good = 0
    for size in (1, 3):
        for run in neighbours(words, size):
            query = " ".join(text for text, _ in run)
            if not all(text.strip(".,;:()").isalpha() for text, _ in run) or len(query) < 3:
                continue
            light = highlight(parse(fold(query)), page)
            if light.match not in ("exact", "folded"):
                continue  # misread: what is close to it is marked, if anything is
            whole = run[0][1]
            for _, box in run[1:]:
                whole = whole.union(box)
            asked += 1
            good += any(box.overlap(whole) >= 0.5 for box in light.boxes)
    assert asked > 150
    assert good >= 0.97 * asked, (good, asked)
