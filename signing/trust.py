"""Decide whether a certificate leads to a configured root and was good at a given moment, without any network.

Trust means the PEM files the operator named, never the operating system's store. Revocation data is what the file
carries (its DSS) plus the lists in those PEM files; without any, the answer is "not enough to conclude".
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from asn1crypto import algos, crl, ocsp, pem, x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
    ValidationError,
)

from records.clock import vietnam_iso
from records.errors import ArchiveFault
from signing.verdict import Answer, Finding

_TOLERANCE = timedelta(seconds=60)  # certvalidator's own second is less than hosts drift
_WEAK_HASHES = frozenset({"md2", "md5", "sha1"})
_LEAST_RSA = 2048
_LEAST_EC = 224

_Value = TypeVar("_Value", x509.Certificate, crl.CertificateList, ocsp.OCSPResponse)


@dataclass(frozen=True, slots=True)
class Trust:
    """Configured roots and revocation lists; OCSP answers and certificates in between, when some were gathered."""

    roots: tuple[x509.Certificate, ...]
    lists: tuple[crl.CertificateList, ...]
    answers: tuple[ocsp.OCSPResponse, ...] = ()
    between: tuple[x509.Certificate, ...] = ()

    def __or__(self, more: "Evidence") -> "Trust":
        """Return this trust with evidence that was gathered beside it."""
        return Trust(
            self.roots,
            _once(self.lists + more.lists),
            _once(self.answers + more.answers),
            _once(self.between + more.certificates),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Validation data found in a file: certificates, revocation lists and OCSP answers of its DSS."""

    certificates: tuple[x509.Certificate, ...] = ()
    lists: tuple[crl.CertificateList, ...] = ()
    answers: tuple[ocsp.OCSPResponse, ...] = ()

    def __or__(self, other: "Evidence") -> "Evidence":
        """Return both together, every value once, in order."""
        return Evidence(
            _once(self.certificates + other.certificates),
            _once(self.lists + other.lists),
            _once(self.answers + other.answers),
        )


def _once(values: tuple[_Value, ...]) -> tuple[_Value, ...]:
    return tuple({value.dump(): value for value in values}.values())


@dataclass(frozen=True, slots=True)
class Chain:
    """Certificates from root to leaf when the chain was built; `finding` is None when it is good."""

    path: tuple[x509.Certificate, ...]
    finding: Finding | None


def load_trust(files: Sequence[Path]) -> Trust:
    """Return roots and revocation lists of PEM files. Raises `ArchiveFault` (`trust-unreadable`)."""
    roots: list[x509.Certificate] = []
    lists: list[crl.CertificateList] = []
    for path in files:
        try:
            for kind, _, der in pem.unarmor(path.read_bytes(), multiple=True):
                if kind == "CERTIFICATE":
                    roots.append(x509.Certificate.load(der, strict=True))
                elif kind == "X509 CRL":
                    lists.append(crl.CertificateList.load(der, strict=True))
        except (OSError, ValueError, TypeError) as fault:
            raise ArchiveFault(
                f"{path}: {fault}",
                code="trust-unreadable",
                tell=f"Không đọc được danh mục chứng thư tin cậy “{path.name}”. Cần tệp PEM.",
            ) from fault
    return Trust(tuple(roots), tuple(lists))


def check_chain(
    leaf: x509.Certificate,
    others: Iterable[x509.Certificate],
    trust: Trust,
    evidence: Evidence,
    moment: datetime,
    retroactive: bool = True,
) -> Chain:
    """Build and check the chain of `leaf` as of `moment` (aware). Nothing is fetched.

    `retroactive`: revocation data made after `moment` counts too, as it does when a signature is checked later.
    """
    if not trust.roots:
        return Chain((), Finding(Answer.INDETERMINATE, "not-trusted", "no roots configured"))
    context = ValidationContext(
        trust_roots=list(trust.roots),
        other_certs=[*others, *evidence.certificates, *trust.between],
        moment=moment,
        allow_fetching=False,
        crls=[*evidence.lists, *trust.lists],
        ocsps=[*evidence.answers, *trust.answers],
        revocation_mode="require",
        retroactive_revinfo=retroactive,
        time_tolerance=_TOLERANCE,
    )
    try:
        path = _run(CertificateValidator(leaf, validation_context=context))
    except (PathBuildingError, ValidationError) as fault:
        return Chain((), _why(fault))
    return Chain(path, None)


def _run(validator: CertificateValidator) -> tuple[x509.Certificate, ...]:
    async def work() -> tuple[x509.Certificate, ...]:
        return tuple(await validator.async_validate_path())

    # nothing is fetched, so the coroutine never waits: it can be stepped by hand, in any thread, in any event loop
    coroutine = work()
    try:
        coroutine.send(None)
    except StopIteration as end:
        return tuple(end.value)
    coroutine.close()
    return asyncio.run(work())


def _why(fault: Exception) -> Finding:
    text = str(fault)[:200]
    match fault:
        case RevokedError():
            return Finding(Answer.INVALID, "revoked", vietnam_iso(fault.revocation_dt))
        case ExpiredError() | NotYetValidError():
            return Finding(Answer.INDETERMINATE, "expired", text)
        case InsufficientRevinfoError():
            return Finding(Answer.INDETERMINATE, "no-revocation-data", text)
        case DisallowedAlgorithmError():
            return Finding(Answer.INDETERMINATE, "weak-algorithm", text)
        case PathBuildingError():
            return Finding(Answer.INDETERMINATE, "not-trusted", text)
        case PathValidationError() | InvalidCertificateError():
            return Finding(Answer.INDETERMINATE, "chain", text)
    return Finding(Answer.INDETERMINATE, "chain", text)


def is_accounted(certificate: x509.Certificate, known: Sequence[x509.Certificate]) -> bool:
    """Return whether every byte of a certificate that travels in a container is vouched for.

    True when it is byte-identical to a `known` one, or when its own signature holds under some known key or itself.
    """
    der = certificate.dump()
    if any(der == other.dump() for other in known):
        return True
    try:
        ours = load_der_x509_certificate(der)
    except ValueError:
        return False
    for other in (certificate, *known):
        if other.subject != certificate.issuer:
            continue
        try:
            ours.verify_directly_issued_by(load_der_x509_certificate(other.dump()))
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def weakness(digest: str, mechanism: algos.SignedDigestAlgorithm, signer: x509.Certificate) -> str:
    """Return why an algorithm is too weak to rely on (`sha1`, `RSA 1024`), or an empty string."""
    if digest in _WEAK_HASHES:
        return digest.upper()
    hashing = mechanism_hash(mechanism)
    if hashing in _WEAK_HASHES:
        return hashing.upper()
    return weak_key(signer)


def weak_key(certificate: x509.Certificate) -> str:
    """Return why the key of a certificate is too short to rely on (`RSA 1024`), or an empty string."""
    kind, bits = certificate.public_key.algorithm, certificate.public_key.bit_size
    if (kind == "rsa" and bits < _LEAST_RSA) or (kind == "ec" and bits < _LEAST_EC):
        return f"{kind.upper()} {bits}"
    return ""


def mechanism_hash(mechanism: algos.SignedDigestAlgorithm) -> str:
    """Return the hash a signature mechanism names itself, or an empty string (plain `rsassa_pkcs1v15`)."""
    try:
        return str(mechanism.hash_algo)
    except ValueError:
        return ""
