"""A secretary's batch from hand-over to signed letters, through the door and the engine of one machine."""

import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.desk_keys import fit_desks
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import a_pdf
from tests.walk.conftest import Vanthu


@dataclass
class Served:
    """A running house and one person in front of it."""

    house: Vanthu
    process: "subprocess.Popen[str]"
    url: str

    def client(self, login: str) -> httpx.Client:
        token = self.house("token", "create", "--user", login).out.strip().splitlines()[-1].strip()
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(timeout=60)


def serve(house: Vanthu) -> Served:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # a line a request: who asks often while the house is slow would fill a pipe, and the house would stand still
    log = house.data.parent / "serve.log"
    served = Served(house, house.start("serve", "--port", port, log=log), f"http://127.0.0.1:{port}")
    until = time.monotonic() + 90
    with httpx.Client(verify=False, timeout=2) as looks:
        while time.monotonic() < until:
            assert served.process.poll() is None, log.read_text()
            try:
                if looks.get(f"{served.url}/health/live").status_code == 200:
                    return served
            except httpx.TransportError:
                time.sleep(0.2)
    pytest.fail("the house never answered")


@pytest.fixture
def served(vanthu: Vanthu) -> Iterator[Served]:
    running = serve(vanthu)
    yield running
    running.stop()


def hand_in(client: httpx.Client, profile: str, papers: list[Path], **more: Any) -> str:
    opened = client.post("/signing-batches", json={"profile": profile, "title": "Đợt thử", **more})
    assert opened.status_code == 201, opened.text
    batch = opened.json()["id"]
    for number, path in enumerate(papers):
        sent = client.post(
            f"/signing-batches/{batch}/papers",
            files={"file": (path.name, path.read_bytes(), "application/pdf")},
            headers={"Idempotency-Key": f"k{number}"},
        )
        assert sent.status_code == 201, sent.text
    return batch


def begin(client: httpx.Client, batch: str) -> str:
    assert client.post(f"/signing-batches/{batch}/start").status_code == 202
    return batch


def until_state(client: httpx.Client, batch: str, *states: str, seconds: float = 120) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told = client.get(f"/signing-batches/{batch}").json()
        if told["state"] in states:
            return told
        time.sleep(0.2)
    pytest.fail(f"still {told}")


def vanthu_rows(house: Vanthu) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(house.data / "vanthu.db")) as rows:
        return rows.execute("SELECT action, object FROM audit").fetchall()


