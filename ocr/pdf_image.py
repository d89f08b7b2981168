"""Turn the master image of a page into a PDF image object: the very same compressed bytes wherever PDF can hold them.

JPEG goes in whole; a PNG gives its IDAT; a one-strip G4 TIFF gives its strip. What PDF/A-2 or its sRGB output intent
cannot hold (CMYK, 16 bit, alpha, arithmetic or 12-bit JPEG, interlaced PNG, LZW strips …) goes in as the same picture
in 8-bit gray or sRGB on white, without loss beyond that, and a note says why. See docs/decisions/0018.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image, ImageCms, TiffImagePlugin

from records.errors import Unfit

CHUNK = 1 << 18
MAX_PROFILE = 4 << 20
GRAY, RGB = b"/DeviceGray", b"/DeviceRGB"
_G4 = 4
_BILEVEL = "1"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a source: `length` of them from `start`."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class PdfImage:
    """An image as PDF holds it: size in pixels, colour `space`, `bits` a sample, the `rest` of the dictionary.

    `spans` of `source` (the file, or bytes made from it) are the stream. `profile`: the ICC profile that says what
    the colours mean, b"" for sRGB and plain gray. `note`: why the bytes are not the delivered ones, "" when they are.
    """

    width: int
    height: int
    space: bytes
    bits: int
    rest: bytes
    source: Path | bytes
    spans: tuple[Span, ...]
    profile: bytes = b""
    note: str = ""

    @property
    def length(self) -> int:
        """Length of the stream in bytes."""
        return sum(span.length for span in self.spans)

    @property
    def components(self) -> int:
        """Colour components of a pixel before any palette."""
        return 3 if self.space == RGB else 1

    def entries(self, profile: int | None) -> bytes:
        """Return the dictionary of the stream; `profile` is the object number of `self.profile`, if written."""
        space = self.space if profile is None else b"[/ICCBased %d 0 R]" % profile
        return b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent %d%s" % (
            self.width, self.height, space, self.bits, self.rest,
        )  # fmt: skip

    def chunks(self) -> Iterator[bytes]:
        """Yield the stream piece by piece."""
        with _open(self.source) as file:
            for span in self.spans:
                file.seek(span.start)
                left = span.length
                while left and (piece := file.read(min(left, CHUNK))):
                    left -= len(piece)
                    yield piece


def pdf_image(path: Path) -> PdfImage:
    """Return the image object for the file at `path`. Raises `Unfit` (`page-unreadable`) when it is no image."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if head[:3] == b"\xff\xd8\xff":
            found = _jpeg(path)
        elif head == b"\x89PNG\r\n\x1a\n":
            found = _png(path)
        elif head[:4] in (b"II*\0", b"MM\0*"):
            found = _tiff(path)
        else:
            found = "not a JPEG, PNG or TIFF file"
        return found if isinstance(found, PdfImage) else _again(path, found)
    except _BROKEN as why:
        raise Unfit(
            f"{path.name}: {why}",
            code="page-unreadable",
            tell="Ảnh trang không đọc được nên không đưa vào PDF được. Ảnh gốc vẫn được giữ; hãy quét lại trang này.",
        ) from why


