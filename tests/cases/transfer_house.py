"""The made-up Party town in a running house: each person with an own key, each body with an own seal, over HTTP."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509 import load_der_x509_certificate

from boot.house import open_house
from boot.settings import load_settings
from procedures.number_periods import begin_term
from records.access import Role
from records.acting import PostRole
from records.clock import VIETNAM, SystemClock
from records.days import Span
from records.membership import MembershipKind
from signing import demo_pki
from signing.keys import load_p12
from tests.cases import stamps
from tests.cases.case_town import ARRIVAL, AWAY, HOME, POSTS, SENDING
from tests.cases.party import ALWAYS, SINCE, Party, person
from tests.cases.procedure_world import TEMPORARY_FORM, TRANSFER_FORM
from tests.cases.sealing import certified

TERM = date(2025, 8, 1)
SEALED = ("base", "ward", "ward2", "far")
OFFICIALS = (PostRole.SECRETARY,)
PASSWORD = "mật khẩu chỉ để thử"
NAMES = (
    "Phạm Văn Đỗ", "Hồ Thị Ngọc Ẩn", "Lê Quang Huy", "Đặng Thị Mỹ Hạnh", "Vũ Đức Trọng", "Ngô Thị Thủy",
    "Bùi Xuân Phú", "Đỗ Thị Yến", "Trịnh Công Lý", "Mai Thị Sương",
)  # fmt: skip


def login_of(who: str) -> str:
    """`secretary@ward` as a log-in."""
    return who.replace("@", ".")


@dataclass
class TransferHouse:
    """A data folder with the town in it; `people` are tokens by `role@unit` and, of members, by log-in."""

    data: Path
    people: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    @property
    def roots(self) -> list[Path]:
        """Whom the house's own authority is."""
        return [self.data / "keys" / demo_pki.ROOTS]

    def enter(self) -> "TransferHouse":
        """Write the table of keys and put the town into the books."""
        rows = ['default = "luu-tru"', self._row("luu-tru", "archive", "", demo_pki.SEAL)]
        whos = [f"{role}@{unit}" for unit, role in POSTS]
        names = dict(zip(whos, NAMES, strict=False))
        for who in whos:
            role, _, unit = who.partition("@")
            if role in OFFICIALS:
                key = f"ky-{login_of(who)}"
                rows.append(self._key(key, "official", names[who], login_of(who), stamps.signature_png()))
        rows.append(self._expired("het-han", NAMES[1], "secretary.base"))
        for unit in SEALED:
            rows.append(self._key(f"dau-{unit}", "seal", f"Con dấu {unit}", "", stamps.seal_png(), unit))
        (self.data / "keys" / "keys.toml").write_text("\n".join(rows), encoding="utf-8")
        with open_house(load_settings(self.data)) as house:
            Party(house.work)
            with house.work.begin() as tx:
                for unit, name in (("ward", "Phường Sen"), ("ward2", "Phường Lúa")):
                    tx.units.change(unit, replace(tx.units.get(unit, SINCE).facts, short_name=name), TERM)
                for unit in ("ward", "ward2", "base"):
                    begin_term(tx, "system:test", unit, "Nhiệm kỳ 2025–2030", TERM)
                for (unit, role), name in zip(POSTS, NAMES, strict=False):
                    who = f"{role}@{unit}"
                    signs = {PostRole.SECRETARY: Role.OFFICIAL, PostRole.CLERK: Role.CLERK}.get(role)
                    self._account(tx, who, name, {Role.READER, *([signs] if signs else [])})
                    tx.posts.appoint(unit, self.accounts[who], role, ALWAYS, "BÍ THƯ")
        return self

    def newcomer(self) -> str:
        """Put one more member into the sending branch; return their log-in."""
        with open_house(load_settings(self.data)) as house, house.work.begin() as tx:
            who = f"lan{len(self.members)}"
            self._account(tx, who, "Trần Thị Lan", {Role.READER})
            about = person(len(self.members) + 1, full_name="Trần Thị Lan", birth_date=date(1985, 3, 8))
            self.members[who] = tx.members.add(about, self.accounts[who])
            tx.memberships.join(
                self.members[who], "branch", MembershipKind.OFFICIAL, Span(SINCE), cause="kết nạp", source="",
                by="thử",
            )  # fmt: skip
        return who

    def _expired(self, name: str, common: str, holder: str) -> str:
        """A key whose certificate ended years ago, of somebody who has a good one as well."""
        keys = self.data / "keys"
        root, root_key = load_p12(keys, demo_pki.ROOT)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        then, subject = datetime(2018, 1, 1, tzinfo=UTC), demo_pki._name(common, f"DEMO – {common}")
        made = demo_pki._certificate(subject, key, root.subject, root_key, then, 2, demo_pki._as_seal)
        self.write_p12(name, key, made.public_bytes(Encoding.DER))
        return self._row(name, "official", holder, f"{name}.p12")

    def _account(self, tx: Any, who: str, name: str, roles: set[Role]) -> None:
        account = tx.accounts.add(login_of(who), name, PASSWORD, roles)
        self.accounts[who] = account.id
        self.people[who] = tx.tokens.create(account.id, "test")

    def _key(self, name: str, role: str, person: str, holder: str, picture: bytes, unit: str = "") -> str:
        keys = self.data / "keys"
        key, certificate = certified(keys, person)
        self.write_p12(name, key, certificate.dump())
        (keys / f"{name}.png").write_bytes(picture)
        whose = f'\nunit = "{unit}"' if unit else ""
        return self._row(name, role, holder, f"{name}.p12") + f'\nimage = "{name}.png"{whose}'

    def write_p12(self, name: str, key: rsa.RSAPrivateKey, certificate: bytes) -> None:
        """Write a key and its certificate (DER) as the table names them."""
        keys = self.data / "keys"
        secret = (keys / demo_pki.PASSPHRASE).read_bytes().strip()
        made = pkcs12.serialize_key_and_certificates(
            name.encode(), key, load_der_x509_certificate(certificate), None, BestAvailableEncryption(secret)
        )
        (keys / f"{name}.p12").write_bytes(made)
        os.chmod(keys / f"{name}.p12", 0o600)

    def _row(self, name: str, role: str, holder: str, file: str) -> str:
        held = f'\nholder = "{holder}"' if holder else ""
        return (
            f'[[key]]\nname = "{name}"\nrole = "{role}"{held}\nfile = "{file}"\n'
            f'passphrase_file = "{demo_pki.PASSPHRASE}"'
        )


