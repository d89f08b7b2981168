"""What can be done to the objects of one bucket in plain S3: each call safe to repeat, bounded in time and memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import parse_qs, quote, unquote, urlsplit

from minio.datatypes import parse_list_objects

from storage.blobs import CHUNK, PROBE, BlobMissing, BlobUnreadable, StoreAway, StoreFull, check_key
from storage.crashpoint import crashpoint
from storage.listing import Listed
from storage.s3_patience import Patience, Refusal, Trouble
from storage.s3_upload import Upload, must_be_done, send
from storage.s3_wire import Answer, Body, Wire, pieces

TRIAL, TRIAL_BYTES = PROBE + "object", b"vanthu"
"""An object of the store's own, asked for when another one fails."""


class Bucket:
    """The objects of one bucket under `prefix` ("" or ending in /). Every method may raise Trouble and Refusal."""

    def __init__(self, wire: Wire, prefix: str = "") -> None:
        self.wire = wire
        self.prefix = prefix

    def __repr__(self) -> str:
        return f"{self.wire.endpoint}/{self.wire.bucket}/{self.prefix}"

    @contextmanager
    def answering(self, key: str) -> Iterator[None]:
        """Say in the words of a store what it means when the server does not do what it is asked for `key`.

        `key` is "" for what concerns no single object. Raises `BlobMissing`, `StoreAway`, and `BlobUnreadable`: it
        goes on failing for this key and gives another.
        """
        try:
            yield
        except Refusal as no:
            if no.code == "NoSuchKey":
                raise BlobMissing(key) from no
            kind = StoreFull if no.status == HTTPStatus.INSUFFICIENT_STORAGE else StoreAway
            raise kind(f"{self!r}: {key}: {no}", tell=_tell(no)) from no
        except Trouble as trouble:
            if key and trouble.answered and self._gives_another():
                raise BlobUnreadable(key, str(trouble)) from trouble
            raise StoreAway(f"{self!r}: {key}: {trouble}") from trouble

    def size(self, key: str) -> int | None:
        """Return the size in bytes, None when there is no such object."""
        limit = self.wire.deadline()
        try:
            return self.wire.told("HEAD", self.prefix + key, limit, _length)
        except Refusal as no:
            if no.status != 404:
                raise
        # a 404 to HEAD has no words: a bucket that is lost must not look like one without this object
        return self.wire.told("HEAD", "", limit, lambda _: None)

    def pieces(self, key: str, most: int = CHUNK) -> Iterator[bytes]:
        """Return the bytes of an object as they come, going on where a cut answer ended. Nothing is verified here.

        Raises Refusal (`NoSuchKey` when absent), Trouble when it stays cut or slow.
        """
        limit, tag, got, tried, fresh = self.wire.deadline(), "", 0, 1, 0
        while True:
            rest = {"Range": f"bytes={got}-", "If-Match": tag} if got else {}
            try:
                with self.wire.asked("GET", self.prefix + key, limit, headers=rest) as answer:
                    if not got:
                        tag = answer.headers.get("ETag", "")
                        limit = self.wire.deadline(_length(Answer(answer.headers, b"")))
                    elif not answer.headers.get("Content-Range", "").startswith(f"bytes {got}-"):
                        raise Trouble(f"the server did not go on at byte {got}")
                    for piece in pieces(answer, limit, most):
                        got += len(piece)
                        fresh += len(piece)
                        with limit.stopped():  # the reader's time is not the store's
                            yield piece
                return
            except Trouble as trouble:
                if fresh >= CHUNK:  # it moves
                    tried = 1
                self.wire.rest(tried, limit, trouble)
                tried, fresh = tried + 1, 0

    def create(self, key: str, upload: Upload) -> bool:
        """Write an object that is not there yet; False when the key is taken, by whatever bytes."""
        if len(upload.parts) > 1 and self.size(key) is not None:  # a large one is not sent for nothing
            return False
        crashpoint("s3-before-put")
        try:
            send(self.wire, self.prefix + key, upload, only_new=True)
        except Refusal as no:
            if no.status != 412:
                raise
            return False
        crashpoint("s3-after-put")
        return True

    def create_small(self, key: str, data: bytes) -> bool:
        """Write a small object from memory that is not there yet; False when the key is taken."""
        try:
            self.wire.told(
                "PUT",
                self.prefix + key,
                self.wire.deadline(),
                lambda _: None,
                headers={"If-None-Match": "*"},
                body=Body.of(data),
            )
        except Refusal as no:
            if no.status != 412:
                raise
            return False
        return True

    def replace(self, key: str, upload: Upload) -> None:
        """Write an object whatever is there; a bucket with versions keeps the old one."""
        crashpoint("s3-before-replace")
        send(self.wire, self.prefix + key, upload, only_new=False)
        crashpoint("s3-after-replace")

    def set_aside(self, key: str, name: str) -> None:
        """Copy an object inside the bucket; its bytes do not come here."""
        source = {"x-amz-copy-source": quote(f"/{self.wire.bucket}/{self.prefix}{key}")}
        self.wire.told("PUT", self.prefix + name, self.wire.deadline(), must_be_done, headers=source)

    def remove(self, key: str) -> None:
        """Delete an object; one that is not there is no fault."""
        self.wire.told("DELETE", self.prefix + key, self.wire.deadline(), lambda _: None)

    def erase(self, key: str, *, below: bool = False) -> bool:
        """Delete every version of an object and its marks of deletion (`below`: of all whose key begins so).

        True when there was anything. A server that keeps no versions lists what is there as its only one.
        """
        found = False
        while True:
            query = {"versions": "", "encoding-type": "url", "prefix": self.prefix + key}
            versions = self.wire.told("GET", "", self.wire.deadline(), self._versions, query=query)
            mine = [v for v in versions if below or v[0] == self.prefix + key]
            if not mine:
                return found
            found = True
            for name, version in mine:
                asked = {"versionId": version} if version else {}
                self.wire.told("DELETE", name, self.wire.deadline(), lambda _: None, query=asked)

    def listing(self, prefix: str = "", after: str = "") -> Iterator[Listed]:
        """Return every object under `prefix` behind the key `after`, keys without the bucket's own prefix.

        S3 lists in the order of UTF-8 bytes, which is that of code points. Ages are on the server's clock.
        """
        query = {"list-type": "2", "encoding-type": "url", "prefix": self.prefix + prefix}
        if after:
            query["start-after"] = self.prefix + after
        while True:
            entries, token = self.wire.told("GET", "", self.wire.deadline(), self._entries, query=query)
            yield from entries
            if not token:
                return
            query["continuation-token"] = token

    def _gives_another(self) -> bool:
        try:
            if self.size(TRIAL) is None:
                self.create_small(TRIAL, TRIAL_BYTES)
            return b"".join(self.pieces(TRIAL)) == TRIAL_BYTES
        except (Trouble, Refusal):
            return False

    def _versions(self, answer: Answer) -> list[tuple[str, str]]:
        """Return key and version of every object and mark of deletion in a listing."""
        try:
            objects, _, _, _ = parse_list_objects(_Read(answer.body))  # type: ignore[arg-type]
        except (SyntaxError, ValueError) as fault:
            raise Trouble(f"not a listing of S3: {fault}") from fault
        return [(found.object_name or "", found.version_id or "") for found in objects]

    def _entries(self, answer: Answer) -> tuple[list[Listed], str]:
        stands = answer.headers.get("Date")
        now = parsedate_to_datetime(stands) if stands else datetime.now(UTC)
        try:
            objects, more, token, _ = parse_list_objects(_Read(answer.body))  # type: ignore[arg-type]
        except (SyntaxError, ValueError) as fault:  # the XML reader's error is a SyntaxError
            raise Trouble(f"not a listing of S3: {fault}") from fault
        entries = [
            Listed(
                (found.object_name or "").removeprefix(self.prefix),
                found.size or 0,
                (now - found.last_modified).total_seconds() if found.last_modified else 0.0,
            )
            for found in objects
        ]
        return entries, (token or "") if more else ""


