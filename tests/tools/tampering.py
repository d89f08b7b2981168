"""Ways a signed file is tampered with, from the papers on PDF signatures and beyond; every generator is our own.

Each kind takes an untouched `Base` and returns what a forger makes of it, or None where it does not apply. `KINDS` are
edits of bytes and structure; `APPENDED` are incremental updates, which a forger may also have stamped by the trusted
time-stamp authority or sign with a key of his own; `OTHERWISE` need other roots, another moment or our own keys.
"""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import cms, pem
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfSigner, PdfTimeStamper

from signing import demo_pki, keys, mechanisms
from signing.fetching import apart
from signing.keys import CachedKeySigner
from tests.cases import sealing
from tests.cases.sealing import World, byte_ranges, certified, revision_ends
from tests.cases.signatures import QuietWriter, for_long, sign_with, with_stamp
from tests.tools.signed_bases import Base, sealed

Kind = Callable[[Base], bytes | None]


@dataclass(frozen=True)
class Harmed:
    """One tampered file: how, of which base, the bytes; and, when not the world's, roots and moment of the check."""

    kind: str
    base: Base
    data: bytes
    roots: list[Path] | None = None
    at: datetime | None = field(default=None)


KINDS: dict[str, Kind] = {}
APPENDED: dict[str, Kind] = {}


def kind(function: Kind) -> Kind:
    KINDS[function.__name__] = function
    return function


def appended(change: Callable[[IncrementalPdfFileWriter, Base], object]) -> Kind:
    """Register an incremental update that `change` makes through a lenient writer; False means it does not apply."""

    def make(base: Base) -> bytes | None:
        pen = IncrementalPdfFileWriter(io.BytesIO(base.data), strict=False)
        pen._update_meta = lambda: None
        if change(pen, base) is False:
            return None
        out = io.BytesIO()
        pen.write(out)
        return out.getvalue()

    APPENDED[change.__name__] = make
    return make


# --- bytes in place -----------------------------------------------------------------------------------------------


def _last(data: bytes) -> list[int]:
    return byte_ranges(data)[-1]


def _in_place(data: bytes, old: bytes, new: bytes) -> bytes | None:
    assert len(old) == len(new)
    return data.replace(old, new, 1) if old in data else None


def _hole(base: Base, new: Callable[[bytes], bytes], which: int = -1) -> bytes:
    _, first, second, _ = byte_ranges(base.data)[which]
    hole = new(base.data[first:second])
    assert len(hole) == second - first
    return base.data[:first] + hole + base.data[second:]


@kind
def flip_signed_byte(base: Base) -> bytes:
    at = base.data.index(b"/MediaBox") + 12
    return base.data[:at] + bytes([base.data[at] ^ 1]) + base.data[at + 1 :]


@kind
def flip_container_byte(base: Base) -> bytes:
    return _hole(base, lambda h: h[:2001] + (b"0" if h[2001:2002] != b"0" else b"1") + h[2002:])


@kind
def flip_first_container_byte(base: Base) -> bytes:
    return _hole(base, lambda h: h[:801] + (b"0" if h[801:802] != b"0" else b"1") + h[802:], 0)


@kind
def letter_case_of_container(base: Base) -> bytes:
    return _hole(base, lambda h: h[:500].swapcase() + h[500:])


@kind
def space_in_container(base: Base) -> bytes:
    return _hole(base, lambda h: h[:-3] + b"  >")


@kind
def words_in_padding(base: Base) -> bytes:
    return _hole(base, lambda h: h[:-9] + b"deadbeef>", 0)


@kind
def no_hexadecimal_in_padding(base: Base) -> bytes:
    return _hole(base, lambda h: h[:-9] + b"zzzzzzzz>", 0)


@kind
def container_empty(base: Base) -> bytes:
    return _hole(base, lambda h: b"<>" + b" " * (len(h) - 2))


@kind
def container_one_zero(base: Base) -> bytes:
    return _hole(base, lambda h: b"<00>" + b" " * (len(h) - 4))


@kind
def container_all_zeros(base: Base) -> bytes:
    return _hole(base, lambda h: b"<" + b"0" * (len(h) - 2) + b">")


@kind
def container_null(base: Base) -> bytes:
    return _hole(base, lambda h: b"null" + b" " * (len(h) - 4))


@kind
def container_gone(base: Base) -> bytes | None:
    return _in_place(base.data, b"/Contents <", b"/Kontents <")


def _range(base: Base, text: bytes) -> bytes:
    found = list(re.finditer(rb"/ByteRange ?\[[^]]*\]", base.data))[-1]
    old = found.group()
    new = b"/ByteRange " + text
    return base.data[: found.start()] + new.ljust(len(old)) + base.data[found.start() + len(old) :]


for _name, _text in {
    "byte_range_null": b"null",
    "byte_range_empty": b"[]",
    "byte_range_zeros": b"[0 0 0 0]",
    "byte_range_negative": b"[0 -1 -2 -3]",
    "byte_range_three_numbers": b"[0 1 2]",
    "byte_range_of_names": b"[/a /b /c /d]",
    "byte_range_absurd": b"[0 9999999 1 9]",
}.items():
    KINDS[_name] = lambda base, text=_text: _range(base, text)


@kind
def byte_range_gone(base: Base) -> bytes:
    at = base.data.rindex(b"/ByteRange")
    return base.data[:at] + b"/ByteXange" + base.data[at + 10 :]


@kind
def byte_range_with_a_wider_gap(base: Base) -> bytes:
    """The hole is said to begin earlier and to end later than the string: room for other objects."""
    _, first, second, rest = _last(base.data)
    return _range(base, b"[0 %d %d %d]" % (first - 1, second + 1, rest - 1))


