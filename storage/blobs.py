"""What every place for bytes promises: written once under a readable key, never handed out changed."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from records.errors import ArchiveFault, Away
from storage.listing import Listed

MAX_KEY_BYTES = 512
MAX_NAME_BYTES = 255
STAGING, DAMAGED, PROBE = "staging/", "damaged/", "probe/"
RESERVED = (STAGING, DAMAGED, PROBE)
"""Beginnings of keys that a store keeps for itself in a bucket: drafts, damaged bytes set aside, its own trials."""
CHUNK = 1 << 20
"""Bytes handed out at a time: 1 MiB."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes rest under `key` and were read back: their SHA-256 (lower-case hex) and size in bytes."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key already holds other bytes; nothing was changed. `found_sha256` is what rests there."""

    found_sha256: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What really rests under a key: SHA-256 (lower-case hex) and size of the bytes as read now."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The store is away, full, read-only or returns other bytes than it was given; nothing was stored."""

    reason: str
    full: bool = False  # there is no room: another try is of no use until somebody makes some

    def fault(self, tell: str = "") -> "StoreAway":
        """Return the fault to raise where nothing can go on without the store."""
        return (StoreFull if self.full else StoreAway)(self.reason, tell=tell)


class BlobFault(ArchiveFault):
    """Root of what can go wrong with kept bytes."""

    code = "blob-fault"


class BlobKeyRefused(BlobFault):
    """The key breaks the rules of `check_key`, or runs through another object; a bug of the caller."""

    code = "blob-key"


class BlobMissing(BlobFault):
    """A row points at bytes that are not there."""

    code = "blob-missing"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key}: absent",
            tell="Tệp không còn trong kho lưu trữ. "
            "Hãy báo quản trị viên đối chiếu kho và khôi phục từ bản sao.",
        )
        self.key = key


class BlobCorrupt(BlobFault):
    """The bytes under `key` are not the bytes that were stored (bit rot, or somebody's hand)."""

    code = "blob-corrupt"

    def __init__(self, key: str, wanted: str, found: str) -> None:
        super().__init__(
            f"{key}: sha256 {found} instead of {wanted}",
            tell="Tệp trong kho lưu trữ đã bị thay đổi hoặc hỏng nên không được trả ra. "
            "Hãy báo quản trị viên khôi phục từ bản sao.",
        )
        self.key = key
        self.wanted = wanted
        self.found = found


class BlobUnreadable(BlobFault):
    """The store answers, but never for this key: its bytes there are lost, not busy."""

    code = "blob-unreadable"

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(
            f"{key}: {reason}",
            tell="Tệp trong kho lưu trữ không đọc được nữa (hỏng đĩa). Hãy báo quản trị viên khôi phục từ bản sao.",
        )
        self.key = key


class StoreAway(Away):
    """A whole store does not answer or takes nothing; nothing was changed."""

    code = "store-away"

    def __init__(self, reason: str, *, tell: str = "") -> None:
        super().__init__(
            reason,
            tell=tell
            or "Kho lưu trữ đang không ghi được (đầy đĩa, mất kết nối hoặc chỉ đọc). "
            "Chưa có gì bị mất; hãy thử lại sau.",
        )


class StoreFull(StoreAway):
    """The store has no room left; reading goes on."""

    code = "store-full"


class TargetAway(Away):
    """The folder of the one who asked takes no file: no fault of a store, so asking another store is no help."""

    code = "target-away"


