"""Papers of cases in the archive, through the door: for the parties of the case, and not there for anybody else."""

import pytest
from sqlalchemy import update

from records.access import SYSTEM, Level
from search.entry import IndexedDocument, entries_for
from storage.schema import documents
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def put_into(office: Office, case_id: str) -> str:
    """Make the seeded letter a paper of the case, in rows and index."""
    house = office.house
    document_id = house.seeded.ids["letter"]
    with house.tools.work.tables.writing() as connection:
        here = update(documents).where(documents.c.id == document_id)
        connection.execute(here.values(level=Level.PARTIES.value, dossier=case_id))
    with house.tools.work.reading() as tx:
        document, texts = tx.documents.get(SYSTEM, document_id), tx.pages.readings(document_id)
        parties = tuple(sorted(party.token for party in office.parties_of(case_id)))
    told = IndexedDocument(document_id, document.fields, document.level, case_id, parties)
    house.tools.index.replace(document_id, entries_for(told, texts), document.row_version + 1)
    house.tools.index.commit()
    return document_id


def test_parties_read_and_find_it_whatever_roles_they_have(office: Office) -> None:
    case = office.move("reader", office.open(), "submit")
    document_id = put_into(office, case["id"])
    for role in ("reader", "official"):  # the member, and the secretary of the branch, who is no reader
        client = office.house.client(role)
        for tail in ("", "/pages", "/pages/1", "/pages/1/words", "/pages/1/image", "/pdf"):
            assert client.get(f"{API}/documents/{document_id}{tail}").status_code == 200, (role, tail)
        listed = client.get(f"{API}/documents").json()
        assert [one["id"] for one in listed["items"]] == [document_id]
        assert client.get(f"{API}/documents", params={"dossier": case["id"]}).json()["total"] == 1
        found = client.get(f"{API}/search", params={"q": listed["items"][0]["fields"]["subject"]}).json()
        assert {hit["document_id"] for hit in found["hits"]} == {document_id}, role
    assert (office.house.seeded.accounts["official"], document_id, "done") in office.house.events(
        "document-read"
    )


def test_for_everybody_else_it_is_not_there(office: Office) -> None:
    case = office.move("reader", office.open(), "submit")
    before = {role: office.house.client(role).get(f"{API}/documents").json() for role in ("archivist",)}
    subject = (
        office.house.client("archivist").get(f"{API}/documents/{office.house.seeded.ids['letter']}").json()
    )
    document_id = put_into(office, case["id"])
    for role in ("archivist", "administrator", "clerk"):  # the clerk's ward has not been reached
        client = office.house.client(role)
        absent = client.get(f"{API}/documents/nothing")
        for tail in ("", "/pages", "/pages/1", "/pages/1/words", "/pages/1/image", "/pdf", "/signature"):
            answer = client.get(f"{API}/documents/{document_id}{tail}")
            assert (answer.status_code, answer.content) == (404, absent.content), (role, tail)
    archivist = office.house.client("archivist")
    listed = archivist.get(f"{API}/documents").json()
    assert listed["total"] == before["archivist"]["total"] - 1
    assert archivist.get(f"{API}/documents", params={"dossier": case["id"]}).json()["total"] == 0
    found = archivist.get(f"{API}/search", params={"q": subject["fields"]["subject"]}).json()
    assert document_id not in {hit["document_id"] for hit in found["hits"]}
    assert office.house.client("administrator").get(f"{API}/search", params={"q": "a"}).status_code == 403
    changed = archivist.patch(f"{API}/documents/{document_id}", json={"level": "open"})
    assert changed.status_code in (404, 405)
