"""Walk the markers of JPEG and the chunks of PNG: a whole file is told from a cut one without decoding a pixel."""

import mmap
import struct
from pathlib import Path

from ocr import unfit
from ocr.images import check_size

_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_READABLE = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman coded
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN, _END = 0xDA, b"\xff\xd9"
MAX_CHUNKS = 200_000


def check_jpeg(path: Path, name: str) -> None:
    """Return when the JPEG at `path` has a readable frame of fit size and its end marker; else raise `Unfit`."""
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, framed = 2, False
        while at + 4 <= size:
            if data[at] != 0xFF:
                raise unfit.broken(name, "JPEG", f"no marker at {at}")
            kind = data[at + 1]
            if kind == 0xFF or kind in _BARE:
                at += 1 if kind == 0xFF else 2
                continue
            (length,) = struct.unpack(">H", data[at + 2 : at + 4])
            if kind in _FRAME_MARKERS and at + 10 <= size:
                bits, height, width = struct.unpack(">BHH", data[at + 4 : at + 9])
                _check_frame(kind, bits, height, width, name)
                framed = True
            if kind == _SCAN:
                if not framed:
                    raise unfit.broken(name, "JPEG", "scan without a frame")
                if data.find(_END, at) < 0:
                    raise unfit.truncated(name, "JPEG", size)
                return
            at += 2 + max(length, 2)
    raise unfit.truncated(name, "JPEG", size)


def _check_frame(kind: int, bits: int, height: int, width: int, name: str) -> None:
    if kind not in _READABLE:
        raise unfit.unsupported_pixels(name, f"JPEG (SOF{kind - 0xC0})")
    if bits != 8:
        raise unfit.unsupported_pixels(name, f"JPEG {bits} bit")
    check_size(width, height, name)


def check_png(path: Path, name: str) -> None:
    """Return when the PNG at `path` is one still picture of fit size with all its chunks; else raise `Unfit`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 8
        for number in range(MAX_CHUNKS):
            file.seek(at)
            lead = file.read(8)
            if len(lead) < 8:
                raise unfit.truncated(name, "PNG", size)
            length, kind = struct.unpack(">I4s", lead)
            end = at + 12 + length
            if number == 0:
                if kind != b"IHDR" or length != 13:
                    raise unfit.broken(name, "PNG", "no header chunk")
                header = file.read(13)
                if len(header) < 13:
                    raise unfit.truncated(name, "PNG", size)
                width, height = struct.unpack(">II", header[:8])
                check_size(width, height, name)
            if end > size:
                raise unfit.truncated(name, "PNG", size, end + (0 if kind == b"IEND" else 12))
            if kind == b"acTL":
                (frames,) = struct.unpack(">I", file.read(4))
                if frames > 1:
                    raise unfit.animated(name, "PNG", frames)
            if kind == b"IEND":
                return
            at = end
    raise unfit.broken(name, "PNG", f"more than {MAX_CHUNKS} chunks")
