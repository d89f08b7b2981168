"""Which pages carry a mark of secrecy: noted when they are taken out of their file, before anything else is done."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select

from storage.ground import Ground
from storage.schema import pages, secrecy_marks


class Secrecy:
    """The marks. They are the walk's own: people ask for held documents (`Documents.held`)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def mark(self, marks: Mapping[str, str]) -> None:
        """Note the mark that each of these pages (by id) carries; a page that has one keeps it."""
        now = self._ground.clock.now()
        rows = [{"page_id": page_id, "mark": mark, "found_at": now} for page_id, mark in marks.items()]
        self._ground.insert_new(secrecy_marks, rows, "page_id")

    def of_batch(self, batch_id: str) -> dict[str, str]:
        """Return the mark of every page of a batch that carries one, by page id."""
        return self._marks(pages.c.batch_id == batch_id)

    def of_document(self, document_id: str) -> dict[str, str]:
        """Return the mark of every page of a document that carries one, by page id."""
        return self._marks(pages.c.document_id == document_id)

    def _marks(self, which: ColumnElement[bool]) -> dict[str, str]:
        rows = self._ground.connection.execute(
            select(secrecy_marks.c.page_id, secrecy_marks.c.mark)
            .join(pages, pages.c.id == secrecy_marks.c.page_id)
            .where(which)
        )
        return dict(rows.tuples().all())
