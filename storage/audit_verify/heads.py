"""Heads kept elsewhere: C2SP signed notes, checked with the log's verifier key, or JSON that somebody wrote down."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sources import library, number_in
from .stamps import check_stamp


@dataclass(frozen=True)
class Head:
    """What the log was at an earlier moment, kept where the database's owner cannot reach."""

    count: int
    root: str
    name: str = "head"


@dataclass(frozen=True)
class Heads:
    """The heads to check against, what was wrong with others, and how many signatures and stamps hold or were left
    unchecked because nobody gave a key or a root.
    """

    good: tuple[Head, ...] = ()
    faults: tuple[str, ...] = ()
    signed: int = 0
    unsigned: int = 0
    stamped: int = 0
    unstamped: int = 0


@dataclass(frozen=True)
class NoteKey:
    """A C2SP verifier key: name, key id, Ed25519 public key."""

    name: str
    key_id: bytes
    public: bytes


def note_key(text: str) -> NoteKey:
    """Return the key of `name+hash+base64(0x01 ‖ public key)`. Raises ValueError."""
    name, key_id, encoded = text.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    if len(data) != 33 or data[0] != 1:
        raise ValueError("not an Ed25519 key")
    found = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if found.hex() != key_id:
        raise ValueError("the hash in the key is not that of the key")
    return NoteKey(name, found, data[1:])


def note_keys(given: Sequence[str]) -> list[NoteKey]:
    """Return the keys in texts and in files with one key a line. Raises ValueError."""
    lines = [
        line
        for text in given
        for line in (Path(text).read_text().split() if Path(text).is_file() else [text])
    ]
    return [note_key(line) for line in lines]


def read_note(note: bytes, keys: Sequence[NoteKey], name: str = "head") -> Head:
    """Return the head in a signed note; with `keys`, one of them must have signed. Raises ValueError, `Missing`."""
    body, blank, tail = note.decode().rpartition("\n\n")
    lines = body.split("\n")
    if not blank or not tail.endswith("\n") or len(lines) < 3 or not all(lines):
        raise ValueError("not a signed tree head")
    signed = False
    for line in tail[:-1].split("\n"):
        dash, signer, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
        for key in keys:
            if dash == "\u2014" and (key.name, key.key_id) == (signer, data[:4]):
                if not _signed(key.public, data[4:], f"{body}\n".encode()):
                    raise ValueError(f"the signature of {signer} does not hold")
                signed = signed or lines[0] == signer
    if keys and not signed:
        raise ValueError(f"not signed by {', '.join(sorted({key.name for key in keys}))}")
    root = base64.b64decode(lines[2], validate=True)
    if not lines[1].isascii() or not lines[1].isdigit() or len(root) != 32:
        raise ValueError("not a tree head: no size and root")
    return Head(int(lines[1]), root.hex(), name)


def _signed(public: bytes, signature: bytes, text: bytes) -> bool:
    ed25519 = library("cryptography.hazmat.primitives.asymmetric.ed25519")
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except library("cryptography.exceptions").InvalidSignature:
        return False
    return True


def read_head(path: Path) -> Head:
    """Return the head in a JSON file. Raises ValueError, KeyError, TypeError, OSError."""
    data = json.loads(path.read_bytes())
    count, root = int(data["count"]), str(data["root"])
    if count < 0 or len(bytes.fromhex(root)) != 32:
        raise ValueError("not a head")
    return Head(count, root.lower(), path.name)


def load_heads(paths: Sequence[Path], keys: Sequence[NoteKey], roots: Sequence[Any]) -> Heads:
    """Return the heads in files, and in folders with `*.note` (also below `heads/`, `audit/heads/`).

    A note that `keys` did not sign, or whose `.tsr` does not hold under `roots`, is a fault. Raises OSError; ValueError
    for a JSON head that is none; `Missing`.
    """
    good: list[Head] = []
    faults: list[str] = []
    counts = {"signed": 0, "unsigned": 0, "stamped": 0, "unstamped": 0}
    for path in (file for given in paths for file in _head_files(given)):
        if path.suffix != ".note":
            good.append(read_head(path))
            continue
        note, stamp = path.read_bytes(), path.with_suffix(".tsr")
        try:
            good.append(read_note(note, keys, path.name))
        except ValueError as fault:
            faults.append(f"{path.name}: {fault}")
            continue
        counts["signed" if keys else "unsigned"] += 1
        if stamp.exists():
            try:
                if roots:
                    check_stamp(stamp.read_bytes(), note, roots)
                counts["stamped" if roots else "unstamped"] += 1
            except ValueError as fault:
                faults.append(f"{stamp.name}: {fault}")
    return Heads(tuple(good), tuple(faults), **counts)


def _head_files(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    for folder in (given / "audit" / "heads", given / "heads", given):
        if folder.is_dir():
            return sorted(folder.glob("*.note"), key=number_in)
    return []
