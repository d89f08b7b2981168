"""A step of a case is sealed with the seal of its body: over HTTP, on pages, and when a move names what was signed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from procedures.asking import Ask
from procedures.case_desk import move_with_paper
from procedures.case_facts import person_of
from procedures.order import KeyFacts
from records.case import Signed, current
from signing.key_table import KeyRole
from storage.signing_values import NewPaper, NewSigningBatch
from tests.cases.procedure_world import key, sha
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office
from tests.unit.api.test_desk_pages import Browser
from tests.unit.api.test_desks_api import signed

KEYS = (
    KeyFacts("ong-an", KeyRole.OFFICIAL, "Văn phòng", "official"),
    KeyFacts("dau-vp", KeyRole.SEAL, "Văn phòng Thành ủy Mẫu", ""),
    KeyFacts("dau-phuong", KeyRole.SEAL, "38.168", ""),
    KeyFacts("dau-xa", KeyRole.SEAL, "ward2", ""),
)
TEXT = {"to": "Các phòng", "body": "Đề nghị các phòng nộp báo cáo."}


@pytest.fixture
def office(make_house: Callable[..., House]) -> Office:
    return enter_office(make_house(signing_keys=lambda: KEYS))


def to_be_sealed(office: Office) -> dict[str, Any]:
    """A document of the office that its head has signed; the signature stands for one that a batch made."""
    case = office.move("archivist", office.open_document(**TEXT), "present")
    for role, move in (("official", "unit-approve"), ("clerk", "form-pass"), ("official", "leader-approve")):
        case = office.move(role, case, move)
    case = office.move("clerk", case, "number")
    tools = office.house.tools
    with tools.work.reading() as tx:
        person = person_of(tx, office.house.seeded.accounts["official"])
        paper = current(tx.cases.get(case["id"]))
    assert paper is not None
    made = Signed("official", paper.sha256, sha("signed"), "s-1")
    move_with_paper(tools.cases, person, case["id"], case["revision"], Ask("sign", key(), signed=(made,)))
    found: dict[str, Any] = office.house.client("clerk").get(f"{API}/cases/{case['id']}").json()
    assert found["state"] == "signed"
    return found


def order(office: Office, case: dict[str, Any], key: str = "") -> Any:
    body = {"move": "seal", "revision": case["revision"], "key": key}
    return office.house.client("clerk").post(f"{API}/cases/{case['id']}/signings", json=body)


def test_the_seal_of_the_body_is_taken_by_itself_and_no_other_is(office: Office) -> None:
    case = to_be_sealed(office)
    taken = order(office, case)
    assert taken.status_code == 201 and taken.json()["batch"]["key"] == "dau-vp", taken.text
    for wrong in ("dau-phuong", "dau-xa", "ong-an", "khong-co"):
        answer = order(office, case, wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "seal-of-another"), answer.text
        assert "“Văn phòng Thành ủy Mẫu”" in answer.json()["detail"]
    orders = {"orders": [{"case_id": case["id"], "move": "seal", "revision": case["revision"]}]}
    clerk = office.house.client("clerk")
    assert clerk.post(f"{API}/case-signings", json=orders).json()["key"] == "dau-vp"
    refused = clerk.post(f"{API}/case-signings", json={**orders, "key": "dau-phuong"})
    assert (refused.status_code, refused.json()["code"]) == (403, "seal-of-another")


def test_the_page_offers_the_seal_of_the_body_alone_and_says_when_there_is_none(office: Office) -> None:
    case = to_be_sealed(office)
    man = Browser(office.house, "clerk")
    page = man.get(f"/cases/{case['id']}")
    assert "dau-phuong" not in page and "dau-xa" not in page and 'data-testid="sign-seal"' in page
    form = {"move": "seal", "revision": str(case["revision"]), "sign_key": "dau-phuong", "key": "a"}
    assert "không phải của “Văn phòng Thành ủy Mẫu”" in man.post(f"/cases/{case['id']}/orders", form, 403)


def test_a_body_without_a_seal_is_told_so(make_house: Callable[..., House]) -> None:
    office = enter_office(make_house(signing_keys=lambda: KEYS[:1] + KEYS[2:]))
    case = to_be_sealed(office)
    assert "Chưa có chứng thư ký hay con dấu" in Browser(office.house, "clerk").get(f"/cases/{case['id']}")
    answer = order(office, case)
    assert (answer.status_code, answer.json()["code"]) == (422, "seal-missing")


def test_a_clerk_uses_the_seals_of_the_own_bodies_on_loose_files_too(office: Office) -> None:
    clerk = office.house.client("clerk")
    assert {one["name"] for one in clerk.get(f"{API}/signing-keys").json()} == {"dau-vp", "dau-phuong"}
    wanted = {"title": "a", "profile": "seal", "key": "dau-xa"}
    answer = clerk.post(f"{API}/signing-batches", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "no-key")


def test_a_paper_that_another_seal_was_put_on_moves_no_case(office: Office) -> None:
    case, tools = to_be_sealed(office), office.house.tools
    clerk, account = office.house.client("clerk"), office.house.seeded.accounts["clerk"]

    def sealed(key: str) -> str:
        at = sha("signed")
        with tools.work.begin() as tx:
            batch = tx.signings.open_batch(
                NewSigningBatch("a", "seal", key, "PAdES-BASELINE-LTA", account, {})
            )
            paper = tx.signings.add_paper(batch.id, NewPaper("a.pdf", f"signed/{at}.pdf", at, 9, "k"))
            tx.signings.start(batch.id, at_desk=False)
            tx.signings.signed(paper.id, replace(signed(paper.id), sha256=sha(key)))
        return paper.id

    body = {"move": "seal", "revision": case["revision"], "signings": [sealed("dau-phuong")]}
    answer = clerk.post(f"{API}/cases/{case['id']}/moves", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "seal-of-another"), answer.text
    answer = clerk.post(f"{API}/cases/{case['id']}/moves", json={**body, "signings": [sealed("dau-vp")]})
    assert (answer.status_code, answer.json()["state"]) == (200, "sealed"), answer.text
