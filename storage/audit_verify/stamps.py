"""RFC 3161 time stamps over signed heads: who says when, up to a root that the checker names. No revocation here."""

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .sources import library


def load_roots(paths: Sequence[Path]) -> list[Any]:
    """Return the certificates of PEM files. Raises OSError, ValueError, `Missing`."""
    if not paths:
        return []
    x509 = library("cryptography.x509")
    return [root for path in paths for root in x509.load_pem_x509_certificates(path.read_bytes())]


def check_stamp(answer: bytes, note: bytes, roots: Sequence[Any]) -> str:
    """Return the moment (ISO 8601) that an RFC 3161 answer or token gives `note`, once all of it holds.

    Imprint, signed attributes, signature, the signer's certificate (for time stamps alone, good at that moment) up to
    one of `roots`. Raises ValueError with what does not hold, `Missing`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names longer than 64 bytes: Vietnamese needs the room
            return _checked(answer, note, roots)
    except (TypeError, KeyError, AttributeError) as fault:
        raise ValueError(f"unreadable time stamp: {fault}") from fault


def _checked(answer: bytes, note: bytes, roots: Sequence[Any]) -> str:
    signed = _token(answer)["content"]
    content = signed["encap_content_info"]["content"]
    info, data = content.parsed, bytes(content)
    imprint = info["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != "sha256":
        raise ValueError("the imprint is not SHA-256")
    if imprint["hashed_message"].native != hashlib.sha256(note).digest():
        raise ValueError("the stamp is about other bytes")
    (signer,) = signed["signer_infos"]
    bag = [choice.chosen.dump() for choice in signed["certificates"]]
    own = _signer_of(signer["sid"].chosen, signed["certificates"])
    attributes = {attribute["type"].native: attribute["values"][0] for attribute in signer["signed_attrs"]}
    digest = signer["digest_algorithm"]["algorithm"].native
    if attributes["content_type"].native != "tst_info":
        raise ValueError("signed as something else than a time stamp")
    if attributes["message_digest"].native != hashlib.new(digest, data).digest():
        raise ValueError("the content is not what was signed")
    _check_named(attributes, own)
    load = library("cryptography.x509").load_der_x509_certificate
    certificate = load(own)
    _check_signature(signer, certificate, digest)
    moment = info["gen_time"].native
    _check_chain(certificate, [load(der) for der in bag], roots, moment)
    return str(moment.isoformat())


def _token(answer: bytes) -> Any:
    response = library("asn1crypto.tsp").TimeStampResp.load(answer, strict=True)
    try:
        status, token = response["status"]["status"].native, response["time_stamp_token"]
    except (ValueError, TypeError, KeyError):  # not an answer: the bare token
        return library("asn1crypto.cms").ContentInfo.load(answer, strict=True)
    if status not in ("granted", "granted_with_mods"):
        raise ValueError("the authority refused")
    return token


def _signer_of(sid: Any, bag: Any) -> bytes:
    for choice in bag:
        found = choice.chosen
        if (found.serial_number, found.issuer.dump()) == (sid["serial_number"].native, sid["issuer"].dump()):
            return bytes(found.dump())
    raise ValueError("the signer's certificate is not in the stamp")


def _check_named(attributes: dict[str, Any], certificate: bytes) -> None:
    """RFC 3161 §2.4.2 with RFC 5816: the signed attributes name the certificate, so that no other can be put in."""
    if "signing_certificate_v2" in attributes:
        named = attributes["signing_certificate_v2"]["certs"][0]
        digest = named["hash_algorithm"]["algorithm"].native
    else:
        named, digest = attributes["signing_certificate"]["certs"][0], "sha1"
    if named["cert_hash"].native != hashlib.new(digest, certificate).digest():
        raise ValueError("the stamp names another certificate")


def _check_signature(signer: Any, certificate: Any, digest: str) -> None:
    hashes = library("cryptography.hazmat.primitives.hashes")
    padding = library("cryptography.hazmat.primitives.asymmetric.padding")
    ec = library("cryptography.hazmat.primitives.asymmetric.ec")
    algorithm = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}.get(digest)
    if algorithm is None:
        raise ValueError(f"digest {digest} is too weak or unknown")
    text = signer["signed_attrs"].untag().dump()
    signature, key = signer["signature"].native, certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, text, ec.ECDSA(algorithm()))
        elif signer["signature_algorithm"]["algorithm"].native == "rsassa_pss":
            pss = padding.PSS(padding.MGF1(algorithm()), padding.PSS.AUTO)
            key.verify(signature, text, pss, algorithm())
        else:
            key.verify(signature, text, padding.PKCS1v15(), algorithm())
    except library("cryptography.exceptions").InvalidSignature as fault:
        raise ValueError("the signature of the stamp does not hold") from fault


def _check_chain(certificate: Any, bag: Sequence[Any], roots: Sequence[Any], moment: Any) -> None:
    x509 = library("cryptography.x509")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as fault:
        raise ValueError("the signer's certificate is not for time stamps") from fault
    if list(usage.value) != [x509.oid.ExtendedKeyUsageOID.TIME_STAMPING] or not usage.critical:
        raise ValueError("the signer's certificate is not for time stamps")
    for _ in range(8):
        if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            raise ValueError(f"{certificate.subject.rfc4514_string()} was not valid at {moment}")
        if certificate in roots:
            return
        certificate = _issuer_of(certificate, [*roots, *bag])
    raise ValueError("the chain of certificates is too long")


def _issuer_of(certificate: Any, others: Sequence[Any]) -> Any:
    x509, exceptions = library("cryptography.x509"), library("cryptography.exceptions")
    for other in others:
        try:
            certificate.verify_directly_issued_by(other)
            limits = other.extensions.get_extension_for_class(x509.BasicConstraints).value
        except (ValueError, TypeError, exceptions.InvalidSignature, x509.ExtensionNotFound):
            continue
        if limits.ca and other != certificate:
            return other
    raise ValueError(f"{certificate.subject.rfc4514_string()} leads to none of the given roots")
