"""A certificate was revoked: which of the signatures that rest on it still prove something, and why.

What counts is what is proven to have happened before the revocation (past signature validation, ETSI EN 319 102-1
§5.6); for time-stamp certificates RFC 3161 §4 says when tokens of before may still be believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from records.errors import ArchiveFault
from signing.provable import ISSUER, TSA
from signing.trust import load_trust

_HARMLESS = frozenset({"unspecified", "affiliation_changed", "superseded", "cessation_of_operation"})
"""Reasons for which an authority's tokens of before the revocation stay valid; none given is none of them."""


class Effect(StrEnum):
    """What a revocation means for one use of the certificate."""

    GOOD = "still-good"
    """It happened before the revocation, and a time stamp proves that."""
    LOST = "not-proven"
    """Nothing proves that it happened before the revocation."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One revoked certificate. `serial`: lower-case hex; `issuer` as RFC 4514 says it in human words, "" for any.

    `reason`: as RFC 5280 §5.3.1 names it (`key_compromise`), "" when none was given.
    """

    serial: str
    issuer: str
    revoked_at: datetime
    reason: str = ""


def effect_of(
    revocation: Revocation, role: str, used_at: datetime | None, covered_at: datetime | None
) -> Effect:
    """Return what `revocation` means where the certificate was used in `role` (see `provable.CertificateUse`).

    `used_at`: proven time of the use; `covered_at`: time of the next independent stamp over it.
    """
    proven = used_at
    if role in (TSA, ISSUER) and revocation.reason not in _HARMLESS:
        # whoever has the key can make tokens of any date, so a stamp that does not rest on it must prove the time
        proven = covered_at
    before = proven is not None and proven < revocation.revoked_at
    return Effect.GOOD if before else Effect.LOST


def read_revocations(path: Path, roots: Sequence[Path]) -> list[Revocation]:
    """Return what the revocation list at `path` (DER or PEM) says, when a configured root signed it.

    Raises `ArchiveFault`: `crl-unreadable`, `crl-not-trusted`, `trust-unreadable`.
    """
    try:
        data = path.read_bytes()
        pem = data.lstrip().startswith(b"-----BEGIN")
        found = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
    except (OSError, ValueError) as fault:
        raise ArchiveFault(
            f"{path}: {fault}",
            code="crl-unreadable",
            tell=f"Không đọc được danh sách thu hồi {path.name}. Cần tệp CRL dạng DER hoặc PEM.",
        ) from fault
    issuer = _issuer_of(found, roots)
    if issuer is None:
        raise ArchiveFault(
            f"{path}: no configured root signed it",
            code="crl-not-trusted",
            tell="Danh sách thu hồi không do cơ quan chứng thực nào trong danh mục tin cậy ký. "
            "Không dùng danh sách này.",
        )
    return [
        Revocation(
            f"{entry.serial_number:x}", issuer, entry.revocation_date_utc.astimezone(UTC), _reason(entry)
        )
        for entry in found
    ]


def _issuer_of(found: x509.CertificateRevocationList, roots: Sequence[Path]) -> str | None:
    for root in load_trust(roots).roots:
        certificate = x509.load_der_x509_certificate(root.dump())
        if certificate.subject != found.issuer:
            continue
        try:
            if found.is_signature_valid(certificate.public_key()):  # type: ignore[arg-type]
                return str(root.subject.human_friendly)
        except (TypeError, ValueError):
            continue
    return None


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except x509.ExtensionNotFound:
        return ""
