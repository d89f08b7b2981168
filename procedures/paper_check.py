"""What anybody may know of an issued paper who holds it: number, date, issuer, signatures, whether it still counts.

The way in is the mark on the paper (`check_mark.py`): paper id and check together. A wrong check is answered like a
paper that does not exist. Nothing about the member is told, nor why a paper was made void: reasons are people's words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from procedures.case_deposit import delivery_name
from procedures.case_numbers import paper_id
from procedures.check_mark import fits
from procedures.definition import Definition, MoveKind
from procedures.definition_read import Definitions
from records.access import SYSTEM
from records.case import Case, CaseMove, CasePaper, Signed, current
from records.clock import VIETNAM
from records.errors import Missing
from storage.work import Tx

_NEVER = ("0" * 32 + "-1", "0", date(2000, 1, 1))
_SEALS = frozenset({"seal", "hop-seal"})


class Standing(StrEnum):
    """Whether a paper counts."""

    COUNTS = "counts"
    RECALLED = "recalled"  # its issuer took it back after it was sent
    VOID = "void"


class Copy(StrEnum):
    """What a file is, by its SHA-256, beside the paper."""

    SAME = "same"  # the paper as it was issued, to the byte
    EARLIER = "earlier"  # the same paper before it had all its signatures
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SignatureTold:
    """A signature in plain words: a person's or a body's seal, of which body, when, at which level ("" unknown)."""

    seal: bool
    signer: str
    body: str
    at: datetime | None
    level: str


@dataclass(frozen=True, slots=True)
class PaperTold:
    """An issued paper. `since`: from when on it is void or taken back; `copies`: what a file with this SHA-256 is."""

    number: str
    day: date
    kind: str
    issuer: str
    standing: Standing
    since: date | None
    signatures: tuple[SignatureTold, ...]
    copies: Mapping[str, Copy]

    def compare(self, sha256: str) -> Copy:
        """Return what a file with this SHA-256 is."""
        return self.copies.get(sha256.lower(), Copy.OTHER)


def paper_told(tx: Tx, definitions: Definitions, named: str, check: str) -> PaperTold:
    """Return the paper `named` (case id, hyphen, ordinal) to whoever has its check. Raises `Missing` for anything else.

    A draft has no mark, so it is never told of.
    """
    case, paper = _find(tx, named)
    if paper is None or case is None or paper.dated is None:
        fits(check, *_NEVER)  # takes as long as for a paper that is there
        raise Missing(f"no paper {named[:80]!r}")
    if not fits(check, named, paper.number, paper.dated):
        raise Missing(f"another check for {named}")
    definition = definitions.get(case.procedure, case.version)
    history = tx.cases.history(case.id)
    standing, since = _standing(definition, case, paper, history)
    line = tx.numbers.newest_of_paper(named)
    issuer = tx.units.get(line.series.unit_id, paper.dated).name if line else ""
    return PaperTold(
        number=paper.number,
        day=paper.dated,
        kind=line.type_name if line else definition.papers[paper.kind].title,
        issuer=issuer,
        standing=standing,
        since=since,
        signatures=tuple(_signature(tx, one, history) for one in paper.signed),
        copies=_copies(tx, case, paper),
    )


def _find(tx: Tx, named: str) -> tuple[Case | None, CasePaper | None]:
    case_id, _, ordinal = named.rpartition("-")
    try:
        case = tx.cases.get(case_id)
    except Missing:
        return None, None
    found = (
        one for one in case.papers if paper_id(case, one.ordinal) == f"{case_id}-{ordinal}" and one.number
    )
    return case, next(found, None)


def _standing(
    definition: Definition, case: Case, paper: CasePaper, history: Sequence[CaseMove]
) -> tuple[Standing, date | None]:
    if paper.void:
        made = next((line for line in reversed(history) if line.comment == paper.void), None)
        return Standing.VOID, made.at.astimezone(VIETNAM).date() if made else None
    counts = current(case)
    last = next((line for line in reversed(history) if line.from_state != line.to_state), None)
    if counts is paper and last is not None and definition.moves[last.move].kind is MoveKind.RECALL:
        return Standing.RECALLED, last.at.astimezone(VIETNAM).date()
    return Standing.COUNTS, None


def _signature(tx: Tx, signed: Signed, history: Sequence[CaseMove]) -> SignatureTold:
    """The facts of a signature that was proven when it was made; the body is the one that made the move."""
    told = f"{signed.after_sha256} {signed.signing_id}"
    move = next((line for line in history if told in line.evidence.values()), None)
    body = (
        tx.units.get(move.unit_id, move.at.astimezone(VIETNAM).date()).name if move and move.unit_id else ""
    )
    seal = signed.profile in _SEALS
    try:
        paper = tx.signings.paper(signed.signing_id)
        signer = "" if seal else tx.accounts.get(tx.signings.batch(paper.batch_id).created_by).name
    except Missing:  # rebuilt books know the signing, or the account, only with a backup
        return SignatureTold(seal, "", body, None, "")
    made = paper.signature
    return SignatureTold(seal, signer, body, made.signed_at if made else None, made.level if made else "")


def _copies(tx: Tx, case: Case, paper: CasePaper) -> dict[str, Copy]:
    """Every form the bytes had: the newest, the archive's newest version of it, and those with fewer signatures."""
    earlier = {sha for one in paper.signed for sha in (one.before_sha256, one.after_sha256)}
    copies = dict.fromkeys(earlier, Copy.EARLIER)
    if paper.sha256:
        copies[paper.sha256] = Copy.SAME
        batch = tx.batches.by_fingerprint(delivery_name(case.id, paper))
        for document in tx.documents.of_batch(batch.id) if batch else ():
            for part in tx.documents.renditions(SYSTEM, document.id) if document.version else ():
                if part.media_type == "application/pdf" or part.name == "original":
                    copies[part.sha256] = Copy.SAME
    return copies
