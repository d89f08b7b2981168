"""The opened stores of one data folder: what every command needs, without the engine, the readers or the signer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from boot.settings import Settings
from records.access import Actor
from records.clock import Clock, SystemClock
from records.document import Fields
from records.errors import ArchiveFault, Missing
from records.page import PageText
from search.index import SearchIndex, open_index
from storage.blobs import BlobStore, open_blobs
from storage.tables import open_tables
from storage.work import Work


@dataclass(frozen=True, slots=True)
class House:
    """The opened stores of one data folder."""

    settings: Settings
    clock: Clock
    work: Work
    blobs: BlobStore
    index: SearchIndex

    def close(self) -> None:
        """Let go of the index and the database."""
        self.index.close()
        self.work.tables.dispose()


def is_prepared(settings: Settings) -> bool:
    """Return whether the data folder was made."""
    return settings.keys_dir.exists() and (
        not settings.database_url.startswith("sqlite") or (settings.data_dir / "vanthu.db").exists()
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
    tables = open_tables(settings.database_url)
    tables.migrate()
    house = House(
        settings,
        clock,
        Work(tables, clock),
        open_blobs(settings.blobs_url),
        open_index(settings.search_url),
    )
    try:
        yield house
    finally:
        house.close()


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
