"""One canonical picture of the catalogue: equal archives give equal bytes, whatever database they live in.

JSON lines `{"row":{…},"table":"…"}`, keys sorted, tables parents first, rows by primary key, moments in UTC, one
SHA-256 over all of it. See docs/decisions/0068 for what is in it and what is not.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from storage.catalogue import CATALOGUE, Row
from storage.work import Tx

_OF_AN_OBJECT = ("key", "sha256", "size")
"""What an object is; when each store was last looked at is the housekeeping of one installation."""


@dataclass(frozen=True, slots=True)
class Dump:
    """What the catalogue was at one moment: SHA-256 of the lines and their number."""

    sha256: str
    rows: int


def dump(tx: Tx, out: IO[bytes] | None = None, audit_until: int | None = None) -> Dump:
    """Write the catalogue as `tx` sees it to `out` (nowhere when None) and return what it was.

    `audit_until`: leave out later events of the log, which a store does not hold yet. Accounts, sessions, tokens,
    and everything that is only on its way (outbox, intents, leases, passes, replies) are not part of the catalogue.
    """
    digest, count = hashlib.sha256(), 0
    for line in lines(tx, audit_until):
        digest.update(line)
        count += 1
        if out is not None:
            out.write(line)
    return Dump(digest.hexdigest(), count)


def lines(tx: Tx, audit_until: int | None = None) -> Iterator[bytes]:
    """Return the lines of `dump` one by one, for who wants to compare two catalogues."""
    for table in CATALOGUE:
        for row in tx.catalogue.rows(table):
            if table == "audit" and audit_until is not None and row["seq"] > audit_until:
                break
            told = {"table": table, "row": _essence(table, row)}
            yield json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _essence(table: str, row: Row) -> Row:
    if table == "objects":
        return {name: row[name] for name in _OF_AN_OBJECT}
    if table == "page_texts":  # one text can be packed in more than one way
        return row | {"reading": zlib.decompress(base64.b64decode(row["reading"])).decode()}
    return row
