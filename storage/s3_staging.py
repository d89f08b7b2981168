"""Keep drafts in the bucket of a store, under `staging/`, where any machine can fetch them."""

from collections.abc import Iterator
from pathlib import Path

from storage.blobs import STAGING, check_key, is_key
from storage.s3 import S3Store
from storage.s3_patience import Patience
from storage.staging import hold_in


class S3Staging:
    """Drafts under `staging/` of the bucket at `url`.

    In a bucket with versions a dropped draft leaves an old version; `vanthu init` sets a rule that ends it after a day
    in a bucket it made, elsewhere the administrator sets one.
    """

    def __init__(
        self, url: str, access_key: str, secret_key: str, *, patience: Patience | None = None
    ) -> None:
        self._store = S3Store(url, access_key, secret_key, patience=patience, within=STAGING)

    def hold(self, name: str, source: Path) -> str:
        """See `Staging.hold`."""
        return hold_in(self._store, name, source)

    def fetch(self, name: str, sha256: str, target: Path) -> None:
        """See `Staging.fetch`."""
        self._store.copy_out(name, target, sha256)

    def drop(self, name: str) -> None:
        """See `Staging.drop`."""
        with self._store.bucket.answering(check_key(name)):
            self._store.bucket.remove(name)

    def names(self, prefix: str = "") -> Iterator[tuple[str, float]]:
        """See `Staging.names`; ages are on the server's clock."""
        with self._store.bucket.answering(""):
            for entry in self._store.bucket.listing(prefix):
                if is_key(entry.key):
                    yield entry.key, entry.age
