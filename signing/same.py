"""Compare PDF values of two revisions: byte for byte, or, for descriptions, all but the dates of writing."""

import hashlib
from collections import Counter
from xml.etree import ElementTree

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NullObject,
    PdfObject,
    StreamObject,
)

from signing.roles import items, opened, raw

_DEEPEST = 60
_WRITTEN_BY = frozenset({"/ModDate", "/Producer"})
_XMP_WRITTEN_BY = frozenset({"ModifyDate", "MetadataDate", "Producer", "InstanceID", "xmptk", "about"})


def same(one: PdfObject | None, other: PdfObject | None, depth: int = 0) -> bool:
    """Return whether two values are written alike; references are the same when they name the same object."""
    if depth > _DEEPEST:
        return False
    if isinstance(one, IndirectObject) and isinstance(other, IndirectObject):
        return (one.idnum, one.generation) == (other.idnum, other.generation)
    if (
        isinstance(one, StreamObject)
        and isinstance(other, StreamObject)
        and one.encoded_data != other.encoded_data
    ):
        return False
    if isinstance(one, DictionaryObject) and isinstance(other, DictionaryObject):
        return (
            isinstance(one, StreamObject) is isinstance(other, StreamObject)
            and one.keys() == other.keys()
            and all(same(raw(one, k), raw(other, k), depth + 1) for k in one)
        )
    if isinstance(one, ArrayObject) and isinstance(other, ArrayObject):
        return len(one) == len(other) and all(
            same(a, b, depth + 1) for a, b in zip(items(one), items(other), strict=True)
        )
    return type(one) is type(other) and (one == other or isinstance(one, NullObject))


def changed_keys(one: PdfObject | None, other: PdfObject | None) -> list[str]:
    """Return the keys that differ between two dictionaries, sorted; `['?']` when one is no dictionary."""
    if not isinstance(one, DictionaryObject) or not isinstance(other, DictionaryObject):
        return ["?"]
    return sorted(str(k) for k in {*one, *other} if not same(raw(one, k), raw(other, k)))


def grew(one: PdfObject | None, other: PdfObject | None) -> list[PdfObject] | None:
    """Return what the array `other` has behind the entries of `one`; None when it does not begin with them."""
    before, after = list(items(opened(one))), list(items(opened(other)))
    if len(after) < len(before) or not all(same(a, b) for a, b in zip(before, after, strict=False)):
        return None
    return after[len(before) :]


def store_items(store: PdfObject | None) -> Counter[bytes]:
    """Return the hashes of the certificates, lists and answers of a validation store."""
    found: Counter[bytes] = Counter()
    for key in ("/Certs", "/CRLs", "/OCSPs"):
        for entry in items(opened(raw(opened(store), key))):
            stream = opened(entry)
            if isinstance(stream, StreamObject):
                found[key.encode() + hashlib.sha256(stream.data).digest()] = 1
    return found


def same_info(one: PdfObject | None, other: PdfObject | None) -> bool:
    """Return whether two document information dictionaries differ at most in date and program of writing."""
    if one is None:
        one = DictionaryObject()  # type: ignore[no-untyped-call]
    return set(changed_keys(one, other)) <= _WRITTEN_BY


def same_metadata(one: PdfObject | None, other: PdfObject | None) -> bool:
    """Return whether two XMP streams say the same but for date and program of writing."""
    if not isinstance(one, StreamObject) or not isinstance(other, StreamObject):
        return False
    if any(k not in ("/Length", "/Filter", "/DecodeParms") for k in changed_keys(one, other)):
        return False
    said = _statements(one.data)
    return said is not None and said == _statements(other.data)


def _statements(xmp: bytes) -> Counter[tuple[str, str]] | None:
    """Return (name, text) of every element and attribute; None when it is not plain UTF-8 XML without a DTD."""
    if b"<!" in xmp or b"\x00" in xmp:  # entities could say one thing here and another elsewhere
        return None
    try:
        tree = ElementTree.fromstring(xmp.decode("utf-8"))  # noqa: S314 no DTD, so nothing expands
    except (ElementTree.ParseError, UnicodeDecodeError, ValueError):
        return None
    found: Counter[tuple[str, str]] = Counter()
    for element in tree.iter():
        pairs = [(element.tag, element.text or ""), *element.attrib.items()]
        for name, text in pairs:
            local = name.rpartition("}")[2]
            if text.strip() and local not in _XMP_WRITTEN_BY:
                found[local, text.strip()] += 1
    return found
