"""A document as IIIF Presentation 3.0 shows it: manifest, text lines of a page, and a dossier as a collection.

https://iiif.io/api/presentation/3.0/. A canvas has the pixels of the page made upright, so the boxes of lines and hits
are those of the page images of this service.
"""

from typing import Any

from api.deps import Desk
from api.i18n import catalogue, day
from api.schemas.documents import title_of
from api.services.documents import MANIFEST
from api.services.iiif_addresses import Addresses
from api.services.iiif_image import upright
from language.fold import canonical
from ocr.page_view import WIDTHS
from records.access import Actor
from records.document import Fields
from records.errors import Missing
from records.geometry import Box
from records.page import Word
from storage.documents import Document, DocumentFilter
from storage.pages import Page

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
SEARCH_1 = "http://iiif.io/api/search/1"
PART = 200
"""Documents named in one collection; a larger dossier becomes a collection of such parts."""

_SHOWN = (
    *("number", "issued_date", "place", "organ_name", "superior_organ", "type_name", "subject"),
    *("signer_title", "signer_name", "recipients", "urgency", "secrecy"),
)

Both = dict[str, list[str]]
"""A language map: Vietnamese first."""


def manifest(desk: Desk, reader: Actor, at: Addresses, document_id: str) -> dict[str, Any]:
    """Return the manifest of a document. Raises `Missing` when it is absent or not `reader`'s to see."""
    with desk.tools.work.reading() as tx:
        document = tx.documents.get(reader, document_id)
        pages = [page for page in tx.pages.of_document(reader, document_id) if page.number is not None]
        kept = {rendition.name for rendition in tx.documents.renditions(reader, document_id)}
    if not pages:
        raise Missing(f"{document_id} has no pages yet")  # a manifest without a canvas is none
    desk.reads.note(reader, document_id, "record")
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": at.manifest(document_id),
        "type": "Manifest",
        "label": {"vi": [name_of(document)]},
        "metadata": _metadata(document),
        "requiredStatement": _statement(desk.tools.organisation),
        "viewingDirection": "left-to-right",
        "behavior": ["individuals"],
        "thumbnail": [_thumbnail(at, document_id, pages[0])],
        "homepage": [
            {
                "id": at.reading_room(document_id),
                "type": "Text",
                "label": _both("iiif.homepage"),
                "format": "text/html",
                "language": ["vi", "en"],
            }
        ],
        "seeAlso": [_json(at.record(document_id), "iiif.record")],
        "service": _services(at, document_id),
        "items": [_canvas(at, document_id, page) for page in pages],
    }
    if document.dossier:
        made["partOf"] = [{"id": at.collection(document.dossier), "type": "Collection"}]
    if document.pdf is not None:
        made["rendering"] = [_pdf(f"{at.record(document_id)}/pdf", _both("iiif.signed_pdf"))]
    if MANIFEST in kept:
        made["seeAlso"].append(_json(f"{at.record(document_id)}/pdf?rendition=manifest", "iiif.kept"))
    return made


