"""What every recognition engine must do. A new one inherits this and supplies `engine` and `options`."""

from pathlib import Path

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from ingest.recognise import reading_key
from ocr.engine import NUMERALS, Engine, models
from ocr.engines import engine_for
from ocr.images import Gray, load_gray
from ocr.options import OcrOptions
from ocr.recognise import engine_version, recognise
from records.errors import ToolMissing

PAGES = Path(__file__).parents[1] / "pages"


@pytest.fixture(scope="module")
def heading() -> Gray:
    """The upper part of an upright page at 150 dpi: quick to read, words enough."""
    return load_gray(PAGES / "d022-p2.jpg")[:420]


class EngineCases:
    """`options` names the engine."""

    options: OcrOptions

    @property
    def engine(self) -> Engine:
        return engine_for(self.options)

    def test_words_come_in_order_with_boxes_and_confidence(self, heading: Gray) -> None:
        found = self.engine.read(heading, self.options, 150)
        assert len(found) > 15
        for word in found:
            assert word.text and not any(c.isspace() for c in word.text)
            assert 0 <= word.x0 < word.x1 <= heading.shape[1] and 0 <= word.y0 < word.y1 <= heading.shape[0]
            assert 0.0 <= word.confidence <= 1.0
            assert word.trace is not None and word.trace.engine == word.confidence
        assert [word.line for word in found] == sorted(word.line for word in found)
        for line in {word.line for word in found}:
            lefts = [word.x0 for word in found if word.line == line]
            assert lefts == sorted(lefts)

    def test_the_same_pixels_give_the_same_words(self, heading: Gray) -> None:
        first = self.engine.read(heading, self.options, 150)
        self.engine.read(np.ascontiguousarray(heading[:, ::-1]), self.options, 150)
        assert self.engine.read(heading, self.options, 150) == first

    def test_the_reference_engine_reads_nearly_the_same(self, heading: Gray) -> None:
        ours = " ".join(word.text for word in self.engine.read(heading, self.options, 150))
        reference = engine_for(OcrOptions()).read(heading, OcrOptions(), 150)
        assert Levenshtein.normalized_distance(ours, " ".join(word.text for word in reference)) < 0.12

    def test_one_block_reads_what_stands_in_lines(self, heading: Gray) -> None:
        block = OcrOptions(engine=self.options.engine, block=True)
        assert len(self.engine.read(heading, block, 150)) > 15

    @pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (200, 200)])
    def test_nothing_to_read_is_no_word(self, shape: tuple[int, int]) -> None:
        assert self.engine.read(np.full(shape, 255, np.uint8), self.options) == []

    def test_a_number_is_read_as_digits_and_words_are_words_afterwards(self, heading: Gray) -> None:
        before = self.engine.read_line(heading[:60], self.options)
        numbers = self.engine.read_number(heading[:60], self.options)
        assert all(set(word.text) <= set(NUMERALS) for word in numbers)
        assert self.engine.read_line(heading[:60], self.options) == before

    def test_a_missing_model_names_what_to_install(self, heading: Gray, tmp_path: Path) -> None:
        lacking = OcrOptions(engine=self.options.engine, tessdata=str(tmp_path))
        with pytest.raises(ToolMissing) as fault:
            self.engine.read(heading, lacking)
        assert "apt install" in fault.value.tell
        with pytest.raises(ToolMissing):
            self.engine.version(lacking)

    def test_engine_model_and_options_are_in_reading_and_key(self) -> None:
        told = engine_version(self.options)
        assert models(self.options) in told and told.startswith(self.engine.version(self.options))
        page = recognise(PAGES / "d022-p2.jpg", self.options)
        assert page.engine == told and len(page.words) > 100
        others = [OcrOptions(engine=name) for name in ("tesserocr", "pytesseract")]
        others += [OcrOptions(engine=self.options.engine, block=True), OcrOptions(capital_height=31)]
        keys = {reading_key("0" * 64, options) for options in others}
        assert len(keys) == len(others)
