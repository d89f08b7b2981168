"""Every write route under its `Idempotency-Key`: the same answer again, other requests refused, one effect."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.once import REPLAYED
from boot.papers import key_facts
from records.clock import new_id
from storage.schema import replies
from tests.cases.desk_keys import Desks, make_desks
from tests.unit.api.api_house import House
from tests.unit.api.api_queues import ListedQueues, letter
from tests.unit.api.api_seed import PASSWORD
from tests.unit.api.arranging import waiting_batch
from tests.unit.api.case_seed import enter_office
from tests.unit.api.held_seed import held_document
from tests.unit.api.test_access_table import API, routes
from tests.unit.api.test_renewal_api import enter as enter_life
from tests.unit.api.test_uploads import a_scan

EXCLUDED = {
    (
        "POST",
        f"{API}/sessions",
    ): "the answer is a live secret, and signing in twice harms nobody (decision 0062)",
    (
        "POST",
        f"{API}/verify/{{kind}}",
    ): "a report changes nothing but the log, and is made anew for who asks again",
    ("DELETE", f"{API}/sessions/current"): "whoever asked is nobody afterwards, and can only be told so",
}
SIGNED_FIRST = {("POST", f"{API}/case-signings/{{group_id}}/moves")}
"""Routes that need a paper to be signed; asking them again is tried in `test_desks_api`."""
AT_A_DESK = {
    ("POST", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/prepare"),
    ("POST", f"{API}/signing-batches/{{batch_id}}/prepared/{{prepared_id}}/finish"),
}
"""Routes that need a device; their keys are tried in `test_signing_desk_api`."""
RESUMABLE = {
    ("POST", f"{API}/batches/{{batch_id}}/uploads"),
    ("PATCH", f"{API}/batches/{{batch_id}}/uploads/{{upload_id}}"),
    ("DELETE", f"{API}/batches/{{batch_id}}/uploads/{{upload_id}}"),
}
"""Routes of tus, where a repeat is told how far the upload is by now; tried in `test_resumable_api`."""
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
BOX = {"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.7, "y1": 0.4}


@dataclass(frozen=True)
class Asked:
    """One request to a write route: who asks, what, and the audit event that its effect leaves."""

    role: str
    address: str
    event: str
    options: dict[str, object]


def batch_with_a_file(house: House) -> str:
    client = house.client("archivist")
    batch = client.post(f"{API}/batches", json={}).json()["id"]
    sent = client.post(
        f"{API}/batches/{batch}/files",
        files={"file": ("a.png", a_scan())},
        headers={"Idempotency-Key": "first"},
    )
    assert sent.status_code == 201
    return batch


def open_batch(house: House) -> str:
    return house.client("archivist").post(f"{API}/batches", json={}).json()["id"]


def open_signing(house: House, pdf: bytes = b"") -> str:
    client = house.client("clerk")
    batch = client.post(f"{API}/signing-batches", json={"profile": "copy", "key": "con-dau"}).json()["id"]
    if pdf:
        files = {"file": ("a.pdf", pdf, "application/pdf")}
        sent = client.post(
            f"{API}/signing-batches/{batch}/papers", files=files, headers={"Idempotency-Key": "first"}
        )
        assert sent.status_code == 201, sent.text
    return batch


def paper_in(house: House, batch: str) -> str:
    return house.client("clerk").get(f"{API}/signing-batches/{batch}/papers").json()[0]["id"]


def test_a_key_means_one_request_wherever_it_went(house: House) -> None:
    batch, client = batch_with_a_file(house), house.client("archivist")
    assert client.post(f"{API}/batches", json={}, headers={"Idempotency-Key": "k"}).status_code == 201
    clash = client.post(f"{API}/batches/{batch}/start", headers={"Idempotency-Key": "k"})
    assert (clash.status_code, clash.json()["code"]) == (409, "idempotency-conflict")


def asked(house: House, plain_pdf: bytes) -> dict[tuple[str, str], tuple[Asked, Asked]]:
    """For every write route: a request, and another one that must not be taken for it under the same key."""
    upload, start = open_batch(house), batch_with_a_file(house)
    files = f"{API}/batches/{upload}/files"
    account = house.seeded.accounts["reader"]
    signings = f"{API}/signing-batches"
    papers, filled = open_signing(house), [open_signing(house, plain_pdf) for _ in range(6)]
    edited = plain_pdf.replace(b"%%EOF", b"% mot\n%%EOF")
    places = [f"{signings}/{batch}/papers/{paper_in(house, batch)}/place" for batch in filled[4:]]
    letter_id = enter_life(house)
    office = enter_office(house)
    drafts, in_review = [office.open() for _ in range(2)], office.in_review()
    cases, approve = (
        f"{API}/cases",
        {"move": "branch-approve", "revision": in_review["revision"], "comment": "Được"},
    )
    submit = {"move": "submit", "revision": 1}
    together = [office.in_review() for _ in range(3)]
    desk, register = f"{API}/case-signings", f"{API}/registers/ward"

    def orders(case: dict[str, Any]) -> dict[str, object]:
        one = {**approve, "case_id": case["id"], "revision": case["revision"]}
        return {"json": {"orders": [one], "key": "ba-man"}}

    begun = [house.client("official").post(desk, **orders(case)).json() for case in together[1:]]
    seen = [{"seen": {item["paper_id"]: item["sha256"] for item in each["items"]}} for each in begun]
    held_for = {"type_name": "Thông báo", "purpose": "Họp", "until": "2099-12-31"}
    held = [house.client("clerk").post(f"{register}/holds", json=held_for).json()["id"] for _ in range(2)]
    queues = house.tools.queues
    assert isinstance(queues, ListedQueues)
    queues.letters += [letter(1), letter(2)]

    letter_address = f"{API}/reviews/{house.seeded.ids['letter']}"
    assert house.client("archivist").post(f"{letter_address}/subject/accept").status_code == 200
    free, freed, erased, erasing = (f"{API}/held/{held_document(house)}" for _ in range(4))

    def pdf(name: str, data: bytes) -> dict[str, object]:
        return {"files": {"file": (name, data)}}

    def same(role: str, address: str, event: str, one: dict[str, object], other: dict[str, object]):
        return Asked(role, address, event, one), Asked(role, address, event, other)

    waits = [waiting_batch(house) for _ in range(5)]
    of = [f"{API}/batches/{batch}" for batch, _ in waits]
    now = {"json": {"version": 0}}
    again = [{"json": {"page": page, "reason": "mờ"}} for page in waits[0][1]]
    archivist = house.client("archivist")
    tickets = [archivist.post(f"{of[0]}/rescans", **again[n]).json()["id"] for n in (0, 1, 2)]
    for n in (3, 4):
        assert archivist.post(f"{of[n]}/arrangement/confirm", **now).status_code == 202

    kept = house.client("reader")
    saved = f"{API}/saved-searches"
    mine = [kept.post(saved, json={"query": f"thi đua {n}"}).json()["id"] for n in range(6)]
    for gone in mine[4:]:
        assert kept.delete(f"{saved}/{gone}").status_code == 200
    until = {"json": {"until": "2026-11-23T08:00:00+07:00"}}

    return {
        ("POST", saved): same(
            "reader", saved, "search-saved", {"json": {"query": "tổng kết"}}, {"json": {"query": "sơ kết"}}
        ),
        ("PATCH", f"{saved}/{{search_id}}"): same(
            "reader", f"{saved}/{mine[0]}", "search-changed", {"json": {"name": "A"}}, {"json": {"name": "B"}}
        ),
        ("POST", f"{saved}/{{search_id}}/seen"): (
            Asked("reader", f"{saved}/{mine[0]}/seen", "search-hits-seen", until),
            Asked("reader", f"{saved}/{mine[1]}/seen", "search-hits-seen", until),
        ),
        ("DELETE", f"{saved}/{{search_id}}"): (
            Asked("reader", f"{saved}/{mine[2]}", "search-deleted", {}),
            Asked("reader", f"{saved}/{mine[3]}", "search-deleted", {}),
        ),
        ("POST", f"{saved}/{{search_id}}/restore"): (
            Asked("reader", f"{saved}/{mine[4]}/restore", "search-restored", {}),
            Asked("reader", f"{saved}/{mine[5]}/restore", "search-restored", {}),
        ),
        ("POST", f"{API}/held/{{document_id}}/release"): (
            Asked("secrecy-officer", f"{free}/release", "held-released", {"json": {"why": "misread"}}),
            Asked("secrecy-officer", f"{freed}/release", "held-released", {"json": {"why": "misread"}}),
        ),
        ("POST", f"{API}/held/{{document_id}}/remove"): (
            Asked("secrecy-officer", f"{erased}/remove", "held-removed", {"json": {"why": "secret"}}),
            Asked("secrecy-officer", f"{erasing}/remove", "held-removed", {"json": {"why": "secret"}}),
        ),
        ("POST", f"{API}/reviews/{{document_id}}/{{part}}/accept"): (
            Asked("archivist", f"{letter_address}/page-1/accept", "review-accepted", {}),
            Asked("archivist", f"{letter_address}/page-2/accept", "review-accepted", {}),
        ),
        ("POST", f"{API}/reviews/{{document_id}}/{{part}}/corrections"): same(
            "archivist", f"{letter_address}/number/corrections", "review-corrected",
            {"json": {"value": "17-CV/TU"}}, {"json": {"value": "18-CV/TU"}},
        ),
        ("POST", f"{API}/reviews/{{document_id}}/{{part}}/undo"): (
            Asked("archivist", f"{letter_address}/subject/undo", "review-undone", {}),
            Asked("archivist", f"{letter_address}/page-1/undo", "review-undone", {}),
        ),
        ("POST", f"{API}/batches"): same(
            "archivist", f"{API}/batches", "batch-opened", {"json": {"title": "Hộp 1"}}, {"json": {"title": "Hộp 2"}}
        ),
        ("POST", f"{API}/batches/{{batch_id}}/files"): same(
            "archivist", files, "file-received", pdf("1.png", a_scan(9)), pdf("1.png", a_scan(10))
        ),
        ("POST", f"{API}/batches/{{batch_id}}/handover"): same(
            "archivist", f"{API}/batches/{upload}/handover", "handover-given",
            pdf("a.csv", b"Trich yeu;So trang\nThu;1\n"), pdf("a.csv", b"Trich yeu;So trang\nThu;2\n"),
        ),
        ("POST", f"{API}/batches/{{batch_id}}/start"): (
            Asked("archivist", f"{API}/batches/{start}/start", "batch-started", {}),
            Asked("archivist", f"{API}/batches/{upload}/start", "batch-started", {}),
        ),
        ("POST", f"{API}/batches/{{batch_id}}/arrangement/commands"): same(
            "archivist", f"{of[1]}/arrangement/commands", "batch-arranged",
            {"json": {"version": 0, "kind": "split", "pages": waits[1][1][1:2]}},
            {"json": {"version": 0, "kind": "split", "pages": waits[1][1][2:3]}},
        ),
        ("POST", f"{API}/batches/{{batch_id}}/arrangement/confirm"): (
            Asked("archivist", f"{of[2]}/arrangement/confirm", "batch-arranged", now),
            Asked("archivist", f"{of[1]}/arrangement/confirm", "batch-arranged", now),
        ),
        ("POST", f"{API}/batches/{{batch_id}}/arrangement/reopen"): (
            Asked("archivist", f"{of[3]}/arrangement/reopen", "batch-arranged", {}),
            Asked("archivist", f"{of[4]}/arrangement/reopen", "batch-arranged", {}),
        ),
        ("POST", f"{API}/batches/{{batch_id}}/rescans"): same(
            "archivist", f"{of[0]}/rescans", "rescan-asked", again[3], {"json": {"page": "x", "reason": "mờ"}}
        ),
        ("POST", f"{API}/batches/{{batch_id}}/rescans/{{rescan_id}}/cancel"): (
            Asked("archivist", f"{of[0]}/rescans/{tickets[0]}/cancel", "rescan-cancelled", {}),
            Asked("archivist", f"{of[0]}/rescans/{tickets[1]}/cancel", "rescan-cancelled", {}),
        ),
        ("POST", f"{API}/batches/{{batch_id}}/rescans/{{rescan_id}}/file"): same(
            "archivist", f"{of[0]}/rescans/{tickets[2]}/file", "rescan-delivered",
            pdf("1.png", a_scan(9)), pdf("1.png", a_scan(10)),
        ),
        ("POST", signings): same(
            "clerk", signings, "signing-batch-opened",
            {"json": {"profile": "copy", "key": "con-dau"}}, {"json": {"profile": "seal", "key": "con-dau"}},
        ),
        ("POST", f"{signings}/{{batch_id}}/papers"): same(
            "clerk", f"{signings}/{papers}/papers", "paper-received", pdf("a.pdf", plain_pdf), pdf("a.pdf", edited)
        ),
        ("POST", f"{signings}/{{batch_id}}/start"): (
            Asked("clerk", f"{signings}/{filled[0]}/start", "signing-batch-started", {}),
            Asked("clerk", f"{signings}/{filled[1]}/start", "signing-batch-started", {}),
        ),
        ("POST", f"{signings}/{{batch_id}}/cancel"): (
            Asked("clerk", f"{signings}/{filled[2]}/cancel", "signing-batch-cancelled", {}),
            Asked("clerk", f"{signings}/{filled[3]}/cancel", "signing-batch-cancelled", {}),
        ),
        ("POST", f"{API}/signatures"): same(
            "clerk", f"{API}/signatures", "signing-batch-started",
            {**pdf("a.pdf", plain_pdf), "data": {"profile": "copy", "key": "con-dau"}},
            {**pdf("a.pdf", edited), "data": {"profile": "copy", "key": "con-dau"}},
        ),
        ("PUT", f"{signings}/{{batch_id}}/papers/{{paper_id}}/place"): same(
            "clerk", places[0], "paper-placed", {"json": BOX}, {"json": {**BOX, "x1": 0.8}}
        ),
        ("DELETE", f"{signings}/{{batch_id}}/papers/{{paper_id}}/place"): (
            Asked("clerk", places[0], "paper-placed", {}), Asked("clerk", places[1], "paper-placed", {}),
        ),
        ("POST", f"{API}/renewal/documents/{{document_id}}"): (
            Asked("administrator", f"{API}/renewal/documents/{letter_id}", "renewal-asked", {}),
            Asked("administrator", f"{API}/renewal/documents/{new_id()}", "renewal-asked", {}),
        ),
        ("POST", cases): same(
            "reader", cases, "case-opened",
            {"json": office.opening}, {"json": {**office.opening, "comment": "khác"}},
        ),
        ("POST", f"{cases}/{{case_id}}/moves"): (
            Asked("reader", f"{cases}/{drafts[0]['id']}/moves", "case-moved", {"json": submit}),
            Asked("reader", f"{cases}/{drafts[1]['id']}/moves", "case-moved", {"json": submit}),
        ),
        ("POST", f"{cases}/{{case_id}}/drafts"): same(
            "archivist", f"{cases}/{office.open_document()['id']}/drafts", "case-moved",
            {**pdf("a.pdf", plain_pdf), "data": {"revision": "1"}},
            {**pdf("a.pdf", edited), "data": {"revision": "1"}},
        ),
        ("POST", f"{cases}/{{case_id}}/signings"): same(
            "official", f"{cases}/{in_review['id']}/signings", "signing-batch-opened",
            {"json": {**approve, "key": "ba-man"}}, {"json": {**approve, "key": "ba-man", "comment": "khác"}},
        ),
        ("POST", desk): (
            Asked("official", desk, "signing-batch-opened", orders(together[0])),
            Asked("official", desk, "signing-batch-opened", orders(together[1])),
        ),
        ("POST", f"{desk}/{{group_id}}/start"): (
            Asked("official", f"{desk}/{begun[0]['id']}/start", "signing-batch-started", {"json": seen[0]}),
            Asked("official", f"{desk}/{begun[1]['id']}/start", "signing-batch-started", {"json": seen[1]}),
        ),
        ("POST", f"{API}/registers/{{unit_id}}/holds"): same(
            "clerk", f"{register}/holds", "number-held", {"json": held_for}, {"json": {**held_for, "purpose": "Khác"}}
        ),
        ("POST", f"{API}/registers/{{unit_id}}/numbers/{{number_id}}/void"): (
            Asked("clerk", f"{register}/numbers/{held[0]}/void", "number-voided", {"json": {"reason": "Sai"}}),
            Asked("clerk", f"{register}/numbers/{held[1]}/void", "number-voided", {"json": {"reason": "Sai"}}),
        ),
        ("POST", f"{API}/verify"): same(
            "reader", f"{API}/verify", "pdf-verified", pdf("a.pdf", plain_pdf), pdf("a.pdf", plain_pdf + b"\n")
        ),
        ("POST", f"{API}/accounts"): same(
            "administrator", f"{API}/accounts", "account-made",
            {"json": {"login": "moi", "name": "Người mới", "roles": ["reader"]}},
            {"json": {"login": "khac", "name": "Người khác", "roles": ["reader"]}},
        ),
        ("PATCH", f"{API}/accounts/{{account_id}}"): same(
            "administrator", f"{API}/accounts/{account}", "account-disabled",
            {"json": {"active": False}}, {"json": {"active": True}},
        ),
        ("POST", f"{API}/dead-letters/{{letter_id}}/rerun"): (
            Asked("administrator", f"{API}/dead-letters/{letter(1).id}/rerun", "walk-again", {}),
            Asked("administrator", f"{API}/dead-letters/{letter(2).id}/rerun", "walk-again", {}),
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def desks(filled: tuple[Path, object], tmp_path_factory: pytest.TempPathFactory) -> Desks:
    return make_desks(filled[0] / "keys", tmp_path_factory.mktemp("desks") / "keys")


@pytest.fixture
def house(make_house: Callable[..., House], desks: Desks) -> House:
    """A house with an engine's view, and with the keys it tells of."""
    made = make_house(keys=desks.folder, signing_keys=lambda: key_facts(desks.folder))
    tools = replace(made.tools, queues=ListedQueues(made.tools.work))
    from api.app import create_app

    return House(create_app(tools), tools, made.seeded)


