"""Which signing keys there are: `keys.toml` in the folder of keys, read and checked whole before any key is touched.

Without that file the folder holds the demo authority's keys (`demo_pki`). How to write one: docs/howto/keys.md.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from records.errors import ArchiveFault

TABLE = "keys.toml"


class KeyRole(StrEnum):
    """What a key may be used for; a profile asks for one of these."""

    ARCHIVE = "archive"  # the organisation's seal on digitized papers
    OFFICIAL = "official"  # a person who signs for a unit
    SEAL = "seal"  # the organisation's seal on outgoing papers


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key in a PKCS#12 file; `passphrase` is the file that holds its passphrase."""

    file: Path
    passphrase: Path


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that never leaves a PKCS#11 token: the vendor's module, which token, which key, the file with its PIN.

    `label` or `serial` (one may be empty) finds the token, `key_id` the key on it: labels with Vietnamese letters are
    told wrong by some modules. `certificate` is its certificate as a PEM file, so that knowing it needs no token.
    """

    module: Path
    label: str
    serial: str
    key_id: bytes
    pin: Path
    certificate: Path


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A key at a remote signing service (Cloud Signature Consortium API v1): its address and the credential there.

    `pin` and `token` are files with the PIN of the credential and the OAuth access token, each None when the service
    asks for none. `certificate` as for a token.
    """

    url: str
    credential: str
    certificate: Path
    pin: Path | None = None
    token: Path | None = None


@dataclass(frozen=True, slots=True)
class DeskKey:
    """A key that only its holder has, on a token at a desk: we know its certificate (docs/decisions/0081)."""

    certificate: Path


KeySource = FileKey | TokenKey | RemoteKey | DeskKey


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key: its name in the house, what it may do, for which unit, by whose hand, and where it is."""

    name: str
    role: KeyRole
    source: KeySource
    unit: str = ""
    holder: str = ""  # the log-in of the official whose key it is
    chain: Path | None = None  # PEM file with the certificates between it and the root
    image: Path | None = None  # picture of the signature or of the seal; without one it signs invisibly
    diameter_mm: float = 36.0  # of a round seal, true size


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Every key, and the one that seals digitized papers."""

    entries: tuple[KeyEntry, ...]
    default: str


_COMMON = {"name", "role", "unit", "holder", "chain", "image", "diameter_mm"}
_FILE = {"file", "passphrase_file"}
_TOKEN = {"module", "token_label", "token_serial", "key_id", "pin_file", "certificate"}
_REMOTE = {"csc_url", "csc_credential", "pin_file", "oauth_token_file", "certificate"}
_DESK = {"certificate"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def read_key_table(folder: Path) -> KeyTable | None:
    """Return the table of `folder`, None when there is none. Relative paths in it start from `folder`.

    Raises `ArchiveFault` (`keys-table`) with the entry and the word that is wrong.
    """
    path = folder / TABLE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        raise _wrong(path, str(fault)) from fault
    unknown = set(content) - {"default", "key"}
    if unknown:
        raise _wrong(path, f"unknown words: {', '.join(sorted(unknown))}")
    rows = content.get("key", [])
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise _wrong(path, "there must be at least one [[key]]")
    entries = tuple(_entry(path, number, row) for number, row in enumerate(rows, start=1))
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _wrong(path, f"name used twice: {', '.join(twice)}")
    archive = [entry.name for entry in entries if entry.role is KeyRole.ARCHIVE]
    default = content.get("default", archive[0] if len(archive) == 1 else "")
    if default not in archive:
        raise _wrong(
            path, f"default must name one of the archive keys: {', '.join(archive) or 'there is none'}"
        )
    return KeyTable(entries, default)


def _entry(path: Path, number: int, row: Mapping[str, Any]) -> KeyEntry:
    where = f"[[key]] {number}" + (f" ({row['name']})" if isinstance(row.get("name"), str) else "")
    if bad := sorted(word for word, value in row.items() if not isinstance(value, str) or not value.strip()):
        raise _wrong(path, f"{where}: must be a text that is not empty: {', '.join(bad)}")
    words = set(row)
    kind, needed = _kind(words)
    if unknown := sorted(words - _COMMON - kind):
        raise _wrong(path, f"{where}: unknown here: {', '.join(unknown)}")
    if missing := sorted(({"name", "role"} | needed) - words):
        raise _wrong(path, f"{where}: missing: {', '.join(missing)}")
    if kind is _TOKEN and not words & {"token_label", "token_serial"}:
        raise _wrong(path, f"{where}: missing: token_label or token_serial")
    if row["role"] not in set(KeyRole):
        raise _wrong(path, f"{where}: role must be one of {', '.join(KeyRole)}")
    if row["role"] == KeyRole.OFFICIAL and "holder" not in words:
        raise _wrong(path, f"{where}: missing: holder (the log-in of the official)")
    at = path.parent
    return KeyEntry(
        name=row["name"],
        role=KeyRole(row["role"]),
        source=_source(path, where, kind, row),
        unit=row.get("unit", ""),
        holder=row.get("holder", ""),
        chain=at / row["chain"] if "chain" in row else None,
        image=at / row["image"] if "image" in row else None,
        diameter_mm=_diameter(path, where, row.get("diameter_mm", "36")),
    )


def _diameter(path: Path, where: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 10 <= found <= 60:
        raise _wrong(path, f"{where}: diameter_mm must be between 10 and 60")
    return found


def _kind(words: set[str]) -> tuple[set[str], set[str]]:
    """Return the words of the kind of key that `words` describe, and those it cannot do without."""
    if words & {"csc_url", "csc_credential", "oauth_token_file"}:
        return _REMOTE, {"csc_url", "csc_credential", "certificate"}
    if words & (_TOKEN - _DESK):
        return _TOKEN, {"module", "key_id", "pin_file", "certificate"}
    if "certificate" in words and not words & _FILE:
        return _DESK, _DESK
    return _FILE, _FILE


def _source(path: Path, where: str, kind: set[str], row: Mapping[str, str]) -> KeySource:
    at = path.parent
    if kind is _FILE:
        return FileKey(at / row["file"], at / row["passphrase_file"])
    certificate = at / row["certificate"]
    if kind is _DESK:
        return DeskKey(certificate)
    if kind is _REMOTE:
        secrets = (at / row[word] if word in row else None for word in ("pin_file", "oauth_token_file"))
        return RemoteKey(_address(path, where, row["csc_url"]), row["csc_credential"], certificate, *secrets)
    try:
        key_id = bytes.fromhex(row["key_id"])
    except ValueError as fault:
        raise _wrong(path, f"{where}: key_id must be hexadecimal") from fault
    return TokenKey(
        at / row["module"],
        row.get("token_label", ""),
        row.get("token_serial", ""),
        key_id,
        at / row["pin_file"],
        certificate,
    )


def _address(path: Path, where: str, url: str) -> str:
    """Return the base address of a service; PINs travel there, so anything but TLS stays on this machine."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise _wrong(path, f"{where}: csc_url must be https without user name, query or fragment")
    return url.rstrip("/")


def _wrong(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {why}",
        code="keys-table",
        tell=f"Bảng khóa ký {path.name} có chỗ sai: {why}. Chưa khóa nào được dùng; hãy sửa rồi chạy lại.",
    )
