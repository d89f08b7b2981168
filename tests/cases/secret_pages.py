"""Pages that carry a stamp in a frame, drawn here: the word, the ink, a turn by hand, a whole page turned."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = "DejaVuSerif-Bold.ttf"
DPI = 200


def stamped_page(
    word: str = "MẬT",
    *,
    tilt: float = 0.0,
    turn: int = 0,
    ink: str = "#c02030",
    frame: bool = True,
    text: str = "BÁO CÁO",
    dpi: int = DPI,
) -> Image.Image:
    """Return an A4 page with a heading, lines of text and a stamp; `turn` turns the whole page clockwise."""
    wide, high = round(8.27 * dpi), round(11.69 * dpi)
    page = Image.new("RGB", (wide, high), "#f6f2e6")
    pen = ImageDraw.Draw(page)
    usual = ImageFont.truetype("DejaVuSerif.ttf", round(13 / 72 * dpi))
    for number in range(18):
        line = f"{text} dòng thứ {number} của trang giấy này, không có gì đáng kể"
        pen.text((0.12 * wide, 0.3 * high + number * 0.03 * high), line, fill="#202020", font=usual)
    if word:
        page.paste(*_stamp(word, tilt, ink, dpi, frame=frame, at=(round(0.2 * wide), round(0.14 * high))))
    return page.rotate(-turn, expand=True) if turn else page


def _stamp(
    word: str, tilt: float, ink: str, dpi: int, *, frame: bool, at: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int], Image.Image]:
    font = ImageFont.truetype(FONT, round(13 / 72 * dpi))
    left, top, right, bottom = font.getbbox(word)
    room = round(2.2 / 25.4 * dpi)
    size = (round(right - left) + 4 * room, round(bottom - top) + 2 * room)
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    if frame:
        pen.rectangle((2, 2, size[0] - 3, size[1] - 3), outline=255, width=max(round(0.6 / 25.4 * dpi), 2))
    pen.text((2 * room - left, room - top), word, fill=255, font=font)
    mask = mask.rotate(tilt, expand=True, resample=Image.Resampling.BICUBIC)
    return Image.new("RGB", mask.size, ink), at, mask


def scan_of(*pages: Image.Image, dpi: int = DPI) -> bytes:
    """Return pages as a delivered file: one as JPEG, several as one TIFF."""
    out = io.BytesIO()
    if len(pages) == 1:
        pages[0].save(out, "JPEG", quality=85, dpi=(dpi, dpi))
    else:
        pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], dpi=(dpi, dpi), compression="jpeg")
    return out.getvalue()


def saved(page: Image.Image, path: Path, dpi: int = DPI) -> Path:
    """Write a page as a PNG file."""
    page.save(path, dpi=(dpi, dpi))
    return path
