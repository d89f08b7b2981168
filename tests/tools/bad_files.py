"""Files of the list of bad inputs (B01–B26 of the reliability study): made here, none shipped.

    python -m tests.tools.bad_files      (`make bad-files`) every one under the real limits, a line each and the figures
    python -m tests.tools.bad_files --mutated 1000 [--seed N]    so many damaged copies of a good file of each kind

Each goes the way of a delivered file, inspected and taken apart in the limited children; the run fails when one ends in
anything but facts or a refusal with a sentence, outlasts its limit, or spoils the ordinary file after it.
"""

import io
import random
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pikepdf
from PIL import Image

from ingest.children import ChildDied, ChildStuck
from ingest.tools import WalkLimits
from jobs.children import ChildPools, default_limits
from ocr.extract import extract_pages
from ocr.inspect_file import inspect_file
from records.errors import Away, Unfit
from tests.tools.bad_inputs import assemble, bytes_of, huge_png, many_pages, paper, sixteen_bit
from tests.tools.rooms import room

MIB = 1024 * 1024


@dataclass(frozen=True)
class BadFile:
    """One bad input. `number` of the list; `quick`: in every test run."""

    number: str
    name: str
    make: Callable[[], bytes]
    quick: bool = True


@dataclass(frozen=True)
class Ended:
    """How a file ended: `read` (its page images came out) or `refused: code`; seconds; the sentence when refused."""

    state: str
    seconds: float
    tell: str = ""


def jpeg() -> bytes:
    return bytes_of(paper(), "JPEG", dpi=(100, 100))


def png() -> bytes:
    return bytes_of(paper(), "PNG", dpi=(100, 100))


def tiff() -> bytes:
    return bytes_of(paper(), "TIFF", dpi=(100, 100))


def pdf() -> bytes:
    return bytes_of(paper(), "PDF", resolution=100)


GOOD: dict[str, Callable[[], bytes]] = {"jpg": jpeg, "png": png, "tif": tiff, "pdf": pdf}


def every() -> list[BadFile]:
    """Return the whole set, in the order of the list."""
    return [*_containers(), *_damaged(), *_pdf_bombs(), *_active(), *_images()]


def _containers() -> Iterator[BadFile]:
    yield BadFile("B01", "rong.pdf", lambda: b"")
    yield BadFile("B02", "mot-byte.tif", lambda: b"I")
    yield BadFile("B04", "chuong-trinh.pdf", lambda: b"MZ" + bytes(range(256)) * 20)
    yield BadFile("B04", "trang-web.tif", lambda: b"<!DOCTYPE html><script>alert(1)</script>")
    yield BadFile("B05", "pdf-va-zip.pdf", lambda: pdf() + _zip())
    yield BadFile(
        "B05", "jpg-co-pdf.jpg", lambda: jpeg()[:2] + _segment(0xFE, b"%PDF-1.7 1 0 obj") + jpeg()[2:]
    )
    yield BadFile("B05", "html-va-pdf.pdf", lambda: b"<html><script>alert(1)</script>\n" + pdf())
    yield BadFile("B06", "rac-truoc.pdf", lambda: b"\x00" * 900 + pdf())
    yield BadFile("B06", "rac-sau.pdf", lambda: pdf() + b"x" * MIB)
    for name, options in (
        ("mat-khau-r6.pdf", {"user": "khách", "owner": "chủ", "R": 6}),
        ("mat-khau-r4.pdf", {"user": "a", "owner": "b", "R": 4}),
        ("chi-chu-so-huu.pdf", {"user": "", "owner": "b", "R": 6}),
    ):
        yield BadFile("B07", name, lambda options=options: _encrypted(options))
    yield BadFile("B07", "khoa-cong-khai.pdf", _public_key)


def _damaged() -> Iterator[BadFile]:
    for kind, make in GOOD.items():
        for part in (1, 3, 7, 9):
            yield BadFile(
                "B08", f"cat-{part}.{kind}", lambda make=make, part=part: _cut(make(), part / 10), part == 7
            )
        for seed in range(12):
            yield BadFile(
                "B09", f"lat-{seed}.{kind}", lambda make=make, seed=seed: _mutated(make(), seed), seed < 2
            )
    # a JPEG that the damage has made a raw picture of too few bytes
    yield BadFile("B09", "mat-bo-loc.pdf", lambda: pdf().replace(b"/Filter /DCT", b"/Filtery/DCT"))


