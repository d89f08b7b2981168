"""Take the page images out of a delivered file, byte for byte wherever the container allows it."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr import tiff, unfit
from ocr.barcodes import COARSE, FINE, Code, read_codes
from ocr.images import (
    Gray,
    dark,
    guess_dpi,
    head,
    load_gray,
    save_pixels,
    shrunk,
)
from ocr.inspect_file import FileFacts, shown_name
from ocr.options import OcrOptions
from ocr.orient import SURVEY_DPI
from ocr.page_look import PageLook, look_at
from ocr.pdf_pages import Embedded, embedded_images, render, write_embedded
from ocr.stamps import Stamp, read_stamps
from records.errors import Unfit
from records.geometry import Rotation
from records.separators import (
    BARS_MM,
    BARS_TOP_MM,
    PAGE_MM,
    QR_MM,
    QR_TOP_MM,
    claims_to_be_ours,
    read_code,
)

__all__ = ["Code", "PageImage", "extract_pages", "is_separator"]

_MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".tif": "image/tiff"}

_BORDER = 0.05
"""Share of each side left out of the ink: scanner shadows, punch holes, a printed frame."""

_SEPARATOR_INK = 0.02
"""Most ink beside the code on a separator sheet. Printed sheets have 0.008, the shortest corpus page 0.045."""

_FINE_LOOK_INK = 0.06
"""Most ink of a page that is searched again for a code of small modules: the separator's own and 0.04 for the code.
A code that 150 dpi cannot resolve has modules below 0.5 mm, so even 350 of them in a row cover 3 % of an A4 page."""

_SEPARATOR_CODE = 0.12
"""Least share of the page width that the code of a separator sheet takes; a QR on a letter is smaller."""

_OUR_INK = 0.14
"""Most ink beside the code that was read on a sheet of ours: its other code, its words, and what copying adds."""
_SIZE_OFF, _PLACE_OFF = 0.2, 0.08
"""How much larger or smaller a code of ours may be than printed, and how far from its place, in shares of the page:
copies are made smaller, sheets slip, and the bounds of a code that lies askew are larger than itself."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page image as delivered.

    `frame` counts pages of the file from 1. `exact`: the compressed image data is the delivered one (file copied,
    DCT or CCITT stream, TIFF strips); False: the same pixels losslessly in another container, or a rendering of a
    PDF page that is more than one image. `dpi`: dots per inch, guessed from paper sizes when the file does not say.
    `color`: `bilevel`, `gray`, `rgb`, `cmyk`. `ink`: share of dark pixels inside the borders; `ink_beside_codes`: the
    same without the codes. `hint_rotation`: clockwise turn that the container asks for (EXIF, PDF /Rotate);
    `width`, `height` and all boxes are those before it. `look`: what a look at the page tells, before it is read.
    `stamps`: what stands in frames, when that was asked for.
    """

    frame: int
    path: Path
    media_type: str
    width: int
    height: int
    dpi: float
    color: str
    exact: bool
    sha256: str
    codes: tuple[Code, ...]
    ink: float
    ink_beside_codes: float = 0.0
    hint_rotation: Rotation = 0
    look: PageLook | None = None
    stamps: tuple[Stamp, ...] = ()


@dataclass(frozen=True, slots=True)
class _Taken:
    """One page written out, before anybody looked at it."""

    frame: int
    path: Path
    exact: bool
    dpi: float | None = None
    rotation: Rotation | None = None


def extract_pages(
    path: Path,
    facts: FileFacts,
    out_dir: Path,
    frames: range | None = None,
    name: str = "",
    stamps: OcrOptions | None = None,
) -> list[PageImage]:
    """Write the page images of `path` to `out_dir` and describe them; `frames` (1-based) limits which.

    `name` is what the sender called the file, for the sentence of a refusal. `stamps`: read what stands in frames, in
    this way (None: do not look). Same input, same bytes out. Raises `Unfit` when a page cannot be
    decoded. Parses untrusted bytes: call it in a limited child process.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    numbers = range(1, facts.pages + 1) if frames is None else frames
    shown = shown_name(name or path.name)
    try:
        if facts.kind == "pdf":
            taken = _from_pdf(path, shown, out_dir, numbers)
        elif facts.kind == "tiff":
            taken = _from_tiff(path, shown, out_dir, numbers)
        else:
            taken = _from_image(path, out_dir, ".jpg" if facts.kind == "jpeg" else ".png")
        return [_described(page, shown, stamps) for page in taken]
    except (MemoryError, RecursionError) as fault:
        raise unfit.too_heavy(shown, repr(fault)) from fault


