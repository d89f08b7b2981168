"""Papers to be signed, from the settings: which keys people may ask for, how a paper reaches the child with the key."""

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from boot.childroom import (
    finish_in_child,
    mark_in_child,
    prepare_in_child,
    seal_in_child,
    where_in_child,
)
from boot.house import House
from boot.settings import Settings
from ingest.children import Children
from ingest.tools import WalkLimits
from procedures.look_at_paper import LookTools
from procedures.order import KeyFacts
from procedures.sign_at_desk import Brought, DeskTools
from procedures.sign_papers import Order, SignTools
from records.clock import Clock
from records.errors import ArchiveFault
from signing.certificates import Ending, expiry_watch
from signing.demo_pki import demo_signers
from signing.interrupted import Prepared
from signing.key_table import TABLE, DeskKey, read_key_table
from signing.keys import KeyRing, SealKey, load_keys
from signing.mark import Marked, MarkOrder, MarkOwner, owner_of
from signing.seal import Sealed
from signing.wish import wish_of

_log = logging.getLogger("vanthu.papers")
SEAL_BYTES_A_SECOND = 10 * 1024 * 1024


def sealing_seconds(source: Path) -> float:
    """Return how long signing the file may take, in seconds; it grows with the file, which is hashed several times."""
    return WalkLimits().seal_seconds + source.stat().st_size / SEAL_BYTES_A_SECOND


def key_facts(keys_dir: Path) -> tuple[KeyFacts, ...]:
    """Return the keys of the table (or of the demo authority) as people may know them; no key is opened.

    Raises `ArchiveFault` (`keys-table`).
    """
    table = read_key_table(keys_dir)
    if table is None:
        return tuple(KeyFacts(name, role, "", holder) for name, role, holder in demo_signers(keys_dir))
    return tuple(
        KeyFacts(one.name, one.role, one.unit, one.holder, isinstance(one.source, DeskKey))
        for one in table.entries
    )


def key_endings(keys_dir: Path, clock: Clock) -> list[Ending]:
    """Return the keys whose certificates end soon or have ended.

    None of a key that cannot be read here: the part „keys“ of the health tells that, and a door may have no keys.
    """
    try:
        return expiry_watch(_readable(_keys(keys_dir, _changed(keys_dir))), clock.now())
    except (ArchiveFault, OSError) as fault:
        _log.debug("no keys to watch: %s", fault)
        return []


def _readable(ring: KeyRing) -> Iterator[SealKey]:
    for name in ring.keys:
        try:
            yield ring.keys[name]
        except ArchiveFault as fault:
            _log.debug("key %r is not watched: %s", name, fault)


@lru_cache(maxsize=1)
def _keys(keys_dir: Path, changed: tuple[int, int]) -> KeyRing:
    """Return the keys as of the last change: opening PKCS#12 files takes a while each."""
    return load_keys(keys_dir)


def _changed(keys_dir: Path) -> tuple[int, int]:
    """Return when the folder of keys and its table were written last; a table may be written over in place."""
    table = keys_dir / TABLE
    return keys_dir.stat().st_mtime_ns, table.stat().st_mtime_ns if table.exists() else 0


def mark_owner(keys_dir: Path, key: str) -> MarkOwner:
    """Return whose mark the key `key` makes. Raises `ArchiveFault` (`no-key`, `keys-unreadable`, `keys-table`)."""
    return owner_of(_keys(keys_dir, _changed(keys_dir)).get(key))


def sign_tools(house: House, children: Children) -> SignTools:
    """Return what signing papers needs over this house."""
    settings: Settings = house.settings

    def sign(source: Path, out: Path, paper_id: str, order: Order) -> Sealed:
        return children.run(
            "sign",
            sealing_seconds(source),
            seal_in_child,
            settings.signing,
            source,
            out,
            paper_id,
            order.profile,
            order.key or None,
            order.level or None,
            "",
            wish_of(dict(order.options)),
        )

    return SignTools(house.work, house.blobs, house.clock, sign, settings.data_dir / "work")


LOOK_SECONDS = 60.0
"""How long finding a place or drawing a mark may take, in seconds, beside what the size of the file adds."""


def look_tools(house: House, children: Children) -> LookTools:
    """Return what looking at a paper before it is signed needs over this house."""
    settings: Settings = house.settings

    def where(path: Path, order: MarkOrder, moment: datetime) -> Marked:
        return children.run("parse", _looking_seconds(path), where_in_child, path, order, moment)

    def mark(path: Path, out: Path, order: MarkOrder, moment: datetime) -> None:
        children.run("parse", _looking_seconds(path), mark_in_child, path, out, order, moment)

    return LookTools(
        house.blobs,
        house.clock,
        lambda key: mark_owner(settings.keys_dir, key),
        where,
        mark,
        settings.data_dir / "work",
    )


def _looking_seconds(path: Path) -> float:
    return LOOK_SECONDS + path.stat().st_size / SEAL_BYTES_A_SECOND


def desk_tools(house: House, children: Children) -> DeskTools:
    """Return what signing with devices at desks needs over this house."""
    settings: Settings = house.settings

    def prepare(source: Path, folder: Path, paper_id: str, order: Order, brought: Brought) -> Prepared:
        seconds = sealing_seconds(source)
        return children.run(
            "sign", seconds, prepare_in_child, settings.signing, source, folder, paper_id, order, brought
        )

    def finish(folder: Path, prepared: Prepared, signature: bytes, out: Path) -> Sealed:
        seconds = sealing_seconds(folder / f"{prepared.id}.pdf")
        return children.run(
            "sign", seconds, finish_in_child, settings.signing, folder, prepared, signature, out
        )

    return DeskTools(
        house.work, house.blobs, house.staging, house.clock, prepare, finish, settings.data_dir / "work"
    )
