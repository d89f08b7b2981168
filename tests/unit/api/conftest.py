"""A real house for the door: SQLite, folder store, tantivy, children, with a few papers put in through the rows."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from api.app import create_app
from api.tools import Limits, Tools
from boot.house import House as Rooms
from boot.papers import desk_tools, look_tools
from boot.procedures_desk import case_desk
from boot.settings import load_settings
from ingest.access_copy import access_copy
from ingest.held import remove
from ingest.receive import receipt_of, receive_stream
from ingest.receive_draft import take_draft
from ingest.receive_paper import receive_paper, take_paper
from ingest.rescan import deliver
from ingest.tools import IngestTools
from jobs.children import ChildPools
from jobs.children import Limits as ChildLimits
from ocr.options import OcrOptions
from procedures.order import KeyFacts
from records.clock import SystemClock
from search.index import open_index
from signing.demo_pki import create_demo_pki
from signing.key_table import KeyRole
from signing.verify import verify_pdf
from storage.blobs import open_blobs
from storage.complaints import Complaints
from storage.staging import open_staging
from storage.tables import open_tables
from storage.work import Work
from tests.cases.database import migrated
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import Seeded, seed

KEYS = (
    KeyFacts("ong-an", KeyRole.OFFICIAL, "Văn phòng", "official"),
    KeyFacts("con-dau", KeyRole.SEAL, "Văn phòng Thành ủy Mẫu", ""),
)


class _Here:
    """Runs what children run, in this process: the walk of tests/walk has the real ones."""

    def run(
        self, kind: str, seconds: float, function: Callable[..., Any], /, *args: object, **more: object
    ) -> Any:
        return function(*args, **more)


HERE = _Here()


@pytest.fixture(scope="session")
def children() -> Iterator[ChildPools]:
    """One pool of limited children for looking at delivered files."""
    limits = ChildLimits(workers=1, memory=3 * 1024**3)
    pools = ChildPools({"parse": limits, "convert": limits})
    try:
        yield pools
    finally:
        pools.stop()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seeded]:
    """A data folder with accounts, tokens and papers, made once."""
    folder = tmp_path_factory.mktemp("filled")
    clock = SystemClock()
    create_demo_pki(folder / "keys", "Văn phòng Tỉnh ủy", clock)
    tables = migrated(folder / "vanthu.db")
    index = open_index(f"tantivy://{folder / 'index'}")
    seeded = seed(Work(tables, clock), open_blobs(f"file://{folder / 'blobs'}"), index, folder)
    index.close()
    tables.dispose()
    return folder, seeded


@pytest.fixture
def make_house(
    filled: tuple[Path, Seeded], tmp_path: Path, children: ChildPools
) -> Iterator[Callable[..., House]]:
    """Open a copy of the filled folder, with other limits when a test wants them."""
    opened: list[tuple[object, object]] = []

    def make(limits: Limits | None = None, keys: Path | None = None, **changes: object) -> House:
        data = tmp_path / f"data{len(opened)}"
        shutil.copytree(filled[0], data)
        clock = SystemClock()
        tables = open_tables(f"sqlite:///{data / 'vanthu.db'}")
        index = open_index(f"tantivy://{data / 'index'}")
        opened.append((index, tables))
        blobs = open_blobs(f"file://{data / 'blobs'}")
        work = Work(tables, clock)
        (data / "quarantine").mkdir(exist_ok=True)
        (data / "work").mkdir(exist_ok=True)
        staging = open_staging(f"file://{data / 'blobs'}")
        settings = replace(load_settings(data), keys_dir=keys or data / "keys")
        rooms = Rooms(settings, clock, work, blobs, staging, index, Complaints())
        ingest = IngestTools(
            work=work,
            blobs=blobs,
            staging=staging,
            index=index,
            clock=clock,
            children=children,
            seal=_nobody_seals_here,
            ocr=OcrOptions(),
            work_dir=data / "work",
            quarantine=data / "quarantine",
            organisation="Văn phòng Tỉnh ủy",
        )
        tools = Tools(
            work=work,
            blobs=blobs,
            clock=clock,
            index=index,
            data_dir=data,
            receive=partial(receive_stream, ingest),
            rescan=partial(deliver, ingest),
            receipt=partial(receipt_of, ingest),
            receive_paper=partial(receive_paper, ingest),
            take_paper=partial(take_paper, ingest),
            take_draft=partial(take_draft, ingest),
            look=look_tools(rooms, HERE),
            desk=desk_tools(rooms, HERE),
            cases=case_desk(rooms, HERE),
            signing_keys=lambda: KEYS,
            verify=lambda path, name: verify_pdf(path, (data / "keys" / "roots.pem",), name),
            access_copy=partial(access_copy, ingest),
            remove_held=partial(remove, ingest),
            limits=limits or Limits(),
            version="0.0-test",
            organisation="Lưu trữ lịch sử tỉnh Mẫu",
        )
        tools = replace(tools, **changes)
        return House(create_app(tools), tools, filled[1])

    yield make
    for index, tables in opened:
        index.close()  # type: ignore[attr-defined]
        tables.dispose()  # type: ignore[attr-defined]


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    """The house with its usual limits."""
    return make_house()


@pytest.fixture
def plain_pdf(tmp_path: Path) -> bytes:
    """A small PDF without signatures."""
    path = tmp_path / "plain.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.save(path)
    return path.read_bytes()


def _nobody_seals_here(source: Path, out: Path, document_id: str) -> object:
    raise AssertionError("the door never seals")
