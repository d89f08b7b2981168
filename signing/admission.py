"""Decide whether a certificate that somebody brings may sign, before anything is shown to be signed."""

from base64 import b64decode
from collections.abc import Sequence

from asn1crypto import pem, x509

from records.errors import ArchiveFault
from signing.key_table import KeyRole
from signing.keys import KeyRing
from signing.profiles import OFFICIAL, Profile, demand_role
from signing.proof import OwnCheck


def read_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate in `der`. Raises `ArchiveFault` (`certificate-unreadable`)."""
    try:
        certificate = x509.Certificate.load(der, strict=True)
        _ = certificate.native  # asn1crypto reads when it is asked; ask for all of it now
    except (ValueError, TypeError, KeyError) as fault:
        raise _refused("unreadable", str(fault), "Không đọc được chứng thư số gửi lên.") from fault
    return certificate


def certificates_in(text: str) -> list[bytes]:
    """Return the certificates (DER) of a text: PEM, one or several, or one in base64.

    Raises `ArchiveFault` (`certificate-unreadable`). Whether they are certificates `read_certificate` says.
    """
    try:
        if "-----BEGIN" in text:
            return [der for _, _, der in pem.unarmor(text.encode(), multiple=True)]
        return [b64decode("".join(text.split()), validate=True)]
    except ValueError as fault:
        raise _refused("unreadable", str(fault), "Không đọc được chứng thư số gửi lên.") from fault


def admit(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    profile: Profile,
    keys: KeyRing,
    check: OwnCheck,
) -> None:
    """Demand that a certificate may sign for `profile` now: usage, strength, chain, validity, revocation, role.

    A certificate in no table of keys is a person's: it may sign as an official when its chain is trusted.
    Raises `ArchiveFault` (`role-wrong`) and as `OwnCheck.admit`.
    """
    check.admit(certificate, others)
    role = keys.role_of(certificate.sha256.hex())
    if role is None and profile.name != OFFICIAL:
        raise ArchiveFault(
            f"profile {profile.name}: a certificate that is in no table of keys",
            code="role-wrong",
            tell="Chứng thư này chưa được khai là con dấu của cơ quan nên không dùng để đóng dấu được. Hãy báo "
            "quản trị viên.",
        )
    demand_role(profile, role or KeyRole.OFFICIAL, certificate.subject.human_friendly)


def _refused(code: str, why: str, tell: str) -> ArchiveFault:
    return ArchiveFault(
        f"certificate: {why}",
        code=f"certificate-{code}",
        tell=f"{tell} Chưa ký gì; hãy chọn chứng thư khác hoặc báo quản trị viên.",
    )
