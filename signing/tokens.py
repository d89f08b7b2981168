"""Sign with a key that never leaves its PKCS#11 token (HSM, USB, smart card): the only door to python-pkcs11.

One session a token and one operation at a time, as the standard asks of an application. A PIN that was refused is not
tried again by any process until its file is written anew, for three tries lock a card. See docs/decisions/0071.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from asn1crypto import x509 as asn1_x509
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag
from pkcs11 import exceptions as p11
from pkcs11.util.ec import encode_ecdsa_signature
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import CertificateStore

from records.errors import ArchiveFault, Away, ToolMissing
from signing.key_table import TokenKey
from signing.mechanisms import fits, is_curve, signature_room
from signing.pin_once import pin_once

_MECHANISMS = {
    "sha256": Mechanism.SHA256_RSA_PKCS,
    "sha384": Mechanism.SHA384_RSA_PKCS,
    "sha512": Mechanism.SHA512_RSA_PKCS,
}
_PIN_FAULTS = (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange)


_T = TypeVar("_T")


class Tokens:
    """The tokens this process talks to: one session each, one call at a time into each vendor's module."""

    def __init__(self, notes: Path) -> None:
        """Take the folder for the notes on refused PINs; all processes must share it."""
        self._notes = notes
        self._guard = threading.Lock()
        self._locks: dict[Path, threading.Lock] = {}
        self._known: dict[tuple[Path, str, str], Token] = {}

    def of(self, key: TokenKey) -> "Token":
        """Return the token that `key` lies on; nothing is opened yet."""
        with self._guard:
            name = (key.module, key.label, key.serial)
            lock = self._locks.setdefault(key.module, threading.Lock())
            return self._known.setdefault(name, Token(key, self._notes, lock))


