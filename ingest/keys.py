"""Where things rest in the object store: keys that stay readable without this program."""

import hashlib

_SUFFIXES = (
    (b"%PDF", ".pdf"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
    (b"II+\x00", ".tif"),
    (b"MM\x00+", ".tif"),
)
_MEDIA_SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif", "application/pdf": ".pdf"}


def received_key(sha256: str, head: bytes) -> str:
    """Return the key of a delivered file; `head` is its first 16 bytes, so equal bytes always give one key."""
    suffix = next((s for magic, s in _SUFFIXES if head.startswith(magic)), ".bin")
    return f"received/{sha256[:2]}/{sha256}{suffix}"


def page_key(sha256: str, media_type: str) -> str:
    """Return the key of a page image that is not itself a delivered file."""
    return f"pages/{sha256[:2]}/{sha256}{_MEDIA_SUFFIX.get(media_type, '.bin')}"


def document_key(document_id: str, version: int, name: str) -> str:
    """Return the key of a document's rendition, e.g. `documents/<id>/v1/access.pdf`."""
    return f"documents/{document_id}/v{version}/{name}"


def derived_id(*parts: str) -> str:
    """Return an id that the same parts always give, so that a repeated step writes the same row."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]