@dataclass
class Walk:
    """People of the town before a running house. A step fails the test with the house's own words."""

    town: TransferHouse
    url: str
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    member: str = ""

    def __enter__(self) -> "Walk":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients.values():
            client.close()

    def client(self, who: str) -> httpx.Client:
        """The program of this person."""
        if who not in self.clients:
            token = {"Authorization": f"Bearer {self.town.people[who]}"}
            self.clients[who] = httpx.Client(base_url=f"{self.url}/api/v1", headers=token, timeout=120)
        return self.clients[who]

    def open(self, procedure: str = "official-transfer", **values: object) -> dict[str, Any]:
        """Let one more member, `member` from now on, open a transfer of her own."""
        self.member = self.town.newcomer()
        today = SystemClock().now().astimezone(VIETNAM).date()
        official = procedure == "official-transfer"
        form = TRANSFER_FORM | {"decision_date": today.isoformat()} if official else TEMPORARY_FORM
        bodies = {body: list(units) for body, units in (SENDING if official else HOME).items()}
        body = {"procedure": procedure, "move": "open", "bodies": bodies, "values": {**form, **values}}
        return self._made(self.client(self.member).post("/cases", json=body), 201)

    def move(self, who: str, case: dict[str, Any], move: str, **parts: object) -> dict[str, Any]:
        """Make a move; one that signs is signed first with the person's key or with the seal of their body."""
        client, body = self.client(who), self.asked(case, move, parts)
        signing = self.order(who, case, move, **parts)
        if signing is not None:
            batch, paper = signing["batch"], signing["paper"]
            at = f"/signing-batches/{batch['id']}"
            self._made(client.post(f"{at}/start", json={"seen": {paper["id"]: paper["sha256"]}}), 202)
            told = self.ended(client, batch["id"])
            assert told["papers"]["signed"] == 1, client.get(f"{at}/papers").text
            body["signings"] = [paper["id"]]
        return self._made(client.post(f"/cases/{case['id']}/moves", json=body), 200)

    def order(
        self, who: str, case: dict[str, Any], move: str, key: str = "", **parts: object
    ) -> dict[str, Any] | None:
        """Order the signature that a move needs; None when it needs none. `key` "": their own, or their body's seal."""
        seen = self.client(who).get(f"/cases/{case['id']}").json()
        choice = next((one for one in seen["choices"] if one["move"] == move), None)
        assert choice is not None, (who, move, seen["state"], [one["move"] for one in seen["choices"]])
        if not choice["signs"]:
            return None
        role, _, unit = who.partition("@")
        own = f"dau-{unit}" if role == PostRole.CLERK else f"ky-{login_of(who)}"
        body = {**self.asked(case, move, parts), "key": key or own}
        return self._made(self.client(who).post(f"/cases/{case['id']}/signings", json=body), 201)

    def asked(self, case: dict[str, Any], move: str, parts: Mapping[str, object]) -> dict[str, Any]:
        """The body of a request for a move."""
        way = ARRIVAL if case["procedure"] == "official-transfer" else AWAY
        bodies = {body: list(units) for body, units in way.get(move, {}).items()}
        asked = {"move": move, "revision": case["revision"], "comment": "Đồng ý", "bodies": bodies}
        return {**asked, **parts}

    def ended(self, client: httpx.Client, batch: str, *states: str) -> dict[str, Any]:
        """Wait until a signing batch is finished, or in one of `states`."""
        until = time.monotonic() + 180
        while time.monotonic() < until:
            told: dict[str, Any] = client.get(f"/signing-batches/{batch}").json()
            if told["state"] in (states or ("finished",)):
                return told
            time.sleep(0.1)
        raise AssertionError(f"still {told}")

    def pdf(self, who: str, case: dict[str, Any], path: Path, ordinal: int = 1) -> Path:
        """Fetch the paper of the case as it stands."""
        answer = self.client(who).get(f"/cases/{case['id']}/papers/{ordinal}/pdf")
        assert answer.status_code == 200, answer.text
        path.write_bytes(answer.content)
        return path

    def _made(self, answer: httpx.Response, wanted: int) -> dict[str, Any]:
        assert answer.status_code == wanted, (answer.request.url.path, answer.text)
        told: dict[str, Any] = answer.json()
        return told
