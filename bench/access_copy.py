"""What the small access copy weighs and how true its text is, over the pages of the test corpus.

    python bench/access_copy.py [--again] [--only CLASS]

For each page: bytes of the master and of a one-page copy, the qualities it took, and the structural similarity (SSIM,
Wang et al. 2004: Gaussian window of 11 pixels, sigma 1.5) of copy and master over the boxes of the words, at the scan's
own dots an inch and at 150, which is what a screen shows. `--again` reads master and copy with our own recogniser and
tells the share of wrong characters of both: whether an eye that knows no better reads the same.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

sys.path.insert(0, str(Path(__file__).parents[1]))

from ocr import images
from ocr.access_copy import PAGE_BYTES, make_access_copy
from ocr.compose import ComposePage
from ocr.options import OcrOptions
from ocr.read_back import render_page
from ocr.recognise import recognise
from records.page import PageText
from tests.tools.made_pages import META, CorpusPage, corpus_pages

SCREEN_DPI = 150


def ssim(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the structural similarity around every pixel of two gray pictures of the same size."""

    def around(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)

    a, b = one.astype(np.float64), two.astype(np.float64)
    mean_a, mean_b = around(a), around(b)
    var_a, var_b = around(a * a) - mean_a**2, around(b * b) - mean_b**2
    both = around(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    )


def over_words(master: NDArray[np.uint8], copy: NDArray[np.uint8], text: PageText, scale: float) -> float:
    """Return the mean similarity over the boxes of all words; `scale`: pixels of the pictures per pixel of the page."""
    height, width = master.shape
    inside = np.zeros(master.shape, bool)
    for word in text.words:
        box = text.upright_box(word.box)
        x0, y0, x1, y1 = (round(v * scale) for v in box.as_list())
        inside[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = True
    if not inside.any():
        return float("nan")
    return float(ssim(master, images.resized(copy, width, height))[inside].mean())


def measured(page: CorpusPage, folder: Path, *, again: bool) -> dict[str, object]:
    """Return the figures of one page."""
    pdf = folder / f"{page.name}.pdf"
    made = make_access_copy([ComposePage(page.image, page.text)], META, pdf)
    text, told = page.text, {}
    for name, dpi in (("ssim", text.dpi), ("ssim_screen", float(SCREEN_DPI))):
        master = images.turned(images.load_gray(page.image), text.rotation)
        master = images.shrunk(master, text.dpi / dpi)
        copy = np.asarray(render_page(pdf, 1, round(dpi)).convert("L"), np.uint8)
        told[name] = over_words(master, copy, text, master.shape[1] / text.upright_size[0])
    if again:
        picture = folder / f"{page.name}.png"
        images.save_pixels(np.asarray(render_page(pdf, 1, 300).convert("RGB"), np.uint8), picture, 300)
        wanted = "".join(text.text.split())
        for name, path in (("cer_master", page.image), ("cer_copy", picture)):
            found = "".join(recognise(path, OcrOptions()).text.split())
            told[name] = Levenshtein.distance(found, wanted) / len(wanted)
    return {
        "page": page.name,
        "class": page.kind,
        "master": page.image.stat().st_size,
        "copy": made.size,
        "notes": made.notes[0],
        **told,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--again", action="store_true", help="read master and copy and compare with the truth"
    )
    parser.add_argument("--only", default="", help="pages of this class only")
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="access-") as folder:
        for page in corpus_pages():
            if asked.only in ("", page.kind):
                rows.append(measured(page, Path(folder), again=asked.again))
                print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    numbers = [name for name in rows[0] if isinstance(rows[0][name], int | float)]
    print("class".ljust(12), *(name.rjust(12) for name in numbers))
    for kind in [*dict.fromkeys(str(row["class"]) for row in rows), ""]:
        chosen = [row for row in rows if kind in ("", row["class"])]
        means = [mean(float(str(row[name])) for row in chosen) for name in numbers]
        shown = (f"{value:12.0f}" if value > 1 else f"{value:12.4f}" for value in means)
        print((kind or "all").ljust(12), *shown)
    large = [row["page"] for row in rows if int(str(row["copy"])) > PAGE_BYTES]
    print(f"{len(rows)} pages, {len(large)} over {PAGE_BYTES} bytes: {', '.join(map(str, large)) or 'none'}")


if __name__ == "__main__":
    main()
