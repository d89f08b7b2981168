"""A key at a remote signing service: signed as with any other, and every trouble fails closed and says what it is."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from records.errors import ArchiveFault, Away
from signing import remote
from signing.key_table import TABLE
from signing.keys import load_keys
from signing.seal import SigningService
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.office import certified_curve
from tests.cases.sealing import World, a_pdf, at_home, certified
from tests.tools.csc_server import CREDENTIAL, PIN, TOKEN, Service, serve
from tests.tools.soft_token import pem

pytestmark = pytest.mark.joined


@dataclass(frozen=True)
class House:
    """Our side: a folder of keys whose archive key is at the service."""

    world: World
    remote: Service
    here: Path

    @property
    def pin(self) -> Path:
        return self.world.folder / "pin"

    def service(self, url: str = "") -> SigningService:
        """As another process would have it: everything read from the files."""
        (self.world.folder / TABLE).write_text(
            f"""
[[key]]
name = "archive"
role = "archive"
csc_url = "{url or self.remote.url}/"
csc_credential = "{CREDENTIAL}"
pin_file = "pin"
oauth_token_file = "token"
certificate = "remote.pem"
""",
            encoding="utf-8",
        )
        ring = load_keys(self.world.folder)
        return SigningService(ring, self.world.tsa, self.world.clock, self.world.roots)

    def seal(self, url: str = "") -> Path:
        self.service(url).seal(a_pdf(self.here / "in.pdf"), self.here / "out.pdf")
        return self.here / "out.pdf"

    def refuses(self, code: str, url: str = "") -> ArchiveFault:
        with pytest.raises(ArchiveFault) as fault:
            self.seal(url)
        assert fault.value.code == code
        assert fault.value.tell
        assert [p.name for p in self.here.iterdir()] == ["in.pdf"]
        return fault.value


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return at_home(tmp_path_factory.mktemp("remote-world") / "keys")


@pytest.fixture
def house(own_world: World, tmp_path: Path) -> Iterator[House]:
    key, certificate = certified(own_world.folder, "Sở Nội vụ")
    (own_world.folder / "remote.pem").write_bytes(pem(certificate))
    (own_world.folder / "pin").write_text(PIN + "\n", encoding="utf-8")
    (own_world.folder / "token").write_text(TOKEN + "\n")
    (tmp_path / "here").mkdir()
    with serve(Service(key, certificate)) as service:
        yield House(own_world, service, tmp_path / "here")


def test_a_paper_sealed_at_the_service(house: House) -> None:
    verdict = verify_pdf(house.seal(), house.world.roots)
    assert (verdict.verdict, verdict.level) == (Answer.VALID, "PAdES-BASELINE-LTA")
    assert [call for call, _ in house.remote.asked] == [
        "credentials/info",
        "credentials/authorize",
        "signatures/signHash",
    ]
    ((_, approval), (_, signing)) = house.remote.asked[1:]
    assert approval["hash"] == signing["hash"]  # the approval is for this paper and no other


def test_a_key_on_a_curve(house: House) -> None:
    key, certificate = certified_curve(house.world, "Sở Nội vụ", ec.SECP256R1())
    (house.world.folder / "remote.pem").write_bytes(pem(certificate))
    house.remote.key, house.remote.certificate = key, certificate
    assert verify_pdf(house.seal(), house.world.roots).verdict is Answer.VALID


def test_a_wrong_pin_is_sent_once_and_never_told(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house.pin.write_text("1111-sai")
    first = house.refuses("pin-wrong")
    second = house.refuses("pin-wrong")
    assert house.remote.calls("credentials/authorize") == 1
    assert house.remote.tries == 2
    house.pin.write_text(PIN)
    os.utime(house.pin, ns=(1, 1))
    house.seal()
    told = caplog.text + repr(first) + repr(second) + repr(first.__cause__) + repr(house.service().keys)
    for secret in ("1111-sai", PIN, TOKEN, *(str(w.get("SAD")) for c, w in house.remote.asked if "SAD" in w)):
        assert secret not in told


def test_an_approval_that_ran_out(house: House) -> None:
    house.remote.sad_seconds = -1
    assert isinstance(house.refuses("remote-sad-expired"), Away)
    house.remote.sad_seconds = 300
    house.seal()


def test_a_wrong_access_token(house: House) -> None:
    (house.world.folder / "token").write_text("old")
    house.refuses("remote-refused")
    (house.world.folder / "token").unlink()
    house.refuses("pin-unreadable")


def test_down_silent_and_nonsense(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(house.refuses("remote-away", "http://127.0.0.1:9"), Away)
    house.remote.broken = True
    assert isinstance(house.refuses("remote-away"), Away)
    house.remote.broken = False
    monkeypatch.setattr(remote, "_SECONDS", 0.3)
    house.remote.silent = 1.0
    assert isinstance(house.refuses("remote-away"), Away)
    house.remote.silent = 0.0
    monkeypatch.undo()
    house.seal()


def test_a_redirect_gets_no_pin(house: House) -> None:
    other = Service(house.remote.key, house.remote.certificate)
    with serve(other):
        house.remote.redirect = other.url
        house.refuses("remote-redirect")
        assert other.asked == []


def test_another_certificate_a_disabled_key_a_wrong_signature(house: House) -> None:
    _, strange = certified(house.world.folder, "Cơ quan khác")
    good, house.remote.certificate = house.remote.certificate, strange
    house.refuses("remote-key-mismatch")
    assert house.remote.calls("credentials/authorize") == 0
    house.remote.certificate, house.remote.status = good, "disabled"
    house.refuses("remote-key-disabled")
    house.remote.status, house.remote.flip = "enabled", True
    house.refuses("remote-key-mismatch")


def test_the_table_lets_no_pin_travel_in_the_clear(house: House) -> None:
    for url in (
        "http://ky-so.example",
        "ftp://127.0.0.1",
        "https://me@ky-so.example",
        "https://ky-so.example/?a=1",
    ):
        with pytest.raises(ArchiveFault, match="csc_url must be https") as fault:
            house.service(url)
        assert fault.value.code == "keys-table"
    house.service("https://ky-so.example/api")


def test_a_key_at_a_desk_is_known_but_not_used_here(house: House, tmp_path: Path) -> None:
    house.service()
    table = house.world.folder / TABLE
    table.write_text(
        table.read_text(encoding="utf-8")
        + '[[key]]\nname = "chu-tich"\nrole = "official"\nholder = "nguyen.van.a"\ncertificate = "remote.pem"\n',
        encoding="utf-8",
    )
    ring = load_keys(house.world.folder)
    service = SigningService(ring, house.world.tsa, house.world.clock, house.world.roots)
    with pytest.raises(ArchiveFault) as fault:
        service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "o.pdf", "official")
    assert fault.value.code == "key-at-desk"
    assert not (tmp_path / "o.pdf").exists()
    assert ring.get("chu-tich").holder == "nguyen.van.a"
