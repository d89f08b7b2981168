"""A member's transfer from branch to branch over HTTP, every body signing and sealing its own box with its own key."""

import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from boot.house import open_house
from boot.settings import load_settings
from records.membership import MembershipKind
from signing.verdict import Answer
from signing.verify import verify_pdf
from storage import accounts
from tests.cases.transfer_house import TransferHouse, Walk
from tests.tools import validators
from tests.tools.length import LONG
from tests.walk.conftest import Vanthu
from tests.walk.test_sign_papers import Served, serve

SENDING = (
    ("secretary@branch", "branch-approve"), ("clerk@base", "seal-box-branch"),
    ("secretary@base", "base-approve"), ("clerk@base", "seal-box-base"),
)  # fmt: skip
ISSUING = (("secretary@ward", "sign-letter"), ("clerk@ward", "seal-letter"), ("clerk@ward", "send-letter"))
RECEIVING = (
    ("secretary@ward2", "upper-accept"), ("clerk@ward2", "seal-box-receiving-upper"),
    ("secretary@far", "base-accept"), ("clerk@far", "seal-box-receiving-base"),
    ("secretary@far", "branch-admit"), ("clerk@far", "seal-box-receiving-branch"),
)  # fmt: skip
AWAY = (
    ("secretary@branch", "branch-approve"), ("clerk@base", "number-letter"), ("secretary@base", "sign-letter"),
    ("clerk@base", "seal-letter"), ("clerk@base", "send-letter"), ("secretary@far", "host-accept"),
    ("secretary@far", "branch-admit"),
)  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, made_house: Path) -> Iterator[list[Served]]:
    """The running house, the newest last: a test that kills it starts another."""
    patch = pytest.MonkeyPatch()
    patch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    patch.setenv("VANTHU_PUBLIC_URL", "https://vanban.example.vn")
    vanthu = Vanthu(Path(shutil.copytree(made_house, tmp_path_factory.mktemp("transfer") / "data")))
    found: list[Served] = []
    try:
        yield found.append(serve(vanthu)) or found  # type: ignore[func-returns-value]
    finally:
        for one in found:
            one.stop()
        patch.undo()


@pytest.fixture(scope="module")
def town(running: list[Served]) -> TransferHouse:
    return TransferHouse(running[-1].house.data).enter()


@pytest.fixture
def walk(running: list[Served], town: TransferHouse) -> Iterator[Walk]:
    with Walk(town, running[-1].url) as found:
        yield found


def words_of(path: Path) -> str:
    """What the file says to a stranger, the visible parts of signatures with it."""
    ran = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True, timeout=60)
    return " ".join(ran.stdout.split())


def demand_valid(path: Path, town: TransferHouse, signatures: int, *, look: bool = False) -> None:
    """Demand that a file is VALID with so many signatures. `look`: its pictures are compared as well, which is slow."""
    verdict = verify_pdf(path, town.roots, look=look)
    assert verdict.verdict is Answer.VALID, verdict
    made = [one for one in verdict.signatures if one.kind == "signature"]
    assert len(made) == signatures
    assert all(one.intact and one.trusted and one.verdict is Answer.VALID for one in made)


def demand_dss(files: dict[Path, int], town: TransferHouse) -> None:
    """Demand that EU DSS accepts every signature. It names the level of the first LTA and of later ones T: revocation
    data that lie in the file already are not written a second time.
    """
    judged = validators.dss(list(files), town.roots[0])
    for path, count in files.items():
        said = judged[path]
        assert [indication for _, indication in said.signatures] == ["TOTAL_PASSED"] * count, said
        assert (said.signatures[0][0], said.errors, set(said.timestamps)) == (
            "PAdES-BASELINE-LTA",
            (),
            {"PASSED"},
        )


