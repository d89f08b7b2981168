"""Make the awkward and hostile files that scanners, mail and people bring. Everything is generated, nothing shipped."""

import io
import struct
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pikepdf
from PIL import Image, ImageDraw

REFUSED = {
    "rong.pdf": "empty",
    "mot-byte.jpg": "one byte",
    "cat-ngan.jpg": "truncated JPEG",
    "cat-ngan.png": "truncated PNG",
    "cat-ngan.tif": "truncated TIFF",
    "cat-ngan.pdf": "truncated PDF",
    "chuong-trinh.pdf": "a program called .pdf",
    "trang-web.tif": "HTML called .tif",
    "mat-khau.pdf": "needs a password",
    "khong-lo.png": "20,000 x 20,000 pixels",
    "tram-nghin-trang.pdf": "100,000 pages",
    "tu-tro.pdf": "page tree that contains itself",
}
ACCEPTED = {
    "cmyk.jpg": "CMYK",
    "16-bit.png": "16 bits a sample",
    "trong-suot.png": "alpha channel",
    "khong-dpi.jpg": "no resolution",
    "sai-duoi.png": "a JPEG called .png",
    unicodedata.normalize("NFD", "tên có dấu.jpg"): "name in NFD with spaces",
    "d" * 240 + ".jpg": "a very long name",
    "-rf --no-pdf.jpg": "a name that looks like an option",
}


def paper(mode: str = "L", size: tuple[int, int] = (827, 1169)) -> Image.Image:
    """A small page with some ink on it."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for row in range(8):
        draw.text((80, 100 + row * 60), f"CONG VAN SO {row} NGAY 09 THANG 7 NAM 2025", fill=0)
    return image.convert(mode)


def bytes_of(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make(folder: Path) -> None:
    """Write every file of REFUSED and ACCEPTED into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    jpeg = bytes_of(paper(), "JPEG", dpi=(100, 100))
    png = bytes_of(paper(), "PNG", dpi=(100, 100))
    tiff = bytes_of(paper(), "TIFF", dpi=(100, 100))
    pdf = bytes_of(paper(), "PDF", resolution=100)
    files = {
        "rong.pdf": b"",
        "mot-byte.jpg": b"\xff",
        "cat-ngan.jpg": jpeg[: len(jpeg) // 3],
        "cat-ngan.png": png[: len(png) // 2],
        "cat-ngan.tif": tiff[: len(tiff) // 2],
        "cat-ngan.pdf": pdf[: len(pdf) // 3],
        "chuong-trinh.pdf": b"MZ" + bytes(range(256)) * 20,
        "trang-web.tif": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        "mat-khau.pdf": encrypted(pdf),
        "khong-lo.png": huge_png(20_000),
        "tram-nghin-trang.pdf": many_pages(100_000),
        "tu-tro.pdf": SELF_REFERENCE,
        "cmyk.jpg": bytes_of(paper("CMYK"), "JPEG", dpi=(100, 100)),
        "16-bit.png": sixteen_bit(),
        "trong-suot.png": bytes_of(paper("RGBA"), "PNG", dpi=(100, 100)),
        "khong-dpi.jpg": bytes_of(paper(), "JPEG"),
        "sai-duoi.png": bytes_of(paper(size=(828, 1170)), "JPEG", dpi=(100, 100)),
    }
    for number, name in enumerate(n for n in ACCEPTED if n not in files):
        files[name] = bytes_of(paper(size=(840 + number, 1180)), "JPEG", dpi=(100, 100))
    for name, data in files.items():
        (folder / name).write_bytes(data)


def encrypted(pdf: bytes) -> bytes:
    """The PDF behind a user password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="chu", user="khach", R=6))
    return out.getvalue()


def sixteen_bit() -> bytes:
    """A gray PNG of 16 bits a sample."""
    samples = np.asarray(paper()).astype(np.uint16) * 257
    return bytes_of(Image.fromarray(samples), "PNG")


def huge_png(side: int) -> bytes:
    """A small file that unfolds to `side` × `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\x00" + b"\xff" * ((side + 7) // 8)
    packed = zlib.compressobj(9)
    body = b"".join(packed.compress(row) for _ in range(side)) + packed.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def many_pages(count: int) -> bytes:
    """A PDF that claims `count` pages from a handful of objects: every kid is the same page."""
    kids = b"3 0 R " * count
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % count,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    return assemble(objects)


def assemble(objects: list[bytes]) -> bytes:
    """A plain PDF of these objects, numbered from 1; the first is the catalogue."""
    out = b"%PDF-1.7\n"
    places = []
    for number, data in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + data + b"\nendobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    )


SELF_REFERENCE = assemble(
    [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>",
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>",
    ]
)
