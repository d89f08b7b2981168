"""The reading door to PDF: what a file holds and its page images as embedded (pikepdf), drawings of the rest (PDFium).

Nothing is repaired on the way in, and every walk through the file has a limit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pikepdf
import pypdfium2
from numpy.typing import NDArray

from ocr import unfit
from ocr.images import check_size
from records.geometry import Rotation

MAX_PAGES = 10_000
RENDER_DPI = 300
RENDER_PIXELS = 40_000_000
"""A rendered page gets 300 dpi but never more pixels than this: A2 still fits, a bomb does not."""

_TEXT_PAGES_LOOKED_AT = 1_000
_MAX_DEPTH = 60
_MAX_CONTENT = 1_000_000
_COLORS = frozenset(
    {"/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/CalGray", "/CalRGB", "/ICCBased", "/Indexed", "None"}
)
_FULL = 0.02
"""An image is the page when its edges are within this share of the page's edges."""

_HARMLESS = frozenset(
    "q Q cm gs w J j M d ri i W W* n re BT ET Tf Td TD Tm T* Tc Tw Tz TL Ts Tj TJ ' \" Tr BMC BDC EMC MP DP BX EX "
    "g G rg RG k K cs CS sc scn SC SCN".split()
)
"""Operators that paint nothing by themselves; text counts only while its mode is 3, invisible."""


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """Pages, signed fields, pages with text."""

    pages: int
    signatures: int
    text_pages: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """The one image that is a whole page: what writes it out, its resolution, the clockwise turn that shows it."""

    image: pikepdf.PdfImage
    width: int
    height: int
    dpi: float
    rotation: Rotation
    exact: bool


