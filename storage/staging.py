"""Keep drafts between machines: bytes that are not the archive's yet, under a name, until somebody drops them."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from records.errors import Conflict as StateConflict
from storage.blobs import BlobStore, Conflict, StoreAway, Unavailable, check_key
from storage.folder import FolderStore

FOLDER = ".staging"
"""Where drafts lie inside the folder of a store; no key starts with a dot."""


class NameTaken(StateConflict):
    """Another draft with other bytes bears this name."""

    code = "staging-taken"

    def __init__(self, name: str, found: str) -> None:
        super().__init__(
            f"staging {name}: holds {found}",
            tell="Tệp tạm cùng tên nhưng khác nội dung đang chờ xử lý. Hãy gửi lại tệp với một mã yêu cầu mới.",
        )


class Staging(Protocol):
    """Drafts by name (rules of `storage.blobs.check_key`). Every method may raise `StoreAway`."""

    def hold(self, name: str, source: Path) -> str:
        """Keep the bytes of `source` durably and return their SHA-256 (hex); the same bytes again change nothing.

        Raises `NameTaken` for other bytes under the same name.
        """
        ...

    def fetch(self, name: str, sha256: str, target: Path) -> None:
        """Write the draft to the file `target`, only once its hash is right.

        Raises `BlobMissing`, `BlobCorrupt`, `BlobUnreadable`, `TargetAway`.
        """
        ...

    def drop(self, name: str) -> None:
        """Let the draft go; one that is not there is no fault."""
        ...

    def names(self, prefix: str = "") -> Iterator[tuple[str, float]]:
        """Return every draft whose name starts with `prefix` with its age in seconds, for a sweep."""
        ...


class FolderStaging:
    """Drafts in the folder `root` (made when absent), written as durably as in the store itself."""

    def __init__(self, root: Path) -> None:
        self._store = FolderStore(root)

    def hold(self, name: str, source: Path) -> str:
        """See `Staging.hold`."""
        return hold_in(self._store, name, source)

    def fetch(self, name: str, sha256: str, target: Path) -> None:
        """See `Staging.fetch`."""
        self._store.copy_out(name, target, sha256)

    def drop(self, name: str) -> None:
        """See `Staging.drop`; folders that are empty then go too."""
        root = self._store.root
        path = root / check_key(name)
        try:
            path.unlink(missing_ok=True)
            for folder in path.relative_to(root).parents[:-1]:
                with suppress(OSError):  # another draft lies in it
                    (root / folder).rmdir()
        except NotADirectoryError:
            return
        except OSError as fault:
            raise StoreAway(f"staging {name}: {fault}") from fault

    def names(self, prefix: str = "") -> Iterator[tuple[str, float]]:
        """See `Staging.names`."""
        for name in self._store.keys(prefix):
            try:
                written = (self._store.root / name).lstat().st_mtime
            except FileNotFoundError:  # dropped meanwhile
                continue
            yield name, time.time() - written


def hold_in(store: BlobStore, name: str, source: Path) -> str:
    """Hold a draft in a store that holds nothing but drafts."""
    match store.put_once(name, source):
        case Conflict(found):
            raise NameTaken(name, found)
        case Unavailable() as none:
            raise replace(none, reason=f"staging {name}: {none.reason}").fault()
        case stored:
            return stored.sha256


def open_staging(url: str, access_key: str = "", secret_key: str = "") -> Staging:
    """Return the drafts beside the store named by `url`: `<folder>/.staging`, or the keys under `staging/` of a bucket.

    Neither is ever listed or read by the store itself. Raises `Away` (folder), ValueError (bad address).
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return FolderStaging(Path(unquote(parts.path)) / FOLDER)
    if parts.scheme in ("s3+http", "s3+https"):
        from storage.s3_staging import S3Staging

        return S3Staging(url, access_key, secret_key)
    raise ValueError(f"no staging for this address: {parts.scheme}://…")
