"""Keys on a real PKCS#11 token (SoftHSM): sealed as with any other, and every trouble fails closed."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import x509
from asn1crypto.keys import PublicKeyInfo
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate
from pyhanko_certvalidator.registry import SimpleCertificateStore

from records.errors import ArchiveFault, Away, ToolMissing
from signing.key_table import TABLE, KeyRole, TokenKey
from signing.keys import KeyRing, SealKey, load_keys
from signing.mechanisms import signature_room
from signing.seal import SigningService
from signing.tokens import Token, Tokens, TokenSigner
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.office import certified_curve, certified_public
from tests.cases.sealing import World, a_pdf, at_home, certified
from tests.tools.soft_token import MODULE, PIN, SoftToken, pem

pytestmark = pytest.mark.joined
LABEL = "Con dấu UBND xã"


@dataclass(frozen=True)
class Plugged:
    """A token with one key, and what our side knows of it."""

    soft: SoftToken
    serial: str
    certificate: x509.Certificate
    notes: Path

    def where(self, **other: object) -> TokenKey:
        parts = {"module": MODULE, "label": LABEL, "serial": "", "key_id": b"\xa1", "pin": self.soft.pins}
        return TokenKey(**{"certificate": Path("-"), **parts, **other})  # type: ignore[arg-type]

    def token(self, **other: object) -> Token:
        """As another process would have it: nothing remembered but the notes."""
        return Tokens(self.notes).of(self.where(**other))

    def sign(self, token: Token | None = None, data: bytes = b"van thu") -> bytes:
        return (token or self.token()).sign(b"\xa1", self.certificate, data, "sha256")


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An authority of its own: these tests put a table beside it."""
    return at_home(tmp_path_factory.mktemp("token-world") / "keys")


@pytest.fixture
def plugged(own_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugged:
    soft = SoftToken(tmp_path / "soft")
    monkeypatch.setenv("SOFTHSM2_CONF", str(soft.settings))
    serial = soft.make(LABEL)
    key, certificate = certified(own_world.folder, "UBND xã Phú Hội")
    soft.put_key(serial, key, "a1")
    return Plugged(soft, serial, certificate, tmp_path / "notes")


def is_good(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
    public = load_der_x509_certificate(certificate.dump()).public_key()
    public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg]
    return True


def table(folder: Path, plugged: Plugged, more: str = "") -> None:
    (folder / "con-dau.pem").write_bytes(pem(plugged.certificate))
    (folder / TABLE).write_text(
        f"""
[[key]]
name = "archive"
role = "archive"
module = "{MODULE}"
token_label = "{LABEL}"
key_id = "a1"
pin_file = "{plugged.soft.pins}"
certificate = "con-dau.pem"
unit = "UBND xã Phú Hội"
{more}
""",
        encoding="utf-8",
    )


@pytest.fixture
def service(own_world: World, plugged: Plugged):
    table(own_world.folder, plugged)
    ring = load_keys(own_world.folder)
    yield SigningService(ring, own_world.tsa, own_world.clock, own_world.roots)
    (own_world.folder / TABLE).unlink()


def test_a_paper_is_sealed_by_the_token(
    service: SigningService, own_world: World, plugged: Plugged, tmp_path
) -> None:
    made = service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "out.pdf")
    verdict = verify_pdf(tmp_path / "out.pdf", own_world.roots, "out.pdf")
    assert (verdict.verdict, verdict.level) == (Answer.VALID, "PAdES-BASELINE-LTA")
    assert made.certificate_sha256 == plugged.certificate.sha256.hex()


def test_threads_share_the_one_session(plugged: Plugged) -> None:
    token = plugged.token()
    papers = [f"tờ {n}".encode() for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda data: plugged.sign(token, data), papers))
    assert all(is_good(plugged.certificate, one, data) for one, data in zip(made, papers, strict=True))


