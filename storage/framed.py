"""The frame of every JSON file the archive keeps about itself: a format, a kind, and a check over the rest.

A damaged one is recognised before anything is made of it. The check finds accidents; against a forger stands the log.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from records.errors import ArchiveFault


class Damaged(ArchiveFault):
    """What the archive wrote about itself is not what it wrote."""

    code = "manifest-damaged"


def framed(kind: str, form: int, told: Mapping[str, Any], indent: int | None = 1) -> bytes:
    """Return `told` as UTF-8 JSON with sorted keys, its kind, its format `form`, and a check over all of it.

    Without `indent` it is ten times faster to write, for what may hold a hundred thousand pages.
    """
    whole = {**told, "format": form, "kind": kind}
    whole["check"] = _check(whole)
    return json.dumps(whole, ensure_ascii=False, indent=indent, sort_keys=True, allow_nan=False).encode()


def unframed(data: bytes, kind: str, form: int) -> dict[str, Any]:
    """Return what `framed` was given. Raises `Damaged` for anything else (code `manifest-old` for an older format)."""
    try:
        told = json.loads(data)
        found = told.pop("check", None)
        if type(told.get("format")) is int and 0 < told["format"] < form:
            raise Damaged(f"format {told['format']}; this version reads {form}", code="manifest-old")
        if told.get("format") != form or told.get("kind") != kind:
            raise ValueError(f"format {told.get('format')!r} of kind {told.get('kind')!r}")
        if found != _check(told):
            raise ValueError("its check does not fit: it was changed or damaged")
    except (ValueError, TypeError, AttributeError, RecursionError) as fault:
        raise Damaged(f"not a whole {kind}: {fault}") from fault
    return dict(told)


def _check(told: Mapping[str, Any]) -> str:
    plain = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(plain.encode()).hexdigest()
