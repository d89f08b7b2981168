"""Papers to be signed: batches of them, and for each paper whether it is signed; a paper is signed once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, literal, select, update

from records.clock import new_id
from records.errors import Conflict, Missing
from storage.ground import Ground
from storage.schema import objects, signing_batches, signings
from storage.signing_values import (
    BatchStage,
    NewPaper,
    NewSigningBatch,
    Paper,
    PaperStage,
    Signature,
    SigningBatch,
    signature_columns,
)

UNFINISHED = (BatchStage.RUNNING, BatchStage.HELD)
"""States of a batch that the engine has to sign."""
_STARTED = (*UNFINISHED, BatchStage.DESK)


class Signings:
    """The papers to be signed. Who may see or order what is asked before (`records.access`)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    # --- batches

    def open_batch(self, new: NewSigningBatch) -> SigningBatch:
        """Open a batch."""
        batch_id = new_id()
        self._ground.connection.execute(
            insert(signing_batches).values(
                id=batch_id,
                title=new.title,
                profile=new.profile,
                key=new.key,
                level=new.level,
                options=dict(new.options),
                created_by=new.created_by,
                state=BatchStage.OPEN,
                created_at=self._ground.clock.now(),
            )
        )
        return self.batch(batch_id)

    def batch(self, batch_id: str) -> SigningBatch:
        """Return one batch; a writer has it to itself until its end. Raises `Missing`."""
        self._ground.hold(signing_batches.c.id == batch_id)
        row = self._ground.connection.execute(
            select(signing_batches).where(signing_batches.c.id == batch_id)
        ).mappings()
        found = row.first()
        if found is None:
            raise Missing(f"signing batch {batch_id}")
        return _batch(found)

    def batches(
        self, created_by: str | None, limit: int = 50, offset: int = 0
    ) -> tuple[list[SigningBatch], int]:
        """Return batches (of one account, or all), newest first, and how many there are."""
        which = signing_batches.c.created_by == created_by if created_by is not None else _anything()
        rows = self._ground.connection.execute(
            select(signing_batches)
            .where(which)
            .order_by(signing_batches.c.created_at.desc(), signing_batches.c.id)
            .limit(limit)
            .offset(offset)
        ).mappings()
        count = select(func.count()).select_from(signing_batches).where(which)
        return [_batch(row) for row in rows], self._ground.connection.execute(count).scalar_one()

    def unfinished(self) -> list[SigningBatch]:
        """Return the batches that the engine has to sign, oldest first: started, and not at their end."""
        rows = self._ground.connection.execute(
            select(signing_batches)
            .where(signing_batches.c.state.in_(UNFINISHED))
            .order_by(signing_batches.c.created_at, signing_batches.c.id)
        ).mappings()
        return [_batch(row) for row in rows]

    def ended_without(self, name: str, limit: int) -> list[str]:
        """Return batches at their end for which no object `signings/<id>/<name>` is in the register, oldest first."""
        key = literal("signings/") + signing_batches.c.id + literal(f"/{name}")
        entered = select(objects.c.key).where(objects.c.key == key).exists()
        ended = signing_batches.c.state.in_((BatchStage.FINISHED, BatchStage.CANCELLED))
        due = select(signing_batches.c.id).where(ended, ~entered).order_by(signing_batches.c.created_at)
        return list(self._ground.connection.execute(due.limit(limit)).scalars())

    def start(self, batch_id: str, *, at_desk: bool = False) -> SigningBatch:
        """Close the batch to new papers and let it be signed, by the engine or at a desk; repeating changes nothing."""
        stage = BatchStage.DESK if at_desk else BatchStage.RUNNING
        self._move(batch_id, (BatchStage.OPEN,), state=stage, started_at=self._ground.clock.now())
        return self.batch(batch_id)

    def hold(self, batch_id: str, message: str) -> None:
        """Note that the batch waits for what `message` says (Vietnamese, for people)."""
        self._move(batch_id, UNFINISHED, state=BatchStage.HELD, message=message)

    def go_on(self, batch_id: str) -> None:
        """Note that what the batch waited for is there."""
        self._move(batch_id, (BatchStage.HELD,), state=BatchStage.RUNNING, message="")

    def cancel(self, batch_id: str) -> SigningBatch:
        """Let nothing more of the batch be signed; what is signed stays. An ended batch stays as it is."""
        now = self._ground.clock.now()
        going_on = (BatchStage.OPEN, *_STARTED)
        if self._move(batch_id, going_on, state=BatchStage.CANCELLED, message="", finished_at=now):
            waiting = (signings.c.batch_id == batch_id) & (signings.c.state == PaperStage.WAITING)
            self._ground.hold(waiting, signings.c.id)
            self._ground.connection.execute(
                update(signings).where(waiting).values(state=PaperStage.CANCELLED, ended_at=now)
            )
        return self.batch(batch_id)

    def finish(self, batch_id: str) -> bool:
        """Note the end of a batch of which no paper waits any more; return whether it was so, for the first time."""
        self._ground.hold(signing_batches.c.id == batch_id)
        # asked after each paper, so it must not count all the others
        wait = (signings.c.batch_id == batch_id) & (signings.c.state == PaperStage.WAITING)
        if self._ground.connection.execute(select(signings.c.id).where(wait).limit(1)).first() is not None:
            return False
        now = self._ground.clock.now()
        return self._move(batch_id, _STARTED, state=BatchStage.FINISHED, message="", finished_at=now)

    # --- papers

    def add_paper(self, batch_id: str, new: NewPaper) -> Paper:
        """Add a paper to an open batch; the same idempotency key with the same bytes returns the paper there is.

        Raises `Missing`, `Conflict`: `idempotency-conflict` (same key, other bytes), `batch-started`, `paper-twice`
        (the same bytes are in the batch under another key: they would be signed twice).
        """
        batch = self.batch(batch_id)  # held: two senders take their places one after the other
        known = self.paper_by_key(batch_id, new.idempotency_key)
        if known is not None:
            if known.source_sha256 != new.sha256:
                raise Conflict(
                    f"key {new.idempotency_key[:80]!r} of signing batch {batch_id} came with other bytes",
                    code="idempotency-conflict",
                    tell=f"Tệp {new.name} được gửi lại với nội dung khác. Bản nhận trước vẫn được giữ; "
                    "hãy gửi bản mới như một tệp riêng.",
                )
            return known
        if batch.state is not BatchStage.OPEN:
            raise Conflict(
                f"signing batch {batch_id} is {batch.state}",
                code="batch-started",
                tell="Đợt ký này đã bắt đầu nên không nhận thêm văn bản. Hãy tạo đợt mới cho các văn bản còn lại.",
            )
        twin = self._first((signings.c.batch_id == batch_id) & (signings.c.source_sha256 == new.sha256))
        if twin is not None:
            raise Conflict(
                f"paper {twin.id} of signing batch {batch_id} has the same bytes",
                code="paper-twice",
                tell=f"{new.name} giống hệt {twin.name} (số {twin.ordinal}) trong đợt này; mỗi văn bản chỉ ký một lần.",
            )
        paper_id = new_id()
        last = select(func.max(signings.c.ordinal)).where(signings.c.batch_id == batch_id)
        self._ground.connection.execute(
            insert(signings).values(
                id=paper_id,
                batch_id=batch_id,
                ordinal=(self._ground.connection.execute(last).scalar() or 0) + 1,
                idempotency_key=new.idempotency_key,
                name=new.name,
                source_key=new.key,
                source_sha256=new.sha256,
                source_size=new.size,
                state=PaperStage.WAITING,
            )
        )
        return self.paper(paper_id)

    def paper(self, paper_id: str) -> Paper:
        """Return one paper; a writer has it to itself until its end. Raises `Missing`."""
        self._ground.hold(signings.c.id == paper_id)
        found = self._first(signings.c.id == paper_id)
        if found is None:
            raise Missing(f"paper {paper_id}")
        return found

    def batch_of(self, paper_id: str) -> str:
        """Return the batch of a paper, which it never leaves. Raises `Missing`."""
        ids = select(signings.c.batch_id).where(signings.c.id == paper_id)
        found = self._ground.connection.execute(ids).scalar()
        if found is None:
            raise Missing(f"paper {paper_id}")
        return str(found)

    def paper_by_key(self, batch_id: str, idempotency_key: str) -> Paper | None:
        """Return the paper that was handed in under this key, None when there is none."""
        mine = signings.c.batch_id == batch_id
        return self._first(mine & (signings.c.idempotency_key == idempotency_key))

    def papers(
        self, batch_id: str, state: PaperStage | None = None, limit: int = 100, after: int = 0
    ) -> list[Paper]:
        """Return papers of a batch in order, those after ordinal `after`, in one state if given."""
        which = (signings.c.batch_id == batch_id) & (signings.c.ordinal > after)
        if state is not None:
            which &= signings.c.state == state
        rows = self._ground.connection.execute(
            select(signings).where(which).order_by(signings.c.ordinal).limit(limit)
        ).mappings()
        return [_paper(row) for row in rows]

    def waiting_of(self, paper_ids: Sequence[str]) -> set[str]:
        """Return those of a few papers that wait."""
        wait = signings.c.id.in_(paper_ids) & (signings.c.state == PaperStage.WAITING)
        return set(self._ground.connection.execute(select(signings.c.id).where(wait)).scalars())

    def waiting(self, batch_id: str) -> list[str]:
        """Return the ids of the papers that wait, in order."""
        mine = (signings.c.batch_id == batch_id) & (signings.c.state == PaperStage.WAITING)
        ids = select(signings.c.id).where(mine).order_by(signings.c.ordinal)
        return list(self._ground.connection.execute(ids).scalars())

    def counts(self, batch_id: str) -> Mapping[str, int]:
        """Return how many papers of a batch are in each state."""
        counted = (
            select(signings.c.state, func.count())
            .where(signings.c.batch_id == batch_id)
            .group_by(signings.c.state)
        )
        return {str(row[0]): int(row[1]) for row in self._ground.connection.execute(counted)}

    def signed_before(self, paper: Paper, batch: SigningBatch) -> Paper | None:
        """Return a paper of the same bytes that was signed under the same profile with the same key before."""
        same = signing_batches.c.profile == batch.profile, signing_batches.c.key == batch.key
        batches = select(signing_batches.c.id).where(*same)
        return self._first(
            (signings.c.source_sha256 == paper.source_sha256)
            & (signings.c.state == PaperStage.SIGNED)
            & signings.c.batch_id.in_(batches)
        )

    def signed(self, paper_id: str, made: Signature, ended_at: datetime | None = None) -> bool:
        """Note that a waiting paper is signed; return False when it does not wait any more: nothing was changed.

        `ended_at`: when, as it is written down beside the stores (default: now).
        """
        return self._end(
            paper_id,
            ended_at,
            state=PaperStage.SIGNED,
            code="",
            reason="",
            tell="",
            **signature_columns(made),
        )

    def refused(
        self, paper_id: str, code: str, reason: str, tell: str, ended_at: datetime | None = None
    ) -> bool:
        """Note that a waiting paper cannot be signed, and why; False when it does not wait any more."""
        return self._end(paper_id, ended_at, state=PaperStage.REFUSED, code=code, reason=reason, tell=tell)

    def put_place(self, paper_id: str, place: str) -> bool:
        """Keep the place chosen for a waiting paper ("": the batch's); False when it does not wait any more."""
        waits = (signings.c.id == paper_id) & (signings.c.state == PaperStage.WAITING)
        done = self._ground.connection.execute(update(signings).where(waits).values(place=place))
        return done.rowcount == 1

    def held(self, paper_id: str, code: str, reason: str, tell: str) -> None:
        """Note what a waiting paper waits for."""
        waits = (signings.c.id == paper_id) & (signings.c.state == PaperStage.WAITING)
        self._ground.connection.execute(
            update(signings).where(waits).values(code=code, reason=reason, tell=tell)
        )

    def _end(self, paper_id: str, ended_at: datetime | None, **values: Any) -> bool:
        waits = (signings.c.id == paper_id) & (signings.c.state == PaperStage.WAITING)
        done = self._ground.connection.execute(
            update(signings).where(waits).values(ended_at=ended_at or self._ground.clock.now(), **values)
        )
        return done.rowcount == 1

    def _move(self, batch_id: str, stages: tuple[BatchStage, ...], **values: Any) -> bool:
        there = (signing_batches.c.id == batch_id) & signing_batches.c.state.in_(stages)
        done = self._ground.connection.execute(update(signing_batches).where(there).values(**values))
        return done.rowcount == 1

    def _first(self, which: ColumnElement[bool]) -> Paper | None:
        found = self._ground.connection.execute(
            select(signings).where(which).order_by(signings.c.ordinal).limit(1)
        ).mappings()
        row = found.first()
        return None if row is None else _paper(row)


def _anything() -> ColumnElement[bool]:
    return signing_batches.c.id.isnot(None)


def _batch(row: RowMapping) -> SigningBatch:
    return SigningBatch(**{**row, "state": BatchStage(row["state"])})


def _paper(row: RowMapping) -> Paper:
    signature = None
    if row["state"] == PaperStage.SIGNED:
        signature = Signature(
            row["signed_key"],
            row["signed_sha256"],
            row["signed_size"],
            row["level"],
            row["field"],
            row["signed_at"],
            row["certificate_sha256"],
            row["certificate_serial"],
            row["time_stamp_serial"],
        )
    return Paper(
        row["id"],
        row["batch_id"],
        row["ordinal"],
        row["name"],
        row["source_key"],
        row["source_sha256"],
        row["source_size"],
        PaperStage(row["state"]),
        row["code"],
        row["reason"],
        row["tell"],
        signature,
        row["ended_at"],
        row["place"],
    )
