"""TIFF by hand: list the frames of a file and take one out with its compressed strips untouched (TIFF 6.0, BigTIFF).

Pillow can show a frame but not hand over its bytes; an archive wants the bytes.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_FRAMES = 10_000
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_VALUE = 64 << 20
_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 259, 262
_X_RESOLUTION, _UNIT = 282, 296
_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES, _TABLES = 273, 279, 324, 325, 347
_ELSEWHERE = frozenset({330, 400, 513, 514, 34665, 34853, 40965, 50740})
"""Tags that point at other parts of the file; they would dangle in a frame of its own."""
JPEG = 7
READABLE = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})
"""Compressions that Pillow's libtiff decodes everywhere: none, G3, G4, LZW, JPEG, Deflate, PackBits."""
_LONG, _RATIONAL = 4, 5


class TiffFault(Exception):
    """The structure is wrong; `declared` is how long the file would have to be when it is merely too short."""

    def __init__(self, reason: str, declared: int | None = None) -> None:
        super().__init__(reason)
        self.declared = declared


@dataclass(frozen=True, slots=True)
class Tag:
    """One directory entry: field type, count, the value bytes in the file's byte order."""

    type: int
    count: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of a TIFF file: byte order (`<` or `>`), its tags, where its compressed data lie."""

    order: str
    tags: dict[int, Tag]
    spans: tuple[tuple[int, int], ...]

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first value of a whole-number tag."""
        values = _numbers(self.order, self.tags.get(tag))
        return values[0] if values else default

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.number(_WIDTH)

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.number(_HEIGHT)

    @property
    def compression(self) -> int:
        """Compression tag, 1 when absent."""
        return self.number(_COMPRESSION, 1)

    @property
    def dpi(self) -> float | None:
        """Dots per inch across, None when the frame does not say."""
        tag, unit = self.tags.get(_X_RESOLUTION), self.number(_UNIT, 2)
        if tag is None or tag.type != _RATIONAL or unit not in (2, 3):
            return None
        above, below = struct.unpack(self.order + "II", tag.value[:8])
        return above / below * (2.54 if unit == 3 else 1.0) if below else None


def frames(path: Path) -> list[Frame]:
    """Return the page frames in file order, reduced-resolution copies left out.

    Raises `TiffFault`; directories that point back at themselves and more than `MAX_FRAMES` are faults too.
    """
    size = path.stat().st_size
    found: list[Frame] = []
    seen: set[int] = set()
    with path.open("rb") as file:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2], "<")
        big = len(head) >= 16 and struct.unpack(order + "H", head[2:4])[0] == 43
        if len(head) < 8:
            raise TiffFault("no header", 8)
        (at,) = struct.unpack(order + ("Q" if big else "I"), head[8:16] if big else head[4:8])
        while at:
            if at in seen or len(seen) >= 2 * MAX_FRAMES:
                raise TiffFault("directory loop")
            seen.add(at)
            if at + 8 > size:
                raise TiffFault("directory beyond the end", at + 8)
            tags, at = _directory(file, order, big, size, at)
            frame = Frame(order, tags, _spans(order, tags, size))
            if not frame.number(_SUBFILE) & 1:
                found.append(frame)
    return found


def rewrap(path: Path, frame: Frame, out: Path) -> None:
    """Write the frame as a TIFF file of its own: same tags, same compressed bytes, new offsets."""
    order = frame.order
    tags = {number: tag for number, tag in frame.tags.items() if number not in _ELSEWHERE}
    places = _TILES if _TILES in tags else _STRIPS
    sizes = _TILE_SIZES if places == _TILES else _STRIP_SIZES
    tags[sizes] = _longs(order, [length for _, length in frame.spans])
    tags[places] = _longs(order, [0] * len(frame.spans))  # the right length now, the values below
    values_at = 8 + 2 + 12 * len(tags) + 4
    extra = sum(len(tag.value) + len(tag.value) % 2 for tag in tags.values() if len(tag.value) > 4)
    at, starts = values_at + extra, []
    for _, length in frame.spans:
        starts.append(at)
        at += length + length % 2
    tags[places] = _longs(order, starts)
    entries, values = b"", b""
    for number, tag in sorted(tags.items()):
        if len(tag.value) <= 4:
            place = tag.value.ljust(4, b"\0")
        else:
            place = struct.pack(order + "I", values_at + len(values))
            values += tag.value + b"\0" * (len(tag.value) % 2)
        entries += struct.pack(order + "HHI", number, tag.type, tag.count) + place
    mark = b"II*\0" if order == "<" else b"MM\0*"
    with path.open("rb") as source, out.open("wb") as target:
        target.write(mark + struct.pack(order + "IH", 8, len(tags)) + entries + b"\0\0\0\0" + values)
        for start, length in frame.spans:
            source.seek(start)
            target.write(source.read(length) + b"\0" * (length % 2))


