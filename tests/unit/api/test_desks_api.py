"""The desks over HTTP: what waits, receipts, papers signed together, the register, members for a form."""

import html
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from records.acting import PostRole
from storage.schema import case_signings
from storage.signing_values import Signature
from tests.cases.party import ALWAYS
from tests.cases.procedure_world import sha
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def appoint(office: Office, *posts: tuple[str, str, PostRole]) -> None:
    """More posts for the few accounts there are: `("official", "base", PostRole.SECRETARY)`."""
    with office.house.tools.work.begin() as tx:
        for role, unit, post in posts:
            tx.posts.appoint(unit, office.house.seeded.accounts[role], post, ALWAYS, "BÍ THƯ")


def waits(office: Office, role: str, desk: str = "all") -> list[tuple[str, str, list[str]]]:
    answer = office.house.client(role).get(f"{API}/waiting", params={"desk": desk})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["total"] == len(told["items"])
    return [(one["id"], one["about"], [c["move"] for c in one["choices"]]) for one in told["items"]]


def numbered(office: Office) -> dict[str, Any]:
    """A letter that has its number, its signatures before given on paper."""
    appoint(office, ("official", "base", PostRole.SECRETARY), ("official", "ward", PostRole.SECRETARY))
    scan = {"channel": "paper", "scan_document_id": "quet-1"}
    case = office.move("official", office.in_review(), "branch-approve", **scan)
    case = office.move("official", case, "base-approve", **scan)
    return office.move("clerk", case, "number-letter", bodies={"receiving-upper": ["ward2"]})


def signed(paper_id: str) -> Signature:
    now = datetime.now(UTC)
    return Signature(
        f"signed/{paper_id}.pdf", sha(paper_id), 9, "PAdES-BASELINE-LTA", "OKy", now, "aa", "1", "2"
    )


class TestWaiting:
    def test_each_desk_has_its_own(self, office: Office) -> None:
        case = office.move("reader", office.open(), "submit")
        assert waits(office, "official") == [(case["id"], "Trần Thị Lan", ["take"])]
        assert waits(office, "official", "receive") == [
            (case["id"], "Trần Thị Lan", ["take", "return-to-member"])
        ]
        assert waits(office, "official", "sign") == waits(office, "reader") == waits(office, "clerk") == []
        office.move("official", case, "take")
        assert [moves for _, _, moves in waits(office, "official", "sign")] == [["branch-approve"]]

    def test_desks_that_are_none_and_pages(self, office: Office) -> None:
        client = office.house.client("reader")
        wrong = client.get(f"{API}/waiting", params={"desk": "no-such"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "desk-unknown")
        for _ in range(3):
            office.open()
        page = client.get(f"{API}/waiting", params={"limit": 2, "offset": 2}).json()
        assert (page["total"], len(page["items"])) == (3, 1)
        assert client.get(f"{API}/waiting", params={"limit": 0}).status_code == 422


class TestReceipts:
    def test_the_sender_sees_when_it_was_opened_and_what_became_of_it(self, office: Office) -> None:
        case = office.move("reader", office.open(), "submit")

        def last() -> dict[str, Any]:
            return office.house.client("reader").get(f"{API}/cases/{case['id']}").json()["receipts"][-1]

        assert (last()["stage"], last()["units"], last()["opened_at"]) == ("delivered", ["branch"], None)
        assert office.house.client("official").get(f"{API}/cases/{case['id']}").status_code == 200
        opened = last()
        assert (opened["stage"], opened["opened_by"]) == ("opened", office.house.seeded.accounts["official"])
        back = office.move("official", case, "return-to-member", comment="Thiếu quyết định")
        assert (last()["stage"], last()["reason"]) == ("returned", "Thiếu quyết định")
        again = office.move("reader", back, "submit")
        assert last()["stage"] == "delivered"  # delivered anew: the look before does not count
        seen = office.house.client("official").get(f"{API}/cases/{again['id']}").json()
        assert seen["holders"] == [{"body": "sending-branch", "title": "Chi bộ nơi đi", "units": ["branch"]}]
        assert seen["names"]["branch"] == "Chi bộ Tổ Toán"
        assert last()["stage"] == "opened"


class TestSignedTogether:
    def two(self, office: Office) -> list[dict[str, Any]]:
        return [office.in_review(), office.in_review()]

    def order(
        self, office: Office, cases: list[dict[str, Any]], role: str = "official", **more: object
    ) -> Any:
        orders = [
            {"case_id": c["id"], "move": "branch-approve", "revision": c["revision"], "comment": "Đồng ý"}
            for c in cases
        ]
        return office.house.client(role).post(f"{API}/case-signings", json={"orders": orders, **more})

    def test_one_batch_each_result_by_itself_and_none_twice(self, office: Office) -> None:
        first, second = self.two(office)
        client, answer = office.house.client("official"), self.order(office, [first, second])
        assert answer.status_code == 201, answer.text
        told = answer.json()
        batch, items = told["id"], told["items"]
        assert [(i["state"], i["paper_state"], i["about"]) for i in items] == [
            ("waiting", "waiting", "Trần Thị Lan")
        ] * 2
        assert client.get(f"{API}/case-signings").json()[0]["moves"] == 2
        listed = client.get(f"{API}/waiting", params={"desk": "sign"}).json()["items"]
        assert {one["signing"] for one in listed} == {batch}
        seen = {i["paper_id"]: i["sha256"] for i in items}
        other = dict.fromkeys(seen, "0" * 64)
        start = f"{API}/case-signings/{batch}/start"
        wrong = client.post(start, json={"seen": other})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "revision-changed")
        assert client.post(start, json={"seen": seen}).status_code == 202
        nothing = client.post(f"{API}/case-signings/{batch}/moves").json()
        assert {i["state"] for i in nothing["items"]} == {"waiting"}
        with office.house.tools.work.begin() as tx:
            tx.signings.signed(items[0]["paper_id"], signed(items[0]["paper_id"]))
            tx.signings.refused(items[1]["paper_id"], "file-malformed", "x", "Tệp hỏng.")
        for _ in range(2):
            done = client.post(f"{API}/case-signings/{batch}/moves").json()["items"]
            assert [(i["state"], i["tell"]) for i in done] == [("moved", ""), ("refused", "Tệp hỏng.")]
        states = [client.get(f"{API}/cases/{i['case_id']}").json() for i in items]
        assert [(s["state"], s["revision"]) for s in states] == [("branch-approved", 4), ("branch-review", 3)]
        assert states[0]["signatures"][0]["profile"] == "hop"
        assert client.get(f"{API}/case-signings").json() == []

    def test_killed_between_move_and_row_and_two_at_once_are_one_move(self, office: Office) -> None:
        (case, _) = self.two(office)
        told = self.order(office, [case]).json()
        (item,), client = told["items"], office.house.client("official")
        seen = {"seen": {item["paper_id"]: item["sha256"]}}
        assert client.post(f"{API}/case-signings/{told['id']}/start", json=seen).status_code == 202
        with office.house.tools.work.begin() as tx:
            tx.signings.signed(item["paper_id"], signed(item["paper_id"]))
        for _ in range(2):
            with ThreadPoolExecutor(4) as many:
                answers = list(many.map(lambda _: self.moves(office, told["id"]), range(4)))
            assert {tuple((i["state"], i["code"]) for i in answer["items"]) for answer in answers} == {
                (("moved", ""),)
            }
            assert client.get(f"{API}/cases/{case['id']}").json()["revision"] == case["revision"] + 1
            with (
                office.house.tools.work.tables.writing() as connection
            ):  # as if killed before the row was written
                connection.execute(case_signings.update().values(state="waiting"))

    def moves(self, office: Office, group: str) -> Any:
        answer = office.house.client("official").post(f"{API}/case-signings/{group}/moves")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def test_a_case_moved_after_it_was_seen_is_left_out_and_the_rest_goes_on(self, office: Office) -> None:
        first, second = self.two(office)
        told = self.order(office, [first, second]).json()
        office.move("official", first, "return-to-member")
        seen = {i["paper_id"]: i["sha256"] for i in told["items"]}
        started = office.house.client("official").post(
            f"{API}/case-signings/{told['id']}/start", json={"seen": seen}
        )
        assert started.status_code == 202, started.text
        assert [(i["state"], i["code"]) for i in started.json()["items"]] == [
            ("refused", "case-moved"),
            ("waiting", ""),
        ]

    def test_signed_and_the_case_moved_meanwhile_is_told_and_changes_nothing(self, office: Office) -> None:
        (case, _) = self.two(office)
        told = self.order(office, [case]).json()
        (item,) = told["items"]
        client, batch = office.house.client("official"), told["id"]
        client.post(f"{API}/case-signings/{batch}/start", json={"seen": {item["paper_id"]: item["sha256"]}})
        back = office.move("official", case, "return-to-member")
        with office.house.tools.work.begin() as tx:
            tx.signings.signed(item["paper_id"], signed(item["paper_id"]))
        (done,) = client.post(f"{API}/case-signings/{batch}/moves").json()["items"]
        assert (done["state"], done["code"]) == ("refused", "case-moved")
        assert client.get(f"{API}/cases/{case['id']}").json()["revision"] == back["revision"]

    def test_what_cannot_be_had_is_told_and_hidden_cases_look_absent(self, office: Office) -> None:
        first, second = self.two(office)
        moved = {**second, "revision": 1}
        told = self.order(office, [first, moved]).json()
        assert [(r["case_id"], r["code"]) for r in told["refused"]] == [(second["id"], "case-moved")]
        none = self.order(office, [moved])
        assert (none.status_code, none.json()["code"]) == (409, "case-moved")
        twice = self.order(office, [first, first])
        assert (twice.status_code, twice.json()["code"]) == (422, "case-twice")
        assert self.order(office, [first], "clerk").status_code == 404
        assert self.order(office, [first], "reader").status_code == 403
        assert self.order(office, []).status_code == 422
        batch = told["id"]
        absent = office.house.client("clerk").get(f"{API}/case-signings/nothing").content
        assert office.house.client("clerk").get(f"{API}/case-signings/{batch}").content == absent
        for tail in ("start", "moves"):
            hidden = office.house.client("clerk").post(
                f"{API}/case-signings/{batch}/{tail}", json={"seen": {}} if tail == "start" else None
            )
            assert (hidden.status_code, hidden.content) == (404, absent)

    def test_a_page_is_drawn_from_the_bytes_of_the_case(self, office: Office) -> None:
        case = numbered(office)
        client = office.house.client("official")
        page = client.get(f"{API}/cases/{case['id']}/papers/1/pages/1.png", params={"width": 200})
        assert page.status_code == 200 and page.content.startswith(b"\x89PNG")
        assert page.headers["Vanthu-Source-SHA256"] == case["papers"][0]["sha256"]
        again = client.get(
            f"{API}/cases/{case['id']}/papers/1/pages/1.png",
            params={"width": 200},
            headers={"If-None-Match": page.headers["ETag"]},
        )
        assert again.status_code == 304
        assert client.get(f"{API}/cases/{case['id']}/papers/1/pages/99.png").status_code == 404
        assert client.get(f"{API}/cases/{case['id']}/papers/7/pages/1.png").status_code == 404
        hidden = office.house.client("archivist").get(f"{API}/cases/{case['id']}/papers/1/pages/1.png")
        assert hidden.status_code == 404


class TestRegister:
    def test_whose_it_is_and_what_stands_in_it(self, office: Office) -> None:
        case = numbered(office)
        clerk = office.house.client("clerk")
        assert {b["unit_id"]: b["writes"] for b in clerk.get(f"{API}/registers").json()} == {
            "ward": True, "office": True,
        }  # fmt: skip
        lines = clerk.get(f"{API}/registers/ward/numbers").json()
        assert [(n["written"], n["state"]) for n in lines["items"]] == [
            (case["papers"][0]["number"], "issued")
        ]
        assert "Trần Thị Lan" in lines["items"][0]["subject"]
        for query, count in ((("type", "Công văn"), 0), (("state", "issued"), 1), (("to", "2020-01-01"), 0)):
            assert clerk.get(f"{API}/registers/ward/numbers", params=dict([query])).json()["total"] == count
        assert clerk.get(f"{API}/registers/ward/numbers", params={"from": "31/02/2026"}).status_code == 422
        leader = office.house.client("official")  # leads branch, base, ward and office, and is no clerk
        assert {b["unit_id"]: b["writes"] for b in leader.get(f"{API}/registers").json()} == {
            "branch": False, "base": False, "ward": False, "office": False,
        }  # fmt: skip
        absent = office.house.client("reader").get(f"{API}/registers/nothing/numbers")
        for tail in ("numbers", "book.pdf", "book.xlsx"):
            hidden = office.house.client("reader").get(f"{API}/registers/ward/{tail}")
            assert (hidden.status_code, hidden.content) == (404, absent.content)

    def test_a_number_is_kept_struck_out_and_never_given_again(self, office: Office) -> None:
        clerk = office.house.client("clerk")
        day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
        wish = {"type_name": "Thông báo", "purpose": "Thông báo họp", "until": day}
        kept = clerk.post(f"{API}/registers/ward/holds", json=wish)
        assert (kept.status_code, kept.json()["state"]) == (201, "held"), kept.text
        void = f"{API}/registers/ward/numbers/{kept.json()['id']}/void"
        empty = clerk.post(void, json={"reason": "  "})
        assert (empty.status_code, empty.json()["code"]) == (422, "reason-missing")
        struck = clerk.post(void, json={"reason": "Không họp nữa"}).json()
        assert (struck["state"], struck["void_reason"]) == ("void", "Không họp nữa")
        again = clerk.post(f"{API}/registers/ward/holds", json=wish).json()
        assert again["written"] != kept.json()["written"]
        past = clerk.post(f"{API}/registers/ward/holds", json={**wish, "until": "2020-01-01"})
        assert (past.status_code, past.json()["code"]) == (422, "hold-until")
        assert clerk.post(f"{API}/registers/base/holds", json=wish).status_code == 404
        leader = office.house.client("official").post(f"{API}/registers/branch/holds", json=wish)
        assert (leader.status_code, leader.json()["code"]) == (403, "register-not-yours")

    def test_the_number_of_a_case_is_struck_out_in_the_case_alone(self, office: Office) -> None:
        numbered(office)
        clerk = office.house.client("clerk")
        (line,) = clerk.get(f"{API}/registers/ward/numbers").json()["items"]
        refused = clerk.post(f"{API}/registers/ward/numbers/{line['id']}/void", json={"reason": "Sai"})
        assert (refused.status_code, refused.json()["code"]) == (409, "number-of-case")
        assert clerk.get(f"{API}/registers/ward/numbers").json()["items"][0]["state"] == "issued"

    def test_the_book_as_pdf_and_xlsx(self, office: Office) -> None:
        numbered(office)
        clerk = office.house.client("clerk")
        pdf = clerk.get(f"{API}/registers/ward/book.pdf")
        assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF-")
        sheet = clerk.get(f"{API}/registers/ward/book.xlsx")
        assert sheet.status_code == 200
        with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
            words = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
        assert "Trần Thị Lan" in html.unescape(words)  # the sheet is written in ASCII
        assert clerk.get(f"{API}/registers/ward/book.doc").status_code == 404
        wrong = clerk.get(f"{API}/registers/ward/book.pdf", params={"from": "2026-02-01", "to": "2026-01-01"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "book-days")
        assert len(office.house.events("register-printed")) == 2


class TestMembers:
    def test_as_far_as_the_task_needs_it(self, office: Office) -> None:
        me = office.house.client("reader").get(f"{API}/members/me").json()
        assert (me["id"], me["sight"], me["unit_id"], me["base_id"], me["upper_id"]) == (
            office.member, "full", "branch", "base", "ward",
        )  # fmt: skip
        full = office.house.client("official").get(f"{API}/members", params={"name": "tran thi"}).json()
        assert [(one["full_name"], one["sight"]) for one in full["items"]] == [("Trần Thị Lan", "full")]
        brief = office.house.client("clerk").get(f"{API}/members/{office.member}").json()
        assert (brief["sight"], brief["birth_date"], brief["cv_no"]) == ("brief", None, "")
        for role in ("archivist", "administrator"):
            client = office.house.client(role)
            assert client.get(f"{API}/members").json() == {"items": [], "total": 0, "limit": 50, "offset": 0}
            absent = client.get(f"{API}/members/nothing").content
            assert client.get(f"{API}/members/{office.member}").content == absent
            assert client.get(f"{API}/members/me").content == absent
        looked = [event for event in office.house.events("member-read") if event[1] == office.member]
        assert {event[0] for event in looked} == {
            office.house.seeded.accounts[r] for r in ("reader", "clerk")
        }
