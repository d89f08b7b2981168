"""Long life over HTTP: what a document's seal says of itself, what operators see and ask, and who may not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records.clock import SystemClock
from signing.demo_pki import create_demo_pki
from signing.keys import load_demo_keys
from signing.seal import LEVEL, SigningService
from signing.timestamps import DemoTimeStamps
from storage.documents import ACCESS_PDF, Archive, Rendition
from storage.seal_life import LifeState, SealLife
from tests.cases.sealing import a_pdf
from tests.unit.api.api_house import House

API = "/api/v1"
UNTIL = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)


def enter(house: House, state: LifeState = LifeState.CURRENT, version: int = 1, reason: str = "") -> str:
    """Put the life of the open letter on record; return its id."""
    document_id = house.seeded.ids["letter"]
    life = SealLife(
        document_id,
        version,
        state,
        last_time_stamp=datetime(2026, 1, 2, tzinfo=UTC),
        time_stamps=1,
        provable_until=UNTIL,
        why="chứng thư của dấu thời gian hết hạn",
        due_at=UNTIL - timedelta(days=183),
        reason=reason,
    )
    with house.tools.work.begin() as tx:
        tx.seal_lives.enter(life)
    return document_id


def seal_anew(house: House, folder: Path, level: str) -> str:
    """Give the letter a next version with a real seal of this level; return its id."""
    clock, document_id = SystemClock(), house.seeded.ids["letter"]
    keys = house.tools.data_dir / "keys"
    create_demo_pki(keys, "Văn phòng Tỉnh ủy", clock)
    service = SigningService(load_demo_keys(keys), DemoTimeStamps(keys, clock), clock, [keys / "roots.pem"])
    sealed = service.seal(a_pdf(folder / "in.pdf"), folder / "out.pdf", level=level)
    key = f"documents/{document_id}/v2/access.pdf"
    house.tools.blobs.put_once(key, folder / "out.pdf", sealed.sha256)
    with house.tools.work.begin() as tx:
        archive = Archive(
            version=2,
            fields=tx.documents.get(_archivist(house), document_id).fields,
            level=tx.documents.get(_archivist(house), document_id).level,
            renditions=[Rendition(ACCESS_PDF, key, sealed.sha256, sealed.size, "application/pdf")],
            pdfa="2b",
            signature_level=sealed.level,
            verdict="VALID" if sealed.level == LEVEL else "INDETERMINATE",
            sealed_at=sealed.signed_at,
        )
        tx.documents.archive(document_id, archive)
    return document_id


def _archivist(house: House):
    with house.tools.work.reading() as tx:
        return tx.accounts.get(house.seeded.accounts["archivist"]).actor()


def test_a_document_tells_until_when_it_can_be_proven(house: House) -> None:
    reader = house.client("reader")
    address = f"/documents/{house.seeded.ids['letter']}"
    before = reader.get(API + address).json()["signature"]
    assert (before["provable_until"], before["waits_for_completion"]) == (None, False)
    assert "Hạn chứng minh sẽ được ghi" in house.browser("reader").get(address).text
    enter(house)
    told = reader.get(API + address).json()["signature"]
    assert told["provable_until"] == "2031-05-06T07:08:00Z" and told["level"] == LEVEL
    assert told["provable_why"] == "chứng thư của dấu thời gian hết hạn"
    page = house.browser("reader").get(address)
    assert "Chứng minh được đến 06/05/2031 14:08" in page.text
    assert "Provable until 06/05/2031 14:08" in house.browser("reader").get(f"{address}?lang=en").text
    enter(house, version=7)  # as after a restore: the life of another version says nothing
    assert reader.get(API + address).json()["signature"]["provable_until"] is None


def test_a_seal_that_waits_says_so_and_the_check_says_why(house: House, tmp_path: Path) -> None:
    document_id = seal_anew(house, tmp_path, "PAdES-BASELINE-T")
    reader = house.client("reader")
    told = reader.get(f"{API}/documents/{document_id}").json()["signature"]
    assert (told["verdict"], told["level"]) == ("INDETERMINATE", "PAdES-BASELINE-T")
    assert told["waits_for_completion"] is True
    page = house.browser("reader").get(f"/documents/{document_id}").text
    assert "đang chờ dấu thời gian lưu trữ" in page
    checked = reader.get(f"{API}/documents/{document_id}/signature").json()
    assert (checked["version"], checked["waits_for_completion"], checked["life"]) == (2, True, None)
    assert checked["report"]["verdict"] == "INDETERMINATE"
    overview = house.client("administrator").get(f"{API}/renewal").json()
    assert overview["waiting_for_completion"] == 1
    asked = house.client("administrator").post(f"{API}/renewal/documents/{document_id}")
    assert (asked.status_code, asked.json()["code"]) == (409, "waits-for-completion")


def test_the_archived_file_is_checked_as_a_stranger_would(house: House, tmp_path: Path) -> None:
    document_id = seal_anew(house, tmp_path, LEVEL)
    enter(house, version=2)
    checked = house.client("reader").get(f"{API}/documents/{document_id}/signature").json()
    assert (checked["report"]["verdict"], checked["report"]["level"]) == ("VALID", LEVEL)
    assert len(checked["report"]["signatures"]) == 2 and checked["life"]["time_stamps"] == 1
    events = house.events("document-read")
    assert (house.seeded.accounts["reader"], document_id, "done") in events
    assert not list((house.tools.data_dir / "cache" / "incoming").iterdir())


def test_damaged_bytes_are_no_verdict(house: House) -> None:
    document_id = house.seeded.ids["letter"]
    (house.tools.data_dir / "blobs" / "documents" / document_id / "v1" / ACCESS_PDF).unlink()
    client = house.client("reader", raise_server_exceptions=False)
    answer = client.get(f"{API}/documents/{document_id}/signature")
    assert (answer.status_code, answer.json()["code"]) == (500, "blob-missing")
    assert house.events("integrity-failed") == [("system:engine", document_id, "failed")]


def test_operators_see_how_the_archive_stands(house: House) -> None:
    operator = house.client("administrator")
    empty = operator.get(f"{API}/renewal").json()
    assert empty == {
        "due": 0,
        "next_due": None,
        "waiting_for_completion": 0,
        "listed_total": 0,
        "listed": [],
        "provable_until": [],
        "renewal": None,
        "completion": None,
    }
    document_id = enter(house)
    told = operator.get(f"{API}/renewal").json()
    assert told["provable_until"] == [{"year": 2031, "files": 1}]
    assert told["next_due"] == "2030-11-04T07:08:00Z" and told["due"] == 0
    enter(house, LifeState.LISTED, reason="renewal-not-valid: …")
    told = operator.get(f"{API}/renewal").json()
    assert told["listed_total"] == 1 and told["next_due"] is None
    assert told["listed"] == [
        {"document_id": document_id, "version": 1, "reason": "renewal-not-valid: …", "tried_at": None}
    ]
    assert operator.get(f"{API}/renewal?limit=0").status_code == 422


@pytest.mark.parametrize("state", list(LifeState))
def test_a_file_is_asked_to_be_renewed_once_however_often_it_is_sent(house: House, state: LifeState) -> None:
    operator = house.client("administrator")
    document_id = house.seeded.ids["letter"]
    address = f"{API}/renewal/documents/{document_id}"
    unread = operator.post(address)
    assert (unread.status_code, unread.json()["code"]) == (409, "life-unread")
    enter(house, state, reason="odd" if state is LifeState.LISTED else "")
    with house.tools.work.begin() as tx:
        tx.passes.begin("renewal")
        tx.passes.finish("renewal", {})
    answers = [operator.post(address, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert house.events("renewal-asked") == [(house.seeded.accounts["administrator"], document_id, "done")]
    with house.tools.work.reading() as tx:
        life, standing = tx.seal_lives.get(document_id), tx.passes.get("renewal")
        now = house.tools.clock.now()
        assert [one.document_id for one in tx.seal_lives.due(now, now, 10)] == [document_id]
    assert life is not None and (life.state, life.reason) == (LifeState.CURRENT, "")
    assert standing is not None and standing.finished_at is None, "the round is due at once"
    assert operator.get(f"{API}/renewal").json()["due"] == 1


def test_who_does_not_operate_asks_for_nothing(make_house: Callable[..., House]) -> None:
    house = make_house()
    document_id = enter(house)
    for role in ("reader", "archivist", "clerk", "official"):
        client = house.client(role)
        assert client.post(f"{API}/renewal/documents/{document_id}").status_code == 403
        assert client.get(f"{API}/renewal").status_code == 403
    absent = house.client("administrator").post(f"{API}/renewal/documents/khong-co")
    refused = house.client("administrator").post(f"{API}/renewal/documents/{house.seeded.ids['refused']}")
    assert (absent.status_code, absent.content) == (404, refused.content)
