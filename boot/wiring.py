"""Put the house together from its settings: stores, index, children, signing, engine. Nothing here decides anything."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from boot.childroom import seal_in_child
from boot.completing import completion_round
from boot.house import House
from boot.papers import sealing_seconds, sign_tools
from boot.renewing import renewal_round
from boot.rounds import standing_rounds
from boot.settings import Settings
from ingest.documents import sweep
from ingest.sidecars import keep_missing_manifests
from ingest.tools import IngestTools, WalkLimits
from jobs.alerts import AlertTools, alert
from jobs.children import ChildPools
from jobs.crew import Crew, Member
from jobs.engine import Engine, EngineAddress
from jobs.patrol import Duty, Patrol
from jobs.sign_papers import PaperSigning
from jobs.walk import SERVICES, Walk, queues
from procedures.definition_read import read_definitions
from procedures.number_holds import lapse_due
from records.clock import Clock, SystemClock, new_id
from signing.demo_pki import create_demo_pki
from signing.seal import Sealed
from storage import signing_notes
from storage.blobs import open_blobs
from storage.book_notes import keep_books
from storage.signing_notes import Notebook
from storage.tables import open_tables
from storage.tree_notes import create_audit_key


def prepare(settings: Settings, clock: Clock | None = None) -> None:
    """Make the data folder, its keys and its tables; safe to repeat and after a crash half-way."""
    for folder in ("blobs", "index", "quarantine", "work", "run", "cache"):
        (settings.data_dir / folder).mkdir(parents=True, exist_ok=True)
    settings.data_dir.chmod(0o700)
    settings.keys_dir.mkdir(parents=True, exist_ok=True)
    for store in (settings.blobs, settings.copy):
        if store is not None:
            made = open_blobs(store.url, store.access_key, store.secret_key)
            if store.url.startswith("s3"):
                from storage.s3 import S3Store  # only here: its client takes a second to load

                if isinstance(made, S3Store):
                    made.ensure_bucket()
    create_demo_pki(settings.keys_dir, settings.organisation, clock or SystemClock())
    create_audit_key(settings.keys_dir)
    tables = open_tables(settings.database.url, settings.database.password)
    try:
        tables.migrate()
    finally:
        tables.dispose()


def ingest_tools(house: House, children: ChildPools) -> IngestTools:
    """Return the walk's tools over this house."""
    settings = house.settings
    level = AT_ONCE if settings.stamp_later else None

    def seal(source: Path, out: Path, document_id: str) -> Sealed:
        return children.run(
            "sign",
            sealing_seconds(source),
            seal_in_child,
            settings.signing,
            source,
            out,
            document_id,
            ARCHIVE,
            None,
            level,
        )

    return IngestTools(
        work=house.work,
        blobs=house.blobs,
        staging=house.staging,
        index=house.index,
        clock=house.clock,
        children=children,
        seal=seal,
        ocr=settings.ocr,
        work_dir=settings.data_dir / "work",
        quarantine=settings.data_dir / "quarantine",
        organisation=settings.organisation,
        limits=replace(WalkLimits(), file_bytes=settings.max_file_bytes, page_seconds=settings.page_seconds),
    )


_log = logging.getLogger("vanthu.boot")
ARCHIVE, AT_ONCE = "archive", "PAdES-BASELINE-T"
"""The walk's profile, and the level of its seals when the archive time stamp comes at night (`signing.profiles`)."""


@contextmanager
def running_engine(
    house: House,
    tools: IngestTools,
    services: Sequence[str] | None = None,
    give_up: Callable[[], None] | None = None,
) -> Iterator[Engine]:
    """Run the engine, its place in the crew and its patrol for the length of the block.

    On the embedded profile the caller holds the engine lock. `services` (all by default) are what this process does;
    `give_up` stops it when it has lost its lease on a shared engine.
    """
    settings = house.settings
    offered = tuple(services or SERVICES)
    executor = f"{socket.gethostname()}-{new_id()[:12]}" if settings.shared_engine else "embedded"
    swept = sweep(tools, alone=not settings.shared_engine)
    if swept:
        _log.info("removed %d half-done things of an earlier run", swept)
    crew = Crew(house.work, Member(executor, offered), settings.run_dir, give_up)
    crew.join()
    try:
        listen = [queue for service in offered for queue in SERVICES[service]]
        engine = Engine(
            engine_address(settings), executor, queues(settings.workers), None if services is None else listen
        )
        walk = Walk(engine, tools)
        papers = PaperSigning(engine, sign_tools(house, tools.children))
        patrol = Patrol(engine, walk, tools, crew, duties(tools), papers)
        rounds = standing_rounds(
            house,
            executor,
            house.complaints,
            lambda pace: [completion_round(tools, settings, pace), renewal_round(tools, settings, pace)],
        )
        engine.launch()
        patrol.start()
        rounds.start()
        try:
            yield engine
        finally:
            rounds.stop()
            patrol.stop()
            engine.stop()
    finally:
        crew.leave()


def engine_address(settings: Settings) -> EngineAddress:
    """Return where the durable work rests."""
    return EngineAddress(settings.engine.url, settings.engine.password)


def duties(tools: IngestTools) -> tuple[Duty, ...]:
    """Return what the leading worker does besides the walk: manifests that a crash left out, numbers held too long,
    people told of what newly answers their searches.
    """
    book = Notebook(tools.work, tools.blobs, tools.work_dir)
    definitions = read_definitions()
    return (
        Duty("manifests", 120, lambda: keep_missing_manifests(tools)),
        Duty("signing-manifests", 60, lambda: signing_notes.keep_missing_manifests(book)),
        Duty("book-notes", 2, lambda: keep_books(book)),
        Duty("alerts", 4, lambda: alert(AlertTools(tools.work, tools.index, definitions))),
        Duty("number-holds", 120, lambda: lapse_due(tools.work)),
    )
