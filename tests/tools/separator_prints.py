"""Print separator sheets, treat them as offices do, scan them again, and count how many are still recognised.

    python -m tests.tools.separator_prints 500 [--seed 1] [--corpus ../shared/corpus]

150 to 600 dpi, skew up to 5 degrees, upside down or lying, copied once or twice, dark paper, weak toner, folds, holes,
blur, JPEG of poor quality. Then every page of the corpus and letters with foreign codes, which must not part anything.
Prints one line a class and the misses; ends with 1 when fewer than 99.8 % are read or one page is taken for a sheet.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import segno
from PIL import Image

from ingest.separator_sheets import draw_sheets
from ocr.extract import extract_pages, is_separator
from ocr.inspect_file import inspect_file
from records.separators import Follows, Sheet, code_of

DPIS = (150, 200, 240, 300, 400, 600)
_PRINTED = 300
_DOSSIERS = ("01.HC.2020", "30.XDD.2025", "MAU-01", "A.7", "12/BTV-2024.003", "Hồ sơ 12")


@dataclass(frozen=True, slots=True)
class Scan:
    """A sheet as scanned: where, at what resolution, how it was treated, and the code that must be read."""

    path: Path
    dpi: int
    told: str
    code: str


def scans(numbers: Iterable[int], seed: int, folder: Path) -> Iterator[Scan]:
    """Make the scans with these numbers, each written to `folder` when it is asked for; one seed gives one set."""
    for number in numbers:
        chance = random.Random(f"{seed}-{number}")
        dpi = DPIS[number % len(DPIS)]
        sheet = Sheet(chance.choice(list(Follows)), chance.choice(_DOSSIERS), chance.randint(1, 40))
        image, told = _treated(_printed(sheet), dpi, chance)
        bilevel = "copied" in told
        path = folder / (f"{number}.png" if bilevel else f"{number}.jpg")
        picture = Image.fromarray(image)
        if bilevel:
            picture.convert("1").save(path, dpi=(dpi, dpi))
        else:
            picture.save(path, dpi=(dpi, dpi), quality=chance.randint(30, 85))
        yield Scan(path, dpi, told, code_of(sheet))
        path.unlink()


def read(path: Path, out: Path) -> str | None:
    """Return the separator code that the walk would see on a scan."""
    [page] = extract_pages(path, inspect_file(path, path.name), out)
    page.path.unlink()
    return is_separator(page)


@lru_cache(maxsize=64)
def _printed(sheet: Sheet) -> np.ndarray:
    pdf = pypdfium2.PdfDocument(draw_sheets([sheet]))
    try:
        return pdf[0].render(scale=_PRINTED / 72, grayscale=True).to_numpy().squeeze().copy()
    finally:
        pdf.close()


def _treated(sheet: np.ndarray, dpi: int, chance: random.Random) -> tuple[np.ndarray, str]:
    noise = np.random.default_rng(chance.getrandbits(32))
    image, told = sheet, []
    copies = chance.choice((0, 0, 0, 1, 1, 2))
    for _ in range(copies):
        image = _copied(image, chance, noise)
        told.append("copied")
    turn = chance.choice((0, 0, 180, 180, 90, 270))
    skew = chance.uniform(-5, 5)
    image = _laid(image, skew, dpi, chance)
    image = np.ascontiguousarray(np.rot90(image, turn // 90))
    told += [f"turn {turn}"] if turn else []
    if not copies:
        image = _scanned(image, chance, noise, told)
    else:
        image = np.where(image > chance.randint(110, 170), 255, 0).astype(np.uint8)
    return image, " ".join(told) or "plain"


def _copied(image: np.ndarray, chance: random.Random, noise: np.random.Generator) -> np.ndarray:
    """One pass of a bad copier: slightly turned and sized, blurred, hard threshold, specks and missing toner."""
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), chance.uniform(-0.7, 0.7), chance.uniform(0.97, 1.0)
    )
    image = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    image = cv2.GaussianBlur(image, (0, 0), chance.uniform(0.8, 2.0))
    image = np.where(image > chance.randint(100, 175), 255, 0).astype(np.uint8)
    for shade, share in ((0, chance.uniform(0, 0.0004)), (255, chance.uniform(0, 0.0012))):
        for _ in range(int(image.size * share / 9)):
            y, x = noise.integers(0, height), noise.integers(0, width)
            size = int(noise.integers(1, 5))
            image[y : y + size, x : x + size] = shade
    return image


def _laid(image: np.ndarray, skew: float, dpi: int, chance: random.Random) -> np.ndarray:
    """Lie askew on the glass, shifted by some millimetres, at the wanted resolution; around it white or dark."""
    scale = dpi / _PRINTED
    height, width = round(image.shape[0] * scale), round(image.shape[1] * scale)
    if scale < 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.35 / scale)
    matrix = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), skew, scale)
    matrix[:, 2] += (width - image.shape[1]) / 2, (height - image.shape[0]) / 2
    matrix[:, 2] += [chance.uniform(-4, 4) * dpi / 25.4 for _ in range(2)]
    around = chance.choice((255, 255, 240, 60))
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=around)


def _scanned(
    image: np.ndarray, chance: random.Random, noise: np.random.Generator, told: list[str]
) -> np.ndarray:
    """Paper and toner in shades of gray, with what happens to sheets that are used again and again."""
    paper, ink = chance.randint(190, 250), chance.randint(10, 60)
    if chance.random() < 0.25:
        ink = chance.randint(90, 130)
        told.append("weak")
    if chance.random() < 0.25:
        paper = chance.randint(150, 190)
        told.append("dark paper")
    shown = ink + image.astype(np.float32) * ((paper - ink) / 255)
    height, width = image.shape
    if chance.random() < 0.3:
        told.append("folded")
        y = chance.randint(height // 5, height * 4 // 5)
        band = np.abs(np.arange(height) - y)[:, None]
        shown -= 45 * np.exp(-((band / (height * 0.004)) ** 2))
        shown *= 1 - 0.15 * (np.arange(height)[:, None] > y)
    if chance.random() < 0.2:
        told.append("holes")
        for y in (0.36, 0.63):
            cv2.circle(shown, (round(width * 0.055), round(height * y)), round(width * 0.013), 40, -1)
    if chance.random() < 0.3:
        told.append("blurred")
        shown = cv2.GaussianBlur(shown, (0, 0), chance.uniform(0.08, 0.16) * width / 210)
    shown += (
        noise.normal(0, chance.uniform(1, 9), (height // 2 + 1, width // 2 + 1))
        .repeat(2, 0)
        .repeat(2, 1)[:height, :width]
    )
    return np.clip(shown, 0, 255).astype(np.uint8)


def letters_with_codes(
    letter: np.ndarray, dpi: float, chance: random.Random
) -> Iterator[tuple[str, np.ndarray]]:
    """Pages of text on which somebody printed or stuck a code: an e-document's QR, an identity card's, one of ours."""
    texts = {
        "edoc": "https://vanban.example.vn/kiem-tra/c0ffee00-1/ABCDE12345",
        "card": "001201000123|123456789|NGUYỄN VĂN AN|01011990|Nam|Xã Bắc Hòa|01012021",
        "ours": code_of(Sheet(Follows.DOCUMENT, "01.HC.2020", chance.randint(1, 99))),
    }
    for name, text in texts.items():
        for mm in (20, 35):
            side = round(mm / 25.4 * dpi)
            code = np.array([[255 * (not m) for m in row] for row in segno.make(text).matrix], np.uint8)
            drawn = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
            page = letter.copy()
            y, x = page.shape[0] - side - round(0.7 * dpi), round(0.8 * dpi)
            page[y - 20 : y + side + 20, x - 20 : x + side + 20] = 255
            page[y : y + side, x : x + side] = drawn
            yield f"{name} {mm} mm", page


def main() -> int:
    """Run from the command line."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("count", type=int, nargs="?", default=500)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    asked = words.parse_args()
    asked_of: Counter[str] = Counter()
    right: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out"
        for scan in scans(range(asked.count), asked.seed, folder):
            found = read(scan.path, out)
            for group in ("all", f"{scan.dpi} dpi", *scan.told.replace("turn ", "turn").split()):
                asked_of[group] += 1
                right[group] += found == scan.code
            if found != scan.code:
                print(f"missed {scan.path.name}: {scan.dpi} dpi, {scan.told}: {found}", flush=True)
        for group in sorted(asked_of):
            print(f"{group:12} {right[group]:5} of {asked_of[group]:5}")
        false, pages = _false_splits(asked.corpus, out, folder)
    print(f"pages taken for sheets: {len(false)} of {pages} {false}")
    return int(right["all"] < 0.998 * asked_of["all"] or bool(false))