def jpeg_stream(path: Path, frame: Frame) -> bytes | None:
    """Return a JPEG-compressed frame as a JPEG file, or None when it is not one plain strip (TIFF Technical Note 2).

    The tables kept beside the strip come back in; an Adobe marker says what the three components are, as the TIFF
    tag did. No coefficient changes.
    """
    meaning = frame.number(_PHOTOMETRIC)
    components = frame.number(277, 1)
    plain = (components == 1 and meaning == 1) or (components == 3 and meaning in (2, 6))
    if frame.compression != JPEG or len(frame.spans) != 1 or _TILES in frame.tags or not plain:
        return None
    start, length = frame.spans[0]
    with path.open("rb") as file:
        file.seek(start)
        scan = file.read(length)
    tables = frame.tags[_TABLES].value if _TABLES in frame.tags else b"\xff\xd8\xff\xd9"
    if scan[:2] != b"\xff\xd8" or tables[:2] != b"\xff\xd8" or tables[-2:] != b"\xff\xd9":
        return None
    marked = scan[2:4] in (b"\xff\xe0", b"\xff\xee")
    adobe = b"\xff\xee" + struct.pack(">H5sHHHB", 14, b"Adobe", 100, 0, 0, 1 if meaning == 6 else 0)
    lead = b"" if marked or components == 1 else adobe
    end = b"" if scan.rstrip(b"\0").endswith(b"\xff\xd9") else b"\xff\xd9"
    return b"\xff\xd8" + lead + tables[2:-2] + scan[2:] + end


def _directory(file: BinaryIO, order: str, big: bool, size: int, at: int) -> tuple[dict[int, Tag], int]:
    counter, entry, inline = ("Q", 20, 8) if big else ("H", 12, 4)
    file.seek(at)
    (count,) = struct.unpack(order + counter, file.read(struct.calcsize(counter)))
    if not 0 < count <= 4096:
        raise TiffFault(f"directory of {count} entries")
    block = file.read(count * entry + inline)
    if len(block) < count * entry + inline:
        raise TiffFault("directory cut short", at + count * entry + 16)
    tags: dict[int, Tag] = {}
    for start in range(0, count * entry, entry):
        number, kind, items = struct.unpack(
            order + ("HHQ" if big else "HHI"), block[start : start + entry - inline]
        )
        length = _SIZES.get(kind, 0) * items
        place = block[start + entry - inline : start + entry]
        if not length or length > _MAX_VALUE:
            continue
        if length > inline:
            (offset,) = struct.unpack(order + ("Q" if big else "I"), place)
            if offset + length > size:
                raise TiffFault(f"tag {number} beyond the end", offset + length)
            file.seek(offset)
            place = file.read(length)
        tags[number] = Tag(kind, items, place[:length])
    (following,) = struct.unpack(order + ("Q" if big else "I"), block[count * entry :])
    return tags, following


def _spans(order: str, tags: dict[int, Tag], size: int) -> tuple[tuple[int, int], ...]:
    starts = _numbers(order, tags.get(_TILES) or tags.get(_STRIPS))
    lengths = _numbers(order, tags.get(_TILE_SIZES) or tags.get(_STRIP_SIZES))
    if not starts or len(starts) != len(lengths):
        raise TiffFault("strips without offsets or sizes")
    end = max(start + length for start, length in zip(starts, lengths, strict=True))
    if end > size:
        raise TiffFault("strips beyond the end", end)
    return tuple(zip(starts, lengths, strict=True))


def _numbers(order: str, tag: Tag | None) -> tuple[int, ...]:
    if tag is None or tag.type not in _CODES:
        return ()
    return struct.unpack(f"{order}{tag.count}{_CODES[tag.type]}", tag.value)


def _longs(order: str, values: list[int]) -> Tag:
    return Tag(_LONG, len(values), struct.pack(f"{order}{len(values)}I", *values))