@kind
def byte_range_that_ends_early(base: Base) -> bytes:
    _, first, second, rest = _last(base.data)
    return _range(base, b"[0 %d %d %d]" % (first, second, rest - 7))


@kind
def first_byte_range_to_the_end(base: Base) -> bytes | None:
    """An earlier signature is said to cover the whole file."""
    ranges = byte_ranges(base.data)
    if len(ranges) < 2:
        return None
    _, first, second, _ = ranges[0]
    found = next(re.finditer(rb"/ByteRange ?\[[^]]*\] *", base.data))
    new = b"/ByteRange [0 %d %d %d]" % (first, second, len(base.data) - second)
    return base.data[: found.start()] + new.ljust(len(found.group())) + base.data[found.end() :]


@kind
def wrapped(base: Base) -> bytes:
    """Signature wrapping: a second byte range and new objects inside the hole, the signed rest moved behind."""
    _, first, second, rest = byte_ranges(base.data)[0]
    number, _size, _root = _numbers(base)
    digits = base.data[first + 1 : second - 1].rstrip(b"0")
    evil = _object(number, b"Da bi sua")
    begin = b"<" + digits + b"0" * (len(digits) % 2) + b"> /ByteRange [0 %d %010d %d] " % (first, 0, rest)
    moved = first + len(begin) + len(evil)
    begin = begin.replace(b"%010d" % 0, b"%010d" % moved)
    return base.data[:first] + begin + evil + base.data[second:]


@kind
def forged_claimed_time(base: Base) -> bytes | None:
    found = re.search(rb"/M ?\(D\\?[:0-9]*?(20\d\d)", base.data)
    if not found:
        return None
    at = found.start(1)
    return base.data[:at] + b"2019" + base.data[at + 4 :]