def papers_of(folder: Path, count: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [a_pdf(folder / f"qd-{number}.pdf", words=f"Quyet dinh {number}") for number in range(count)]


def fetch_all(client: httpx.Client, batch: str, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    made = []
    for paper in client.get(f"/signing-batches/{batch}/papers", params={"limit": 100}).json():
        assert paper["state"] == "signed", paper
        answer = client.get(f"/signing-batches/{batch}/papers/{paper['id']}/pdf")
        made.append(folder / paper["name"])
        made[-1].write_bytes(answer.content)
    return made


def test_an_official_signs_then_the_clerk_seals(served: Served, tmp_path: Path) -> None:
    official, clerk = served.client("lanhdao"), served.client("vanthu")
    first = begin(official, hand_in(official, "official", papers_of(tmp_path / "papers", 5)))
    assert until_state(official, first, "finished")["papers"] == {
        "waiting": 0, "signed": 5, "refused": 0, "cancelled": 0,
    }  # fmt: skip
    signed = fetch_all(official, first, tmp_path / "signed")
    # one that nobody signed is refused alone, the others are sealed
    second = begin(clerk, hand_in(clerk, "seal", [*signed, a_pdf(tmp_path / "unsigned.pdf")]))
    told = until_state(clerk, second, "finished")
    assert (told["papers"]["signed"], told["papers"]["refused"]) == (5, 1)
    (refused,) = clerk.get(f"/signing-batches/{second}/papers", params={"state": "refused"}).json()
    assert (refused["name"], refused["code"]) == ("unsigned.pdf", "order-seal-without-official")
    assert "trình ký" in refused["tell"]
    roots = [served.house.data / "keys" / "roots.pem"]
    for paper in clerk.get(f"/signing-batches/{second}/papers", params={"state": "signed"}).json():
        pdf = clerk.get(f"/signing-batches/{second}/papers/{paper['id']}/pdf").content
        path = tmp_path / f"sealed-{paper['name']}"
        path.write_bytes(pdf)
        verdict = verify_pdf(path, roots)
        assert (verdict.verdict, verdict.level) == (Answer.VALID, "PAdES-BASELINE-LTA")
        assert paper["signature"]["certificate_serial"] and paper["signature"]["time_stamp_serial"]
    report = clerk.post("/verify/html", files={"file": ("a.pdf", path.read_bytes(), "application/pdf")})
    assert report.status_code == 200 and "HỢP LỆ" in report.text
    printed = clerk.post("/verify/pdf", files={"file": ("a.pdf", path.read_bytes(), "application/pdf")})
    assert printed.content.startswith(b"%PDF-")
    etsi = clerk.post("/verify/etsi", files={"file": ("a.pdf", path.read_bytes(), "application/pdf")})
    assert etsi.status_code == 200 and b"total-passed" in etsi.content
    assert served.house("audit", "verify").code == 0


def test_keys_that_go_away_half_way_and_come_back(served: Served, tmp_path: Path) -> None:
    clerk = served.client("vanthu")
    keys = served.house.data / "keys"
    away = tmp_path / "drawer"
    batch = hand_in(clerk, "copy", papers_of(tmp_path / "papers", 3))
    keys.rename(away)  # the signing child has not opened them yet
    begin(clerk, batch)
    held = until_state(clerk, batch, "held")
    assert held["papers"]["signed"] == 0 and held["message"]
    shutil.copytree(away, keys)
    assert until_state(clerk, batch, "finished")["papers"]["signed"] == 3


def test_killed_in_the_middle_it_goes_on_and_signs_each_once(vanthu: Vanthu, tmp_path: Path) -> None:
    running = serve(vanthu)
    try:
        client = running.client("vanthu")
        batch = begin(client, hand_in(client, "copy", papers_of(tmp_path / "papers", 30)))
        until = time.monotonic() + 90
        while not 3 <= client.get(f"/signing-batches/{batch}").json()["papers"]["signed"] < 30:
            assert time.monotonic() < until
            time.sleep(0.05)
        running.stop(signal.SIGKILL)
        running = serve(vanthu)
        client = running.client("vanthu")
        assert until_state(client, batch, "finished", seconds=180)["papers"]["signed"] == 30
        made = fetch_all(client, batch, tmp_path / "made")
        assert len({path.read_bytes() for path in made}) == 30
        assert verify_pdf(made[0], [vanthu.data / "keys" / "roots.pem"]).verdict is Answer.VALID
        events = [row for row in vanthu_rows(vanthu) if row[0] == "paper-signed"]
        assert len(events) == len({row[1] for row in events}) == 30
    finally:
        running.stop()


@pytest.mark.long
def test_a_device_at_the_desk_signs_across_a_killed_house(vanthu: Vanthu, tmp_path: Path) -> None:
    """Seen, prepared, the house killed, finished by the next one: the real children and nothing in memory between."""
    keys = vanthu.data / "keys"
    device = fit_desks(keys, "lanhdao")["ba-man"]
    running = serve(vanthu)
    try:
        client = running.client("lanhdao")
        path = a_paper(tmp_path / "qd.pdf", Paper())
        one = client.post(
            "/signatures",
            files={"file": (path.name, path.read_bytes(), "application/pdf")},
            data={"profile": "official", "key": "ba-man", "level": "PAdES-BASELINE-LTA"},
            headers={"Idempotency-Key": "k"},
        ).json()
        batch, paper = one["batch"], one["paper"]
        assert batch["state"] == "desk"
        at = f"/signing-batches/{batch['id']}"
        place = client.get(f"{at}/papers/{paper['id']}/place").json()
        assert place["how"] == "signature-block"
        page = client.get(f"{at}/papers/{paper['id']}/pages/1.png", params={"with_mark": True})
        assert page.status_code == 200 and page.content.startswith(b"\x89PNG")
        prepared = client.post(
            f"{at}/papers/{paper['id']}/prepare", json={"certificate": device.pem, "sha256": paper["sha256"]}
        ).json()
        running.stop(signal.SIGKILL)
        running = serve(vanthu)
        client = running.client("lanhdao")
        value = device.sign(b64decode(prepared["digest"]), prepared["digest_algorithm"])
        done = client.post(
            f"{at}/prepared/{prepared['id']}/finish", json={"signature": b64encode(value).decode()}
        )
        assert (done.status_code, done.json()["state"]) == (200, "signed"), done.text
        out = tmp_path / "signed.pdf"
        out.write_bytes(client.get(f"{at}/papers/{paper['id']}/pdf").content)
        assert verify_pdf(out, [keys / "roots.pem"]).verdict is Answer.VALID
        assert client.get(at).json()["state"] == "finished"
        events = [row for row in vanthu_rows(vanthu) if row[0] == "paper-signed"]
        assert events == [("paper-signed", paper["id"])]
    finally:
        running.stop()
