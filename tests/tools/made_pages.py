"""Pages for tests of the PDF writer: readings laid out by rule, and the readings that the corpus knows to be true."""

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ocr.invisible_font import shape
from ocr.pdfa import PdfMeta
from records.clock import VIETNAM
from records.geometry import Box, Rotation, back, turn
from records.page import PageText, Word

ROOT = Path(__file__).parents[2]
META = PdfMeta(
    "Quyết định số 12-QĐ/TU",
    datetime(2025, 7, 9, 8, 30, tzinfo=VIETNAM),
    subject="Về việc thử",
    author="Đảng ủy",
)
LETTERS = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
VIETNAMESE = LETTERS + LETTERS.upper()


def laid_out(
    lines: list[str],
    width: int = 1240,
    height: int = 1754,
    dpi: float = 150,
    rotation: Rotation = 0,
    size: int = 24,
) -> PageText:
    """Return a page whose words stand in straight lines, with boxes as tight as ink; `width` × `height` upright."""
    words = []
    base = 2 * size + 60
    for number, line in enumerate(lines):
        x = 100.0
        for text in line.split():
            shapes = [shape(char) for char in text]
            end = x + sum(s.width for s in shapes) * size / 1000
            top, bottom = (
                max(s.top for s in shapes) * size / 1000,
                min(s.bottom for s in shapes) * size / 1000,
            )
            words.append(
                Word(text, Box(round(x), round(base - top), round(end), round(base - bottom)), 0.9, number)
            )
            x = end + size * 0.3
        base += round(size * 1.5)
    upright = PageText(1, width, height, dpi, 0, 0.0, "made", tuple(words))
    undo = back(rotation)
    delivered = (height, width) if rotation in (90, 270) else (width, height)
    turned = tuple(replace(w, box=turn(w.box, undo, width, height)) for w in words)
    return replace(upright, width=delivered[0], height=delivered[1], rotation=rotation, words=turned)


def picture(page: PageText, path: Path, mode: str = "RGB") -> Path:
    """Save the boxes of `page` as a picture, with a mark in the upright top left corner so that a wrong turn shows."""
    width, height = page.upright_size
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 4, height // 20), fill=(200, 30, 40))
    for word in page.words:
        box = page.upright_box(word.box)
        draw.rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), fill=(20, 20, 60))
    turned = image.rotate(page.rotation, expand=True)  # Pillow turns counter-clockwise: back to as delivered
    turned.convert(mode).save(path, dpi=(page.dpi, page.dpi))
    return path


@dataclass(frozen=True)
class CorpusPage:
    """A page of the test corpus: its name and class, its image, and its true reading."""

    name: str
    kind: str
    image: Path
    text: PageText


def corpus_pages() -> list[CorpusPage]:
    """Return every page of the corpus; skip the test where the corpus is not at hand."""
    folder = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "ground_truth.json").exists():
        pytest.skip("the test corpus is not here; set VANTHU_CORPUS to its folder")
    pages = []
    for page in json.loads((folder / "ground_truth.json").read_text(encoding="utf-8"))["pages"]:
        words = tuple(
            Word(word["text"], Box(*word["box"]), 1.0, number)
            for number, line in enumerate(page["lines"])
            for word in line["words"]
        )
        turned: Rotation = (360 - page["rotation"]) % 360
        text = PageText(
            1, page["width"], page["height"], float(page["dpi"]), turned, page["skew_deg"], "truth", words
        )
        pages.append(CorpusPage(page["id"], page["class"], folder / page["image"], text))
    return pages