@kind
def other_sub_filter(base: Base) -> bytes | None:
    return _in_place(base.data, b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached")


@kind
def other_field_name(base: Base) -> bytes | None:
    found = re.search(rb"/T ?\((LuuTru|NguoiKy)", base.data)
    if not found:
        return None
    return base.data[: found.end() - 1] + b"X" + base.data[found.end() :]


@kind
def archive_mark_removed(base: Base) -> bytes | None:
    return _in_place(base.data, b"/REx (archive B-LTA 1)", b"/REx (archive B-B   1)")


# --- around and behind --------------------------------------------------------------------------------------------


for _name, _tail in {
    "trailing_line": b"\n",
    "trailing_space": b" ",
    "trailing_zeros": bytes(1000),
    "trailing_comment": b"% xem tiep\n",
    "trailing_end_mark": b"%%EOF\n",
    "trailing_object": b"1 0 obj\n<</Type/Catalog>>\nendobj\n",
    "trailing_zip": b"PK\x03\x04" + bytes(30),
    "trailing_html": b"<html><script>alert(1)</script></html>",
}.items():
    KINDS[_name] = lambda base, tail=_tail: base.data + tail


@kind
def prefix_line(base: Base) -> bytes:
    return b"\n" + base.data


@kind
def second_header_before(base: Base) -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n" + base.data


@kind
def whole_file_twice(base: Base) -> bytes:
    return base.data + base.data


@kind
def cut_by_one(base: Base) -> bytes:
    return base.data[:-1]


@kind
def last_revision_removed(base: Base) -> bytes | None:
    ends = revision_ends(base.data)
    return base.data[: ends[-2]] if len(byte_ranges(base.data)) > 1 else None


@kind
def stamp_and_store_removed(base: Base) -> bytes | None:
    ends = revision_ends(base.data)
    return base.data[: ends[-3]] if len(byte_ranges(base.data)) > 1 else None


@kind
def middle_revision_removed(base: Base) -> bytes | None:
    ends = revision_ends(base.data)
    return base.data[: ends[-3]] + base.data[ends[-2] :] if len(ends) > 2 else None


@kind
def objects_without_table(base: Base) -> bytes:
    number, *_ = _numbers(base)
    return base.data + _object(number, b"Da bi sua")


@kind
def objects_behind_an_empty_table(base: Base) -> bytes | None:
    return sealing.hidden_objects(base.data)


def _previous(data: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


@kind
def bare_end(base: Base) -> bytes:
    return base.data + b"startxref\n%d\n%%%%EOF\n" % _previous(base.data)


@kind
def empty_table(base: Base) -> bytes:
    _, size, root = _numbers(base)
    table = b"xref\n0 0\ntrailer\n<< /Size %d /Root %d 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return base.data + table % (size, root, _previous(base.data), len(base.data))


def _numbers(base: Base) -> tuple[int, int, int]:
    """Return the numbers of the first page's content, of the first free object and of the catalog."""
    pen = IncrementalPdfFileWriter(io.BytesIO(base.data), strict=False)
    page = sealing._first_page(pen)
    content = page.raw_get("/Contents")
    size = int(pen.prev.trailer["/Size"])
    return content.idnum, size, pen.prev.root_ref.idnum


def _object(number: int, words: bytes) -> bytes:
    body = b"BT /F1 18 Tf 30 300 Td (%s) Tj ET" % words
    return b"\n%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, len(body), body)


def _table(base: Base, added: bytes, entries: list[tuple[int, int]], extra: bytes = b"") -> bytes:
    _, size, root = _numbers(base)
    lines = b"".join(b"%d 1\n%010d 00000 n \n" % (n, at) for n, at in entries)
    start = len(base.data) + len(added)
    tail = b"xref\n%strailer\n<< /Size %d /Root %d 0 R /Prev %d %s>>\nstartxref\n%d\n%%%%EOF\n"
    return base.data + added + tail % (lines, size, root, _previous(base.data), extra, start)


@kind
def content_by_hand_written_table(base: Base) -> bytes:
    number, *_ = _numbers(base)
    return _table(base, _object(number, b"Da bi sua"), [(number, len(base.data) + 1)])


@kind
def object_twice_in_one_table(base: Base) -> bytes:
    number, _size, _ = _numbers(base)
    one = _object(number, b"Quyet dinh 1")
    two = _object(number, b"Da bi sua")
    return _table(base, one + two, [(number, len(base.data) + 1), (number, len(base.data) + len(one) + 1)])


@kind
def table_entry_into_old_bytes(base: Base) -> bytes:
    """The table sends the content to an object with another number."""
    number, _, _root = _numbers(base)
    at = base.data.index(b"obj") - 4
    return _table(base, b"", [(number, max(at, 0))])


@kind
def table_in_a_comment(base: Base) -> bytes:
    return base.data + b"%xref\nxref\n0 0\ntrailer<<>>\n"


@kind
def other_root_in_trailer(base: Base) -> bytes:
    _, size, _ = _numbers(base)
    _number, *_ = _numbers(base)
    body = b"\n%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (size, size + 1)
    pages = b"%d 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n" % (size + 1)
    added = body + pages
    start = len(base.data) + len(added)
    return (
        base.data
        + added
        + b"xref\n%d 2\n%010d 00000 n \n%010d 00000 n \ntrailer\n<< /Size %d /Root %d 0 R /Prev %d >>\n"
        % (size, len(base.data) + 1, len(base.data) + len(body), size + 2, size, _previous(base.data))
        + b"startxref\n%d\n%%%%EOF\n" % start
    )


@kind
def content_freed(base: Base) -> bytes:
    number, size, root = _numbers(base)
    tail = b"xref\n%d 1\n0000000000 00001 f \ntrailer\n<< /Size %d /Root %d 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return base.data + tail % (number, size, root, _previous(base.data), len(base.data))


@kind
def container_of_another_file(base: Base) -> bytes | None:
    other = _another(base)
    (_, first, second, _), (_, first2, second2, _) = _last(base.data), _last(other)
    hole = other[first2:second2]
    if second - first != len(hole):
        return None
    return base.data[:first] + hole + base.data[second:]


@kind
def first_container_of_another_file(base: Base) -> bytes | None:
    other = _another(base)
    (_, first, second, _), (_, first2, second2, _) = byte_ranges(base.data)[0], byte_ranges(other)[0]
    room, hole = second - first, other[first2 + 1 : second2 - 1].rstrip(b"0")
    hole += b"0" * (len(hole) % 2)
    if room < len(hole) + 2:
        return None
    return base.data[:first] + b"<" + hole.ljust(room - 2, b"0") + b">" + base.data[second:]


_OTHERS: dict[Path, bytes] = {}


def _another(base: Base) -> bytes:
    folder = base.world.folder
    if folder not in _OTHERS:
        source = sealing.a_pdf(folder.parent / "another.pdf", words="Tep khac")
        _OTHERS[folder] = sealed(base.world, folder.parent, source.read_bytes())
    return _OTHERS[folder]


# --- incremental updates ------------------------------------------------------------------------------------------


def _page(pen: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    return sealing._first_page(pen)


def _numbers_array(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(generic.FloatObject(v) for v in values)


def _form_xobject(pen: IncrementalPdfFileWriter, body: bytes, *box: float) -> generic.IndirectObject:
    look = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): _numbers_array(*box),
        },
        stream_data=body,
    )
    return pen.add_object(look)


_WHITE = b"1 1 1 rg 0 0 300 400 re f"


def _annotate(pen: IncrementalPdfFileWriter, subtype: str, look: bytes, *box: float, **extra: object) -> None:
    page = _page(pen)
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name(subtype),
            pdf_name("/Rect"): _numbers_array(*box),
            pdf_name("/F"): generic.NumberObject(4),
            pdf_name("/AP"): generic.DictionaryObject(
                {pdf_name("/N"): _form_xobject(pen, look, 0, 0, box[2] - box[0], box[3] - box[1])}
            ),
        }
    )
    note.update({pdf_name(k): v for k, v in extra.items()})
    _add_annotation(pen, page, pen.add_object(note))


def _add_annotation(pen: IncrementalPdfFileWriter, page: generic.DictionaryObject, note: object) -> None:
    notes = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
    notes.append(note)
    if "/Annots" in page and isinstance(page.raw_get("/Annots"), generic.IndirectObject):
        pen.mark_update(page.raw_get("/Annots"))
    else:
        page[pdf_name("/Annots")] = notes
        pen.update_container(page)


def _field(pen: IncrementalPdfFileWriter, kind: str) -> generic.IndirectObject | None:
    fields = pen.root["/AcroForm"]["/Fields"]
    for index in range(len(fields)):
        entry = fields.raw_get(index)
        if entry.get_object().get("/FT") == kind:
            return entry
    return None


@appended
def page_added(pen, base):
    pages = pen.root["/Pages"]
    page = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Page"),
            pdf_name("/Parent"): pen.root.raw_get("/Pages"),
            pdf_name("/MediaBox"): _numbers_array(0, 0, 300, 400),
        }
    )
    pages["/Kids"].append(pen.add_object(page))
    pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
    pen.update_container(pages)


