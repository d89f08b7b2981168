"""Check the audit log as a stranger: standard library only, nothing of the application, runs as a lone file.

    python audit_verify.py vanthu.db [--head HEAD.json]... [--json]

Reads the SQLite file itself and checks that numbers have no gap, that every leaf hash is the hash of its row,
that every row names the leaf before it; then computes the RFC 9162 Merkle root. A head ({"count", "root"})
kept elsewhere also proves that the end was not cut off and the chain not made anew. How the bytes of an event
are made is written in docs/decisions/0027-audit-chain.md.
Exit code: 0 intact, 1 tampered with, 2 wrong usage or unreadable.
"""

import argparse
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

FIRST = "0" * 64
_COLUMNS = "seq, time, actor, action, object, outcome, details, prev_hash, leaf_hash"


@dataclass(frozen=True)
class Head:
    """What the log was at an earlier moment, kept where the database's owner cannot reach."""

    count: int
    root: str
    name: str = "head"


@dataclass(frozen=True)
class Report:
    """The finding. `bad_seq` is None when all is well; `until_seq` is more when the place is known only as a
    range.
    """

    count: int
    root: str
    bad_seq: int | None = None
    until_seq: int | None = None
    reason: str = ""

    @property
    def intact(self) -> bool:
        """True when nothing was found."""
        return self.bad_seq is None


