"""The door to Pillow and OpenCV: image files become arrays of gray, arrays become the few shapes we need.

Every size is checked before a pixel is decoded, so Pillow's own process-wide limit is switched off once, here.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ocr.unfit import broken_pixels, too_large
from records.geometry import Rotation

Gray = NDArray[np.uint8]
"""Rows of gray pixels, 0 black to 255 white."""

Color = NDArray[np.uint8]
"""Rows of pixels of red, green, blue."""

MAX_SIDE = 20_000
"""Pixels of one side. A0 at 300 dpi is 14,043."""

MAX_PIXELS = 150_000_000
"""Pixels of one page. A0 at 300 dpi has 139 million; decoded in colour that is 450 MB, what a reader may take."""

_BAND = 512
"""Rows converted at once."""

Image.MAX_IMAGE_PIXELS = None

_EXIF_TURN: dict[int, Rotation] = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
_ORIENTATION = 0x0112
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    UnidentifiedImageError,
)


@dataclass(frozen=True, slots=True)
class ImageHead:
    """What an image file says of its (first) picture before any pixel is decoded.

    `dpi` is None when the file does not say (or says nonsense). `color` is `bilevel`, `gray`, `rgb` or `cmyk`.
    `rotation` is the clockwise turn that EXIF asks for; mirrored EXIF values count as their unmirrored turn.
    """

    format: str
    width: int
    height: int
    mode: str
    dpi: float | None
    color: str
    rotation: Rotation


@contextmanager
def memory_told() -> Iterator[None]:
    """Let OpenCV say as all others do that memory is over: by a MemoryError."""
    try:
        yield
    except cv2.error as fault:
        if fault.code == cv2.Error.StsNoMem:
            raise MemoryError(str(fault)) from fault
        raise


def check_size(width: int, height: int, name: str) -> None:
    """Raise `Unfit` (`image-too-large`, `image-broken`) when no page may have this many pixels."""
    if width < 1 or height < 1:
        raise broken_pixels(name, f"size {width} x {height}")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise too_large(name, width, height, MAX_SIDE, MAX_PIXELS)


def head(path: Path, shown: str = "") -> ImageHead:
    """Return what the image file says of itself; `shown` names it in the sentence of a refusal. Raises `Unfit`."""
    with _opened(path, shown) as image:
        return _head(image)


def load_gray(path: Path, shown: str = "", reduce: int = 1) -> Gray:
    """Return the image as gray, alpha laid on white; `reduce` 2, 4 or 8 shrinks JPEGs while decoding.

    Other formats ignore `reduce`: look at the shape. Raises `Unfit` (`image-broken`, `image-too-large`).
    """
    with _opened(path, shown) as image:
        try:
            if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
                image.draft("L", (image.width // reduce, image.height // reduce))
            return _gray(image)
        except _BROKEN as fault:
            raise broken_pixels(shown or path.name, repr(fault)) from fault


def load_color(path: Path, shown: str = "") -> Color:
    """Return the image as red, green, blue, alpha laid on white. Raises `Unfit`."""
    with _opened(path, shown) as image:
        try:
            return _converted(image, "RGB")
        except _BROKEN as fault:
            raise broken_pixels(shown or path.name, repr(fault)) from fault


def save_pixels(pixels: NDArray[np.uint8], out: Path, dpi: float) -> None:
    """Write gray or red-green-blue pixels as PNG."""
    Image.fromarray(pixels).save(out, "PNG", compress_level=3, dpi=(dpi, dpi))


def guess_dpi(width: int, height: int) -> float:
    """Return the resolution under which the page would be A4, A3 or A5 at a usual scanner setting, else 300.

    A small picture cannot be 300 dpi paper: under 1,000 pixels on the short side it counts as 200.
    """
    short, long = sorted((width, height))
    for dpi in (300, 200, 400, 600, 150, 240, 100):
        for mm_short, mm_long in ((210, 297), (297, 420), (148, 210)):
            if (
                abs(short - mm_short * dpi / 25.4) < 0.02 * short
                and abs(long - mm_long * dpi / 25.4) < 0.02 * long
            ):
                return float(dpi)
    return 300.0 if short >= 1000 else 200.0


def turned(image: NDArray[np.uint8], rotation: Rotation) -> NDArray[np.uint8]:
    """Return the pixels after a clockwise right-angle turn."""
    return np.ascontiguousarray(np.rot90(image, -rotation // 90)) if rotation else image


def shrunk(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return the image `factor` times smaller (area mean); itself when that is within a hundredth of its size or more.

    A page that is one pixel too wide for its resolution is not worth a resampling, which costs as much as a large one.
    """
    if factor <= 1.01:
        return image
    height, width = image.shape[:2]
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return cast("NDArray[np.uint8]", cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def resized(image: NDArray[np.uint8], width: int, height: int, *, smooth: bool = True) -> NDArray[np.uint8]:
    """Return the image stretched to `width` × `height` pixels."""
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return cast("NDArray[np.uint8]", cv2.resize(image, (width, height), interpolation=how))


def warped(image: Gray, matrix: NDArray[np.float64], size: tuple[int, int]) -> Gray:
    """Return the image under the 2 × 3 `matrix` (source to target) on white paper of `size` (width, height)."""
    flags = cv2.INTER_LINEAR
    return cast(
        "Gray",
        cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,)),
    )


