"""Pages like the one that is being read, each asked for once more in the reader's name before it is told of."""

from api.deps import Desk
from api.schemas.documents import title_of
from api.schemas.search import SimilarOut
from ingest.shelf import Shelf
from records.access import Actor
from records.errors import Missing
from search.index import MOST_WITHOUT
from search.similar import similar


def similar_pages(
    desk: Desk, reader: Actor, document_id: str, number: int, limit: int = 8
) -> list[SimilarOut]:
    """Return pages of other documents that say much the same. Raises `Missing`, `NotAllowed`, `Away`."""
    tools = desk.tools
    with tools.work.reading() as tx:
        page = tx.pages.reading(reader, document_id, number)
        if page is None:
            return []
        without = Shelf(tx).unsettled(reader, MOST_WITHOUT)
        told = []
        for one in similar(page, document_id, reader, tools.index, without, limit):
            try:
                document = tx.documents.get(reader, one.document_id)
            except Missing:
                continue
            told.append(
                SimilarOut(
                    document_id=one.document_id,
                    page=one.page,
                    title=title_of(document.fields) or document.title or document.source,
                    likeness=round(one.likeness, 3),
                    number=document.fields.number,
                    issued_date=document.fields.issued_date,
                    organ_name=document.fields.organ_name,
                )
            )
    desk.reads.listed(reader, ("similar",), [one.document_id for one in told], len(told))
    return told
