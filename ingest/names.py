"""Names as people may read them: what a sender calls a file is shown, never trusted and never part of a key."""

import unicodedata
from pathlib import PurePosixPath

_LONGEST_NAME = 200


def clean_name(name: str) -> str:
    """Return `name` as people may read it: last path part, NFC, no control or direction marks, at most 200 letters.

    The name is for showing only; stored keys never contain it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C").strip()
    if len(kept) > _LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        kept = (stem or kept)[: _LONGEST_NAME - 20] + "…" + (dot + suffix[:16] if stem and dot else "")
    return kept if kept not in ("", ".", "..") else "khong-ten"


def clean_path(path: str) -> str:
    """Return a delivery path whose parts are clean names and which never leaves the delivery."""
    parts = [p for p in path.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    return str(PurePosixPath(*(clean_name(p) for p in parts))) if parts else "khong-ten"
