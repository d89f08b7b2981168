"""The corpus' truth in the frame of the batch images, so that boxes found can be compared with boxes known."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from records.geometry import Box, Rotation, back, turn, turned_size

SYLLABLE = re.compile(r"^[^\W\d_]+$")


@dataclass(frozen=True)
class Phrase:
    """Consecutive words of one printed line, with the box of all of them, in pixels of the batch image."""

    text: str
    box: Box


@lru_cache(maxsize=1)
def truth(corpus: Path) -> dict[str, Any]:
    """The whole ground truth."""
    told: dict[str, Any] = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    return told


def page_of(corpus: Path, page_id: str) -> dict[str, Any]:
    """The truth of one page."""
    return next(p for p in truth(corpus)["pages"] if p["id"] == page_id)


def is_secret(corpus: Path, page_id: str) -> bool:
    """Whether a page carries a stamp of secrecy: its document is held and goes no further."""
    return any(mark["kind"] == "secrecy" for mark in page_of(corpus, page_id)["marks"])


def fields_of(corpus: Path, document: str) -> dict[str, Any]:
    """The true fields of one document."""
    found: dict[str, Any] = next(d for d in truth(corpus)["documents"] if d["id"] == document)["fields"]
    return found


def phrases(
    corpus: Path, page_id: str, size: tuple[int, int], upside_down: bool, length: int = 6
) -> list[Phrase]:
    """Every run of `length` plain words in a body line, boxes scaled to a batch image of `size` pixels."""
    page = page_of(corpus, page_id)
    found: list[Phrase] = []
    for line in page["lines"]:
        if line["region"] != "body":
            continue
        words = line["words"]
        for start in range(len(words) - length + 1):
            run = words[start : start + length]
            if all(SYLLABLE.match(w["text"].strip('.,;:()“”"')) for w in run):
                box = Box(*run[0]["box"])
                for word in run[1:]:
                    box = box.union(Box(*word["box"]))
                text = " ".join(w["text"].strip('.,;:()“”"') for w in run)
                found.append(Phrase(text, _moved(box, page, size, upside_down)))
    return found


def _moved(box: Box, page: dict[str, Any], size: tuple[int, int], upside_down: bool) -> Box:
    """From the corpus page, through its upright form, to the batch image (upright, or turned by half)."""
    turned: Rotation = page["rotation"]
    upright = turn(box, back(turned), page["width"], page["height"])
    width, height = turned_size(back(turned), page["width"], page["height"])
    across, down = size[0] / width, size[1] / height
    scaled = Box(
        round(upright.x0 * across),
        round(upright.y0 * down),
        round(upright.x1 * across),
        round(upright.y1 * down),
    )
    return turn(scaled, 180, *size) if upside_down else scaled
