"""Edit objects under a MinIO server on one folder, behind its back: `<bucket>/<key>/xl.meta` and `<uuid>/part.N`.

Small objects lie inside `xl.meta` itself, at its end. Damage to the beginning of that file (the server's own record)
makes it refuse every call for the key, writing included: only its administrator can remove it then.
"""

import os
import shutil
from pathlib import Path


class BehindMinio:
    """The hand that edits: same verbs as `tests.cases.damage.Behind`."""

    def __init__(self, data: Path, url: str) -> None:
        self.bucket = data / url.rpartition("/")[2]

    def flip(self, key: str) -> None:
        where = self._bytes(key)
        held = bytearray(where.read_bytes())
        held[-20] ^= 1
        where.write_bytes(held)

    def cut(self, key: str) -> None:
        where = self._bytes(key)
        os.truncate(where, where.stat().st_size - 1)

    def empty(self, key: str) -> None:
        os.truncate(self._bytes(key), 0)

    def remove(self, key: str) -> None:
        shutil.rmtree(self.bucket / key)

    def swap(self, key: str, other: str) -> None:
        one, two, between = self.bucket / key, self.bucket / other, self.bucket / "between"
        one.rename(between)
        two.rename(one)
        between.rename(two)

    def spoil_record(self, key: str) -> None:
        """Flip a byte of the server's own record."""
        record = self.bucket / key / "xl.meta"
        held = bytearray(record.read_bytes())
        held[20] ^= 1
        record.write_bytes(held)

    def _bytes(self, key: str) -> Path:
        parts = sorted((self.bucket / key).glob("*/part.*"))
        return parts[-1] if parts else self.bucket / key / "xl.meta"
