"""Sign with a key at a remote service over the Cloud Signature Consortium API v1 (CSC, 1.0.4.0): its only door.

pyHanko's `CSCSigner` speaks the protocol; here are our guards: the credential's certificate is the one we know, the
authorization is bound to the one hash, a refused PIN is not sent twice, nothing follows a redirect with the PIN in its
hands, and every signature is checked with the certificate. See docs/decisions/0081.
"""

import asyncio
import json
import re
from pathlib import Path

import aiohttp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCCredentialInfo,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)
from pyhanko_certvalidator.registry import CertificateStore

from records.errors import ArchiveFault, Away
from signing.key_table import RemoteKey
from signing.mechanisms import fits, signature_room
from signing.pin_once import pin_once, read_secret

_SECONDS = 60
_WORD = re.compile("[a-z_]{1,40}")
_LARGEST_REFUSAL = 10_000


class _PinRefused(Exception):
    """The service did not take the PIN."""


class RemoteSigner(Signer):
    """A pyHanko signer over one credential of a CSC service. Safe between threads and event loops."""

    def __init__(
        self, where: RemoteKey, certificate: asn1_x509.Certificate, others: CertificateStore, notes: Path
    ) -> None:
        """Take the credential, its certificate and the folder for notes on refused PINs; nothing is asked yet."""
        super().__init__(signing_cert=certificate, cert_registry=others, embed_roots=False)
        self._where, self._certificate, self._notes = where, certificate, notes

    def __repr__(self) -> str:
        return f"RemoteSigner({self._where.url}, {self._where.credential})"

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature of `data`, checked; when `dry_run`, as many zeros as it may take.

        Raises `Away`: `remote-away` (down, silent, answers nonsense), `remote-sad-expired`; `ArchiveFault`:
        `pin-wrong`, `pin-unreadable`, `remote-refused`, `remote-redirect`, `remote-key-disabled`,
        `remote-key-mismatch`.
        """
        if dry_run:
            return bytes(signature_room(self._certificate))
        # a thread and a loop of its own: the lock on the PIN may wait, and a session belongs to one loop
        return await asyncio.to_thread(lambda: asyncio.run(self._ask(data, digest_algorithm)))

    async def _ask(self, data: bytes, digest: str) -> bytes:
        token = read_secret(self._where.token) if self._where.token else None
        service = CSCServiceSessionInfo(self._where.url, self._where.credential, token)
        try:
            async with aiohttp.ClientSession(middlewares=(_guard,)) as session:
                known = await fetch_certs_in_csc_credential(session, service, timeout=_SECONDS)
                self._demand_credential(known)
                approval = _Approval(service, known, session, self._where, self._notes)
                signer = CSCSigner(session, approval, sign_timeout=_SECONDS, embed_roots=False)
                signature = await signer.async_sign_raw(data, digest)
        except (SigningError, aiohttp.ClientError, TimeoutError, ValueError, TypeError, KeyError) as fault:
            raise _away(
                f"{self!r}: {type(fault).__name__}: {fault}"
            ) from None  # its cause may hold what was sent
        if not fits(self._certificate, signature, data, digest):
            raise self._mismatch("a signature does not fit the certificate")
        return signature

    def _demand_credential(self, known: CSCCredentialInfo) -> None:
        if known.signing_cert.dump() != self._certificate.dump():
            raise self._mismatch("the credential has another certificate")
        if known.response_data["key"].get("status") != "enabled":
            raise ArchiveFault(
                f"{self!r}: key status {known.response_data['key'].get('status')!r:.40}",
                code="remote-key-disabled",
                tell="Khóa tại dịch vụ ký số từ xa đang bị khóa hoặc chưa kích hoạt. Chưa ký gì; "
                "hãy liên hệ nhà cung cấp.",
            )

    def _mismatch(self, why: str) -> ArchiveFault:
        return ArchiveFault(
            f"{self!r}: {why}",
            code="remote-key-mismatch",
            tell="Khóa tại dịch vụ ký số từ xa không khớp với chứng thư đã khai. Chưa ký gì; "
            "hãy báo quản trị viên kiểm tra bảng khóa ký.",
        )


class _Approval(CSCAuthorizationManager):
    """Asks for the activation data (SAD) of one hash."""

    def __init__(
        self,
        service: CSCServiceSessionInfo,
        known: CSCCredentialInfo,
        session: aiohttp.ClientSession,
        where: RemoteKey,
        notes: Path,
    ) -> None:
        super().__init__(service, known)
        self._session, self._where, self._notes = session, where, notes

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        where = self._where
        if where.pin is None:
            return await self._authorize(hash_b64s, None)
        owner = f"{where.url}|{where.credential}"
        with pin_once(self._notes, owner, where.pin, owner, (_PinRefused,)) as pin:
            return await self._authorize(hash_b64s, pin)

    async def _authorize(self, hashes: list[str], pin: str | None) -> CSCAuthorizationInfo:
        async with self._session.post(
            self.csc_session_info.endpoint_url("credentials/authorize"),  # type: ignore[no-untyped-call]
            headers=self.auth_headers,
            json=self.format_csc_auth_request(hash_b64s=hashes, pin=pin),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
        ) as answer:
            return self.parse_csc_auth_response(await answer.json())


async def _guard(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Tell refusals by what the service says of them, before pyHanko reduces them to "failed"."""
    try:
        answer = await handler(request)
        if answer.status < 300:
            return answer
        body = await answer.content.read(_LARGEST_REFUSAL)
    except (aiohttp.ClientError, OSError) as fault:  # time-outs of the whole call are told by `_ask`
        raise _away(f"{request.url.host}: {type(fault).__name__}") from None
    answer.close()
    raise _refusal(request.url.path.rpartition("/csc/")[2], answer.status, body)


def _refusal(call: str, status: int, body: bytes) -> Exception:
    try:
        said = json.loads(body)
        error, description = str(said.get("error", "")), str(said.get("error_description", ""))
    except (ValueError, AttributeError):
        error, description = "", ""
    # only a plain word of it goes on: a service may repeat in its sentence what it was sent
    why = f"{call}: HTTP {status} {error if _WORD.fullmatch(error) else ''}"
    if status >= 500 or status == 429:
        return _away(why)
    if status < 400:
        return ArchiveFault(
            why,
            code="remote-redirect",
            tell="Dịch vụ ký số từ xa chuyển hướng sang địa chỉ khác nên không gửi mã PIN. Hãy báo quản trị viên.",
        )
    if call.endswith("authorize") and (error == "invalid_pin" or "PIN" in description):
        return _PinRefused(why)
    if call.endswith("signHash") and "SAD" in f"{error} {description}".upper():
        return Away(
            why,
            code="remote-sad-expired",
            tell="Phiên cho phép ký của dịch vụ ký số từ xa đã hết hạn. Chưa ký gì; hệ thống sẽ thử lại.",
        )
    return ArchiveFault(
        why,
        code="remote-refused",
        tell="Dịch vụ ký số từ xa từ chối yêu cầu ký (mã truy cập, chứng thư hoặc quyền). Chưa ký gì; "
        "hãy báo quản trị viên.",
    )


def _away(why: str) -> Away:
    return Away(
        why,
        code="remote-away",
        tell="Chưa liên lạc được với dịch vụ ký số từ xa. Chưa ký gì; hệ thống sẽ thử lại.",
    )
