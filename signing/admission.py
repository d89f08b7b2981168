"""Decide whether a certificate that somebody brings may sign, before anything is shown to be signed."""

from collections.abc import Sequence
from datetime import datetime

from asn1crypto import crl, x509

from records.errors import ArchiveFault
from signing.key_table import KeyRole
from signing.keys import KeyRing
from signing.profiles import OFFICIAL, Profile, demand_role
from signing.trust import Evidence, Trust, check_chain
from signing.verdict import sentence

_LEAST_RSA = 2048
_SIGNING = frozenset({"digital_signature", "non_repudiation"})


def read_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate in `der`. Raises `ArchiveFault` (`certificate-unreadable`)."""
    try:
        certificate = x509.Certificate.load(der, strict=True)
        _ = certificate.native  # asn1crypto reads when it is asked; ask for all of it now
    except (ValueError, TypeError, KeyError) as fault:
        raise _refused("unreadable", str(fault), "Không đọc được chứng thư số gửi lên.") from fault
    return certificate


def admit(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    profile: Profile,
    keys: KeyRing,
    trust: Trust,
    lists: Sequence[crl.CertificateList],
    now: datetime,
) -> None:
    """Demand that a certificate may sign for `profile` now: usage, strength, chain, validity, revocation, role.

    A certificate in no table of keys is a person's: it may sign as an official when its chain is trusted.
    Raises `ArchiveFault`: `role-wrong`, `certificate-usage`, `certificate-weak-algorithm`, `certificate-expired`,
    `certificate-revoked`, `certificate-no-revocation-data`, `certificate-not-trusted`, `certificate-chain`.
    """
    _demand_usage(certificate)
    if not certificate.not_valid_before <= now <= certificate.not_valid_after:
        raise _refused("expired", "outside its validity", "Chứng thư số đã hết hạn hoặc chưa có hiệu lực.")
    finding = check_chain(certificate, others, trust, Evidence(lists=tuple(lists)), now).finding
    if finding is not None:
        raise _refused(finding.code, finding.detail, sentence(finding))
    role = keys.role_of(certificate.sha256.hex())
    if role is None and profile.name != OFFICIAL:
        raise ArchiveFault(
            f"profile {profile.name}: a certificate that is in no table of keys",
            code="role-wrong",
            tell="Chứng thư này chưa được khai là con dấu của cơ quan nên không dùng để đóng dấu được. Hãy báo "
            "quản trị viên.",
        )
    demand_role(profile, role or KeyRole.OFFICIAL, certificate.subject.human_friendly)


def _demand_usage(certificate: x509.Certificate) -> None:
    usage, extended = certificate.key_usage_value, certificate.extended_key_usage_value
    stamping = extended is not None and "time_stamping" in extended.native
    if certificate.ca or stamping or (usage is not None and not usage.native & _SIGNING):
        raise _refused("usage", "not for signing papers", "Chứng thư số không được cấp để ký văn bản.")
    key = certificate.public_key
    if key.algorithm not in ("rsa", "ec") or (key.algorithm == "rsa" and key.bit_size < _LEAST_RSA):
        raise _refused("weak-algorithm", key.algorithm, "Khóa của chứng thư số không đủ độ an toàn để ký.")


def _refused(code: str, why: str, tell: str) -> ArchiveFault:
    return ArchiveFault(
        f"certificate: {why}",
        code=f"certificate-{code}",
        tell=f"{tell} Chưa ký gì; hãy chọn chứng thư khác hoặc báo quản trị viên.",
    )
