"""Hand an issued paper of a case over to the archive: a delivery of one file, in the transaction of the move.

Steps 8 to 10 of the walk (keep, register, index) are the engine's; from the commit of the move on they happen,
whatever dies, and a paper is handed over once for each form its bytes have had. Where the case is still under way the
procedure says in which state its paper is issued (`issues`); at the end of a case every signed paper is.
See docs/decisions/0105.
"""

from procedures.case_drawing import key_of
from procedures.case_numbers import paper_id
from procedures.definition import Definition
from procedures.definition_read import Definitions
from records.case import Case, CasePaper
from records.parties import parties_of
from storage.batch_values import CASE, FILE_RECEIVED, ISSUER, ORDINAL, SIGNING, NewBatch, NewFile
from storage.objects import UNKNOWN_SIZE
from storage.outbox import INDEX
from storage.work import Tx, Work


def hand_over_issued(tx: Tx, definition: Definition, case: Case) -> None:
    """Hand over what the state of `case` makes issued. Safe to repeat: no form of a paper is handed over twice."""
    for paper in issued_papers(definition, case):
        if not _delivered(tx, case, paper):
            _hand_over(tx, definition, case, paper)


def follow_parties(tx: Tx, before: Case, after: Case) -> None:
    """Let the index follow when a case has become the affair of others than before; the rows do by themselves."""
    if parties_of(before) != parties_of(after):
        for document_id in tx.documents.of_case(after.id):
            tx.outbox.add(INDEX, document_id)


def hand_over_again(work: Work, definitions: Definitions) -> int:
    """Hand over every issued paper of which no delivery is known, case by case; return how many they were.

    For books that were rebuilt: a delivery may have been lost that was not yet written down beside the stores.
    """
    with work.reading() as tx:
        ids = [row["id"] for row in tx.catalogue.rows("cases")]
    count = 0
    for case_id in ids:
        with work.reading() as tx:
            case = tx.cases.get(case_id)
            definition = definitions.get(case.procedure, case.version)
            lacking = [one for one in issued_papers(definition, case) if not _delivered(tx, case, one)]
        if lacking:
            with work.begin() as tx:
                hand_over_issued(tx, definition, tx.cases.get(case_id))
            count += len(lacking)
    return count


def issued_papers(definition: Definition, case: Case) -> list[CasePaper]:
    """Return the papers that the state of `case` makes issued."""
    state = definition.states[case.state]
    if not (state.end or state.issues):
        return []
    return [one for one in case.papers if is_issued(definition, one) and (state.end or not one.void)]


def is_issued(definition: Definition, paper: CasePaper) -> bool:
    """Return whether a paper went out as a signed file: its last bytes are a signature's, and it has its number.

    A void one too: it was out, and its number stands in the register. What went by the paper channel is in the archive
    as its scan.
    """
    signed = bool(paper.signed) and paper.sha256 == paper.signed[-1].after_sha256
    return signed and bool(paper.number or not definition.papers[paper.kind].numbered)


def delivery_name(case_id: str, paper: CasePaper) -> str:
    """Return by which name (fingerprint) the delivery of a paper is found: the paper, and the bytes it had."""
    return f"issued:{case_id}-{paper.ordinal}:{paper.sha256}"


def _delivered(tx: Tx, case: Case, paper: CasePaper) -> bool:
    return tx.batches.by_fingerprint(delivery_name(case.id, paper)) is not None


def _hand_over(tx: Tx, definition: Definition, case: Case, paper: CasePaper) -> None:
    name, key = delivery_name(case.id, paper), key_of(paper)
    kept = tx.objects.get(key)
    title = paper.number or definition.papers[paper.kind].title
    told = {CASE: case.id, ORDINAL: str(paper.ordinal), SIGNING: paper.signed[-1].signing_id}
    batch = tx.batches.add(NewBatch(title, case.id, ISSUER, name, told))
    shown = f"{title.replace('/', '-')}.pdf"
    new = NewFile(
        name=shown,
        relative_path=shown,
        sha256=paper.sha256,
        size=kept.size if kept else UNKNOWN_SIZE,
        blob_key=key,
        media_type="application/pdf",
        idempotency_key=name,
    )
    file = tx.batches.add_file(batch.id, new)
    tx.batches.start(batch.id)
    about = {"case": case.id, "paper": paper_id(case, paper.ordinal)}
    tx.audit.append(ISSUER, "batch-created", batch.id, "done", about)
    tx.audit.append(
        ISSUER, FILE_RECEIVED, file.id, "done", {"batch": batch.id, "sha256": file.sha256, "size": file.size}
    )
    tx.audit.append(ISSUER, "batch-started", batch.id, "done", {"files": 1})
