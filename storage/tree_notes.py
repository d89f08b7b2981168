"""Sign what the log was at one moment: a C2SP tlog-checkpoint in a C2SP signed note, Ed25519.

    vanthu/audit/5f0c1d2e3a4b5c6d      the log's name: origin and key name are one
    1593                               events
    4Q3n…=                             RFC 9162 root, base64
                                       (empty line)
    — vanthu/audit/5f0c1d2e3a4b5c6d base64(4 bytes of key id ‖ 64 bytes of signature)

The key lies in the keys folder, never in the database: whoever owns the rows cannot sign. See docs/decisions/0059.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from records.errors import ArchiveFault

KEY = "audit.key"
"""The signing key, mode 600, in the form of Go's note package: `PRIVATE+KEY+name+hash+base64(0x01 ‖ seed)`."""

PUBLISHED = "audit.pub"
"""Every verifier key this log ever signed with, one a line, newest last; safe to show to anybody."""

_PRIVATE = "PRIVATE+KEY+"
_ED25519 = b"\x01"
_DASH = "\u2014 "
_MOST_DIGITS = 18  # of a count that a database can number


class NoteRefused(ArchiveFault):
    """The note is not signed by a key of this log, or is no note at all."""

    code = "audit-note"

    def __init__(self, reason: str) -> None:
        super().__init__(
            reason,
            tell="Mốc nhật ký không mang chữ ký của khóa nhật ký này, hoặc đã bị sửa. "
            "Hãy báo người phụ trách an ninh và giữ nguyên hiện trạng.",
        )


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a note says: which log, how many events, which root (32 bytes)."""

    origin: str
    count: int
    root: bytes


class NoteVerifier:
    """A verifier key, `name+hash+base64(0x01 ‖ public key)`."""

    def __init__(self, name: str, public: bytes) -> None:
        self.name = name
        self.key_id = hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
        self._public = public

    @classmethod
    def from_text(cls, text: str) -> "NoteVerifier":
        """Return the key that `text` writes down. Raises ValueError."""
        name, given_id, data = _key_parts(text)
        key = cls(name, data)
        if key.key_id != given_id:
            raise ValueError("the hash in the key is not that of the key")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self._public)}"

    def holds(self, text: str, signature: bytes) -> bool:
        """Return whether `signature` (64 bytes) over `text` was made with this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self._public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class NoteSigner:
    """The key that signs heads. Safe between threads; the seed never leaves it but into the key file."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not name or "+" in name or any(c.isspace() for c in name):
            raise ValueError(f"{name!r} cannot be a key's name")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = NoteVerifier(
            name, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        )

    @classmethod
    def from_text(cls, text: str) -> "NoteSigner":
        """Return the key of a `PRIVATE+KEY+…` line. Raises ValueError."""
        if not text.startswith(_PRIVATE):
            raise ValueError("not a private key")
        name, given_id, seed = _key_parts(text.removeprefix(_PRIVATE))
        key = cls(name, seed)
        if key.verifier.key_id != given_id:
            raise ValueError("the hash in the key is not that of the key")
        return key

    def sign(self, text: str) -> str:
        """Return the signed note over `text`, which ends with a newline. The same text gives the same note."""
        signature = _base64(self.verifier.key_id + self._key.sign(text.encode()))
        return f"{text}\n{_DASH}{self.verifier.name} {signature}\n"

    def sign_head(self, count: int, root: bytes) -> str:
        """Return the signed note that says: `count` events, this root."""
        return self.sign(f"{self.verifier.name}\n{count}\n{_base64(root)}\n")


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """The key that signs now, and every key whose notes count as this log's (rotation keeps the old ones)."""

    signer: NoteSigner
    verifiers: tuple[NoteVerifier, ...]