def open_bucket(url: str, access_key: str, secret_key: str, patience: Patience) -> Bucket:
    """Return the bucket at `s3+http[s]://host[:port]/bucket[/prefix…][?region=…]`; nothing is asked of the server yet.

    Raises ValueError for another address, and for one that carries a secret.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.removeprefix("s3+")
    bucket, _, prefix = unquote(parts.path).strip("/").partition("/")
    if parts.scheme not in ("s3+http", "s3+https") or not parts.hostname or not bucket:
        raise ValueError(f"no S3 bucket at this address: {parts.scheme}://…")
    if "@" in parts.netloc:
        raise ValueError("keys do not belong into the address of a store")
    if not access_key or not secret_key:
        raise ValueError("an S3 store needs an access key and a secret key, each in its file")
    if prefix:
        check_key(prefix)
        prefix += "/"
    region = parse_qs(parts.query).get("region", [""])[0]
    wire = Wire(f"{scheme}://{parts.netloc}", bucket, region, (access_key, secret_key), patience)
    return Bucket(wire, prefix)


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer already read, for the library's parser."""

    data: bytes


def _length(answer: Answer) -> int:
    length: Mapping[str, str] = answer.headers
    if not length.get("Content-Length", "").isdigit():
        raise Trouble("the server did not say how long the object is")
    return int(length["Content-Length"])


def _tell(no: Refusal) -> str:
    if no.status == 404:
        return "Kho lưu trữ chưa được tạo hoặc đã bị gỡ. Hãy báo quản trị viên kiểm tra địa chỉ và chạy vanthu init."
    if no.status in (401, 403):
        return "Kho lưu trữ từ chối khóa truy cập. Chưa có gì bị mất; hãy báo quản trị viên kiểm tra khóa của kho."
    return ""
