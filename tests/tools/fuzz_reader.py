"""Pages bent, turned, cut, spoilt and scrawled over at random, the same for the same seed, each to be read soundly.

    python -m tests.tools.fuzz_reader FOLDER [--count 500] [--seed 1]     FOLDER: page images to begin from

A reading is sound when it has the size of the image, every word has letters, a confidence from 0 to 1 and a box with an
area inside the image, and nothing was raised. Exit code 1 when one is not; the slowest are told by seed, so that they
can be made again.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.page import PageText

Pixels = npt.NDArray[np.uint8]
DPI = (None, None, 72, 150, 300, 600, 1200)
"""What is claimed of a page; None: what its file says, mostly nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one page went: what was done to it, what is wrong with its reading ("" if nothing), words, seconds of CPU."""

    seed: int
    done: tuple[str, ...]
    wrong: str
    words: int
    seconds: float


def bent(page: Pixels, chance: random.Random) -> Pixels:
    """Turn by up to 14 degrees, corners cut off or filled with white, gray or black."""
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), chance.uniform(-14, 14), chance.choice((0.9, 1.0, 1.1))
    )
    return _pixels(
        cv2.warpAffine(page, turn, (width, height), borderValue=(chance.choice((255, 128, 0)),) * 3)
    )


def turned(page: Pixels, chance: random.Random) -> Pixels:
    """Turn by quarters."""
    return np.rot90(page, chance.randint(1, 3))


def scaled(page: Pixels, chance: random.Random) -> Pixels:
    """Make it smaller or larger, not alike in both directions."""
    height, width = page.shape[:2]
    factor = chance.uniform(0.25, 1.3)
    size = max(1, round(width * factor)), max(1, round(height * factor * chance.uniform(0.7, 1.3)))
    return _pixels(cv2.resize(page, size))


def cut(page: Pixels, chance: random.Random) -> Pixels:
    """Leave a part of it, down to a strip of a few pixels."""
    height, width = page.shape[:2]
    top, left = round(height * chance.uniform(0, 0.6)), round(width * chance.uniform(0, 0.6))
    high, wide = ((length * chance.uniform(0.02, 1)) for length in (height - top, width - left))
    return page[top : top + max(3, round(high)), left : left + max(3, round(wide))]


def inverted(page: Pixels, _: random.Random) -> Pixels:
    """White on black."""
    return 255 - page


def noisy(page: Pixels, chance: random.Random) -> Pixels:
    """Grain, from fine to hopeless."""
    grain = np.random.default_rng(chance.randrange(2**32)).normal(0, chance.uniform(2, 60), page.shape)
    return _pixels(page + grain)


def blurred(page: Pixels, chance: random.Random) -> Pixels:
    """Out of focus."""
    size = chance.choice((3, 5, 9))
    return _pixels(cv2.GaussianBlur(page, (size, size), 0))


def pale(page: Pixels, chance: random.Random) -> Pixels:
    """Too light, too dark, too flat or too hard."""
    return _pixels(page * chance.uniform(0.2, 2) + chance.uniform(-120, 120))


def scrawled(page: Pixels, chance: random.Random) -> Pixels:
    """Draw lines over it, ruled ones and others, and a seal, filled or not."""
    page, (height, width) = page.copy(), page.shape[:2]
    for _ in range(chance.randint(1, 60)):
        begin, end = (
            (chance.randrange(width), chance.randrange(height)),
            (chance.randrange(width), chance.randrange(height)),
        )
        level = begin[1] if chance.random() < 0.7 else end[1]
        color = chance.choice(((0, 0, 0), (0, 0, 200), (200, 0, 0), (90, 90, 90)))
        cv2.line(page, begin, (end[0], level), color, chance.randint(1, 9))
    radius = max(2, round(min(height, width) * chance.uniform(0.02, 0.3)))
    middle = chance.randrange(width), chance.randrange(height)
    cv2.circle(page, middle, radius, (40, 40, 220), chance.choice((2, 6, -1)))
    return page


def black_and_white(page: Pixels, chance: random.Random) -> Pixels:
    """Cut every channel at one level, as a scanner set wrong does."""
    return _pixels(cv2.threshold(page, chance.randint(40, 220), 255, cv2.THRESH_BINARY)[1])


WAYS: tuple[tuple[float, Callable[[Pixels, random.Random], Pixels]], ...] = (
    (0.5, bent),
    (0.3, turned),
    (0.5, scaled),
    (0.4, cut),
    (0.2, inverted),
    (0.4, noisy),
    (0.25, blurred),
    (0.25, pale),
    (0.2, scrawled),
    (0.15, black_and_white),
)
"""What may be done to a page, in this order, and how often."""


def _pixels(values: npt.ArrayLike) -> Pixels:
    return np.clip(np.asarray(values, np.float32), 0, 255).astype(np.uint8)


def spoilt(page: Pixels, chance: random.Random) -> tuple[Pixels, tuple[str, ...]]:
    """Return the page as chance has it, and what was done."""
    done = []
    for often, way in WAYS:
        if chance.random() < often:
            page = np.ascontiguousarray(way(page, chance))
            done.append(way.__name__)
    return page, tuple(done)


def faults(reading: PageText, width: int, height: int) -> str:
    """Return what is wrong with a reading of an image of that size, "" when it is sound."""
    if (reading.width, reading.height) != (width, height):
        return f"{reading.width}x{reading.height} told of {width}x{height}"
    for word in reading.words:
        x, y, wide, high = word.box.as_xywh()
        if not (0 <= x < x + wide <= width and 0 <= y < y + high <= height):
            return f"{word.text!r} at {word.box} in {width}x{height}"
        if not word.text.strip() or not 0 <= word.confidence <= 1:
            return f"{word.text!r} with confidence {word.confidence}"
    return ""


def read_one(pages: Sequence[Path], room: Path, seed: int) -> Outcome:
    """Spoil one of `pages` and read it."""
    chance = random.Random(seed)
    page = cv2.imread(str(chance.choice(pages)))
    if page is None:
        raise SystemExit("no image")
    spoilt_page, done = spoilt(_pixels(page), chance)
    if chance.random() < 0.4:
        spoilt_page = _pixels(cv2.cvtColor(spoilt_page, cv2.COLOR_BGR2GRAY))
    file = room / f"{os.getpid()}.{chance.choice(('png', 'jpg', 'tif'))}"
    cv2.imwrite(str(file), spoilt_page)
    height, width = spoilt_page.shape[:2]
    began = time.process_time()
    try:
        reading = recognise(file, OcrOptions(), dpi=chance.choice(DPI))
        wrong, words = faults(reading, width, height), len(reading.words)
    except Exception as fault:  # noqa: BLE001  whatever is raised is what is looked for
        wrong, words = repr(fault), 0
    finally:
        file.unlink()
    return Outcome(seed, done, wrong, words, time.process_time() - began)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pages = sorted(path for path in options.folder.iterdir() if path.suffix in (".jpg", ".png", ".tif"))
    seeds = range(options.seed * 1_000_000, options.seed * 1_000_000 + options.count)
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory(prefix="vanthu-fuzz-") as folder,
        multiprocessing.get_context("spawn").Pool() as pool,
    ):
        for one in pool.imap_unordered(partial(read_one, pages, Path(folder)), seeds):
            outcomes.append(one)
            if one.wrong:
                print(one, flush=True)
    bad = sum(bool(one.wrong) for one in outcomes)
    print(f"{len(outcomes)} pages, {bad} without a sound reading, {sum(one.words for one in outcomes)} words")
    for one in sorted(outcomes, key=lambda one: -one.seconds)[:5]:
        print(f"{one.seconds:.1f} s of CPU: seed {one.seed}, {', '.join(one.done)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
