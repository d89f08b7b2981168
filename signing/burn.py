"""Burn a number, a date or a mark into the pages of a paper that nobody has signed yet.

What is burnt becomes page content, upright and at its true size on any turned or cropped page; the paper's own bytes
stay as they are in front of it. After the first signature nothing may be burnt in any more.
"""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    StreamObject,
    pdf_name,
)
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from records.errors import Unfit
from signing.geometry import PageView, Place, page_view
from signing.order import already_signed
from signing.stages import Appender
from signing.stamp import Stamp, stamp_style

_ACTIVE = (
    "/JS",
    "/JavaScript",
    "/Launch",
    "/EmbeddedFile",
    "/Filespec",
    "/XFA",
    "/RichMedia",
    "/OpenAction",
    "/AA",
)
_MOST_OBJECTS = 200_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Burnt:
    """Where something goes, and who draws it for a room of that width and height in millimetres.

    The drawing stands in the middle of `place` and is never squeezed.
    """

    place: Place
    draw: Callable[[float, float], Stamp]


def burn(source: Path, target: Path, marks: Sequence[Burnt]) -> None:
    """Write `source` with `marks` burnt in to `target`; the same file and drawings give the same bytes.

    Raises `Unfit`: `file-already-signed`, `file-encrypted`, `file-active` (scripts, attachments, forms that think for
    themselves), `file-malformed`, `page-unfit`; `ArchiveFault` (`page-unknown`, `place-too-small`), and what
    the drawing raises. Nothing is written then. Parses a stranger's file: call it in a limited child process.
    """
    target.write_bytes(_read(source, lambda data: _burnt(data, marks)))


def demand_burnable(source: Path) -> None:
    """Refuse a file into which nothing may be burnt. Raises `Unfit` as `burn`. Call it in a limited child process."""
    _read(source, lambda data: _demand_quiet(Appender(io.BytesIO(data), strict=False).prev))


def _read(source: Path, do: Callable[[bytes], T]) -> T:
    try:
        return do(source.read_bytes())
    except (
        PdfError,
        ArithmeticError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        RecursionError,
    ) as fault:
        # pyHanko hands on whatever a damaged file makes it stumble over
        raise Unfit(
            f"{source}: {type(fault).__name__}: {fault}",
            code="file-malformed",
            tell=f"{source.name} hỏng cấu trúc nên không ghi số, ngày vào được. Hãy xuất lại tệp PDF rồi thử lại.",
        ) from fault


def _burnt(data: bytes, marks: Sequence[Burnt]) -> bytes:
    writer = Appender(io.BytesIO(data), strict=False)
    _demand_quiet(writer.prev)
    by_page: dict[int, list[tuple[PageView, Place, Stamp]]] = {}
    for mark in marks:
        view = page_view(writer, mark.place.page)
        stamp = mark.draw(*view.size_mm(mark.place))
        by_page.setdefault(view.number, []).append((view, mark.place, stamp))
    for number, found in by_page.items():
        _burn_page(writer, number - 1, found)
    # pyHanko would draw lots for it; what was shown must be drawn again to the byte
    own = ByteStringObject(hashlib.sha256(data).digest()[:16])
    first = writer._document_id[0] if "/ID" in writer.prev.trailer else own
    writer._document_id = ArrayObject([first, own])
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _burn_page(writer: Appender, index: int, marks: Sequence[tuple[PageView, Place, Stamp]]) -> None:
    reference, _ = writer.find_page_for_modification(index)  # type: ignore[no-untyped-call]
    page = reference.get_object()
    commands, forms = ["Q"], {}
    for view, place, stamp in marks:
        told = hashlib.sha256(f"{place}".encode() + stamp.pdf).hexdigest()
        name = pdf_name(f"/Burnt{told[:12]}")
        forms[name] = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(stamp.pdf)))
        numbers = " ".join(f"{one:.6f}" for one in _matrix(view, place, stamp))
        commands.append(f"q {numbers} cm {name} Do Q")
    # the page's own content may leave the pen anywhere, so it is fenced in
    before = writer.add_object(StreamObject(stream_data=b"q\n"))
    after = writer.add_object(StreamObject(stream_data=("\n" + "\n".join(commands) + "\n").encode()))
    page[pdf_name("/Contents")] = ArrayObject([before, *_contents(page), after])
    page[pdf_name("/Resources")] = _with_forms(page, forms)
    writer.mark_update(reference)