def _pdf_bombs() -> Iterator[BadFile]:
    yield BadFile(
        "B10", "bom-anh.pdf", lambda: _image_pdf(b"/Filter /FlateDecode", _zeros(256 * MIB), 16000, 16000)
    )
    yield BadFile("B10", "loc-50-lop.pdf", _nested_filters)
    yield BadFile(
        "B10", "bom-noi-dung.pdf", lambda: _content_pdf(_zeros(1024 * MIB), b"/Filter /FlateDecode"), False
    )
    yield BadFile("B11", "tu-tro.pdf", lambda: _pages(b"/Kids [2 0 R]"))
    yield BadFile("B11", "prev-vong.pdf", _prev_loop)
    yield BadFile("B11", "de-muc-vong.pdf", _outline_loop)
    yield BadFile("B12", "tram-nghin-trang.pdf", lambda: many_pages(100_000))
    for name, box in (
        ("kho-giay-10-mu-9.pdf", b"[0 0 1000000000 1000000000]"),
        ("kho-giay-am.pdf", b"[0 0 -100 -100]"),
        ("kho-giay-nan.pdf", b"[0 0 NaN 5]"),
        ("kho-giay-khong.pdf", b"[0 0 0 0]"),
    ):
        yield BadFile("B12", name, lambda box=box: _boxed(box))
    yield BadFile("B13", "anh-20000.png", lambda: huge_png(20_000))
    yield BadFile(
        "B13", "jbig2-rac.pdf", lambda: _image_pdf(b"/Filter /JBIG2Decode", random.Random(1).randbytes(4000))
    )
    yield BadFile(
        "B13", "jpx-rac.pdf", lambda: _image_pdf(b"/Filter /JPXDecode", b"\x00\x00\x00\x0cjP  \r\n\x87\n" * 9)
    )
    yield BadFile("B13", "ccitt-vo-tan.pdf", _endless_fax)
    yield BadFile("B14", "mang-sau.pdf", lambda: _catalogue(b"/X " + b"[" * 100_000 + b"]" * 100_000))
    yield BadFile("B14", "bieu-mau-tu-goi.pdf", _form_loop, quick=False)
    yield BadFile("B15", "xref-2-mu-31.pdf", lambda: _xref(b"0 2147483647"))
    yield BadFile("B15", "xref-am.pdf", lambda: _xref(b"-5 3"))
    yield BadFile("B15", "dong-doi-tuong.pdf", _object_stream_bomb)


