"""Write the document into the archive's books: rows, audit event and the note for the index, in one transaction.

Step 9 of the walk. From here on the archive answers for the document.
"""

from ingest.compose import Composed
from ingest.deposit import Deposited
from ingest.tools import IngestTools
from language.fold import canonical
from records.access import SYSTEM, Level
from records.document import Fields
from records.outcome import Done, Outcome
from search.number_keys import own_keys
from signing.seal import Sealed
from storage.documents import Archive, Document

INDEX = "index"
"""The outbox kind that `ingest.publish` drains."""


def register(
    tools: IngestTools,
    document: Document,
    fields: Fields,
    composed: Composed,
    sealed: Sealed,
    deposited: Deposited,
) -> Outcome[int]:
    """Mark `document` archived; Done carries the audit sequence number. Safe to repeat: one event a version."""
    pdf = next(r for r in deposited.renditions if r.name == "access.pdf")
    with tools.work.begin() as tx:
        now = tx.documents.get(SYSTEM, document.id)
        if now.version >= deposited.version:
            return Done(0)
        tx.documents.archive(
            document.id,
            Archive(
                version=deposited.version,
                fields=fields,
                level=level_of(fields),
                renditions=deposited.renditions,
                pdfa="2b",
                signature_level=sealed.level,
                verdict="VALID",
                sealed_at=sealed.signed_at,
                number_key=next(iter(own_keys(canonical(fields.number))), ""),
            ),
        )
        seq = tx.audit.append(
            SYSTEM.id,
            "document-archived",
            document.id,
            "done",
            {
                "version": deposited.version,
                "sha256": pdf.sha256,
                "size": pdf.size,
                "pages": document.page_count,
                "level": sealed.level,
                "certificate_sha256": sealed.certificate_sha256,
                "letters_read_back": f"{composed.letters:.5f}",
                "words_read_back": f"{composed.words:.5f}",
            },
        )
        tx.outbox.add(INDEX, document.id, {})
    return Done(seq)


def level_of(fields: Fields) -> Level:
    """Return how far the document may travel: a secrecy stamp that was read keeps it with the archivists.

    40-HD/VPTW and Luật 117/2025: no one may come upon a classified paper by searching; a person decides.
    """
    return Level.SECRET if fields.secrecy else Level.OPEN
