"""Pages: the images a delivery brought, where each belongs, and what was read on it."""

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update

from records.access import Actor
from records.document import DocumentState, PageRole
from records.errors import Missing
from records.page import PageText, load_page
from storage.document_values import ArchivedVersion
from storage.ground import Ground
from storage.schema import documents, page_texts, pages
from storage.visible import visible

_KEPT = 32
"""Readings a process remembers: the pages of a few documents under way, about a quarter of a megabyte each."""
_MOST_PAGES = 2**31 - 1
"""Greatest page number a column can hold."""


UNREAD = ("timed-out", "failed")
"""States of a page that was tried and not read: it needs a person's eyes."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page image found in a delivered file. `id` is deterministic, so that finding it twice makes one row.

    `frame` counts pages of the file from 1, `ordinal` pages of the batch; `code` is the text of a separator
    sheet; `exact` says that the image bytes are those embedded in the file; `hint_rotation` is a clockwise
    turn the file itself asked for. `document_id` and `number` (from 1) are None for separators.
    """

    id: str
    batch_id: str
    file_id: str
    frame: int
    ordinal: int
    role: PageRole
    code: str
    image_key: str
    image_sha256: str
    media_type: str
    width: int
    height: int
    dpi: float
    exact: bool
    hint_rotation: int = 0
    document_id: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page with what is known of its reading: `state` is "" (not yet), `read`, `timed-out` or `failed`.

    `confidence` 0.0 to 1.0, `rotation` the clockwise turn that makes it upright, `words` how many were read.
    """

    id: str
    batch_id: str
    file_id: str
    frame: int
    ordinal: int
    role: PageRole
    code: str
    image_key: str
    image_sha256: str
    media_type: str
    width: int
    height: int
    dpi: float
    exact: bool
    hint_rotation: int
    document_id: str | None
    number: int | None
    state: str
    reading_key: str
    reading_sha256: str
    confidence: float
    rotation: int
    words: int


class Pages:
    """The pages. Methods with a `reader` show only pages of documents that reader may see; the others are the
    walk's.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add_many(self, new: Sequence[NewPage]) -> None:
        """Note page images; ids already there are left as they are."""
        self._ground.insert_new(pages, [asdict(page) for page in new], "id")

    def assign(self, page_id: str, document_id: str, number: int) -> None:
        """Make a page number `number` of a document; repeating it changes nothing. Raises `Missing`."""
        self._set(page_id, document_id=document_id, number=number)

    def set_role(self, page_id: str, role: PageRole) -> None:
        """Say what a page image is; repeating it changes nothing. Raises `Missing`."""
        self._set(page_id, role=role)

    def settle(self, page_id: str, role: PageRole, hint_rotation: int, *, read_again: bool = False) -> None:
        """Say what people made of a page: what it is, and the clockwise turn it is read with. Raises `Missing`.

        `read_again`: a reading of before does not count.
        """
        again = {"state": "", "reading_key": ""} if read_again else {}
        self._set(page_id, role=role, hint_rotation=hint_rotation, **again)

    def one(self, batch_id: str, page_id: str) -> Page:
        """Return a page of a delivery (ask `Batches.get` whether it may be seen). Raises `Missing`."""
        found = self._pages((pages.c.id == page_id) & (pages.c.batch_id == batch_id), pages.c.id)
        if not found:
            raise Missing(f"no page {page_id} in batch {batch_id}")
        return found[0]

    def numbered(self, batch_id: str, ordinal: int) -> Page | None:
        """Return the page with this number in its delivery, None when there is none."""
        if not 1 <= ordinal <= _MOST_PAGES:
            return None
        found = self._pages((pages.c.batch_id == batch_id) & (pages.c.ordinal == ordinal), pages.c.id)
        return found[0] if found else None

    def of_batch(self, batch_id: str) -> list[Page]:
        """Return every page of a batch in the order of delivery."""
        return self._pages(pages.c.batch_id == batch_id, pages.c.ordinal)

    def count(self, batch_id: str) -> int:
        """Return how many page images a batch has so far."""
        which = select(func.count()).select_from(pages).where(pages.c.batch_id == batch_id)
        return int(self._ground.connection.execute(which).scalar_one())

    def last_ordinal(self, batch_id: str) -> int:
        """Return the greatest ordinal among the pages of a batch, 0 without any."""
        which = select(func.max(pages.c.ordinal)).where(pages.c.batch_id == batch_id)
        return int(self._ground.connection.execute(which).scalar() or 0)

    def of_document(self, reader: Actor, document_id: str) -> list[Page]:
        """Return the pages of a document by number. Raises `Missing` when it is absent or not this reader's
        to see.
        """
        self._may_see(reader, document_id)
        return self._pages(pages.c.document_id == document_id, pages.c.number)

    def get(self, reader: Actor, document_id: str, number: int) -> Page:
        """Return one page. Raises `Missing` when it is absent or not this reader's to see."""
        self._may_see(reader, document_id)
        if not 1 <= number <= _MOST_PAGES:
            raise Missing(f"no page {number} in document {document_id}")
        found = self._pages((pages.c.document_id == document_id) & (pages.c.number == number), pages.c.number)
        if not found:
            raise Missing(f"no page {number} in document {document_id}")
        return found[0]

    def set_reading(
        self,
        page_id: str,
        state: str,
        *,
        reading_key: str,
        reading_sha256: str,
        text: str,
        reading: bytes,
        confidence: float,
        rotation: int,
        words: int,
    ) -> None:
        """Keep what was read on a page (`state` is `read`, `timed-out` or `failed`), in place of an earlier
        reading.

        `reading` is the page JSON (`records.page.dump_page`), kept beside the row so that a search needs no
        blob. Raises `Missing`, ValueError (unknown state).
        """
        if state not in ("read", *UNREAD):
            raise ValueError(f"page state {state!r}")
        self._set(
            page_id,
            state=state,
            reading_key=reading_key,
            reading_sha256=reading_sha256,
            confidence=confidence,
            rotation=rotation,
            words=words,
        )
        self._ground.connection.execute(delete(page_texts).where(page_texts.c.page_id == page_id))
        self._ground.connection.execute(
            insert(page_texts).values(page_id=page_id, text=text, reading=zlib.compress(reading))
        )

    def forget_readings(self, document_id: str) -> None:
        """Drop every reading of a document, as if none of its pages had been read."""
        mine = select(pages.c.id).where(pages.c.document_id == document_id)
        self._ground.connection.execute(delete(page_texts).where(page_texts.c.page_id.in_(mine)))
        self._ground.connection.execute(
            update(pages)
            .where(pages.c.document_id == document_id)
            .values(state="", reading_key="", reading_sha256="", confidence=0.0, rotation=0, words=0)
        )

    def without_image(self, document_id: str) -> None:
        """Note that the images of a document rest nowhere any more; what each page was stays in its row."""
        self._ground.connection.execute(
            update(pages).where(pages.c.document_id == document_id).values(image_key="")
        )

    def correct(self, page_id: str, text: PageText, reading: bytes, reading_sha256: str) -> None:
        """Put a reading that a person corrected, or the one before it, in place. Raises `Missing`.

        Its cache key goes: what a person saw on this page is no reading of another page with the same picture.
        """
        self._set(
            page_id,
            reading_key="",
            reading_sha256=reading_sha256,
            confidence=text.confidence,
            words=len(text.words),
        )
        self._ground.connection.execute(
            update(page_texts)
            .where(page_texts.c.page_id == page_id)
            .values(text=text.text, reading=zlib.compress(reading))
        )

    def reading(self, reader: Actor, document_id: str, number: int) -> PageText | None:
        """Return the reading of a page, None when it was not read yet.

        Raises `Missing` when the page is absent or not this reader's to see.
        """
        page = self.get(reader, document_id, number)
        packed = self._ground.connection.execute(
            select(page_texts.c.reading).where(page_texts.c.page_id == page.id)
        ).scalar()
        return None if packed is None else _unpacked(bytes(packed), number)

    def reading_of_page(self, page_id: str) -> PageText:
        """Return the reading of a page that may belong to no document yet (the walk's own). Raises `Missing`."""
        packed = self._ground.connection.execute(
            select(page_texts.c.reading).where(page_texts.c.page_id == page_id)
        ).scalar()
        if packed is None:
            raise Missing(f"page {page_id} was not read")
        return load_page(zlib.decompress(bytes(packed)))

    def some(self, page_ids: Sequence[str]) -> list[Page]:
        """Return those of the pages that there are, in the order of delivery (the walk's own)."""
        return self._pages(pages.c.id.in_(page_ids), pages.c.ordinal)

    def texts(self, reader: Actor, document_id: str) -> list[tuple[int, str]]:
        """Return (page number, plain text) of every page that was read, by number: enough to see which to look at.

        Raises `Missing` when the document is absent or not this reader's to see.
        """
        self._may_see(reader, document_id)
        rows = self._ground.connection.execute(
            select(pages.c.number, page_texts.c.text)
            .join(page_texts, page_texts.c.page_id == pages.c.id)
            .where(pages.c.document_id == document_id)
            .order_by(pages.c.number)
        )
        return [(number, text) for number, text in rows]

    def readings(self, document_id: str) -> list[PageText]:
        """Return the readings of a document by page number, without pages not read yet (the walk's own)."""
        rows = self._ground.connection.execute(
            select(pages.c.number, page_texts.c.reading)
            .join(page_texts, page_texts.c.page_id == pages.c.id)
            .where(pages.c.document_id == document_id)
            .order_by(pages.c.number)
        )
        return [_unpacked(bytes(packed), number) for number, packed in rows]

    def readings_between(self, reader: Actor, document_id: str, first: int, last: int) -> list[PageText]:
        """Return the readings of the pages `first` to `last`, without those not read yet. Raises `Missing` as `get`."""
        self._may_see(reader, document_id)
        rows = self._ground.connection.execute(
            select(pages.c.number, page_texts.c.reading)
            .join(page_texts, page_texts.c.page_id == pages.c.id)
            .where(pages.c.document_id == document_id, pages.c.number.between(first, last))
            .order_by(pages.c.number)
        )
        return [_unpacked(bytes(packed), number) for number, packed in rows]

    def archived_after(self, document_id: str, limit: int) -> list[ArchivedVersion]:
        """Return the next `limit` archived documents behind an id, by id, for a round over all of them."""
        read = (
            select(func.count())
            .select_from(pages.join(page_texts, page_texts.c.page_id == pages.c.id))
            .where(pages.c.document_id == documents.c.id)
            .scalar_subquery()
        )
        rows = self._ground.connection.execute(
            select(documents.c.id, documents.c.row_version, read)
            .where(documents.c.id > document_id, documents.c.state == DocumentState.ARCHIVED)
            .order_by(documents.c.id)
            .limit(limit)
        )
        return [ArchivedVersion(*row) for row in rows]

    def reading_by_key(self, reading_key: str) -> bytes | None:
        """Return the page JSON of any page read under this cache key, None when there is none (the walk's
        own).
        """
        packed = self._ground.connection.execute(
            select(page_texts.c.reading)
            .join(pages, pages.c.id == page_texts.c.page_id)
            .where(pages.c.reading_key == reading_key, pages.c.reading_key != "", pages.c.state == "read")
            .limit(1)
        ).scalar()
        return None if packed is None else zlib.decompress(packed)

    def _may_see(self, reader: Actor, document_id: str) -> None:
        seen = select(documents.c.id).where(documents.c.id == document_id, visible(reader))
        if self._ground.connection.execute(seen).first() is None:
            raise Missing(f"no document {document_id} for {reader.id}")

    def _pages(self, which: ColumnElement[bool], order: Any) -> list[Page]:
        rows = self._ground.connection.execute(select(pages).where(which).order_by(order)).mappings()
        return [_page(row) for row in rows]

    def _set(self, page_id: str, **values: Any) -> None:
        done = self._ground.connection.execute(update(pages).where(pages.c.id == page_id).values(**values))
        if done.rowcount != 1:
            raise Missing(f"no page {page_id}")


def _page(row: RowMapping) -> Page:
    return Page(**{**row, "role": PageRole(row["role"])})


@lru_cache(maxsize=_KEPT)
def _unpacked(packed: bytes, number: int) -> PageText:
    """Return the reading; the walk asks for each three times within seconds, and taking one apart takes milliseconds.

    Kept under the bytes themselves, so another reading is never taken for it; a `PageText` is never changed.
    """
    return load_page(zlib.decompress(packed)).numbered(number)