def _open(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _jpeg(path: Path) -> PdfImage | str:
    """Return the whole file as a DCT stream, or why PDF cannot hold it (ISO 32000-1, 7.4.8)."""
    size = path.stat().st_size
    adobe, jfif = False, False
    icc: list[bytes] = []
    with path.open("rb") as file:
        file.seek(2)
        while True:
            kind = _next_marker(file)
            (length,) = struct.unpack(">H", file.read(2))
            if kind in _FRAMES:
                break
            segment = file.read(length - 2)
            adobe = adobe or (kind == 0xEE and segment[:5] == b"Adobe")
            jfif = jfif or (kind == 0xE0 and segment[:4] == b"JFIF")
            if kind == 0xE2 and segment[:12] == b"ICC_PROFILE\0":
                icc.append(segment[12:])  # its number, how many, the piece
        bits, height, width, components = struct.unpack(">BHHB", file.read(6))
        names = bytes(file.read(3 * components)[::3])
    if kind not in (0xC0, 0xC1, 0xC2):
        return "JPEG coding outside PDF (arithmetic or lossless)"
    if bits != 8 or not height:
        return f"JPEG of {bits} bits a sample or unknown height"
    if components not in (1, 3):
        return f"JPEG of {components} colour components"
    rest = b"/Filter/DCTDecode"
    if names == b"RGB" and not adobe and not jfif:
        rest += b"/DecodeParms<</ColorTransform 0>>"  # no marker says so, but decoders of JPEG files take it as RGB
    space = GRAY if components == 1 else RGB
    profile = fit_profile(b"".join(piece[2:] for piece in sorted(icc)), components)
    return PdfImage(width, height, space, 8, rest, path, (Span(0, size),), profile)


def _next_marker(file: BinaryIO) -> int:
    """Return the kind of the next JPEG marker that has a length, past padding. Raises ValueError at the scan."""
    while True:
        lead = file.read(1)
        if lead != b"\xff":
            raise ValueError("JPEG without a frame header")
        kind = 0xFF
        while kind == 0xFF:
            kind = file.read(1)[0]
        if kind in (0xD9, 0xDA):
            raise ValueError("JPEG without a frame header")
        if kind != 0x01 and not 0xD0 <= kind <= 0xD7:
            return kind


def _png(source: Path | bytes) -> PdfImage | str:
    """Return the IDAT chunks as a Flate stream with PNG predictors, or why PDF cannot hold them (7.4.4.4)."""
    spans: list[Span] = []
    palette, profile = b"", b""
    header: tuple[int, ...] = ()
    with _open(source) as file:
        file.seek(8)
        while len(lead := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", lead)
            start = file.tell()
            if kind == b"IHDR":
                header = struct.unpack(">IIBBBBB", file.read(13))
            elif kind == b"PLTE":
                palette = file.read(length)
            elif kind == b"iCCP":
                with suppress(zlib.error):
                    profile = zlib.decompressobj().decompress(
                        file.read(length).split(b"\0", 1)[1][1:], MAX_PROFILE
                    )
            elif kind == b"tRNS":
                return "PNG with transparency"
            elif kind == b"IDAT":
                spans.append(Span(start, length))
            elif kind == b"IEND":
                break
            file.seek(start + length + 4)
        else:
            raise ValueError("PNG cut short")
    if not header or not spans:
        raise ValueError("PNG without picture")
    width, height, bits, color, _, _, interlaced = header
    if bits == 16 or interlaced or color in (4, 6):
        return "PNG of 16 bits, with alpha or interlaced"
    colors = 3 if color == 2 else 1
    space = {0: GRAY, 2: RGB}.get(color)
    if space is None:
        space = b"[/Indexed/DeviceRGB %d<%s>]" % (len(palette) // 3 - 1, palette.hex().encode())
        profile = b""
    rest = b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors %d/BitsPerComponent %d/Columns %d>>" % (
        colors, bits, width,
    )  # fmt: skip
    return PdfImage(width, height, space, bits, rest, source, tuple(spans), fit_profile(profile, colors))


def _tiff(path: Path) -> PdfImage | str:
    """Return the strip of a one-strip G4 page as a CCITT stream, or why it cannot be taken as it is."""
    with Image.open(path) as image:
        tags = cast(TiffImagePlugin.TiffImageFile, image).tag_v2
        if tags.get(259) != _G4 or tags.get(277, 1) != 1:
            return "TIFF compression outside PDF"
        offsets, counts = tags.get(273), tags.get(279)
        if not offsets or not counts or len(offsets) != 1 or len(counts) != 1:
            return "TIFF of several strips"
        if tags.get(266, 1) != 1 or tags.get(293, 0) & 2:
            return "TIFF with reversed bits or uncompressed runs"
        span = Span(int(offsets[0]), int(counts[0]))
        if span.start + span.length > path.stat().st_size:
            raise ValueError("TIFF strip outside the file")
        return _fax(image.width, image.height, tags.get(262, 0) == 1, path, span)


def _fax(width: int, height: int, black_is_one: bool, source: Path | bytes, span: Span) -> PdfImage:
    """Return a G4 image. `black_is_one`: TIFF says BlackIsZero, so what the fax code calls black shows white."""
    rest = b"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns %d/Rows %d%s>>" % (
        width, height, b"/BlackIs1 true" if black_is_one else b"",
    )  # fmt: skip
    return PdfImage(width, height, GRAY, 1, rest, source, (span,))


def fax_image(bilevel: Image.Image) -> PdfImage:
    """Return a bilevel picture (Pillow mode 1) as a G4 image."""
    out = io.BytesIO()
    bilevel.save(out, "TIFF", compression="group4", tiffinfo={278: bilevel.height})
    data = out.getvalue()
    with Image.open(io.BytesIO(data)) as fax:
        tags = cast(TiffImagePlugin.TiffImageFile, fax).tag_v2
        (start,), (length,) = tags[273], tags[279]
        return _fax(bilevel.width, bilevel.height, tags[262] == 1, data, Span(start, length))


def _again(path: Path, reason: str) -> PdfImage:
    """Return the picture of `path` coded anew without loss: bilevel as G4, else 8-bit gray or sRGB in Flate."""
    with Image.open(path) as image:
        image.load()
        plain = plain_pixels(image)
    if plain.mode == _BILEVEL:
        made = fax_image(plain)
    else:
        out = io.BytesIO()
        plain.save(out, "PNG", compress_level=6, icc_profile=None)
        made = cast(PdfImage, _png(out.getvalue()))  # written just now in the form that PDF holds
    return replace(made, note=reason)


def plain_pixels(image: Image.Image) -> Image.Image:
    """Return `image` as bilevel, 8-bit gray or 8-bit sRGB: alpha on white, 16 bit scaled, CMYK through its profile."""
    if image.mode in (_BILEVEL, "L", "RGB"):
        return image
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image)
    if image.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa"):
        full = image.convert("RGBA")
        white = Image.new("RGBA", full.size, "white")
        flat = Image.alpha_composite(white, full)
        return flat.convert("L" if image.mode in ("LA", "La") else "RGB")
    profile = image.info.get("icc_profile")
    if image.mode == "CMYK" and profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            if converted is not None:
                return converted
    return image.convert("RGB")


def fit_profile(profile: bytes, components: int) -> bytes:
    """Return `profile` when PDF/A-2 takes it for an image of so many `components` and it says more than sRGB, else b"".

    ISO 19005-2, 6.2.4.2: an ICC profile of version 2 or 4 for input, display, output or colour space conversion.
    """
    fits = (
        128 < len(profile) <= MAX_PROFILE
        and int.from_bytes(profile[:4], "big") == len(profile)
        and profile[8] in (2, 4)
        and profile[12:16] in (b"scnr", b"mntr", b"prtr", b"spac")
        and profile[16:20] == (b"RGB " if components == 3 else b"GRAY")
        and profile[36:40] == b"acsp"
    )
    if not fits:
        return b""
    try:
        described = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return b""
    return b"" if "sRGB" in described else profile


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a 16-bit or float gray image as 8 bits; a float image is taken as 0.0 to 1.0 when it never exceeds 1."""
    values = image.convert("F")
    high = cast(tuple[float, float], values.getextrema())[1]
    if image.mode == "F" and high <= 1.0:
        return values.point(lambda v: v * 255.0).convert("L")
    if high <= 255:
        return values.convert("L")
    return values.point(lambda v: v * (1 / 257)).convert("L")
