"""Rebuild batches of papers to be signed: from the manifest of one at its end, else from the notes of its papers.

What was signed is never offered to a key again: a paper of which the log tells more than the notes is named and left
out.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ingest.manifest import ManifestDamaged, kept_from_json
from ingest.rebuild_values import Rebuilding, as_fault, ask_log, measured
from records.errors import ArchiveFault, Away
from storage.blobs import Measured
from storage.catalogue import Row, RowUnfit, check_row
from storage.framed import unframed
from storage.signing_notes import (
    BATCH,
    END,
    FORMAT,
    HANDED_IN,
    PAPER,
    START,
    manifest_name,
    paper_note_key,
    read_end,
)
from storage.signing_values import BatchStage, PaperStage
from storage.work import Tx

_RECEIVED, _SIGNED, _REFUSED = "paper-received", "paper-signed", "paper-refused"
_PAPER = re.compile(r"papers/([^/]+?)(-ended)?\.json")
_MANIFEST = re.compile(r"manifest(?:-([1-9][0-9]{0,5}))?\.json")


def rebuild_signings(task: Rebuilding, batch_id: str) -> None:
    """Enter a batch of papers and everything its files tell, unless it is there; what is left out is named to `task`.

    Raises `Away`.
    """
    with task.work.reading() as tx:
        if any(tx.catalogue.rows("signing_batches", id=batch_id)):
            return
    names = {
        key.removeprefix(f"signings/{batch_id}/"): key for key in task.blobs.keys(f"signings/{batch_id}/")
    }
    numbers = sorted((int(m[1] or 1) for name in names if (m := _MANIFEST.fullmatch(name))), reverse=True)
    for number in numbers:
        key = names[manifest_name(number)]
        try:
            _enter_ended(task, batch_id, key, [names[manifest_name(n)] for n in numbers])
            return
        except Away:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, ArchiveFault) as fault:
            task.name(key, as_fault(fault))
    _enter_under_way(task, batch_id, names)


def _enter_ended(task: Rebuilding, batch_id: str, key: str, manifests: Sequence[str]) -> None:
    told, _ = _read(task, key, BATCH)
    batch, papers = check_row("signing_batches", told["batch"]), told["papers"]
    if batch["id"] != batch_id or any(check_row("signings", row)["batch_id"] != batch_id for row in papers):
        raise RowUnfit("rows of another batch")
    if BatchStage(batch["state"]) not in (BatchStage.FINISHED, BatchStage.CANCELLED):
        raise RowUnfit("a manifest of a batch that is not at its end")
    with task.work.begin() as tx:
        for row in papers:
            _ask(tx, row)
        tx.catalogue.add("signing_batches", [batch])
        tx.catalogue.add("signings", papers)
        for part in kept_from_json(told["objects"]):
            tx.objects.keep(part.key, part.sha256, part.size)
        for one in manifests:
            found = measured(task.blobs, one)
            tx.objects.keep(one, found.sha256, found.size)


def _ask(tx: Tx, row: Row) -> None:
    """Raise `LogSaysOtherwise` when the log tells otherwise of a paper than its row: also that it was signed at all."""
    PaperStage(row["state"])
    ask_log(
        tx,
        _RECEIVED,
        row["id"],
        batch=row["batch_id"],
        sha256=row["source_sha256"],
        size=row["source_size"],
    )
    ask_log(tx, _SIGNED, row["id"], before_sha256=row["source_sha256"], after_sha256=row["signed_sha256"])


def _enter_under_way(task: Rebuilding, batch_id: str, names: Mapping[str, str]) -> None:
    """Enter a batch that was not at its end, as its notes and the log tell."""
    begun = _begun(task, batch_id, names.get("started.json"))
    papers, objects, given = _papers(task, batch_id, names)
    if begun is not None:
        batch, kept = begun
        objects.append((names["started.json"], kept))
    elif given is not None:
        batch = {
            **given,
            "state": BatchStage.OPEN.value,
            "message": "",
            "started_at": None,
            "finished_at": None,
        }
    else:
        return  # a batch without papers: nobody was promised anything
    try:
        with task.work.begin() as tx:
            batch = _as_the_log_tells(tx, batch, papers)
            tx.catalogue.add("signing_batches", [batch])
            tx.catalogue.add("signings", papers)
            for key, found in objects:
                tx.objects.keep(key, found.sha256, found.size)
            for row in papers:
                tx.objects.keep(row["source_key"], row["source_sha256"], row["source_size"])
                if row["signed_key"]:
                    tx.objects.keep(row["signed_key"], row["signed_sha256"], row["signed_size"])
    except Away:
        raise
    except ArchiveFault as fault:
        task.name(f"signings/{batch_id}", fault)


def _begun(task: Rebuilding, batch_id: str, key: str | None) -> tuple[Row, Measured] | None:
    if key is None:
        return None
    try:
        told, kept = _read(task, key, START)
        row = check_row("signing_batches", told["batch"])
        if row["id"] != batch_id or row["state"] not in (BatchStage.RUNNING, BatchStage.DESK):
            raise RowUnfit("not the start of this batch")
    except Away:
        raise
    except (KeyError, TypeError, AttributeError, ArchiveFault) as fault:
        task.name(key, as_fault(fault))
        return None
    return row, kept


def _papers(
    task: Rebuilding, batch_id: str, names: Mapping[str, str]
) -> tuple[list[Row], list[tuple[str, Measured]], Row | None]:
    """Return the rows of the papers in their order, the notes they come from, and what the batch was opened as."""
    notes: dict[str, dict[str, str]] = {}
    for name, key in names.items():
        if (found := _PAPER.fullmatch(name)) is not None:
            notes.setdefault(found[1], {})[END if found[2] else PAPER] = key
    rows: list[Row] = []
    objects: list[tuple[str, Measured]] = []
    given: Row | None = None
    for paper_id, keys in notes.items():
        try:
            row, kept, opened = _paper(task, batch_id, paper_id, keys)
            with task.work.reading() as tx:
                _ask(tx, row)
        except Away:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, ArchiveFault) as fault:
            task.name(keys.get(END, paper_note_key(batch_id, paper_id)), as_fault(fault))
            continue
        rows.append(row)
        objects += kept
        given = given or opened
    return _apart(task, batch_id, rows), objects, given


def _paper(
    task: Rebuilding, batch_id: str, paper_id: str, keys: Mapping[str, str]
) -> tuple[Row, list[tuple[str, Measured]], Row | None]:
    kept: list[tuple[str, Measured]] = []
    row: Row | None = None
    opened: Row | None = None
    if PAPER in keys:
        told, found = _read(task, keys[PAPER], PAPER)
        row, opened = check_row("signings", told["paper"]), told["batch"]
        if (row["id"], row["batch_id"], row["state"]) != (paper_id, batch_id, PaperStage.WAITING):
            raise RowUnfit("a note of another paper")
        if opened["id"] != batch_id:
            raise RowUnfit("a note of another batch")
        kept.append((keys[PAPER], found))
    if END in keys:
        found = measured(task.blobs, keys[END])
        ended = read_end(task.blobs.read(keys[END], found.sha256), batch_id, paper_id)
        if row is not None and any(row[name] != ended[name] for name in ("source_sha256", "ordinal")):
            raise RowUnfit("its two notes are about two papers")
        row = ended
        kept.append((keys[END], found))
    if row is None:
        raise ManifestDamaged("no note")
    return row, kept, opened


def _apart(task: Rebuilding, batch_id: str, rows: Iterable[Row]) -> list[Row]:
    """Return the papers in their order without those whose place or key another one has already."""
    taken: set[object] = set()
    kept: list[Row] = []
    for row in sorted(rows, key=lambda row: (row["ordinal"], row["id"])):
        mine: set[object] = {row["ordinal"], row["idempotency_key"]}
        if mine & taken:
            told = RowUnfit(f"another paper is number {row['ordinal']} or has its key")
            task.name(paper_note_key(batch_id, row["id"]), told)
            continue
        taken |= mine
        kept.append(row)
    return kept


def _as_the_log_tells(tx: Tx, batch: Row, papers: list[Row]) -> Row:
    """Return the batch, begun or cancelled when the log says so; the papers of a cancelled one are signed no more."""
    events = {event["action"]: event for event in tx.catalogue.rows("audit", object=str(batch["id"]))}
    started, cancelled = events.get("signing-batch-started"), events.get("signing-batch-cancelled")
    if started is not None and batch["state"] == BatchStage.OPEN:
        stage = json.loads(started["details"]).get("state", BatchStage.RUNNING.value)
        batch = {**batch, "state": stage, "started_at": started["time"]}
    if cancelled is not None:
        batch = {**batch, "state": BatchStage.CANCELLED.value, "finished_at": cancelled["time"]}
        for row in papers:
            told = any(
                any(tx.catalogue.rows("audit", object=row["id"], action=action))
                for action in (_SIGNED, _REFUSED)
            )
            if (
                not told
            ):  # also one that was being signed just then: its row was cancelled before it was written
                row.update(HANDED_IN, state=PaperStage.CANCELLED.value, ended_at=cancelled["time"])
    return batch


def _read(task: Rebuilding, key: str, kind: str) -> tuple[dict[str, Any], Measured]:
    found = measured(task.blobs, key)
    return unframed(task.blobs.read(key, found.sha256), kind, FORMAT), found