def lines(desk: Desk, reader: Actor, at: Addresses, document_id: str, number: int) -> dict[str, Any]:
    """Return the annotation page with the text lines of a page, empty while it is not read. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        reading = tx.pages.reading(reader, document_id, number)
    desk.reads.note(reader, document_id, "words")
    here, canvas = at.lines(document_id, number), at.canvas(document_id, number)
    items: list[dict[str, Any]] = []
    for order, words in enumerate(() if reading is None else reading.lines):
        assert reading is not None  # noqa: S101 (only a reading has lines)
        box = _around([reading.upright_box(word.box) for word in words])
        items.append(
            {
                "id": f"{here}/{order}",
                "type": "Annotation",
                "motivation": "supplementing",
                "body": text_body(_text(words)),
                "target": f"{canvas}#xywh={xywh(box)}",
            }
        )
    return {"@context": CONTEXT, "id": here, "type": "AnnotationPage", "items": items}


def collection(desk: Desk, reader: Actor, at: Addresses, dossier: str, part: int | None) -> dict[str, Any]:
    """Return the documents of a dossier that `reader` may see, or parts of them when there are many.

    Raises `Missing` when there is none (absent and forbidden are the same).
    """
    wanted = canonical(dossier)
    which = DocumentFilter(dossier=wanted)
    first = 0 if part is None else (part - 1) * PART
    with desk.tools.work.reading() as tx:
        found, total = tx.documents.find(reader, which, PART, first)
    if not wanted or not found:
        raise Missing(f"nothing of dossier {wanted!r} for {reader.id}")
    split = part is None and total > PART
    shown = [] if split else found
    desk.reads.listed(reader, ("dossier",), [document.id for document in shown], total)
    parts = range(1, (total + PART - 1) // PART + 1) if split else ()
    label: Both = {"vi": [f"Hồ sơ {wanted}"], "en": [f"Dossier {wanted}"]}
    if part is not None:
        label = _part_of(label, part)
    return {
        "@context": CONTEXT,
        "id": at.collection(wanted, part),
        "type": "Collection",
        "label": label,
        "requiredStatement": _statement(desk.tools.organisation),
        "items": [
            {"id": at.collection(wanted, n), "type": "Collection", "label": _part_of(label, n)} for n in parts
        ]
        or [_reference(at, document) for document in shown],
    }


def text_body(text: str) -> dict[str, str]:
    """Return the body of an annotation that holds words of a page."""
    return {"type": "TextualBody", "value": text, "format": "text/plain", "language": "vi"}


def xywh(box: Box) -> str:
    """Return a box as a media fragment names it, in pixels of the canvas."""
    return ",".join(map(str, box.as_xywh()))


def name_of(document: Document) -> str:
    """Return what people call the document; never empty."""
    return title_of(document.fields) or document.title or document.source or document.id


def _part_of(label: Both, part: int) -> Both:
    return {"vi": [f"{label['vi'][0]}, phần {part}"], "en": [f"{label['en'][0]}, part {part}"]}


def _both(key: str) -> Both:
    return {language: [words] for language, words in catalogue()[key].items()}


def _metadata(document: Document) -> list[dict[str, Both]]:
    rows: list[tuple[str, str]] = [(f"fields.{name}", _shown(document.fields, name)) for name in _SHOWN]
    rows.append(("iiif.dossier", document.dossier))
    rows.append(("iiif.signature", " ".join(p for p in (document.signature_level, document.verdict) if p)))
    return [{"label": _both(key), "value": {"none": [value]}} for key, value in rows if value]


def _shown(fields: Fields, name: str) -> str:
    value = getattr(fields, name)
    return "; ".join(value) if isinstance(value, tuple) else day(value) if name == "issued_date" else value


def _statement(organisation: str) -> dict[str, Both]:
    said = {
        k: [sentence.format(organisation=organisation)] for k, sentence in catalogue()["iiif.source"].items()
    }
    return {"label": _both("iiif.source_label"), "value": said}


def _services(at: Addresses, document_id: str) -> list[dict[str, Any]]:
    """Return content search in both versions: Mirador knows the first alone, newer viewers take the second."""
    return [
        {
            "id": at.search(document_id, 2),
            "type": "SearchService2",
            "service": [{"id": at.autocomplete(document_id, 2), "type": "AutoCompleteService2"}],
        },
        {
            "@context": f"{SEARCH_1}/context.json",
            "@id": at.search(document_id, 1),
            "@type": "SearchService1",
            "profile": f"{SEARCH_1}/search",
            "service": [
                {
                    "@id": at.autocomplete(document_id, 1),
                    "@type": "AutoCompleteService1",
                    "profile": f"{SEARCH_1}/autocomplete",
                }
            ],
        },
    ]


def _canvas(at: Addresses, document_id: str, page: Page) -> dict[str, Any]:
    number = page.number or 0
    canvas = at.canvas(document_id, number)
    width, height = upright(page)
    return {
        "id": canvas,
        "type": "Canvas",
        "label": {"vi": [f"Trang {number}"], "en": [f"Page {number}"]},
        "width": width,
        "height": height,
        "thumbnail": [_thumbnail(at, document_id, page)],
        "items": [
            {
                "id": f"{canvas}/painting",
                "type": "AnnotationPage",
                "items": [
                    {
                        "id": f"{canvas}/painting/image",
                        "type": "Annotation",
                        "motivation": "painting",
                        "body": _image(at, document_id, number, "max", width, height),
                        "target": canvas,
                    }
                ],
            }
        ],
        "annotations": [{"id": at.lines(document_id, number), "type": "AnnotationPage"}],
    }


def _thumbnail(at: Addresses, document_id: str, page: Page) -> dict[str, Any]:
    width, height = upright(page)
    wide = min(WIDTHS["thumb"], width)
    high = max(1, round(height * wide / width))
    return _image(at, document_id, page.number or 0, f"{wide},{high}", wide, high)


def _image(
    at: Addresses, document_id: str, number: int, size: str, width: int, height: int
) -> dict[str, Any]:
    service = at.image(document_id, number)
    return {
        "id": f"{service}/full/{size}/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "width": width,
        "height": height,
        "service": [{"id": service, "type": "ImageService3", "profile": "level1"}],
    }


def _pdf(address: str, label: Both) -> dict[str, Any]:
    return {"id": address, "type": "Text", "label": label, "format": "application/pdf"}


def _json(address: str, key: str) -> dict[str, Any]:
    return {"id": address, "type": "Dataset", "label": _both(key), "format": "application/json"}


def _reference(at: Addresses, document: Document) -> dict[str, Any]:
    return {"id": at.manifest(document.id), "type": "Manifest", "label": {"vi": [name_of(document)]}}


def _text(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)


def _around(boxes: list[Box]) -> Box:
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    return whole