def _matrix(view: PageView, place: Place, stamp: Stamp) -> tuple[float, ...]:
    """Return the map from the drawing's points to the page's user space."""
    a, b, c, d, e, f = stamp_style(stamp, view, place).matrix
    left, bottom, _, _ = view.rectangle(place)
    unit = view.unit
    return a / unit, b / unit, c / unit, d / unit, left + e / unit, bottom + f / unit


def _contents(page: DictionaryObject) -> list[Any]:
    if "/Contents" not in page:
        return []
    raw = page.raw_get("/Contents")
    held: Any = page["/Contents"]
    if isinstance(held, ArrayObject):
        return [held.raw_get(index) for index in range(len(held))]
    if isinstance(raw, IndirectObject) and isinstance(held, StreamObject):
        return [raw]
    raise PdfError(f"page contents are {type(held).__name__}")


def _with_forms(page: DictionaryObject, forms: Mapping[Any, Any]) -> DictionaryObject:
    """Return the resources of this page alone, with `forms` added: other pages may share the old ones."""
    node: Any = page
    while "/Resources" not in node and "/Parent" in node:
        node = node["/Parent"]
    old: Any = _entry(node, "/Resources") or _dictionary({})
    own = _dictionary({key: old.raw_get(key) for key in old})
    shared: Any = _entry(own, "/XObject") or _dictionary({})
    own[pdf_name("/XObject")] = _dictionary({key: shared.raw_get(key) for key in shared} | dict(forms))
    return own


def _dictionary(entries: Mapping[Any, Any]) -> DictionaryObject:
    return DictionaryObject(entries)  # type: ignore[no-untyped-call]


def _demand_quiet(reader: PdfFileReader) -> None:
    """Refuse a file that is signed, locked, or does things when it is opened."""
    if reader.encrypted:
        raise Unfit(
            "encrypted",
            code="file-encrypted",
            tell="Tệp PDF đặt mật khẩu nên không ghi số, ngày vào được. Hãy bỏ mật khẩu rồi tải lên lại.",
        )
    if reader.embedded_signatures:
        raise already_signed()
    if found := _active(reader):
        raise Unfit(
            f"active content: {found}",
            code="file-active",
            tell="Tệp PDF có mã lệnh, tệp đính kèm hoặc biểu mẫu tự chạy nên không dùng làm văn bản được. "
            "Hãy in ra PDF/A rồi tải lên lại.",
        )


def _active(reader: PdfFileReader) -> str:
    """Return the first thing reachable from the catalogue that acts by itself; empty when there is none."""
    seen: set[tuple[int, int]] = set()
    waiting: list[Any] = [reader.root]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, IndirectObject):
            if (thing.idnum, thing.generation) in seen:
                continue
            seen.add((thing.idnum, thing.generation))
            if len(seen) > _MOST_OBJECTS:
                raise PdfError("too many objects")
            thing = thing.get_object()  # type: ignore[no-untyped-call]
        if isinstance(thing, ArrayObject):
            waiting.extend(thing.raw_get(index) for index in range(len(thing)))
        elif isinstance(thing, DictionaryObject):
            names = {str(key) for key in thing} | {
                str(_entry(thing, key)) for key in ("/S", "/Type", "/Subtype")
            }
            if found := names.intersection(_ACTIVE) - _harmless(thing):
                return min(found)
            waiting.extend(thing.raw_get(key) for key in thing)
    return ""


def _harmless(thing: DictionaryObject) -> set[str]:
    """Return what only opens the paper at a place: exporters write an OpenAction of that kind."""
    if "/OpenAction" not in thing:
        return set()
    action = thing["/OpenAction"]
    goes = isinstance(action, ArrayObject) or (
        isinstance(action, DictionaryObject) and _entry(action, "/S") == "/GoTo"
    )
    return {"/OpenAction"} if goes else set()


def _entry(thing: DictionaryObject, key: str) -> Any:
    """Return what `key` stands for, followed to the object; pyHanko's own `get` hands out references."""
    return thing[key] if key in thing else None  # noqa: SIM401
