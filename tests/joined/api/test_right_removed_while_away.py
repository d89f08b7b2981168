"""A right that is taken away while Elasticsearch stands still shows nowhere: not in between, not when it goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from records.access import SYSTEM, Level
from search.entry import IndexedDocument, entries_for
from search.index import SearchIndex, open_index
from tests.tools import server_process
from tests.tools.servers import Servers
from tests.unit.api.api_house import House
from tests.unit.api.conftest import children, filled, make_house

__all__ = ["children", "filled", "make_house"]  # the seeded house of the door's own tests
pytestmark = pytest.mark.joined
API = "/api/v1"
TYPED = "chuyển sinh hoạt đảng"


@pytest.fixture
def house(
    make_house: Callable[..., House], elastic: tuple[str, str, str]
) -> Iterator[tuple[House, SearchIndex]]:
    """The seeded papers, indexed on Elasticsearch."""
    index = open_index(*elastic)
    index.commit()
    made = make_house(index=index)
    publish(made, index, "letter", "secret")
    yield made, index
    index.close()


def publish(made: House, index: SearchIndex, *names: str) -> None:
    """Bring documents into the index as the rows have them now."""
    with made.tools.work.reading() as tx:
        for name in names:
            document = tx.documents.get(SYSTEM, made.seeded.ids[name])
            told = IndexedDocument(document.id, document.fields, document.level)
            entries = entries_for(told, tx.pages.readings(document.id))
            index.replace(document.id, entries, document.row_version)
    index.commit()


@pytest.fixture
def send(servers: Servers) -> Iterator[Callable[[int], None]]:
    """Return what sends a signal to every process of the server; whatever happens, it goes on afterwards."""
    found = server_process.processes(servers.kinds["elastic"].mark)
    assert found

    def to_all(number: int) -> None:
        for pid in found:
            os.kill(pid, number)

    yield to_all
    to_all(signal.SIGCONT)


def told(house: House, role: str) -> dict[str, Any]:
    """Return all that somebody of `role` is told of the letter, by the place where it is told."""
    client, ids = house.client(role), house.seeded.ids
    found = client.get(f"{API}/search", params={"q": TYPED}).json()
    inside = client.get(f"{API}/documents/{ids['letter']}/search", params={"q": TYPED})
    return {
        "hits": sorted({hit["document_id"] for hit in found["hits"]}),
        "total": found["total"],
        "facets": {name: values for name, values in found["facets"].items() if values},
        **beside(house, role),
        "inside": inside.json()["pages"] if inside.status_code == 200 else [],
        "alike": client.get(f"{API}/documents/{ids['secret']}/pages/1/similar").status_code == 200,
    }


def beside(house: House, role: str) -> dict[str, Any]:
    """Return what is told without asking the index."""
    client, letter = house.client(role), house.seeded.ids["letter"]
    typed = ("15", "tinh uy", "phiếu g")
    return {
        "suggested": [one for q in typed for one in client.get(f"{API}/suggestions", params={"q": q}).json()],
        "crop": client.get(f"{API}/iiif/image/3/{letter}/1/0,0,600,120/300,/0/default.jpg").status_code == 200
        or client.get(f"{API}/documents/{letter}/pages/1").status_code == 200,
    }


def test_a_right_removed_while_the_server_stands_still_is_in_nothing(
    house: tuple[House, SearchIndex], send: Callable[[int], None]
) -> None:
    made, index = house
    letter = made.seeded.ids["letter"]
    before = told(made, "reader")
    assert before["hits"] == [letter] and before["total"] >= 1 and before["facets"] and before["inside"]
    assert len(before["suggested"]) == 3 and before["crop"]
    strip = made.client("reader").get(f"{API}/search", params={"q": TYPED}).json()["hits"][0]["crop"]["url"]
    assert made.browser("reader").get(strip).status_code == 200

    send(signal.SIGSTOP)
    with made.tools.work.begin() as tx:
        known = tx.documents.get(SYSTEM, letter)
        tx.documents.update_fields(letter, known.fields, known.row_version, level=Level.SECRET, number_key="")
    assert beside(made, "reader") == {"suggested": [], "crop": False}
    assert made.browser("reader").get(strip).status_code == 404
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(told, made, "reader")  # its question waits at the server's door
        time.sleep(1)
        assert not asked.done()
        send(signal.SIGCONT)
        waited = asked.result()
    nothing = {"hits": [], "total": 0, "facets": {}, "suggested": [], "crop": False, "inside": []}
    for answer in (waited, told(made, "reader")):
        assert {name: answer[name] for name in nothing} == nothing and not answer["alike"]
    # nothing was lost either: who may see it finds it, by the entry as it was and as it is now
    assert told(made, "archivist")["hits"] == [letter]
    publish(made, index, "letter")
    assert told(made, "archivist")["hits"] == [letter] and told(made, "reader")["hits"] == []
