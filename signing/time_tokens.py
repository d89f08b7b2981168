"""Read a time-stamp answer back against what was asked: some authorities answer nonsense and some clients never look.

RFC 3161 §2.2 lists the checks: status, imprint, nonce, policy, signature, and a certificate made for nothing else but
time stamps (§2.3) that leads to a root named for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, core, tsp, x509
from pyhanko.sign.general import CMSStructuralError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from signing.trust import Trust, weakness

_TOLERANCE = timedelta(seconds=60)
# what asn1crypto and pyHanko raise on bytes that only look like a token
_ODD = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError)


class Untrue(ValueError):
    """The answer is a refusal or not about our request, or nobody we trust stands behind it; the message says which."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a token must be about."""

    digest: bytes
    algorithm: str
    nonce: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may give the time: chains to these roots, and one of these policies (dotted numbers; none: any)."""

    trust: Trust
    policies: frozenset[str] = frozenset()


async def read_token(answer: bytes, asked: Asked, rules: Rules | None) -> tuple[cms.ContentInfo, datetime]:
    """Return the token of a DER `TimeStampResp` and its time. Raises `Untrue`.

    `rules` None: the token was made in this very process, so its signature and chain are not looked at again.
    Revocation is not looked at here (`signing.revocation`), nor is the clock.
    """
    try:
        granted = _granted(answer)
        token = granted["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        _demand_ours(info, asked)
        moment: datetime = info["gen_time"].native
        if rules is not None:
            if rules.policies and info["policy"].dotted not in rules.policies:
                raise Untrue(f"policy {info['policy'].dotted} is not one of ours")
            await _demand_trusted(token["content"], asked, rules.trust, moment)
    except Untrue:
        raise
    except _ODD as fault:
        raise Untrue(f"unreadable answer: {fault}") from fault
    return token, moment


def _granted(answer: bytes) -> Any:
    status = _status(answer)
    if status["status"].native not in ("granted", "granted_with_mods"):
        told = [*(status["fail_info"].native or ()), *(status["status_string"].native or ())]
        raise Untrue(
            f"authority answered {status['status'].native}: {'; '.join(told) or 'no reason given'}"[:500]
        )
    return tsp.TimeStampResp.load(answer, strict=True)


def _status(answer: bytes) -> Any:
    # asn1crypto cannot read an answer without a token, which is what a refusal is (RFC 3161 §2.4.2)
    return tsp.PKIStatusInfo.load(core.Sequence.load(answer, strict=True)[0].dump(), strict=True)


def _demand_ours(info: Any, asked: Asked) -> None:
    imprint = info["message_imprint"]
    if (
        imprint["hashed_message"].native != asked.digest
        or imprint["hash_algorithm"]["algorithm"].native != asked.algorithm
    ):
        raise Untrue("the token is not about our request: imprint")
    if info["nonce"].native != asked.nonce:
        raise Untrue("the token is not about our request: nonce")


async def _demand_trusted(signed: cms.SignedData, asked: Asked, trust: Trust, moment: datetime) -> None:
    if not trust.roots:
        raise Untrue("no root is configured for time stamps")
    context = ValidationContext(
        trust_roots=list(trust.roots), moment=moment, allow_fetching=False, time_tolerance=_TOLERANCE
    )
    imprint: Callable[[str], bytes] = lambda _: asked.digest  # noqa: E731
    try:
        status = await validate_tst_signed_data(signed, context, imprint)
    except (SignatureValidationError, CMSStructuralError) as fault:
        raise Untrue(f"signature of the token: {fault}") from fault
    if not (status["intact"] and status["valid"]):
        raise Untrue("the token's signature does not hold")
    signer: x509.Certificate = status["signing_cert"]
    if status["trust_problem_indic"] is not None:
        raise Untrue(f"the authority's certificate: {status['trust_problem_indic'].name}")
    _demand_purpose(signer)
    weak = weakness(status["md_algorithm"], signed["signer_infos"][0]["signature_algorithm"], signer)
    if weak:
        raise Untrue(f"the token relies on {weak}")


def _demand_purpose(signer: x509.Certificate) -> None:
    purposes = signer.extended_key_usage_value
    critical = any(
        extension["extn_id"].native == "extended_key_usage" and extension["critical"].native
        for extension in signer["tbs_certificate"]["extensions"]
    )
    if purposes is None or purposes.native != ["time_stamping"] or not critical:
        raise Untrue("the authority's certificate is not made for time stamps alone (RFC 3161 §2.3)")


def tokens_in(signature: bytes) -> tuple[cms.ContentInfo, ...]:
    """Return the time-stamp tokens that a signature container (DER or padded, as in `/Contents`) carries."""
    signer = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]
    found: list[cms.ContentInfo] = []
    for attribute in signer["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            found.extend(attribute["values"])
    return tuple(found)


def carried_by(
    signature: bytes,
) -> list[tuple[x509.Certificate, tuple[x509.Certificate, ...]]]:
    """Return for a signature container and each time stamp in it: who signed it, and the others that travel along.

    Raises `Untrue` when the signer's certificate is not there.
    """
    return [stamped_by(one) for one in (cms.ContentInfo.load(signature), *tokens_in(signature))]


def stamped_by(token: cms.ContentInfo) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Return the certificate that signed a token and the others that travel in it. Raises `Untrue` without it."""
    signed = token["content"]
    sid = signed["signer_infos"][0]["sid"]
    certificates = [choice.chosen for choice in signed["certificates"] or ()]
    for one in certificates:
        if sid.name == "issuer_and_serial_number":
            named = (
                sid.chosen["issuer"] == one.issuer and sid.chosen["serial_number"].native == one.serial_number
            )
        else:
            named = sid.native == one.key_identifier
        if named:
            return one, tuple(other for other in certificates if other is not one)
    raise Untrue("the token does not carry the certificate of its authority")
