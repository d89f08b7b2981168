"""Ask for the time with proof (RFC 3161): a demo authority inside the process, or a real one over HTTP.

No token, no seal: a time is never made up here. Every token is read back against what was asked (imprint, nonce,
clock) before it goes into a file, because some authorities answer nonsense and some clients never look.
"""

import asyncio
import hashlib
import logging
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
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
from signing.keys import load_p12
from signing.options import SigningOptions

log = logging.getLogger(__name__)

DIGEST = "sha256"
# a UUID arc: nobody registers it, nobody else uses it
_DEMO_POLICY = "2.25.168211274226094712302868133047126358291"
_SKEW_WARN = timedelta(seconds=5)
_SKEW_REFUSE = timedelta(seconds=60)
_TRIES = 3
_MOST_AT_ONCE = 4
_LARGEST_ANSWER = 1 << 20


class TimeStamps(TimeStamper):
    """A time-stamp authority as the seal sees it. Safe between threads and event loops.

    `constant_size`: every token has the same length, so a signature needs no spare room in the file.
    """

    constant_size = False

    def __init__(self, clock: Clock) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self.clock = clock

    def ask(self, request: bytes) -> bytes:
        """Return the DER answer to a DER request. Raises `Away` when no answer comes."""
        raise NotImplementedError

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token over `message_digest`, checked. Raises `Away` (`time-stamp-away`, `clock-skew`)."""
        nonce, request = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        try:
            answer = tsp.TimeStampResp.load(self.ask(request.dump()), strict=True)
            status = answer["status"]["status"].native
            if status not in ("granted", "granted_with_mods"):
                raise _away(f"authority answered {status}")
            token = answer["time_stamp_token"]
            info = token["content"]["encap_content_info"]["content"].parsed
            imprint = info["message_imprint"]
            if (
                imprint["hashed_message"].native != message_digest
                or imprint["hash_algorithm"]["algorithm"].native != md_algorithm
                or info["nonce"].native != nonce
            ):
                raise _away("the token is not about our request")
            self._check_clock(info["gen_time"].native)
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise _away(f"unreadable answer: {fault}") from fault
        return token

    def _check_clock(self, moment: datetime) -> None:
        skew = abs(moment - self.clock.now())
        if skew > _SKEW_REFUSE:
            raise Away(
                f"clock and time stamp differ by {skew}",
                code="clock-skew",
                tell="Đồng hồ máy lệch quá 1 phút so với dấu thời gian nên chưa ký. "
                "Hãy chỉnh lại đồng hồ máy chủ rồi thử lại.",
            )
        if skew > _SKEW_WARN:
            log.warning("clock and time stamp differ by %s", skew)


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

    def __init__(self, url: str, clock: Clock, timeout: float = 180.0, pause: float = 2.0) -> None:
        """Remember the address; `timeout` and `pause` (doubled before every new try) are seconds."""
        super().__init__(clock)
        self._url, self._timeout, self._pause = url, timeout, pause
        self._gate = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def ask(self, request: bytes) -> bytes:
        """Post the request and return the body. Raises `Away` (`time-stamp-away`) after the last try."""
        fault: Exception | None = None
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                with self._gate:
                    return self._post(request)
            except (OSError, ValueError) as found:  # URLError, timeouts and HTTP refusals are all OSError
                fault = found
                log.warning("time-stamp authority, try %d of %d: %s", attempt + 1, _TRIES, found)
        raise _away(f"no answer after {_TRIES} tries: {fault}") from fault

    def _post(self, request: bytes) -> bytes:
        call = urllib.request.Request(  # noqa: S310 the scheme was checked by SigningOptions.check
            self._url,
            data=request,
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(call, timeout=self._timeout) as answer:
                body = answer.read(_LARGEST_ANSWER + 1)
        except urllib.error.HTTPError as refusal:  # it holds the connection open until it is closed
            refusal.close()
            raise OSError(f"HTTP status {refusal.code}") from None
        if len(body) > _LARGEST_ANSWER:
            raise ValueError("answer larger than 1 MiB")
        return bytes(body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would let a far server choose an address inside our network."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def time_stamps(options: SigningOptions, clock: Clock) -> TimeStamps:
    """Return the authority the options ask for. Raises `ArchiveFault` when its key cannot be read."""
    if options.tsa_url:
        return HttpTimeStamps(options.tsa_url, clock, options.tsa_timeout)
    return DemoTimeStamps(options.keys, clock)


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


def _away(reason: str) -> ArchiveFault:
    return Away(
        reason,
        code="time-stamp-away",
        tell="Chờ dấu thời gian: máy chủ dấu thời gian chưa trả lời. Tài liệu chưa được ký và không bị thay đổi; "
        "hệ thống sẽ thử lại.",
    )
