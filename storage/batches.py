"""Deliveries: a batch, the files handed in with it, and how far the walk has come."""

from typing import Any

from sqlalchemy import ColumnElement, RowMapping, case, func, insert, select, true, update

from records.access import SYSTEM, Action, Actor, Thing, authorize
from records.clock import new_id
from records.document import BatchState, DocumentState, FileState, PageRole
from records.errors import Conflict, Missing
from storage.batch_values import ISSUER, Batch, DeliveredFile, Existing, NewBatch, NewFile, Progress
from storage.ground import Ground
from storage.pages import UNREAD
from storage.schema import batches, documents, existing, files, pages, storable

_ON_THE_WAY = (DocumentState.PROPOSED, DocumentState.READING, DocumentState.COMPOSED, DocumentState.SEALED)

__all__ = ["Batch", "Batches", "DeliveredFile", "Existing", "NewBatch", "NewFile", "Progress"]


_ASIDE = (PageRole.BLANK, PageRole.DUPLICATE, PageRole.OUT, PageRole.REPLACED)
"""What pages are that are in no document and no separator either."""


class Batches:
    """The deliveries. Methods with a `reader` authorize `Action.DIGITIZE` (`NotAllowed`); the others are the
    walk's own.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, new: NewBatch) -> Batch:
        """Open a delivery. Raises `Conflict` (`batch-exists`) when a batch has this fingerprint: ask
        `by_fingerprint`.
        """
        if new.fingerprint is not None and (known := self.by_fingerprint(new.fingerprint)):
            raise Conflict(
                f"batch {known.id} has this fingerprint",
                code="batch-exists",
                tell="Lô này đã được giao trước đó. Mở lô cũ để xem kết quả.",
            )
        batch_id = new_id()
        self._ground.connection.execute(
            insert(batches).values(
                id=batch_id,
                title=new.title,
                dossier=new.dossier,
                created_by=new.created_by,
                fingerprint=new.fingerprint,
                options=dict(new.options),
                state=BatchState.RECEIVING,
                created_at=self._ground.clock.now(),
            )
        )
        return self._one(batch_id)

    def get(self, reader: Actor, batch_id: str) -> Batch:
        """Return the batch; a writer has it to itself until its end. Raises `Missing`, `NotAllowed`."""
        _may_watch(reader)
        self._ground.hold(batches.c.id == batch_id)
        return self._watched(reader, batch_id)

    def by_fingerprint(self, fingerprint: str) -> Batch | None:
        """Return the batch with this content and place, or None; a writer has the fingerprint to itself then."""
        self._ground.hold_name("batch", storable(fingerprint))
        return self._find(batches.c.fingerprint == fingerprint)

    def start(self, batch_id: str) -> Batch:
        """Close the delivery to new files and let the walk begin; repeating it changes nothing. Raises
        `Missing`.
        """
        self._ground.connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state == BatchState.RECEIVING)
            .values(state=BatchState.STARTED, started_at=self._ground.clock.now())
        )
        return self._one(batch_id)

    def arrange(self, batch_id: str) -> Batch:
        """Let a started delivery wait for people to put its pages in order; repeating changes nothing. Raises
        `Missing`.
        """
        self._ground.connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state == BatchState.STARTED)
            .values(state=BatchState.ARRANGING)
        )
        return self._one(batch_id)

    def arranged(self, batch_id: str) -> Batch:
        """Let the walk go on behind the arranging: its time counts from now. Raises `Missing`."""
        self._ground.connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state == BatchState.ARRANGING)
            .values(state=BatchState.STARTED, started_at=self._ground.clock.now())
        )
        return self._one(batch_id)

    def walk_again(self, batch_id: str) -> Batch:
        """Take a finished batch up again, its last word forgotten; an unfinished one stays as it is. Raises
        `Missing`.
        """
        self._ground.connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state == BatchState.FINISHED)
            .values(state=BatchState.STARTED, message="", finished_at=None)
        )
        return self._one(batch_id)

    def finish(self, batch_id: str, message: str = "") -> Batch:
        """Note that the walk is over; repeating it keeps the first end. Raises `Missing`."""
        self._ground.connection.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state != BatchState.FINISHED)
            .values(state=BatchState.FINISHED, message=message, finished_at=self._ground.clock.now())
        )
        return self._one(batch_id)

    def unfinished(self) -> list[Batch]:
        """Return the batches that were started and not finished, oldest first (for the patrol)."""
        rows = self._ground.connection.execute(
            select(batches)
            .where(batches.c.state == BatchState.STARTED)
            .order_by(batches.c.created_at, batches.c.id)
        ).mappings()
        return [_batch(row) for row in rows]

    def add_file(
        self, batch_id: str, new: NewFile, open_in: BatchState = BatchState.RECEIVING
    ) -> DeliveredFile:
        """Note a file handed in; the same idempotency key with the same bytes returns the row already there.

        Raises `Missing`, `Conflict` (`idempotency-conflict`: same key, other bytes; `batch-closed`: not in the state
        `open_in`).
        """
        known = self.file_by_key(batch_id, new.idempotency_key)
        batch = self._one(batch_id)
        if known is not None:
            if known.sha256 != new.sha256:
                raise Conflict(
                    f"key {new.idempotency_key[:80]!r} of batch {batch_id} came with other bytes",
                    code="idempotency-conflict",
                    tell=f"Tệp {new.name} được gửi lại với nội dung khác. Bản nhận trước vẫn được giữ; "
                    "hãy gửi bản mới như một tệp riêng.",
                )
            return known
        if batch.state is not open_in:
            raise Conflict(
                f"batch {batch_id} is {batch.state}",
                code="batch-closed",
                tell="Lô này đã bắt đầu xử lý nên không nhận thêm tệp. Hãy tạo lô mới.",
            )
        last = select(func.coalesce(func.max(files.c.ordinal), 0)).where(files.c.batch_id == batch_id)
        file_id = new_id()
        self._ground.connection.execute(
            insert(files).values(
                id=file_id,
                batch_id=batch_id,
                ordinal=self._ground.connection.execute(last).scalar_one() + 1,
                idempotency_key=new.idempotency_key,
                name=new.name,
                relative_path=new.relative_path,
                sha256=new.sha256,
                size=new.size,
                blob_key=new.blob_key,
                media_type=new.media_type,
                state=FileState.RECEIVED,
                received_at=self._ground.clock.now(),
            )
        )
        return _present(self._file(files.c.id == file_id), file_id)

    def file(self, file_id: str) -> DeliveredFile:
        """Return one file; a writer has it to itself until its end. Raises `Missing`."""
        self._ground.hold(files.c.id == file_id)
        return _present(self._file(files.c.id == file_id), file_id)

    def files(self, reader: Actor, batch_id: str) -> list[DeliveredFile]:
        """Return the files of a batch in the order of delivery. Raises `Missing`, `NotAllowed`."""
        _may_watch(reader)
        self._watched(reader, batch_id)
        rows = self._ground.connection.execute(
            select(files).where(files.c.batch_id == batch_id).order_by(files.c.ordinal)
        ).mappings()
        return [_delivered(row) for row in rows]

    def set_file(  # the parts of a refusal always come together
        self,
        file_id: str,
        state: FileState,
        code: str = "",
        reason: str = "",
        tell: str = "",
        pages: int = 0,
    ) -> None:
        """Say what became of a file: its state, why when refused, and how many pages it has. Raises
        `Missing`.
        """
        done = self._ground.connection.execute(
            update(files)
            .where(files.c.id == file_id)
            .values(state=state, code=code, reason=reason, tell=tell, pages=pages)
        )
        if done.rowcount != 1:
            raise Missing(f"no file {file_id}")

    def without_bytes(self, file_id: str, code: str, tell: str) -> None:
        """Note that the bytes of a file rest nowhere any more, and why; its row stays. Raises `Missing`."""
        done = self._ground.connection.execute(
            update(files).where(files.c.id == file_id).values(blob_key="", code=code, tell=tell)
        )
        if done.rowcount != 1:
            raise Missing(f"no file {file_id}")

    def file_by_key(self, batch_id: str, idempotency_key: str) -> DeliveredFile | None:
        """Return the file handed in under this key, None when there is none; a writer has the batch to itself then."""
        self._ground.hold(batches.c.id == batch_id)
        return self._file((files.c.batch_id == batch_id) & (files.c.idempotency_key == idempotency_key))

    def forget_fingerprint(self, batch_id: str) -> None:
        """Let the same content be delivered anew (this delivery did not get through whole)."""
        self._ground.connection.execute(
            update(batches).where(batches.c.id == batch_id).values(fingerprint=None)
        )

    def note_existing(self, batch_id: str, ordinal: int, document_id: str, source: str) -> None:
        """Note that part `ordinal` of the delivery is already archived as `document_id`; repeating changes
        nothing.
        """
        row = {"batch_id": batch_id, "ordinal": ordinal, "document_id": document_id, "source": source}
        self._ground.insert_new(existing, [row], "batch_id", "ordinal")

    def existing(self, reader: Actor, batch_id: str) -> list[Existing]:
        """Return the parts of a delivery that were archived before. Raises `Missing`, `NotAllowed`."""
        _may_watch(reader)
        self._watched(reader, batch_id)
        rows = self._ground.connection.execute(
            select(existing).where(existing.c.batch_id == batch_id).order_by(existing.c.ordinal)
        ).mappings()
        return [Existing(row["ordinal"], row["document_id"], row["source"]) for row in rows]

    def progress(self, reader: Actor, batch_id: str) -> Progress:
        """Return how far the walk of a batch has come. Raises `Missing`, `NotAllowed`."""
        _may_watch(reader)
        batch = self._watched(reader, batch_id)
        file_counts = self._counts(
            files.c.batch_id == batch_id, files_refused=files.c.state == FileState.REFUSED
        )
        page_counts = self._counts(
            pages.c.batch_id == batch_id,
            read=(pages.c.role == PageRole.CONTENT) & (pages.c.state == "read"),
            failed=(pages.c.role == PageRole.CONTENT) & pages.c.state.in_(UNREAD),
            separators=pages.c.role == PageRole.SEPARATOR,
            aside=pages.c.role.in_(_ASIDE),
        )
        document_counts = self._counts(
            documents.c.batch_id == batch_id,
            archived=documents.c.state == DocumentState.ARCHIVED,
            refused=documents.c.state == DocumentState.REFUSED,
            held=documents.c.state == DocumentState.HELD,
            waiting=documents.c.state.in_(_ON_THE_WAY),
        )
        before = self._counts(existing.c.batch_id == batch_id)
        return Progress(
            state=batch.state,
            files=file_counts["all"],
            files_refused=file_counts["files_refused"],
            pages=page_counts["all"],
            pages_read=page_counts["read"],
            pages_failed=page_counts["failed"],
            separators=page_counts["separators"],
            pages_aside=page_counts["aside"],
            documents=document_counts["all"],
            documents_archived=document_counts["archived"],
            documents_refused=document_counts["refused"],
            documents_existing=before["all"],
            documents_held=document_counts["held"],
            documents_waiting=document_counts["waiting"],
            started_at=batch.started_at,
            finished_at=batch.finished_at,
        )

    def list(self, reader: Actor, limit: int = 50, offset: int = 0) -> tuple[list[Batch], int]:
        """Return a page of batches, newest first, and how many there are. Raises `NotAllowed`."""
        _may_watch(reader)
        shown = true() if reader == SYSTEM else batches.c.created_by != ISSUER
        newest = select(batches).where(shown).order_by(batches.c.created_at.desc(), batches.c.id.desc())
        rows = self._ground.connection.execute(newest.limit(limit).offset(offset)).mappings().all()
        counted = select(func.count()).select_from(batches).where(shown)
        total = self._ground.connection.execute(counted).scalar_one()
        return [_batch(row) for row in rows], total

    def _counts(self, which: ColumnElement[bool], **kinds: ColumnElement[bool]) -> dict[str, int]:
        sums = [
            func.coalesce(func.sum(case((kind, 1), else_=0)), 0).label(name) for name, kind in kinds.items()
        ]
        row = (
            self._ground.connection.execute(select(func.count().label("all"), *sums).where(which))
            .mappings()
            .one()
        )
        return {name: int(value) for name, value in row.items()}

    def _find(self, which: ColumnElement[bool]) -> Batch | None:
        row = self._ground.connection.execute(select(batches).where(which)).mappings().first()
        return None if row is None else _batch(row)

    def _watched(self, reader: Actor, batch_id: str) -> Batch:
        """Return the batch unless it holds a paper of a case, which only the engine watches (`Missing`)."""
        found = self._one(batch_id)
        if found.created_by == ISSUER and reader != SYSTEM:
            raise Missing(f"no batch {batch_id} for {reader.id}")
        return found

    def _one(self, batch_id: str) -> Batch:
        found = self._find(batches.c.id == batch_id)
        if found is None:
            raise Missing(f"no batch {batch_id}")
        return found

    def _file(self, which: ColumnElement[bool]) -> DeliveredFile | None:
        row = self._ground.connection.execute(select(files).where(which)).mappings().first()
        return None if row is None else _delivered(row)


def _present(found: DeliveredFile | None, file_id: str) -> DeliveredFile:
    if found is None:
        raise Missing(f"no file {file_id}")
    return found


def _may_watch(reader: Actor) -> None:
    authorize(reader, Action.DIGITIZE, Thing("batch"))


def _batch(row: RowMapping) -> Batch:
    return Batch(**{**row, "state": BatchState(row["state"])})


def _delivered(row: RowMapping) -> DeliveredFile:
    values: dict[str, Any] = {**row, "state": FileState(row["state"])}
    return DeliveredFile(**values)
