"""Which folder is the index: CURRENT names it, a rebuild fills a new one and then moves the name in one step."""

import os
import secrets
import shutil
from pathlib import Path

from search.index import SCHEMA, index_missing, index_unwritable

_CURRENT = "CURRENT"


def current(root: Path) -> str:
    """Return the name of the folder in use, "" where there has never been an index. Raises Away when unreadable."""
    try:
        name = (root / _CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as fault:
        raise index_missing(f"{root}: {fault}") from fault
    if not name.startswith(f"v{SCHEMA}-") or Path(name).name != name:
        raise index_missing(f"{root}: {_CURRENT} names {name!r}, this program reads v{SCHEMA}")
    if not (root / name / "meta.json").is_file():
        raise index_missing(f"{root}: {name} has no meta.json")
    return name


def new_folder(root: Path) -> str:
    """Make an empty folder for an index and return its name. Raises Away (`search-index-unwritable`)."""
    name = f"v{SCHEMA}-{secrets.token_hex(8)}"
    try:
        (root / name).mkdir(parents=True)
    except OSError as fault:
        raise index_unwritable(f"{root}: {fault}") from fault
    return name


def claim_first(root: Path, name: str) -> str:
    """Make `name` the index where there is none yet; return the winner when two processes begin at once."""
    draft = _draft(root, name)
    try:
        os.link(draft, root / _CURRENT)
    except FileExistsError:
        shutil.rmtree(root / name, ignore_errors=True)
        return current(root)
    except OSError as fault:
        raise index_unwritable(f"{root}: {fault}") from fault
    finally:
        draft.unlink(missing_ok=True)
    return name


def switch(root: Path, name: str) -> None:
    """Make `name` the index in one step, then delete every other one; open readers keep the files they hold."""
    draft = _draft(root, name)
    try:
        draft.replace(root / _CURRENT)
    except OSError as fault:
        raise index_unwritable(f"{root}: {fault}") from fault
    for folder in root.glob("v*-*"):
        if folder.name != name:
            shutil.rmtree(folder, ignore_errors=True)


def _draft(root: Path, name: str) -> Path:
    draft = root / f"{_CURRENT}.{secrets.token_hex(4)}"
    try:
        with draft.open("w", encoding="utf-8") as out:
            out.write(name + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as fault:
        raise index_unwritable(f"{root}: {fault}") from fault
    return draft
