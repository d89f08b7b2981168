"""The log kept a second time, as files nobody overwrites: events between two signed heads, and the heads.

    audit/segments/1001-1593.jsonl   one line an event: the very bytes that its leaf hash is made of
    audit/heads/1593.note            the head signed over the first 1,593 events
    audit/heads/1593.tsr             its RFC 3161 time stamp, when it has one (`openssl ts -verify` reads it)

A segment ends where a head stands, so the log up to the newest head can be made again from here alone. Lines prove
themselves: each names the leaf of the one before, and the heads are signed. See docs/decisions/0060.
"""

from collections.abc import Iterator

from storage.audit import AuditAltered
from storage.blobs import BlobMissing, BlobStore

SEGMENTS = "audit/segments/"
HEADS = "audit/heads/"


def segment_key(first: int, last: int) -> str:
    """Return the key of the events from number `first` to `last`."""
    return f"{SEGMENTS}{first}-{last}.jsonl"


def head_key(count: int) -> str:
    """Return the key of the signed head over `count` events."""
    return f"{HEADS}{count}.note"


def stamp_key(count: int) -> str:
    """Return the key of the time stamp of that head."""
    return f"{HEADS}{count}.tsr"


def newest_head(store: BlobStore) -> int:
    """Return the number of events under the newest head in `store`, 0 without one. Raises `Away`."""
    return max(head_counts(store), default=0)


def head_counts(store: BlobStore) -> list[int]:
    """Return the number of events under each head in `store`, smallest first. Raises `Away`."""
    names = (
        key.removeprefix(HEADS).removesuffix(".note") for key in store.keys(HEADS) if key.endswith(".note")
    )
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def segment_ranges(store: BlobStore) -> list[tuple[int, int]]:
    """Return first and last number of each segment in `store`, in order. Raises `Away`."""
    found = []
    for key in store.keys(SEGMENTS):
        first, dash, last = key.removeprefix(SEGMENTS).removesuffix(".jsonl").partition("-")
        if dash and first.isascii() and first.isdigit() and last.isascii() and last.isdigit():
            found.append((int(first), int(last)))
    return sorted(found)


def read_whole(store: BlobStore, key: str) -> bytes:
    """Return an object whose hash is known nowhere else (what it says is signed). Raises `BlobMissing`, `Away`."""
    found = store.measure(key)
    if found is None:
        raise BlobMissing(key)
    return store.read(key, found.sha256)


def events_after(store: BlobStore, seq: int) -> Iterator[bytes]:
    """Return the bytes of every event in `store` with a number above `seq`, in order, for `Audit.take_back`.

    Raises `AuditAltered` when a segment is missing or holds fewer lines than its name says; `BlobUnreadable`, `Away`.
    """
    due = seq + 1
    for first, last in segment_ranges(store):
        if last < due:
            continue
        if first > due:
            raise AuditAltered(f"the store holds no segment with event {due}")
        *lines, rest = read_whole(store, segment_key(first, last)).split(b"\n")
        if rest or len(lines) != last - first + 1:
            raise AuditAltered(f"{segment_key(first, last)}: {len(lines)} lines")
        yield from lines[due - first :]
        due = last + 1
