"""Read a CMS signature container so strictly that no unsigned byte of it can be changed without our noticing.

The last time stamp of a file covers every byte but its own container. Inside that container the signature covers
only the signed attributes and the content; versions, algorithm names, the certificate bag and DER's own framing are
open. Each of those is checked here against something signed, or refused. See docs/decisions/0022.
"""

import hashlib
from dataclasses import dataclass, field

from asn1crypto import cms, core, tsp, x509

from records.errors import ArchiveFault

_NULL = b"\x05\x00"
_DEEPEST = 40
_CONSTRUCTED = {16, 17}
_SIGNED_DATA = "signed_data"


class Odd(ArchiveFault):
    """The container is not what RFC 5652, RFC 3161 and PAdES say, to the byte."""

    code = "container"


@dataclass(frozen=True)
class Container:
    """One checked container. `signer` is the certificate that the signed attributes name; `others` travel along.

    `tst`: the time-stamp content when the container is a token; `stamp`: the signature time stamp it carries.
    """

    data: cms.SignedData
    info: cms.SignerInfo
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    digest: str
    bound: bool
    tst: tsp.TSTInfo | None = None
    stamp: "Container | None" = field(default=None)

    @property
    def content_type(self) -> str:
        """`data` or `tst_info`."""
        return str(self.data["encap_content_info"]["content_type"].native)


def read_container(der: bytes, *, token: bool) -> Container:
    """Return the checked container in `der`. `token`: it must be a time-stamp token, else a detached signature.

    Checks form only, no cryptography. Raises `Odd`, or ValueError/TypeError from the ASN.1 reader.
    """
    check_der(der)
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != _SIGNED_DATA:
        raise Odd("not signed data")
    data = outer["content"]
    if len(data["signer_infos"]) != 1:
        raise Odd(f"{len(data['signer_infos'])} signers in one container")
    info = data["signer_infos"][0]
    _check_versions(data, info)
    digest = _check_algorithms(data, info)
    tst = _check_content(data, info, token=token)
    signer, others = _check_certificates(data, info)
    bound = _is_named(signer, info)
    stamp = _check_unsigned(info)
    return Container(data, info, signer, others, digest, bound, tst, stamp)


def check_der(data: bytes, depth: int = 0) -> None:
    """Return when `data` is a series of DER elements to the last byte; raise `Odd` where BER would still pass.

    Checked: definite, shortest lengths; low tags; primitive and constructed forms; minimal integers; booleans;
    BIT STRING padding; empty NULL. Recurses into constructed elements.
    """
    if depth > _DEEPEST:
        raise Odd("ASN.1 nested too deeply")
    at = 0
    while at < len(data):
        tag, start, end = _header(data, at)
        body = data[start:end]
        if tag & 0x20:
            if not tag & 0xC0 and tag & 0x1F not in _CONSTRUCTED:
                raise Odd(f"universal type {tag & 0x1F} in constructed form")
            check_der(body, depth + 1)
        elif not tag & 0xC0:
            _check_primitive(tag & 0x1F, body)
        at = end


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    if at + 2 > len(data):
        raise Odd("ASN.1 header cut short")
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F or tag == 0:
        raise Odd("ASN.1 tag out of range")
    if length >= 0x80:
        count = length & 0x7F
        octets = data[start : start + count]
        length = int.from_bytes(octets, "big")
        if not 1 <= count <= 4 or len(octets) < count or octets[0] == 0 or length < 0x80:
            raise Odd("ASN.1 length is not in its shortest form")
        start += count
    if start + length > len(data):
        raise Odd("ASN.1 element longer than what holds it")
    return tag, start, start + length


def _check_primitive(kind: int, body: bytes) -> None:
    if kind in _CONSTRUCTED:
        raise Odd("sequence or set in primitive form")
    if kind == 1 and body not in (b"\x00", b"\xff"):
        raise Odd("boolean is neither 00 nor FF")
    if kind == 5 and body:
        raise Odd("NULL with content")
    if kind in (2, 10) and (
        not body
        or (len(body) > 1 and ((body[0] == 0 and body[1] < 0x80) or (body[0] == 0xFF and body[1] >= 0x80)))
    ):
        raise Odd("integer is not in its shortest form")
    if kind == 3 and (
        not body or body[0] > 7 or (body[0] and (len(body) == 1 or body[-1] & ((1 << body[0]) - 1)))
    ):
        raise Odd("bit string with bits in its padding")
    if kind == 6 and (not body or body[-1] & 0x80):
        raise Odd("object identifier cut short")


def _check_versions(data: cms.SignedData, info: cms.SignerInfo) -> None:
    # RFC 5652 §5.1 and §5.3, for the choices that pass the other checks here
    by_key = info["sid"].name == "subject_key_identifier"
    plain = data["encap_content_info"]["content_type"].native == "data"
    if info["version"].native != ("v3" if by_key else "v1"):
        raise Odd("version of the signer information")
    if data["version"].native != ("v3" if by_key or not plain else "v1"):
        raise Odd("version of the signed data")


