"""Write a PDF object by object straight to disk, so that a document of thousands of pages needs the memory of one.

Only what PDF/A-2 needs of ISO 32000-1 §7.5: a header, indirect objects, streams of known length, one classic
cross-reference table, a trailer whose /ID is the hash of everything before it. See docs/decisions/0015.
"""

import hashlib
import zlib
from collections.abc import Iterable
from typing import BinaryIO

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"  # the comment marks the file as binary (ISO 19005-2, 6.1.2)


class PdfFile:
    """A PDF being written to `stream` (binary, at its start). Object numbers are handed out by `reserve`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._position = 0
        self._offsets: list[int] = [0]
        self._put(_HEADER)

    def reserve(self) -> int:
        """Return the number of an object that will be written later."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def write(self, body: bytes, number: int | None = None) -> int:
        """Write one object and return its number."""
        number = self._begin(number)
        self._put(body + b"\nendobj\n")
        return number

    def write_stream(
        self, entries: bytes, chunks: Iterable[bytes], length: int, number: int | None = None
    ) -> int:
        """Write a stream of exactly `length` bytes as given; `entries` are the other keys of its dictionary.

        Raises ValueError when `chunks` are not that long: the file would be broken.
        """
        number = self._begin(number)
        self._put(b"<<%s/Length %d>>\nstream\n" % (entries, length))
        start = self._position
        for chunk in chunks:
            self._put(chunk)
        if self._position - start != length:
            raise ValueError(f"stream of {self._position - start} bytes, announced {length}")
        self._put(b"\nendstream\nendobj\n")
        return number

    def write_flate(self, entries: bytes, data: bytes, number: int | None = None) -> int:
        """Write `data` as a Flate stream."""
        packed = zlib.compress(data, 9)
        return self.write_stream(entries + b"/Filter/FlateDecode", (packed,), len(packed), number)

    def finish(self, root: int, info: int) -> None:
        """Write the cross-reference table and the trailer."""
        identity = self._hash.hexdigest()[:32].upper().encode()
        start = self._position
        rows = [b"0000000000 65535 f \n"]
        for number, offset in enumerate(self._offsets[1:], 1):
            if not offset:
                raise ValueError(f"object {number} was reserved and never written")
            rows.append(b"%010d 00000 n \n" % offset)
        self._put(b"xref\n0 %d\n" % len(rows))
        for row in rows:
            self._put(row)
        trailer = b"<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>"
        self._put(b"trailer\n" + trailer % (len(rows), root, info, identity, identity))
        self._put(b"\nstartxref\n%d\n%%%%EOF\n" % start)

    def _begin(self, number: int | None) -> int:
        if number is None:
            number = self.reserve()
        if self._offsets[number]:
            raise ValueError(f"object {number} written twice")
        self._offsets[number] = self._position
        self._put(b"%d 0 obj\n" % number)
        return number

    def _put(self, data: bytes) -> None:
        self._stream.write(data)
        self._hash.update(data)
        self._position += len(data)


def number(value: float) -> bytes:
    """Return `value` as a PDF number with at most two decimals (a hundredth of a point is 0.0035 mm)."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return b"0" if text in ("-0", "") else text.encode()


def text_string(value: str) -> bytes:
    """Return `value` as a PDF text string: ASCII as it is, anything else as UTF-16 with a byte order mark."""
    if value.isascii() and value.isprintable():
        return b"(" + value.translate(_ESCAPES).encode() + b")"
    return b"<FEFF" + value.encode("utf-16-be", "replace").hex().upper().encode() + b">"


_ESCAPES = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)"})
