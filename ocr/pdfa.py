"""The PDF/A door: what a document says of itself, and pikepdf's validator that no file gets past."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from ocr.pdf_file import PdfFile, text_string
from ocr.srgb import srgb_profile
from records.clock import VIETNAM, vietnam_iso

FLAVOUR = "2b"
PRODUCER = "Vanthu"
_NAMESPACE = uuid.UUID("6f1f6f0a-6d2c-5c3e-9a53-3b7d0c1a2e44")
_MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class PdfMeta:
    """What the file says of the document. `created`: aware moment, shown in Vietnamese time. `language`: BCP 47."""

    title: str
    created: datetime
    subject: str = ""
    author: str = ""
    document_id: str = ""
    language: str = "vi"


@dataclass(frozen=True, slots=True)
class PdfaVerdict:
    """What the validator says: `flavour` is `2b`; `problems` are its findings, one sentence each."""

    compliant: bool
    flavour: str
    problems: tuple[str, ...]


def check_pdfa(pdf: Path) -> PdfaVerdict:
    """Return whether the file at `pdf` is PDF/A-2b, by an allowlist: what it does not know it denies. Never raises."""
    # reads its schemas and fonts when loaded: for the child that checks, not for its parent
    from pikepdf import pdfa

    report = pdfa.validate_written(pdf, FLAVOUR)
    problems = tuple(str(f) for f in report.findings[:_MAX_PROBLEMS])
    return PdfaVerdict(report.passed, FLAVOUR, problems)


def write_catalogue(pdf: PdfFile, pages: int, meta: PdfMeta) -> None:
    """Write catalogue, metadata, output intent and document information around the page tree `pages`; end the file."""
    intent = pdf.write_flate(b"/N 3", srgb_profile())
    packet = xmp_packet(meta)
    metadata = pdf.write_stream(b"/Type/Metadata/Subtype/XML", (packet,), len(packet))
    root = pdf.write(
        b"<</Type/Catalog/Pages %d 0 R/Metadata %d 0 R/Lang%s/ViewerPreferences<</DisplayDocTitle true>>"
        b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)"
        b"/DestOutputProfile %d 0 R>>]>>" % (pages, metadata, text_string(meta.language), intent)
    )
    moment = text_string(_pdf_date(meta.created))
    info = {
        b"Title": plain_line(meta.title), b"Author": plain_line(meta.author), b"Subject": plain_line(meta.subject),
        b"Creator": PRODUCER, b"Producer": PRODUCER,
    }  # fmt: skip
    entries = b"".join(b"/%s%s" % (key, text_string(value)) for key, value in info.items() if value)
    pdf.finish(root, pdf.write(b"<<%s/CreationDate%s/ModDate%s>>" % (entries, moment, moment)))


def xmp_packet(meta: PdfMeta) -> bytes:
    """Return the XMP packet that says the same as the document information (ISO 19005-2, 6.6.2 and 6.6.3)."""
    title, author, subject = (escape(plain_line(v)) for v in (meta.title, meta.author, meta.subject))
    identity = uuid.uuid5(_NAMESPACE, f"{meta.document_id}\n{meta.title}\n{vietnam_iso(meta.created)}")
    parts = ["<dc:format>application/pdf</dc:format>"]
    if title:
        parts.append(f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>')
    if author:
        parts.append(f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>")
    if subject:
        parts.append(
            f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>'
        )
    if meta.document_id:
        parts.append(f"<dc:identifier>{escape(plain_line(meta.document_id))}</dc:identifier>")
    parts.append(f"<dc:language><rdf:Bag><rdf:li>{escape(meta.language)}</rdf:li></rdf:Bag></dc:language>")
    moment = vietnam_iso(meta.created)
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
{"".join(parts)}
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool><pdf:Producer>{PRODUCER}</pdf:Producer>
<xmpMM:DocumentID>uuid:{identity}</xmpMM:DocumentID>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


def plain_line(value: str) -> str:
    """Return `value` on one line and without what XML cannot carry (control characters, surrogates, U+FFFE)."""
    kept = (c if c.isprintable() or c.isspace() else "" for c in value if c not in "\ufffe\uffff\ufeff")
    return " ".join("".join(kept).split())


def _pdf_date(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("D:%Y%m%d%H%M%S+07'00'")