@appended
def page_removed(pen, base):
    pages = pen.root["/Pages"]
    if len(pages["/Kids"]) < 2:
        return False
    del pages["/Kids"][-1]
    pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) - 1)
    pen.update_container(pages)


@appended
def pages_swapped(pen, base):
    kids = pen.root["/Pages"]["/Kids"]
    if len(kids) < 2:
        return False
    first, last = kids.raw_get(0), kids.raw_get(-1)
    kids[0], kids[-1] = last, first
    pen.update_container(pen.root["/Pages"])


@appended
def image_swapped(pen, base):
    image = _page(pen)["/Resources"]["/XObject"].raw_get("/Im0")
    image.get_object()._data = bytes(range(64))
    image.get_object()._encoded_data = None
    pen.mark_update(image)


def _new_content(pen: IncrementalPdfFileWriter, body: bytes) -> None:
    page = _page(pen)
    page[pdf_name("/Contents")] = pen.add_object(generic.StreamObject(stream_data=body))
    pen.update_container(page)


@appended
def content_replaced(pen, base):
    _new_content(pen, b"BT /F1 18 Tf 30 300 Td (Da bi sua) Tj ET")


@appended
def content_overridden(pen, base):
    content = _page(pen).raw_get("/Contents")
    content.get_object()._data = b"BT /F1 18 Tf 30 300 Td (Da bi sua) Tj ET"
    content.get_object()._encoded_data = None
    pen.mark_update(content)


@appended
def content_that_looks_the_same(pen, base):
    content = _page(pen).raw_get("/Contents")
    content.get_object()._data = content.get_object().data + b" "
    content.get_object()._encoded_data = None
    pen.mark_update(content)


def _page_entry(pen, key, value):
    page = _page(pen)
    page[pdf_name(key)] = value
    pen.update_container(page)


@appended
def page_turned(pen, base):
    _page_entry(pen, "/Rotate", generic.NumberObject(90 + int(_page(pen).get("/Rotate", 0))))


@appended
def page_cropped(pen, base):
    _page_entry(pen, "/CropBox", _numbers_array(0, 0, 150, 200))


@appended
def page_user_unit(pen, base):
    _page_entry(pen, "/UserUnit", generic.FloatObject(2))


@appended
def page_action(pen, base):
    action = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    )
    _page_entry(pen, "/AA", generic.DictionaryObject({pdf_name("/O"): action}))


def _root_entry(pen, key, value):
    pen.root[pdf_name(key)] = value
    pen.update_root()


@appended
def open_action(pen, base):
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("this.x=1")}
    _root_entry(pen, "/OpenAction", generic.DictionaryObject(action))


@appended
def names_with_script(pen, base):
    _root_entry(
        pen, "/Names", generic.DictionaryObject({pdf_name("/JavaScript"): generic.DictionaryObject()})
    )


@appended
def catalog_language(pen, base):
    _root_entry(pen, "/Lang", generic.pdf_string("en"))


@appended
def catalog_mark_info(pen, base):
    _root_entry(
        pen, "/MarkInfo", generic.DictionaryObject({pdf_name("/Marked"): generic.BooleanObject(True)})
    )


@appended
def page_mode(pen, base):
    _root_entry(pen, "/PageMode", pdf_name("/UseOC"))


@appended
def certification_dropped(pen, base):
    if "/Perms" not in pen.root:
        return False
    del pen.root["/Perms"]
    pen.update_root()


@appended
def certification_added(pen, base):
    if "/Perms" in pen.root:
        return False
    value = _field(pen, "/Sig").get_object().raw_get("/V")
    _root_entry(pen, "/Perms", generic.DictionaryObject({pdf_name("/DocMDP"): value}))


@appended
def usage_rights_added(pen, base):
    value = _field(pen, "/Sig").get_object().raw_get("/V")
    _root_entry(pen, "/Perms", generic.DictionaryObject({pdf_name("/UR3"): value}))


@appended
def form_dropped(pen, base):
    del pen.root["/AcroForm"]
    pen.update_root()


def _update_form(pen):
    form = pen.root.raw_get("/AcroForm")
    if isinstance(form, generic.IndirectObject):
        pen.mark_update(form)
    else:
        pen.update_root()


@appended
def fields_dropped(pen, base):
    pen.root["/AcroForm"][pdf_name("/Fields")] = generic.ArrayObject()
    _update_form(pen)


@appended
def last_field_dropped(pen, base):
    fields = pen.root["/AcroForm"]["/Fields"]
    del fields[-1]
    pen.update_container(fields)


@appended
def need_appearances(pen, base):
    pen.root["/AcroForm"][pdf_name("/NeedAppearances")] = generic.BooleanObject(True)
    _update_form(pen)


@appended
def signature_flags_cleared(pen, base):
    pen.root["/AcroForm"][pdf_name("/SigFlags")] = generic.NumberObject(0)
    _update_form(pen)


@appended
def xfa_added(pen, base):
    pen.root["/AcroForm"][pdf_name("/XFA")] = pen.add_object(generic.StreamObject(stream_data=b"<xdp/>"))
    _update_form(pen)


@appended
def default_resources_changed(pen, base):
    font = {pdf_name("/Type"): pdf_name("/Font"), pdf_name("/Subtype"): pdf_name("/Type1")}
    font[pdf_name("/BaseFont")] = pdf_name("/Symbol")
    fonts = generic.DictionaryObject({pdf_name("/F1"): generic.DictionaryObject(font)})
    pen.root["/AcroForm"][pdf_name("/DR")] = generic.DictionaryObject({pdf_name("/Font"): fonts})
    _update_form(pen)


