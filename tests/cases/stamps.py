"""Stamps for tests: an asymmetric mark, pages of every kind, real signing with a style, and the ink on the screen."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageDraw
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from signing.geometry import MM_PER_POINT, PageView, Place, page_view
from signing.stages import Appender
from signing.stamp import Stamp, stamp_style
from tests.cases.sealing import World


def mark(width_mm: float = 40, height_mm: float = 20) -> Stamp:
    """A red L over the left and lower edge and a blue dot in the upper right corner: no turn or mirror is hidden."""
    w, h = width_mm / MM_PER_POINT, height_mm / MM_PER_POINT
    bar, dot = 4.0, 10.0
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(w, h))
        page.Contents = pdf.make_stream(
            f"1 0 0 rg 0 0 {bar} {h:.5f} re f 0 0 {w:.5f} {bar} re f "
            f"0 0 1 rg {w - dot:.5f} {h - dot:.5f} {dot} {dot} re f".encode()
        )
        out = io.BytesIO()
        pdf.save(out)
    return Stamp(out.getvalue(), width_mm, height_mm)


@dataclass(frozen=True)
class Cell:
    """One kind of page. `size`: of the upright visible page in mm; `crop`: none | offset | negative | over.

    No cell both turns the crop box's corners round and reaches over the media box: poppler then shows another part.
    """

    size: tuple[float, float]
    rotate: int = 0
    crop: str = "none"
    unit: float = 1.0
    inherited: bool = False

    def __str__(self) -> str:
        where = "inherited" if self.inherited else "own"
        return f"{self.size[0]:.0f}x{self.size[1]:.0f}-r{self.rotate}-{self.crop}-u{self.unit}-{where}"


SIZES = {"A4": (210.0, 297.0), "A3 landscape": (420.0, 297.0), "A5": (148.0, 210.0), "Letter": (215.9, 279.4)}


def cells() -> list[Cell]:
    return [
        Cell(size, rotate, crop, unit)
        for size in SIZES.values()
        for rotate in (0, 90, 180, 270)
        for crop in ("none", "offset", "negative")
        for unit in (1.0, 2.0)
    ]


def odd_cells() -> list[Cell]:
    """Turns and units that are legal and rare, and boxes that the page tree hands down."""
    a4 = SIZES["A4"]
    odd = [Cell(a4, rotate, "offset") for rotate in (-90, -180, 450, 720, 630)]
    odd += [Cell(a4, rotate, "over") for rotate in (0, 90, 180, 270)]
    odd += [Cell(a4, 90, "none", unit) for unit in (0.5, 1.37, 10.0)]
    return odd + [
        Cell(a4, rotate, crop, inherited=True) for rotate in (90, 270) for crop in ("offset", "negative")
    ]


def a_page(path: Path, cell: Cell) -> Path:
    """Write a PDF of two pages of this kind; the first is plain."""
    turned = cell.rotate % 180 != 0
    w, h = (side / MM_PER_POINT / cell.unit for side in (reversed(cell.size) if turned else cell.size))
    x, y = {"none": (0.0, 0.0), "offset": (37.25, 61.5)}.get(cell.crop, (-120.5, -33.25))
    media = [x, y, x + w, y + h]
    crop = None
    if cell.crop == "offset":
        crop, media = media, [0, 0, x + w + 25, y + h + 40]
    elif cell.crop == "negative":
        crop, media = [x + w, y + h, x, y], [x - 15, y - 20, x + w + 5, y + h + 7]  # from the other corners
    elif cell.crop == "over":
        crop, media = [x, y - 30, x + w, y + h + 50], [x - 15, y, x + w + 5, y + h]
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(300, 400))
        page = pdf.add_blank_page(page_size=(100, 100))
        node = pdf.Root.Pages if cell.inherited else page.obj
        if cell.inherited:
            del page.obj.MediaBox
        node.MediaBox = media
        node.Rotate = cell.rotate
        if crop is not None:
            node.CropBox = crop
        if cell.unit != 1:
            page.obj.UserUnit = cell.unit
        pdf.save(path, min_version="1.6")
    return path


def sign_with(
    world: World, source: Path, out: Path, stamp: Stamp, place: Place, field: str = "ChuKy"
) -> PageView:
    """Sign `source` for real (PAdES B-T, the demo authority) with `stamp` in the middle of `place`."""
    with source.open("rb") as file:
        writer = Appender(file, strict=False)
        view = page_view(writer, place.page)
        signer = PdfSigner(
            PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES),
            world.ring.get().signer,
            timestamper=world.tsa,
            stamp_style=stamp_style(stamp, view, place),
            new_field_spec=SigFieldSpec(field, on_page=view.number - 1, box=view.rectangle(place)),
        )
        with out.open("wb") as target:
            signer.sign_pdf(writer, output=target)
    return view


def shown(path: Path, number: int, width: int) -> Image.Image:
    """What PDFium shows of page `number`, `width` pixels across."""
    pdf = pdfium.PdfDocument(path)
    pdf.init_forms()
    page = pdf[number - 1]
    bitmap = page.render(scale=width / page.get_size()[0], may_draw_forms=True)
    image = bitmap.to_pil().convert("RGB").copy()
    for thing in (bitmap, page, pdf):
        thing.close()
    return image


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    """Box of all that is not white, in pixels."""
    box = image.convert("L").point(lambda v: 255 if v < 200 else 0).getbbox()
    assert box is not None, "no ink on the page"
    return box


def deviation_mm(image: Image.Image, view: PageView, place: Place) -> float:
    """Farthest distance between an edge of the ink and the same edge of `place`, in mm."""
    box = ink(image)
    across, down = view.width_mm / image.width, view.height_mm / image.height
    asked = (
        place.x0 * view.width_mm,
        place.y0 * view.height_mm,
        place.x1 * view.width_mm,
        place.y1 * view.height_mm,
    )
    found = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    return max(abs(a - b) for a, b in zip(asked, found, strict=True))


def is_upright(image: Image.Image) -> bool:
    """Whether the L stands with its dot in the upper right: looked at by pixels."""
    x0, y0, x1, y1 = ink(image)
    cut = image.crop((x0, y0, x1, y1))
    w, h = cut.size
    points = {
        "left": (2, h // 2), "bottom": (w // 2, h - 3), "dot": (w - 4, 4), "top": (w // 2, 3), "right": (w - 3, h // 2),
    }  # fmt: skip
    colour = {name: cut.getpixel(at) for name, at in points.items()}
    red = all(colour[n][0] > 200 and colour[n][2] < 80 for n in ("left", "bottom"))
    white = all(min(colour[n]) > 200 for n in ("top", "right"))
    return red and white and colour["dot"][2] > 200 and colour["dot"][0] < 80


def signature_png(colour: tuple[int, int, int] = (20, 40, 170), size: tuple[int, int] = (600, 300)) -> bytes:
    """A made-up signature: strokes of a pen on nothing."""
    image = Image.new("RGBA", size, (*colour, 0))
    draw = ImageDraw.Draw(image)
    w, h = size
    line = [
        (w * 0.04 + t * w * 0.9, h * (0.5 + 0.33 * math.sin(t * 19) * (1 - t * 0.6))) for t in _steps(160)
    ]
    draw.line(line, fill=(*colour, 255), width=max(3, h // 45), joint="curve")
    draw.line([(w * 0.1, h * 0.82), (w * 0.92, h * 0.66)], fill=(*colour, 255), width=max(3, h // 60))
    return _png(image)


def seal_png(colour: tuple[int, int, int] = (205, 20, 30), side: int = 720) -> bytes:
    """A made-up round seal: rings, a star and letters round about, on nothing."""
    big = side * 2
    image = Image.new("RGBA", (big, big), (*colour, 0))
    draw = ImageDraw.Draw(image)
    for inset, width in ((0, 0.022), (0.05, 0.008), (0.24, 0.008)):
        edge = inset * big
        draw.ellipse(
            (edge, edge, big - 1 - edge, big - 1 - edge), outline=(*colour, 255), width=int(width * big)
        )
    middle = big / 2
    star = [
        (
            middle + big * (0.16 if k % 2 == 0 else 0.065) * math.sin(k * math.pi / 5),
            middle - big * (0.16 if k % 2 == 0 else 0.065) * math.cos(k * math.pi / 5),
        )
        for k in range(10)
    ]
    draw.polygon(star, fill=(*colour, 255))
    for k in range(40):
        angle = k * math.pi / 20
        at = middle + big * 0.36 * math.sin(angle), middle - big * 0.36 * math.cos(angle)
        r = big * 0.018
        draw.rectangle((at[0] - r, at[1] - r, at[0] + r, at[1] + r), fill=(*colour, 255))
    return _png(image.resize((side, side), Image.Resampling.LANCZOS))


def _steps(count: int) -> Iterator[float]:
    return (k / count for k in range(count + 1))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
