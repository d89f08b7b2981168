"""A small archive that grows by the real steps of the walk; only reading and sealing are made up, for speed.

Works on any database and any store, so the cases of receiving, rebuild and restore run on both profiles.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from ingest.compose import Composed
from ingest.deposit import deposit
from ingest.documents import open_document, propose_documents, refuse_document
from ingest.receive import Receipt, receive_stream
from ingest.register import register
from ingest.sidecars import keep_batch_manifest, keep_batch_start
from ingest.split import split_file
from ingest.tools import IngestTools
from jobs.children import ChildPools
from ocr.options import OcrOptions
from records.access import LOCAL, SYSTEM
from records.clock import Clock, SystemClock
from records.document import DocumentState, Fields, FieldValue, FileState
from records.geometry import Box
from records.outcome import Done, Refused
from records.page import PageText, Word, dump_page
from search.index import open_index
from signing.seal import Sealed
from storage.batches import NewBatch
from storage.blobs import BlobStore
from storage.staging import FolderStaging
from storage.tables import Tables
from storage.work import Work


def scan(text: str, kind: str = "JPEG", pages: int = 1) -> bytes:
    """Return a small scan that differs with `text`: an image, or several in one TIFF."""
    images = []
    for number in range(pages):
        image = Image.new("RGB", (320, 440), "white")
        ImageDraw.Draw(image).text((20, 30 + 20 * number), f"{text} {number}", fill="black")
        images.append(image)
    out = io.BytesIO()
    more: dict[str, Any] = {"save_all": True, "append_images": images[1:]} if pages > 1 else {}
    images[0].save(out, kind, dpi=(150, 150), **more)
    return out.getvalue()


@dataclass(frozen=True)
class World:
    """The archive under test."""

    tools: IngestTools

    @property
    def work(self) -> Work:
        return self.tools.work

    @property
    def blobs(self) -> BlobStore:
        return self.tools.blobs

    def open(self, title: str = "Lô thử", dossier: str = "HS-01", **options: str) -> str:
        with self.work.begin() as tx:
            batch = tx.batches.add(NewBatch(title, dossier, LOCAL.id, None, options))
            tx.audit.append(LOCAL.id, "batch-created", batch.id, "done", {})
        return batch.id

    def hand_in(self, batch_id: str, name: str, data: bytes, key: str | None = None, **more: Any) -> Receipt:
        return receive_stream(
            self.tools, batch_id, name, name, iter([data]), key or f"path:{name}", LOCAL, **more
        )

    def start(self, batch_id: str) -> None:
        with self.work.begin() as tx:
            tx.batches.start(batch_id)
            tx.audit.append(LOCAL.id, "batch-started", batch_id, "done", {})

    def begin_walk(self, batch_id: str) -> list[str]:
        """Do what comes before reading; return the documents that need it."""
        kept = keep_batch_start(self.tools, batch_id)
        assert isinstance(kept, Done), kept
        with self.work.reading() as tx:
            files = tx.batches.files(SYSTEM, batch_id)
        ordinal = 1
        for file in files:
            if file.state is FileState.RECEIVED:
                split = split_file(self.tools, file, ordinal)
                assert isinstance(split, Done), split
            ordinal += max(file.pages, 1)
        return propose_documents(self.tools, batch_id)

    def archive(self, document_id: str, number: str = "12-QĐ/TU") -> None:
        """Read, seal, deposit and register one document; what is made up follows from its id."""
        composed, sealed, fields = self.make(document_id, number)
        with self.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
            pages, texts = tx.pages.of_document(SYSTEM, document_id), tx.pages.readings(document_id)
        done = deposit(self.tools, document, fields, pages, texts, composed, sealed)
        assert isinstance(done, Done), done
        registered = register(self.tools, document, fields, composed, sealed, done.value)
        assert isinstance(registered, Done)

    def make(self, document_id: str, number: str = "12-QĐ/TU") -> tuple[Composed, Sealed, Fields]:
        """Read the pages of a document and put a sealed file of it into the work folder."""
        self.read(document_id)
        folder = self.tools.work_dir / document_id
        folder.mkdir(parents=True, exist_ok=True)
        pdf = b"%PDF-1.7 " + document_id.encode() + number.encode() + b" %%EOF\n"
        (folder / "sealed.pdf").write_bytes(pdf)
        sha256 = hashlib.sha256(pdf).hexdigest()
        composed = Composed(folder / "composed.pdf", sha256, 0.99871, 0.97)
        at = self.tools.clock.now()
        sealed = Sealed(sha256, len(pdf), "PAdES-BASELINE-LTA", "Seal", at, "c" * 64)
        evidence = {"number": FieldValue(number, 0.9, 1, (Box(1, 2, 30, 40),))}
        fields = Fields(number=number, subject="Về việc thử “dựng lại”", recipients=("Như trên",))
        return composed, sealed, replace(fields, evidence=evidence)

    def read(self, document_id: str) -> None:
        """Keep a made-up reading of every page that has none."""
        open_document(self.tools, document_id)
        with self.work.reading() as tx:
            pages = tx.pages.of_document(SYSTEM, document_id)
        for page in pages:
            if page.state:
                continue
            text = reading(page.number or 1, page.width, page.height)
            data = dump_page(text)
            with self.work.begin() as tx:
                tx.pages.set_reading(
                    page.id,
                    state="read",
                    reading_key="",
                    reading_sha256=hashlib.sha256(data).hexdigest(),
                    text=text.text,
                    reading=data,
                    confidence=text.confidence,
                    rotation=text.rotation,
                    words=len(text.words),
                )

    def refuse(self, document_id: str) -> None:
        refuse_document(self.tools, document_id, Refused("pdfa-refused", "for the test", "Trang 1 hỏng."))

    def finish(self, batch_id: str) -> None:
        with self.work.begin() as tx:
            tx.batches.finish(batch_id)
            tx.audit.append(SYSTEM.id, "batch-finished", batch_id, "done", {})
        kept = keep_batch_manifest(self.tools, batch_id)
        assert isinstance(kept, Done), kept

    def deliver(self, files: dict[str, bytes], dossier: str = "HS-01", **options: str) -> str:
        """Hand a whole delivery in and start it."""
        batch_id = self.open(dossier=dossier, **options)
        for name, data in files.items():
            self.hand_in(batch_id, name, data)
        self.start(batch_id)
        return batch_id

    def digitize(
        self, files: dict[str, bytes], dossier: str = "HS-01", refuse: Sequence[int] = (), **options: str
    ) -> str:
        """Take a delivery through to its end; the documents at places `refuse` (from 0) are refused after reading."""
        batch_id = self.deliver(files, dossier, **options)
        for place, document_id in enumerate(self.begin_walk(batch_id)):
            if place in refuse:
                self.read(document_id)
                self.refuse(document_id)
            else:
                self.archive(document_id, f"{place + 1}-QĐ/TU")
        self.finish(batch_id)
        return batch_id

    def archived(self) -> dict[str, str]:
        """Return every archived document with the hash of its PDF."""
        with self.work.reading() as tx:
            rows = [d for b in tx.catalogue.rows("batches") for d in tx.documents.of_batch(b["id"])]
        return {d.id: d.pdf.sha256 for d in rows if d.state is DocumentState.ARCHIVED and d.pdf}


def reading(number: int, width: int, height: int) -> PageText:
    """Return a reading whose confidence does not survive rounding: the awkward one of the two kinds."""
    words = tuple(
        Word(f"chữ{n}", Box(10 * n, 10, 10 * n + 8, 20), 0.11115 + n * 0.10005, n // 3) for n in range(5)
    )
    return PageText(number, width, height, 150.0, 0, 0.1234567, "made 1", words)


def world(
    folder: Path, tables: Tables, blobs: BlobStore, children: ChildPools, clock: Clock | None = None
) -> World:
    """Return an archive over these stores with its work folders below `folder`."""
    clock = clock or SystemClock()
    for name in ("work", "quarantine"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return World(
        IngestTools(
            work=Work(tables, clock),
            blobs=blobs,
            staging=FolderStaging(folder / "staged"),
            index=open_index(f"tantivy://{folder / 'index'}"),
            clock=clock,
            children=children,
            seal=_nobody_seals_here,
            ocr=OcrOptions(),
            work_dir=folder / "work",
            quarantine=folder / "quarantine",
            organisation="Văn phòng Tỉnh ủy",
        )
    )


def _nobody_seals_here(source: Path, out: Path, document_id: str) -> Sealed:
    raise AssertionError("sealing is made up here")