def refused(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert told["title"] and told["detail"], told
    return answer.status_code, told["code"]


def submitted(walk: Walk, procedure: str = "official-transfer") -> dict[str, Any]:
    case = walk.open(procedure)
    return walk.move(walk.member, case, "submit")


def in_review(walk: Walk) -> dict[str, Any]:
    return walk.move("secretary@branch", submitted(walk), "take")


def to_base(walk: Walk) -> dict[str, Any]:
    """A transfer whose next box is that of the base: the first one with drawn words."""
    case = in_review(walk)
    for who, move in SENDING[:2]:
        case = walk.move(who, case, move)
    return case


@pytest.mark.validators
@pytest.mark.timeout(1500)  # in a long run EU DSS judges ten signatures: minutes on a loaded machine
def test_every_body_signs_and_seals_its_box_and_the_member_arrives(walk: Walk, tmp_path: Path) -> None:
    town, case = walk.town, in_review(walk)
    request, letter = tmp_path / "request.pdf", tmp_path / "letter.pdf"
    for count, (who, move) in enumerate(SENDING, start=1):
        case = walk.move(who, case, move)
        demand_valid(walk.pdf(who, case, request), town, count)
    case, signed = walk.move("clerk@ward", case, "number-letter"), 0
    for who, move in (*ISSUING, *RECEIVING[:2]):
        case = walk.move(who, case, move)
        if move != "send-letter":
            signed += 1
            demand_valid(walk.pdf(who, case, letter), town, signed)
    # the receiving upper body named the wrong base: its words are struck through, in a box and a signature of their own
    right = {"box": 4, "note": "đúng: Chi bộ Trạm Lúa", "comment": "Ghi nhầm tên"}
    case = walk.move("secretary@ward2", case, "correct-box-upper", **right)
    case = walk.move("clerk@ward2", case, "seal-box-receiving-upper")
    for who, move in RECEIVING[2:]:
        case = walk.move(who, case, move)
        signed += 1
        demand_valid(walk.pdf(who, case, letter), town, signed + 2)
    said = words_of(letter)
    for words in (
        f"Số {case['papers'][0]['number']}",
        "(đã ký số và đóng dấu trên bản chưa có số)",
        "Ghi lại ô 4: Chi bộ Trạm Lúa; đúng: Chi bộ Trạm Lúa",
        "Đã nhận vào sinh hoạt tại Chi bộ Trạm Lúa",
    ):
        assert words in said, (words, said)
    demand_valid(request, town, 4, look=True)
    demand_valid(letter, town, 10, look=True)
    case = walk.move("members-officer@far", case, "close")
    assert (case["state"], case["ended"]) == ("closed", True)
    with open_house(load_settings(town.data)) as opened, opened.work.reading() as tx:
        member = town.members[walk.member]
        links = tx.memberships.of([member])
        home = tx.memberships.standing(member).link(MembershipKind.OFFICIAL, tx.units.today())
    assert home is not None and home.unit_id == "far"
    assert {link.unit_id for link in links} == {"branch", "far"}
    demand_dss({request: 4, letter: 10} if LONG else {request: 4}, town)
    for path, told in validators.verapdf([request, letter]).items():
        assert told.compliant, (path.name, told.failures)


@pytest.mark.validators
def test_a_temporary_letter_is_signed_and_sealed_by_the_base_and_the_member_is_a_guest(
    walk: Walk, tmp_path: Path
) -> None:
    case = submitted(walk, "temporary-transfer")
    for who, move in AWAY:
        case = walk.move(who, case, move)
    assert case["state"] == "active"
    letter = walk.pdf("secretary@far", case, tmp_path / "letter.pdf")
    demand_valid(letter, walk.town, 2)
    judged = validators.dss([letter], walk.town.roots[0])[letter]
    assert [indication for _, indication in judged.signatures] == ["TOTAL_PASSED"] * 2, judged
    with open_house(load_settings(walk.town.data)) as opened, opened.work.reading() as tx:
        standing = tx.memberships.standing(walk.town.members[walk.member])
        links = tx.memberships.of([walk.town.members[walk.member]])
    assert {(link.unit_id, link.kind) for link in links} == {
        ("branch", MembershipKind.OFFICIAL), ("far", MembershipKind.TEMPORARY),
    }, standing  # fmt: skip


def test_what_is_not_right_is_told_in_a_sentence_and_changes_nothing(walk: Walk) -> None:
    case = to_base(walk)
    at = f"/cases/{case['id']}"
    sign = walk.asked(case, "base-approve", {})
    clerk, official = walk.client("clerk@base"), walk.client("secretary@base")
    assert refused(clerk.post(f"{at}/signings", json=sign)) == (403, "move-not-yours")
    assert refused(walk.client("secretary@ward2").post(f"{at}/signings", json=sign)) == (404, "not-found")
    loose = {"profile": "hop", "title": "Ký rời", "key": "ky-secretary.base"}
    assert refused(official.post("/signing-batches", json=loose)) == (422, "box-of-a-case")
    ordered = walk.order("secretary@base", case, "base-approve")
    assert ordered is not None
    paper = f"/signing-batches/{ordered['batch']['id']}/papers/{ordered['paper']['id']}"
    place = official.get(f"{paper}/place").json()
    assert (place["how"], place["place"]["page"]) == ("chosen", 1), place
    plain, marked = (
        official.get(f"{paper}/pages/1.png", params={"width": 600, "with_mark": mark}).content
        for mark in (False, True)
    )
    assert plain.startswith(b"\x89PNG") and marked.startswith(b"\x89PNG") and plain != marked
    moved = official.put(f"{paper}/place", json={"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.4, "y1": 0.3})
    assert refused(moved) == (409, "place-fixed")
    moves = {**sign, "signings": [ordered["paper"]["id"]]}
    assert refused(official.post(f"{at}/moves", json=moves)) == (409, "paper-not-signed")
    start = f"/signing-batches/{ordered['batch']['id']}/start"
    unseen = {"seen": {ordered["paper"]["id"]: "0" * 64}}
    assert refused(official.post(start, json=unseen)) == (409, "revision-changed")
    official.post(start, json={"seen": {ordered["paper"]["id"]: ordered["paper"]["sha256"]}})
    assert walk.ended(official, ordered["batch"]["id"])["papers"]["signed"] == 1
    # signed into the box was something else than what the move says now
    assert refused(official.post(f"{at}/moves", json={**moves, "note": "Khác"})) == (409, "revision-changed")
    assert refused(official.post(f"{at}/moves", json={**sign, "signings": []})) == (422, "not-signed")
    assert official.get(at).json()["state"] == "branch-approved"
    # two at once with the same right signature: one is made, the other hears that the case has moved
    answers: list[httpx.Response] = []

    def once() -> None:
        with Walk(walk.town, walk.url) as other:
            answers.append(other.client("secretary@base").post(f"{at}/moves", json=moves))

    both = [threading.Thread(target=once) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert next(one for one in answers if one.status_code == 409).json()["code"] == "case-moved"
    assert official.get(at).json()["state"] == "base-approved"


def test_an_expired_certificate_signs_nothing_and_the_case_waits(walk: Walk) -> None:
    case = to_base(walk)
    ordered = walk.order("secretary@base", case, "base-approve", key="het-han")
    assert ordered is not None
    client, batch = walk.client("secretary@base"), ordered["batch"]["id"]
    client.post(f"/signing-batches/{batch}/start")
    held = walk.ended(client, batch, "held")
    assert "hết hạn" in held["message"]
    moves = {**walk.asked(case, "base-approve", {}), "signings": [ordered["paper"]["id"]]}
    answer = client.post(f"/cases/{case['id']}/moves", json=moves)
    assert refused(answer) == (409, "paper-not-signed")
    client.post(f"/signing-batches/{batch}/cancel")
    assert walk.move("secretary@base", case, "base-approve")["state"] == "base-approved"


def test_a_letter_changed_where_it_lies_is_signed_by_nobody(walk: Walk) -> None:
    case = to_base(walk)
    case = walk.move("secretary@base", case, "base-approve")
    kept = walk.town.data / "blobs" / "signed"
    (path,) = kept.rglob(f"{case['papers'][0]['sha256']}*")
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole.replace(b"/Annot", b"/Annox", 1))
    ordered = walk.order("clerk@base", case, "seal-box-base")
    assert ordered is not None
    client, batch = walk.client("clerk@base"), ordered["batch"]["id"]
    client.post(f"/signing-batches/{batch}/start")
    told = walk.ended(client, batch, "finished", "held")
    assert told["papers"]["signed"] == 0
    (paper,) = client.get(f"/signing-batches/{batch}/papers").json()
    assert paper["code"].startswith("blob-") and paper["tell"]
    assert client.get(f"/cases/{case['id']}/papers/1/pdf").status_code != 200
    assert client.get(f"/cases/{case['id']}").json()["state"] == "base-approved"


@pytest.mark.long
def test_killed_while_a_box_is_signed_it_is_signed_once(running: list[Served], town: TransferHouse) -> None:
    with Walk(town, running[-1].url) as walk:
        case = to_base(walk)
        ordered = walk.order("secretary@base", case, "base-approve")
        assert ordered is not None
        walk.client("secretary@base").post(f"/signing-batches/{ordered['batch']['id']}/start")
    running[-1].stop(signal.SIGKILL)
    running.append(serve(running[-1].house))
    with Walk(town, running[-1].url) as walk:
        client, paper = walk.client("secretary@base"), ordered["paper"]["id"]
        assert walk.ended(client, ordered["batch"]["id"])["papers"]["signed"] == 1
        body = {**walk.asked(case, "base-approve", {}), "signings": [paper]}
        moved = client.post(f"/cases/{case['id']}/moves", json=body)
        assert (moved.status_code, moved.json()["state"]) == (200, "base-approved"), moved.text
    with closing(sqlite3.connect(town.data / "vanthu.db")) as rows:
        events = rows.execute("SELECT object FROM audit WHERE action = 'paper-signed'").fetchall()
    assert [row[0] for row in events].count(paper) == 1