def is_separator(page: PageImage) -> str | None:
    """Return the text of the separator code when the page is a separator sheet, else None.

    A sheet of ours says so itself and may be a bad copy; of other codes any will do on a page with almost nothing else,
    as scanning bureaus print them. A code that begins like ours without being one parts nothing.
    """
    width = min(page.width, page.height)
    for code in page.codes:
        if read_code(code.text) and page.ink_beside_codes <= _OUR_INK and _in_its_place(code, page):
            return code.text
    if page.ink_beside_codes > _SEPARATOR_INK:
        return None
    large = [
        c
        for c in page.codes
        if _side(c) >= _SEPARATOR_CODE * width and (read_code(c.text) or not claims_to_be_ours(c.text))
    ]
    return max(large, key=lambda code: code.box.width * code.box.height).text if large else None


def _in_its_place(code: Code, page: PageImage) -> bool:
    """Return whether a code has the size and the place it has on our sheets, whichever way the sheet lies."""
    across, down = (code.box.x0 + code.box.x1) / 2 / page.width, (code.box.y0 + code.box.y1) / 2 / page.height
    if page.width > page.height:
        across, down = down, across
    qr = code.symbology.startswith("QR")
    printed, middle = (QR_MM, QR_TOP_MM + QR_MM / 2) if qr else (BARS_MM[0], BARS_TOP_MM + BARS_MM[1] / 2)
    size = _side(code) / min(page.width, page.height) / (printed / PAGE_MM[0])
    place = middle / PAGE_MM[1]
    return (
        abs(size - 1) <= _SIZE_OFF
        and abs(across - 0.5) <= _PLACE_OFF
        and min(abs(down - place), abs(1 - down - place)) <= _PLACE_OFF
    )


def _side(code: Code) -> int:
    return max(code.box.width, code.box.height)


def _page_path(out_dir: Path, number: int, suffix: str) -> Path:
    return out_dir / f"page-{number:05d}{suffix}"


def _from_image(path: Path, out_dir: Path, suffix: str) -> Iterator[_Taken]:
    target = _page_path(out_dir, 1, suffix)
    shutil.copyfile(path, target)
    yield _Taken(1, target, exact=True)


def _from_tiff(path: Path, name: str, out_dir: Path, numbers: range) -> Iterator[_Taken]:
    """JPEG frames leave as JPEG files, everything else as a TIFF of its own with the strips untouched."""
    try:
        found = tiff.frames(path)
    except tiff.TiffFault as fault:
        raise unfit.broken(name, "TIFF", str(fault)) from fault
    for number in numbers:
        frame = found[number - 1]
        stream = tiff.jpeg_stream(path, frame) if frame.compression == tiff.JPEG else None
        if stream is not None:
            target = _page_path(out_dir, number, ".jpg")
            target.write_bytes(stream)
            yield _Taken(number, target, exact=True, dpi=frame.dpi)
        else:
            target = _page_path(out_dir, number, ".tif")
            if len(found) == 1:
                shutil.copyfile(path, target)
            else:
                tiff.rewrap(path, frame, target)
            yield _Taken(number, target, exact=True)


def _from_pdf(path: Path, name: str, out_dir: Path, numbers: range) -> Iterator[_Taken]:
    for number, image, unit in embedded_images(path, name, numbers):
        taken = _embedded(image, number, out_dir) if image is not None else None
        if taken is None:
            pixels, dpi = render(path, name, number, unit)
            target = _page_path(out_dir, number, ".png")
            save_pixels(pixels, target, dpi)
            taken = _Taken(number, target, exact=False, dpi=dpi, rotation=0)
        yield taken