def brightest(color: Color) -> Gray:
    """Return the brightest of the three channels of every pixel."""
    red, green, blue = cv2.split(color)
    return cast("Gray", cv2.max(cv2.max(red, green), blue))


def luminance(color: Color) -> Gray:
    """Return colour pixels as ordinary gray."""
    return cast("Gray", cv2.cvtColor(color, cv2.COLOR_RGB2GRAY))


def dark(image: Gray, window: int, margin: int) -> NDArray[np.bool_]:
    """Return where pixels are darker than their surroundings (mean of `window` pixels) by more than `margin`."""
    block = max(3, window | 1)
    return (
        cv2.adaptiveThreshold(image, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, margin) > 0
    )


def components(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return one row (x, y, width, height, area) for each connected blob of the mask."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return cast("NDArray[np.int32]", stats[1:])


def opened(mask: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
    """Return the part of the mask in which a box of `width` × `height` pixels fits."""
    box = np.ones((height, width), np.uint8)
    return cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, box) > 0


def grown(mask: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
    """Return the mask with every pixel grown to a box of `width` × `height` pixels around it."""
    box = np.ones((height, width), np.uint8)
    return cv2.dilate(mask.view(np.uint8), box) > 0


def labelled(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return (blob number of every pixel, 0 outside; one row x, y, width, height, area for blob 1, 2, …)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return cast("NDArray[np.int32]", labels), cast("NDArray[np.int32]", stats[1:])


def paper(image: Gray, window: int) -> Gray:
    """Return the brightness of the paper under every pixel: the brightest of `window` pixels around, smoothed."""
    small = shrunk(image, 8)
    side = max(window // 8, 3) | 1
    wide = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    smooth = cv2.blur(wide, (side, side))
    return cast("Gray", cv2.resize(smooth, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR))


def divided(image: Gray, by: Gray, white: int) -> Gray:
    """Return the image with the shade `by` brought to `white` everywhere."""
    return cast("Gray", cv2.divide(image, by, scale=float(white)))


def padded(image: Gray, room: int, shade: int) -> Gray:
    """Return the image with a frame of `room` pixels in one shade around it."""
    return np.pad(image, room, constant_values=shade)


def circles(image: Gray, least: float, most: float) -> list[tuple[float, float, float]]:
    """Return (x, y, radius) of the clear rings with radii between `least` and `most` pixels, likeliest first."""
    found = cv2.HoughCircles(
        image, cv2.HOUGH_GRADIENT, dp=1.5, minDist=least, param1=120, param2=60,
        minRadius=round(least), maxRadius=round(most),
    )  # fmt: skip
    return [] if found is None else [(float(x), float(y), float(r)) for x, y, r in found.reshape(-1, 3)]


def _opened(path: Path, shown: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF and TIFF tags: the pixels decide
            image = Image.open(path, formats=("JPEG", "PNG", "TIFF"))
            try:
                check_size(image.width, image.height, shown or path.name)
            except BaseException:
                image.close()
                raise
            return image
    except _BROKEN as fault:
        raise broken_pixels(shown or path.name, repr(fault)) from fault


def _head(image: Image.Image) -> ImageHead:
    mode = image.mode
    color = {"1": "bilevel", "CMYK": "cmyk"}.get(mode) or (
        "gray" if mode in ("L", "LA", "I", "F") or "16" in mode else "rgb"
    )
    try:
        turn = _EXIF_TURN.get(int(image.getexif().get(_ORIENTATION, 1)), 0)
    except _BROKEN:
        turn = 0
    return ImageHead(
        format=image.format or "",
        width=image.width,
        height=image.height,
        mode=mode,
        dpi=_dpi(image),
        color=color,
        rotation=turn,
    )


def _dpi(image: Image.Image) -> float | None:
    said = image.info.get("dpi")
    try:
        x, y = (float(v) for v in said) if said else (0.0, 0.0)
    except _BROKEN:
        return None
    if not (50 <= x <= 2400 and 50 <= y <= 2400) or abs(x - y) > 0.1 * x or (x, y) in ((72, 72), (96, 96)):
        return None  # 72 and 96 are what programs write when they do not know
    return round((x + y) / 2, 2)


def _flat(image: Image.Image) -> Image.Image:
    """Return the image without alpha, on white paper."""
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        laid = image.convert("RGBA")
        paper = Image.new("RGBA", laid.size, "white")
        paper.alpha_composite(laid)
        return paper.convert("RGB")
    return image


def _gray(image: Image.Image) -> Gray:
    if image.mode.startswith("I;16"):
        return (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        wide = np.asarray(image, dtype=np.float64)
        top = max(float(wide.max(initial=0)), 1.0)
        return cast(
            "Gray", (np.clip(wide, 0, None) * (255 / (65535 if 1 < top <= 65535 else top))).astype(np.uint8)
        )
    return _converted(image, "L")


def _converted(image: Image.Image, mode: Literal["L", "RGB"]) -> NDArray[np.uint8]:
    """Return the pixels in `mode`, alpha laid on white; band by band, for a sheet of A0 with alpha is 560 MB, and whole
    it would be laid on white, made opaque and converted in a copy each.
    """
    image.load()
    pixels = np.empty((image.height, image.width, *((3,) if mode == "RGB" else ())), dtype=np.uint8)
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height)))
        pixels[top : top + band.height] = np.asarray(_flat(band).convert(mode))
    return pixels
