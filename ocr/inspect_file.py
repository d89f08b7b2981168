"""Decide whether a delivered file is fit to enter the archive, from its bytes and never from its name."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr import unfit
from ocr.containers import check_jpeg, check_png
from ocr.images import check_size, head
from ocr.pdf_pages import MAX_PAGES, pdf_facts
from ocr.tiff import READABLE, TiffFault, frames

Kind = Literal["jpeg", "png", "tiff", "pdf"]

MEDIA_TYPES: dict[Kind, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "tiff": "image/tiff",
    "pdf": "application/pdf",
}
_SUFFIXES: dict[Kind, frozenset[str]] = {
    "jpeg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "png": frozenset({".png"}),
    "tiff": frozenset({".tif", ".tiff"}),
    "pdf": frozenset({".pdf"}),
}
_OTHERS: tuple[tuple[bytes, int, str], ...] = (
    (b"GIF8", 0, "ảnh GIF"),
    (b"WEBP", 8, "ảnh WebP"),
    (b"BM", 0, "ảnh BMP"),
    (b"ftyphei", 4, "ảnh HEIC của điện thoại"),
    (b"ftypmif", 4, "ảnh HEIC của điện thoại"),
    (b"jP  ", 4, "ảnh JPEG 2000"),
    (b"PK\x03\x04", 0, "tệp nén ZIP hoặc tài liệu Office (docx, xlsx)"),
    (b"\xd0\xcf\x11\xe0", 0, "tài liệu Office đời cũ (doc, xls)"),
    (b"{\\rtf", 0, "tài liệu RTF"),
    (b"Rar!", 0, "tệp nén RAR"),
    (b"7z\xbc\xaf", 0, "tệp nén 7z"),
    (b"%!PS", 0, "tệp PostScript"),
    (b"\x7fELF", 0, "chương trình máy tính"),
    (b"MZ", 0, "chương trình máy tính"),
)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a delivered file is.

    `pages`: images or PDF pages in it. `signatures`: signed fields of a PDF. `encrypted`: always False today, because
    encrypted PDFs are refused. `text_pages`: PDF pages that carry text, seen or not (of the first 1,000).
    `notes`: Vietnamese sentences worth telling although the file is accepted (a wrong extension …).
    """

    kind: Kind
    pages: int
    media_type: str
    signatures: int = 0
    encrypted: bool = False
    text_pages: int = 0
    notes: tuple[str, ...] = ()


def inspect_file(path: Path, name: str) -> FileFacts:
    """Return the facts of `path`, delivered under `name`.

    Raises `Unfit` whose `code` is stable (see docs/decisions/0013) and whose `tell` names the file, what is wrong,
    why, and what to do. Parses untrusted bytes: call it in a limited child process; running out of memory there is
    `file-too-heavy`.
    """
    shown = shown_name(name)
    try:
        return _facts(path, shown)
    except (MemoryError, RecursionError) as fault:
        raise unfit.too_heavy(shown, repr(fault)) from fault


def shown_name(name: str) -> str:
    """Return a delivered name as it may stand in a sentence: the last part, composed, printable, not endless."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    clear = "".join(c if c.isprintable() else "\ufffd" for c in last) or "Tệp không tên"
    return clear if len(clear) <= _SHOWN else f"{clear[:50]}…{clear[-25:]}"


def sniff(start: bytes) -> Kind | None:
    """Return the kind that the first 1,024 bytes say, None when it is none of ours."""
    if start[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if start[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if b"%PDF-" in start[:1024]:
        return "pdf"
    return None


def _facts(path: Path, name: str) -> FileFacts:
    size = path.stat().st_size
    if size == 0:
        raise unfit.empty(name)
    with path.open("rb") as file:
        start = file.read(1024)
    kind = sniff(start)
    if kind is None:
        raise unfit.too_short(name, size) if size < 8 else unfit.unknown_kind(name, _other(start))
    notes = _notes(name, kind)
    if kind == "pdf":
        found = pdf_facts(path, name)
        return FileFacts(
            kind, found.pages, MEDIA_TYPES[kind], found.signatures, False, found.text_pages, notes
        )
    pages = 1
    if kind == "tiff":
        pages = _check_tiff(path, name)
    elif kind == "png":
        check_png(path, name)
        head(path, shown=name)
    else:
        check_jpeg(path, name)
        head(path, shown=name)
    return FileFacts(kind, pages, MEDIA_TYPES[kind], notes=notes)


def _check_tiff(path: Path, name: str) -> int:
    try:
        found = frames(path)
    except TiffFault as fault:
        if fault.declared is not None:
            raise unfit.truncated(name, "TIFF", path.stat().st_size, fault.declared) from fault
        raise unfit.broken(name, "TIFF", str(fault)) from fault
    if not found:
        raise unfit.no_pages(name, "TIFF")
    if len(found) > MAX_PAGES:
        raise unfit.too_many_pages(name, len(found), MAX_PAGES)
    for frame in found:
        check_size(frame.width, frame.height, name)
        if frame.compression not in READABLE:
            raise unfit.unsupported_pixels(name, f"TIFF (nén số {frame.compression})")
    return len(found)


def _other(start: bytes) -> str:
    head = start.lstrip()[:15].lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "trang web HTML"
    return next((what for mark, at, what in _OTHERS if start[at : at + len(mark)] == mark), "")


def _notes(name: str, kind: Kind) -> tuple[str, ...]:
    suffix = Path(name).suffix.lower()
    if suffix in _SUFFIXES[kind]:
        return ()
    said = f"có đuôi {suffix}" if suffix else "không có đuôi"
    return (f"{name} {said} nhưng nội dung là {kind.upper()}; đã nhận theo nội dung.",)
