"""Signing with a device at the desk, over HTTP: prepared, signed there, finished once, or nothing changed."""

import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

import procedures.sign_at_desk as steps
from api.app import create_app
from boot.papers import key_facts
from procedures.sign_at_desk import Brought, DeskSweep, finish_paper, prepare_paper
from procedures.sign_papers import SignTools, sign_paper
from records.access import Role
from records.errors import Away
from signing.verdict import Answer
from signing.verify import verify_pdf
from storage.prepared import draft_name
from storage.schema import prepared_signatures
from tests.cases.desk_keys import Desks, Device, make_desks
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import a_pdf
from tests.unit.api.api_house import House

API = "/api/v1/signing-batches"
HIDDEN = {"hidden": True}


@pytest.fixture(scope="module")
def desks(filled: tuple[Path, object], tmp_path_factory: pytest.TempPathFactory) -> Desks:
    return make_desks(filled[0] / "keys", tmp_path_factory.mktemp("desks") / "keys")


@pytest.fixture
def house(make_house: Callable[..., House], desks: Desks) -> House:
    return make_house(keys=desks.folder, signing_keys=lambda: key_facts(desks.folder))


@pytest.fixture
def official(house: House) -> TestClient:
    return house.client("official")


def opened(client: TestClient, path: Path, key: str = "ba-man", **order: Any) -> tuple[str, dict[str, Any]]:
    """Open a batch and hand one paper in."""
    order = {"profile": "official", "key": key, "visible": HIDDEN, **order}
    made = client.post(API, json=order)
    assert made.status_code == 201, made.text
    batch = made.json()["id"]
    return batch, give(client, batch, path)


def give(client: TestClient, batch: str, path: Path) -> dict[str, Any]:
    files = {"file": (path.name, path.read_bytes(), "application/pdf")}
    sent = client.post(f"{API}/{batch}/papers", files=files, headers={"Idempotency-Key": path.name})
    assert sent.status_code == 201, sent.text
    return sent.json()


def started(client: TestClient, path: Path, **order: Any) -> tuple[str, dict[str, Any]]:
    batch, paper = opened(client, path, **order)
    told = client.post(f"{API}/{batch}/start", json={"seen": {paper["id"]: paper["sha256"]}})
    assert (told.status_code, told.json()["state"]) == (202, "desk"), told.text
    return batch, paper


def prepare(client: TestClient, batch: str, paper: dict[str, Any], device: Device, **more: Any):
    body = {"certificate": device.pem, "sha256": paper["sha256"], **more}
    return client.post(f"{API}/{batch}/papers/{paper['id']}/prepare", json=body)


def prepared(client: TestClient, batch: str, paper: dict[str, Any], device: Device) -> dict[str, Any]:
    answer = prepare(client, batch, paper, device)
    assert answer.status_code == 201, answer.text
    return answer.json()


def value(device: Device, told: dict[str, Any]) -> str:
    return b64encode(device.sign(b64decode(told["digest"]), told["digest_algorithm"])).decode()


def finish(client: TestClient, batch: str, told: dict[str, Any], signature: str, **headers: str):
    address = f"{API}/{batch}/prepared/{told['id']}/finish"
    return client.post(address, json={"signature": signature}, headers=headers)


def drafts(house: House) -> list[str]:
    return [name for name, _ in house.tools.desk.staging.names("prepared/")]


def signed_once(house: House, paper: dict[str, Any]) -> None:
    mine = house.seeded.accounts["official"]
    assert house.events("paper-signed") == [(mine, paper["id"], "done")]
    assert drafts(house) == []


