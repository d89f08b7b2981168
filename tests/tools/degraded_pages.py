"""Pages of known text, spoilt as old paper and cheap scanners spoil it: what confidence is learnt from.

    python tests/tools/degraded_pages.py OUT --pages 120 --seed 1

Writes OUT/pages/*.png and OUT/ground_truth.json in the schema of the corpus (page, class, lines, words with boxes). The
text is that part of our own sentences which no language data were learnt from, with syllables drawn at random from the
inventory, numbers and names between, so that a model cannot simply know what stands there.
"""

import argparse
import io
import json
import random
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from language.syllables import is_syllable
from tests.tools.house_text import sentences

_FOLDER = Path("/usr/share/fonts/truetype")
FACES = (
    "croscore/Tinos-Regular.ttf",
    "croscore/Tinos-Bold.ttf",
    "croscore/Tinos-Italic.ttf",
    "croscore/Arimo-Regular.ttf",
    "croscore/Cousine-Regular.ttf",
    "noto/NotoSerif-Regular.ttf",
    "dejavu/DejaVuSerif.ttf",
)
"""Faces with every Vietnamese letter; none is a face of the corpus but Noto Serif."""
WIDTH, HEIGHT, MARGIN = 1654, 2339, 150  # A4 at 200 dpi
SPOILT = ("clean", "blurred", "faded", "noisy", "photocopy", "lowres", "jpeg")
_TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
_ONSETS = "b c ch d đ g h kh l m n ng nh ph r s t th tr v x".split()
_RIMES = "a ai an ang ao ay âm ân âu ê êm i in o oi ong ô ôn ông ơ ơi u un ung ư ưng ưu".split()
_SURNAMES = "NGUYỄN TRẦN LÊ PHẠM HOÀNG VŨ ĐẶNG BÙI ĐỖ HỒ".split()


def drawn_syllable(chance: random.Random) -> str:
    """Return a syllable that no text taught: onset, rime and tone at random, spelt as the rules want it."""
    while True:
        rime = chance.choice(_RIMES)
        at = next(n for n, c in enumerate(rime) if unicodedata.normalize("NFD", c)[0] in "aeiouy")
        toned = rime[: at + 1] + chance.choice(_TONES) + rime[at + 1 :]
        drawn = unicodedata.normalize("NFC", chance.choice(_ONSETS) + toned)
        if is_syllable(drawn):
            return drawn


def words_of_page(chance: random.Random, known: list[str], count: int) -> list[str]:
    """Return about `count` words: sentences, and between them numbers, names and drawn syllables."""
    words: list[str] = []
    while len(words) < count:
        kind = chance.random()
        if kind < 0.55:
            words += chance.choice(known).split()
        elif kind < 0.8:
            words += [drawn_syllable(chance) for _ in range(chance.randint(3, 9))]
        elif kind < 0.9:
            day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1975, 2026)
            words += [
                "ngày",
                f"{day:02}/{month}/{year},",
                "số",
                f"{chance.randint(1, 2999)}-{chance.choice(['QĐ', 'CV', 'TB'])}/TU",
            ]
        else:
            words += [chance.choice(_SURNAMES), *(drawn_syllable(chance).capitalize() for _ in range(2))]
    return words


def draw(chance: random.Random, known: list[str]) -> tuple[Image.Image, list[list[dict[str, Any]]]]:
    """Return a clean page and its lines of words with their ink boxes in pixels."""
    face = ImageFont.truetype(str(_FOLDER / chance.choice(FACES)), chance.randint(34, 42))
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(image)
    step = round(face.size * chance.uniform(1.4, 1.7))
    lines: list[list[dict[str, Any]]] = [[]]
    x, y = MARGIN, MARGIN
    for word in words_of_page(chance, known, 420):
        length = pen.textlength(word, font=face)
        if x + length > WIDTH - MARGIN:
            x, y = MARGIN, y + step
            lines.append([])
        if y + step > HEIGHT - MARGIN:
            break
        pen.text((x, y), word, fill=chance.randint(0, 60), font=face)
        lines[-1].append({"text": word, "box": list(pen.textbbox((x, y), word, font=face))})
        x += round(length + 0.28 * face.size)
    return image, [line for line in lines if line]


