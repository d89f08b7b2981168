"""Put the house together from its settings: stores, index, children, signing, engine. Nothing here decides anything."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from boot.childroom import seal_in_child
from boot.house import House
from boot.settings import Settings
from ingest.documents import sweep
from ingest.tools import IngestTools, WalkLimits
from jobs.children import ChildPools
from jobs.engine import Engine
from jobs.patrol import Patrol
from jobs.walk import Walk, queues
from ocr.options import OcrOptions
from records.clock import Clock, SystemClock
from signing.demo_pki import create_demo_pki
from signing.seal import Sealed
from storage.tables import open_tables


def prepare(settings: Settings, clock: Clock | None = None) -> None:
    """Make the data folder, its keys and its tables; safe to repeat and after a crash half-way."""
    for folder in ("blobs", "index", "quarantine", "work", "run", "cache"):
        (settings.data_dir / folder).mkdir(parents=True, exist_ok=True)
    settings.data_dir.chmod(0o700)
    create_demo_pki(settings.keys_dir, settings.organisation, clock or SystemClock())
    tables = open_tables(settings.database_url)
    try:
        tables.migrate()
    finally:
        tables.dispose()


def ingest_tools(house: House, children: ChildPools) -> IngestTools:
    """Return the walk's tools over this house."""
    settings = house.settings

    def seal(source: Path, out: Path, document_id: str) -> Sealed:
        seconds = WalkLimits().seal_seconds + source.stat().st_size / SEAL_BYTES_A_SECOND
        return children.run(
            "sign",
            seconds,
            seal_in_child,
            settings.keys_dir,
            settings.tsa_url,
            source,
            out,
            document_id,
        )

    return IngestTools(
        work=house.work,
        blobs=house.blobs,
        index=house.index,
        clock=house.clock,
        children=children,
        seal=seal,
        ocr=OcrOptions(languages=settings.languages, tessdata=settings.tessdata),
        work_dir=settings.data_dir / "work",
        quarantine=settings.data_dir / "quarantine",
        organisation=settings.organisation,
        limits=replace(WalkLimits(), file_bytes=settings.max_file_bytes, page_seconds=settings.page_seconds),
    )


SEAL_BYTES_A_SECOND = 10 * 1024 * 1024
_log = logging.getLogger("vanthu.boot")


@contextmanager
def running_engine(house: House, tools: IngestTools) -> Iterator[Engine]:
    """Run the engine and its patrol for the length of the block. The caller holds the engine lock."""
    engine = Engine(house.settings.engine_url, "embedded", queues(house.settings.workers))
    walk = Walk(engine, tools, house.settings.workers)
    patrol = Patrol(engine, walk, tools, house.settings.data_dir / "audit-heads")
    swept = sweep(tools)
    if swept:
        _log.info("removed %d half-done things of an earlier run", swept)
    engine.launch()
    patrol.start()
    try:
        yield engine
    finally:
        patrol.stop()
        engine.stop()
