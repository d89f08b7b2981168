"""Write the document into the archive's books: rows, audit event and the note for the index, in one transaction.

Step 9 of the walk. From here on the archive answers for the document.
"""

from collections.abc import Sequence
from datetime import datetime

from ingest.compose import Composed
from ingest.deposit import MANIFEST, Deposited
from ingest.manifest import Claims
from ingest.review_items import items_of
from ingest.tools import IngestTools
from records.access import SYSTEM, Level
from records.document import Fields
from records.outcome import Done, Outcome
from search.number_keys import document_key
from signing.seal import LEVEL, Sealed
from signing.verdict import Answer
from storage.crashpoint import crashpoint
from storage.documents import ACCESS_PDF, Archive, Document, Rendition
from storage.outbox import INDEX


def register(
    tools: IngestTools,
    document: Document,
    fields: Fields,
    composed: Composed,
    sealed: Sealed,
    deposited: Deposited,
    claims: Claims = Claims(),  # noqa: B008  a frozen value
) -> Outcome[int]:
    """Mark `document` archived; Done carries the audit sequence number. Safe to repeat: one event a version."""
    renditions = {r.name: r for r in deposited.renditions}
    pdf = renditions[ACCESS_PDF]
    with tools.work.reading() as tx:
        doubtful = items_of(document.id, fields, tx.pages.readings(document.id))
    crashpoint("register-before")
    with tools.work.begin() as tx:
        now = tx.documents.get(SYSTEM, document.id)
        if now.version >= deposited.version:
            return Done(0)
        for rendition in deposited.renditions:
            tx.objects.keep(rendition.key, rendition.sha256, rendition.size)
        tx.documents.archive(
            document.id,
            archive_of(
                deposited.version,
                fields,
                deposited.renditions,
                sealed.level,
                sealed.signed_at,
                now.level,
                claims,
            ),
        )
        if now.level is not Level.PARTIES:  # what a case issued was drawn, not read
            tx.reviews.propose(doubtful)
        seq = tx.audit.append(
            SYSTEM.id,
            "document-archived",
            document.id,
            "done",
            {
                "version": deposited.version,
                "sha256": pdf.sha256,
                "size": pdf.size,
                "manifest_sha256": renditions[MANIFEST].sha256,
                "pages": document.page_count,
                "level": sealed.level,
                "certificate_sha256": sealed.certificate_sha256,
                "letters_read_back": f"{composed.letters:.5f}",
                "words_read_back": f"{composed.words:.5f}",
            },
        )
        tx.outbox.add(INDEX, document.id, {})
        crashpoint("register-before-commit")
    crashpoint("register-after-commit")
    return Done(seq)


def archive_of(
    version: int,
    fields: Fields,
    renditions: Sequence[Rendition],
    level: str,
    sealed_at: datetime,
    before: Level,
    claims: Claims,
    archived_at: datetime | None = None,
) -> Archive:
    """Return what the books say of a sealed version with these fields; `level` of the signature.

    `before`: who might know of the document until now; what came out of a case stays its parties' alone.
    """
    return Archive(
        version=version,
        fields=fields,
        level=before if before is Level.PARTIES else level_of(fields),
        renditions=renditions,
        pdfa=claims.pdfa,
        signature_level=level,
        verdict=claims.verdict or verdict_of(level),
        sealed_at=sealed_at,
        number_key=document_key(fields.number),
        archived_at=archived_at,
    )


def verdict_of(level: str) -> Answer:
    """Return what our own check has said of a seal of this level when it was admitted.

    A seal below B-LTA promises an archive time stamp that it does not have yet, and is INDETERMINATE to every stranger
    until it is completed (docs/decisions/0080 and 0087): the books say no more than that.
    """
    return Answer.VALID if level == LEVEL else Answer.INDETERMINATE


def level_of(fields: Fields) -> Level:
    """Return how far the document may travel: a secrecy stamp that was read keeps it with the archivists.

    40-HD/VPTW and Luật 117/2025: no one may come upon a classified paper by searching; a person decides.
    """
    return Level.SECRET if fields.secrecy else Level.OPEN
