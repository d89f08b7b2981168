"""Papers to be signed, from the settings: which keys people may ask for, how a paper reaches the child with the key."""

import logging
from functools import lru_cache
from pathlib import Path

from boot.childroom import seal_in_child
from boot.house import House
from boot.settings import Settings
from ingest.children import Children
from ingest.tools import WalkLimits
from procedures.order import KeyFacts
from procedures.sign_papers import Order, SignTools
from records.clock import Clock
from records.errors import ArchiveFault
from signing.certificates import Ending, expiry_watch
from signing.demo_pki import demo_signers
from signing.key_table import read_key_table
from signing.keys import SealKey, load_keys
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
    return tuple(KeyFacts(one.name, one.role, one.unit, one.holder) for one in table.entries)


def key_endings(keys_dir: Path, clock: Clock) -> list[Ending]:
    """Return the keys whose certificates end soon or have ended.

    None when the keys cannot be read here: the part „keys“ of the health tells that, and a door may have no keys.
    """
    try:
        return expiry_watch(_keys(keys_dir, keys_dir.stat().st_mtime_ns), clock.now())
    except (ArchiveFault, OSError) as fault:
        _log.debug("no keys to watch: %s", fault)
        return []


@lru_cache(maxsize=1)
def _keys(keys_dir: Path, changed: int) -> tuple[SealKey, ...]:
    """Return the keys as of the folder's last change: opening PKCS#12 files takes a while each."""
    return tuple(load_keys(keys_dir).keys.values())


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
