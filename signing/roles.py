"""Say what part each object of a PDF plays: page content, annotation, form field, validation store …

An appended object is only a number; a person wants to know that it is the content of page 2. The walk begins at the
trailer, names what it meets, and stops as soon as it has met everything it was asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject
from pyhanko.pdf_utils.reader import HistoricalResolver

Key = tuple[int, int]
"""Number and generation of an object."""

_MOST = 200_000  # objects looked at; beyond it the rest has no known part
_DEEPEST = 60


class Part(StrEnum):
    """What an object is for."""

    CATALOG = "catalog"
    CATALOG_ENTRY = "catalog-entry"
    INFO = "info"
    METADATA = "metadata"
    STORE = "store"
    FORM = "form"
    FORM_RESOURCE = "form-resource"
    FIELD = "field"
    APPEARANCE = "appearance"
    VALUE = "value"
    PAGE_TREE = "page-tree"
    PAGE = "page"
    ANNOTATION_LIST = "annotation-list"
    ANNOTATION = "annotation"
    PAGE_CONTENT = "page-content"
    PAGE_RESOURCE = "page-resource"
    PAGE_ENTRY = "page-entry"


@dataclass(frozen=True, slots=True)
class Role:
    """The part of an object and where: page number (from 1), field name or key. `signature`: of a signature field."""

    part: Part
    where: str = ""
    signature: bool = False


def roles_of(view: HistoricalResolver, wanted: set[Key]) -> dict[Key, Role]:
    """Return the roles of the `wanted` objects that the revision `view` reaches; the first one met counts.

    May raise what the PDF reader raises on malformed objects.
    """
    found: dict[Key, Role] = {}
    left = set(wanted)
    for steps, (key, role) in enumerate(_Walk(view).run()):
        if key in left:
            left.discard(key)
            found[key] = role
        if not left or steps > _MOST:
            break
    return found


def key_of(value: PdfObject | None) -> Key | None:
    """Return the key of an indirect reference, None for anything else."""
    return (value.idnum, value.generation) if isinstance(value, IndirectObject) else None


def opened(value: PdfObject | None) -> PdfObject | None:
    """Return what a value stands for, following references."""
    for _ in range(_DEEPEST):
        if not isinstance(value, IndirectObject):
            return value
        value = value.get_object()  # type: ignore[no-untyped-call]
    return None


def raw(holder: PdfObject | None, key: str) -> PdfObject | None:
    """Return the entry `key` as it is written, None when there is none."""
    return holder.raw_get(key) if isinstance(holder, DictionaryObject) and key in holder else None


def items(holder: PdfObject | None) -> Iterator[PdfObject]:
    """Yield the entries of an array as they are written."""
    if isinstance(holder, ArrayObject):
        for index in range(len(holder)):
            yield holder.raw_get(index)


_Met = Iterator[tuple[Key, Role]]
_FIELD_BACK = frozenset({"/Parent", "/P", "/Kids", "/V", "/AP", "/Popup", "/IRT"})
_PAGE_APART = frozenset({"/Parent", "/Contents", "/Resources", "/Annots"})
_CATALOG_APART = frozenset({"/Pages", "/AcroForm", "/DSS", "/Metadata"})


class _Walk:
    def __init__(self, view: HistoricalResolver) -> None:
        self._view = view
        self._seen: set[Key] = set()

    def run(self) -> _Met:
        trailer = self._view.trailer_view
        yield from self._one(raw(trailer, "/Root"), Role(Part.CATALOG))
        root = self._view.root
        yield from self._one(raw(trailer, "/Info"), Role(Part.INFO))
        yield from self._one(raw(root, "/Metadata"), Role(Part.METADATA))
        yield from self._below(raw(root, "/DSS"), Role(Part.STORE))
        yield from self._form(raw(root, "/AcroForm"))
        pages = list(self.pages(raw(root, "/Pages"), 0, [0]))
        for number, page, key in pages:
            if number and key:
                yield key, Role(Part.PAGE, str(number))
                yield from self._annotations(page, number)
            elif key:
                yield key, Role(Part.PAGE_TREE)
        for number, page, _ in pages:
            where = str(number) if number else ""
            yield from self._below(raw(page, "/Contents"), Role(Part.PAGE_CONTENT, where))
            yield from self._below(raw(page, "/Resources"), Role(Part.PAGE_RESOURCE, where))
            for name in page:
                if name not in _PAGE_APART and name != "/Kids":
                    yield from self._below(raw(page, name), Role(Part.PAGE_ENTRY, where))
        for name in root:
            if name not in _CATALOG_APART:
                yield from self._below(raw(root, name), Role(Part.CATALOG_ENTRY, str(name)))

    def _one(self, value: PdfObject | None, role: Role) -> _Met:
        key = key_of(value)
        if key and key not in self._seen:
            self._seen.add(key)
            yield key, role

    def _below(
        self, value: PdfObject | None, role: Role, apart: frozenset[str] = frozenset({"/Parent", "/P"})
    ) -> _Met:
        """Meet `value` and all that hangs from it, but not what was met before."""
        stack: list[tuple[PdfObject | None, int]] = [(value, 0)]
        while stack:
            current, depth = stack.pop()
            key = key_of(current)
            if key:
                if key in self._seen:
                    continue
                self._seen.add(key)
                yield key, role
                current = opened(current)
            if depth > _DEEPEST:
                continue
            if isinstance(current, DictionaryObject):
                stack.extend((raw(current, name), depth + 1) for name in current if name not in apart)
            else:
                stack.extend((entry, depth + 1) for entry in items(current))

    def _form(self, value: PdfObject | None) -> _Met:
        yield from self._one(value, Role(Part.FORM))
        form = opened(value)
        yield from self._one(raw(form, "/Fields"), Role(Part.FORM))
        for entry in items(opened(raw(form, "/Fields"))):
            yield from self._field(entry, "", False, 0)
        if isinstance(form, DictionaryObject):
            for name in form:
                if name != "/Fields":
                    yield from self._below(raw(form, name), Role(Part.FORM_RESOURCE, str(name)))

    def _field(self, value: PdfObject, above: str, signature: bool, depth: int) -> _Met:
        key = key_of(value)
        if depth > _DEEPEST or (key and key in self._seen):
            return
        field = opened(value)
        if not isinstance(field, DictionaryObject):
            return
        own = str(field["/T"]) if "/T" in field else ""
        name = f"{above}.{own}" if above and own else above or own
        signature = field["/FT"] == "/Sig" if "/FT" in field else signature
        yield from self._one(value, Role(Part.FIELD, name, signature))
        yield from self._below(raw(field, "/V"), Role(Part.VALUE, name, signature))
        yield from self._below(raw(field, "/AP"), Role(Part.APPEARANCE, name, signature))
        yield from self._one(raw(field, "/Kids"), Role(Part.FIELD, name, signature))
        for kid in items(opened(raw(field, "/Kids"))):
            yield from self._field(kid, name, signature, depth + 1)
        for entry in field:
            if entry not in _FIELD_BACK:
                yield from self._below(raw(field, entry), Role(Part.FIELD, name, signature))

    def pages(
        self, value: PdfObject | None, depth: int, count: list[int]
    ) -> Iterator[tuple[int, DictionaryObject, Key | None]]:
        """Yield (page number or 0, node, key) of every node of the page tree, in page order."""
        key = key_of(value)
        if depth > _DEEPEST or (key and key in self._seen):
            return
        if key:
            self._seen.add(key)
        node = opened(value)
        if not isinstance(node, DictionaryObject):
            return
        if "/Kids" not in node:
            count[0] += 1
            yield count[0], node, key
            return
        yield 0, node, key
        kids = raw(node, "/Kids")
        if (list_key := key_of(kids)) and list_key not in self._seen:
            self._seen.add(list_key)
            yield 0, DictionaryObject(), list_key  # type: ignore[no-untyped-call]
        for kid in items(opened(kids)):
            yield from self.pages(kid, depth + 1, count)

    def _annotations(self, page: DictionaryObject, number: int) -> _Met:
        where = str(number)
        yield from self._one(raw(page, "/Annots"), Role(Part.ANNOTATION_LIST, where))
        for entry in items(opened(raw(page, "/Annots"))):
            yield from self._below(entry, Role(Part.ANNOTATION, where))


def pages_of(view: HistoricalResolver) -> Iterator[tuple[int, DictionaryObject, Key | None]]:
    """Yield (page number from 1, or 0 for a node of the tree; dictionary; key) in page order."""
    return _Walk(view).pages(raw(view.root, "/Pages"), 0, [0])


def widget_places(view: HistoricalResolver) -> Iterator[tuple[int, Key, tuple[float, float, float, float]]]:
    """Yield (page index from 0, key, box as left, bottom, right, top) of every indirect annotation with a box."""
    for number, page, _ in pages_of(view):
        if not number:
            continue
        for entry in items(opened(raw(page, "/Annots"))):
            key, annotation = key_of(entry), opened(entry)
            sides = [float(n) for n in items(opened(raw(annotation, "/Rect")))]  # type: ignore[arg-type]
            if key and len(sides) == 4:
                x, y = sorted(sides[::2]), sorted(sides[1::2])
                yield number - 1, key, (x[0], y[0], x[1], y[1])
