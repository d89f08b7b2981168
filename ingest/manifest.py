"""The manifest that lies beside a document's blobs: enough to rebuild its rows if the database were lost.

Also the frame and the small values that the other files beside the blobs (`ingest/sidecars.py`) share with it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from records.clock import vietnam_iso
from records.document import Fields, fields_from_json, fields_to_json
from records.page import PageText, load_page
from storage import framed as frame
from storage.blobs import BlobKeyRefused, check_key
from storage.catalogue import Row, RowUnfit, check_row, moment_from_json, moment_json
from storage.documents import Rendition
from storage.framed import Damaged as ManifestDamaged

FORMAT = 2
"""1: hashes, fields and pages for people. 2: also every column of the rows, and a check over it all."""

DOCUMENT = "document"

__all__ = ["DocumentManifest", "KeptBytes", "ManifestDamaged", "Seal", "manifest", "read_manifest"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """An object that rows rely on: its key, SHA-256 and size in bytes (-1 when it was never measured)."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Seal:
    """What sealing proved: the level, when (by the time stamp), and whose certificate."""

    level: str
    signed_at: datetime
    certificate_sha256: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What the archive says of a file beyond its seal: its PDF/A flavour, and the verdict of our own check.

    `verdict` "": what a seal of this level is by itself (`register.verdict_of`). Papers that came signed say their own.
    """

    pdfa: str = "2b"
    verdict: str = ""

    def told(self) -> dict[str, str]:
        """Return what differs from a file composed and sealed by the walk: nothing else is written down."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


@dataclass(frozen=True, slots=True)
class DocumentManifest:
    """One archived version. `document` and `pages` are rows as they stood before the version was admitted.

    `letters` and `words`: shares of the text that read back from the PDF. `objects`: page images and the original.
    """

    document: Row
    version: int
    fields: Fields
    pages: Sequence[Row]
    renditions: Sequence[Rendition]
    objects: Sequence[KeptBytes]
    seal: Seal
    letters: float
    words: float
    engine: str
    claims: Claims = Claims()

    @property
    def document_id(self) -> str:
        """The document's id."""
        return str(self.document["id"])


def manifest(made: DocumentManifest) -> bytes:
    """Return the bytes of the manifest; `read_manifest` gives the same value back."""
    told: dict[str, Any] = {
        "document_id": made.document_id,
        "version": made.version,
        "batch_id": made.document["batch_id"],
        "dossier": made.document["dossier"],
        "source": made.document["source"],
        "made": vietnam_iso(made.seal.signed_at),
        "fields": fields_to_json(made.fields),
        "text": {
            "engine": made.engine,
            "letters_read_back": round(made.letters, 5),
            "words_read_back": round(made.words, 5),
        },
        "seal": {
            "level": made.seal.level,
            "signed_at": moment_json(made.seal.signed_at),
            "certificate_sha256": made.seal.certificate_sha256,
        },
        "document": made.document,
        "pages": list(made.pages),
        "renditions": [
            {"name": r.name, "key": r.key, "sha256": r.sha256, "size": r.size, "media_type": r.media_type}
            for r in made.renditions
        ],
        "objects": kept_json(made.objects),
    }
    if claimed := made.claims.told():
        told["claims"] = claimed
    return framed(DOCUMENT, told)


def read_manifest(data: bytes) -> DocumentManifest:
    """Return what a document's manifest says. Raises `ManifestDamaged`.

    Code `manifest-old` for one of format 1: it has no rows, the manifest of its batch has them.
    """
    told = unframed(data, DOCUMENT)
    try:
        text, seal = told["text"], told["seal"]
        made = DocumentManifest(
            document=check_row("documents", told["document"]),
            version=_of(told["version"], int),
            fields=fields_from_json(told["fields"]),
            pages=[check_row("pages", row) for row in told["pages"]],
            renditions=[rendition_from_json(row) for row in told["renditions"]],
            objects=kept_from_json(told["objects"]),
            seal=Seal(
                _of(seal["level"], str),
                moment_from_json(seal["signed_at"]),
                _of(seal["certificate_sha256"], str),
            ),
            letters=float(text["letters_read_back"]),
            words=float(text["words_read_back"]),
            engine=_of(text["engine"], str),
            claims=_claims(told.get("claims", {})),
        )
        if made.document_id != told["document_id"] or made.document["batch_id"] != told["batch_id"]:
            raise ValueError("two documents in one manifest")
    except (KeyError, TypeError, ValueError, AttributeError, BlobKeyRefused, RowUnfit) as fault:
        raise ManifestDamaged(f"manifest of a document: {type(fault).__name__}: {fault}") from fault
    return made


def framed(kind: str, told: Mapping[str, Any], indent: int | None = 1) -> bytes:
    """Return `told` in the frame of this format (`storage/framed.py`)."""
    return frame.framed(kind, FORMAT, told, indent)


def unframed(data: bytes, kind: str) -> dict[str, Any]:
    """Return what `framed` was given. Raises `ManifestDamaged`, code `manifest-old` for format 1."""
    return frame.unframed(data, kind, FORMAT)


def readings_bytes(readings: Sequence[bytes]) -> bytes:
    """Return `pages.json`: the page JSON of every page, one a line, byte for byte as it was read."""
    return b"[" + b",\n".join(readings) + b"]\n"


def readings_from_bytes(data: bytes) -> list[tuple[bytes, PageText]]:
    """Return the page JSON of every page as it stands in `pages.json`, with what it says. Raises `ManifestDamaged`."""
    if not data.startswith(b"[") or not data.endswith(b"]\n"):
        raise ManifestDamaged("pages.json is not whole")
    lines = data[1:-2].split(b",\n") if len(data) > 3 else []
    try:
        return [(line, load_page(line)) for line in lines]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as fault:
        raise ManifestDamaged(f"pages.json: {type(fault).__name__}: {fault}") from fault


def kept_json(objects: Sequence[KeptBytes]) -> list[dict[str, Any]]:
    """Return objects as JSON values."""
    return [{"key": o.key, "sha256": o.sha256, "size": o.size} for o in objects]


def kept_from_json(told: Any) -> list[KeptBytes]:
    """Return the objects of `kept_json`. Raises KeyError, TypeError, ValueError, `BlobKeyRefused`."""
    return [KeptBytes(_key(o["key"]), _hash(o["sha256"]), _of(o["size"], int)) for o in told]


def rendition_from_json(told: Any) -> Rendition:
    """Return a rendition from a row of it. Raises KeyError, TypeError, ValueError, `BlobKeyRefused`."""
    name, media = _of(told["name"], str), _of(told["media_type"], str)
    return Rendition(name, _key(told["key"]), _hash(told["sha256"]), _of(told["size"], int), media)


def _claims(told: Any) -> Claims:
    return Claims(**{name: _of(value, str) for name, value in told.items()})


def _key(value: Any) -> str:
    return check_key(_of(value, str))


def _hash(value: Any) -> str:
    if not _SHA256.fullmatch(_of(value, str)):
        raise ValueError(f"{value!r} is no SHA-256")
    return str(value)


def _of(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value
