"""Ask for the time with proof (RFC 3161): a demo authority inside the process, or a real one over HTTP.

No token, no seal: a time is never made up here. Every token is read back against what was asked (`time_tokens`) and
against our clock before it goes into a file. What every kind of trouble leads to: docs/howto/time-and-revocation.md.
"""

import asyncio
import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.general import simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper

from records.clock import Clock
from records.errors import ArchiveFault, Away
from signing import demo_pki
from signing.fetching import EVERYWHERE, Door, NotFetched, apart, places_of
from signing.keys import load_p12
from signing.options import SigningOptions
from signing.time_tokens import Asked, Rules, Untrue, read_token
from signing.trust import Trust, load_trust

log = logging.getLogger(__name__)

DIGEST = "sha256"
# a UUID arc: nobody registers it, nobody else uses it
_DEMO_POLICY = "2.25.168211274226094712302868133047126358291"
_SKEW_WARN = timedelta(seconds=5)
_SKEW_REFUSE = timedelta(seconds=60)
_TRIES = 3
_MOST_AT_ONCE = 4
_LARGEST_ANSWER = 1 << 20
_CONNECT = 10.0
_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class TimeStamps(TimeStamper):
    """A time-stamp authority as the seal sees it. Safe between threads and event loops.

    `constant_size`: every token has the same length, so a signature needs no spare room in the file. `rules`: whom to
    believe; None only where the token is made in this process.
    """

    constant_size = False

    def __init__(self, clock: Clock, rules: Rules | None = None) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self.clock = clock
        self.rules = rules
        self._alarm = ClockAlarm(clock)

    def ask(self, request: bytes) -> bytes:
        """Return the DER answer to a DER request. Raises `Away` when no answer comes."""
        raise NotImplementedError

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token over `message_digest`, checked. Raises `Away` (`time-stamp-away`, `clock-skew`)."""
        nonce, request = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        answer = self.ask(request.dump())
        try:
            asked = Asked(message_digest, md_algorithm, nonce)
            token, moment = await read_token(answer, asked, self.rules)
        except Untrue as fault:
            raise _away(str(fault), "máy chủ dấu thời gian trả lời không dùng được") from fault
        self._alarm.compare(moment)
        return token


class ClockAlarm:
    """Compares our clock with proven times: tells once when they part by over 5 s, refuses over 60 s."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._apart = False

    def compare(self, moment: datetime) -> None:
        """Take a proven `moment`, a moment old. Raises `Away` (`clock-skew`)."""
        skew = abs(moment - self._clock.now())
        with self._lock:
            changed, self._apart = self._apart != (skew > _SKEW_WARN), skew > _SKEW_WARN
        if changed and skew > _SKEW_WARN:
            log.warning("clock and time stamp differ by %s", skew)
        elif changed:
            log.warning("clock and time stamp agree again (%s)", skew)
        if skew > _SKEW_REFUSE:
            raise Away(
                f"clock and time stamp differ by {skew}",
                code="clock-skew",
                tell="Đồng hồ máy lệch quá 1 phút so với dấu thời gian nên chưa ký. "
                "Hãy chỉnh lại đồng hồ máy chủ rồi thử lại.",
            )


