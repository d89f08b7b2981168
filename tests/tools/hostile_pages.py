"""Pages made to hang an engine, fill its memory or crash a decoder, and a campaign that reads each under real limits.

    python -m tests.tools.hostile_pages [--small]      (`make hostile`)

Every page goes the way of a delivered file: inspected, taken out and read in the limited children of `jobs.children`.
For each, one line: how it ended, in how many seconds of which budget, and the most memory a child had while the page
was taken out and while it was read. The run fails when a page ends over its budget or over the memory of a reader, or
when the ordinary page after it is not read.
"""

import argparse
import io
import struct
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image, ImageDraw, ImageFont

from ingest.recognise import AskedPage, image_seconds, plain_seconds, read_image
from ingest.tools import WalkLimits
from jobs.children import ChildPools, default_limits
from ocr.extract import extract_pages
from ocr.inspect_file import inspect_file
from ocr.options import OcrOptions
from records.errors import ArchiveFault
from tests.tools.rooms import room

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
MOST_MEGABYTES = 1229.0
"""1.2 GiB, what a reader may have in memory."""

_A4 = (2480, 3508)
_SMALL = (1240, 1754)


def written(size: tuple[int, int], mode: str = "L", lines: int = 12) -> Image.Image:
    """Return an ordinary page."""
    image = Image.new(mode, size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, max(8, size[0] // 55))
    for row in range(lines):
        text = f"Điều {row + 1}. Quyết định này có hiệu lực kể từ ngày ký, số {row * 7}/QĐ-UBND"
        draw.text((size[0] // 12, size[1] * (row + 1) // (lines + 2)), text, fill="black", font=font)
    return image


def saved(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    """Return the image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **{"dpi": (300, 300), **more})
    return out.getvalue()


def ruled(size: tuple[int, int]) -> bytes:
    """A ledger: rules a few pixels apart both ways, digits in every tenth cell. Layout analysis dwells on these."""
    image = Image.new("L", size, 255)
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, 14)
    for x in range(0, size[0], 22):
        draw.line((x, 0, x, size[1]), fill=0, width=2)
    for y in range(0, size[1], 22):
        draw.line((0, y, size[0], y), fill=0, width=2)
        for x in range(0, size[0], 220):
            draw.text((x + 4, y + 2), "71", fill=0, font=font)
    return saved(image)


def noise(size: tuple[int, int], density: float) -> bytes:
    """Black specks strewn over a page, so many that each is nearly a letter."""
    ink = np.random.default_rng(11).random((size[1], size[0])) < density
    return saved(Image.fromarray(~ink))


def gray_noise(size: tuple[int, int]) -> bytes:
    """Every pixel of another gray."""
    return saved(
        Image.fromarray(np.random.default_rng(5).integers(0, 256, (size[1], size[0]), dtype=np.uint8))
    )


def dots(size: tuple[int, int]) -> bytes:
    """Dots in a grid: as many components as a page can have."""
    pixels = np.full((size[1], size[0]), 255, np.uint8)
    for y in range(2):
        for x in range(3):
            pixels[y::7, x::8] = 0
    return saved(Image.fromarray(pixels))


def comb(size: tuple[int, int]) -> bytes:
    """One component that winds through the whole page."""
    pixels = np.full((size[1], size[0]), 255, np.uint8)
    pixels[:, ::6] = 0
    pixels[::200] = 0
    return saved(Image.fromarray(pixels))


def inverted(size: tuple[int, int]) -> bytes:
    """White letters on black."""
    return saved(Image.eval(written(size), lambda level: 255 - level))


def with_broken_profile(size: tuple[int, int]) -> bytes:
    """A JPEG whose colour profile is rubbish that claims to be long."""
    profile = struct.pack(">I4sI4s4s4s", 1 << 30, b"lcms", 0x04200000, b"mntr", b"RGB ", b"XYZ ") + bytes(200)
    return saved(written(size, "RGB"), "JPEG", icc_profile=profile)


def sixteen_bits(size: tuple[int, int]) -> bytes:
    """A page of 16 bits a sample."""
    values = np.asarray(written(size)).astype(np.uint16) * 257
    return saved(Image.fromarray(values))


def bomb_of(width: int, height: int) -> bytes:
    """A JPEG that says it has `width` × `height` pixels over the few of a small one."""
    data = bytearray(saved(Image.new("L", (64, 64), 128), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of `width` × `height` white pixels in a few kilobytes."""
    squeezer = zlib.compressobj(9)
    body = b"".join(squeezer.compress(b"\0" + b"\xff" * width) for _ in range(height)) + squeezer.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@dataclass(frozen=True, slots=True)
class Hostile:
    """One hostile file: its name, who makes it, and whether the short run in the tests has it."""

    name: str
    make: Callable[[], bytes]
    quick: bool = True


def everything() -> list[Hostile]:
    """Return the whole set."""
    return [
        Hostile("ruled-small.png", lambda: ruled(_SMALL)),
        Hostile("ruled-a4.png", lambda: ruled(_A4), quick=False),
        Hostile("ruled-a0.png", lambda: ruled((9933, 14043)), quick=False),
        Hostile("noise-sparse.png", lambda: noise(_SMALL, 0.02)),
        Hostile("noise-dense.png", lambda: noise(_A4, 0.3), quick=False),
        Hostile("noise-gray.png", lambda: gray_noise(_A4), quick=False),
        Hostile("dots.png", lambda: dots(_SMALL)),
        Hostile("dots-a3.png", lambda: dots((3508, 4961)), quick=False),
        Hostile("comb.png", lambda: comb(_SMALL)),
        Hostile("inverted.png", lambda: inverted(_SMALL)),
        Hostile("black.png", lambda: saved(Image.new("L", _A4, 0))),
        Hostile("white.png", lambda: saved(Image.new("1", _A4, 1))),
        Hostile("sliver-wide.png", lambda: saved(Image.new("L", (65_535, 1), 0))),
        Hostile("sliver-tall.png", lambda: saved(Image.new("L", (1, 65_535), 0))),
        Hostile("sliver-allowed.png", lambda: saved(Image.new("L", (1, 20_000), 0))),
        Hostile("bomb-600mpx.jpg", lambda: bomb_of(24_000, 25_000)),
        Hostile("bomb-140mpx.jpg", lambda: bomb_of(11_800, 11_800)),
        Hostile("bomb-140mpx.png", lambda: png_bomb(11_800, 11_800), quick=False),
        Hostile("broken-profile.jpg", lambda: with_broken_profile(_SMALL)),
        Hostile("16-bit.png", lambda: sixteen_bits(_SMALL)),
        Hostile("cmyk.jpg", lambda: saved(written(_SMALL).convert("CMYK"), "JPEG")),
        Hostile("alpha.png", lambda: saved(written(_SMALL).convert("RGBA"))),
        Hostile(
            "a1-colour.png", lambda: saved(written((7016, 9933), "RGB", 40), compress_level=1), quick=False
        ),
        Hostile(
            "a0-colour.jpg", lambda: saved(written((9933, 14043), "RGB", 40), "JPEG", quality=40), quick=False
        ),
        Hostile("a0-cmyk.jpg", lambda: saved(Image.new("CMYK", (9933, 14043)), "JPEG"), quick=False),
        Hostile(
            "a0-alpha.png", lambda: saved(Image.new("RGBA", (9933, 14043)), compress_level=1), quick=False
        ),
    ]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a file ended: `state` of its page, or the code of its refusal; `plainly` read in the simpler way; seconds of
    `budget`; most megabytes of a child while it was taken out and while it was read; whether the ordinary page after it
    was read.
    """

    name: str
    state: str
    words: int
    plainly: bool
    seconds: float
    budget: float
    taking: float
    reading: float
    next_read: bool

    @property
    def well(self) -> bool:
        """Whether it kept within time and memory and disturbed nobody."""
        return self.seconds <= self.budget and self.reading <= MOST_MEGABYTES and self.next_read


@contextmanager
def watched() -> Iterator[list[float]]:
    """Hand out a list whose only number is the most resident megabytes that any child of ours has had."""
    most, over = [0.0], threading.Event()
    me = psutil.Process()

    def look() -> None:
        while not over.wait(0.01):
            for child in me.children(recursive=True):
                try:
                    most[0] = max(most[0], child.memory_info().rss / 2**20)
                except psutil.Error:
                    continue  # it ended meanwhile

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def read_one(pools: ChildPools, hostile: Hostile, folder: Path) -> Ended:
    """Send one file the way of a delivery, then an ordinary page after it."""
    limits, options = WalkLimits(), OcrOptions()
    path = folder / hostile.name
    path.write_bytes(hostile.make())
    out = folder / f"{path.stem}-pages"
    words, plainly = 0, False
    budget = limits.inspect_seconds
    taking, reading = [0.0], [0.0]
    begun = time.monotonic()
    try:
        with watched() as taking:
            facts = pools.run("parse", limits.inspect_seconds, inspect_file, path, path.name)
            seconds = limits.extract_seconds + limits.extract_page_seconds
            budget += seconds
            (image,) = pools.run("parse", seconds, extract_pages, path, facts, out)
        wide, high = image.width, image.height
        budget += image_seconds(limits, wide, high) + plain_seconds(limits, wide, high)
        asked = AskedPage(image.path, 1, wide, high, image.dpi, image.hint_rotation)
        with watched() as reading:
            text = read_image(pools, limits, options, asked)
        state, words, plainly = text.state, len(text.words), "read-plainly" in text.notes
    except ArchiveFault as fault:
        state = f"refused: {fault.code}"
    took = time.monotonic() - begun
    ordinary = folder / "ordinary.png"
    ordinary.write_bytes(saved(written((1240, 500), lines=3)))
    after = read_image(pools, limits, options, AskedPage(ordinary, 1, 1240, 500, 150.0, 0))
    return Ended(
        hostile.name,
        state,
        words,
        plainly,
        took,
        budget,
        taking[0],
        reading[0],
        after.state == "read" and len(after.words) > 9,
    )


def main() -> int:
    """Run the campaign; 1 when a page broke a limit."""
    parser = argparse.ArgumentParser(description="hostile pages under the real limits")
    parser.add_argument("--small", action="store_true", help="only the set that the tests run")
    parser.add_argument("--only", default="", help="files whose name holds this")
    asked = parser.parse_args()
    limits = default_limits(1)
    bad = 0
    print(
        f"{'file':22} {'end':28} {'words':>5} {'plain':>5} {'s':>7} {'budget s':>8} {'taken MB':>8} {'read MB':>8}"
    )
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        pools = ChildPools({kind: limits[kind] for kind in ("parse", "read")}, room(Path(folder)))
        try:
            for hostile in everything():
                if (asked.small and not hostile.quick) or asked.only not in hostile.name:
                    continue
                one = read_one(pools, hostile, Path(folder))
                bad += not one.well
                print(
                    f"{one.name:22} {one.state:28} {one.words:5} {'yes' if one.plainly else '':>5} {one.seconds:7.1f} "
                    f"{one.budget:8.0f} {one.taking:8.0f} {one.reading:8.0f}  {'read' if one.next_read else 'NOT READ'}"
                    f"{'' if one.well else '   <-- broke a limit'}",
                    flush=True,
                )
        finally:
            pools.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