def open_note(note: str, verifiers: Sequence[NoteVerifier]) -> TreeHead:
    """Return the head in `note` once a signature of one of `verifiers` holds. Raises `NoteRefused`.

    Signatures of other keys (witnesses) are passed over, as C2SP asks; a wrong one of a known key is not.
    """
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteRefused("not a signed note")
    text += "\n"
    known = 0
    for line in signatures[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        data = _decoded(encoded)
        if not line.startswith(_DASH) or not name or len(data) <= 4:
            raise NoteRefused(f"not a signature line: {line[:80]!r}")
        for key in verifiers:
            if (key.name, key.key_id) == (name, data[:4]):
                if not key.holds(text, data[4:]):
                    raise NoteRefused(f"the signature of {key.name} does not hold")
                known += 1
    if not known:
        raise NoteRefused("no signature by a key of this log")
    head = _head(text)
    if head.origin not in {key.name for key in verifiers}:
        raise NoteRefused(f"a head of another log: {head.origin[:80]!r}")
    return head


def create_audit_key(folder: Path) -> str:
    """Make the log's signing key in `folder` when there is none; return its verifier key to print and keep elsewhere.

    Safe to repeat, to race and to kill. A new key beside an `audit.pub` goes on under the old name: that is how a key
    is replaced (move `audit.key` away, make a new one). Raises `ArchiveFault` (`keys-unreadable`).
    """
    try:
        if not (folder / KEY).exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            published = _published(folder)
            name = published[-1].name if published else f"vanthu/audit/{secrets.token_hex(8)}"
            seed = secrets.token_bytes(32)
            made = NoteSigner(name, seed).verifier
            # told before it can sign, so that no note is ever made by a key that nobody knows
            _write(folder, PUBLISHED, "".join(f"{key}\n" for key in (*published, made)), 0o644, replace=True)
            private = f"{_PRIVATE}{name}+{made.key_id.hex()}+{_base64(_ED25519 + seed)}\n"
            _write(folder, KEY, private, 0o600, replace=False)
    except (OSError, ValueError) as fault:
        raise _unreadable(folder, fault) from fault
    return str(load_audit_keys(folder).signer.verifier)


def load_audit_keys(folder: Path) -> AuditKeys:
    """Return the keys of `folder`. Raises `ArchiveFault` (`keys-unreadable`)."""
    try:
        signer = NoteSigner.from_text((folder / KEY).read_text(encoding="utf-8").strip())
        published = _published(folder)
    except (OSError, ValueError) as fault:
        raise _unreadable(folder, fault) from fault
    own = str(signer.verifier)
    return AuditKeys(signer, (signer.verifier, *(key for key in published if str(key) != own)))


def load_verifiers(folder: Path) -> tuple[NoteVerifier, ...]:
    """Return the public keys of `folder` alone, which any machine may hold. Raises `ArchiveFault`."""
    try:
        return tuple(_published(folder))
    except (OSError, ValueError) as fault:
        raise _unreadable(folder, fault) from fault


def _published(folder: Path) -> list[NoteVerifier]:
    path = folder / PUBLISHED
    if not path.exists():
        return []
    return [NoteVerifier.from_text(line) for line in path.read_text(encoding="utf-8").split()]


def _write(folder: Path, name: str, text: str, mode: int, *, replace: bool) -> None:
    """Make `name` whole or not at all; without `replace` a file that is there already stays."""
    half = folder / f".{name}.{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            half.replace(folder / name)
        else:
            with contextlib.suppress(FileExistsError):  # somebody was faster: theirs is the key
                os.link(half, folder / name)
    finally:
        half.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _head(text: str) -> TreeHead:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteRefused("not a tree head: fewer than three lines")
    origin, size, encoded = lines[:3]
    root = _decoded(encoded)
    if (
        len(size) > _MOST_DIGITS
        or not size.isascii()
        or not size.isdigit()
        or str(int(size)) != size
        or len(root) != 32
    ):
        raise NoteRefused("not a tree head: no size and root")
    return TreeHead(origin, int(size), root)


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    name, key_id, encoded = text.split("+", 2)
    data = _decoded(encoded)
    if not name or any(c.isspace() for c in name) or len(data) != 33 or data[:1] != _ED25519:
        raise ValueError("not an Ed25519 note key")
    return name, bytes.fromhex(key_id), data[1:]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """Return the bytes of strict base64, nothing when it is none (the caller checks the length)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _base64(data) == text else b""


def _unreadable(folder: Path, fault: Exception) -> ArchiveFault:
    return ArchiveFault(
        f"{folder / KEY}: {fault}",
        code="keys-unreadable",
        tell="Không mở được khóa ký nhật ký. Chạy “vanthu init” để tạo khóa, "
        "hoặc khôi phục thư mục khóa từ bản sao lưu.",
    )
