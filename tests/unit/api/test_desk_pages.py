"""Pages of cases and desks: who sees what, what a form brings, and that a refusal changes nothing."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.i18n import LANGUAGES
from boot.papers import key_facts
from records.acting import PostRole
from tests.cases.desk_keys import make_desks
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import PASSWORD
from tests.unit.api.case_seed import API, Office, enter_office
from tests.unit.api.test_desks_api import appoint, numbered


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


class Browser:
    """A signed-in person with forms: what is sent carries the token of the session."""

    def __init__(self, house: House, role: str) -> None:
        self.client: TestClient = house.browser(role)
        self.csrf = self.client.headers.pop("X-CSRF-Token")

    def get(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == status, (address, answer.status_code, answer.text[:2000])
        return html.unescape(answer.text)

    def post(self, address: str, fields: dict[str, Any], status: int = 200) -> str:
        answer = self.client.post(
            address, data={"csrf": self.csrf, **fields}, headers={"Accept": "text/html"}
        )
        told = re.findall(
            r'data-testid="problem">([^<]*)|big-number">(.*?)</article>', answer.text, re.DOTALL
        )
        assert answer.status_code == status, (address, answer.status_code, told)
        self.at = str(answer.url.path)
        return html.unescape(answer.text)


def opening(office: Office, **change: str) -> dict[str, str]:
    fields = {f"f.{code}": str(value) for code, value in office.opening["values"].items()}
    names = {
        "sending-branch": "chi bo to toan",
        "sending-base": "Đảng bộ Trường Sen",
        "sending-upper": "ward",
    }
    return {**fields, **{f"b.{body}": name for body, name in names.items()}, "key": "mot", **change}


OPEN = "/cases/new/official-transfer/open"


def test_a_member_opens_fills_in_and_sends_without_script(office: Office) -> None:
    lan = Browser(office.house, "reader")
    assert "Chưa có hồ sơ nào" in lan.get("/cases")
    assert "Chuyển sinh hoạt đảng chính thức" in lan.get("/cases/new")
    form = lan.get(OPEN)
    assert 'value="Trần Thị Lan"' in form and 'value="Chi bộ Tổ Toán – Đảng bộ Trường Sen"' in form
    page = lan.post(OPEN, opening(office))
    assert lan.at.startswith("/cases/") and "Đang khai" in page and "Gửi chi bộ" in page
    where = lan.at
    lan.post(OPEN, opening(office))
    assert lan.at == where  # the same form sent twice is one case
    sent = {"move": "submit", "revision": "1", **opening(office, key="hai")}
    page = lan.post(f"{where}/moves", sent)
    assert "Chi bộ nơi đi tiếp nhận" in page and "Chi bộ Tổ Toán" in page
    assert "Lấy lại để sửa" in page and "chưa mở" in page
    page = lan.post(f"{where}/moves", {"move": "recall-request", "revision": "2", "comment": "Sửa nơi đến"})
    assert "Sửa nơi đến" in page and "Đã lấy lại" in page
    page = lan.post(f"{where}/moves", {**sent, "revision": "3", "f.new_place": "Chi bộ 9", "key": "ba"})
    assert "<del>Chi bộ 5, Đảng bộ phường Đông</del>" in page and "<ins>Chi bộ 9</ins>" in page


def test_what_is_refused_is_told_with_what_was_typed_and_nothing_is_kept(office: Office) -> None:
    lan = Browser(office.house, "reader")
    for change, told in (
        ({"f.birth_date": "1985-02-31"}, "Ghi ngày sinh có thật"),
        ({"f.card_number": "123456789"}, "8 chữ số"),
        ({"b.sending-base": "Chi bộ Trạm Lúa"}, "không phải"),
        ({"b.sending-base": "không có đơn vị này"}, "Không tìm thấy đơn vị"),
        ({"b.sending-branch": "chi bo to"}, "Hãy chọn một trong các đơn vị gợi ý"),
    ):
        page = lan.post(OPEN, opening(office, key="x" + told, **{"f.new_place": "Gõ rồi <b>", **change}), 422)
        assert told in page and "Gõ rồi <b>" in page, told
    raw = lan.client.post(
        OPEN, data={"csrf": lan.csrf, **opening(office, **{"f.card_number": "1", "f.new_place": "<b>x"})}
    )
    assert "<b>x" not in raw.text  # what was typed is never markup
    assert office.house.client("reader").get(f"{API}/cases").json()["total"] == 0
    chosen = opening(office, **{"b.sending-branch": "chi bo to", "u.sending-branch": "branch"})
    assert "Đang khai" in lan.post(OPEN, chosen)


def test_forms_of_other_sites_and_stale_pages_change_nothing(office: Office) -> None:
    case, lan = office.open(), Browser(office.house, "reader")
    moves = f"/cases/{case['id']}/moves"
    stolen = lan.client.post(moves, data={"move": "submit", "revision": "1"})
    assert stolen.status_code == 403
    elsewhere = lan.client.post(
        moves,
        data={"csrf": lan.csrf, "move": "submit", "revision": "1"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert elsewhere.status_code == 403
    page = lan.post(moves, {"move": "submit", "revision": "9"}, 409)
    assert "Người khác vừa xử lý hồ sơ này" in page and "Tải lại hồ sơ" in page
    for revision in ("", "x", "-1", "9" * 30):
        lan.post(moves, {"move": "submit", "revision": revision}, 422)
    lan.post(moves, {"move": "no-such", "revision": "1"}, 422)
    lan.post(moves, {"move": "take", "revision": "1"}, 409)
    lan.post(moves, {"move": "withdraw", "revision": "1", "comment": "a" * 5000}, 422)
    assert office.house.client("reader").get(f"{API}/cases/{case['id']}").json()["revision"] == 1


def test_another_persons_case_and_paper_look_absent(office: Office) -> None:
    case, other = office.open(), Browser(office.house, "archivist")
    absent = other.get("/cases/nothing", 404)
    for tail in ("", "/papers/1"):
        hidden = other.get(
            f"/cases/{case['id']}{tail}", 404
        )  # the page holds its own address, nothing else of it
        assert hidden.replace(f"/cases/{case['id']}{tail}", "/cases/nothing") == absent
    other.post(f"/cases/{case['id']}/moves", {"move": "submit", "revision": "1"}, 404)
    assert case["id"] not in other.get("/cases?view=mine")
    Browser(office.house, "clerk").post(
        f"/cases/{case['id']}/orders", {"move": "branch-approve", "revision": "1"}, 404
    )
    other.post(f"/cases/{case['id']}/orders", {"move": "branch-approve", "revision": "1"}, 403)
    other.get("/signing", 403)
    nobody = office.house.client(follow_redirects=False)
    for address in ("/cases", f"/cases/{case['id']}", "/signing", "/clerk", "/registers/ward"):
        assert nobody.get(address).status_code == 303


@pytest.fixture
def at_desk(make_house: Callable[..., House], filled: tuple[Path, object], tmp_path: Path) -> Office:
    """An office whose official has devices at the desk: `ba-man` is one of two keys."""
    folder = make_desks(filled[0] / "keys", tmp_path / "desks" / "keys").folder
    return enter_office(make_house(keys=folder, signing_keys=lambda: key_facts(folder)))


def test_papers_are_chosen_seen_whole_and_signed_with_one_confirmation(at_desk: Office) -> None:
    office = at_desk
    cases = [office.in_review(), office.in_review()]
    an = Browser(office.house, "official")
    desk = an.get("/signing")
    ticks = re.findall(r'name="paper" value="([^"]+)"', desk)
    assert {tick.split("|")[0] for tick in ticks} == {case["id"] for case in cases}
    assert "Chưa chọn văn bản nào" in an.post("/signing/orders", {"key": "a"}, 422)
    assert "Danh sách đã cũ" in an.post("/signing/orders", {"paper": "x|y"}, 422)
    told = an.post("/signing/orders", {"paper": ticks, "key": "b"}, 422)
    assert "cần ghi ý kiến" in told
    which = {"paper": ticks, "comment": "Đồng ý"}
    assert "nhiều chứng thư" in an.post("/signing/orders", which, 422)
    which |= {"sign_key": "ba-man", "key": "c"}
    page = an.post("/signing/orders", which)
    where = an.at
    assert (
        where.startswith("/signing/") and page.count("/pages/2.png") == 2 and page.count('name="seen.') == 2
    )
    an.post("/signing/orders", which)
    assert an.at == where  # sent twice, drawn once
    seen = dict(re.findall(r'name="(seen\.[^"]+)" value="([0-9a-f]{64})"', page))
    wrong = an.post(f"{where}/start", {**seen, "password": "sai"}, 401)
    assert "Chưa ký văn bản nào" in wrong
    altered = dict.fromkeys(seen, "0" * 64)
    assert "không khớp" in an.post(f"{where}/start", {**altered, "password": PASSWORD}, 409)
    page = an.post(f"{where}/start", {**seen, "password": PASSWORD})
    assert "chờ thiết bị tại bàn" in page and page.count('data-testid="result"') == 2
    assert where in an.get("/signing")  # found again after a reload or another day
    Browser(office.house, "clerk").get(where, 404)
    an.post(f"{where}/cancel", {})
    assert "hồ sơ giữ nguyên" in an.get(where)


def test_the_clerk_numbers_sends_and_keeps_the_register(office: Office) -> None:
    appoint(office, ("official", "base", PostRole.SECRETARY), ("official", "ward", PostRole.SECRETARY))
    scan = {"channel": "paper", "scan_document_id": "quet-1"}
    case = office.move("official", office.in_review(), "branch-approve", **scan)
    case = office.move("official", case, "base-approve", **scan)
    man = Browser(office.house, "clerk")
    assert "Lấy số giấy giới thiệu" in man.get("/clerk")
    form = {
        "move": "number-letter",
        "revision": str(case["revision"]),
        "b.receiving-upper": "dang bo phuong lua",
    }
    page = man.post(f"/cases/{case['id']}/moves", form)
    assert "Giấy giới thiệu đã có số" in page
    paper = man.get(f"/cases/{case['id']}/papers/1")
    assert paper.count("/pages/") == 2
    assert man.get("/registers").count('href="/registers/') >= 2  # clerk of two bodies: chosen first
    assert man.get("/registers/ward").count("Trần Thị Lan") == 1
    told = man.post(
        "/registers/ward/holds", {"type": "Thông báo", "purpose": "Họp", "until": "31/02/2026"}, 422
    )
    assert "ngày có thật" in told
    held = man.post("/registers/ward/holds", {"type": "Thông báo", "purpose": "Họp", "until": "2029-12-31"})
    assert "Giữ cho: Họp" in held
    void = re.findall(r'action="(/registers/ward/numbers/[^"]+/void)"', held)[0]
    assert "Chưa ghi" in man.post(void, {"reason": ""}, 422)
    assert "Nhầm loại" in man.post(void, {"reason": "Nhầm loại"})
    assert "bỏ qua" in man.get("/registers/ward?from=hôm qua")
    Browser(office.house, "reader").get("/registers/ward", 404)
    assert "không có sổ" in Browser(office.house, "reader").get("/registers")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_in_both_languages(office: Office, language: str) -> None:
    case = numbered(office)
    pages = {
        "official": ["/cases", "/cases?view=incoming", "/cases?view=mine&procedure=official-transfer&ended=no",
                     "/cases/new", "/cases/new/official-transfer/open-for-member?who=lan", f"/cases/{case['id']}",
                     "/signing", f"/cases/{case['id']}/papers/1", "/registers", "/registers/ward?state=void&type=x"],
        "clerk": ["/clerk", "/signing", "/registers/ward", f"/cases/{case['id']}"],
        "reader": ["/cases", "/cases/new", OPEN, "/cases/units?level=base&b.x=truong"],
        "administrator": ["/cases", "/clerk", "/registers", "/cases/new"],
    }  # fmt: skip
    for role, addresses in pages.items():
        client = office.house.client(role)
        client.cookies.set("vanthu_lang", language)
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.text[:600])
            assert answer.headers["cache-control"] == "no-store"