def test_a_wrong_pin_is_tried_once_by_all_processes_together(
    plugged: Plugged, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    plugged.soft.pins.write_text("9999-sai")
    with pytest.raises(ArchiveFault) as first:
        plugged.sign()
    assert first.value.code == "pin-wrong"
    plugged.soft.new_pin(
        plugged.serial, PIN, "9999-sai"
    )  # now it would be right, so not trying is to be seen
    with pytest.raises(ArchiveFault, match="not tried again") as second:
        plugged.sign()
    assert second.value.code == "pin-wrong"
    os.utime(plugged.soft.pins, ns=(1, 1))  # written anew by the administrator
    assert is_good(plugged.certificate, plugged.sign(), b"van thu")
    told = caplog.text + repr(first.value) + repr(second.value) + first.value.tell
    assert "9999-sai" not in told
    assert PIN not in told


def test_pulled_out_in_the_middle_nothing_is_signed_and_plugged_in_it_goes_on(
    service: SigningService, plugged: Plugged, tmp_path: Path
) -> None:
    papers = [a_pdf(tmp_path / f"{n}.pdf") for n in range(3)]
    service.seal(papers[0], tmp_path / "out-0.pdf")
    plugged.soft.pull_out()
    for number in (1, 2):
        with pytest.raises(Away) as fault:
            service.seal(papers[number], tmp_path / f"out-{number}.pdf")
        assert fault.value.code == "token-away"
    assert sorted(p.name for p in tmp_path.glob("*out*")) == ["out-0.pdf"]
    plugged.soft.plug_in()
    for number in (1, 2):
        service.seal(papers[number], tmp_path / f"out-{number}.pdf")


def test_another_key_than_the_certificates_signs_nothing(own_world: World, plugged: Plugged) -> None:
    _, strange = certified(own_world.folder, "Cơ quan khác")
    with pytest.raises(ArchiveFault) as fault:
        plugged.token().sign(b"\xa1", strange, b"x", "sha256")
    assert fault.value.code == "token-key-mismatch"


def test_two_tokens_of_one_name_need_a_serial_number(plugged: Plugged) -> None:
    plugged.soft.make(LABEL)
    with pytest.raises(ArchiveFault) as fault:
        plugged.sign()
    assert fault.value.code == "token-ambiguous"
    assert is_good(plugged.certificate, plugged.sign(plugged.token(serial=plugged.serial)), b"van thu")


def test_what_is_not_there_is_named(plugged: Plugged, tmp_path: Path) -> None:
    with pytest.raises(Away) as fault:
        plugged.sign(plugged.token(label="không có"))
    assert fault.value.code == "token-away"
    with pytest.raises(ToolMissing) as missing:
        plugged.sign(plugged.token(module=tmp_path / "driver.so"))
    assert missing.value.code == "token-module"
    with pytest.raises(ArchiveFault) as nothing:
        plugged.token().sign(b"\xa2", plugged.certificate, b"x", "sha256")
    assert nothing.value.code == "token-key-missing"
    plugged.soft.pins.unlink()
    with pytest.raises(ArchiveFault) as unreadable:
        plugged.sign()
    assert unreadable.value.code == "pin-unreadable"


def test_files_and_tokens_stand_in_one_table(own_world: World, plugged: Plugged) -> None:
    table(
        own_world.folder,
        plugged,
        '[[key]]\nname = "chu-tich"\nrole = "official"\nholder = "nguyen.van.a"\n'
        'file = "archive.p12"\npassphrase_file = "passphrase"\n',
    )
    try:
        ring = load_keys(own_world.folder)
    finally:
        (own_world.folder / TABLE).unlink()
    assert (ring.get().name, ring.get().unit) == ("archive", "UBND xã Phú Hội")
    assert (ring.get("chu-tich").role, ring.get("chu-tich").holder) == (KeyRole.OFFICIAL, "nguyen.van.a")
    assert ring.get("chu-tich").good_until > ring.get().certificate.not_valid_before


@pytest.mark.parametrize(("curve", "digest"), [(ec.SECP256R1(), "sha256"), (ec.SECP384R1(), "sha384")])
def test_keys_on_curves(own_world: World, plugged: Plugged, curve: ec.EllipticCurve, digest: str) -> None:
    key, certificate = certified_curve(own_world, "UBND xã Phú Hội", curve)
    plugged.soft.put_key(plugged.serial, key, "b1")
    token = plugged.token()
    for number in range(40):  # the two integers of a signature are shorter now and then
        data = f"tờ {number}".encode()
        made = token.sign(b"\xb1", certificate, data, digest)
        load_der_x509_certificate(certificate.dump()).public_key().verify(
            made, data, ec.ECDSA({"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[digest])
        )
        assert len(made) <= signature_room(certificate)
    with pytest.raises(ArchiveFault) as fault:
        token.sign(b"\xb1", certified_curve(own_world, "Khác", curve)[1], b"x", digest)
    assert fault.value.code == "token-key-mismatch"


def test_a_paper_sealed_by_a_curve_on_the_token(own_world: World, plugged: Plugged, tmp_path: Path) -> None:
    key, certificate = certified_curve(own_world, "UBND xã Phú Hội", ec.SECP384R1())
    plugged.soft.put_key(plugged.serial, key, "b2")
    others = SimpleCertificateStore()
    signer = TokenSigner(plugged.token(), b"\xb2", certificate, others)
    sealing = SealKey("archive", signer, certificate, certificate.sha256.hex())
    ring = KeyRing({"archive": sealing}, own_world.ring.revocation, "archive", tuple(own_world.roots))
    service = SigningService(ring, own_world.tsa, own_world.clock, own_world.roots)
    service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "out.pdf")
    verdict = verify_pdf(tmp_path / "out.pdf", own_world.roots)
    assert (verdict.verdict, verdict.signatures[0].algorithm) == (Answer.VALID, "EC, SHA-384")


def test_a_key_that_asks_for_the_pin_each_time(
    own_world: World, plugged: Plugged, caplog: pytest.LogCaptureFixture
) -> None:
    public = load_der_public_key(
        PublicKeyInfo.wrap(plugged.soft.make_key(plugged.serial, "c1", ask_each_time=True), "rsa").dump()
    )
    certificate = certified_public(own_world, "Trần Thị B", public)
    token = plugged.token()
    for number in range(3):
        data = f"tờ {number}".encode()
        assert is_good(certificate, token.sign(b"\xc1", certificate, data, "sha256"), data)
    plugged.soft.pins.write_text("9999-sai")
    with pytest.raises(ArchiveFault) as fault:
        token.sign(b"\xc1", certificate, b"x", "sha256")
    assert fault.value.code == "pin-wrong"
    with pytest.raises(ArchiveFault, match="not tried again"):
        token.sign(b"\xc1", certificate, b"x", "sha256")
    plugged.soft.pins.write_text(PIN)
    assert is_good(certificate, token.sign(b"\xc1", certificate, b"x", "sha256"), b"x")
    assert "9999-sai" not in caplog.text + repr(fault.value)
