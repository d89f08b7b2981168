"""Numbers that were held are given to papers of cases: offered on the page, seen in the preview, and used once."""

import re
from datetime import timedelta
from typing import Any

import pytest

from records.acting import PostRole
from records.clock import VIETNAM
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office
from tests.unit.api.test_desk_pages import Browser
from tests.unit.api.test_desks_api import appoint

TEXT = {"to": "Các phòng", "body": "Đề nghị các phòng nộp báo cáo."}


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def approved(office: Office) -> dict[str, Any]:
    case = office.move("archivist", office.open_document(**TEXT), "present")
    for role, move in (("official", "unit-approve"), ("clerk", "form-pass"), ("official", "leader-approve")):
        case = office.move(role, case, move)
    return case


def hold(office: Office, type_name: str = "Công văn", role: str = "clerk", **more: object) -> dict[str, Any]:
    body = {"type_name": type_name, "purpose": "Giao ban", "until": "2031-12-31", **more}
    answer = office.house.client(role).post(f"{API}/registers/office/holds", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_held_number_is_chosen_seen_and_given(office: Office) -> None:
    held, case = hold(office), approved(office)
    at, man = f"/cases/{case['id']}", Browser(office.house, "clerk")
    assert held["written"] == "01-CV/VPTU"
    page = man.get(at)
    assert f'<option value="{held["id"]}"' in page and "01-CV/VPTU – giữ cho: Giao ban" in page
    shown = man.get(f"{at}/preview?move=number&hold_id={held['id']}&dated=")
    (seen,) = re.findall(r'name="paper_sha256" value="([0-9a-f]{64})"', shown)
    assert f'name="hold_id" value="{held["id"]}"' in shown
    (picture,) = re.findall(r'src="([^"]+/pages/1\.png[^"]+)"', shown)
    assert held["id"] in picture and man.client.get(picture).status_code == 200
    assert "ngày có thật" in man.get(f"{at}/preview?move=number&hold_id={held['id']}&dated=31/02", 422)
    assert seen not in man.get(f"{at}/preview?move=number")  # with the next number it is another paper
    form = {"move": "number", "revision": str(case["revision"]), "hold_id": held["id"], "paper_sha256": seen}
    assert "01-CV/VPTU" in man.post(f"{at}/moves", form)
    (paper,) = office.house.client("clerk").get(f"{API}{at}").json()["papers"]
    assert (paper["number"], paper["sha256"]) == ("01-CV/VPTU", seen)
    lines = office.house.client("clerk").get(f"{API}/registers/office/numbers").json()["items"]
    assert [(one["id"], one["state"], one["subject"]) for one in lines] == [
        (held["id"], "issued", "họp giao ban")
    ]
    again = approved(office)
    assert "giữ cho: Giao ban" not in man.get(f"/cases/{again['id']}")
    assert office.move("clerk", again, "number")["papers"][0]["number"] == "02-CV/VPTU"


def test_what_was_held_for_something_else_is_refused_and_stays_held(office: Office) -> None:
    notice, secret, letter = hold(office, "Thông báo"), hold(office, secret=True), hold(office)
    appoint(office, ("archivist", "office", PostRole.CLERK))
    others = hold(office, role="archivist")
    today = office.house.tools.clock.now().astimezone(VIETNAM).date()
    case = approved(office)
    page = Browser(office.house, "clerk").get(f"/cases/{case['id']}")
    assert letter["id"] in page
    assert not any(one["id"] in page for one in (notice, secret, others))

    def asked(hold_id: str, **more: object) -> str:
        body = {"move": "number", "revision": case["revision"], "hold_id": hold_id, **more}
        answer = office.house.client("clerk").post(f"{API}/cases/{case['id']}/moves", json=body)
        assert 400 <= answer.status_code < 500, answer.text
        return str(answer.json()["code"])

    assert asked(notice["id"]) == asked(secret["id"]) == "hold-other-paper"
    assert asked(others["id"]) == "hold-of-another"
    assert asked("no-such") == "hold-unknown"
    assert asked(letter["id"], dated=(today + timedelta(1)).isoformat()) in ("number-future", "date-ahead")
    assert asked(letter["id"], dated=(today - timedelta(1)).isoformat()) == "number-out-of-order"
    held = office.house.client("clerk").get(f"{API}/registers/office/numbers?state=held").json()
    assert held["total"] == 4


def test_how_secret_papers_run_is_told_by_the_register(office: Office) -> None:
    man = Browser(office.house, "clerk")
    page = man.get("/registers/office")
    assert "Văn bản mật đánh số chung một dãy" in page and "36-HD/VPTW" in page
    form = {"type": "Công văn", "purpose": "Mật", "until": "2031-12-31", "secret": "yes", "key": "a"}
    page = man.post("/registers/office/holds", form)
    assert '<span class="badge warn">mật</span>' in page
    (book,) = [
        one
        for one in office.house.client("clerk").get(f"{API}/registers").json()
        if one["unit_id"] == "office"
    ]
    assert book["secret_apart"] is False and "36-HD/VPTW" in book["source"]
