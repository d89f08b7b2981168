"""Hand a delivery in: count its files, find the batch that is exactly this delivery, bring in what is missing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress as Bar

from boot.house import House
from boot.inputs import Input
from boot.speak import say
from ingest.documents import AGAIN
from ingest.handover_report import give_list
from ingest.names import clean_name
from ingest.receive import receive_path
from ingest.tools import IngestTools
from records.access import LOCAL, SYSTEM
from records.document import BatchState, FileState
from records.errors import Conflict, Unfit
from storage.batches import Batch, NewBatch
from storage.work import Tx

FAULT = "internal-fault"


@dataclass(frozen=True, slots=True)
class Left:
    """An input that never became a file of the batch, and why."""

    source: str
    code: str
    tell: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The files of a delivery with their SHA-256, and what could not be read or is too large."""

    files: list[tuple[Input, str]]
    left: list[Left]


def count(inputs: list[Input], most_bytes: int, bar: Bar) -> Counted:
    """Read every input once; one that cannot be read does not keep the others out."""
    counted = Counted([], [])
    task = bar.add_task("Đọc tệp", total=len(inputs), rate="")
    for item in inputs:
        try:
            if item.path.stat().st_size > most_bytes:
                counted.left.append(_too_large(item, most_bytes))
            else:
                counted.files.append((item, _sha256(item.path)))
        except OSError as fault:
            tell = (
                f"{item.relative}: không đọc được tệp ({fault.strerror}). Kiểm tra quyền đọc hoặc ổ đĩa rồi chạy lại; "
                "các tệp khác vẫn được xử lý."
            )
            counted.left.append(Left(item.relative, "file-unreadable", tell))
        bar.advance(task)
    return counted


def hand_in(
    house: House,
    tools: IngestTools,
    counted: Counted,
    title: str,
    dossier: str,
    options: Mapping[str, str],
    bar: Bar,
    listed: Path | None = None,
) -> Batch:
    """Return the batch of exactly these files, started: the one that is there already or a new one.

    A delivery that did not get through for reasons of ours is opened anew; what is archived of it stays. Adds to
    `counted.left` what changed while it was being handed in. `listed`: its hand-over list, which was read before.
    """
    batch = _open(house, counted, title, dossier, options)
    if listed is not None:  # before the walk begins: its levels of secrecy hold documents
        with house.work.begin() as tx:
            give_list(tx, LOCAL, batch.id, clean_name(listed.name), listed.read_bytes())
    if batch.state is not BatchState.RECEIVING:
        return batch
    task = bar.add_task("Nhận tệp", total=len(counted.files), rate="")
    changed = False
    for item, sha256 in counted.files:
        try:
            receive_path(tools, batch.id, item.path, item.relative, LOCAL, sha256)
        except Unfit as fault:
            say(f"✗ {fault.tell}")
            if fault.code in ("digest-mismatch", "file-too-large", "file-unreadable"):
                changed = True
                counted.left.append(Left(item.relative, fault.code, fault.tell))
        except Conflict as fault:
            if fault.code not in ("batch-started", "batch-closed"):
                raise
            break  # another process hands in the same delivery and was faster
        bar.advance(task)
    with house.work.begin() as tx:
        if changed:
            tx.batches.forget_fingerprint(batch.id)  # it is not the delivery that was counted
        if tx.batches.get(SYSTEM, batch.id).state is BatchState.RECEIVING:
            tx.audit.append(LOCAL.id, "batch-started", batch.id, "done", {})
        return tx.batches.start(batch.id)


def _open(house: House, counted: Counted, title: str, dossier: str, options: Mapping[str, str]) -> Batch:
    told = json.dumps([dossier, sorted((i.relative, h) for i, h in counted.files)], ensure_ascii=False)
    fingerprint = None if options.get(AGAIN) else hashlib.sha256(told.encode()).hexdigest()
    with house.work.begin() as tx:
        known = tx.batches.by_fingerprint(fingerprint) if fingerprint else None
        if known is not None and _fell(tx, known):
            tx.batches.forget_fingerprint(known.id)
            known = None
        if known is not None:
            return known
        batch = tx.batches.add(NewBatch(title, dossier, LOCAL.id, fingerprint, options))
        tx.audit.append(LOCAL.id, "batch-created", batch.id, "done", {"files": len(counted.files)})
        return batch


def _fell(tx: Tx, batch: Batch) -> bool:
    """Return whether a finished batch left something undone through a fault of ours."""
    if batch.state is not BatchState.FINISHED:
        return False
    files = tx.batches.files(SYSTEM, batch.id)
    return (
        bool(batch.message)
        or any(f.code == FAULT or (f.state is FileState.RECEIVED) for f in files)
        or any(d.code == FAULT for d in tx.documents.of_batch(batch.id))
    )


def _too_large(item: Input, most: int) -> Left:
    tell = f"{item.relative}: tệp lớn hơn giới hạn {most // 1024**2} MB. Hãy tách tệp rồi chạy lại."
    return Left(item.relative, "file-too-large", tell)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
