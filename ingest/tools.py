"""What the steps of the walk are handed: stores, index, clock, children and settings, in one frozen value."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.children import Children
from ocr.options import OcrOptions
from records.clock import Clock
from search.index import SearchIndex
from storage.blobs import BlobStore
from storage.staging import Staging
from storage.work import Work

if TYPE_CHECKING:  # pyHanko takes half of the time that a search from the command line needs to start
    from signing.seal import Sealed


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """How much one delivery may ask for. Bytes and seconds of wall time."""

    file_bytes: int = 2 * 1024**3
    inspect_seconds: float = 120.0
    extract_seconds: float = 60.0
    """For a range of pages, plus `extract_page_seconds` a page."""
    extract_page_seconds: float = 20.0
    page_seconds: float = 20.0
    """For reading one page, plus `megapixel_seconds` a megapixel; then the child is killed and the page tried once more
    in a simpler way. A page of 9 megapixels usually takes under 2 s, so 56 s are a hang and not a slow machine.
    """
    megapixel_seconds: float = 4.0
    compose_seconds: float = 120.0
    """For composing a document, plus `compose_page_seconds` a page."""
    compose_page_seconds: float = 10.0
    seal_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class IngestTools:
    """The walk's tools.

    `seal` signs a composed PDF in a child that holds the key and returns what `signing.seal` proved of it.
    `staging` holds files on their way between two steps, where every machine finds them; `work_dir` holds them on this
    machine, `quarantine` bytes being received; both are disposable once
    the walk is through. `organisation` is the issuing archive's name for the PDF's metadata.
    """

    work: Work
    blobs: BlobStore
    staging: Staging
    index: SearchIndex
    clock: Clock
    children: Children
    seal: "Callable[[Path, Path, str], Sealed]"
    ocr: OcrOptions
    work_dir: Path
    quarantine: Path
    organisation: str
    limits: WalkLimits = WalkLimits()