@pytest.mark.parametrize(
    ("key", "algorithm", "digest", "level"),
    [
        ("ba-man", "rsassa-pkcs1-v1_5", "sha256", "PAdES-BASELINE-T"),
        ("ba-man-ec", "ecdsa", "sha384", "PAdES-BASELINE-LTA"),
    ],
)
def test_a_device_signs_what_was_seen(
    house: House,
    official: TestClient,
    desks: Desks,
    tmp_path: Path,
    key: str,
    algorithm: str,
    digest: str,
    level: str,
) -> None:
    batch, paper = opened(official, a_paper(tmp_path / "qd.pdf", Paper()), key, level=level, visible={})
    place = official.get(f"{API}/{batch}/papers/{paper['id']}/place").json()
    assert (place["how"], place["sha256"]) == (
        "signature-block" if key == "ba-man" else "nothing",
        paper["sha256"],
    )
    official.post(f"{API}/{batch}/start")
    device = desks.devices[key]
    told = prepared(official, batch, paper, device)
    assert (told["signature_algorithm"], told["digest_algorithm"], told["level"]) == (
        algorithm,
        digest,
        level,
    )
    done = finish(official, batch, told, value(device, told))
    assert (done.status_code, done.json()["state"]) == (200, "signed"), done.text
    made = done.json()["signature"]
    assert made["certificate_sha256"] == device.certificate.sha256.hex() and made["level"] == level
    out = tmp_path / "signed.pdf"
    out.write_bytes(official.get(f"{API}/{batch}/papers/{paper['id']}/pdf").content)
    verdict = verify_pdf(out, [desks.folder / "roots.pem"])
    assert verdict.sha256 == made["sha256"]
    assert all(one.intact for one in verdict.signatures)
    # a B-T file carries no revocation data, which a stranger would fetch
    assert (verdict.verdict is Answer.VALID) == level.endswith("LTA")
    assert out.read_bytes().startswith((tmp_path / "qd.pdf").read_bytes())
    assert official.get(f"{API}/{batch}").json()["state"] == "finished"
    signed_once(house, paper)
    again = finish(official, batch, told, value(device, told))
    assert (again.status_code, again.json()["code"]) == (409, "prepared-used")
    twice = prepare(official, batch, paper, device)
    assert (twice.status_code, twice.json()["code"]) == (409, "paper-signed")
    signed_once(house, paper)


