"""A delivery that waits to be arranged, made through the door and the first steps of the walk."""

from functools import partial
from typing import cast

from ingest.documents import propose_documents
from ingest.split import split_file
from records.access import SYSTEM
from records.outcome import Done
from tests.cases.archive_world import scan
from tests.unit.api.api_house import House

API = "/api/v1"


def waiting_batch(house: House, pages: int = 4) -> tuple[str, list[str]]:
    """Return a delivery of one file that waits, and the ids of its pages in order."""
    client = house.client("archivist")
    batch = client.post(f"{API}/batches", json={"title": "Hộp 9", "arrange": True}).json()["id"]
    sent = client.post(
        f"{API}/batches/{batch}/files",
        files={"file": ("lo.tif", scan(f"lo {batch}", "TIFF", pages))},
        headers={"Idempotency-Key": "first"},
    )
    assert sent.status_code == 201, sent.text
    assert client.post(f"{API}/batches/{batch}/start").status_code == 202
    tools = cast("partial[object]", house.tools.receive).args[0]
    with house.tools.work.reading() as tx:
        [file] = tx.batches.files(SYSTEM, batch)
    assert isinstance(split_file(tools, file, 1), Done)
    assert propose_documents(tools, batch) is None
    with house.tools.work.reading() as tx:
        return batch, [page.id for page in tx.pages.of_batch(batch)]
