"""The opened stores of one data folder: what every command needs, without the engine, the readers or the signer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from boot.settings import Settings
from ingest.rebuild_round import is_rebuilding
from ingest.shelf import Shelf
from records.access import Actor
from records.clock import Clock, SystemClock
from records.document import Fields
from records.errors import ArchiveFault, Conflict
from records.page import PageText
from search.index import SearchIndex, open_index
from storage.blobs import BlobStore, open_blobs
from storage.complaints import Complaints
from storage.objects import Side
from storage.paired import PairedStore
from storage.staging import Staging, open_staging
from storage.tables import open_tables
from storage.work import Work


@dataclass(frozen=True, slots=True)
class House:
    """The opened stores of one archive."""

    settings: Settings
    clock: Clock
    work: Work
    blobs: BlobStore
    staging: Staging
    index: SearchIndex
    complaints: Complaints

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
    if is_rebuilding(work):
        tables.dispose()
        raise Conflict(
            "a rebuild is under way",
            code="rebuilding",
            tell="Cơ sở dữ liệu đang được dựng lại dở dang. Hãy chạy `vanthu rebuild` cho xong rồi mới dùng.",
        )
    complaints = Complaints()
    house = House(
        settings,
        clock,
        work,
        open_stores(settings, complaints),
        open_staging(settings.blobs.url, settings.blobs.access_key, settings.blobs.secret_key),
        open_index(settings.search.url, settings.search.user, settings.search.password),
        complaints,
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


class StoredPages:
    """The search's source: pages and fields from the rows, through the access rule."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the reading of a page, None when absent or not the reader's to see."""
        with self._work.reading() as tx:
            return Shelf(tx).page_text(reader, document_id, page)

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return the fields of a document, None when absent or not the reader's to see."""
        with self._work.reading() as tx:
            return Shelf(tx).fields(reader, document_id)

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Return documents that the index may tell of although they are no longer the reader's (`Outbox.unsettled`)."""
        with self._work.reading() as tx:
            return Shelf(tx).unsettled(reader, limit)
