"""Which files a person means by the inputs of a command: files as named, folders walked in natural order."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ingest.propose import natural

_SCANS = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".pdf"}
_MAGIC = (b"%PDF", b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


@dataclass(frozen=True, slots=True)
class Input:
    """A file to hand in and its place in the delivery."""

    path: Path
    relative: str


def gather(named: tuple[Path, ...]) -> tuple[list[Input], list[Path]]:
    """Return (files to hand in, files left aside).

    A file named by the person is always handed in, whatever it is. In a folder, hidden files and files that neither
    look nor are called like scans (lists, notes) are left aside, and said so. Links that lead out of a folder are
    left aside too.
    """
    taken: list[Input] = []
    aside: list[Path] = []
    seen: set[str] = set()
    for root in named:
        found = [root] if root.is_file() else sorted(_files_below(root), key=lambda p: natural(str(p)))
        for path in found:
            relative = path.name if root.is_file() else str(path.relative_to(root))
            # bytes that are no UTF-8 (CP1258, TCVN3) stay visible as \\xNN, and the file goes on like any other
            relative = os.fsencode(relative).decode("utf-8", "backslashreplace")
            relative = unicodedata.normalize("NFC", relative)
            if not root.is_file() and not _is_scan(path, root):
                aside.append(path)
                continue
            taken.append(Input(path, _unique(relative, root, seen)))
    return taken, aside


def _files_below(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def _is_scan(path: Path, root: Path) -> bool:
    if any(part.startswith(".") for part in path.relative_to(root).parts):
        return False
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        return False
    if path.suffix.lower() in _SCANS:
        return True
    try:
        with path.open("rb") as handle:
            return handle.read(8).startswith(_MAGIC)
    except OSError:
        return True  # whoever hands it in will be told why it cannot be read


def _unique(relative: str, root: Path, seen: set[str]) -> str:
    """Two inputs may bring the same name; the second is placed under its folder's name, then numbered."""
    told, number = relative, 1
    while told in seen:
        number += 1
        told = f"{root.resolve().parent.name if root.is_file() else root.name}-{number}/{relative}"
    seen.add(told)
    return told
