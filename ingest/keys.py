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


def document_key(document_id: str, version: int, name: str, attempt: int = 1) -> str:
    """Return the key of a document's rendition, e.g. `documents/<id>/v1/access.pdf`.

    A later `attempt` at the same version has a folder of its own (`v1-2`), since nothing is ever overwritten.
    """
    folder = f"v{version}" if attempt == 1 else f"v{version}-{attempt}"
    return f"documents/{document_id}/{folder}/{name}"


def file_note_key(batch_id: str, file_id: str) -> str:
    """Return the key of what is written down beside the stores about a received file."""
    return f"batches/{batch_id}/files/{file_id}.json"


def batch_key(batch_id: str, name: str) -> str:
    """Return the key of something the archive keeps about a whole batch."""
    return f"batches/{batch_id}/{name}"


def derived_id(*parts: str) -> str:
    """Return an id that the same parts always give, so that a repeated step writes the same row."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]