def _active() -> Iterator[BadFile]:
    for name, entry in (
        ("js.pdf", b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
        ("launch.pdf", b"/OpenAction << /S /Launch /F (/bin/sh) >>"),
        ("uri.pdf", b"/OpenAction << /S /URI /URI (http://127.0.0.1:9/) >>"),
        ("xfa.pdf", b"/AcroForm << /XFA (x) /Fields [] >>"),
    ):
        yield BadFile("B17", name, lambda entry=entry: _catalogue(entry))
    yield BadFile(
        "B18", "tep-ngoai.pdf", lambda: _image_pdf(b"/F << /FS /URL /F (http://127.0.0.1:9/x) >>", b"x")
    )
    yield BadFile("B18", "unc.pdf", lambda: _image_pdf(b"/F (//127.0.0.1/x/y)", b"x"))
    yield BadFile("B19", "postscript.pdf", lambda: b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\nshowpage\n")
    yield BadFile("B19", "eps.tif", lambda: b"\xc5\xd0\xd3\xc6" + b"%!PS" * 90)
    yield BadFile("B20", "phong-rac.pdf", _font_rubbish)


def _images() -> Iterator[BadFile]:
    yield BadFile("B21", "sap-xep-sai.png", lambda: png()[:8] + png()[33:] + png()[8:33])
    for name, entries in (
        ("dem-ngoai.tif", {273: 2**31 - 5}),
        ("dpi-0.tif", {282: 0}),
        ("jpeg-cu.tif", {259: 6}),
        ("bit-le.tif", {258: 7}),
    ):
        yield BadFile("B22", name, lambda entries=entries: _tiff(entries))
    yield BadFile("B22", "vong-ifd.tif", lambda: _ifds(2, loop=True))
    yield BadFile("B22", "65000-ifd.tif", lambda: _ifds(65_000))
    yield BadFile("B22", "bigtiff-rac.tif", lambda: b"II+\x00\x08\x00\x00\x00" + b"\xff" * 64)
    yield BadFile("B23", "bom-ztxt.png", lambda: _chunked(b"zTXt", b"a\x00\x00" + _zeros(512 * MIB)))
    yield BadFile("B23", "bom-iccp.png", lambda: _chunked(b"iCCP", b"a\x00\x00" + _zeros(512 * MIB)))
    yield BadFile("B23", "mot-hang.png", lambda: bytes_of(Image.new("L", (65_535, 1), 255), "PNG"))
    yield BadFile("B24", "exif-script.jpg", _exif)
    yield BadFile("B25", "dong.gif", lambda: _animated("GIF"))
    yield BadFile("B25", "dong.webp", lambda: _animated("WEBP"))
    yield BadFile("B26", "cmyk.jpg", lambda: bytes_of(paper("CMYK"), "JPEG", dpi=(100, 100)))
    yield BadFile("B26", "16-bit.png", sixteen_bit)
    yield BadFile("B26", "lab.tif", lambda: bytes_of(paper("RGB").convert("LAB"), "TIFF", dpi=(100, 100)))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    return out.getvalue()


def _segment(kind: int, data: bytes) -> bytes:
    return b"\xff" + bytes([kind]) + struct.pack(">H", len(data) + 2) + data


def _zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    block = b"\x00" * MIB
    return b"".join(packer.compress(block) for _ in range(count // MIB)) + packer.flush()


def _encrypted(options: dict[str, object]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as opened:
        opened.save(out, encryption=pikepdf.Encryption(**options))  # type: ignore[arg-type]
    return out.getvalue()


def _public_key() -> bytes:
    made = _catalogue(b"")
    return made.replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Encrypt << /Filter /Adobe.PubSec /V 4 /Recipients [<00>] >>"
    )


def _cut(data: bytes, share: float) -> bytes:
    return data[: max(1, int(len(data) * share))]


def _mutated(data: bytes, seed: int) -> bytes:
    rng, out = random.Random(seed), bytearray(data)
    for _ in range(1 + len(out) // 2000):
        out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n" % (entries, len(data)) + data + b"\nendstream"


def _pages(tree: bytes) -> bytes:
    return assemble([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 %s >>" % tree])


def _catalogue(more: bytes) -> bytes:
    return assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R " + more + b" >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        ]
    )


def _boxed(box: bytes) -> bytes:
    return assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox " + box + b" >>",
        ]
    )


def _content_pdf(data: bytes, entries: bytes = b"", resources: bytes = b"", *more: bytes) -> bytes:
    return assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << "
            + resources
            + b" >> >>",
            _stream(entries, data),
            *more,
        ]
    )


def _image_pdf(entries: bytes, data: bytes, width: int = 600, height: int = 800) -> bytes:
    image = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceGray "
        % (
            width,
            height,
        )
    )
    content = b"q 595 0 0 842 0 0 cm /I Do Q"
    return _content_pdf(content, b"", b"/XObject << /I 5 0 R >>", _stream(image + entries, data))


def _nested_filters() -> bytes:
    data = b"\x00" * 480_000
    for _ in range(50):
        data = zlib.compress(data)
    return _image_pdf(b"/Filter [" + b"/FlateDecode " * 50 + b"]", data)


def _prev_loop() -> bytes:
    made = _catalogue(b"")
    at = made.rindex(b"startxref") + 10
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev " + made[at : made.index(b"\n", at)])


def _outline_loop() -> bytes:
    made = [b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
            b"<< /First 5 0 R /Last 5 0 R >>", b"<< /Title (a) /Next 5 0 R /First 5 0 R >>"]  # fmt: skip
    return assemble(made)


def _endless_fax() -> bytes:
    parameters = b"/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>"
    return _image_pdf(parameters, b"\x80" * 200, 60_000, 60_000)


def _form_loop() -> bytes:
    form = _stream(
        b"/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Resources << /XObject << /F 5 0 R >> >>",
        b"/F Do /F Do",
    )
    return _content_pdf(b"/F Do", b"", b"/XObject << /F 5 0 R >>", form)


def _xref(section: bytes) -> bytes:
    return _catalogue(b"").replace(b"xref\n0 4", b"xref\n" + section, 1)


def _object_stream_bomb() -> bytes:
    return assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [9 0 R] /Count 1 >>",
            _stream(b"/Type /ObjStm /N 100000000 /First 1000 /Filter /FlateDecode", _zeros(256 * MIB)),
        ]
    )


