"""The four faces papers are set in, and lines broken by their own widths where a box may not overflow.

The rules ask for Times New Roman. What is shipped is Noto Serif, which has every Vietnamese letter and may be handed
on; `load_faces` takes the files of another face, if that has the letters too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from records.errors import ArchiveFault
from signing.geometry import MM_PER_POINT
from signing.stamp_font import NOTO_SERIF, StampFont, load_font

STYLES = ("Regular", "Bold", "Italic", "BoldItalic")
NOTO = tuple(NOTO_SERIF.with_name(f"NotoSerif-{style}.ttf") for style in STYLES)
LINE = 1.25
"""Line height in boxes, as a part of the font size."""
_STEP_PT = 0.5


@dataclass(frozen=True, slots=True)
class Faces:
    """Regular, bold, italic and bold italic of one design, each checked letter by letter."""

    regular: StampFont
    bold: StampFont
    italic: StampFont
    bold_italic: StampFont

    @property
    def family(self) -> str:
        """A name of its own in a drawing: of these four files and no others."""
        together = "".join(face.family for face in self.all())
        return f"paper-{hashlib.sha256(together.encode()).hexdigest()[:12]}"

    def all(self) -> tuple[StampFont, ...]:
        """Return the four in the order of `STYLES`."""
        return self.regular, self.bold, self.italic, self.bold_italic

    def lacking(self, text: str) -> list[str]:
        """Return the characters of `text` that some face cannot draw, sorted."""
        return sorted({char for char in text if any(char not in face.widths for face in self.all())})


@lru_cache(maxsize=2)
def load_faces(paths: tuple[Path, ...] = NOTO) -> Faces:
    """Return the faces of four font files in the order of `STYLES`; called at start and kept.

    Raises `ToolMissing` (`font-missing`) when one is not there or lacks Vietnamese letters.
    """
    return Faces(*(load_font(path) for path in paths))


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines that fit their box at `pt` points."""

    lines: tuple[str, ...]
    pt: float

    @property
    def height_mm(self) -> float:
        """Height of the lines together."""
        return len(self.lines) * self.pt * LINE * MM_PER_POINT


def fit(
    texts: Sequence[str],
    face: StampFont,
    label: str,
    *,
    width: float,
    height: float,
    most: float,
    least: float,
) -> Fitted:
    """Return `texts` (each begins a line) broken for a box of `width` × `height` mm, from `most` to `least` points.

    Raises `ArchiveFault` (`paper-too-long`) naming `label`: nothing is cut and nothing runs over an edge.
    """
    size = most
    while size >= least:
        lines = tuple(line for text in texts for line in face.wrapped(text, width / MM_PER_POINT, size))
        fitted = Fitted(lines, size)
        widest = max((face.width(line, size) for line in lines), default=0.0) * MM_PER_POINT
        if widest <= width and fitted.height_mm <= height:
            return fitted
        size -= _STEP_PT
    raise too_long(label)


def too_long(label: str) -> ArchiveFault:
    """Return the refusal of a text that has no room."""
    return ArchiveFault(
        f"{label}: no room",
        code="paper-too-long",
        tell=f"“{label}” quá dài, không vừa chỗ trên văn bản kể cả khi thu nhỏ chữ. Hãy viết ngắn lại.",
    )