def pdf_facts(path: Path, name: str) -> PdfFacts:
    """Return what the PDF holds. Raises `Unfit` when it is cut, locked, broken, endless or empty."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(2048)
        file.seek(max(0, size - 65_536))
        tail = file.read()
    linear = re.search(rb"/Linearized\b[^>]*?/L\s+(\d+)", start)
    if linear and int(linear.group(1)) > size:
        raise unfit.truncated(name, "PDF", size, int(linear.group(1)))
    with _opened(path, name, whole=b"%%EOF" in tail and b"startxref" in tail) as pdf:
        if pdf.is_encrypted:
            raise unfit.encrypted(name)
        pages = _count_pages(pdf, name)
        signatures = _count_signatures(pdf)
    return PdfFacts(pages, signatures, _count_text_pages(path, name, min(pages, _TEXT_PAGES_LOOKED_AT)))


def embedded_images(path: Path, name: str, numbers: range) -> Iterator[tuple[int, Embedded | None, float]]:
    """Yield each page number with the one image that is the page, or None when it must be rendered, and its user unit.

    The image may be used only until the next page is asked for. Raises `Unfit`.
    """
    with _opened(path, name, whole=True) as pdf:
        for number in numbers:
            found, unit = None, 1.0
            try:
                unit = _user_unit(pdf.pages[number - 1])
                found = _embedded(pdf.pages[number - 1])
            except (
                pikepdf.PikepdfError,
                ValueError,
                TypeError,
                KeyError,
                AttributeError,
                NotImplementedError,
            ):
                found = None  # what pikepdf cannot take apart, PDFium may still draw
            yield number, found, unit


def write_embedded(image: Embedded, stem: Path) -> Path | None:
    """Write the image beside `stem` with the suffix of its kind; None when its packing cannot leave the PDF."""
    try:
        written = Path(image.image.extract_to(fileprefix=str(stem)))
    except (
        pikepdf.PikepdfError,
        ValueError,
        TypeError,
        KeyError,
        NotImplementedError,
        OSError,
    ):
        return None
    target = written.with_suffix({".jpeg": ".jpg", ".tiff": ".tif"}.get(written.suffix, written.suffix))
    if target != written:
        written.replace(target)
    if target.suffix in (".jpg", ".png", ".tif"):
        return target
    target.unlink()
    return None


def render(path: Path, name: str, number: int, unit: float = 1.0) -> tuple[NDArray[np.uint8], float]:
    """Return (gray or red-green-blue pixels, dpi) of one page drawn upright as readers see it. Raises `Unfit`.

    `unit` is the page's /UserUnit, which PDFium leaves out: so many points is one unit of its sizes.
    """
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            pdf.init_forms()  # or what signatures show on a page would not be drawn
            page = pdf[number - 1]
            width, height = page.get_size()
            if not (0 < width < 1e6 and 0 < height < 1e6):
                raise unfit.odd_page(name, number, f"size {width} x {height} points")
            scale = min(RENDER_DPI * unit / 72, (RENDER_PIXELS / (width * height)) ** 0.5)
            check_size(max(1, round(width * scale)), max(1, round(height * scale)), name)
            bitmap = page.render(scale=scale, draw_annots=True, rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
            bitmap.close()
            page.close()
    except pypdfium2.PdfiumError as fault:
        raise unfit.odd_page(name, number, str(fault)) from fault
    gray = bool((pixels[:, :, 0] == pixels[:, :, 1]).all() and (pixels[:, :, 1] == pixels[:, :, 2]).all())
    return (np.ascontiguousarray(pixels[:, :, 0]) if gray else pixels), scale * 72 / unit


def claimed_pdfa(path: Path) -> str:
    """Return the PDF/A flavour that the file says it is (`2b`), "" when it says none. Raises `Unfit`."""
    with _opened(path, path.name, whole=True) as pdf:
        return str(pdf.open_metadata().pdfa_status).lower()


def _opened(path: Path, name: str, *, whole: bool) -> pikepdf.Pdf:
    """Open without repair: a repaired page list may silently lack pages, and an archive must not guess."""
    try:
        return pikepdf.open(path, attempt_recovery=False, suppress_warnings=True)
    except pikepdf.PasswordError as fault:
        raise unfit.locked(name) from fault
    except (pikepdf.PikepdfError, ValueError, RuntimeError, OSError) as fault:
        if "Loop detected" in str(fault):
            raise unfit.page_loop(name) from fault
        if not whole:
            raise unfit.truncated(name, "PDF", path.stat().st_size) from fault
        raise unfit.broken(name, "PDF", str(fault)) from fault


def _count_pages(pdf: pikepdf.Pdf, name: str) -> int:
    """Walk the page tree ourselves, with limits, and believe its /Count only when it already says too many."""
    try:
        declared = int(pdf.Root.Pages.get("/Count", 0))
        if declared > MAX_PAGES:
            raise unfit.too_many_pages(name, declared, MAX_PAGES)
        leaves = 0
        waiting: list[tuple[Any, frozenset[tuple[int, int]]]] = [(pdf.Root.Pages, frozenset())]
        while waiting:
            node, above = waiting.pop()
            if not isinstance(node, pikepdf.Dictionary):
                continue
            if node.get("/Kids") is None:
                leaves += 1
                if leaves > MAX_PAGES:
                    raise unfit.too_many_pages(name, leaves, MAX_PAGES)
                continue
            if node.objgen in above or len(above) > _MAX_DEPTH:
                raise unfit.page_loop(name)
            if len(node.Kids) > MAX_PAGES or len(waiting) > 2 * MAX_PAGES:
                raise unfit.too_many_pages(name, max(len(node.Kids), len(waiting)), MAX_PAGES)
            path = above | {node.objgen}
            waiting.extend((kid, path) for kid in node.Kids)
    except (pikepdf.PikepdfError, AttributeError, TypeError, ValueError) as fault:
        raise unfit.broken(name, "PDF", f"page tree: {fault}") from fault
    if not leaves:
        raise unfit.no_pages(name, "PDF")
    return leaves


def _count_signatures(pdf: pikepdf.Pdf) -> int:
    """Count filled signature fields (ISO 32000-1, 12.8), time stamps included; odd forms count as far as readable."""
    signed, seen, waiting = 0, set[tuple[int, int]](), list[tuple[Any, Any]]()
    try:
        form = pdf.Root.get("/AcroForm")
        waiting.extend((kid, None) for kid in (form.get("/Fields", []) if form is not None else []))
        while waiting and len(seen) < 100_000:
            field, inherited = waiting.pop()
            if not isinstance(field, pikepdf.Dictionary) or (field.objgen != (0, 0) and field.objgen in seen):
                continue
            seen.add(field.objgen)
            kind = field.get("/FT", inherited)
            value = field.get("/V")
            signed += kind == "/Sig" and isinstance(value, pikepdf.Dictionary) and "/ByteRange" in value
            waiting.extend((kid, kind) for kid in field.get("/Kids", []))
    except (pikepdf.PikepdfError, AttributeError, TypeError, ValueError):
        return signed
    return signed


def _count_text_pages(path: Path, name: str, pages: int) -> int:
    try:
        with pypdfium2.PdfDocument(path) as pdf:
            count = 0
            for number in range(min(pages, len(pdf))):
                page = pdf[number]
                text = page.get_textpage()
                count += text.count_chars() > 0
                text.close()
                page.close()
            return count
    except pypdfium2.PdfiumError as fault:
        raise unfit.broken(name, "PDF", str(fault)) from fault


def _embedded(page: pikepdf.Page) -> Embedded | None:
    """Return the image when the page paints it once over its whole area, unmirrored and in right angles."""
    if _has_marks(page):
        return None
    found = _only_image(page)
    if found is None:
        return None
    drawn, matrix = found
    turn = _turn_of(matrix)
    unit = _user_unit(page)
    box = [float(cast("Any", v)) for v in page.cropbox]
    left, bottom, right, top = (
        min(box[0], box[2]),
        min(box[1], box[3]),
        max(box[0], box[2]),
        max(box[1], box[3]),
    )
    xs, ys = (matrix.e, matrix.e + matrix.a + matrix.c), (matrix.f, matrix.f + matrix.b + matrix.d)
    slack_x, slack_y = _FULL * (right - left), _FULL * (top - bottom)
    edges = zip(
        (min(xs), max(xs), min(ys), max(ys)),
        (left, right, bottom, top),
        (slack_x, slack_x, slack_y, slack_y),
        strict=True,
    )
    if turn is None or any(abs(has - wants) > slack for has, wants, slack in edges):
        return None
    try:
        image = pikepdf.PdfImage(drawn)
    except OSError:  # Pillow's word for a JPEG 2000 that it cannot open; PDFium may still draw the page
        return None
    long_x, long_y = (abs(matrix.a), abs(matrix.d)) if turn in (0, 180) else (abs(matrix.b), abs(matrix.c))
    dpi_x, dpi_y = image.width * 72 / (long_x * unit), image.height * 72 / (long_y * unit)
    if abs(dpi_x - dpi_y) > 0.02 * dpi_x or not _plain(drawn):
        return None
    check_size(image.width, image.height, "")
    asked = _asked_turn(page)
    if asked % 90:
        return None
    filters = [str(f) for f in image.filters]
    if str(image.colorspace) not in _COLORS:
        return None
    total = cast("Rotation", (turn + asked) % 360)
    exact = filters in (["/DCTDecode"], ["/CCITTFaxDecode"])
    return Embedded(image, image.width, image.height, round((dpi_x + dpi_y) / 2, 2), total, exact)


def _user_unit(page: pikepdf.Page) -> float:
    """Return how many points a unit of the page's space is (ISO 32000-1, 14.11.1), 1.0 where the page says nonsense."""
    unit = float(cast("Any", page.obj.get("/UserUnit", 1)))
    return unit if 0.01 <= unit <= 1000 else 1.0


