"""A page as offices scan it: black text, a red seal, a signature in blue, a tint of paper; with its true reading."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ocr.compose import ComposePage
from records.geometry import Box, Rotation, back, turn
from records.page import PageText, Word

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
SEAL, SIGNATURE = Box(1300, 2300, 1900, 2900), Box(500, 2500, 1100, 2700)
"""Where the seal and the signature are on the upright A4 page of 300 dots an inch."""
_LINE = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2025, theo đề nghị"
_SIZE = (2480, 3508)


def colored_page(path: Path, rotation: Rotation = 0, lines: int = 34, noise: int = 4) -> ComposePage:
    """Save the page as delivered (turned so that `rotation` makes it upright) and return it with its true reading."""
    image = Image.new("RGB", _SIZE, (246, 242, 232))
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, 38)
    words: list[Word] = []
    for number in range(lines):
        x, y = 240.0, 260 + 84 * number
        for text in _LINE.split():
            draw.text((x, y), text, fill=(28, 28, 32), font=font)
            box = draw.textbbox((x, y), text, font=font)
            words.append(Word(text, Box(*(round(v) for v in box)), 0.9, number))
            x += draw.textlength(text + " ", font=font)
    seal = Image.new("RGBA", _SIZE)
    pen = ImageDraw.Draw(seal)
    red = (200, 30, 45, 205)
    pen.ellipse(SEAL.as_list(), outline=red, width=16)
    pen.text((SEAL.x0 + 120, SEAL.y0 + 260), "ỦY BAN NHÂN DÂN", fill=red, font=font)
    pen.line(
        [(x, 2600 + 80 * np.sin(x / 40)) for x in range(SIGNATURE.x0, SIGNATURE.x1)], (30, 50, 170, 230), 9
    )
    image.paste(seal, mask=seal.getchannel("A"))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8))).astype(np.int16)
    grain = np.random.default_rng(7).normal(0, noise, (*soft.shape[:2], 1))
    scan = Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
    scan.rotate(rotation, expand=True).save(path, dpi=(300, 300), quality=88)
    upright = PageText(1, *_SIZE, 300.0, 0, 0.0, "made", tuple(words))
    delivered = (_SIZE[1], _SIZE[0]) if rotation in (90, 270) else _SIZE
    turned = tuple(replace(w, box=turn(w.box, back(rotation), *_SIZE)) for w in words)
    text = replace(upright, width=delivered[0], height=delivered[1], rotation=rotation, words=turned)
    return ComposePage(path, text)
