"""Bad files at the door: never a fault of ours, every byte kept with its reason, the good file after each received."""

import hashlib
from base64 import b64encode

from storage.schema import audit
from tests.tools.bad_files import BadFile, every
from tests.unit.api.api_house import House
from tests.unit.api.test_uploads import a_scan

API = "/api/v1"


def one_of_each() -> list[BadFile]:
    """The first quick file of every number."""
    found: dict[str, BadFile] = {}
    for bad in every():
        if bad.quick:
            found.setdefault(bad.number, bad)
    return list(found.values())


def test_bad_files_at_the_door(house: House) -> None:
    client = house.client("archivist")
    batch = client.post(f"{API}/batches", json={}).json()["id"]
    sent: dict[str, tuple[int, bytes]] = {}

    def hand_in(name: str, data: bytes) -> int:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Length": str(len(data)),
            "Upload-Metadata": f"filename {b64encode(name.encode()).decode()}",
        }
        answer = client.post(f"{API}/batches/{batch}/uploads", content=data, headers=headers)
        if answer.status_code >= 400:
            assert answer.json()["detail"].rstrip().endswith("."), (name, answer.text)
        return answer.status_code

    for number, bad in enumerate(one_of_each()):
        data = bad.make()
        status = hand_in(bad.name, data)
        assert status in (201, 422), (bad.name, status)
        sent[bad.name] = status, data
        assert hand_in(f"tot-{number}.png", a_scan(number)) == 201, f"after {bad.name}"
    files = {file["name"]: file for file in client.get(f"{API}/batches/{batch}/files").json()}
    assert len(files) == 2 * len(sent)
    with house.tools.work.reading() as tx:
        for name, (status, data) in sent.items():
            file = tx.batches.file(files[name]["id"])
            assert (file.state == "refused") == (status == 422), name
            assert house.tools.blobs.read(file.blob_key, hashlib.sha256(data).hexdigest()) == data
            assert file.state != "refused" or (file.code and len(file.tell) > 30), name
    with house.tools.work.tables.reading() as connection:
        refusals = connection.execute(audit.select().where(audit.c.action == "file-refused")).all()
    assert len(refusals) == sum(status == 422 for status, _ in sent.values())
    page = client.get(f"/batches/{batch}", headers={"accept": "text/html"}).text
    assert all(name in page for name, (status, _) in sent.items() if status == 422)
