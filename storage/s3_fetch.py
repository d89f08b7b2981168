"""Bring what lies under a prefix of a foreign bucket to this machine: read only, each object whole or not at all."""

from collections.abc import Callable
from pathlib import Path

from storage.s3_bucket import open_bucket
from storage.s3_patience import Patience, Trouble


def fetch_prefix(
    url: str, access_key: str, secret_key: str, into: Path, place: Callable[[str], str], most: int
) -> tuple[int, list[str]]:
    """Write every object under `url` (`s3+http[s]://host[:port]/bucket/prefix`) to `into`/`place(key)`.

    Returns how many, and the keys that were left there because they are larger than `most` bytes. An object that is
    rewritten while it is read is read anew from its beginning or not at all (`If-Match`). Raises `StoreAway`,
    `BlobMissing`, `BlobUnreadable`; ValueError for an address that is none.
    """
    bucket = open_bucket(url, access_key, secret_key, Patience())
    taken, left = 0, []
    with bucket.answering(""):
        listed = [one for one in bucket.listing() if one.key and not one.key.endswith("/")]
    for one in listed:
        if one.size > most:
            left.append(one.key)
            continue
        target = into / place(one.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with bucket.answering(one.key), target.open("xb") as out:
            for piece in bucket.pieces(one.key):
                out.write(piece)
            if out.tell() != one.size:
                raise Trouble(f"{out.tell()} bytes came of {one.size}")
        taken += 1
    return taken, left
