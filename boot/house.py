"""The opened stores of one data folder: what every command needs, without the engine, the readers or the signer."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from boot.settings import Settings
from records.access import SYSTEM, Actor
from records.clock import Clock, SystemClock
from records.document import Fields
from records.errors import ArchiveFault, Missing
from records.page import PageText
from search.index import SearchIndex, open_index
from storage.blobs import BlobStore, open_blobs
from storage.objects import ObjectState, Side
from storage.paired import PairedStore
from storage.staging import Staging, open_staging
from storage.tables import open_tables
from storage.work import Work

_log = logging.getLogger("vanthu.house")


@dataclass(frozen=True, slots=True)
class House:
    """The opened stores of one archive."""

    settings: Settings
    clock: Clock
    work: Work
    blobs: BlobStore
    staging: Staging
    index: SearchIndex

    def close(self) -> None:
        """Let go of the index and the database."""
        self.index.close()
        self.work.tables.dispose()


def is_prepared(settings: Settings) -> bool:
    """Return whether the data folder was made."""
    return settings.keys_dir.exists() and (
        not settings.database.url.startswith("sqlite") or (settings.data_dir / "vanthu.db").exists()
    )


@contextmanager
def open_house(settings: Settings) -> Iterator[House]:
    """Open the stores. Raises `ArchiveFault` (`not-initialised`) when the data folder was never made."""
    if not is_prepared(settings):
        raise ArchiveFault(
            f"{settings.data_dir} holds no archive",
            code="not-initialised",
            tell=f"Thư mục dữ liệu {settings.data_dir} chưa được khởi tạo. Hãy chạy `vanthu init` trước.",
        )
    clock = SystemClock()
    tables = open_tables(settings.database.url, settings.database.password)
    tables.migrate()
    work = Work(tables, clock)
    house = House(
        settings,
        clock,
        work,
        open_stores(settings, partial(damage_seen, work)),
        open_staging(settings.blobs.url, settings.blobs.access_key, settings.blobs.secret_key),
        open_index(settings.search.url, settings.search.user, settings.search.password),
    )
    try:
        yield house
    finally:
        house.close()


def open_stores(settings: Settings, on_damage: Callable[[Side, str, str], None]) -> BlobStore:
    """Return the place for bytes: one store, or two that repair each other when a copy is set."""
    first = open_blobs(settings.blobs.url, settings.blobs.access_key, settings.blobs.secret_key)
    if settings.copy is None:
        return first
    copy = open_blobs(settings.copy.url, settings.copy.access_key, settings.copy.secret_key)
    return PairedStore(first, copy, on_damage)


def damage_seen(work: Work, side: Side, key: str, reason: str) -> None:
    """Write down that a reader met damaged bytes; fixity finds the object again by this note and repairs it.

    The reader has the good bytes of the other store by now, so trouble with the note must not take them away.
    """
    _log.error("object damaged in the %s store: %s: %s", side.value, key, reason)
    try:
        with work.begin() as tx:
            tx.objects.found(key, side, ObjectState.DAMAGED, reason[:500])
            tx.audit.append(SYSTEM.id, "object-damaged", key, "found-by-reader", {"store": side.value})
    except ArchiveFault as fault:
        _log.error("the damage of %s could not be written down: %s", key, fault)


class StoredPages:
    """The search's source: pages and fields from the rows, through the access rule."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the reading of a page, None when absent or not the reader's to see."""
        try:
            with self._work.reading() as tx:
                return tx.pages.reading(reader, document_id, page)
        except Missing:
            return None

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return the fields of a document, None when absent or not the reader's to see."""
        try:
            with self._work.reading() as tx:
                return tx.documents.get(reader, document_id).fields
        except Missing:
            return None