class Tree:
    """RFC 9162 §2.1.1 root over a growing list of leaves, keeping only one node per level."""

    def __init__(self) -> None:
        self.count = 0
        self._nodes: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the next leaf hash."""
        self.count += 1
        size = self.count
        while size % 2 == 0:
            leaf = hashlib.sha256(b"\x01" + self._nodes.pop() + leaf).digest()
            size //= 2
        self._nodes.append(leaf)

    def root(self) -> str:
        """Return the root of the leaves so far, in hexadecimal."""
        if not self._nodes:
            return hashlib.sha256(b"").hexdigest()
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = hashlib.sha256(b"\x01" + node + root).digest()
        return root.hex()


def event_bytes(row: Sequence[Any]) -> bytes:
    """Return the bytes that the leaf hash of a row is made of. Raises ValueError when the row cannot be an
    event.
    """
    seq, moment, actor, action, thing, outcome, details, prev, _ = row
    if type(seq) is not int or any(
        type(value) is not str for value in (moment, actor, action, thing, outcome, details, prev)
    ):
        raise ValueError("a value of the wrong kind")
    flat = json.loads(details)
    if type(flat) is not dict or any(isinstance(value, dict | list) for value in flat.values()):
        raise ValueError("details are not a flat object")
    text = _TEXT.encode
    return (
        f'{{"action":{text(action)},"actor":{text(actor)},"details":{details},"object":{text(thing)},'
        f'"outcome":{text(outcome)},"prev":{text(prev)},"seq":{seq},"time":{text(moment)}}}'
    ).encode()


_TEXT = json.JSONEncoder(ensure_ascii=False)


def verify(database: Path, heads: Sequence[Head] = ()) -> Report:
    """Check the log in the SQLite file `database` against itself and against earlier `heads`.

    Raises `sqlite3.Error` when the file cannot be opened or holds no log.
    """
    connection = _opened(database)
    try:
        return _checked(_rows(connection), sorted(heads, key=lambda head: head.count))
    finally:
        connection.close()


def _checked(rows: Iterator[Sequence[Any]], heads: Sequence[Head]) -> Report:
    tree, prev, waiting, sure = Tree(), FIRST, list(heads), 0
    while True:
        while waiting and waiting[0].count == tree.count:
            head = waiting.pop(0)
            if head.root != tree.root():
                reason = (
                    f"the first {head.count} events are not those of {head.name}: the chain was made anew"
                )
                return Report(tree.count, tree.root(), min(sure + 1, head.count), head.count, reason)
            sure = tree.count
        seq = tree.count + 1
        try:
            row = next(rows, None)
            problem = "" if row is None else _problem(row, seq)
        except (sqlite3.Error, ValueError, RecursionError) as fault:
            row, problem = (), f"unreadable: {fault}"
        if row is None:
            break
        if problem:
            return Report(tree.count, tree.root(), seq, seq, problem)
        if row[7] != prev:
            return Report(
                tree.count,
                tree.root(),
                max(seq - 1, 1),
                seq,
                f"event {seq} does not follow the one before it",
            )
        prev = row[8]
        tree.add(bytes.fromhex(prev))
    if waiting:
        reason = f"{waiting[0].name} has {waiting[0].count} events, the log {tree.count}: the end was cut off"
        return Report(tree.count, tree.root(), tree.count + 1, waiting[-1].count, reason)
    return Report(tree.count, tree.root())


def _problem(row: Sequence[Any], seq: int) -> str:
    if row[0] != seq:
        return f"missing; the next event is number {row[0]}"
    if hashlib.sha256(b"\x00" + event_bytes(row)).hexdigest() != row[8]:
        return "changed: its leaf hash is not the hash of its row"
    return ""


def _opened(database: Path) -> sqlite3.Connection:
    if not database.is_file():
        raise sqlite3.OperationalError(f"no such file: {database}")
    address = f"file:{quote(str(database.absolute()))}?mode=ro"
    wal = database.with_name(database.name + "-wal")
    try:
        connection = sqlite3.connect(address, uri=True)
        connection.execute("SELECT 1 FROM audit LIMIT 1").close()
    except sqlite3.OperationalError as fault:
        if "unable to open" not in str(fault) or (wal.exists() and wal.stat().st_size):
            raise
        # a clean copy on a read-only medium: nothing waits in a write-ahead log, so it may be read as it lies
        connection = sqlite3.connect(address + "&immutable=1", uri=True)
    return connection


def _rows(connection: sqlite3.Connection) -> Iterator[Sequence[Any]]:
    cursor = connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq")  # noqa: S608  # our own constant
    cursor.arraysize = 1000
    yield from cursor


def read_head(path: Path) -> Head:
    """Return the head in a JSON file. Raises ValueError, KeyError, TypeError, OSError."""
    data = json.loads(path.read_bytes())
    count, root = int(data["count"]), str(data["root"])
    if count < 0 or len(bytes.fromhex(root)) != 32:
        raise ValueError("not a head")
    return Head(count, root.lower(), path.name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Kiểm tra nhật ký kiểm toán của Vanthu (chỉ đọc).")
    parser.add_argument("database", type=Path, help="tệp vanthu.db")
    parser.add_argument("--head", type=Path, action="append", default=[], help="mốc đã lưu ở nơi khác (JSON)")
    parser.add_argument("--json", action="store_true", help="in một đối tượng JSON")
    given = parser.parse_args(arguments)
    started = time.perf_counter()
    try:
        report = verify(given.database, [read_head(path) for path in given.head])
    except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as fault:
        sys.stderr.write(f"Không đọc được: {fault}. Kiểm tra lại đường dẫn tệp cơ sở dữ liệu và tệp mốc.\n")
        return 2
    rate = report.count / max(time.perf_counter() - started, 1e-9)
    sys.stdout.write(_as_json(report) if given.json else _as_text(report, rate))
    return 0 if report.intact else 1


def _as_json(report: Report) -> str:
    found = {
        "intact": report.intact,
        "count": report.count,
        "root": report.root,
        "bad_seq": report.bad_seq,
        "until_seq": report.until_seq,
        "reason": report.reason,
    }
    return json.dumps(found, ensure_ascii=False) + "\n"


def _as_text(report: Report, rate: float) -> str:
    if report.intact:
        size = f"{report.count} sự kiện ({rate:,.0f} sự kiện/giây)"
        return f"Nhật ký nguyên vẹn: {size}, gốc Merkle {report.root}.\n"
    place = f"số {report.bad_seq}"
    if report.until_seq != report.bad_seq:
        place = f"nằm trong khoảng số {report.bad_seq} đến {report.until_seq}"
    return (
        f"NHẬT KÝ ĐÃ BỊ CAN THIỆP: sự kiện sai đầu tiên {place} ({report.reason}). "
        "Hãy giữ nguyên tệp, báo người phụ trách an ninh và đối chiếu với bản sao lưu.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
