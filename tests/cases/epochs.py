"""Certificate authorities and time stamps of decades to come: other keys, other hashes, on a clock that tests turn."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko.sign.general import simple_cms_attribute

from records.clock import Clock
from signing import demo_pki
from signing.keys import DemoRevocation
from signing.timestamps import TimeStamps

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@cache
def rsa_key(bits: int, use: str = "root") -> rsa.RSAPrivateKey:
    """Return a key of that length, the same one for the same use: long ones take seconds to make."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@dataclass
class Authority:
    """A root of one epoch; its certificates, lists and tokens use `digest`. `revoked`: serial number to moment."""

    name: str
    key: Key
    digest: str
    begin: datetime
    years: int
    revoked: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"DEMO Root {self.name}"),
            ]
        )
        self.root = self._certificate(self._subject, self.key, self.begin, self.years, demo_pki._as_root)

    def tsa(self, key: Key, begin: datetime, years: int) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"DEMO TSA {self.name} {begin:%Y}")])
        return self._certificate(subject, key, begin, years, demo_pki._as_tsa)

    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def lists(self, now: datetime) -> list[asn1_crl.CertificateList]:
        if not self.begin <= now < self.begin + timedelta(days=365 * self.years):
            return []
        now = now.replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._subject)
            .last_update(now)
            .next_update(now + timedelta(days=7))
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        for serial, moment in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
            builder = builder.add_revoked_certificate(entry)
        made = builder.sign(self.key, _HASHES[self.digest])  # type: ignore[arg-type]
        return [asn1_crl.CertificateList.load(made.public_bytes(Encoding.DER))]

    def _certificate(
        self, subject: x509.Name, key: Key, begin: datetime, years: int, extend: Any
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin - timedelta(hours=1))
            .not_valid_after(begin + timedelta(days=365 * years))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        return extend(builder).sign(self.key, _HASHES[self.digest])


@dataclass(frozen=True)
class AllLists:
    """The lists of every authority that lives at the moment, as a house gathers them."""

    authorities: Sequence[Authority]
    demo: DemoRevocation | None = None

    def lists(self, now: datetime) -> list[asn1_crl.CertificateList]:
        own = list(self.demo.lists(now)) if self.demo is not None else []
        return own + [one for authority in self.authorities for one in authority.lists(now)]


class EpochTimeStamps(TimeStamps):
    """A time-stamp authority with any key: RFC 3161 answers as strict as the demo authority's."""

    def __init__(self, certificate: x509.Certificate, key: Key, digest: str, clock: Clock) -> None:
        super().__init__(clock)
        self.certificate = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        self.asked = 0
        self._key, self._digest = key, digest

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:x}"

    def ask(self, request: bytes) -> bytes:
        self.asked += 1
        asked = tsp.TimeStampReq.load(request, strict=True)
        token = self._token(asked["message_imprint"], asked["nonce"].native)
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())

    def _token(self, imprint: tsp.MessageImprint, nonce: int) -> cms.ContentInfo:
        moment = self.clock.now().astimezone(UTC).replace(microsecond=0)
        fields: dict[str, Any] = {
            "version": "v1",
            "policy": "2.25.168211274226094712302868133047126358291",
            "message_imprint": imprint,
            "serial_number": (1 << 126) | secrets.randbits(126),
            "gen_time": moment,
            "nonce": nonce,
        }
        content = tsp.TSTInfo(fields).dump()
        digest = algos.DigestAlgorithm({"algorithm": self._digest})
        kind = "rsa" if isinstance(self._key, rsa.RSAPrivateKey) else "ecdsa"
        mechanism = algos.SignedDigestAlgorithm({"algorithm": f"{self._digest}_{kind}"})
        named = tsp.SigningCertificateV2(
            {"certs": [{"cert_hash": hashlib.sha256(self.certificate.dump()).digest()}]}
        )
        protected = {"digest_algorithm": digest, "signature_algorithm": mechanism}
        told: list[tuple[str, Any]] = [
            ("content_type", "tst_info"),
            ("signing_time", cms.Time({"utc_time": core.UTCTime(moment)})),
            ("message_digest", hashlib.new(self._digest, content).digest()),
            ("signing_certificate_v2", named),
            ("cms_algorithm_protection", cms.CMSAlgorithmProtection(protected)),
        ]
        attributes = cms.CMSAttributes([simple_cms_attribute(*one) for one in told])
        sid = {"issuer": self.certificate.issuer, "serial_number": self.certificate.serial_number}
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier({"issuer_and_serial_number": sid}),
                "digest_algorithm": digest,
                "signed_attrs": attributes,
                "signature_algorithm": mechanism,
                "signature": self._sign(attributes.dump()),
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [digest],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": cms.ParsableOctetString(content),
                },
                "certificates": [self.certificate],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), _HASHES[self._digest])
        return self._key.sign(data, ec.ECDSA(_HASHES[self._digest]))


def an_epoch(
    name: str, key: Key, digest: str, begin: datetime, years: int, clock: Clock, folder: Path
) -> tuple[Authority, EpochTimeStamps, Path]:
    """Return a root, its time-stamp authority with a key of the same kind, and the root as a PEM file."""
    authority = Authority(name, key, digest, begin, years + 5)
    own = rsa_key(key.key_size, "tsa") if isinstance(key, rsa.RSAPrivateKey) else ec_key()
    path = folder / f"{name}.pem"
    path.write_bytes(authority.pem())
    return authority, EpochTimeStamps(authority.tsa(own, begin, years), own, digest, clock), path
