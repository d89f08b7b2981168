"""Name object by object what was appended to a file: which object, what kind of change, where.

The names are for people (Vietnamese) and for the rules (`additions.py`): what has no name here is never harmless.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils.generic import DictionaryObject, PdfObject, Reference, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.roles import Key, Part, Role, items, key_of, opened, pages_of, raw, roles_of
from signing.same import changed_keys, grew, same, same_info, same_metadata, store_items
from signing.verdict import Change

_MOST = 500
"""Changes told of one file; what comes after is counted in one last line."""

HARMLESS = frozenset(
    {
        "structure",
        "catalog-link",
        "dss-added",
        "form-fields",
        "metadata-dates",
        "page-annotations",
        "signature-added",
        "signature-appearance",
        "signature-field-added",
        "signature-field-signed",
        "signature-field-visible",
    }
)
"""What signing again, validation data and time stamps bring along; everything else changes the document."""

WORDS = {
    "structure": "cấu trúc tệp (bảng tham chiếu)",
    "catalog-link": "liên kết từ gốc tài liệu ({where})",
    "catalog-key": "mục {where} ở gốc tài liệu",
    "catalog-entry": "nội dung của mục {where} ở gốc tài liệu",
    "dss-added": "thêm dữ liệu xác minh chữ ký (DSS)",
    "dss-changed": "sửa dữ liệu xác minh chữ ký (DSS)",
    "dss-removed": "bỏ bớt dữ liệu xác minh chữ ký (DSS)",
    "empty-signature-field": "thêm ô chữ ký chưa ký “{where}”",
    "signature-field-added": "thêm ô chữ ký “{where}”",
    "signature-field-signed": "ký vào ô chữ ký “{where}”",
    "signature-field-visible": "ký vào ô chữ ký “{where}” có hình hiển thị",
    "signature-field-odd": "ô chữ ký “{where}” có mục lạ (có thể là lệnh tự chạy)",
    "signature-field-changed": "sửa ô chữ ký “{where}”",
    "signature-added": "thêm chữ ký hoặc dấu thời gian “{where}”",
    "signature-changed": "sửa chữ ký “{where}”",
    "signature-appearance": "hình hiển thị của chữ ký “{where}”",
    "signature-appearance-changed": "đổi hình hiển thị của chữ ký “{where}”",
    "form-fields": "danh sách ô của biểu mẫu",
    "form-settings": "thiết lập của biểu mẫu ({where})",
    "form-resource": "tài nguyên của biểu mẫu ({where})",
    "form-value": "giá trị của ô “{where}”",
    "form-appearance": "hình hiển thị của ô “{where}”",
    "field-added": "thêm ô biểu mẫu “{where}”",
    "field-changed": "sửa ô biểu mẫu “{where}”",
    "metadata": "thông tin mô tả tài liệu",
    "metadata-dates": "ngày ghi trong thông tin mô tả",
    "page-tree": "danh sách trang (thêm, bớt hoặc đổi thứ tự)",
    "page-added": "thêm trang {where}",
    "page-annotations": "danh sách ô chữ ký của trang {where}",
    "page-geometry": "khổ hoặc chiều của trang {where}",
    "page-content": "nội dung trang {where}",
    "page-resource": "hình ảnh, phông chữ của trang {where}",
    "page-entry": "thuộc tính của trang {where}",
    "annotation-added": "thêm chú thích ở trang {where}",
    "annotation-changed": "sửa hoặc bỏ chú thích ở trang {where}",
    "object-removed": "bỏ một đối tượng của tệp",
    "unreferenced": "đối tượng không thuộc phần nào của tài liệu",
    "more": "và {where} thay đổi khác",
}

_GEOMETRY = frozenset({"/Rotate", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/UserUnit"})
_VALUE = frozenset({"/V", "/AP", "/AS", "/F", "/DA", "/Q", "/Ff", "/M", "/I"})
_SIGNING = frozenset({"/V", "/AP", "/F", "/M", "/MK", "/DA"})
_FIELD_KEYS = frozenset(
    "/Type /Subtype /FT /T /TU /TM /V /Ff /F /P /Parent /Kids /Rect /AP /AS /Lock /SV /DA /Q /MK /BS /Border /H /NM /M "
    "/StructParent".split()
)
"""What a new signature field may hold; an action (`/A`, `/AA`) is not among it."""
_LOCK_KEYS = frozenset({"/Type", "/Action", "/Fields", "/P"})
_LINKS = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Version", "/Metadata", "/Perms"})

_HANGING: dict[Part, tuple[tuple[str, str], tuple[str, str]]] = {
    Part.VALUE: (("form-value", "form-value"), ("signature-added", "signature-changed")),
    Part.APPEARANCE: (
        ("form-appearance", "form-appearance"),
        ("signature-appearance", "signature-appearance-changed"),
    ),
    Part.ANNOTATION: (("annotation-added", "annotation-changed"),) * 2,
    Part.FORM_RESOURCE: (("form-resource", "form-resource"),) * 2,
}
"""What hangs from fields and pages: the code of a new and of a changed object, elsewhere and at a signature field."""


def _has_area(field: PdfObject | None) -> bool:
    """Return whether a widget takes room on its page; what cannot be read does."""
    try:
        left, bottom, right, top = (float(n) for n in items(opened(raw(field, "/Rect"))))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True
    return left != right and bottom != top


def is_harmless(change: Change) -> bool:
    """Return whether a change only belongs to signing again or to validation data."""
    return change.code in HARMLESS


def changes_since(reader: PdfFileReader, revision: int, signed: set[str]) -> list[Change]:
    """Return what every revision after `revision` (pyHanko's count, 0 is the oldest) changed.

    `signed`: names of the signature fields that hold a signature. May raise what the reader raises.
    """
    told: list[Change] = []
    for number in range(revision + 1, reader.xrefs.total_revisions):
        if len(told) > _MOST:
            told.append(_change(number, "", "more", str(reader.xrefs.total_revisions - number)))
            break
        told.extend(_Revision(reader, number, signed).changes())
    return told


def _change(number: int, name: str, code: str, where: str) -> Change:
    return Change(number + 1, name, code, where[:80], WORDS[code].format(where=where[:80]))


class _Revision:
    """One appended revision beside the one before it."""

    def __init__(self, reader: PdfFileReader, number: int, signed: set[str]) -> None:
        self._number = number
        self._signed = signed
        self._before = reader.get_historical_resolver(number - 1)
        self._after = reader.get_historical_resolver(number)
        references = reader.xrefs.explicit_refs_in_revision(number)
        self._freed = {(r.idnum, r.generation) for r in reader.xrefs.refs_freed_in_revision(number)}
        self._structure = {(r.idnum, r.generation) for r in reader.xrefs.object_streams_used_in(number)}  # type: ignore[no-untyped-call]
        container = reader.xrefs.get_xref_container_info(number).stream_ref
        if container is not None:
            self._structure.add((container.idnum, container.generation))
        self._keys = {(r.idnum, r.generation) for r in references} - self._freed
        self._existed = {k for k in self._keys if self._old(k) is not None}
        self._new_roles = roles_of(self._after, self._keys - self._structure)
        self._old_roles = roles_of(self._before, (self._existed | self._freed) - self._structure)

    def _old(self, key: Key) -> PdfObject | None:
        reader = self._before.reader
        reference = Reference(*key, reader)
        try:
            place = reader.xrefs.get_historical_ref(reference, self._before.revision)
        except KeyError:
            return None
        return None if place is None else self._before.get_object(Reference(*key, self._before))

    def changes(self) -> Iterator[Change]:
        for key in sorted(self._freed):
            yield self._told(key, "object-removed", "")
        for key in sorted(self._keys):
            if key in self._structure:
                code = "unreferenced" if key in self._existed else "structure"
                yield self._told(key, code, "")
                continue
            if key in self._existed and same(
                self._old(key), self._after.get_object(Reference(*key, self._after))
            ):
                yield self._told(key, "structure", "")  # written again as it was
                continue
            # an object may change its part; both parts count
            roles = {r for r in (self._new_roles.get(key), self._old_roles.get(key)) if r is not None}
            if not roles:
                yield self._told(key, "unreferenced", "")
            for role in sorted(roles, key=lambda r: (r.part, r.where)):
                for code, where in self._kinds(key, role):
                    yield self._told(key, code, where)
        lost = store_items(raw(self._before.root, "/DSS")) - store_items(raw(self._after.root, "/DSS"))
        if lost:
            yield _change(self._number, "", "dss-removed", str(len(lost)))

    def _told(self, key: Key, code: str, where: str) -> Change:
        return _change(self._number, f"{key[0]} {key[1]}", code, where)

    def _kinds(self, key: Key, role: Role) -> Iterator[tuple[str, str]]:
        old = self._old(key)
        new = self._after.get_object(Reference(*key, self._after))
        if role.part is Part.CATALOG:
            yield from self._catalog(old, new)
        elif role.part is Part.FORM:
            yield from self._form(old, new)
        elif role.part in _HANGING:
            fresh, changed = _HANGING[role.part][role.signature]
            yield (fresh if old is None else changed), role.where
        else:
            yield self._kind(old, new, role), role.where

    def _kind(self, old: PdfObject | None, new: PdfObject, role: Role) -> str:
        match role.part:
            case Part.FIELD:
                return self._field(old, new, role)
            case Part.STORE:
                return self._store(old, new)
            case Part.INFO:
                return "metadata-dates" if same_info(self._info_before(), new) else "metadata"
            case Part.METADATA:
                before = opened(raw(self._before.root, "/Metadata"))
                return "metadata-dates" if same_metadata(before, new) else "metadata"
            case Part.PAGE:
                return self._page(old, new)
            case Part.ANNOTATION_LIST:
                before = old if old is not None else self._annotations_before(int(role.where))
                return self._annotation_list(before, new)
        return role.part.value

    def _catalog(self, old: PdfObject | None, new: PdfObject) -> Iterator[tuple[str, str]]:
        for key in changed_keys(old, new):
            if key == "/Metadata" and raw(new, key) is None:
                yield "metadata", key
            yield ("catalog-link" if key in _LINKS else "catalog-key"), key
            if key == "/AcroForm" and not key_of(raw(new, key)):
                yield from self._form(opened(raw(old, key)), opened(raw(new, key)))
            if key == "/DSS" and not key_of(raw(new, key)):
                yield self._store(opened(raw(old, key)), opened(raw(new, key))), ""

    def _form(self, old: PdfObject | None, new: PdfObject | None) -> Iterator[tuple[str, str]]:
        if not isinstance(new, DictionaryObject):  # the list of fields, an object of its own
            before = old if old is not None else raw(opened(raw(self._before.root, "/AcroForm")), "/Fields")
            yield ("form-fields" if grew(before, new) is not None else "form-settings"), "/Fields"
            return
        if old is None:
            old = opened(raw(self._before.root, "/AcroForm")) or DictionaryObject()  # type: ignore[no-untyped-call]
        for key in changed_keys(old, new):
            if key == "/SigFlags":
                yield "form-fields", key
            elif key == "/Fields":
                good = grew(raw(old, key), raw(new, key)) is not None
                yield ("form-fields" if good else "form-settings"), key
            elif not (key == "/DR" and not raw(old, key) and not raw(new, key)):
                yield "form-settings", key

    def _field(self, old: PdfObject | None, new: PdfObject, role: Role) -> str:
        if not role.signature:
            if old is None:
                return "field-added"
            return "form-value" if set(changed_keys(old, new)) <= _VALUE else "field-changed"
        if role.where not in self._signed and old is None:
            return "empty-signature-field"
        if not isinstance(new, DictionaryObject):
            return "signature-field-odd"
        if (
            old is None and str(raw(new, "/Type")) == "/SigFieldLock"
        ):  # kept apart from the field it belongs to
            return "signature-field-added" if set(map(str, new)) <= _LOCK_KEYS else "signature-field-odd"
        keys = set(changed_keys(old, new)) if old is not None else set(map(str, new))
        if old is not None and (raw(old, "/V") is not None or not keys <= _SIGNING):
            return "signature-field-changed"
        if not keys <= _FIELD_KEYS:
            return "signature-field-odd"
        if "/AP" in keys and _has_area(new):
            return "signature-field-visible"
        return "signature-field-added" if old is None else "signature-field-signed"

    def _store(self, old: PdfObject | None, new: PdfObject | None) -> str:
        if old is None:
            return "dss-added"
        if isinstance(old, StreamObject) or isinstance(new, StreamObject):
            return "dss-changed"
        if isinstance(old, DictionaryObject) and isinstance(new, DictionaryObject):
            for key in changed_keys(old, new):
                lists = key in ("/Certs", "/CRLs", "/OCSPs", "/Cert", "/CRL", "/OCSP")
                below = isinstance(opened(raw(new, key)), DictionaryObject) and key not in ("/Type",)
                if raw(old, key) is None:
                    continue
                if not (lists and grew(raw(old, key), raw(new, key)) is not None) and not below:
                    return "dss-changed"
            return "dss-added"
        return "dss-added" if grew(old, new) is not None else "dss-changed"

    def _page(self, old: PdfObject | None, new: PdfObject) -> str:
        if old is None:
            return "page-added"
        keys = set(changed_keys(old, new))
        if keys == {"/Annots"}:
            return self._annotation_list(raw(old, "/Annots"), raw(new, "/Annots"))
        if keys & {"/Contents", "/Resources"}:
            return "page-content"
        if keys & _GEOMETRY:
            return "page-geometry"
        return "page-entry" if keys else "page-annotations"

    def _info_before(self) -> PdfObject | None:
        key = key_of(
            raw(self._before.trailer_view, "/Info")
        )  # the trailer's own references lead to the newest object
        return self._old(key) if key else None

    def _annotations_before(self, page: int) -> PdfObject | None:
        for number, node, _ in pages_of(self._before):
            if number == page:
                return raw(node, "/Annots")
        return None

    def _annotation_list(self, old: PdfObject | None, new: PdfObject | None) -> str:
        added = grew(old, new)
        if added is None:
            return "annotation-changed"
        roles = roles_of(self._after, {k for k in map(key_of, added) if k})
        for entry in added:
            role = roles.get(key_of(entry) or (-1, -1))
            if role is None or role.part is not Part.FIELD or not role.signature:
                return "annotation-added"
        return "page-annotations"