def _font_rubbish() -> bytes:
    font = b"<< /Type /Font /Subtype /TrueType /BaseFont /A /FontDescriptor << /FontFile2 6 0 R >> >>"
    rubbish = _stream(b"", b"\x00\x01\x00\x00" + random.Random(2).randbytes(3000))
    return _content_pdf(b"BT /F 20 Tf (A) Tj ET", b"", b"/Font << /F 5 0 R >>", font, rubbish)


def _entry(tag: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, 4, 1, value)


def _tiff(changed: dict[int, int]) -> bytes:
    tags = {
        256: 100,
        257: 100,
        258: 8,
        259: 1,
        262: 1,
        273: 8,
        277: 1,
        278: 100,
        279: 10_000,
        282: 100,
    } | changed
    entries = b"".join(_entry(tag, value) for tag, value in sorted(tags.items()))
    pixels = b"\x80" * 10_000
    return (
        b"II*\x00"
        + struct.pack("<I", 8 + len(pixels))
        + pixels
        + struct.pack("<H", len(tags))
        + entries
        + b"\0\0\0\0"
    )


def _ifds(count: int, *, loop: bool = False) -> bytes:
    size = 2 + 12 * 8 + 4
    out = bytearray(b"II*\x00" + struct.pack("<I", 8 + 64))
    out += b"\x80" * 64
    for n in range(count):
        tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 278: 8, 279: 64}
        following = 72 + size * (n + 1) if n + 1 < count else (72 if loop else 0)
        out += (
            struct.pack("<H", 8)
            + b"".join(_entry(t, v) for t, v in tags.items())
            + struct.pack("<I", following)
        )
    return bytes(out)


def _chunked(kind: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    made = png()
    return made[:33] + chunk + made[33:]


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    exif[0x0112] = 6
    return bytes_of(paper(), "JPEG", exif=exif)


def _animated(kind: str) -> bytes:
    frames = [Image.new("L", (40, 40), shade) for shade in range(0, 250, 5)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def run_one(pools: ChildPools, path: Path, out: Path) -> Ended:
    """Send a file through the children as the walk does. Whatever else is raised is a failure of ours."""
    limits, began = WalkLimits(), time.monotonic()
    try:
        facts = pools.run("parse", limits.inspect_seconds, inspect_file, path, path.name)
        seconds = limits.extract_seconds + limits.extract_page_seconds
        pools.run("parse", seconds, extract_pages, path, facts, out, range(1, 2), name=path.name)
    except Unfit as fault:
        return Ended(f"refused: {fault.code}", time.monotonic() - began, fault.tell)
    except (ChildStuck, ChildDied) as fault:
        return Ended("refused: file-hostile", time.monotonic() - began, fault.tell)
    except Away as fault:
        return Ended(f"away: {fault.code}", time.monotonic() - began)
    return Ended("read", time.monotonic() - began)


def damaged(each: int, seed: int) -> Iterator[BadFile]:
    """Yield `each` damaged copies of a good file of every kind, the same for the same seed."""
    for kind, make in GOOD.items():
        whole = make()
        for number in range(each):
            yield BadFile("B09", f"{number}.{kind}", partial(_mutated, whole, seed * 1_000_003 + number))


def main() -> int:
    """Run every file and print the table."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--mutated", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chosen = damaged(asked.mutated, asked.seed) if asked.mutated else every()
    ends, wrong, slowest = Counter[str](), [], 0.0
    with tempfile.TemporaryDirectory() as name:
        pools = ChildPools({"parse": default_limits(1)["parse"]}, room(Path(name)))
        good = Path(name) / "tot.png"
        good.write_bytes(png())
        for number, bad in enumerate(chosen):
            path = Path(name) / f"{number}-{bad.name}"
            path.write_bytes(bad.make())
            ended = run_one(pools, path, Path(name) / f"out-{number}")
            after = run_one(pools, good, Path(name) / f"after-{number}")
            if not asked.mutated:
                print(
                    f"{bad.number}  {bad.name:24}  {path.stat().st_size:9}  {ended.state:32}  {ended.seconds:6.2f} s"
                )
            ends[ended.state] += 1
            slowest = max(slowest, ended.seconds)
            if ended.state.startswith("away") or after.state != "read":
                wrong.append(f"{bad.name}: {ended.state}, then {after.state}")
            path.unlink()
        pools.stop()
    print(f"{sum(ends.values())} files: " + ", ".join(f"{n} {state}" for state, n in ends.most_common()))
    print(f"slowest: {slowest:.1f} s")
    print(f"wrong: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
