"""Decide whether a Word file (DOCX) is fit to become a paper: text and pictures only, nothing that acts or calls out.

Refused are macros, embedded objects, whatever is fetched from elsewhere, tracked changes, and files that are locked or
made to harm their reader. By content, never by name. Parses a stranger's file: call it in a limited child process.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from records.errors import Unfit

_MAIN = "word/document.xml"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How old Office files begin, and also new ones that are locked with a password."""
_MOST_PARTS, _MOST_BYTES, _MOST_XML = 5_000, 300 * 1024**2, 60 * 1024**2
_MACROS = ("vbaproject.bin", "vbadata.xml", "vbaprojectsignature.bin")
_OBJECTS = re.compile(
    r"word/(embeddings|activex|afchunk|altchunk)|customui/|(^|/)oleobject|\.(exe|dll|js|vbs|bin)$"
)
_OBJECT_LINKS = (
    "oleobject",
    "package",
    "control",
    "afchunk",
    "subdocument",
    "frame",
    "ctrlprop",
    "vbaproject",
)
_FIELDS = re.compile(
    r"\b(DDE|DDEAUTO|INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|LINK|EMBED|DATABASE|MACROBUTTON)\b"
)
_TRACKED = frozenset({"ins", "del", "moveFrom", "moveTo"})
_FAULTS = (
    zipfile.BadZipFile,
    OSError,
    ValueError,
    NotImplementedError,
    EOFError,
    RuntimeError,
    ElementTree.ParseError,
)


def looks_like_word(start: bytes) -> bool:
    """Return whether the first bytes are those of an Office file, new or old, so that it is judged as one."""
    return start.startswith((b"PK\x03\x04", _OLD))


def screen_word(path: Path, shown: str) -> None:
    """Refuse a Word file that is more than text and pictures.

    Raises `Unfit`: `word-old-or-locked`, `paper-has-macros`, `word-objects`, `word-external`, `word-tracked`,
    `word-malformed`, `word-too-heavy`, `paper-type` (an Office file of another kind).
    """
    with path.open("rb") as file:
        start = file.read(8)
    if start == _OLD:
        raise _unfit(shown, "word-old-or-locked", "là Word đời cũ (.doc) hoặc đặt mật khẩu", _SAVE_DOCX)
    try:
        with zipfile.ZipFile(path) as packed:
            _screen(packed, shown)
    except _FAULTS as fault:
        raise _unfit(
            shown, "word-malformed", "hỏng cấu trúc nên không đọc được", _SAVE_DOCX, fault
        ) from fault


_SAVE_DOCX = "Hãy mở bằng Word, lưu lại thành .docx không mật khẩu, hoặc PDF/A, rồi tải lên."
_SAVE_PDF = "Hãy bỏ các phần đó (dán lại thành chữ, hình thường), hoặc lưu thành PDF/A rồi tải lên."


def _screen(packed: zipfile.ZipFile, shown: str) -> None:
    parts = packed.infolist()
    names = {part.filename.lower() for part in parts}
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_BYTES:
        raise _unfit(shown, "word-too-heavy", "quá nặng khi mở ra", _SAVE_PDF)
    if any(name.rpartition("/")[2] in _MACROS for name in names):
        raise _macros(shown)
    if _MAIN not in names or "[content_types].xml" not in names:
        raise _unfit(shown, "paper-type", "không phải văn bản Word (.docx)", _SAVE_DOCX)
    found = [name for name in names if _OBJECTS.search(name)]
    if found:
        raise _unfit(shown, "word-objects", "có đối tượng nhúng", _SAVE_PDF, found[0])
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels")):
            _screen_part(_read(packed, part), part.filename.lower(), shown)


def _screen_part(root: ElementTree.Element, name: str, shown: str) -> None:
    if name == "[content_types].xml":
        _screen_types(root, shown)
    elif name.endswith(".rels"):
        _screen_links(root, shown)
    elif name.startswith("word/"):
        _screen_text(root, shown)


def _screen_types(root: ElementTree.Element, shown: str) -> None:
    types = {one.get("PartName", "").lower(): one.get("ContentType", "") for one in root}
    if any("macroenabled" in one.get("ContentType", "").lower() for one in root):
        raise _macros(shown)
    if types.get(f"/{_MAIN}") != _MAIN_TYPE:
        raise _unfit(shown, "paper-type", "không phải văn bản Word (.docx)", _SAVE_DOCX)


def _screen_links(root: ElementTree.Element, shown: str) -> None:
    for link in root:
        kind = link.get("Type", "").rpartition("/")[2].lower()
        if kind in _OBJECT_LINKS:
            raise _unfit(shown, "word-objects", "có đối tượng nhúng", _SAVE_PDF, kind)
        if link.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise _unfit(
                shown,
                "word-external",
                "lấy hình, mẫu hoặc dữ liệu từ nơi khác (liên kết ngoài)",
                _SAVE_PDF,
                kind,
            )


def _screen_text(root: ElementTree.Element, shown: str) -> None:
    told = []
    for element in root.iter():
        local = element.tag.rpartition("}")[2]
        if local in _TRACKED and element.tag.partition("}")[0].endswith("/main"):
            raise _unfit(
                shown,
                "word-tracked",
                "còn ghi vết sửa chữa (Track Changes)",
                "Hãy chấp nhận hoặc bỏ mọi sửa chữa, lưu lại rồi tải lên.",
            )
        if local == "instrText":
            told.append(element.text or "")
        elif local == "fldSimple":
            told += [f" {value} " for key, value in element.attrib.items() if key.endswith("}instr")]
        elif local in ("object", "altChunk", "subDoc", "control"):
            raise _unfit(shown, "word-objects", "có đối tượng nhúng", _SAVE_PDF, local)
    for way in ("", " "):  # a field may be written in pieces
        found = _FIELDS.search(way.join(told).upper())
        if found:
            raise _unfit(shown, "word-external", "có trường lấy nội dung từ nơi khác", _SAVE_PDF, found[0])


def _read(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> ElementTree.Element:
    if part.file_size > _MOST_XML:
        raise ValueError(f"{part.filename}: {part.file_size} bytes")
    with packed.open(part) as file:
        data = b"".join(_pieces(file))
    text = data.decode("utf-8-sig")  # Office writes UTF-8; another code could hide what is looked for
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError(f"{part.filename}: a document type")
    return ElementTree.fromstring(text.encode())  # noqa: S314  no document type, so no entity to blow up


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Never more than was declared: a packed bomb says little and holds much."""
    left = _MOST_XML
    while piece := file.read(1024 * 1024):
        left -= len(piece)
        if left < 0:
            raise ValueError("more than it says")
        yield piece


def _macros(shown: str) -> Unfit:
    return _unfit(
        shown, "paper-has-macros", "có macro", "Hãy lưu lại thành .docx không macro, hoặc PDF/A, rồi tải lên."
    )


def _unfit(shown: str, code: str, what: str, then: str, why: object = "") -> Unfit:
    return Unfit(f"{shown}: {code} {why}", code=code, tell=f"{shown} {what} nên không nhận. {then}")