class Token:
    """One token and our session with it. Safe between threads; a forked child must make its own."""

    def __init__(self, key: TokenKey, notes: Path, lock: threading.Lock) -> None:
        self._where = key
        self._notes = notes
        self._lock = lock
        self._session: Any = None
        self._keys: dict[bytes, Any] = {}

    def __repr__(self) -> str:
        return f"Token({self._where.label or self._where.serial})"

    def sign(self, key_id: bytes, certificate: asn1_x509.Certificate, data: bytes, digest: str) -> bytes:
        """Return the signature of `data` (PKCS #1 v1.5, or ECDSA in DER), checked with the certificate first.

        Raises `Away` (`token-away`: pulled out, broken, silent; asking later may help), `ToolMissing`
        (`token-module`) and `ArchiveFault`: `pin-wrong`, `pin-locked`, `pin-last-try`, `pin-unreadable`,
        `token-ambiguous`, `token-key-missing`, `token-key-mismatch`.
        """
        with self._lock:
            signature = self._alive(lambda: self._made(key_id, data, digest, curve=is_curve(certificate)))
        if not fits(certificate, signature, data, digest):
            raise ArchiveFault(
                f"{self}: a signature of key {key_id.hex()} does not fit its certificate",
                code="token-key-mismatch",
                tell="Khóa trên thiết bị ký không khớp với chứng thư đã khai. Chưa ký gì; "
                "hãy báo quản trị viên kiểm tra bảng khóa ký.",
            )
        return signature

    # --- with the lock held

    def _alive(self, work: Callable[[], _T]) -> _T:
        """Run `work`, once more with a new session when the old one is dead: the token was plugged in again.

        A signature is a pure function of the data, so asking twice signs nothing twice.
        """
        try:
            return work()
        except p11.PKCS11Error:
            self._drop()
        try:
            self._library().reinitialize()  # a module looks for new tokens only when it starts
            return work()
        except p11.PKCS11Error as fault:
            self._drop()
            raise self._away(repr(fault)) from fault

    def _made(self, key_id: bytes, data: bytes, digest: str, *, curve: bool) -> bytes:
        key = self._key(key_id)
        if curve:  # every module has the bare mechanism, few the ones that hash
            data, mechanism = hashlib.new(digest.lower(), data).digest(), Mechanism.ECDSA
        else:
            mechanism = _MECHANISMS[digest.lower()]
        if _asks_each_time(key):
            with self._pin_once(self._present()) as pin:
                signature = bytes(key.sign(data, mechanism=mechanism, pin=pin))
        else:
            signature = bytes(key.sign(data, mechanism=mechanism))
        return encode_ecdsa_signature(signature) if curve else signature

    def _key(self, key_id: bytes) -> Any:
        session = self._opened()
        if key_id not in self._keys:
            try:
                self._keys[key_id] = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=key_id)
            except (p11.NoSuchKey, p11.MultipleObjectsReturned) as fault:
                raise self._no_key(key_id, repr(fault)) from fault
        return self._keys[key_id]

    def _opened(self) -> Any:
        if self._session is None:
            token = self._present()
            with self._pin_once(token) as pin:
                try:
                    self._session = token.open(user_pin=pin)
                except p11.UserAlreadyLoggedIn:  # another session of this very process did it
                    self._session = token.open()
        return self._session

    def _library(self) -> Any:
        try:
            return pkcs11.lib(str(self._where.module))
        except (RuntimeError, OSError, p11.PKCS11Error) as fault:
            raise ToolMissing(
                f"{self._where.module}: {fault}",
                code="token-module",
                tell="Không nạp được phần mềm điều khiển thiết bị ký (PKCS#11). Hãy cài trình điều khiển của nhà cung "
                "cấp rồi ghi đúng đường dẫn trong bảng khóa ký.",
            ) from fault

    def _present(self) -> Any:
        wanted = self._where
        found = [
            token
            for token in self._library().get_tokens()
            if (not wanted.label or token.label.strip() == wanted.label)
            and (not wanted.serial or _plain(token.serial) == wanted.serial)
        ]
        if not found:
            raise p11.TokenNotPresent("no such token in any slot")
        if len(found) > 1:
            raise ArchiveFault(
                f"{self}: {len(found)} tokens answer to it",
                code="token-ambiguous",
                tell="Có nhiều thiết bị ký cùng tên đang cắm. Hãy ghi thêm số sê-ri (token_serial) trong bảng khóa ký.",
            )
        return found[0]

    @contextmanager
    def _pin_once(self, token: Any) -> Iterator[str]:
        """Give the PIN, to one process at a time, unless it was refused before; note it when it is refused now."""
        where = self._where
        owner = f"{where.module}|{where.label}|{where.serial}"
        with pin_once(self._notes, owner, where.pin, str(self), _PIN_FAULTS) as pin:
            if TokenFlag.USER_PIN_LOCKED in token.flags:
                raise _pin_locked(f"{self}: locked")
            if TokenFlag.USER_PIN_FINAL_TRY in token.flags:
                raise ArchiveFault(
                    f"{self}: one try is left",
                    code="pin-last-try",
                    tell="Thiết bị ký chỉ còn một lần thử mã PIN nên chương trình không tự thử. Hãy nhập đúng PIN "
                    "một lần bằng phần mềm của nhà cung cấp rồi chạy lại.",
                )
            try:
                yield pin
            except p11.PinLocked as fault:
                raise _pin_locked(f"{self}: locked") from fault

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._keys.clear()
        if session is not None:
            with suppress(p11.PKCS11Error):  # it is dead already; there is nothing to log out of
                session.close()

    def _no_key(self, key_id: bytes, why: str) -> ArchiveFault:
        return ArchiveFault(
            f"{self}: key {key_id.hex()}: {why}",
            code="token-key-missing",
            tell="Trên thiết bị ký không có khóa mang mã đã khai. Hãy kiểm tra key_id trong bảng khóa.",
        )

    def _away(self, why: str) -> Away:
        return Away(
            f"{self}: {why}",
            code="token-away",
            tell="Không thấy thiết bị ký (đã rút ra, hỏng hoặc không trả lời). Chưa ký gì; hãy cắm lại thiết bị, "
            "việc ký sẽ tự chạy tiếp.",
        )


class TokenSigner(Signer):
    """A pyHanko signer over one key of a token."""

    def __init__(
        self, token: Token, key_id: bytes, certificate: asn1_x509.Certificate, others: CertificateStore
    ) -> None:
        super().__init__(signing_cert=certificate, cert_registry=others, embed_roots=False)
        self._token, self._key_id, self._certificate = token, key_id, certificate

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature of `data`; when `dry_run`, as many zeros. Raises as `Token.sign`."""
        if dry_run:
            return bytes(signature_room(self._certificate))
        return await asyncio.to_thread(
            self._token.sign, self._key_id, self._certificate, data, digest_algorithm
        )


def _asks_each_time(key: Any) -> bool:
    """Return whether a key wants the PIN for every signature (PKCS #11 v2.40 §4.9, CKA_ALWAYS_AUTHENTICATE)."""
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except (p11.AttributeTypeInvalid, p11.AttributeSensitive):  # modules older than the attribute
        return False


def _plain(serial: object) -> str:
    return (serial.decode(errors="replace") if isinstance(serial, bytes) else str(serial)).strip()


def _pin_locked(why: str) -> ArchiveFault:
    return ArchiveFault(
        why,
        code="pin-locked",
        tell="Thiết bị ký đã khóa vì nhập sai mã PIN nhiều lần. Hãy mở khóa bằng phần mềm của nhà cung cấp.",
    )
