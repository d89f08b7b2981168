"""Take a page apart into its writing and its paper: one sharp bilevel mask of the black ink, one coarse picture of the
rest (seals, signatures in colour, pictures, the tint of the paper). The small access copy is built from the two.

Only derived pictures are made here; the master is read and never changed. See docs/decisions/0123.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr import images
from ocr.images import Color, Gray
from ocr.prepare import without_ink
from records.geometry import Rotation

Mask = NDArray[np.bool_]

MASK_DPI = 300
"""Finest mask. More dots an inch cost bytes and show nothing that a reader sees."""

_MOST_PIXELS = 40_000_000
"""Larger sheets are made coarser first: three channels and their copies must fit a reader's memory."""

_WINDOW = 0.2
"""Inches around a pixel that count as its surroundings."""
_MARGIN = 18
"""Levels of gray by which ink is darker than its surroundings."""
_SOLID = 0.6
"""Where more of a block than this is dark there is a picture or a black edge, which stays in the background."""
_COLORED = 24
"""Levels between the strongest and the weakest channel from which a pixel counts as coloured."""
_NOT_BLACK = 0.25
"""How far from black ink to paper the strongest channel of coloured ink is at least; black under a seal is darker."""
_COLORED_SHARE = 0.0005
"""Share of coloured pixels from which the background is kept in colour."""


@dataclass(frozen=True, slots=True)
class Layers:
    """An upright page taken apart.

    `mask`: where black ink is, at `dpi`. `ink`: red, green, blue of that ink. `rest`: the page at `dpi` with the ink
    painted over, gray or red-green-blue; None for a bilevel page, which is all mask.
    """

    mask: Mask
    ink: tuple[int, int, int]
    rest: NDArray[np.uint8] | None
    dpi: float


def take_apart(image: Path, dpi: float, rotation: Rotation) -> Layers:
    """Return the layers of the page image at `image`, turned upright. Raises `Unfit` when it cannot be decoded."""
    head = images.head(image)
    factor = max(1.0, dpi / MASK_DPI, (head.width * head.height / _MOST_PIXELS) ** 0.5)
    if head.color == "bilevel" and factor == 1.0:
        return Layers(images.turned(images.load_gray(image), rotation) < 128, (0, 0, 0), None, dpi)
    if head.color in ("rgb", "cmyk"):
        pixels: Color | Gray = images.turned(images.shrunk(images.load_color(image), factor), rotation)
    else:
        pixels = images.turned(images.shrunk(images.load_gray(image), factor), rotation)
    dpi = dpi / factor
    gray = without_ink(pixels) if pixels.ndim == 3 else pixels
    mask = ink_mask(gray, dpi)
    if pixels.ndim == 3 and not _has_color(pixels):
        pixels = images.luminance(pixels)
    elif pixels.ndim == 3:
        mask &= ~_other_ink(pixels, gray, mask)
    ink = _ink_color(pixels, gray, mask)
    return Layers(mask, ink, paper(pixels, mask, dpi), dpi)


def ink_mask(gray: Gray, dpi: float) -> Mask:
    """Return where a page of `dpi` carries black ink: strokes cut half-way between ink and the paper around them."""
    rough = images.dark(gray, window=round(_WINDOW * dpi), margin=_MARGIN)
    if not rough.any():
        return rough
    clean = paper(gray, images.grown(rough, 3, 3), dpi)
    ink = float(np.percentile(gray[rough], 30))
    edge = ((clean.astype(np.float32) + ink) / 2).astype(np.uint8)
    near = images.grown(rough, 3, 3)
    mask = (gray < edge) & near
    return mask & ~_solid(mask, dpi) & ~_lonely(mask)


def paper(pixels: NDArray[np.uint8], mask: Mask, dpi: float) -> NDArray[np.uint8]:
    """Return the page with what lies under `mask` (and its soft edge) filled from around it."""
    hidden = images.grown(mask, 5, 5)
    seen = np.where(hidden, 0, 255).astype(np.uint8)
    known = pixels.copy()
    known[hidden] = 0
    fill, factor = _blank(pixels), 64.0
    while (
        factor >= 4
    ):  # from coarse to fine: near paper where there is some, far paper in the middle of solid ink
        sums, weight = images.shrunk(known, factor), images.shrunk(seen, factor).astype(np.float32)
        weight = weight[:, :, None] if pixels.ndim == 3 else weight
        mean = sums.astype(np.float32) * 255 / np.maximum(weight, 1)
        coarse = images.resized(fill, sums.shape[1], sums.shape[0])
        fill = np.where(weight >= 25, np.clip(mean, 0, 255), coarse).astype(np.uint8)
        factor /= 4
    filled = images.resized(fill, pixels.shape[1], pixels.shape[0])
    known[hidden] = filled[hidden]
    return known


def _blank(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return one pixel of the usual paper."""
    usual = np.percentile(images.shrunk(pixels, 8).reshape(-1, *pixels.shape[2:]), 80, axis=0)
    return np.asarray(usual, np.uint8).reshape(1, 1, *pixels.shape[2:])


def _solid(mask: Mask, dpi: float) -> Mask:
    """Return the blocks of a third of an inch that are mostly dark."""
    share = images.shrunk(mask.astype(np.uint8) * 255, dpi / 3)
    dense = images.grown(share > 255 * _SOLID, 3, 3) & (share > 255 * _SOLID / 2)
    return images.resized(dense.astype(np.uint8), mask.shape[1], mask.shape[0], smooth=False) > 0


def _lonely(mask: Mask) -> Mask:
    """Return the specks: ink pixels with fewer than two others around them."""
    wide = np.pad(mask.astype(np.uint8), 1)
    height, width = mask.shape
    around = sum(wide[y : y + height, x : x + width] for y in range(3) for x in range(3))
    return np.asarray(mask & (around < 3), dtype=np.bool_)


def _has_color(color: Color) -> bool:
    small = images.shrunk(color, 4).astype(np.int16)
    chroma = small.max(axis=2) - small.min(axis=2)
    tint = np.median(chroma)  # of the paper itself, which may be yellow
    return bool((chroma > tint + _COLORED).mean() > _COLORED_SHARE)


def _other_ink(color: Color, gray: Gray, mask: Mask) -> Mask:
    """Return the pixels of `mask` that are coloured ink (a signature in blue) and so stay in the picture of the rest;
    none when most of the writing is in colour.
    """
    if not mask.any():
        return mask
    black, white = np.percentile(gray[mask], 10), np.percentile(gray, 90)
    chroma = images.brightest(color).astype(np.int16) - color.min(axis=2)
    pale = mask & (gray > black + _NOT_BLACK * (white - black))
    other = pale & images.grown(pale & (chroma > 2 * _COLORED), 5, 5)  # with the soft edges of its strokes
    return other if other.sum() < mask.sum() / 2 else np.zeros_like(mask)


def _ink_color(pixels: NDArray[np.uint8], gray: Gray, mask: Mask) -> tuple[int, int, int]:
    """Return the colour of the core of the strokes."""
    if not mask.any():
        return (0, 0, 0)
    core = mask & (gray <= np.percentile(gray[mask], 50))
    usual = np.atleast_1d(np.median(pixels[core], axis=0))
    red, green, blue = (int(v) for v in (usual if len(usual) == 3 else np.repeat(usual, 3)))
    return red, green, blue