def test_the_clerks_device_seals_what_the_official_signed(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    clerk, seal, device = house.client("clerk"), desks.devices["dau-tai-ban"], desks.devices["ba-man"]
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    told = prepared(official, batch, paper, device)
    finish(official, batch, told, value(device, told))
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(official.get(f"{API}/{batch}/papers/{paper['id']}/pdf").content)
    batch, paper = started(
        clerk, a_pdf(tmp_path / "raw.pdf", words="Chua ky"), key="dau-tai-ban", profile="seal"
    )
    early = prepare(clerk, batch, paper, seal)
    assert (early.status_code, early.json()["code"]) == (409, "order-seal-without-official")
    told_of = clerk.get(f"{API}/{batch}/papers").json()[0]
    assert (told_of["state"], told_of["code"]) == ("waiting", "order-seal-without-official") and told_of[
        "tell"
    ]
    batch, paper = started(clerk, signed, key="dau-tai-ban", profile="seal")
    told = prepared(clerk, batch, paper, seal)
    assert finish(clerk, batch, told, value(seal, told)).json()["state"] == "signed"


def test_what_a_device_may_not_bring(official: TestClient, desks: Desks, tmp_path: Path) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device, other = desks.devices["ba-man"], desks.devices["nguoi-khac"]
    for more, status, code in (
        ({"sha256": "0" * 64}, 409, "revision-changed"),
        ({"sha256": "khong"}, 422, "invalid-input"),
        ({"certificate": "???"}, 422, "certificate-unreadable"),
        ({"certificate": b64encode(b"\x30\x03\x02\x01\x00").decode()}, 422, "certificate-unreadable"),
        ({"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END"}, 422, "certificate-unreadable"),
        ({"certificate": other.pem}, 409, "certificate-other"),
        ({"certificate": desks.devices["stranger"].pem}, 409, "certificate-other"),
        ({"chain": ["rác"]}, 422, "certificate-unreadable"),
        ({"chain": ["x"] * 11}, 422, "invalid-input"),
        ({"certificate": "x" * 100_001}, 422, "invalid-input"),
        ({"extra": 1}, 422, "invalid-input"),
    ):
        refused = prepare(official, batch, paper, device, **more)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
        assert refused.json()["title"] and refused.json()["detail"]
    body = {"certificate": b64encode(device.certificate.dump()).decode(), "chain": [other.pem]}
    assert (
        prepare(official, batch, paper, device, **body).status_code == 201
    )  # DER will do, and a chain too many


def test_a_wrong_value_changes_nothing_and_the_right_one_still_counts(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    told = prepared(official, batch, paper, device)
    good = value(device, told)
    for signature, status, code in (
        (value(desks.devices["nguoi-khac"], told), 409, "signature-wrong"),
        (b64encode(bytes(256)).decode(), 409, "signature-wrong"),
        (good[:-8] + "AAAAAA==", 409, "signature-wrong"),
        ("không phải base64", 422, "signature-unreadable"),
        ("", 422, "invalid-input"),
        ("A" * 9000, 422, "invalid-input"),
    ):
        refused = finish(official, batch, told, signature)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert house.events("paper-signed") == []
    assert {outcome for _, _, outcome in house.events("paper-not-signed")} == {"signature-wrong"}
    assert finish(official, batch, told, good).json()["state"] == "signed"


def test_of_several_finishes_at_once_one_wins(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    told = prepared(official, batch, paper, device)
    good = value(device, told)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: finish(house.client("official"), batch, told, good), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    lost = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert lost <= {"signing-busy", "prepared-used", "paper-signed"}
    signed_once(house, paper)
    signed = list(house.tools.blobs.keys("signed/"))
    assert len(signed) == 1


def test_the_same_key_again_is_the_same_answer(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    address = f"{API}/{batch}/papers/{paper['id']}/prepare"
    body = {"certificate": device.pem, "sha256": paper["sha256"]}
    asked = [official.post(address, json=body, headers={"Idempotency-Key": "p1"}) for _ in range(2)]
    told = asked[0].json()
    assert (asked[1].status_code, asked[1].json()) == (201, told)
    assert asked[1].headers["Idempotency-Replayed"] == "true"
    key = {"Idempotency-Key": "f1"}
    first = finish(official, batch, told, value(device, told), **key)
    again = finish(official, batch, told, value(device, told), **key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    signed_once(house, paper)


def test_prepared_in_two_browsers_the_newest_counts(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_paper(tmp_path / "qd.pdf", Paper()))
    device = desks.devices["ba-man"]
    first, second = prepared(official, batch, paper, device), prepared(official, batch, paper, device)
    assert drafts(house) == [draft_name(second["id"])]
    old = finish(official, batch, first, value(device, first))
    assert (old.status_code, old.json()["code"]) == (409, "prepared-void")
    place = {"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.6, "y1": 0.4}
    official.put(f"{API}/{batch}/papers/{paper['id']}/place", json=place)
    moved = finish(official, batch, second, value(device, second))
    assert (moved.status_code, moved.json()["code"]) == (409, "prepared-void")
    third = prepared(official, batch, paper, device)
    assert finish(official, batch, third, value(device, third)).json()["state"] == "signed"
    signed_once(house, paper)


def test_after_a_cancel_nothing_is_signed(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    told = prepared(official, batch, paper, device)
    assert official.post(f"{API}/{batch}/cancel").json()["state"] == "cancelled"
    late = finish(official, batch, told, value(device, told))
    assert (late.status_code, late.json()["code"]) == (409, "paper-at-end")
    assert prepare(official, batch, paper, device).json()["code"] == "paper-at-end"
    assert house.events("paper-signed") == []


def test_a_cancel_while_the_value_is_being_proven_wins(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device, real = desks.devices["ba-man"], house.tools.desk.finish

    def cancelled_meanwhile(*args: Any) -> Any:
        sealed = real(*args)
        assert house.client("official").post(f"{API}/{batch}/cancel").status_code == 202
        return sealed

    tools = replace(house.tools, desk=replace(house.tools.desk, finish=cancelled_meanwhile))
    client = House(create_app(tools), tools, house.seeded).client("official")
    told = prepared(client, batch, paper, device)
    late = finish(client, batch, told, value(device, told))
    assert (late.status_code, late.json()["code"]) == (409, "paper-at-end")
    assert house.events("paper-signed") == []
    assert official.get(f"{API}/{batch}/papers").json()[0]["state"] == "cancelled"


def test_fifteen_minutes_and_then_it_is_swept(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    told = prepared(official, batch, paper, device)
    sweep = DeskSweep(house.tools.work, house.tools.desk.staging, house.tools.clock, every=0)
    assert sweep() == 0 and len(drafts(house)) == 1
    now = house.tools.clock.now()
    _expire(house, told["id"], now - timedelta(seconds=1))
    late = finish(official, batch, told, value(device, told))
    assert (late.status_code, late.json()["code"]) == (409, "prepared-expired")
    draft = house.tools.data_dir / "blobs" / ".staging" / draft_name(told["id"])
    os.utime(draft, (time.time() - 3600,) * 2)
    _expire(house, told["id"], now - timedelta(days=2))
    assert sweep() == 2
    assert drafts(house) == []
    assert finish(official, batch, told, value(device, told)).status_code == 404
    told = prepared(official, batch, paper, device)
    assert finish(official, batch, told, value(device, told)).json()["state"] == "signed"


def _expire(house: House, prepared_id: str, moment: Any) -> None:
    mine = prepared_signatures.c.id == prepared_id
    with house.tools.work.tables.writing() as connection:
        connection.execute(update(prepared_signatures).where(mine).values(expires_at=moment))


def test_what_waits_and_was_changed_is_not_signed(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    told = prepared(official, batch, paper, device)
    good = value(device, told)
    draft = house.tools.data_dir / "blobs" / ".staging" / draft_name(told["id"])
    whole = draft.read_bytes()
    draft.chmod(0o600)
    draft.write_bytes(whole.replace(b"300 400", b"300 401", 1))
    assert finish(official, batch, told, good).status_code == 500
    draft.write_bytes(whole)
    mine = prepared_signatures.c.id == told["id"]
    with house.tools.work.tables.writing() as connection:
        connection.execute(update(prepared_signatures).where(mine).values(record="{}"))
    changed = finish(official, batch, told, good)
    assert (changed.status_code, changed.json()["code"]) == (409, "prepared-tampered")
    assert house.events("paper-signed") == []


def test_a_silent_time_authority_is_waited_for(house: House, desks: Desks, tmp_path: Path) -> None:
    device, real, silent = desks.devices["ba-man"], house.tools.desk.finish, [True]

    def moody(*args: Any) -> Any:
        if silent:
            raise Away("nobody", code="time-stamp-away", tell="Chờ dấu thời gian.")
        return real(*args)

    tools = replace(house.tools, desk=replace(house.tools.desk, finish=moody))
    client = House(create_app(tools), tools, house.seeded).client("official")
    batch, paper = started(client, a_pdf(tmp_path / "qd.pdf"))
    told = prepared(client, batch, paper, device)
    waits = finish(client, batch, told, value(device, told))
    assert (waits.status_code, waits.json()["code"]) == (503, "time-stamp-away") and waits.headers[
        "retry-after"
    ]
    assert client.get(f"{API}/{batch}/papers").json()[0]["code"] == "time-stamp-away"
    silent.clear()
    done = finish(client, batch, told, value(device, told)).json()
    assert (done["state"], done["code"]) == ("signed", "")


@pytest.mark.parametrize("point", ["desk-signed", "desk-stored"])
def test_a_crash_in_the_middle_signs_nothing_and_the_value_may_be_sent_again(
    house: House,
    official: TestClient,
    desks: Desks,
    tmp_path: Path,
    point: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    told = prepared(official, batch, paper, device)
    good = value(device, told)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "crashpoint", die)
        with pytest.raises(Killed):
            finish_paper(house.tools.desk, told["id"], b64decode(good), "dead")
    assert finish(official, batch, told, good).json()["code"] == "signing-busy"
    with house.tools.work.begin() as tx:
        tx.leases.give_back(f"desk:{paper['id']}", "dead")  # as after five minutes
    assert finish(official, batch, told, good).json()["state"] == "signed"
    signed_once(house, paper)


def test_a_crash_before_the_row_leaves_a_draft_that_is_swept(
    house: House, official: TestClient, desks: Desks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(_: str) -> None:
        raise Killed

    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device = desks.devices["ba-man"]
    with monkeypatch.context() as patch:
        patch.setattr(steps, "crashpoint", die)
        with pytest.raises(Killed):
            prepare_paper(house.tools.desk, paper["id"], paper["sha256"], Brought(device.certificate.dump()))
    (lost,) = drafts(house)
    os.utime(house.tools.data_dir / "blobs" / ".staging" / lost, (time.time() - 3600,) * 2)
    told = prepared(official, batch, paper, device)
    assert DeskSweep(house.tools.work, house.tools.desk.staging, house.tools.clock, every=0)() == 1
    assert finish(official, batch, told, value(device, told)).json()["state"] == "signed"
    signed_once(house, paper)


def test_each_key_is_signed_with_where_it_is(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    """The engine leaves a batch at a desk alone, and no device gets at a batch of the server's key."""
    device = desks.devices["ba-man"]
    batch, paper = opened(official, a_pdf(tmp_path / "qd.pdf"))
    early = prepare(official, batch, paper, device)
    assert (early.status_code, early.json()["code"]) == (409, "batch-not-at-desk")
    official.post(f"{API}/{batch}/start")
    tools = SignTools(house.tools.work, house.tools.blobs, house.tools.clock, _never, tmp_path / "work")
    assert sign_paper(tools, paper["id"]) is None
    with house.tools.work.reading() as tx:
        assert tx.signings.unfinished() == []
    clerk = house.client("clerk")
    batch, paper = opened(clerk, a_pdf(tmp_path / "x.pdf", words="Sao"), "con-dau", profile="copy")
    assert clerk.post(f"{API}/{batch}/start").json()["state"] == "running"
    refused = prepare(clerk, batch, paper, desks.devices["dau-tai-ban"])
    assert (refused.status_code, refused.json()["code"]) == (409, "key-not-at-desk")
    keys = {k["name"]: k["at_desk"] for k in clerk.get("/api/v1/signing-keys").json()}
    assert keys == {"con-dau": False, "dau-tai-ban": True}


def _never(*args: object) -> Any:
    raise AssertionError("the engine signed")


def test_the_same_bytes_are_signed_once_for_all_batches(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    path, device = a_pdf(tmp_path / "qd.pdf"), desks.devices["ba-man"]
    batch, paper = started(official, path)
    told = prepared(official, batch, paper, device)
    made = finish(official, batch, told, value(device, told)).json()["signature"]
    batch, paper = started(official, path)
    again = prepare(official, batch, paper, device)
    assert (again.status_code, again.json()["code"]) == (409, "paper-signed")
    (second,) = official.get(f"{API}/{batch}/papers").json()
    assert (second["state"], second["signature"]) == ("signed", made)
    assert official.get(f"{API}/{batch}").json()["state"] == "finished"


def test_another_persons_paper_looks_absent_and_a_lost_role_ends_it(
    house: House, official: TestClient, desks: Desks, tmp_path: Path
) -> None:
    batch, paper = started(official, a_pdf(tmp_path / "qd.pdf"))
    device, clerk = desks.devices["ba-man"], house.client("clerk")
    told = prepared(official, batch, paper, device)
    good = value(device, told)
    mine = clerk.post(API, json={"profile": "copy", "key": "con-dau"}).json()["id"]
    for own in (batch, mine):  # also through a batch of one's own
        for answer in (
            clerk.get(f"{API}/{own}/papers/{paper['id']}/place"),
            clerk.get(f"{API}/{own}/papers/{paper['id']}/pages/1.png"),
            clerk.delete(f"{API}/{own}/papers/{paper['id']}/place"),
            finish(clerk, own, told, good),
        ):
            assert answer.status_code == 404
    assert prepare(clerk, batch, paper, device).status_code == 404
    account = house.seeded.accounts["official"]
    with house.tools.work.begin() as tx:
        tx.accounts.set_roles(account, (Role.CLERK,))
    refused = finish(official, batch, told, good)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert house.events("paper-signed") == []
