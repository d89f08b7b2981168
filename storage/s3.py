"""Keep bytes in a bucket, written once: nothing is stored before the whole object was read back and hashed here.

Plain S3 (conditional PUT, multipart uploads, ranges, listing version 2); no call that only one server knows. An ETag
is taken for a name of a version, never for a checksum. See docs/decisions/0055.
"""

import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from storage.blobs import (
    CHUNK,
    DAMAGED,
    PROBE,
    RESERVED,
    STAGING,
    BlobCorrupt,
    BlobMissing,
    BlobUnreadable,
    Conflict,
    Measured,
    StoreAway,
    Stored,
    StoreFull,
    TargetAway,
    Unavailable,
    check_key,
    is_key,
)
from storage.listing import Listed
from storage.s3_bucket import TRIAL, TRIAL_BYTES, open_bucket
from storage.s3_patience import Patience
from storage.s3_setup import make_bucket
from storage.s3_upload import PART, try_writing, upload_of

SPOOL = 8 << 20
"""A range up to this many bytes waits for the hash in memory, a longer one on disk."""


class S3Store:
    """A blob store in a bucket at `s3+http[s]://host[:port]/bucket[/prefix][?region=…]`; safe for threads.

    A call tries at most `patience.tries` times and ends within `patience.total` seconds plus the time its bytes need
    at `patience.floor` bytes a second. A server that goes on failing (5xx) for one key while it gives another is taken
    to have lost that object (`BlobUnreadable`): that is how MinIO answers for a flipped byte. Versioned and locked
    buckets work, since nothing is deleted. Credentials appear in no fault and no `repr`.
    """

    def __init__(
        self,
        url: str,
        access_key: str,
        secret_key: str,
        *,
        patience: Patience | None = None,
        part: int = PART,
        within: str = "",
    ) -> None:
        self.bucket = open_bucket(url, access_key, secret_key, patience or Patience())
        self.bucket.prefix += within
        self._part = part

    def put_once(self, key: str, source: Path, sha256: str | None = None) -> Stored | Conflict | Unavailable:
        """See `BlobStore.put_once`; the server checks the hash, and the object is read back whole all the same."""
        check_key(key)
        with source.open("rb") as coming:
            upload = upload_of(coming.fileno(), self._part)
            if sha256 is not None and upload.whole.sha256 != sha256:
                raise BlobCorrupt(key, sha256, upload.whole.sha256)
            try:
                with self.bucket.answering(key):
                    made = self.bucket.create(key, upload)
                found = self.measure(key)
            except (StoreAway, BlobUnreadable) as fault:
                return Unavailable(str(fault), isinstance(fault, StoreFull))
        if found == upload.whole:
            return Stored(key, found.sha256, found.size)
        if made or found is None:
            return Unavailable(f"{key}: the store gave back other bytes")
        return Conflict(found.sha256)

    def read(self, key: str, sha256: str) -> bytes:
        """See `BlobStore.read`."""
        check_key(key)
        with self.bucket.answering(key):
            data = b"".join(self.bucket.pieces(key))
        _must_match(key, sha256, hashlib.sha256(data).hexdigest())
        return data

    def copy_out(self, key: str, target: Path, sha256: str) -> None:
        """See `BlobStore.copy_out`."""
        check_key(key)
        half = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with half.open("wb") as out:
                for piece in self._stream(key, sha256, CHUNK):
                    out.write(piece)
            half.replace(target)
        except OSError as fault:
            raise TargetAway(f"{target}: {fault}") from fault
        finally:
            half.unlink(missing_ok=True)

    def stream(self, key: str, sha256: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """See `BlobStore.stream`."""
        self._must_exist(key)
        return self._stream(key, sha256, chunk)

    def stream_range(
        self, key: str, sha256: str, start: int, stop: int, chunk: int = CHUNK
    ) -> Iterator[bytes]:
        """See `BlobStore.stream_range`; one request, so that the bytes given are the bytes that were hashed."""
        self._must_exist(key)
        return self._stream_range(key, sha256, (start, stop), chunk)

    def size(self, key: str) -> int | None:
        """See `BlobStore.size`."""
        check_key(key)
        with self.bucket.answering(key):
            return self.bucket.size(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See `BlobStore.keys`; what no key can name (the store's own, a folder mark of some tool) is not listed."""
        inner, slash, _ = prefix.rpartition("/")
        if slash:
            check_key(inner)
        with self.bucket.answering(""):
            for entry in self.bucket.listing(prefix):
                if is_key(entry.key):
                    yield entry.key

    def listing(self, after: str = "") -> Iterator[Listed]:
        """See `BlobStore.listing`; ages are on the server's clock."""
        with self.bucket.answering(""):
            for line in self.bucket.listing(after=after):
                if not line.key.startswith(RESERVED):
                    yield line

    def measure(self, key: str) -> Measured | None:
        """See `BlobStore.measure`."""
        check_key(key)
        digest, size = hashlib.sha256(), 0
        try:
            with self.bucket.answering(key):
                for piece in self.bucket.pieces(key):
                    digest.update(piece)
                    size += len(piece)
        except BlobMissing:
            return None
        return Measured(digest.hexdigest(), size)

    def mend(self, key: str, source: Path, sha256: str) -> Stored | Unavailable:
        """See `BlobStore.mend`; damaged bytes that can be read are copied to `damaged/<key>/<their sha256>` first."""
        check_key(key)
        with source.open("rb") as coming:
            upload = upload_of(coming.fileno(), self._part)
            if upload.whole.sha256 != sha256:
                raise BlobCorrupt(key, sha256, upload.whole.sha256)
            try:
                found = self._readable(key)
                if found != upload.whole:
                    with self.bucket.answering(key):
                        if found is not None:
                            self.bucket.set_aside(key, f"{DAMAGED}{key}/{found.sha256}")
                        self.bucket.replace(key, upload)
                    found = self.measure(key)
            except (StoreAway, BlobUnreadable) as fault:
                return Unavailable(str(fault), isinstance(fault, StoreFull))
        if found != upload.whole:
            return Unavailable(f"{key}: the store gave back other bytes")
        return Stored(key, sha256, upload.whole.size)

    def erase(self, key: str) -> bool:
        """See `BlobStore.erase`; a bucket that keeps old versions loses every one of this key."""
        check_key(key)
        with self.bucket.answering(""):
            found = self.bucket.erase(key)
            return self.bucket.erase(f"{DAMAGED}{key}/", below=True) or found

    def probe(self) -> str:
        """See `BlobStore.probe`; also makes sure that the server refuses to write over an object."""
        with self.bucket.answering(""):
            try_writing(self.bucket.wire, self.bucket.prefix + PROBE + "upload")
            self.bucket.create_small(TRIAL, TRIAL_BYTES)
            if self.bucket.create_small(TRIAL, TRIAL_BYTES):
                raise StoreAway(
                    f"{self!r}: the server writes over objects (it does not know If-None-Match)",
                    tell="Máy chủ kho lưu trữ không hỗ trợ ghi một lần (If-None-Match) nên không dùng được. "
                    "Hãy báo quản trị viên dùng máy chủ S3 khác.",
                )
        return f"s3 {self.bucket!r}"

    def ensure_bucket(self) -> str:
        """Make the bucket when absent and try it; return what `probe` says, and whether old versions are kept.

        Raises `StoreAway`.
        """
        with self.bucket.answering(""):
            kept = make_bucket(self.bucket.wire, self.bucket.prefix + STAGING)
        return f"{self.probe()}, old versions {'kept' if kept else 'not kept'}"

    def __repr__(self) -> str:
        return f"S3Store({self.bucket!r})"

    # --- reading

    def _stream(self, key: str, sha256: str, chunk: int) -> Iterator[bytes]:
        digest, held = hashlib.sha256(), b""
        with self.bucket.answering(key):
            for piece in self.bucket.pieces(key, chunk):
                digest.update(piece)
                if held:
                    yield held
                held = piece
        _must_match(key, sha256, digest.hexdigest())
        if held:
            yield held

    def _stream_range(self, key: str, sha256: str, wanted: tuple[int, int], chunk: int) -> Iterator[bytes]:
        start, stop = wanted
        digest, at = hashlib.sha256(), 0
        try:
            with tempfile.SpooledTemporaryFile(SPOOL) as waiting:
                with self.bucket.answering(key):
                    for piece in self.bucket.pieces(key):
                        digest.update(piece)
                        waiting.write(piece[max(start - at, 0) : max(stop - at, 0)])
                        at += len(piece)
                _must_match(key, sha256, digest.hexdigest())
                waiting.seek(0)
                while piece := waiting.read(chunk):
                    yield piece
        except OSError as fault:
            raise TargetAway(f"spool: {fault}") from fault

    def _readable(self, key: str) -> Measured | None:
        try:
            return self.measure(key)
        except BlobUnreadable:
            return None

    def _must_exist(self, key: str) -> None:
        if self.size(key) is None:
            raise BlobMissing(key)


def _must_match(key: str, wanted: str, found: str) -> None:
    if found != wanted:
        raise BlobCorrupt(key, wanted, found)
