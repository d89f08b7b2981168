"""List every row whose bytes are not in the store: the inverse of a rebuild."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from storage.blobs import BlobStore
from storage.objects import UNKNOWN_SIZE
from storage.work import Work

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Missing:
    """A row that points at bytes which are absent (`found` None) or of another size (`found` bytes instead)."""

    table: str
    row: str
    key: str
    found: int | None


def rows_without_bytes(work: Work, blobs: BlobStore, told: Callable[[str, int], None]) -> Iterator[Missing]:
    """Return the rows of files, pages and renditions whose bytes `blobs` does not hold, and lost objects of no row.

    Looks at presence and size only; hashes are fixity's. `told` hears how many objects were looked at. Raises `Away`.
    """
    last, count = "", 0
    while True:
        with work.reading() as tx:
            objects = tx.objects.after(last, _AT_ONCE)
        if not objects:
            break
        for each in objects:
            found = blobs.size(each.key)
            if found is None or each.size not in (found, UNKNOWN_SIZE):
                yield from _rows_of(work, each.key, found)
        last, count = objects[-1].key, count + len(objects)
        told("objects", count)
    with work.reading() as tx:
        unregistered = tx.catalogue.unregistered()
    for table, row, key in unregistered:
        found = blobs.size(key)
        if found is None:
            yield Missing(table, row, key, found)


def _rows_of(work: Work, key: str, found: int | None) -> Iterator[Missing]:
    with work.reading() as tx:
        rows = tx.catalogue.pointing_at(key)
    for table, row in rows or [("objects", key)]:
        yield Missing(table, row, key, found)