def _info(pen, key, text):
    if "/Info" not in pen.trailer:
        return False
    info = pen.trailer["/Info"]
    info[pdf_name(key)] = generic.pdf_string(text)
    pen.update_container(info)
    return True


@appended
def title_changed(pen, base):
    return _info(pen, "/Title", "Quyet dinh khac")


@appended
def date_changed(pen, base):
    return _info(pen, "/ModDate", "D:20190101000000Z")


@appended
def xmp_changed(pen, base):
    if "/Metadata" not in pen.root:
        return False
    meta = pen.root["/Metadata"]
    meta._data = meta.data.replace(b"Quyet dinh so 12", b"Quyet dinh so 13")
    meta._encoded_data = None
    pen.mark_update(pen.root.raw_get("/Metadata"))
    return True


@appended
def xmp_removed(pen, base):
    if "/Metadata" not in pen.root:
        return False
    del pen.root["/Metadata"]
    pen.update_root()
    return True


def _store(pen):
    return pen.root["/DSS"] if "/DSS" in pen.root else None  # noqa: SIM401 `get` would not follow the reference


@appended
def store_emptied(pen, base):
    if _store(pen) is None:
        return False
    _store(pen)[pdf_name("/CRLs")] = generic.ArrayObject()
    pen.update_container(_store(pen))


@appended
def store_removed(pen, base):
    if _store(pen) is None:
        return False
    del pen.root["/DSS"]
    pen.update_root()


@appended
def store_replaced(pen, base):
    """The same kind of data, all of it good, but not what the stamp covers; a file without any would only gain some."""
    if _store(pen) is None:
        return False
    assert base.world.ring.revocation is not None
    a_while_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(
        seconds=30
    )  # not the very list of the base
    fresh = base.world.ring.revocation.issue(a_while_ago)
    listing = pen.add_object(generic.StreamObject(stream_data=fresh))
    store = generic.DictionaryObject({pdf_name("/CRLs"): generic.ArrayObject([listing])})
    _root_entry(pen, "/DSS", pen.add_object(store))


@appended
def store_extended(pen, base):
    if _store(pen) is None:
        return False
    lists = _store(pen)["/CRLs"]
    lists.append(pen.add_object(generic.StreamObject(stream_data=lists[0].get_object().data)))
    pen.update_container(_store(pen))


@appended
def store_with_foreign_entry(pen, base):
    if _store(pen) is None:
        return False
    _store(pen)[pdf_name("/Image")] = pen.add_object(generic.StreamObject(stream_data=b"x"))
    pen.update_container(_store(pen))


@appended
def list_overridden(pen, base):
    if _store(pen) is None:
        return False
    listing = _store(pen)["/CRLs"].raw_get(0)
    der = listing.get_object().data
    listing.get_object()._data = der[:-1] + bytes([der[-1] ^ 1])
    listing.get_object()._encoded_data = None
    pen.mark_update(listing)


@appended
def seal_moved(pen, base):
    field = _field(pen, "/Sig")
    field.get_object()[pdf_name("/Rect")] = _numbers_array(10, 10, 200, 200)
    pen.mark_update(field)


@appended
def seal_hidden(pen, base):
    field = _field(pen, "/Sig")
    field.get_object()[pdf_name("/F")] = generic.NumberObject(2)
    pen.mark_update(field)


@appended
def seal_renamed(pen, base):
    field = _field(pen, "/Sig")
    field.get_object()[pdf_name("/T")] = generic.pdf_string("Khac")
    pen.mark_update(field)


@appended
def seal_appearance_swapped(pen, base):
    field = _field(pen, "/Sig")
    look = _form_xobject(pen, _WHITE, 0, 0, 300, 400)
    field.get_object()[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): look})
    pen.mark_update(field)


@appended
def seal_appearance_overridden(pen, base):
    look = _field(pen, "/Sig").get_object().get("/AP")
    if not look or not isinstance(look["/N"], generic.StreamObject):
        return False
    look["/N"]._data = b"0 0 1 rg 0 0 40 40 re f"
    look["/N"]._encoded_data = None
    pen.mark_update(look.raw_get("/N"))
    return True


@appended
def signature_unsigned(pen, base):
    field = _field(pen, "/Sig")
    del field.get_object()["/V"]
    pen.mark_update(field)


def _signature(pen) -> generic.IndirectObject:
    return _field(pen, "/Sig").get_object().raw_get("/V")


def _signature_entry(pen, key, value):
    reference = _signature(pen)
    old = reference.get_object()
    copy = generic.DictionaryObject({k: old.raw_get(k) for k in old})
    copy[pdf_name(key)] = value
    field = _field(pen, "/Sig")
    field.get_object()[pdf_name("/V")] = pen.add_object(copy)
    pen.mark_update(field)


@appended
def signature_reason(pen, base):
    _signature_entry(pen, "/Reason", generic.pdf_string("Khong phai ly do that"))


@appended
def signature_name(pen, base):
    _signature_entry(pen, "/Name", generic.pdf_string("Nguoi khac"))


@appended
def signature_time(pen, base):
    _signature_entry(pen, "/M", generic.pdf_string("D:20190101000000Z"))


@appended
def signature_dictionary_overridden(pen, base):
    reference = _signature(pen)
    reference.get_object()[pdf_name("/Reason")] = generic.pdf_string("Khac")
    pen.mark_update(reference)


@appended
def certification_level_raised(pen, base):
    reference = _signature(pen)
    signature = reference.get_object()
    if "/Reference" not in signature:
        return False
    signature["/Reference"][0]["/TransformParams"][pdf_name("/P")] = generic.NumberObject(3)
    pen.mark_update(reference)
    return True