def _asked_turn(page: pikepdf.Page) -> int:
    """Return the page's /Rotate, its own or inherited (ISO 32000-1, 7.7.3.4), as 0 to 359 degrees clockwise."""
    node: Any = page.obj
    for _ in range(_MAX_DEPTH):
        if "/Rotate" in node:
            return int(node["/Rotate"]) % 360
        node = node.get("/Parent")
        if node is None:
            break
    return 0


def _has_marks(page: pikepdf.Page) -> bool:
    """Return whether annotations (stamps, signature appearances, ink) draw over the page."""
    for note in page.obj.get("/Annots", []):
        hidden = int(note.get("/F", 0)) & 0b10  # 12.5.3
        if not hidden and note.get("/Subtype") not in ("/Link", "/Popup") and "/AP" in note:
            return True
    return False


def _only_image(page: pikepdf.Page) -> tuple[pikepdf.Stream, pikepdf.Matrix] | None:
    """Return the one image that the content stream paints and its matrix; None when anything else is painted."""
    contents = page.obj.get("/Contents")
    parts = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    if any(part is None or int(cast("Any", part).get("/Length", 0)) > _MAX_CONTENT for part in parts):
        return None
    images = page.resources.get("/XObject", pikepdf.Dictionary())
    now, stack = pikepdf.Matrix(), list[tuple[pikepdf.Matrix, int]]()
    mode, black, found = 0, True, None
    for step in pikepdf.parse_content_stream(page):
        operands, word = step.operands, str(step.operator)
        if word == "q":
            stack.append((now, mode))
        elif word == "Q" and stack:
            now, mode = stack.pop()
        elif word == "cm":
            now = pikepdf.Matrix(*(float(cast("Any", v)) for v in operands)) @ now
        elif word == "Tr":
            mode = int(cast("Any", operands[0]))
        elif word in ("Tj", "TJ", "'", '"') and mode != 3:
            return None
        elif word in ("g", "rg", "k", "cs", "sc", "scn"):
            black = False
        elif word == "Do":
            drawn = images.get(str(operands[0]))
            if found is not None or drawn is None or drawn.get("/Subtype") != "/Image":
                return None
            if bool(drawn.get("/ImageMask", False)) and not black:
                return None
            found = (cast("pikepdf.Stream", drawn), now)
        elif word not in _HARMLESS:
            return None
    return found


def _turn_of(matrix: pikepdf.Matrix) -> Rotation | None:
    """Return the clockwise turn that the matrix gives an image, None when it leans or mirrors."""
    size = max(abs(v) for v in (matrix.a, matrix.b, matrix.c, matrix.d))
    straight = abs(matrix.b) + abs(matrix.c) < 1e-3 * size
    sideways = abs(matrix.a) + abs(matrix.d) < 1e-3 * size
    if straight and matrix.a * matrix.d > 0:
        return 0 if matrix.d > 0 else 180
    if sideways and matrix.b * matrix.c < 0:
        return 90 if matrix.c > 0 else 270
    return None


def _plain(drawn: pikepdf.Stream) -> bool:
    """Return whether the stream alone is the picture: no mask, no inverting decode array, no transform of its own."""
    if any(key in drawn for key in ("/SMask", "/Mask")):
        return False
    parameters = drawn.get("/DecodeParms")
    if isinstance(parameters, pikepdf.Dictionary) and "/ColorTransform" in parameters:
        return False
    decode = [float(cast("Any", v)) for v in drawn.get("/Decode", [])]
    return all(low == 0 for low in decode[::2]) and all(high > 0 for high in decode[1::2])