class BlobStore(Protocol):
    """Bytes under a key, written once. Nothing overwrites; only `erase` deletes; no bytes leave whose hash differs.

    Keys are readable paths with `/` (see `check_key`); hashes are SHA-256 in lower-case hex. Every method may
    raise `BlobKeyRefused` for a bad key, `StoreAway` when the store does not answer, and `BlobUnreadable` when it
    answers for other keys but never for this one.
    """

    def put_once(self, key: str, source: Path, sha256: str | None = None) -> Stored | Conflict | Unavailable:
        """Store the bytes of `source` under `key` durably and read them back before answering `Stored`.

        Safe to repeat: the same bytes again are `Stored`, other bytes are a `Conflict`. `sha256`, when given,
        is what the caller promised somebody: raises `BlobCorrupt` when `source` has other bytes by now. A
        crash at any point leaves either no key or the whole object. Raises FileNotFoundError when `source` is
        absent.
        """
        ...

    def read(self, key: str, sha256: str) -> bytes:
        """Return the whole object. Raises `BlobMissing`, `BlobCorrupt`, `BlobUnreadable`."""
        ...

    def copy_out(self, key: str, target: Path, sha256: str) -> None:
        """Write the object to the file `target` (replaced only once the hash is right).

        Raises `BlobMissing`, `BlobCorrupt`, `BlobUnreadable`, `TargetAway` (target folder full).
        """
        ...

    def stream(self, key: str, sha256: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """Return the object piece by piece; the hash is checked before the last piece leaves.

        Raises `BlobMissing` at once; `BlobCorrupt` from the iterator before its last piece, so that a
        receiver that counts bytes never holds a complete wrong file.
        """
        ...

    def stream_range(
        self, key: str, sha256: str, start: int, stop: int, chunk: int = CHUNK
    ) -> Iterator[bytes]:
        """Return bytes `start` (inclusive) to `stop` (exclusive) after hashing the whole object first.

        Raises `BlobMissing`, `BlobCorrupt` from the first step of the iterator.
        """
        ...

    def size(self, key: str) -> int | None:
        """Return the size in bytes, None when absent."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Return every key that starts with `prefix`, in no promised order."""
        ...

    def listing(self, after: str = "") -> Iterator[Listed]:
        """Return every object behind the key `after` with size and age, in the order of code points.

        Keys are as found, strangers' too (`is_key` tells); what the store keeps for itself is left out.
        """
        ...

    def measure(self, key: str) -> Measured | None:
        """Read the whole object as it rests there and return its hash and size; None when it is absent.

        Raises `BlobUnreadable` when the store answers for others but not for this key (a damaged sector; MinIO says
        503 for a flipped byte, again and again), `Away` when it does not answer at all.
        """
        ...

    def mend(self, key: str, source: Path, sha256: str) -> Stored | Unavailable:
        """Put the good bytes of `source` in the place of a damaged or lost object and read them back.

        The only call that may replace bytes, for fixity alone: raises `BlobCorrupt` when `source` is not `sha256`;
        an object that is good already is left alone. Damaged bytes are kept aside where the store can (evidence).
        """
        ...

    def erase(self, key: str) -> bool:
        """Take an object out of the store for ever: every version of it, damaged bytes set aside and unfinished drafts
        too. True when there was anything; safe to repeat.

        For what the law forbids to keep, by order of a named officer and written into the log; no part of the walk
        calls it. Take the object out of the register first, or fixity mends it. Raises `Away`: ask again later.
        """
        ...

    def probe(self) -> str:
        """Return one line saying what and where the store is; raises `Away` when it cannot take an object
        now.
        """
        ...


def check_key(key: str) -> str:
    """Return `key` when it may name an object; raises `BlobKeyRefused`.

    A key is relative, NFC, at most 512 UTF-8 bytes, its names (between `/`) 1 to 255 bytes, none starting
    with a dot, no control characters, no backslash; it does not begin like one of `RESERVED`. The same rule holds
    for a folder and for S3.
    """
    problem = _key_problem(key)
    if problem:
        raise BlobKeyRefused(f"{key[:80]!r}: {problem}")
    return key


def is_key(key: str) -> bool:
    """Tell whether `key` may name an object."""
    return not _key_problem(key)


def _key_problem(key: str) -> str:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "not valid Unicode"
    if not 0 < size <= MAX_KEY_BYTES:
        return f"{size} bytes long, allowed are 1 to {MAX_KEY_BYTES}"
    if unicodedata.normalize("NFC", key) != key:
        return "not NFC"
    if key.startswith(RESERVED):
        return "begins like the store's own keys"
    if "\\" in key or any(unicodedata.category(c) == "Cc" for c in key):
        return "holds a control character or a backslash"
    for name in key.split("/"):
        if not name or name.startswith("."):
            return "holds an empty name or one that starts with a dot"
        if len(name.encode()) > MAX_NAME_BYTES:
            return f"holds a name longer than {MAX_NAME_BYTES} bytes"
    return ""


def open_blobs(url: str, access_key: str = "", secret_key: str = "") -> BlobStore:
    """Return the store named by `url`: `file:///folder` (made when absent) or `s3+http[s]://host[:port]/bucket[/prefix]`.

    A bucket is not asked before its first use. Raises `Away` (folder), ValueError (bad address).
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        from storage.folder import FolderStore

        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme in ("s3+http", "s3+https"):
        from storage.s3 import S3Store

        return S3Store(url, access_key, secret_key)
    raise ValueError(f"no blob store for this address: {parts.scheme}://…")
