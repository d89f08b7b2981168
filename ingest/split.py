"""Take the page images out of a delivered file and write each down: every page gets a row, whatever it turns out to be.

Step 3 of the walk. Runs the reader in a limited child, a range of pages at a time, so that a file of ten thousand
pages needs no more memory or disk than one of fifty.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from ingest.children import ChildDied, ChildStuck
from ingest.inspect import look
from ingest.keys import derived_id, page_key
from ingest.page_findings import findings
from ingest.secrecy import mark_of
from ingest.tools import IngestTools
from ocr.extract import PageImage, extract_pages, is_separator
from ocr.inspect_file import FileFacts
from records.access import SYSTEM
from records.document import FileState, PageRole
from records.errors import Unfit
from records.outcome import Done, Later, Outcome, Refused
from records.page_checks import Finding, PageCheck, scan_rules
from storage.batch_values import ISSUER
from storage.batches import DeliveredFile
from storage.blobs import Conflict, Stored, Unavailable
from storage.crashpoint import crashpoint
from storage.pages import NewPage

_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class SplitFile:
    """What a delivered file gave."""

    file_id: str
    pages: int


def split_file(tools: IngestTools, file: DeliveredFile, ordinal: int) -> Outcome[SplitFile]:
    """Write the page images and page rows of `file`, whose pages count from `ordinal` in the batch.

    Safe to repeat: ids and keys follow from the bytes. Refused: the file cannot be read after all.
    Later: the store is away. Nothing of a refused file becomes a page.
    """
    folder = Path(
        mkdtemp(prefix=f"split-{file.id}-", dir=tools.work_dir)
    )  # two may split the same file at once
    try:
        local = folder / f"source{Path(file.blob_key).suffix}"
        tools.blobs.copy_out(file.blob_key, local, file.sha256)
        looked = look(tools, local, file.name)
        if not isinstance(looked, Done):
            return looked
        return _split(tools, file, looked.value.facts, local, ordinal)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _split(
    tools: IngestTools, file: DeliveredFile, facts: FileFacts, local: Path, ordinal: int
) -> Outcome[SplitFile]:
    rows: list[NewPage] = []
    found: dict[str, list[PageCheck]] = {}
    kept: list[Stored] = []
    marks: dict[str, str] = {}
    with tools.work.reading() as tx:
        issued = tx.batches.get(SYSTEM, file.batch_id).created_by == ISSUER
    for first in range(1, facts.pages + 1, _AT_ONCE):
        frames = range(first, min(first + _AT_ONCE, facts.pages + 1))
        out = local.parent / f"from-{first}"
        out.mkdir(exist_ok=True)
        seconds = tools.limits.extract_seconds + tools.limits.extract_page_seconds * len(frames)
        try:
            images = tools.children.run(
                "parse", seconds, extract_pages, local, facts, out, frames, name=file.name, stamps=tools.ocr
            )
        except Unfit as fault:
            return Refused(fault.code, str(fault), fault.tell)
        except (ChildStuck, ChildDied) as fault:
            return Refused(
                "file-hostile",
                str(fault),
                f"{file.name}: trang {frames.start}–{frames.stop - 1} làm chương trình đọc vượt giới hạn nên tệp "
                "không được nhận. Hãy quét hoặc xuất lại tệp này.",
            )
        for image in images:
            stored = _keep(tools, file, image)
            if not isinstance(stored, Done):
                return stored
            kept.append(stored.value)
            # every page of an issued paper is one: a code on it leads to its check and parts no pile of scans
            code = None if issued else is_separator(image)
            rows.append(_row(file, image, stored.value.key, ordinal + image.frame - 1, code))
            if not issued:
                found[rows[-1].id] = _findings(image, facts)
            mark = "" if issued else mark_of(reading for stamp in image.stamps for reading in stamp.readings)
            if mark:
                marks[rows[-1].id] = mark
        shutil.rmtree(out, ignore_errors=True)
    crashpoint("split-before-commit")
    with tools.work.begin() as tx:
        for image_kept in sorted(kept, key=lambda one: one.key):  # the same image may be in two files at once
            tx.objects.keep(image_kept.key, image_kept.sha256, image_kept.size)
        tx.pages.add_many(rows)
        tx.page_checks.add(found)
        tx.secrecy.mark(marks)
        tx.batches.set_file(file.id, FileState.ACCEPTED, "", "", "", len(rows))
    crashpoint("split-after-commit")
    return Done(SplitFile(file.id, len(rows)))


def _findings(image: PageImage, facts: FileFacts) -> list[PageCheck]:
    """Return what is to be said of a page. A PDF with signatures or text is one paper, whatever its pages look like."""
    whole = facts.signatures or facts.text_pages
    return [*findings(image, scan_rules()), *([PageCheck(Finding.WHOLE_FILE, 1.0)] if whole else [])]


def _keep(tools: IngestTools, file: DeliveredFile, image: PageImage) -> Outcome[Stored]:
    """Return where the page image rests; a page that *is* the delivered file is not stored twice."""
    if image.sha256 == file.sha256:
        return Done(Stored(file.blob_key, file.sha256, file.size))
    key = page_key(image.sha256, image.media_type)
    match tools.blobs.put_once(key, image.path, image.sha256):
        case Stored() as stored:
            return Done(stored)
        case Unavailable(reason):
            return Later(reason, tools.clock.now())
        case Conflict(found):
            return Refused(
                "blob-conflict",
                f"{key} holds {found}",
                "Kho lưu trữ có tệp hỏng ở vị trí của trang này. Hãy báo quản trị viên; tệp gốc vẫn được giữ.",
            )


def _row(file: DeliveredFile, image: PageImage, key: str, ordinal: int, code: str | None) -> NewPage:
    return NewPage(
        id=derived_id(file.id, str(image.frame)),
        batch_id=file.batch_id,
        file_id=file.id,
        frame=image.frame,
        ordinal=ordinal,
        role=PageRole.CONTENT if code is None else PageRole.SEPARATOR,
        code=code or "",
        image_key=key,
        image_sha256=image.sha256,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        dpi=image.dpi,
        exact=image.exact,
        hint_rotation=image.hint_rotation,
        document_id=None,
        number=None,
    )
