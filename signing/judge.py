"""Decide trust and time over all signatures of a file: from the last document time stamp back to the first seal.

A time stamp proves that everything before it existed at its time, so each earlier certificate is judged at the
moment proven for it and not at the moment of the check (past signature validation, ETSI EN 319 102-1 §5.6).
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from asn1crypto import x509

from signing.algorithms import AGREED, Algorithms, uses_of
from signing.container import Container
from signing.examine import Found, check_token, imprint_hash
from signing.trust import Chain, Evidence, Trust, check_chain, is_accounted, weakness
from signing.verdict import Answer, Finding

_TOLERANCE = timedelta(seconds=60)
_STAMPING = "time_stamping"


def judge(
    found: list[Found], evidence: Evidence, trust: Trust, now: datetime, algorithms: Algorithms = AGREED
) -> None:
    """Add findings about trust and time to each of `found` (in file order), and name their levels."""
    proof = now
    stamped = False
    for one in reversed(found):
        if one.container is None:
            continue
        _demand_lasting(one, one.container, evidence, trust, proof, algorithms)
        if one.is_stamp:
            moment = _judge_token(one, one.container, evidence, trust, proof)
            one.level = "TIMESTAMP"
            one.proven = moment
            if moment is not None:
                proof, stamped = moment, True
        else:
            _judge_signature(one, one.container, evidence, trust, proof, stamped=stamped)
            if one.declares_archive and not stamped:
                one.add(Answer.INDETERMINATE, "time-stamp-missing")


def _judge_token(
    one: Found, token: Container, evidence: Evidence, trust: Trust, proof: datetime
) -> datetime | None:
    """Judge one time-stamp token whose existence is proven at `proof`; return its time when its form is right."""
    assert token.tst is not None  # noqa: S101 see `check_token`
    moment: datetime = token.tst["gen_time"].native
    usage = token.signer.extended_key_usage_value
    if usage is None or usage.native != [_STAMPING] or not _is_critical(token):
        one.add(Answer.INDETERMINATE, "time-stamp", "certificate is not for time stamps alone")
        return None
    if moment > proof + _TOLERANCE:
        one.add(Answer.INDETERMINATE, "time-order")
        return None
    chain = check_chain(token.signer, token.others, trust, evidence, moment)
    _note(one, token, chain, trust, evidence)
    if proof > token.signer.not_valid_after:
        one.add(Answer.INDETERMINATE, "time-stamp-expired")
    if one.is_stamp:
        one.trusted = chain.finding is None
    return moment


def _demand_lasting(
    one: Found,
    container: Container,
    evidence: Evidence,
    trust: Trust,
    proof: datetime,
    algorithms: Algorithms,
) -> None:
    """Note an algorithm that was retired before the existence of what relies on it is proven (`proof`).

    A signature time stamp covers the signature value alone, so only a document time stamp counts here.
    """
    known = [*evidence.certificates, *trust.roots]
    uses = set(uses_of(container, known))
    if container.stamp is not None:
        uses |= set(uses_of(container.stamp, known))
    retired = algorithms.retired(uses, proof)
    if retired is not None:
        one.add(
            Answer.INDETERMINATE,
            "weak-algorithm",
            f"{retired[0]} chỉ dùng được đến {retired[1]:%Y-%m-%d}",
        )


def _is_critical(token: Container) -> bool:
    extensions = token.signer["tbs_certificate"]["extensions"]
    return any(e["extn_id"].native == "extended_key_usage" and e["critical"].native for e in extensions)


def _judge_signature(
    one: Found, container: Container, evidence: Evidence, trust: Trust, proof: datetime, *, stamped: bool
) -> None:
    evidence = _with_own(evidence, container)
    has_time = False
    if container.stamp is not None:
        stamp = container.stamp
        assert stamp.tst is not None  # noqa: S101 see `check_token`
        value = container.info["signature"].native
        intact, valid = check_token(stamp, hashlib.new(imprint_hash(stamp.tst), value).digest())
        weak = weakness(stamp.digest, stamp.info["signature_algorithm"], stamp.signer)
        if not intact or not valid:
            one.add(Answer.INVALID, "time-stamp")
        elif weak:
            one.add(Answer.INDETERMINATE, "weak-algorithm", weak)
        else:
            moment = _judge_token(one, stamp, evidence, trust, proof)
            has_time = moment is not None
            one.proven = moment
    if one.proven is None and stamped:
        one.proven = proof
    chain = check_chain(container.signer, container.others, trust, evidence, one.proven or proof)
    _note(one, container, chain, trust, evidence)
    if not _may_sign(container.signer):
        one.add(Answer.INDETERMINATE, "key-usage")
    one.trusted = chain.finding is None
    one.level = _level(one, evidence, has_time=has_time or stamped, stamped=stamped)


def _with_own(evidence: Evidence, container: Container) -> Evidence:
    """Add the revocation data that Acrobat puts into the signed attributes instead of a DSS."""
    for attribute in container.info["signed_attrs"]:
        if attribute["type"].native == "adobe_revocation_info_archival":
            own = attribute["values"][0]
            return replace(
                evidence,
                lists=(*evidence.lists, *(own["crl"] if own["crl"] else ())),
                answers=(*evidence.answers, *(own["ocsp"] if own["ocsp"] else ())),
            )
    return evidence


def _may_sign(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is for signing papers: not a CA, not for time stamps, with a signing usage."""
    usage, extended = certificate.key_usage_value, certificate.extended_key_usage_value
    if certificate.ca or (extended is not None and _STAMPING in extended.native):
        return False
    return usage is None or bool(usage.native & {"digital_signature", "non_repudiation"})


def _note(one: Found, container: Container, chain: Chain, trust: Trust, evidence: Evidence) -> None:
    if chain.finding is not None:
        one.findings.append(chain.finding)
    known = [*chain.path, *trust.roots, *evidence.certificates, container.signer, *container.others]
    for other in container.others:
        # itself is in `known` for its neighbours' sake; being equal to itself proves nothing
        if not is_accounted(other, [k for k in known if k is not other]):
            one.findings.append(
                Finding(Answer.INDETERMINATE, "container", "a certificate nobody vouches for travels along")
            )


def _level(one: Found, evidence: Evidence, *, has_time: bool, stamped: bool) -> str:
    family = "PAdES-BASELINE-" if one.subfilter == "/ETSI.CAdES.detached" else "PKCS7-"
    if not has_time:
        return family + "B"
    if not (evidence.lists or evidence.answers):
        return family + "T"
    return family + ("LTA" if stamped else "LT")
