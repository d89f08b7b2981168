"""Where a search reads the pages it shows: the rows, out of one snapshot, through the access rule once more."""

from records.access import Actor
from records.document import Fields
from records.errors import Missing
from records.page import PageText
from storage.work import Tx


class Shelf:
    """A `search.find.PageSource` on an open transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the reading of a page, None when absent or not the reader's to see."""
        try:
            return self._tx.pages.reading(reader, document_id, page)
        except Missing:
            return None

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return the fields of a document, None when absent or not the reader's to see."""
        try:
            return self._tx.documents.get(reader, document_id).fields
        except Missing:
            return None

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Return documents that the index may tell of although they are no longer the reader's (`Outbox.unsettled`)."""
        return self._tx.outbox.unsettled(reader, limit)
