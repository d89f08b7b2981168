"""What a backup is made of, and the proof that one is whole: nothing of it is used before every part was checked.

<folder>/blobs/…                  bytes of objects, shared by all backups of the folder (only with `--with-blobs`)
<folder>/20261126T032200Z/        one backup; it has this name only once it is whole
    rows/<table>.jsonl.gz         the rows, one JSON object a line
    head.note                     the newest signed head of the log, when there is one
    backup.json                   the parts with SHA-256 and size, the log's head, what is not in it; written last
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from records.errors import ArchiveFault
from storage.audit import event_bytes
from storage.audit_tree import NOTHING, Frontier, leaf_hash
from storage.catalogue import CATALOGUE, Row, RowUnfit, check_row
from storage.framed import Damaged, framed, unframed

PEOPLE = (
    "units",
    "unit_versions",
    "unit_endings",
    "posts",
    "delegations",
    "members",
    "memberships",
    "member_marks",
)

ARRANGING = ("arrangement_log", "rescans")

DELIVERY = ("secrecy_marks", "handover_lists")

DESK = ("saved_searches", "saved_hits", "issuer_names")

TABLES = (
    "accounts",
    "tokens",
    *PEOPLE,
    *CATALOGUE,
    *ARRANGING,
    "reviews",
    "review_decisions",
    *DELIVERY,
    *DESK,
    "heads",
)
"""The tables of a backup, parents first. Not in it: what is only on its way (outbox, intents, leases, passes, what
is prepared for a desk, moves that wait for a signature), and what would be a secret elsewhere (sessions, answers
already given)."""

KIND, FORMAT = "backup", 1
MANIFEST, NOTE, BLOBS = "backup.json", "head.note", "blobs"


class BackupRefused(ArchiveFault):
    """The backup is damaged, not whole, or of something else; nothing was done with it."""

    code = "backup-refused"

    def __init__(self, reason: str, code: str = "backup-damaged") -> None:
        super().__init__(
            reason,
            code=code,
            tell=f"Bản sao lưu không dùng được ({reason}). Chưa có gì bị thay đổi ở nơi khôi phục. Hãy dùng bản sao "
            "lưu khác và kiểm tra ổ đĩa chứa bản này.",
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup: its name, the SHA-256 and size of the file, and how many rows it holds."""

    name: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup. `revision`: of the tables; `head`: count and root (hex) of the log; `with_blobs`: bytes are in it.

    `absent`: keys that the stores could not give when it was made, with the reason.
    """

    folder: Path
    made_at: str
    revision: str
    parts: tuple[Part, ...]
    head: tuple[int, str]
    objects: int
    with_blobs: bool
    absent: Mapping[str, str]

    @property
    def blobs(self) -> Path:
        """Where the bytes of its objects lie."""
        return self.folder.parent / BLOBS

    def rows(self, table: str) -> Iterator[Row]:
        """Return the rows of a table, each fit for it. Raises `BackupRefused`."""
        name = part_name(table)
        try:
            with gzip.open(self.folder / name, "rb") as lines:
                for line in lines:
                    yield check_row(table, json.loads(line))
        except (OSError, EOFError, zlib.error, ValueError, RecursionError, RowUnfit, TypeError) as fault:
            raise BackupRefused(f"{name}: {fault}") from fault


def part_name(table: str) -> str:
    """Return the name of the part that holds the rows of `table`."""
    return f"rows/{table}.jsonl.gz"


def backup_json(backup: Backup) -> bytes:
    """Return the bytes of `backup.json`."""
    told = {
        "made_at": backup.made_at,
        "revision": backup.revision,
        "parts": [{"name": p.name, "sha256": p.sha256, "size": p.size, "rows": p.rows} for p in backup.parts],
        "audit": {"count": backup.head[0], "root": backup.head[1]},
        "objects": backup.objects,
        "with_blobs": backup.with_blobs,
        "absent": dict(backup.absent),
    }
    return framed(KIND, FORMAT, told)


def open_backup(folder: Path) -> Backup:
    """Return the backup in `folder` as its own description tells, its parts unchecked. Raises `BackupRefused`."""
    try:
        data = (folder / MANIFEST).read_bytes()
    except OSError as fault:
        raise BackupRefused(
            f"{folder.name}: no readable {MANIFEST}: {fault.strerror}", "backup-incomplete"
        ) from fault
    try:
        told = unframed(data, KIND, FORMAT)
        return Backup(
            folder=folder,
            made_at=str(told["made_at"]),
            revision=str(told["revision"]),
            parts=tuple(_part(each) for each in told["parts"]),
            head=(int(told["audit"]["count"]), str(told["audit"]["root"])),
            objects=int(told["objects"]),
            with_blobs=bool(told["with_blobs"]),
            absent={str(key): str(why) for key, why in told["absent"].items()},
        )
    except (Damaged, KeyError, TypeError, ValueError, AttributeError) as fault:
        raise BackupRefused(f"{MANIFEST}: {type(fault).__name__}: {fault}") from fault


def check_parts(backup: Backup) -> None:
    """Read every part to its end and raise `BackupRefused` at the first that is not what it should be.

    Hashes first, then every row against its table, then the log's chain and root.
    """
    names = {part.name for part in backup.parts}
    if missing := {part_name(table) for table in TABLES} - names:
        raise BackupRefused(f"{MANIFEST} lists no {sorted(missing)[0]}", "backup-incomplete")
    for part in backup.parts:
        _check_file(backup.folder / part.name, part)
    counts = {part.name: part.rows for part in backup.parts}
    for table in TABLES:
        if table == "audit":
            tree = Frontier().grown(_leaves(backup))
            if (tree.count, tree.root().hex()) != backup.head:
                raise BackupRefused(f"{part_name(table)}: the log is not the one whose head the backup names")
            found = tree.count
        else:
            found = sum(1 for _ in backup.rows(table))
        if found != counts[part_name(table)]:
            raise BackupRefused(f"{part_name(table)}: {found} rows instead of {counts[part_name(table)]}")


@contextmanager
def hashed_part(folder: Path, name: str) -> Iterator["PartWriter"]:
    """Write a part durably; ask its `part` after the block."""
    path = folder / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with open(path, "xb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
        writer = PartWriter(name, file)
        yield writer
        file.flush()
        os.fsync(file.fileno())


class PartWriter:
    """Hashes and counts what goes into a part's file."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name, self._file = name, file
        self._digest, self._size = hashlib.sha256(), 0
        self.rows = 0

    def write(self, data: bytes) -> int:
        """Write bytes of the file."""
        self._digest.update(data)
        self._size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Needed by gzip; the file is flushed at the end."""

    @property
    def part(self) -> Part:
        """What was written."""
        return Part(self._name, self._digest.hexdigest(), self._size, self.rows)


def _leaves(backup: Backup) -> Iterator[bytes]:
    """Return the leaves of the log's events once each follows the one before and hashes to its leaf."""
    prev = NOTHING
    for number, row in enumerate(backup.rows("audit"), start=1):
        leaf = leaf_hash(event_bytes(row))
        if (row["seq"], row["prev_hash"], row["leaf_hash"]) != (number, prev.hex(), leaf.hex()):
            raise BackupRefused(f"{part_name('audit')}: event {number} is not what the log's chain says")
        prev = leaf
        yield leaf


def _check_file(path: Path, part: Part) -> None:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as fault:
        raise BackupRefused(f"{part.name}: {fault.strerror}", "backup-incomplete") from fault
    if (sha256, size) != (part.sha256, part.size):
        raise BackupRefused(f"{part.name}: its bytes are not those that were written")


def _part(told: Any) -> Part:
    name = str(told["name"])
    if name != NOTE and name not in {part_name(table) for table in TABLES}:
        raise ValueError(f"unknown part {name!r}")
    return Part(name, str(told["sha256"]), int(told["size"]), int(told["rows"]))
