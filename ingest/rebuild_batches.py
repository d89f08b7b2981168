"""Rebuild one batch: from its newest whole manifest when it was finished, else from the notes of its files."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.deposit import READINGS
from ingest.manifest import ManifestDamaged, kept_from_json, readings_from_bytes, rendition_from_json
from ingest.rebuild_received import enter_received
from ingest.rebuild_values import Kept, Rebuilding, as_fault, ask_log, measured, read_kept
from ingest.sidecars import BATCH, RECEIVED
from records.document import BatchState, DocumentState, FileState, PageRole
from records.errors import ArchiveFault, Away
from storage.catalogue import Row, RowUnfit, check_row, reading_row

_MANIFEST = re.compile(r"manifest(?:-([1-9][0-9]{0,5}))?\.json")
_DOCUMENT_ARCHIVED = "document-archived"


@dataclass(frozen=True, slots=True)
class Batchbook:
    """A batch that was entered, and what it told of parts that were archived before."""

    batch_id: str
    existing: Sequence[Row]


def rebuild_batch(task: Rebuilding, batch_id: str) -> Batchbook:
    """Enter a batch and everything its own files tell, unless it is there; what is left out is named to `task`.

    Raises `Away`.
    """
    names = {key.removeprefix(f"batches/{batch_id}/"): key for key in task.blobs.keys(f"batches/{batch_id}/")}
    numbers = sorted((int(m[1] or 1), key) for name, key in names.items() if (m := _MANIFEST.fullmatch(name)))
    with task.work.reading() as tx:
        there = any(tx.catalogue.rows("batches", id=batch_id))
    notes = [key for name, key in names.items() if name.startswith("files/")]
    for _, key in reversed(numbers):
        try:
            kept = read_kept(task.blobs, key, BATCH)
            if not there:
                _enter_finished(task, batch_id, kept, [k for n, k in names.items() if _about_all(n)])
            return Batchbook(batch_id, [check_row("existing", row) for row in kept.told["existing"]])
        except Away:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, ArchiveFault) as fault:
            task.name(key, as_fault(fault))
    if not there:
        enter_received(task, batch_id, names.get("started.json"), notes)
    return Batchbook(batch_id, [])


def _about_all(name: str) -> bool:
    return _MANIFEST.fullmatch(name) is not None or name.startswith("readings-")


def _enter_finished(task: Rebuilding, batch_id: str, kept: Kept, about: Sequence[str]) -> None:
    told = kept.told
    _must_be_of(batch_id, told)
    with task.work.begin() as tx:
        for file in told["files"]:
            ask_log(tx, RECEIVED, file["id"], batch=batch_id, sha256=file["sha256"], size=file["size"])
        pdfs = {(r["document_id"], r["version"]): r for r in told["renditions"] if r["name"] == "access.pdf"}
        for (document_id, version), pdf in pdfs.items():
            ask_log(tx, _DOCUMENT_ARCHIVED, document_id, version=version, sha256=pdf["sha256"])
        for table in ("batches", "files", "documents", "pages", "renditions"):
            tx.catalogue.add(table, [told["batch"]] if table == "batches" else told[table])
        tx.catalogue.add("page_checks", told.get("page_checks", []))  # manifests from before have none
        for part in kept_from_json(told["objects"]):
            tx.objects.keep(part.key, part.sha256, part.size)
        for key in about:
            found = kept.measured if key == kept.key else measured(task.blobs, key)
            tx.objects.keep(key, found.sha256, found.size)
        for rows in _texts(task, told):
            tx.catalogue.add("page_texts", rows)


def _must_be_of(batch_id: str, told: dict[str, Any]) -> None:
    """Raise `RowUnfit` or ValueError unless every row is of this batch and in a state this program knows."""
    batch = check_row("batches", told["batch"])
    files = {check_row("files", row)["id"] for row in told["files"]}
    documents = {check_row("documents", row)["id"] for row in told["documents"]}
    for row in told["renditions"]:
        rendition_from_json(check_row("renditions", row))
    parts = [*told["files"], *told["documents"], *(check_row("pages", row) for row in told["pages"])]
    if batch["id"] != batch_id or any(row["batch_id"] != batch_id for row in parts):
        raise RowUnfit("rows of another batch")
    if any(p["file_id"] not in files or p["document_id"] not in {None, *documents} for p in told["pages"]):
        raise RowUnfit("a page of another batch")
    page_ids = {p["id"] for p in told["pages"]}
    if any(check_row("page_checks", r)["page_id"] not in page_ids for r in told.get("page_checks", [])):
        raise RowUnfit("a finding on a page of another batch")
    if any(r["document_id"] not in documents for r in told["renditions"]):
        raise RowUnfit("a rendition of another batch")
    BatchState(batch["state"])
    for state, rows in ((FileState, told["files"]), (DocumentState, told["documents"])):
        for row in rows:
            state(row["state"])
    for row in told["pages"]:
        PageRole(row["role"])


def _texts(task: Rebuilding, told: dict[str, Any]) -> Iterator[list[Row]]:
    """Return the rows of readings, document by document; a document whose readings are damaged is named."""
    pages: dict[str, list[Row]] = {}
    for row in told["pages"]:
        if row["document_id"] is not None and row["state"]:
            pages.setdefault(row["document_id"], []).append(row)
    for document in told["documents"]:
        kept = [
            r
            for r in told["renditions"]
            if (r["document_id"], r["version"], r["name"]) == (document["id"], document["version"], READINGS)
        ]
        if kept:
            ids = [row["id"] for row in sorted(pages.get(document["id"], []), key=lambda row: row["number"])]
            yield _readings(task, kept[0]["key"], kept[0]["sha256"], ids)
    loose = told["readings"]
    if loose is not None:
        yield _readings(task, loose["key"], loose["sha256"], loose["pages"])


def _readings(task: Rebuilding, key: str, sha256: str, page_ids: Sequence[str]) -> list[Row]:
    try:
        readings = readings_from_bytes(task.blobs.read(key, sha256))
        if len(readings) != len(page_ids):
            raise ManifestDamaged(f"{len(readings)} readings for {len(page_ids)} pages")
    except Away:
        raise
    except ArchiveFault as fault:
        task.name(key, fault)
        return []
    return [
        reading_row(page_id, text.text, data)
        for page_id, (data, text) in zip(page_ids, readings, strict=True)
    ]