@appended
def square_over_text(pen, base):
    _annotate(pen, "/Square", _WHITE, 20, 280, 220, 340)


@appended
def free_text(pen, base):
    _annotate(pen, "/FreeText", b"BT /Helv 12 Tf 0 0 Td (x) Tj ET 1 0 0 rg 0 0 50 20 re f", 30, 200, 90, 220)


@appended
def rubber_stamp(pen, base):
    _annotate(pen, "/Stamp", b"1 0 0 rg 0 0 60 60 re f", 100, 100, 160, 160)


@appended
def note_nobody_sees(pen, base):
    _annotate(pen, "/Text", b"", 0, 0, 0, 0)


@appended
def redaction(pen, base):
    _annotate(pen, "/Redact", b"0 g 0 0 200 30 re f", 20, 290, 220, 320)


@appended
def link_over_page(pen, base):
    action = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/URI"), pdf_name("/URI"): generic.pdf_string("http://vi-du.example/")}
    )
    _annotate(pen, "/Link", b"", 0, 0, 300, 400, **{"/A": action})


@appended
def direct_annotation(pen, base):
    """The annotation is no object of its own, so no table lists it."""
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Square"),
            pdf_name("/Rect"): _numbers_array(20, 280, 220, 340),
            pdf_name("/IC"): _numbers_array(1, 1, 1),
            pdf_name("/C"): _numbers_array(1, 1, 1),
        }
    )
    _add_annotation(pen, _page(pen), note)


def _covering_field(pen: IncrementalPdfFileWriter, look: bytes, name: str = "KyLen") -> None:
    append_signature_field(pen, SigFieldSpec(name, box=(20, 280, 220, 340)))
    fields = pen.root["/AcroForm"]["/Fields"]
    made = _form_xobject(pen, look, 0, 0, 200, 60)
    fields[-1][pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): made})


@appended
def unsigned_field_over_text(pen, base):
    _covering_field(pen, _WHITE)


@appended
def unsigned_field_nobody_sees(pen, base):
    append_signature_field(pen, SigFieldSpec("KyLen"))


@appended
def text_field_over_text(pen, base):
    look = _form_xobject(pen, _WHITE, 0, 0, 200, 60)
    page = _page(pen)
    field = generic.DictionaryObject(
        {
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): generic.pdf_string("Them"),
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/Rect"): _numbers_array(20, 280, 220, 340),
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): look}),
        }
    )
    made = pen.add_object(field)
    pen.root["/AcroForm"]["/Fields"].append(made)
    pen.update_container(pen.root["/AcroForm"]["/Fields"])
    _add_annotation(pen, page, made)


@appended
def font_swapped(pen, base):
    font = _page(pen)["/Resources"]["/Font"].raw_get("/F1")
    font.get_object()[pdf_name("/BaseFont")] = pdf_name("/Courier")
    pen.mark_update(font)


@appended
def encoding_swapped(pen, base):
    font = _page(pen)["/Resources"]["/Font"].raw_get("/F1")
    differences = generic.ArrayObject([generic.NumberObject(49), pdf_name("/nine")])
    font.get_object()[pdf_name("/Encoding")] = generic.DictionaryObject(
        {pdf_name("/Type"): pdf_name("/Encoding"), pdf_name("/Differences"): differences}
    )
    pen.mark_update(font)


@appended
def form_that_draws_itself(pen, base):
    """Memory and time bomb: each form draws the next one many times."""
    looks = []
    for _level in range(12):
        body = b" ".join([b"/Next Do"] * 12) if looks else b"0 0 1 1 re f"
        look = _form_xobject(pen, body, 0, 0, 300, 400)
        if looks:
            inner = generic.DictionaryObject({pdf_name("/Next"): looks[-1]})
            look.get_object()[pdf_name("/Resources")] = generic.DictionaryObject(
                {pdf_name("/XObject"): inner}
            )
        looks.append(look)
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): _numbers_array(0, 0, 300, 400),
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): looks[-1]}),
        }
    )
    _add_annotation(pen, _page(pen), pen.add_object(note))


# shadow attacks: the base holds prepared content, the update only makes it count


def _text_field(pen):
    return _field(pen, "/Tx")


@appended
def shadow_value(pen, base):
    field = _text_field(pen)
    if field is None:
        return False
    field.get_object()[pdf_name("/V")] = generic.pdf_string("900")
    pen.mark_update(field)
    return True


@appended
def shadow_value_and_appearance(pen, base):
    field = _text_field(pen)
    if field is None:
        return False
    look = _form_xobject(pen, b"/Tx BMC q BT /F1 12 Tf 2 4 Td (900) Tj ET Q EMC", 0, 0, 90, 20)
    old = field.get_object()["/AP"]["/N"]
    look.get_object()[pdf_name("/Resources")] = old.raw_get("/Resources")
    field.get_object()[pdf_name("/V")] = generic.pdf_string("900")
    field.get_object()[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): look})
    pen.mark_update(field)
    return True


@appended
def shadow_appearance_in_place(pen, base):
    field = _text_field(pen)
    if field is None:
        return False
    look = field.get_object()["/AP"]["/N"]
    look._data = b"/Tx BMC q BT /F1 12 Tf 2 4 Td (900) Tj ET Q EMC"
    look._encoded_data = None
    pen.mark_update(field.get_object()["/AP"].raw_get("/N"))
    return True


