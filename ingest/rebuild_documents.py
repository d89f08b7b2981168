"""Rebuild a single document from its own manifest: of a batch that was not finished, a later version, a correction."""

import re
from collections.abc import Sequence

from ingest.adopt import Found, whole_version
from ingest.deposit import ATTEMPTS, MANIFEST
from ingest.keys import document_key
from ingest.manifest import ManifestDamaged, unframed
from ingest.rebuild_values import Rebuilding, ask_log
from ingest.register import archive_of
from ingest.sidecars import RECORD
from records.access import Level
from records.document import DocumentState
from records.errors import ArchiveFault, Away
from storage.blobs import BlobMissing
from storage.catalogue import Row, RowUnfit, check_row, moment_from_json, reading_row
from storage.documents import ACCESS_PDF
from storage.work import Tx

_VERSION = re.compile(r"v([1-9][0-9]{0,5})(?:-[1-9][0-9]{0,2})?")
_RECORD = re.compile(r"record-([1-9][0-9]{0,8})\.json")


def rebuild_document(task: Rebuilding, document_id: str, keys: Sequence[str]) -> None:
    """Enter what `keys`, all that lies in the store of one document, tell beyond what is entered already.

    What is left out is named to `task`. Raises `Away`.
    """
    with task.work.reading() as tx:
        row = _row(tx, document_id)
    versions: set[int] = set()
    records: list[tuple[int, str]] = []
    for key in keys:
        _, _, folder, name = key.split("/", 3)
        version = _VERSION.fullmatch(folder)
        if version and name == MANIFEST:
            versions.add(int(version[1]))
        if version and (record := _RECORD.fullmatch(name)):
            records.append((int(record[1]), key))
    known = 0 if row is None else int(row["version"])
    for number in sorted(v for v in versions if v > known):
        _enter(task, document_id, number)
    for _, key in sorted(records):
        _correct(task, document_id, key)


def _enter(task: Rebuilding, document_id: str, version: int) -> None:
    """Enter one version: of the attempts that lie in the store, the one the log knows, else the first whole one."""
    trouble: ArchiveFault = BlobMissing(document_key(document_id, version, MANIFEST))
    for attempt in range(1, ATTEMPTS + 1):
        key = document_key(document_id, version, MANIFEST, attempt)
        if task.blobs.size(document_key(document_id, version, ACCESS_PDF, attempt)) is None:
            break
        found = whole_version(task.blobs, key)
        if found is None:
            trouble = ManifestDamaged(f"{key} or what it lists is damaged or lost")
            continue
        try:
            _admit(task, document_id, version, found)
            return
        except Away:
            raise
        except ArchiveFault as fault:
            trouble = fault
    task.name(document_key(document_id, version, MANIFEST), trouble)


def _admit(task: Rebuilding, document_id: str, version: int, found: Found) -> None:
    made = found.manifest
    if (made.document_id, made.version) != (document_id, version):
        raise RowUnfit("a manifest of another document")
    pdf = next(r for r in found.renditions if r.name == ACCESS_PDF)
    with task.work.begin() as tx:
        seen = ask_log(
            tx,
            "document-archived",
            document_id,
            version=version,
            sha256=pdf.sha256,
            manifest_sha256=found.itself.sha256,
        )
        if not any(tx.catalogue.rows("batches", id=made.document["batch_id"])):
            raise RowUnfit(f"its batch {made.document['batch_id']} is not there")
        row = _row(tx, document_id)
        if row is None:
            _must_belong(tx, made.document, made.pages)
            tx.catalogue.add("documents", [made.document])
        elif row["fingerprint"] != made.document["fingerprint"]:
            raise RowUnfit("another document has this id")
        _enter_pages(tx, found)
        for part in made.objects:
            tx.objects.keep(part.key, part.sha256, part.size)
        for rendition in found.renditions:
            tx.objects.keep(rendition.key, rendition.sha256, rendition.size)
        # the lost end of a log would have told when; the moment of the seal is the last one that is proven
        archived_at = made.seal.signed_at if seen is None else moment_from_json(seen)
        tx.documents.archive(
            document_id,
            archive_of(
                version,
                made.fields,
                found.renditions,
                made.seal.level,
                made.seal.signed_at,
                Level(made.document["level"]),
                made.claims,
                archived_at,
            ),
        )


def _must_belong(tx: Tx, document: Row, pages: Sequence[Row]) -> None:
    """Raise `RowUnfit` unless the document is new and its pages come out of files of its batch."""
    files = {row["id"] for row in tx.catalogue.rows("files", batch_id=document["batch_id"])}
    DocumentState(document["state"])
    for page in pages:
        if page["file_id"] not in files or page["batch_id"] != document["batch_id"]:
            raise RowUnfit(f"page {page['id']} is of file {page['file_id']}, which its batch does not have")
        if page["document_id"] != document["id"]:
            raise RowUnfit(f"page {page['id']} is of another document")


def _enter_pages(tx: Tx, found: Found) -> None:
    """Enter the pages with their readings, over what a batch's manifest may have said of them before."""
    for page, (data, text) in zip(found.manifest.pages, found.readings, strict=True):
        old = next(tx.catalogue.rows("pages", id=page["id"]), None)
        text_row = reading_row(page["id"], text.text, data)
        if old is None:
            tx.catalogue.add("pages", [page])
        elif old["image_sha256"] != page["image_sha256"] or old["document_id"] not in (
            None,
            page["document_id"],
        ):
            raise RowUnfit(f"page {page['id']} is another one")
        else:
            tx.catalogue.replace("pages", page)
        if any(tx.catalogue.rows("page_texts", page_id=page["id"])):
            tx.catalogue.replace("page_texts", text_row)
        else:
            tx.catalogue.add("page_texts", [text_row])


def _correct(task: Rebuilding, document_id: str, key: str) -> None:
    """Put a correction in the place of an older row of the same version; every record is entered as an object."""
    try:
        measured = task.blobs.measure(key)
        if measured is None:
            raise BlobMissing(key)
        told = unframed(task.blobs.read(key, measured.sha256), RECORD)
        record = check_row("documents", told["document"])
        with task.work.begin() as tx:
            row = _row(tx, document_id)
            if row is None or record["id"] != document_id:
                raise RowUnfit("a correction of a document that is not there")
            tx.objects.keep(key, measured.sha256, measured.size)
            same = all(record[name] == row[name] for name in ("version", "batch_id", "fingerprint"))
            DocumentState(record["state"])
            if record["row_version"] > row["row_version"] and same:
                tx.catalogue.replace("documents", record)
    except Away:
        raise
    except (KeyError, ValueError, TypeError) as fault:
        task.name(key, ManifestDamaged(f"{type(fault).__name__}: {fault}"))
    except ArchiveFault as fault:
        task.name(key, fault)


def _row(tx: Tx, document_id: str) -> Row | None:
    return next(tx.catalogue.rows("documents", id=document_id), None)
