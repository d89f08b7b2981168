"""Numbered papers to be signed in one go, and the look that says whether each was signed where it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageChops

from procedures.papers.faces import load_faces
from procedures.papers.render import render
from signing.geometry import Place
from tests.cases import stamps
from tests.cases.sheets import CREATED, SECRETARY, a_sheet

KINDS = ("decision", "notice", "dispatch", "transfer-letter")
SIGNER = SECRETARY.name
_WIDTH = 840
"""Pixels of a page's width: four to a millimetre."""
_SLACK_MM = 1.0


@dataclass(frozen=True)
class Letter:
    """A drawn paper, its number, and the room left for its signature."""

    path: Path
    number: str
    room: Place


def a_letter(folder: Path, number: int) -> Letter:
    """Draw paper `number`: decisions, notices, dispatches and transfer letters in turn, all signed by one secretary."""
    sheet = replace(a_sheet(KINDS[number % len(KINDS)], number=str(number)), signatory=SECRETARY)
    drawn = render(sheet, load_faces(), CREATED)
    path = folder / f"{number:03d}.pdf"
    path.write_bytes(drawn.pdf)
    return Letter(path, str(number), drawn.signature)


def letters(folder: Path, numbers: Sequence[int]) -> list[Letter]:
    """Draw several."""
    return [a_letter(folder, number) for number in numbers]


def is_placed(letter: Letter, signed: Path) -> bool:
    """Whether all ink that signing brought lies in the room for it, and some does; looked at as PDFium shows it."""
    number = letter.room.page
    before, after = (stamps.shown(path, number, _WIDTH) for path in (letter.path, signed))
    changed = ImageChops.difference(before, after).convert("L").point(lambda v: 255 if v > 40 else 0)
    box = changed.getbbox()
    return box is not None and _inside(box, letter.room, before)


def _inside(box: tuple[int, int, int, int], room: Place, image: Image.Image) -> bool:
    slack = _SLACK_MM * _WIDTH / 210
    left, top = room.x0 * image.width - slack, room.y0 * image.height - slack
    right, bottom = room.x1 * image.width + slack, room.y1 * image.height + slack
    return left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom
