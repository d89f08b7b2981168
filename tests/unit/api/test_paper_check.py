"""The public check: whoever holds the paper learns what it is, guessing learns nothing, and no member is named."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from records.case import Case
from records.clock import VIETNAM
from tests.cases.public_letter import BASE, DRAWN, FINAL, NAME, REASON, public_letter
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import Office, enter_office


@dataclass(frozen=True)
class Desk:
    """A letter that was issued, and the address of its check."""

    house: House
    case: Case
    path: str

    def browser(self, **limits: int) -> TestClient:
        tools = self.house.tools
        tools = replace(
            tools, cases=replace(tools.cases, public_url=BASE), limits=replace(tools.limits, **limits)
        )
        return TestClient(create_app(tools), base_url=BASE)


@pytest.fixture
def issued(house: House) -> Callable[..., Desk]:
    office: Office = enter_office(house)

    def make(**parts: object) -> Desk:
        account = house.seeded.accounts["official"]
        letter = public_letter(house.tools.work, account, member_id=office.member, **parts)  # type: ignore[arg-type]
        return Desk(house, letter.case, letter.path)

    return make


def test_whoever_holds_the_paper_learns_what_it_is(issued: Callable[..., Desk]) -> None:
    desk = issued()
    client = desk.browser()
    answer = client.get(desk.path)
    assert answer.status_code == 200
    letter = desk.case.papers[0]
    assert letter.dated is not None
    for told in (
        letter.number,
        letter.dated.strftime("%d/%m/%Y"),
        "Đảng bộ phường Sen",
        "PAdES-BASELINE-LTA",
        "Chữ ký",
    ):
        assert told in answer.text, told
    for hidden in (NAME, "Lan", "01234567", "Được", desk.case.member_id, "accounts"):
        assert hidden not in answer.text, hidden
    assert (answer.headers["X-Robots-Tag"], answer.headers["Cache-Control"]) == (
        "noindex, nofollow",
        "no-store",
    )
    base, _, check = desk.path.rpartition("/")
    for typed in (check.lower(), f"{check[:5]}-{check[5:]}", check.replace("0", "O").replace("1", "I")):
        assert client.get(f"{base}/{typed}").status_code == 200, typed


def test_guessing_finds_one_answer_and_then_waits(issued: Callable[..., Desk]) -> None:
    desk = issued()
    client = desk.browser(login_tries=2)  # ten wrong ones in all
    client.headers["Accept"] = "text/html"
    base, _, check = desk.path.rpartition("/")
    case = desk.case.id
    wrong = [
        f"{base}/{check[:-1]}{'0' if check[-1] != '0' else '2'}", f"{base}/{'0' * 10}", f"/kiem-tra/{case}-2/{check}",
        f"/kiem-tra/{'0' * 32}-1/{check}", f"/kiem-tra/..%2f..%2fetc/{check}", f"/kiem-tra/{case}-99999/{check}",
        f"{base}/{'x' * 500}", f"/kiem-tra/{case.upper()}-1/{check}", f"{base}/%00%ff",
    ]  # fmt: skip
    answers = [client.get(path) for path in wrong]
    assert {answer.status_code for answer in answers} == {404}
    bodies = {answer.text.split("<main")[1].split("</main>")[0] for answer in answers}
    assert len(bodies) == 1
    assert client.get(desk.path).status_code == 200
    for _ in range(4):  # some of those above lead to no page at all
        client.get(wrong[0])
    slow = client.get(desk.path)
    assert slow.status_code == 429 and int(slow.headers["Retry-After"]) > 0


def test_without_a_public_address_there_is_nothing_to_check(issued: Callable[..., Desk]) -> None:
    desk = issued()
    assert desk.house.client().get(desk.path).status_code == 404


def test_a_copy_is_compared_to_the_byte(issued: Callable[..., Desk], tmp_path: Path) -> None:
    desk = issued()
    client = desk.browser(max_compare_bytes=64)

    def said(data: bytes) -> tuple[int, list[str]]:
        answer = client.post(desk.path, files={"file": ("giay.pdf", data, "application/pdf")})
        shown = [kind for kind in ("same", "earlier", "other") if f'data-copy="{kind}">' in answer.text]
        return answer.status_code, shown

    assert said(FINAL) == (200, ["same"])
    assert said(DRAWN) == (200, ["earlier"])
    assert said(FINAL + b"\n") == said(b"") == said(b"x") == (200, ["other"])
    assert said(b"x" * 65) == (413, [])
    nothing = client.post(desk.path, data={"a": "b"}, files={})
    assert nothing.status_code in (400, 415, 422)
    wrong = client.post(desk.path[:-1] + "!", files={"file": ("giay.pdf", FINAL)})
    assert wrong.status_code == 404
    assert list((desk.house.tools.data_dir / "cache" / "incoming").glob("*")) == []


@pytest.mark.parametrize(
    ("parts", "standing", "says"),
    [
        ({"void": REASON}, "void", "đã bị hủy"),
        ({"move": "recall-letter", "state": "letter-sealed"}, "recalled", "lấy lại"),
    ],
)
def test_what_does_not_count_any_more_says_so_and_not_why(
    issued: Callable[..., Desk], parts: dict[str, object], standing: str, says: str
) -> None:
    desk = issued(**parts)
    client = desk.browser()
    shown = client.get(desk.path)
    assert f'data-standing="{standing}"' in shown.text and says in shown.text
    today = desk.house.tools.clock.now().astimezone(VIETNAM).strftime("%d/%m/%Y")
    assert today in shown.text
    assert REASON not in shown.text and NAME not in shown.text
    same = client.post(desk.path, files={"file": ("a.pdf", FINAL)})
    assert "không còn hiệu lực" in same.text
