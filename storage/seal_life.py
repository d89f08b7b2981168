"""Until when each sealed file can be proven, when it is due for its next time stamp, and whose certificates it needs.

All of it can be read out of the files again, so it is no part of backup and rebuild: the renewal round fills it in.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    extract,
    func,
    insert,
    or_,
    select,
    update,
)

from records.access import Level
from records.document import DocumentState
from storage.documents import ACCESS_PDF, Rendition
from storage.ground import Ground
from storage.profile import profile_of
from storage.schema import documents, renditions, seal_certificates, seal_life

_SKEW = timedelta(minutes=2)


class LifeState(StrEnum):
    """What becomes of a sealed file."""

    CURRENT = "current"
    """Its proof holds and is renewed when due."""
    LISTED = "listed"
    """It cannot be read or does not pass the check, so a person must look; it is never renewed."""


@dataclass(frozen=True, slots=True)
class SealLife:
    """What is known of the current version of one document. `why` says in Vietnamese what ends at `provable_until`.

    `last_time_stamp`, `certificate_until`, `algorithm_until` (None: no end is set), `provable_until` and `due_at` are
    None where the file could not be read. `tried_at` and `reason`: when it last could not be renewed, and why.
    """

    document_id: str
    version: int
    state: LifeState
    last_time_stamp: datetime | None = None
    time_stamps: int = 0
    certificate_until: datetime | None = None
    algorithm: str = ""
    algorithm_until: datetime | None = None
    provable_until: datetime | None = None
    why: str = ""
    due_at: datetime | None = None
    tried_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """A certificate that the proof of a document rests on (see `signing.provable.CertificateUse`)."""

    document_id: str
    serial: str
    issuer: str
    role: str
    used_at: datetime | None
    covered_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealedFile:
    """The sealed PDF of an archived document; `known` says whether its life is on record for this very version.

    `level` is the PAdES level of its seal as the books have it.
    """

    document_id: str
    version: int
    pdf: Rendition
    known: bool
    level: str


class SealLives:
    """The lives of sealed files. It knows no reader: what it tells is for operators and the renewal round."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def enter(self, life: SealLife, certificates: Sequence[KeptCertificate] = ()) -> None:
        """Put down what is known of a document's version in the place of what was known before."""
        connection = self._ground.connection
        self._ground.hold_name("seal_life", life.document_id)
        connection.execute(
            delete(seal_certificates).where(seal_certificates.c.document_id == life.document_id)
        )
        connection.execute(delete(seal_life).where(seal_life.c.document_id == life.document_id))
        connection.execute(insert(seal_life), [asdict(life)])
        if certificates:
            rows = [{"ordinal": n, **asdict(one)} for n, one in enumerate(certificates, start=1)]
            connection.execute(insert(seal_certificates), rows)

    def waits(self, document_id: str, reason: str) -> None:
        """Note that a file could not be renewed now; it stays due and is tried again."""
        self._note(document_id, reason=reason[:900])

    def list_for_a_person(self, document_id: str, reason: str) -> None:
        """Note that a file does not pass the check; it is not tried again by itself."""
        self._note(document_id, state=LifeState.LISTED, reason=reason[:900])

    def get(self, document_id: str) -> SealLife | None:
        """Return what is known of a document, None when nothing is."""
        found = self._some(seal_life.c.document_id == document_id, 1)
        return found[0] if found else None

    def stretch(self, after: str, limit: int) -> list[SealedFile]:
        """Return the next archived documents behind the id `after` that have a sealed PDF, in order of their ids."""
        rows = self._ground.connection.execute(
            _sealed().where(documents.c.id > after).order_by(documents.c.id).limit(limit)
        ).mappings()
        return [_file(row) for row in rows]

    def file(self, document_id: str) -> SealedFile | None:
        """Return the sealed file of one archived document, None when it has none."""
        row = (
            self._ground.connection.execute(_sealed().where(documents.c.id == document_id)).mappings().first()
        )
        return None if row is None else _file(row)

    def due(self, by: datetime, since: datetime, limit: int) -> list[SealLife]:
        """Return files due by `by`, the most urgent first; not those stamped, or tried in vain, `since` then."""
        rested = or_(seal_life.c.tried_at.is_(None), seal_life.c.tried_at < since)
        # a time-stamp authority counts whole seconds and may be a minute behind
        older = or_(seal_life.c.last_time_stamp.is_(None), seal_life.c.last_time_stamp < since - _SKEW)
        return self._some(and_(_due(by), rested, older), limit)

    def count_due(self, by: datetime) -> int:
        """Return how many files are due by `by`, those that wait among them."""
        counted = select(func.count()).select_from(seal_life).where(_due(by))
        return int(self._ground.connection.execute(counted).scalar_one())

    def count_listed(self) -> int:
        """Return how many files a person must look at."""
        counted = select(func.count()).select_from(seal_life).where(seal_life.c.state == LifeState.LISTED)
        return int(self._ground.connection.execute(counted).scalar_one())

    def incomplete(self, full: str, after: str, limit: int) -> list[SealedFile]:
        """Return sealed files behind the id `after` whose level is not `full` yet, in order of their ids.

        Not those that a person must look at, nor issued papers of cases, which promise no archive time stamp. It goes
        over the documents in the order of their ids, so a round that asks on from where it stood reads each row once.
        """
        connection = self._ground.connection
        waits = (documents.c.signature_level != full) & (documents.c.level != Level.PARTIES)
        asked = _sealed().where(documents.c.id > after, waits, _nobodys())
        with profile_of(connection).unhurried(connection):
            rows = connection.execute(asked.order_by(documents.c.id).limit(limit)).mappings().all()
        return [_file(row) for row in rows]

    def count_incomplete(self, full: str, archived_before: datetime | None = None) -> int:
        """Return how many sealed files are not at the level `full` (those archived before then); for operators."""
        waits = (documents.c.signature_level != full) & (documents.c.level != Level.PARTIES)
        which = and_(documents.c.state == DocumentState.ARCHIVED, waits)
        if archived_before is not None:
            which = and_(which, documents.c.archived_at < archived_before)
        connection = self._ground.connection
        with profile_of(connection).unhurried(connection):
            return int(
                connection.execute(select(func.count()).select_from(documents).where(which)).scalar_one()
            )

    def ask(self, document_id: str) -> bool:
        """Make a file due now, also one that a person had to look at; False when nothing is on record of it."""
        now = self._ground.clock.now()
        done = self._ground.connection.execute(
            update(seal_life)
            .where(seal_life.c.document_id == document_id)
            .values(state=LifeState.CURRENT, due_at=now, tried_at=None, reason="")
        )
        return done.rowcount == 1

    def next_due(self) -> datetime | None:
        """Return when the next file is due (it may be past), None when there is none."""
        first = select(func.min(seal_life.c.due_at)).where(seal_life.c.state == LifeState.CURRENT)
        return self._ground.connection.execute(first).scalar_one_or_none()

    def ending_by_year(self) -> dict[int, int]:
        """Return for each year (UTC) how many files can be proven until some day of it."""
        connection = self._ground.connection
        year = extract("year", seal_life.c.provable_until)
        with profile_of(connection).unhurried(connection):
            rows = connection.execute(
                select(year, func.count()).where(seal_life.c.provable_until.isnot(None)).group_by(year)
            )
            return {int(row[0]): int(row[1]) for row in rows}

    def ending(self, by: datetime, limit: int) -> list[SealLife]:
        """Return files whose proof ends by `by`, the first to end first, whatever their state."""
        return self._some(seal_life.c.provable_until <= by, limit)

    def listed(self, limit: int) -> list[SealLife]:
        """Return files a person must look at."""
        return self._some(seal_life.c.state == LifeState.LISTED, limit)

    def relying_on(self, serial: str, after: str = "", limit: int = 1000) -> list[KeptCertificate]:
        """Return every use of the certificate(s) `serial` (lower-case hex) behind the document id `after`.

        Whole documents only, at most `limit` of them; several authorities may have given the same number.
        """
        ids = (
            select(seal_certificates.c.document_id)
            .where(seal_certificates.c.serial == serial, seal_certificates.c.document_id > after)
            .distinct()
            .order_by(seal_certificates.c.document_id)
            .limit(limit)
        )
        some = seal_certificates.c.document_id.in_(ids.scalar_subquery())
        rows = self._ground.connection.execute(
            select(seal_certificates)
            .where(some, seal_certificates.c.serial == serial)
            .order_by(seal_certificates.c.document_id, seal_certificates.c.ordinal)
        ).mappings()
        names = ("document_id", "serial", "issuer", "role", "used_at", "covered_at")
        return [KeptCertificate(*(row[name] for name in names)) for row in rows]

    def _note(self, document_id: str, **values: object) -> None:
        self._ground.connection.execute(
            update(seal_life)
            .where(seal_life.c.document_id == document_id)
            .values(tried_at=self._ground.clock.now(), **values)
        )

    def _some(self, which: ColumnElement[bool], limit: int) -> list[SealLife]:
        rows = self._ground.connection.execute(
            select(seal_life).where(which).order_by(seal_life.c.due_at, seal_life.c.document_id).limit(limit)
        ).mappings()
        return [SealLife(**{**row, "state": LifeState(row["state"])}) for row in rows]


def _due(by: datetime) -> ColumnElement[bool]:
    return and_(seal_life.c.state == LifeState.CURRENT, seal_life.c.due_at <= by)


def _nobodys() -> ColumnElement[bool]:
    return or_(seal_life.c.state.is_(None), seal_life.c.state != LifeState.LISTED)


def _sealed() -> Select[Any]:
    access = and_(
        renditions.c.document_id == documents.c.id,
        renditions.c.version == documents.c.version,
        renditions.c.name == ACCESS_PDF,
    )
    known = and_(seal_life.c.document_id == documents.c.id, seal_life.c.version == documents.c.version)
    pdf = [renditions.c[name] for name in ("name", "key", "sha256", "size", "media_type")]
    return (
        select(
            documents.c.id,
            documents.c.version,
            documents.c.signature_level,
            seal_life.c.document_id.label("known"),
            *pdf,
        )
        .join(renditions, access)
        .outerjoin(seal_life, known)
        .where(documents.c.state == DocumentState.ARCHIVED)
    )


def _file(row: RowMapping) -> SealedFile:
    pdf = Rendition(row["name"], row["key"], row["sha256"], row["size"], row["media_type"])
    return SealedFile(row["id"], row["version"], pdf, row["known"] is not None, row["signature_level"])
