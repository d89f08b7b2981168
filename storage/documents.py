"""Documents: proposed by the walk, admitted once, found again only through the access rule."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, case, func, insert, select, update

from language.fold import canonical, fold
from records.access import Action, Actor, Level, authorize
from records.document import DocumentState, Fields, fields_from_json, fields_to_json
from records.errors import Conflict, Missing
from storage.document_values import ACCESS_PDF, Archive, Document, DocumentFilter, NewDocument, Rendition
from storage.filters import conditions
from storage.ground import Ground
from storage.outbox import INDEX, Outbox
from storage.schema import documents, renditions, storable
from storage.suggestions import LONGEST_NAME, Suggestions
from storage.visible import visible

_SETTLED = (DocumentState.ARCHIVED, DocumentState.HELD, DocumentState.REMOVED)
"""States that no step of the walk changes: what is held leaves by its officer's word alone."""

__all__ = ["ACCESS_PDF", "Archive", "Document", "DocumentFilter", "Documents", "NewDocument", "Rendition"]


class Documents:
    """The documents. Methods with a `reader` show only what that reader may see; the others are the walk's
    own.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def propose(self, new: NewDocument) -> Document:
        """Note a document found in a batch; proposing the same id again returns what is there, unchanged.

        Raises `Conflict` (`document-exists`) when the id belongs to other content.
        """
        row = {
            **asdict(new),
            "state": DocumentState.PROPOSED,
            "fields": fields_to_json(Fields()),
            "created_at": self._ground.clock.now(),
            "row_version": 1,
        }
        self._ground.insert_new(documents, [row], "id")
        known = self._one(new.id)
        if (known.batch_id, known.fingerprint) != (storable(new.batch_id), storable(new.fingerprint)):
            raise Conflict(f"document {new.id} is something else", code="document-exists")
        return known

    def get(self, reader: Actor, document_id: str) -> Document:
        """Return the document; a writer has it to itself until its end.

        Raises `Missing` when it is absent or not this reader's to see.
        """
        self._ground.hold(documents.c.id == document_id)
        found = self._find((documents.c.id == document_id) & visible(reader))
        if found is None:
            raise Missing(f"no document {document_id} for {reader.id}")
        return found

    def find(
        self, reader: Actor, which: DocumentFilter | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[Document], int]:
        """Return a page of the documents `reader` may see, newest first, and how many there are in all.

        Raises `Unfit` (`filter-too-long`).
        """
        condition = and_(visible(reader), *conditions(which or DocumentFilter()))
        newest = _with_pdf().where(condition).order_by(documents.c.created_at.desc(), documents.c.id.desc())
        rows = self._ground.connection.execute(newest.limit(limit).offset(offset)).mappings().all()
        counted = select(func.count()).select_from(documents).where(condition)
        return [_document(row) for row in rows], self._ground.connection.execute(counted).scalar_one()

    def by_fingerprint(self, dossier: str, fingerprint: str) -> Document | None:
        """Return the document with this content in this dossier, an archived one first, then the oldest; or
        None.
        """
        archived_first = case((documents.c.state == DocumentState.ARCHIVED, 0), else_=1)
        row = (
            self._ground.connection.execute(
                _with_pdf()
                .where(documents.c.dossier == storable(dossier), documents.c.fingerprint == fingerprint)
                .order_by(archived_first, documents.c.created_at, documents.c.id)
                .limit(1)
            )
            .mappings()
            .first()
        )
        return None if row is None else _document(row)

    def of_batch(self, batch_id: str) -> list[Document]:
        """Return every document of a batch by ordinal (the walk's own; people ask `find`)."""
        rows = self._ground.connection.execute(
            _with_pdf().where(documents.c.batch_id == batch_id).order_by(documents.c.ordinal, documents.c.id)
        ).mappings()
        return [_document(row) for row in rows]

    def of_case(self, case_id: str) -> list[str]:
        """Return the archived papers of a case (the house's own; people ask `find` for its dossier)."""
        which = (documents.c.dossier == case_id) & (documents.c.level == Level.PARTIES)
        archived_ones = which & (documents.c.state == DocumentState.ARCHIVED)
        return list(self._ground.connection.execute(select(documents.c.id).where(archived_ones)).scalars())

    def set_state(self, document_id: str, state: DocumentState) -> None:
        """Note a step on the walk. An archived document stays archived (`Conflict`, `document-archived`).

        Raises `Missing`.
        """
        self._walk_on(document_id, state=state)

    def refuse(self, document_id: str, code: str, reason: str, tell: str) -> None:
        """Set the document aside for a person, with the reason. Raises `Missing`, `Conflict`
        (`document-archived`).
        """
        self._walk_on(document_id, state=DocumentState.REFUSED, code=code, reason=reason, tell=tell)

    def hold(self, document_id: str, code: str, reason: str, tell: str) -> None:
        """Take the document out of everybody's sight until an officer decides. Raises `Missing`, `Conflict`
        (`document-archived`).
        """
        self._walk_on(
            document_id, state=DocumentState.HELD, level=Level.HELD, code=code, reason=reason, tell=tell
        )

    def held(self, reader: Actor, document_id: str) -> Document:
        """Return a document that is held; a writer has it to itself. Raises `NotAllowed`, `Missing` (also one that is
        not, or no more, held).
        """
        authorize(reader, Action.DECIDE_HELD)
        which = (documents.c.id == document_id) & (documents.c.state == DocumentState.HELD)
        self._ground.hold(documents.c.id == document_id)
        found = self._find(which)
        if found is None:
            raise Missing(f"no held document {document_id}")
        return found

    def all_held(self, reader: Actor, limit: int = 50, offset: int = 0) -> tuple[list[Document], int]:
        """Return a page of the held documents, the oldest first, and how many there are. Raises `NotAllowed`."""
        authorize(reader, Action.DECIDE_HELD)
        which = documents.c.state == DocumentState.HELD
        oldest = _with_pdf().where(which).order_by(documents.c.created_at, documents.c.id)
        rows = self._ground.connection.execute(oldest.limit(limit).offset(offset)).mappings().all()
        counted = select(func.count()).select_from(documents).where(which)
        return [_document(row) for row in rows], self._ground.connection.execute(counted).scalar_one()

    def release(self, document_id: str) -> None:
        """Let a held document go the way of every other. Raises `Missing` when it is not held."""
        self._from_hold(
            document_id, state=DocumentState.PROPOSED, level=Level.RESTRICTED, code="", reason="", tell=""
        )

    def removed(self, document_id: str, code: str, reason: str, tell: str) -> None:
        """Note that the bytes of a held document are gone. Raises `Missing` when it is not held."""
        self._from_hold(
            document_id,
            state=DocumentState.REMOVED,
            code=code,
            reason=reason,
            tell=tell,
            original_key="",
            **_columns(Fields()),
        )

    def _from_hold(self, document_id: str, **values: Any) -> None:
        if not self._set(document_id, documents.c.state == DocumentState.HELD, **values):
            raise Missing(f"no held document {document_id}")

    def archive(self, document_id: str, archive: Archive) -> Document:
        """Admit a version whose bytes were read back; the same version again changes nothing.

        Versions count from 1 without gaps. Raises `Missing`, `Conflict` (`version-taken`: that number holds
        other bytes, or is not the next one).
        """
        self._ground.hold(documents.c.id == document_id)
        known = self._one(document_id)
        if archive.version == known.version:
            if self._renditions(document_id, known.version) == _by_name(archive.renditions):
                return known
            raise Conflict(f"{document_id} v{archive.version} holds other bytes", code="version-taken")
        if archive.version != known.version + 1:
            raise Conflict(
                f"{document_id} is at v{known.version}, not before v{archive.version}", code="version-taken"
            )
        self._ground.connection.execute(
            insert(renditions),
            [
                {
                    "document_id": document_id,
                    "version": archive.version,
                    "name": rendition.name,
                    "key": rendition.key,
                    "sha256": rendition.sha256,
                    "size": rendition.size,
                    "media_type": rendition.media_type,
                }
                for rendition in archive.renditions
            ],
        )
        self._set(
            document_id,
            state=DocumentState.ARCHIVED,
            version=archive.version,
            level=archive.level,
            pdfa=archive.pdfa,
            signature_level=archive.signature_level,
            verdict=archive.verdict,
            sealed_at=archive.sealed_at,
            archived_at=archive.archived_at or self._ground.clock.now(),
            code="",
            reason="",
            tell="",
            number_key=archive.number_key,
            **_columns(archive.fields),
        )
        self._suggest(archive.fields)
        return self._one(document_id)

    def renditions(self, reader: Actor, document_id: str) -> tuple[Rendition, ...]:
        """Return the kept forms of the current version, by name. Raises `Missing` like `get`."""
        return self._renditions(document_id, self.get(reader, document_id).version)

    def update_fields(
        self,
        document_id: str,
        fields: Fields,
        expected_row_version: int,
        *,
        level: Level | None = None,
        number_key: str | None = None,
    ) -> Document:
        """Correct the fields (and level) when nobody else has changed the row since it was read.

        A new level is noted for the index here, in the same transaction: until the index has heard of it, searches
        leave the document out for whom it is closed (decision 0141). Raises `Missing`, `Conflict` (`row-changed`).
        """
        values = _columns(fields)
        if level is not None:
            values["level"] = level
        if number_key is not None:
            values["number_key"] = number_key
        if not self._set(document_id, documents.c.row_version == expected_row_version, **values):
            self._one(document_id)
            raise Conflict(
                f"{document_id} is no longer at row version {expected_row_version}",
                code="row-changed",
                tell="Có người vừa sửa tài liệu này. Hãy tải lại trang rồi sửa trên bản mới nhất.",
            )
        self._suggest(fields)
        if level is not None:
            Outbox(self._ground).add(INDEX, document_id)
        return self._one(document_id)

    def touch(self, document_id: str) -> None:
        """Note that something of the document changed that is no column of it (the text of a page), for the index.

        Raises `Missing`.
        """
        if not self._set(document_id):
            raise Missing(f"no document {document_id}")

    def _suggest(self, fields: Fields) -> None:
        Suggestions(self._ground).note_issuer(fields.organ_name)

    def _walk_on(self, document_id: str, **values: Any) -> None:
        if self._set(document_id, documents.c.state.notin_(_SETTLED), **values):
            return
        if self._one(document_id).state != values["state"]:
            raise Conflict(
                f"{document_id} is archived, held or removed",
                code="document-archived",
                tell="Tài liệu này đã vào kho lưu trữ, đang bị giữ lại hoặc đã bị xóa nên không thể đưa về bước trước.",
            )

    def _set(self, document_id: str, only: ColumnElement[bool] | None = None, **values: Any) -> bool:
        statement = update(documents).where(documents.c.id == document_id)
        if only is not None:
            statement = statement.where(only)
        done = self._ground.connection.execute(
            statement.values(**values, row_version=documents.c.row_version + 1)
        )
        return bool(done.rowcount)

    def _find(self, which: ColumnElement[bool]) -> Document | None:
        row = self._ground.connection.execute(_with_pdf().where(which)).mappings().first()
        return None if row is None else _document(row)

    def _one(self, document_id: str) -> Document:
        found = self._find(documents.c.id == document_id)
        if found is None:
            raise Missing(f"no document {document_id}")
        return found

    def _renditions(self, document_id: str, version: int) -> tuple[Rendition, ...]:
        rows = self._ground.connection.execute(
            select(renditions)
            .where(renditions.c.document_id == document_id, renditions.c.version == version)
            .order_by(renditions.c.name)
        ).mappings()
        return tuple(Rendition(r["name"], r["key"], r["sha256"], r["size"], r["media_type"]) for r in rows)


def _by_name(some: Sequence[Rendition]) -> tuple[Rendition, ...]:
    return tuple(sorted(some, key=lambda rendition: rendition.name))


def _columns(fields: Fields) -> dict[str, Any]:
    return {
        "fields": fields_to_json(fields),
        "number": fields.number,
        "issued_date": fields.issued_date,
        "type_code": fields.type_code,
        "organ_name": fields.organ_name[:LONGEST_NAME],
        "subject_key": fold(canonical(fields.subject)),
    }


def _with_pdf() -> Any:
    access = and_(
        renditions.c.document_id == documents.c.id,
        renditions.c.version == documents.c.version,
        renditions.c.name == ACCESS_PDF,
    )
    pdf = [renditions.c[name].label(f"pdf_{name}") for name in ("key", "sha256", "size", "media_type")]
    return select(documents, *pdf).outerjoin(renditions, access)


def _document(row: RowMapping) -> Document:
    pdf = None
    if row["pdf_key"] is not None:
        pdf = Rendition(ACCESS_PDF, row["pdf_key"], row["pdf_sha256"], row["pdf_size"], row["pdf_media_type"])
    return Document(
        id=row["id"],
        batch_id=row["batch_id"],
        dossier=row["dossier"],
        ordinal=row["ordinal"],
        source=row["source"],
        title=row["title"],
        fingerprint=row["fingerprint"],
        state=DocumentState(row["state"]),
        version=row["version"],
        page_count=row["page_count"],
        fields=fields_from_json(row["fields"]),
        level=Level(row["level"]),
        pdf=pdf,
        original_key=row["original_key"],
        original_sha256=row["original_sha256"],
        pdfa=row["pdfa"],
        signature_level=row["signature_level"],
        verdict=row["verdict"],
        sealed_at=row["sealed_at"],
        created_at=row["created_at"],
        archived_at=row["archived_at"],
        code=row["code"],
        reason=row["reason"],
        tell=row["tell"],
        row_version=row["row_version"],
    )