def send(client: TestClient, method: str, what: Asked, key: str | None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.request(method, what.address, headers=headers, **what.options)


def test_every_write_route_is_here(house: House, plain_pdf: bytes) -> None:
    found = {(m, p) for m, p in routes(house) if m in WRITES and p.startswith(API)}
    assert found == set(asked(house, plain_pdf)) | set(EXCLUDED) | AT_A_DESK | SIGNED_FIRST | RESUMABLE, (
        "a write route needs its key tried here"
    )


def test_the_same_key_and_request_is_the_very_same_answer(house: House, plain_pdf: bytes) -> None:
    for (method, path), (one, other) in asked(house, plain_pdf).items():
        client, before = house.client(one.role), len(house.events(one.event))
        first = send(client, method, one, f"k {method} {path}")
        assert first.status_code in (200, 201, 202), (path, first.text)
        assert REPLAYED not in first.headers
        again = send(client, method, one, f"k {method} {path}")
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert again.headers[REPLAYED] == "true" and again.headers["content-type"] == "application/json"
        assert len(house.events(one.event)) == before + 1, path
        clash = send(client, method, other, f"k {method} {path}")
        assert (clash.status_code, clash.json()["code"]) == (409, "idempotency-conflict"), path
        assert len(house.events(one.event)) == before + 1, path


def test_fifty_at_once_are_one_effect(house: House, plain_pdf: bytes) -> None:
    for (method, path), (one, _) in asked(house, plain_pdf).items():
        before = len(house.events(one.event))

        def ask(_: int, method: str = method, path: str = path, what: Asked = one) -> tuple[int, bytes]:
            client = house.client(what.role)
            while True:
                answer = send(client, method, what, f"fifty {method} {path}")
                # told to come again: too many uploads at once, or the first one is still at work
                if answer.status_code != 503 and b"idempotency-busy" not in answer.content:
                    return answer.status_code, answer.content
                time.sleep(0.1)

        with ThreadPoolExecutor(50) as many:
            answers = set(many.map(ask, range(50)))
        assert len(answers) == 1, (path, answers)
        assert answers.pop()[0] in (200, 201, 202), path
        assert len(house.events(one.event)) == before + 1, path


def test_without_a_key_nothing_is_remembered(house: House) -> None:
    client = house.client("archivist")
    first, second = (client.post(f"{API}/batches", json={"title": "x"}) for _ in range(2))
    assert first.json()["id"] != second.json()["id"]
    with house.tools.work.tables.reading() as connection:
        assert connection.execute(replies.select()).all() == []


@pytest.mark.parametrize("key", ["", "a" * 201, "khóa", "a\tb", "a\x7fb"])
def test_a_key_that_is_none_is_told(house: House, key: str) -> None:
    answer = house.client("archivist").post(
        f"{API}/batches", json={}, headers=[(b"idempotency-key", key.encode())]
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


def test_a_key_belongs_to_its_account(house: House) -> None:
    browser, program = house.browser("archivist"), house.client("archivist")
    headers = {"Idempotency-Key": "k"}
    first = browser.post(f"{API}/batches", json={}, headers=headers)
    assert program.post(f"{API}/batches", json={}, headers=headers).content == first.content
    administrator = house.client("administrator")
    other = administrator.post(
        f"{API}/accounts", json={"login": "khach", "name": "Khách", "roles": ["archivist"]}, headers=headers
    )
    assert other.status_code == 201
    login = house.client()
    login.post(f"{API}/sessions", json={"login": "khach", "password": other.json()["password"]})
    assert login.get(f"{API}/me").status_code == 200


def test_the_key_of_a_file_belongs_to_its_batch(house: House) -> None:
    sent = [
        house.client("archivist").post(
            f"{API}/batches/{open_batch(house)}/files",
            files={"file": ("a.png", a_scan())},
            headers={"Idempotency-Key": "page-1"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].json()["batch_id"] != sent[1].json()["batch_id"]


def test_what_was_refused_is_judged_anew(house: House) -> None:
    client, batch = house.client("archivist"), open_batch(house)
    start = Asked("archivist", f"{API}/batches/{batch}/start", "batch-started", {})
    empty = send(client, "POST", start, "k")
    assert (empty.status_code, empty.json()["code"]) == (409, "batch-empty")
    client.post(
        f"{API}/batches/{batch}/files", files={"file": ("a.png", a_scan())}, headers={"Idempotency-Key": "f"}
    )
    assert send(client, "POST", start, "k").status_code == 202


def test_a_right_taken_away_takes_the_kept_answer_away(house: House) -> None:
    client, headers = house.client("archivist"), {"Idempotency-Key": "k"}
    assert client.post(f"{API}/batches", json={}, headers=headers).status_code == 201
    account = house.seeded.accounts["archivist"]
    house.client("administrator").patch(f"{API}/accounts/{account}", json={"active": False})
    assert client.post(f"{API}/batches", json={}, headers=headers).status_code == 401


def test_what_is_kept_reads_as_nothing_to_who_steals_the_rows(house: House) -> None:
    headers = {"Idempotency-Key": "0d4e4c5e-8a5c-4f5e-9d5b-3f3b9a1c7a10"}
    made = house.client("administrator").post(
        f"{API}/accounts", json={"login": "moi", "name": "Người mới", "roles": ["reader"]}, headers=headers
    )
    password = made.json()["password"]
    stolen = b"".join(path.read_bytes() for path in house.tools.data_dir.glob("vanthu.db*"))
    assert password.encode() not in stolen and headers["Idempotency-Key"].encode() not in stolen
    assert (
        b"batch-opened" in stolen or b"account-made" in stolen
    )  # the rows were looked at, not an empty file
    sign_in = house.client().post(f"{API}/sessions", json={"login": "moi", "password": password})
    assert sign_in.status_code == 201 and password != PASSWORD


def test_the_first_answer_of_a_file_is_given_again_whatever_it_is_called_now(house: House) -> None:
    batch, client = open_batch(house), house.client("archivist")

    def hand_in(name: str) -> Response:
        return client.post(
            f"{API}/batches/{batch}/files", files={"file": (name, a_scan())}, headers={"Idempotency-Key": "k"}
        )

    first = hand_in("tờ 1.png")
    assert first.json()["audit_seq"] > 0
    assert hand_in("tờ khác.png").content == first.content
