"""Scans of the paper channel: opened by the parties of their case, and no way to other papers of the archive."""

from typing import Any

import pytest
from sqlalchemy import update

from records.access import Level
from storage.schema import documents
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office
from tests.unit.api.test_desk_pages import Browser


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def on_paper(office: Office, scan: str) -> dict[str, Any]:
    """A transfer whose first box was signed by hand; the official, no reader of the archive, attaches the scan."""
    case = office.move(
        "official", office.in_review(), "branch-approve", channel="paper", scan_document_id=scan
    )
    told: dict[str, Any] = office.house.client("reader").get(f"{API}/cases/{case['id']}").json()
    return told


def get(office: Office, role: str, case: dict[str, Any]) -> Any:
    (ordinal,) = case["scans"]
    return office.house.client(role).get(f"{API}/cases/{case['id']}/scans/{ordinal}/pdf")


def test_parties_open_it_and_the_log_says_so(office: Office) -> None:
    case = on_paper(office, office.house.seeded.ids["letter"])
    assert list(case["scans"].values()) == [True]
    for role in ("reader", "official"):
        answer = get(office, role, case)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
        page = Browser(office.house, role).get(f"/cases/{case['id']}")
        assert "/scans/" in page and "mở bản quét" in page
    events = office.house.events("case-scan-downloaded")
    assert {actor for actor, _, _ in events} == {
        office.house.seeded.accounts[r] for r in ("reader", "official")
    }
    for role in ("archivist", "administrator"):
        assert get(office, role, case).status_code == 404
    client = office.house.client("reader")
    assert client.get(f"{API}/cases/{case['id']}/scans/1/pdf").status_code == 404


@pytest.mark.parametrize("scan", ["secret", "refused", "no-such"])
def test_what_is_not_theirs_to_show_is_not_opened_by_naming_it(office: Office, scan: str) -> None:
    case = on_paper(office, office.house.seeded.ids.get(scan, scan))
    assert list(case["scans"].values()) == [False]
    assert get(office, "official", case).status_code == get(office, "reader", case).status_code == 404
    assert "không mở được bản quét" in Browser(office.house, "reader").get(f"/cases/{case['id']}")


def test_a_restricted_scan_needs_the_right_of_who_attached_it(office: Office) -> None:
    letter = office.house.seeded.ids["letter"]
    with office.house.tools.work.tables.writing() as connection:
        here = update(documents).where(documents.c.id == letter)
        connection.execute(here.values(level=Level.RESTRICTED.value))
    case = on_paper(office, letter)
    assert list(case["scans"].values()) == [False]  # the official may not see it, and shows it to nobody
