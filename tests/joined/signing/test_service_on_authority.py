"""The signing service with a whole certificate authority behind it: every trouble fails closed and passes by itself."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from records.clock import SystemClock
from records.errors import ArchiveFault, Away
from signing.faults import is_ours
from signing.fetching import Door, places_of
from signing.key_table import KeyRole
from signing.keys import CachedKeySigner, KeyRing, SealKey, _store
from signing.profiles import Level
from signing.seal import SigningService
from signing.timestamps import HttpTimeStamps
from signing.trust import load_trust
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import a_pdf
from tests.tools import validators
from tests.tools.pki_server import PkiServer

pytestmark = pytest.mark.joined

ROLES = {
    "official": KeyRole.OFFICIAL,
    "ec": KeyRole.OFFICIAL,
    "unit": KeyRole.SEAL,
    "archive": KeyRole.ARCHIVE,
}
ROLES |= dict.fromkeys(("revoked", "expired", "early", "weak", "server", "crl-only"), KeyRole.OFFICIAL)


@dataclass(frozen=True)
class Turned:
    """A clock that is off."""

    by: timedelta

    def now(self):
        return SystemClock().now() + self.by


def a_service(pki: PkiServer, clock=None, seconds: float = 20.0) -> SigningService:
    clock, between = clock or SystemClock(), [pki.certificate("ca")]
    keys = {}
    for name, role in ROLES.items():
        certificate = pki.certificate(name)
        signer = CachedKeySigner(pki.key(name), certificate, _store(between))
        keys[name] = SealKey(name, signer, certificate, hashlib.sha256(certificate.dump()).hexdigest(), role)
    tsa = HttpTimeStamps(pki.tsa_url, clock, seconds, 0.1, trust=load_trust([pki.roots]))
    door = Door(places_of([f"{pki.url}/pki/"]), connect=2, whole=2)
    return SigningService(KeyRing(keys, default="archive"), tsa, clock, [pki.roots], door)


@pytest.mark.parametrize("ocsp", ["good", "down"])
def test_a_paper_goes_all_the_way_and_everybody_agrees(pki: PkiServer, tmp_path: Path, ocsp: str) -> None:
    pki.manners.ocsp = ocsp  # then the lists answer
    service = a_service(pki)
    a_pdf(tmp_path / "qd.pdf")
    signed = service.seal(tmp_path / "qd.pdf", tmp_path / "signed.pdf", "official", "official", "vb1")
    assert signed.level == Level.T and signed.certificate_serial and signed.time_stamp_serial
    sealed = service.seal(tmp_path / "signed.pdf", tmp_path / "sealed.pdf", "seal", "unit", "vb1")
    assert sealed.level == Level.LTA
    archived = service.seal(tmp_path / "qd.pdf", tmp_path / "archived.pdf", "archive")
    assert archived.level == Level.LTA
    curve = service.seal(
        tmp_path / "qd.pdf", tmp_path / "ec.pdf", "official", "ec", "vb2", level="PAdES-BASELINE-LTA"
    )
    assert curve.level == Level.LTA
    pki.forget()
    files = [tmp_path / name for name in ("sealed.pdf", "archived.pdf", "ec.pdf")]
    for file in files:
        verdict = verify_pdf(file, [pki.roots])
        assert verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES), verdict
    for path, told in validators.dss(files, pki.roots).items():
        assert {indication for _, indication in told.signatures} == {"TOTAL_PASSED"}, (path, told)
    assert pki.calls("pki") == 0  # what proves them is in them


@pytest.mark.parametrize(
    ("manners", "code", "ours"),
    [
        ({"tsa": "down"}, "time-stamp-away", True),
        ({"tsa": "slow"}, "time-stamp-away", True),
        ({"tsa": "refused"}, "time-stamp-away", True),
        ({"tsa": "imprint"}, "time-stamp-away", True),
        ({"tsa": "nonce"}, "time-stamp-away", True),
        ({"tsa": "stranger"}, "time-stamp-away", True),
        ({"tsa": "forged"}, "time-stamp-away", True),
        ({"tsa": "purpose"}, "time-stamp-away", True),
        ({"tsa": "days-off"}, "clock-skew", True),
        ({"ocsp": "down", "crl": "down"}, "revocation-away", True),
        ({"ocsp": "slow", "crl": "slow"}, "revocation-away", True),
        ({"ocsp": "stale", "crl": "stale"}, "revocation-away", True),
        ({"ocsp": "garbage", "crl": "garbage"}, "revocation-away", True),
        ({"ocsp": "stranger", "crl": "down"}, "revocation-away", True),
        ({"ocsp": "revoked"}, "certificate-revoked", True),
        ({"ocsp": "unknown"}, "certificate-unknown", True),
    ],
)
def test_each_trouble_signs_nothing_and_passes_with_its_cause(
    pki: PkiServer, tmp_path: Path, manners: dict[str, str], code: str, ours: bool
) -> None:
    service = a_service(pki, seconds=3.0)
    source, out = a_pdf(tmp_path / "qd.pdf"), tmp_path / "out.pdf"
    before = source.read_bytes()
    for name, manner in manners.items():
        setattr(pki.manners, name, manner)
    with pytest.raises(ArchiveFault) as fault:
        service.seal(source, out, "official", "official")
    assert fault.value.code == code, fault.value
    assert fault.value.tell and is_ours(fault.value) is ours
    assert isinstance(fault.value, Away) is not code.startswith("certificate-")
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.pdf")] == ["qd.pdf"]
    pki.manners = type(pki.manners)()
    again = a_service(pki)  # faults are kept for a few seconds; another process begins anew
    assert again.seal(source, out, "official", "official").level == Level.T


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("revoked", "certificate-revoked"),
        ("expired", "certificate-expired"),
        ("early", "certificate-not-yet-valid"),
        ("weak", "certificate-weak"),
        ("server", "certificate-key-usage"),
    ],
)
def test_a_certificate_that_would_not_stand_signs_nothing(
    pki: PkiServer, tmp_path: Path, key: str, code: str
) -> None:
    pki.forget()
    with pytest.raises(ArchiveFault) as fault:
        a_service(pki).seal(a_pdf(tmp_path / "qd.pdf"), tmp_path / "out.pdf", "official", key)
    assert (fault.value.code, bool(fault.value.tell)) == (code, True)
    assert not (tmp_path / "out.pdf").exists()
    assert pki.calls("tsa") == 0


def test_a_clock_two_days_off_signs_nothing(pki: PkiServer, tmp_path: Path) -> None:
    for days in (2, -2):
        with pytest.raises(ArchiveFault) as fault:
            a_service(pki, Turned(timedelta(days=days))).seal(
                a_pdf(tmp_path / "qd.pdf"), tmp_path / "out.pdf", "official", "official"
            )
        assert fault.value.code in ("clock-skew", "revocation-away"), days
        assert not (tmp_path / "out.pdf").exists()


def test_nothing_is_fetched_from_places_nobody_listed(pki: PkiServer, tmp_path: Path) -> None:
    service = a_service(pki)
    closed = SigningService(service.keys, service.tsa, service.clock, [pki.roots], Door(()))
    pki.forget()
    with pytest.raises(Away) as fault:
        closed.seal(a_pdf(tmp_path / "qd.pdf"), tmp_path / "out.pdf", "official", "official")
    assert fault.value.code == "revocation-away"
    assert pki.calls("pki") == 0
