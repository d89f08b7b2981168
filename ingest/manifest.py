"""The manifest that lies beside a document's blobs: enough to rebuild its rows if the database were lost."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from ingest.compose import Composed
from records.clock import vietnam_iso
from records.document import Fields, fields_to_json
from records.page import PageText
from signing.seal import Sealed
from storage.documents import Document
from storage.pages import Page

FORMAT = 1


def manifest(
    document: Document,
    version: int,
    fields: Fields,
    pages: Sequence[Page],
    texts: Sequence[PageText],
    composed: Composed,
    sealed: Sealed,
    renditions: Mapping[str, str],
    moment: datetime,
) -> bytes:
    """Return the manifest as UTF-8 JSON with stable key order. `renditions` maps names to SHA-256."""
    told = {
        "format": FORMAT,
        "document_id": document.id,
        "version": version,
        "batch_id": document.batch_id,
        "dossier": document.dossier,
        "source": document.source,
        "made": vietnam_iso(moment),
        "renditions": dict(sorted(renditions.items())),
        "fields": fields_to_json(fields),
        "text": {
            "engine": texts[0].engine if texts else "",
            "letters_read_back": round(composed.letters, 5),
            "words_read_back": round(composed.words, 5),
        },
        "seal": {
            "level": sealed.level,
            "signed_at": vietnam_iso(sealed.signed_at),
            "certificate_sha256": sealed.certificate_sha256,
        },
        "pages": [
            {
                "number": text.page,
                "file_id": page.file_id,
                "frame": page.frame,
                "image": page.image_key,
                "sha256": page.image_sha256,
                "width": page.width,
                "height": page.height,
                "dpi": page.dpi,
                "exact": page.exact,
                "state": text.state,
                "rotation": text.rotation,
            }
            for page, text in zip(pages, texts, strict=True)
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode()
