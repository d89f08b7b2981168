"""A document that is held, put in through the rows: a delivered scan of one page with a mark, its walk at an end."""

import io

from PIL import Image

from ingest.hold import Mark, hold
from records.access import LOCAL, SYSTEM
from records.clock import new_id
from records.document import PageRole
from storage.batch_values import NewBatch, NewFile
from storage.blobs import Stored
from storage.documents import NewDocument
from storage.pages import NewPage
from tests.unit.api.api_house import House


def held_document(house: House) -> str:
    """Return the id of a document that is held; each call makes another one."""
    work, blobs = house.tools.work, house.tools.blobs
    document_id, page_id = new_id(), new_id()
    out = io.BytesIO()
    Image.new("L", (40, 60), int(document_id[:2], 16)).save(out, "PNG")
    path = house.tools.data_dir / "work" / f"{document_id}.png"
    path.write_bytes(out.getvalue() + document_id.encode())
    stored = blobs.put_once(f"received/{document_id[:2]}/{document_id}.png", path)
    assert isinstance(stored, Stored)
    with work.begin() as tx:
        batch = tx.batches.add(NewBatch("Lô thử", "HS-09", LOCAL.id))
        new = NewFile(
            "to-trinh.png", "to-trinh.png", stored.sha256, stored.size, stored.key, "image/png", "k"
        )
        file = tx.batches.add_file(batch.id, new)
        tx.objects.keep(stored.key, stored.sha256, stored.size)
        tx.batches.start(batch.id)
        tx.pages.add_many(
            [
                NewPage(
                    page_id, batch.id, file.id, 1, 1, PageRole.CONTENT, "", stored.key, stored.sha256,
                    "image/png", 40, 60, 100.0, True,
                )
            ]
        )  # fmt: skip
        tx.secrecy.mark({page_id: "MẬT"})
        document = tx.documents.propose(
            NewDocument(document_id, batch.id, "HS-09", 1, "to-trinh.png", "", document_id, 1)
        )
        tx.pages.assign(page_id, document_id, 1)
        assert hold(tx, tx.documents.get(SYSTEM, document.id), Mark("MẬT", "stamp", 1))
        tx.batches.finish(batch.id)
    return document_id