def _check_algorithms(data: cms.SignedData, info: cms.SignerInfo) -> str:
    listed = data["digest_algorithms"]
    if len(listed) != 1 or listed[0]["algorithm"].dump() != info["digest_algorithm"]["algorithm"].dump():
        raise Odd("digest algorithms of container and signer differ")
    for algorithm in (listed[0], info["digest_algorithm"], info["signature_algorithm"]):
        parameters = algorithm["parameters"].dump() if algorithm["parameters"] is not None else b""
        if algorithm["algorithm"].native != "rsassa_pss" and parameters not in (b"", _NULL):
            raise Odd("algorithm with parameters it does not have")
    return str(info["digest_algorithm"]["algorithm"].native).lower()


def _check_content(data: cms.SignedData, info: cms.SignerInfo, *, token: bool) -> tsp.TSTInfo | None:
    kind = data["encap_content_info"]["content_type"]
    content = data["encap_content_info"]["content"]
    if kind.native != ("tst_info" if token else "data"):
        raise Odd(f"content type {kind.native}")
    if isinstance(info["signed_attrs"], core.Void):
        raise Odd("no signed attributes")
    types = [a["type"].dotted for a in info["signed_attrs"]]
    if len(types) != len(set(types)):
        raise Odd("a signed attribute twice")
    if _attribute(info, "content_type") != kind.dump():
        raise Odd("content type and signed content type differ")
    if token:
        if not isinstance(content, cms.ParsableOctetString):
            raise Odd("time stamp without content")
        check_der(content.native if isinstance(content.native, bytes) else bytes(content))
        return tsp.TSTInfo.load(bytes(content), strict=True)
    if not isinstance(content, core.Void):
        raise Odd("signature with content of its own")
    return None


def _attribute(info: cms.SignerInfo, name: str) -> bytes:
    for attribute in info["signed_attrs"]:
        if attribute["type"].native == name:
            if len(attribute["values"]) != 1:
                raise Odd(f"signed attribute {name} with several values")
            return bytes(attribute["values"][0].dump())
    return b""


def _check_certificates(
    data: cms.SignedData, info: cms.SignerInfo
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    if not isinstance(data["crls"], core.Void):
        raise Odd("revocation data in an unsigned place")
    if isinstance(data["certificates"], core.Void):
        raise Odd("no certificates")
    bag = {}
    for choice in data["certificates"]:
        if choice.name != "certificate":
            raise Odd(f"{choice.name} in the certificate bag")
        certificate = choice.chosen
        if certificate.dump() in bag:
            raise Odd("a certificate twice")
        if certificate["signature_algorithm"].dump() != certificate["tbs_certificate"]["signature"].dump():
            raise Odd("certificate names two signature algorithms")
        bag[certificate.dump()] = certificate
    signers = [c for c in bag.values() if _is_signer(c, info["sid"])]
    if len(signers) != 1:
        raise Odd(f"{len(signers)} certificates fit the signer")
    return signers[0], tuple(c for c in bag.values() if c is not signers[0])


def _is_signer(certificate: x509.Certificate, sid: cms.SignerIdentifier) -> bool:
    # compared as bytes: ASN.1 name matching ignores letter case and string type
    if sid.name == "subject_key_identifier":
        return bool(certificate.key_identifier == sid.chosen.native)
    return bool(
        sid.chosen["issuer"].dump() == certificate.issuer.dump()
        and sid.chosen["serial_number"].dump() == certificate["tbs_certificate"]["serial_number"].dump()
    )


def _is_named(signer: x509.Certificate, info: cms.SignerInfo) -> bool:
    """Return whether the signed attributes name the signer's certificate by hash; raise `Odd` on a wrong hash."""
    named = False
    for attribute in info["signed_attrs"]:
        if attribute["type"].native not in ("signing_certificate", "signing_certificate_v2"):
            continue
        first = attribute["values"][0]["certs"][0]
        hashing = (
            first["hash_algorithm"]["algorithm"].native
            if attribute["type"].native == "signing_certificate_v2"
            else "sha1"  # the hash RFC 2634 fixed; a second preimage of it is still out of reach
        )
        if hashlib.new(hashing, signer.dump(), usedforsecurity=False).digest() != first["cert_hash"].native:
            raise Odd("the signed attributes name another certificate")
        named = True
    return named


def _check_unsigned(info: cms.SignerInfo) -> Container | None:
    attributes = info["unsigned_attrs"]
    if isinstance(attributes, core.Void):
        return None
    if len(attributes) != 1 or attributes[0]["type"].native != "signature_time_stamp_token":
        raise Odd("unsigned attributes other than one time stamp")
    values = attributes[0]["values"]
    if len(values) != 1:
        raise Odd("several signature time stamps")
    return read_container(values[0].dump(), token=True)