@appended
def shadow_hide(pen, base):
    """The white cover over prepared text disappears."""
    objects = _page(pen)["/Resources"]["/XObject"]
    if "/Cover" not in objects:
        return False
    cover = objects.raw_get("/Cover")
    cover.get_object()._data = b" "
    cover.get_object()._encoded_data = None
    pen.mark_update(cover)
    return True


@appended
def shadow_layer(pen, base):
    """The hidden layer is switched on."""
    if "/OCProperties" not in pen.root:
        return False
    default = pen.root["/OCProperties"]["/D"]
    default[pdf_name("/OFF")] = generic.ArrayObject()
    pen.update_container(default)
    return True


@appended
def shadow_hide_and_replace(pen, base):
    """The page tree points to a page that lay prepared elsewhere in the signed file."""
    if "/PieceInfo" not in pen.root:
        return False
    other = pen.root["/PieceInfo"]["/Vanthu"].raw_get("/Private")
    pen.root["/Pages"]["/Kids"][0] = other
    pen.update_container(pen.root["/Pages"]["/Kids"])
    return True


@appended
def attachment_changed(pen, base):
    if "/Names" not in pen.root or "/EmbeddedFiles" not in pen.root["/Names"]:
        return False
    node = pen.root["/Names"]["/EmbeddedFiles"]
    names = node["/Names"] if "/Names" in node else node["/Kids"][0]["/Names"]
    stream = names[1].get_object()["/EF"].raw_get("/F")
    stream.get_object()._data = b"phu luc khac"
    stream.get_object()._encoded_data = None
    pen.mark_update(stream)
    return True


# --- forgers with a key or a time stamp of their own --------------------------------------------------------------

RENEWAL = frozenset({"date_changed", "store_extended"})
"""With a trusted time stamp behind, these are what every honest renewal does."""
_SEEN_OR_NOT = ("seal_appearance_swapped", "need_appearances", "note_nobody_sees", "store_replaced")


def stamped(name: str) -> Kind:
    """The update, and behind it a document time stamp of the trusted authority: anyone may ask for one."""

    def make(base: Base) -> bytes | None:
        harmed = APPENDED[name](base)
        if harmed is None:
            return None
        try:
            return with_stamp(harmed, base.world)
        except Exception:  # noqa: BLE001 the forger's own tool refuses some files
            return None

    return make


def resigned(name: str) -> Kind:
    """The update, and behind it a signature of a key that no configured root knows, with store and stamp."""

    def make(base: Base) -> bytes | None:
        harmed = APPENDED[name](base)
        if harmed is None:
            return None
        try:
            return for_long(sign_with(harmed, base.world, "KeGian", signer=_rogue(base.world)), base.world)
        except Exception:  # noqa: BLE001 the forger's own tool refuses some files
            return None

    return make


_ROGUES: dict[Path, CachedKeySigner] = {}


def _rogue(world: World) -> CachedKeySigner:
    if world.folder not in _ROGUES:
        own = sealing.a_world(world.folder.parent / "rogue")
        key, certificate = certified(own.folder, sealing.ORGANISATION)
        _ROGUES[world.folder] = CachedKeySigner(key, certificate)
    return _ROGUES[world.folder]


def _sneaky(
    base: Base,
    change: Callable[[IncrementalPdfFileWriter, generic.DictionaryObject], None],
    box: tuple[int, int, int, int] | None = (20, 280, 220, 340),
) -> bytes:
    """A trusted time stamp into a field that the forger made: anyone may have one."""
    pen = QuietWriter(io.BytesIO(base.data))
    append_signature_field(pen, SigFieldSpec("DauDe", box=box))
    field = pen.root["/AcroForm"]["/Fields"][-1]
    change(pen, field)
    out = io.BytesIO()
    pen.write(out)
    stamper = PdfTimeStamper(base.world.tsa, field_name="DauDe")
    apart(lambda: stamper.async_timestamp_pdf(QuietWriter(out), "sha256", in_place=True))
    return out.getvalue()


def _with_look(pen: IncrementalPdfFileWriter, field: generic.DictionaryObject, flags: int = 4) -> None:
    look = _form_xobject(pen, _WHITE, 0, 0, 200, 60)
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): look})
    field[pdf_name("/F")] = generic.NumberObject(flags)


def _with_script(pen: IncrementalPdfFileWriter, field: generic.DictionaryObject) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    opened = generic.DictionaryObject({pdf_name("/PO"): generic.DictionaryObject(action)})
    field[pdf_name("/AA")] = opened


@kind
def stamp_that_covers_text(base: Base) -> bytes:
    return _sneaky(base, _with_look)


@kind
def stamp_that_covers_text_in_print_only(base: Base) -> bytes:
    """Flags Print and NoView: no screen shows it, paper does."""
    return _sneaky(base, lambda pen, field: _with_look(pen, field, 4 + 32))


@kind
def stamp_that_runs_a_script(base: Base) -> bytes:
    return _sneaky(base, _with_script, box=None)


# --- everything that needs other roots, another moment or one of our own keys ---------------------------------------