def _false_splits(corpus: Path, out: Path, folder: Path) -> tuple[list[str], int]:
    """Return the pages of the corpus, its deliveries and letters with codes that are wrongly taken for sheets."""
    import json

    if not (corpus / "pages").exists():
        print(f"no corpus at {corpus}: no pages looked at")
        return [], 0
    false, pages = [], 0
    chance = random.Random(1)
    for path in sorted((corpus / "pages").iterdir()):
        pages += 1
        if read(path, out) is not None:
            false.append(path.name)
        if pages % 6 == 0:
            with Image.open(path) as image:
                dpi, letter = image.info.get("dpi", (300, 300))[0], np.asarray(image.convert("L"))
            for told, page in letters_with_codes(letter, dpi, chance):
                made = folder / "letter.png"
                Image.fromarray(page).save(made, dpi=(dpi, dpi))
                pages += 1
                if read(made, out) is not None:
                    false.append(f"{path.name} with {told}")
    for batch in sorted((corpus / "batches").iterdir()):
        expected = json.loads((batch / "expected.json").read_text())
        sheets = {image["index"] for image in expected["images"] if image["role"] == "separator"}
        index = 0
        for file in sorted(batch.rglob("*")):
            if file.suffix in (".jpg", ".tif", ".pdf"):
                for page in extract_pages(file, inspect_file(file, file.name), out):
                    index += 1
                    pages += index not in sheets
                    if (is_separator(page) is not None) != (index in sheets):
                        false.append(f"{batch.name} {index}")
    return false, pages


if __name__ == "__main__":
    sys.exit(main())
