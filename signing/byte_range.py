"""Prove that a signature's byte range is the file minus exactly one tidy `<hex>` string, before any cryptography.

PDF readers are lenient here and forgers use it: white space or odd digits in `/Contents`, mixed case, rubbish in the
padding, a gap wider than the string. Everything outside the gap is hashed; everything inside is checked here and in
`container.py`, so no byte of a covered file is left unwatched. Standard library only.
"""

import re
from dataclasses import dataclass

from records.errors import ArchiveFault

_LOWER = re.compile(rb"[0-9a-f]*\Z")
_UPPER = re.compile(rb"[0-9A-F]*\Z")
_KEY = re.compile(rb"/Contents[\x00\t\n\f\r ]*\Z")
_SPACE = frozenset(b"\x00\t\n\f\r ")
_DIGITS = frozenset(b"0123456789")
_END = re.compile(rb"startxref\s+\d+\s+%%EOF(\r\n|\r|\n)?\Z")
_HOLES = re.compile(rb"/ByteRange\s*\[\s*0+\s+(\d{1,10})\s+(\d{1,10})\s+\d{1,10}\s*\]")
_LARGEST = 10**10  # the largest offset a classic cross-reference entry can hold


class Untidy(ArchiveFault):
    """The structure around a signature is not what a signer writes.

    `byte-range`: bytes stand where none may (tampering). `container`: not DER, so bytes cannot be accounted for; some
    honest signers write BER.
    """

    code = "byte-range"


@dataclass(frozen=True, slots=True)
class Gap:
    """The unsigned hole of one signature: file offsets of `<` and after `>`, the DER inside, and where cover ends."""

    start: int
    end: int
    der: bytes
    covered_to: int


def check_gap(data: bytes | memoryview, byte_range: list[int], contents: bytes) -> Gap:
    """Return the hole described by `byte_range` in the file `data`.

    `contents` is what the PDF parser took for /Contents; it must be the very bytes of the hole. Raises `Untidy`.
    """
    if len(byte_range) != 4 or any(type(n) is not int or not 0 <= n < _LARGEST for n in byte_range):
        raise Untidy(f"byte range {byte_range!r:.80}")
    begin, first, second, rest = byte_range
    if begin != 0 or first == 0 or second < first + 2 or second + rest > len(data) or rest == 0:
        raise Untidy(f"byte range {byte_range} does not fit {len(data)} bytes")
    if not _KEY.search(bytes(data[max(0, first - 24) : first])):
        raise Untidy("the hole does not follow the key /Contents")
    hole = bytes(data[first:second])
    if hole[:1] != b"<" or hole[-1:] != b">":
        raise Untidy("the hole is not one hexadecimal string")
    digits = hole[1:-1]
    if len(digits) % 2 or not (_LOWER.match(digits) or _UPPER.match(digits)):
        raise Untidy("/Contents is not even-length hexadecimal in one letter case")
    padded = bytes.fromhex(digits.decode("ascii"))
    if padded != contents:
        raise Untidy("the parser found other /Contents than the hole holds")
    length = der_length(padded)
    if any(padded[length:]):
        raise Untidy("the padding of /Contents is not zero")
    return Gap(first, second, padded[:length], second + rest)


def der_length(data: bytes) -> int:
    """Return the length of the first DER element of `data`, header included. Raises `Untidy`."""
    if len(data) < 2 or data[0] != 0x30:
        raise Untidy("/Contents does not begin with a DER sequence", code="container")
    octets = data[1]
    if octets < 0x80:
        total = 2 + octets
    else:
        count = octets & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise Untidy("/Contents has an indefinite or absurd length", code="container")
        total = 2 + count + int.from_bytes(data[2 : 2 + count], "big")
    if total > len(data):
        raise Untidy("/Contents is shorter than its DER length")
    return total


def holes(data: bytes) -> set[tuple[int, int]]:
    """Return (start, end) of every hole that some byte range of the file claims and that looks like a container.

    A signature that was taken out of the form is still there, and its hole is not that of any field.
    """
    spans = {(int(m[1]), int(m[2])) for m in _HOLES.finditer(data)}
    return {(a, b) for a, b in spans if b > a + 2 and data[a : a + 1] == b"<" and data[b - 1 : b] == b">"}


def ends_tidily(data: bytes) -> bool:
    """Return whether a file ends with `startxref`, a number, `%%EOF` and at most one line end."""
    return bool(_END.search(data, max(0, len(data) - 64)))


def object_offsets(data: bytes, start: int) -> set[int]:
    """Return the offsets of every `n g obj` header at or after `start`, listed in a cross-reference or not.

    A repairing viewer finds objects by scanning, so an unlisted one may be shown (the ISA_B attack).
    """
    found: set[int] = set()
    at = start
    while (at := data.find(b"obj", at)) >= 0:
        generation = _number_before(data, at)
        number = _number_before(data, generation) if generation is not None else None
        if number is not None and number >= start:
            found.add(number)
        at += 3
    return found


def _number_before(data: bytes, at: int) -> int | None:
    """Return the offset of the digits that stand before `at`, apart by white space only; None when they do not."""
    end = at
    while end and data[end - 1] in _SPACE:
        end -= 1
    begin = end
    while begin and data[begin - 1] in _DIGITS:
        begin -= 1
    return begin if begin < end < at else None
