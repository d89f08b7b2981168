"""What becomes of seals over the years, as it goes out: what is due, what a person must look at, a file's own life."""

from datetime import datetime

from api.schemas.common import Frozen
from api.schemas.operations import RoundOut
from api.schemas.verify import VerdictOut
from storage.seal_life import SealLife


class ListedOut(Frozen):
    """A file that a person must look at: it is not renewed or completed by itself, and `reason` says why."""

    document_id: str
    version: int
    reason: str
    tried_at: datetime | None

    @classmethod
    def of(cls, life: SealLife) -> "ListedOut":
        """Return the outgoing form."""
        return cls(
            document_id=life.document_id, version=life.version, reason=life.reason, tried_at=life.tried_at
        )


class YearOut(Frozen):
    """How many files can be proven until some day of a year (UTC)."""

    year: int
    files: int


class RenewalOut(Frozen):
    """How the archive stands: files `due` now, when the next one is, how many wait for their first archive time stamp.

    `listed_total`: how many files a person must look at; `listed` names some of them. `provable_until`: by year of its
    end, files whose end is on record. `renewal` and `completion`: the present or last round, null before the first.
    """

    due: int
    next_due: datetime | None
    waiting_for_completion: int
    listed_total: int
    listed: list[ListedOut]
    provable_until: list[YearOut]
    renewal: RoundOut | None
    completion: RoundOut | None


class RenewalAskedOut(Frozen):
    """A file that is renewed at the next turn of the round; `version` is the one that gets a follower."""

    document_id: str
    version: int
    due_at: datetime


class LifeOut(Frozen):
    """What is on record of the life of a sealed version. `why`: in Vietnamese, what ends at `provable_until`.

    `state`: `current`, or `listed` when a person must look, for `reason`. Null: not known or without end.
    """

    version: int
    state: str
    provable_until: datetime | None
    why: str
    due_at: datetime | None
    last_time_stamp: datetime | None
    time_stamps: int
    certificate_until: datetime | None
    algorithm: str
    algorithm_until: datetime | None
    reason: str

    @classmethod
    def of(cls, life: SealLife) -> "LifeOut":
        """Return the outgoing form."""
        return cls(
            version=life.version,
            state=life.state,
            provable_until=life.provable_until,
            why=life.why,
            due_at=life.due_at,
            last_time_stamp=life.last_time_stamp,
            time_stamps=life.time_stamps,
            certificate_until=life.certificate_until,
            algorithm=life.algorithm,
            algorithm_until=life.algorithm_until,
            reason=life.reason,
        )


class DocumentSignatureOut(Frozen):
    """The archived file checked at this moment as a stranger would, and what is on record of its life (null: nothing).

    `level` and `waits_for_completion` as the books have them; `report` is the check's own word.
    """

    document_id: str
    version: int
    level: str
    waits_for_completion: bool
    report: VerdictOut
    life: LifeOut | None