def _embedded(image: Embedded, number: int, out_dir: Path) -> _Taken | None:
    """Write the image as it lies in the PDF; None when that is not possible or does not give the declared picture."""
    stem = _page_path(out_dir, number, "")
    written = write_embedded(image, stem)
    if written is None:
        return None
    try:
        said = head(written)
        fits = (said.width, said.height) == (image.width, image.height)
    except Unfit:
        fits = False
    if not fits:
        written.unlink()
        return None
    return _Taken(number, written, image.exact, image.dpi, image.rotation)


def _described(page: _Taken, shown: str, asked: OcrOptions | None) -> PageImage:
    said = head(page.path, shown)
    dpi = page.dpi or said.dpi or guess_dpi(said.width, said.height)
    codes, ink, beside, seen, stamps = _survey(page.path, shown, dpi, (said.width, said.height), asked)
    return PageImage(
        frame=page.frame,
        path=page.path,
        media_type=_MEDIA_TYPES[page.path.suffix],
        width=said.width,
        height=said.height,
        dpi=dpi,
        color=said.color,
        exact=page.exact,
        sha256=_sha256(page.path),
        codes=codes,
        ink=ink,
        ink_beside_codes=beside,
        hint_rotation=said.rotation if page.rotation is None else page.rotation,
        look=seen,
        stamps=stamps,
    )


def _survey(
    path: Path, shown: str, dpi: float, size: tuple[int, int], asked: OcrOptions | None
) -> tuple[tuple[Code, ...], float, float, PageLook, tuple[Stamp, ...]]:
    """Return the codes of a page of `size` pixels, its ink with and without them, what else a look at it tells, and its
    stamps if asked for.

    The second, finer look costs as much as all the rest of taking a page in, and finds only codes of small modules;
    a page with more ink than a separator with such a code has is not looked at again.
    """
    gray = load_gray(path, shown, reduce=_halvings(dpi, COARSE))
    seen = dpi * gray.shape[1] / size[0]
    gray = shrunk(gray, seen / COARSE)
    seen = dpi * gray.shape[1] / size[0]
    codes = read_codes(gray, seen, COARSE, size)
    ink, beside = _ink(gray, seen, codes, size[0] / gray.shape[1])
    if not codes and ink <= _FINE_LOOK_INK and dpi >= 1.3 * COARSE:
        fine = load_gray(path, shown, reduce=_halvings(dpi, FINE))
        codes = read_codes(fine, dpi * fine.shape[1] / size[0], FINE, size)
        ink, beside = _ink(gray, seen, codes, size[0] / gray.shape[1])
    stamps = read_stamps(path, gray, seen, size, asked) if asked is not None else ()
    return codes, ink, beside, look_at(gray, seen), stamps


def _halvings(dpi: float, wanted: float) -> int:
    """Return the largest of 1, 2, 4, 8 by which an image of `dpi` may shrink and still have `wanted` dots per inch."""
    return max(n for n in (1, 2, 4, 8) if n == 1 or dpi / n >= wanted)


def _ink(gray: Gray, dpi: float, codes: tuple[Code, ...], scale: float) -> tuple[float, float]:
    """Return (share of dark pixels inside the borders, the same with the codes and their quiet zones left out)."""
    factor = max(1.0, dpi / SURVEY_DPI)
    mask = dark(shrunk(gray, factor), window=41, margin=15)
    height, width = mask.shape
    inside = mask[
        int(height * _BORDER) : int(height * (1 - _BORDER)), int(width * _BORDER) : int(width * (1 - _BORDER))
    ]
    ink = float(inside.mean()) if inside.size else 0.0
    for code in codes:
        x0, y0, x1, y1 = (v / scale / factor for v in code.box.as_list())
        pad = 0.03 * max(x1 - x0, y1 - y0)
        mask[max(0, int(y0 - pad)) : int(y1 + pad) + 1, max(0, int(x0 - pad)) : int(x1 + pad) + 1] = False
    return round(ink, 6), round(float(inside.mean()) if inside.size else 0.0, 6)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