def spoil(image: Image.Image, how: str, chance: random.Random) -> Image.Image:
    """Return the page as a bad scan of kind `how` would give it; its size and boxes stay."""
    noise = np.random.default_rng(chance.randrange(2**32))
    if how == "clean":
        return image.filter(ImageFilter.GaussianBlur(0.5))
    if how == "blurred":
        return image.filter(ImageFilter.GaussianBlur(chance.uniform(1.6, 2.6)))
    if how == "lowres":
        factor = chance.uniform(0.36, 0.5)
        small = image.resize((round(WIDTH * factor), round(HEIGHT * factor)), Image.Resampling.BOX)
        return small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    if how == "jpeg":
        packed = io.BytesIO()
        image.filter(ImageFilter.GaussianBlur(0.8)).save(packed, "JPEG", quality=chance.randint(6, 14))
        return Image.open(packed).convert("L")
    gray = np.asarray(image.filter(ImageFilter.GaussianBlur(1.0)), dtype=np.float32)
    if how == "faded":
        ink = chance.uniform(0.16, 0.3)
        uneven = np.asarray(
            Image.fromarray(noise.uniform(0, 255, (12, 9)).astype(np.uint8)).resize(
                (WIDTH, HEIGHT), Image.Resampling.BICUBIC
            ),
            dtype=np.float32,
        )
        gray = 235 - (255 - gray) * ink * (0.5 + uneven / 255) + noise.normal(0, 7, gray.shape)
    elif how == "noisy":
        gray = gray + noise.normal(0, chance.uniform(45, 75), gray.shape)
    else:  # photocopy: a hard threshold, specks and dropouts
        gray = gray + noise.normal(0, chance.uniform(35, 60), gray.shape)
        gray = np.where(gray < chance.uniform(90, 150), 0.0, 255.0)
        specks = noise.random(gray.shape)
        gray = np.where(specks < 0.0015, 0.0, np.where(specks > 0.997, 255.0, gray))
    return Image.fromarray(np.clip(gray, 0, 255).astype(np.uint8))


def make(out: Path, pages: int, seed: int) -> None:
    """Write `pages` pages; page i depends only on (seed, i) and on our sentences."""
    (out / "pages").mkdir(parents=True, exist_ok=True)
    known = sentences(tried=True)
    told = []
    for number in range(pages):
        chance = random.Random(f"{seed}-{number}")
        image, lines = draw(chance, known)
        how = SPOILT[number % len(SPOILT)]
        name = f"m{seed:02}{number:04}-p1"
        spoil(image, how, chance).save(out / "pages" / f"{name}.png", dpi=(200, 200))
        told.append(
            {
                "id": name,
                "document": name.removesuffix("-p1"),
                "page": 1,
                "image": f"pages/{name}.png",
                "class": how,
                "dpi": 200,
                "width": WIDTH,
                "height": HEIGHT,
                "color": "gray",
                "rotation": 0,
                "skew_deg": 0.0,
                "text": "\n".join(" ".join(w["text"] for w in line) for line in lines),
                "lines": [
                    {"region": "body", "block": 0, "text": " ".join(w["text"] for w in line), "words": line}
                    for line in lines
                ],
                "regions": [],
                "marks": [],
            }
        )
    documents = [
        {"id": p["document"], "kind": "made", "class": p["class"], "pages": [p["id"]], "fields": {}}
        for p in told
    ]
    truth = {"schema": 1, "split": f"made-{seed}", "documents": documents, "pages": told}
    (out / "ground_truth.json").write_text(json.dumps(truth, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("--pages", type=int, default=120)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    make(options.out, options.pages, options.seed)
