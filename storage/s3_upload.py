"""Send a file to an S3 bucket whole or in parts, so that a crash leaves either no object or all of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256 as hash_of
from xml.sax.saxutils import escape

from storage.blobs import Measured
from storage.crashpoint import crashpoint
from storage.s3_patience import Refusal, Trouble
from storage.s3_wire import PIECE, Answer, Body, Wire, checksum, said

PART = 64 << 20
"""An object up to this many bytes goes up in one request, a larger one in parts of this size (S3: 5 MiB to 5 GiB)."""
_MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Upload:
    """An open file about to be sent: what it holds, and what each part of `part` bytes holds."""

    fd: int
    whole: Measured
    part: int
    parts: tuple[Measured, ...]

    def body(self) -> Body:
        """Return the file as a body that can be sent again."""
        return Body(lambda: _slice(self.fd, 0, self.whole.size), self.whole.size, self.whole.sha256)

    def body_of(self, number: int) -> Body:
        """Return part `number` (from 0)."""
        part = self.parts[number]
        return Body(lambda: _slice(self.fd, number * self.part, part.size), part.size, part.sha256)


def upload_of(fd: int, part: int = PART) -> Upload:
    """Read an open file once and return it ready to be sent."""
    part = max(part, -(-os.fstat(fd).st_size // _MOST_PARTS))
    every, one, size, held = hash_of(), hash_of(), 0, 0
    parts: list[Measured] = []
    while piece := os.pread(fd, min(PIECE, part - held), size):
        every.update(piece)
        one.update(piece)
        size += len(piece)
        held += len(piece)
        if held == part:
            parts.append(Measured(one.hexdigest(), held))
            one, held = hash_of(), 0
    if held or not parts:
        parts.append(Measured(one.hexdigest(), held))
    return Upload(fd, Measured(every.hexdigest(), size), part, tuple(parts))


def send(wire: Wire, key: str, upload: Upload, *, only_new: bool) -> None:
    """Write the object `key`; the server checks every hash. Raises Trouble, Refusal (412: `only_new` and taken)."""
    condition = {"If-None-Match": "*"} if only_new else {}
    if len(upload.parts) > 1:
        _send_parts(wire, key, upload, condition)
        return
    headers = {**condition, "x-amz-checksum-sha256": checksum(upload.whole.sha256)}
    wire.told("PUT", key, wire.deadline(upload.whole.size), _done, headers=headers, body=upload.body())


def try_writing(wire: Wire, key: str) -> None:
    """Prove that an object could be written now, without writing one: begin, send a part, give up.

    A small object written and deleted would leave a version behind at every try. Raises Trouble, Refusal.
    """
    begun = _begin(wire, key)
    try:
        _send_part(wire, key, begun, 0, Body.of(b"probe"))
    finally:
        _abandon(wire, key, begun)


def _send_parts(wire: Wire, key: str, upload: Upload, condition: dict[str, str]) -> None:
    begun = _begin(wire, key)
    try:
        tags = []
        for number in range(len(upload.parts)):
            tags.append(_send_part(wire, key, begun, number, upload.body_of(number)))
            crashpoint("s3-after-part")
        _complete(wire, key, begun, upload, tags, condition)
    except (Trouble, Refusal):
        _abandon(wire, key, begun)
        raise


def _begin(wire: Wire, key: str) -> str:
    def read(answer: Answer) -> str:
        name = said(answer.body).word("UploadId")
        if not name:
            raise Trouble("the server began an upload without a name")
        return name

    headers = {"x-amz-checksum-algorithm": "SHA256"}
    return wire.told("POST", key, wire.deadline(), read, query={"uploads": ""}, headers=headers)


def _send_part(wire: Wire, key: str, begun: str, number: int, body: Body) -> str:
    return wire.told(
        "PUT",
        key,
        wire.deadline(body.size),
        lambda answer: answer.headers.get("ETag", ""),
        query={"partNumber": str(number + 1), "uploadId": begun},
        headers={"x-amz-checksum-sha256": checksum(body.sha256)},
        body=body,
    )


def _complete(
    wire: Wire, key: str, begun: str, upload: Upload, tags: list[str], condition: dict[str, str]
) -> None:
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag>"
        f"<ChecksumSHA256>{checksum(part.sha256)}</ChecksumSHA256></Part>"
        for number, (part, tag) in enumerate(zip(upload.parts, tags, strict=True), 1)
    )
    body = Body.of(f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode())
    # the server may put the parts together before it answers
    limit = wire.deadline(upload.whole.size)
    try:
        wire.told("POST", key, limit, must_be_done, query={"uploadId": begun}, headers=condition, body=body)
    except Refusal as no:
        if no.code != "NoSuchUpload" or not condition:
            raise
        # an earlier try got through and its answer was lost: whoever reads back sees what rests there
        raise Refusal(412, "PreconditionFailed", key) from no


def _abandon(wire: Wire, key: str, begun: str) -> None:
    try:
        wire.told("DELETE", key, wire.deadline(), _done, query={"uploadId": begun})
    except (Trouble, Refusal):
        return  # nobody sees an unfinished upload, and the bucket's own rule removes it after a day


def must_be_done(answer: Answer) -> None:
    """Read the answer to a copy or a completion. Raises Trouble: one that failed half-way begins as success (200)."""
    words = said(answer.body)
    if not words.root.endswith("Result"):
        raise Trouble(f"{words.word('Code')} {words.word('Message')}", answered=True)


def _done(_: Answer) -> None:
    return None


def _slice(fd: int, start: int, size: int) -> Iterator[bytes]:
    stop = start + size
    while start < stop:
        piece = os.pread(fd, min(PIECE, stop - start), start)
        if not piece:
            raise Trouble("the file became shorter while it was sent")
        start += len(piece)
        yield piece
