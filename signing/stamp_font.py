"""The font of stamps: there with every Vietnamese letter, or nothing is drawn.

A font without "ự" draws a box or, worse, another font's letter; Liberation Serif, that looks like the Times New Roman
of the decree, lacks 92 of the 146 letters. So the font is asked letter by letter before the first stamp.
"""

import hashlib
import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

from language.letters import VIETNAMESE_LETTERS
from records.errors import ArchiveFault, ToolMissing

NOTO_SERIF = Path("/usr/share/fonts/truetype/noto/NotoSerif-Regular.ttf")
NEEDED = VIETNAMESE_LETTERS + "0123456789 .,:;-–/+()&“”‘’ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""What a name, a number and an ISO 8601 time are written with."""


@dataclass(frozen=True, slots=True)
class StampFont:
    """A checked font: its bytes, and the width of each character it has, as a part of the font size.

    `family`: a name of its own in a drawing, so that no other font of the machine or of the process answers to it.
    """

    data: bytes = field(repr=False)
    widths: Mapping[str, float] = field(repr=False)
    name: str
    family: str

    def width(self, text: str, size: float) -> float:
        """Return the width of `text` at `size`, in the unit of `size`. Raises `ArchiveFault` (`stamp-letter`)."""
        if unknown := sorted({char for char in text if char not in self.widths}):
            told = " ".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in unknown)
            raise ArchiveFault(
                f"{self.name} has no {[f'U+{ord(char):04X}' for char in unknown]}",
                code="stamp-letter",
                tell=f"Nội dung con dấu có ký tự không in được: {told}. Hãy viết lại bằng chữ tiếng Việt.",
            )
        return sum(self.widths[char] for char in text) * size

    def wrapped(self, text: str, room: float, size: float) -> list[str]:
        """Return `text` in lines of at most `room` points at `size` points; a wider word has a line of its own."""
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, size) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines


@lru_cache(maxsize=4)
def load_font(path: Path = NOTO_SERIF) -> StampFont:
    """Return the font of `path` after asking it for every letter. Called at start and kept.

    Raises `ToolMissing` (`font-missing`) when it is not there or lacks letters, with the letters and what to install.
    """
    try:
        data = path.read_bytes()
        with TTFont(io.BytesIO(data), lazy=True) as font:
            glyphs = font.getBestCmap() or {}
            metrics, units = font["hmtx"].metrics, font["head"].unitsPerEm
            widths = {chr(code): metrics[name][0] / units for code, name in glyphs.items() if _drawn(code)}
            name = str(font["name"].getDebugName(6) or path.stem)
    except (OSError, TTLibError, KeyError, AttributeError, ZeroDivisionError) as fault:
        raise _missing(path, f"{type(fault).__name__}: {fault}", "") from fault
    if lacking := "".join(letter for letter in NEEDED if letter not in widths):
        raise _missing(path, f"lacks {lacking}", lacking)
    return StampFont(data, widths, name, f"font-{hashlib.sha256(data).hexdigest()[:16]}")


def _drawn(code: int) -> bool:
    """Return whether a character may stand in a stamp: none that turns, hides or joins others."""
    return code != 0xFFFD and not unicodedata.category(chr(code)).startswith(("C", "M", "Zl", "Zp"))


def _missing(path: Path, reason: str, letters: str) -> ToolMissing:
    why = f"không có đủ chữ tiếng Việt (thiếu: {' '.join(letters)})" if letters else "không mở được"
    return ToolMissing(
        f"{path}: {reason}",
        code="font-missing",
        tell=f"Phông chữ {path.name} {why} nên chưa vẽ được chữ ký. "
        "Hãy cài gói fonts-noto-core (sudo apt-get install fonts-noto-core) rồi chạy lại.",
    )