class DemoTimeStamps(TimeStamps):
    """The built-in demo authority: a real RFC 3161 answer, whose certificate says DEMO."""

    constant_size = True

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Load the demo time-stamp key of `folder`. Raises `ArchiveFault` (`keys-unreadable`)."""
        super().__init__(clock)
        certificate, self._key = load_p12(folder, demo_pki.TSA)
        self.certificate = x509.Certificate.load(certificate.public_bytes(Encoding.DER))

    def ask(self, request: bytes) -> bytes:
        """Answer a DER `TimeStampReq` with a DER `TimeStampResp`; a refusal when it is unreadable or asks SHA-1."""
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            digest = imprint["hash_algorithm"]["algorithm"].native
            if digest not in ("sha256", "sha384", "sha512"):
                return _refusal("bad_alg")
            if len(imprint["hashed_message"].native) != hashlib.new(digest).digest_size:
                return _refusal("bad_data_format")
            nonce = asked["nonce"].native
        except (ValueError, TypeError, KeyError):
            return _refusal("bad_data_format")
        token = demo_token(imprint, nonce, self.clock.now(), self.certificate, self._key)
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def demo_token(
    imprint: tsp.MessageImprint,
    nonce: int | None,
    now: datetime,
    certificate: x509.Certificate,
    key: rsa.RSAPrivateKey,
) -> cms.ContentInfo:
    """Return a signed token over `imprint` at `now` (to the second). Always the same length for one key.

    The signed attributes name certificate (ESS v2) and algorithms (RFC 6211), so that no byte of the container can
    be changed unseen; see docs/decisions/0022.
    """
    moment = now.astimezone(UTC).replace(microsecond=0)
    fields: dict[str, Any] = {
        "version": "v1",
        "policy": _DEMO_POLICY,
        "message_imprint": imprint,
        "serial_number": (1 << 126) | secrets.randbits(126),  # unique, and 16 octets long whatever the draw
        "gen_time": moment,
        "accuracy": {"seconds": 1},
    }
    if nonce is not None:
        fields["nonce"] = nonce
    content = tsp.TSTInfo(fields).dump()
    digest = algos.DigestAlgorithm({"algorithm": DIGEST})
    mechanism = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
    attributes = cms.CMSAttributes(
        [
            _attribute("content_type", "tst_info"),
            _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(moment)})),
            _attribute("message_digest", hashlib.sha256(content).digest()),
            _attribute(
                "signing_certificate_v2",
                tsp.SigningCertificateV2(
                    {"certs": [{"cert_hash": hashlib.sha256(certificate.dump()).digest()}]}
                ),
            ),
            _attribute(
                "cms_algorithm_protection",
                cms.CMSAlgorithmProtection({"digest_algorithm": digest, "signature_algorithm": mechanism}),
            ),
        ]
    )
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": {
                        "issuer": certificate.issuer,
                        "serial_number": certificate.serial_number,
                    }
                }
            ),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": mechanism,
            "signature": key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
    )
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
            "certificates": [certificate],
            "signer_infos": [signer],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed})


class HttpTimeStamps(TimeStamps):
    """A time-stamp authority behind an address. At most four requests at once, three tries, then `Away`."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        timeout: float = 180.0,
        pause: float = 2.0,
        *,
        trust: Trust,
        policies: Iterable[str] = (),
    ) -> None:
        """Remember the address and whom to believe. Raises `ArchiveFault` (`signing-settings`).

        `timeout` (seconds): from the moment our turn has come to the last byte of the answer, all tries and pauses
        included; a public authority was seen to need 131 s. `pause` (seconds) is doubled before every new try.
        `policies`: dotted numbers a token may stand under; none means any. One alone is also asked for.
        """
        super().__init__(clock, Rules(trust, frozenset(policies)))
        self._url, self._timeout, self._pause = url, timeout, pause
        self._gate = threading.BoundedSemaphore(_MOST_AT_ONCE)
        place = places_of([url.partition("?")[0]])
        # the operator named this one address, so it may lie anywhere, also inside
        self._door = Door(place, EVERYWHERE, connect=min(_CONNECT, timeout), whole=timeout)

    def request_cms(self, message_digest: bytes, md_algorithm: str) -> tuple[int, tsp.TimeStampReq]:
        """Return nonce and request, as pyHanko makes them; the policy is named when there is only one."""
        nonce, request = super().request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        if self.rules is not None and len(self.rules.policies) == 1:
            request["req_policy"] = next(iter(self.rules.policies))
        return nonce, request

    def ask(self, request: bytes) -> bytes:
        """Post the request and return the body. Raises `Away` (`time-stamp-away`) after the last try."""
        with self._gate:
            return apart(lambda: self._tries(request))

    async def _tries(self, request: bytes) -> bytes:
        end = time.monotonic() + self._timeout
        fault: Exception | None = None
        async with self._door.open() as session:
            for attempt in range(_TRIES):
                pause = self._pause * 2 ** (attempt - 1) if attempt else 0
                left = end - time.monotonic() - pause
                if left <= 0:
                    break
                await asyncio.sleep(pause)
                try:
                    return await session.post_once(self._url, _HEADERS, request, _LARGEST_ANSWER, left)
                except NotFetched as found:
                    fault = found
                    log.warning("time-stamp authority, try %d of %d: %s", attempt + 1, _TRIES, found)
        raise _away(f"no answer within {self._timeout:g} s: {fault}") from fault


def time_stamps(
    options: SigningOptions, clock: Clock, roots: Sequence[Path] = (), policies: Iterable[str] = ()
) -> TimeStamps:
    """Return the authority the options ask for.

    `roots`: PEM files with the roots of time-stamp authorities; empty means `options.trust`, and without that the
    `roots.pem` beside the keys. Raises `ArchiveFault` when key or roots cannot be read.
    """
    if not options.tsa_url:
        return DemoTimeStamps(options.keys, clock)
    files = tuple(roots) or options.trust or (options.keys / demo_pki.ROOTS,)
    return HttpTimeStamps(
        options.tsa_url, clock, options.tsa_timeout, trust=load_trust(files), policies=policies
    )


def stamp_answer(authority: TimeStamps, data: bytes) -> bytes:
    """Return a granted DER `TimeStampResp` over SHA-256 of `data`, checked; `openssl ts -verify -data` reads it.

    Raises `Away` (`time-stamp-away`, `clock-skew`). Not for a thread that runs an event loop.
    """
    token = asyncio.run(authority.async_timestamp(hashlib.sha256(data).digest(), DIGEST))
    return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def embedded_certificates(tokens: Iterable[cms.ContentInfo]) -> list[x509.Certificate]:
    """Return the certificates that travel inside tokens, each once."""
    found = {}
    for token in tokens:
        for choice in token["content"]["certificates"]:
            found[choice.chosen.dump()] = choice.chosen
    return list(found.values())


def _attribute(name: str, value: Any) -> cms.CMSAttribute:
    return simple_cms_attribute(name, value)  # type: ignore[no-untyped-call]


def _refusal(fail: str) -> bytes:
    status = bytes(tsp.PKIStatusInfo({"status": "rejection", "fail_info": {fail}}).dump())
    return b"\x30" + bytes([len(status)]) + status  # asn1crypto cannot write an answer without a token


def _away(reason: str, why: str = "máy chủ dấu thời gian chưa trả lời") -> ArchiveFault:
    return Away(
        reason,
        code="time-stamp-away",
        tell=f"Chờ dấu thời gian: {why}. Tài liệu chưa được ký và không bị thay đổi; hệ thống sẽ thử lại.",
    )
