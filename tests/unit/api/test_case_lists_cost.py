"""What lists of cases and ordinary requests ask of the database: no more for many cases than for one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from api import deps
from storage.book_notes import case_note_key
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


@contextmanager
def asked() -> Iterator[list[str]]:
    """The statements that reach the database within the block."""
    found: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_the_list_of_cases_asks_as_much_for_one_as_for_many(office: Office) -> None:
    def listed(role: str) -> tuple[int, list[dict[str, object]]]:
        with asked() as statements:
            answer = office.house.client(role).get(f"{API}/cases")
        return len(statements), answer.json()["items"]

    office.in_review()
    one, (case,) = listed("official")
    assert case["waits"]
    for _ in range(4):
        office.in_review()
    many, cases = listed("official")
    assert (many, len(cases)) == (one, 5)
    assert all(each["waits"] == case["waits"] for each in cases)
    assert [each["waits"] for each in listed("reader")[1]] == [
        []
    ] * 5  # they wait for the branch, not for her


def test_only_who_asks_for_documents_is_looked_up_as_a_party(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real = deps.parties_of_account

    def counted(tx: object, definitions: object, account_id: str) -> object:
        calls.append(account_id)
        return real(tx, definitions, account_id)  # type: ignore[arg-type]

    monkeypatch.setattr(deps, "parties_of_account", counted)
    case, client = office.open(), office.house.client("reader")
    for address in (f"{API}/cases", f"{API}/cases/{case['id']}", f"{API}/me", "/cases", "/verify"):
        assert client.get(address).status_code == 200
    assert calls == []
    assert client.get(f"{API}/documents").status_code == 200
    assert len(calls) == 1
    # who is no reader finds the papers of their own cases alone, and is led there when they may have such
    assert 'href="/documents"' in office.house.client("clerk").get("/verify").text
    assert 'href="/documents"' not in office.house.client("administrator").get("/verify").text


def test_a_draft_handed_in_is_written_down_before_it_is_answered(office: Office, plain_pdf: bytes) -> None:
    case = office.open_document()
    assert office.hand_in(case, "a.pdf", plain_pdf, "k").status_code == 200
    with office.house.tools.work.reading() as tx:
        assert tx.objects.get(case_note_key(case["id"], 2)) is not None
