"""Where a search reads the pages it shows: the rows, out of one snapshot, through the access rule once more."""

from collections.abc import Collection, Mapping

from records.access import Actor
from records.document import Fields
from records.errors import Missing
from records.page import PageText
from search.filters import FacetValues, facet_values
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

    def facet_values(self, reader: Actor, document_ids: Collection[str]) -> Mapping[str, FacetValues]:
        """Return what documents are counted under, without those that are absent or not the reader's to see."""
        known = self._tx.documents.described(reader, document_ids)
        return {
            document_id: facet_values(fields, dossier) for document_id, (fields, dossier) in known.items()
        }