def otherwise(base: Base, folder: Path) -> Iterator[Harmed]:
    """Yield files that are wrong by trust, time or algorithm; `base` lends its world and its content."""
    world, now = base.world, datetime.now(UTC).replace(microsecond=0)
    plain = sealing.a_pdf(folder / "o.pdf", pages=2).read_bytes()

    def harmed(name: str, data: bytes, **more) -> Harmed:
        return Harmed(name, base, data, **more)

    assert world.ring.revocation is not None
    seal = world.ring.get().certificate
    for days in (1, 400):
        revoked = world.ring.revocation.issue(now, {seal.serial_number: now - timedelta(days=days)})
        lists = folder / f"revoked-{days}.pem"
        lists.write_bytes(pem.armor("X509 CRL", revoked))
        yield harmed("revoked_before", base.data, roots=[*world.roots, lists], at=now + timedelta(days=1))
    yield harmed("expired_tsa", base.data, at=now + timedelta(days=365 * 11))
    yield harmed("not_yet_made", base.data, at=now - timedelta(days=2))
    yield harmed("no_roots", base.data, roots=[])
    stranger = sealing.a_world(folder / "stranger")
    yield harmed("strange_roots", base.data, roots=stranger.roots)

    mechanisms.HASHES["sha1"], mechanisms.HASHES["md5"] = hashes.SHA1(), hashes.MD5()
    try:
        for weak in ("sha1", "md5"):
            yield harmed(f"weak_{weak}", for_long(sign_with(plain, world, md=weak, tsa=False), world))
    finally:
        del mechanisms.HASHES["sha1"], mechanisms.HASHES["md5"]
    short = CachedKeySigner(*certified(world.folder, "Ngan", 1024))
    yield harmed("short_key", for_long(sign_with(plain, world, signer=short), world))
    yield harmed("stranger_signs", for_long(sign_with(plain, world, signer=_rogue(world)), world))
    yield harmed(
        "stranger_signs_again", for_long(sign_with(base.data, world, "KeGian", signer=_rogue(world)), world)
    )
    yield harmed("stranger_stamps", with_stamp(base.data, world, tsa=stranger.tsa))
    yield harmed("stamp_key_signs", for_long(sign_with(plain, world, signer=_stamp_signer(world)), world))
    yield harmed("no_revocation_data", with_stamp(sign_with(plain, world), world))
    yield from _in_order(base, plain, harmed)
    yield from _containers(base, harmed)


def _stamp_signer(world: World) -> CachedKeySigner:
    from asn1crypto import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate, key = keys.load_p12(world.folder, demo_pki.TSA)
    return CachedKeySigner(key, x509.Certificate.load(certificate.public_bytes(Encoding.DER)))


def _in_order(base: Base, plain: bytes, harmed: Callable[..., Harmed]) -> Iterator[Harmed]:
    """Trusted keys, but something happened between two signatures that the first does not allow."""
    world = base.world
    first = Base("between", sign_with(plain, world, box=(150, 60, 270, 120), writer=QuietWriter), world)
    for name, change in APPENDED.items():
        data = change(first)
        if data is None or name in _HARMLESS_BETWEEN:
            continue
        try:
            signed = for_long(sign_with(data, world, "ConDau"), world)
        except Exception:  # noqa: BLE001 the signer refuses, so there is no such file
            continue
        yield harmed(f"between_{name}", signed)
    late = _forced(first.data, world, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)
    yield harmed("certified_after_approval", for_long(late, world))
    strict = sign_with(plain, world, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES, writer=QuietWriter)
    yield harmed("signed_under_no_changes", for_long(_forced(strict, world), world))


_HARMLESS_BETWEEN = frozenset({"date_changed", "store_replaced"})


def _forced(data: bytes, world: World, **more) -> bytes:
    """Sign without the checks that pyHanko makes before it signs."""
    enforce = PdfSigner._enforce_certification_constraints
    PdfSigner._enforce_certification_constraints = lambda *_: None
    try:
        return sign_with(data, world, "ConDau", **more)
    finally:
        PdfSigner._enforce_certification_constraints = enforce


def _containers(base: Base, harmed: Callable[..., Harmed]) -> Iterator[Harmed]:
    """The first container written anew with something unsigned changed."""
    _, first, second, _ = byte_ranges(base.data)[0]
    original = bytes.fromhex(base.data[first + 1 : second - 1].decode())

    def put(name: str, change: Callable[[cms.SignedData], None]) -> Iterator[Harmed]:
        info = cms.ContentInfo.load(original)
        change(info["content"])
        der = info.dump()  # not force=True: it writes every level twice, minutes for one container
        if len(der) * 2 + 2 <= second - first:
            hole = b"<" + der.hex().encode().ljust(second - first - 2, b"0") + b">"
            yield harmed(name, base.data[:first] + hole + base.data[second:])

    _, other = certified(base.world.folder, sealing.ORGANISATION)

    def chain(data: cms.SignedData) -> None:
        data["certificates"][0] = cms.CertificateChoices("certificate", other)

    def stamp_gone(data: cms.SignedData) -> None:
        data["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([])

    def version(data: cms.SignedData) -> None:
        data["version"] = "v3"

    def digest(data: cms.SignedData) -> None:
        attributes = data["signer_infos"][0]["signed_attrs"]
        for attribute in attributes:
            if attribute["type"].native == "message_digest":
                attribute["values"] = [hashlib.sha256(b"x").digest()]

    for name, change in (
        ("certificate_swapped", chain),
        ("stamp_taken_out", stamp_gone),
        ("version_changed", version),
        ("digest_forged", digest),
    ):
        yield from put(name, change)


def all_harmed(bases: list[Base], folder: Path) -> Iterator[Harmed]:
    """Yield every tampered file over all `bases`."""
    for base in bases:
        kinds = {**KINDS, **APPENDED}
        kinds |= {f"{n}+stamp": stamped(n) for n in APPENDED if n not in RENEWAL}
        kinds |= {f"{n}+resigned": resigned(n) for n in _SEEN_OR_NOT}
        for name, make in kinds.items():
            data = make(base)
            if data is not None and data != base.data:
                yield Harmed(name, base, data)
    yield from otherwise(bases[0], folder)
