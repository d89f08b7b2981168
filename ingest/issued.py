"""An issued paper of a case goes into the archive as it is: its signed bytes are the document, nothing is drawn anew.

Such a delivery (`storage.batch_values.ISSUER`) is walked like any other up to its pages; then the text comes out of the
PDF itself, the description out of register and case, and keep, register and index follow (steps 8 to 10). The file is
never signed again here: what it proves was proven when it was signed. See docs/decisions/0105.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.children import ChildDied, ChildStuck
from ingest.compose import Composed, intact
from ingest.deposit import Deposited, deposit
from ingest.describe import describe
from ingest.manifest import Claims
from ingest.recognise import image_seconds, keep_reading, read_page, unread
from ingest.tools import IngestTools
from ocr.pdf_pages import claimed_pdfa
from ocr.pdf_words import ENGINE, page_words
from records.access import SYSTEM
from records.clock import VIETNAM
from records.document import Fields
from records.errors import Away, Missing, Unfit
from records.numbers import parse_number
from records.outcome import Done, Later, Outcome, Refused
from records.page import PageText
from records.paper_types import code_for
from signing.profiles import profile_named
from signing.proof import LEVEL
from signing.seal import Sealed
from signing.verdict import Answer
from storage.batch_values import CASE, ISSUER, ORDINAL, SIGNING, Batch
from storage.blobs import BlobFault
from storage.documents import Document
from storage.pages import Page
from storage.work import Tx

_SEALED = "sealed.pdf"


@dataclass(frozen=True, slots=True)
class Issued:
    """What is kept of an issued paper: the file as a sealed one, how its text was read, and what it claims to be."""

    composed: Composed
    sealed: Sealed
    claims: Claims


def is_issued(tx: Tx, document: Document) -> bool:
    """Return whether the document is an issued paper of a case."""
    return tx.batches.get(SYSTEM, document.batch_id).created_by == ISSUER


def read_issued(tools: IngestTools, document_id: str) -> Outcome[int]:
    """Read the pages of an issued paper that are not read yet; Done carries how many pages there are.

    A page without any text of its own (a scan that was signed) is read from its picture. Later: the store is away.
    """
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, document_id)
        pages = tx.pages.of_document(SYSTEM, document_id)
    try:
        path = _fetch(tools, document)
        for page in pages:
            if page.state == "read":
                continue
            text = _words(tools, path, page)
            if text.words or text.state != "read":
                keep_reading(tools, page, text, "")
            else:
                read_page(tools, page)
    except Away as fault:
        return Later(str(fault), tools.clock.now())
    except BlobFault as fault:
        return _lost(document, fault)
    return Done(len(pages))


def describe_issued(tools: IngestTools, document_id: str) -> Fields:
    """Return the fields of an issued paper: what the register and the case say, the rest as it is printed.

    Where the printed words are the same, their boxes are the evidence; nothing else of what was read overrules.
    """
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, document_id)
        texts = tx.pages.readings(document_id)
        known = _known(tx, tx.batches.get(SYSTEM, document.batch_id))
    printed = describe(texts, document.created_at.astimezone(VIETNAM).date())
    told = replace(printed, **known)
    evidence = {
        name: found
        for name, found in printed.evidence.items()
        if name not in known or found.value.casefold() == str(known[name]).casefold()
    }
    return replace(told, evidence=evidence)


def deposit_issued(tools: IngestTools, document_id: str, fields: Fields) -> Outcome[tuple[Issued, Deposited]]:
    """Keep the signed file as the document: bit for bit, with readings and manifest. See `ingest.deposit.deposit`.

    Refused also with `signing-unknown`: no signing is known that gave these bytes.
    """
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, document_id)
        pages, texts = tx.pages.of_document(SYSTEM, document_id), tx.pages.readings(document_id)
        batch = tx.batches.get(SYSTEM, document.batch_id)
    try:
        path = _fetch(tools, document)
    except Away as fault:
        return Later(str(fault), tools.clock.now())
    except BlobFault as fault:
        return _lost(document, fault)
    made = _issued(tools, document, batch, path, texts)
    if not isinstance(made, Done):
        return made
    it = made.value
    kept = deposit(tools, document, fields, pages, texts, it.composed, it.sealed, it.claims)
    return Done((it, kept.value)) if isinstance(kept, Done) else kept


def _issued(
    tools: IngestTools, document: Document, batch: Batch, path: Path, texts: Sequence[PageText]
) -> Outcome[Issued]:
    """Say of the file what was proven when it was signed last, by the row of that signing."""
    with tools.work.reading() as tx:
        try:
            paper = tx.signings.paper(batch.options[SIGNING])
            profile = tx.signings.batch(paper.batch_id).profile
        except Missing as fault:
            return _unsigned(document, str(fault))
    made = paper.signature
    if made is None or made.sha256 != document.original_sha256:
        return _unsigned(document, f"signing {paper.id} gave {made.sha256 if made else 'nothing'}")
    # what our own check said of this level under this profile before anybody was told that it is signed
    promised = profile_named(profile).promises and made.level != LEVEL
    verdict = Answer.INDETERMINATE if promised else Answer.VALID
    share = sum(text.engine == ENGINE for text in texts) / max(len(texts), 1)
    pdfa = _claimed(tools, path)
    if isinstance(pdfa, Refused):
        return pdfa
    sealed = Sealed(
        made.sha256,
        made.size,
        made.level,
        made.field,
        made.signed_at,
        made.certificate_sha256,
        made.certificate_serial,
        made.time_stamp_serial,
    )
    return Done(Issued(Composed(path, made.sha256, share, share), sealed, Claims(pdfa, verdict)))


def _fetch(tools: IngestTools, document: Document) -> Path:
    """Bring the signed file to this machine, where it may lie already. Raises `Away`, `BlobFault`."""
    path = tools.work_dir / document.id / _SEALED
    if not intact(path, document.original_sha256):
        path.parent.mkdir(parents=True, exist_ok=True)
        tools.blobs.copy_out(document.original_key, path, document.original_sha256)
    return path


def _words(tools: IngestTools, path: Path, page: Page) -> PageText:
    number, seconds = page.number or 1, image_seconds(tools.limits, page.width, page.height)
    try:
        return tools.children.run(
            "parse", seconds, page_words, path, page.frame, page.width, page.height, page.dpi
        ).numbered(number)
    except (ChildStuck, ChildDied) as fault:
        return unread(fault, number, page.width, page.height, page.dpi, tools.ocr)


def _claimed(tools: IngestTools, path: Path) -> str | Refused:
    try:
        return tools.children.run("parse", tools.limits.inspect_seconds, claimed_pdfa, path)
    except (Unfit, ChildStuck, ChildDied) as fault:
        return Refused(fault.code, str(fault), fault.tell)


def _known(tx: Tx, batch: Batch) -> dict[str, Any]:
    """Return the fields that the books know of a paper, as `Fields` names them; only what is not empty."""
    case_id, ordinal = batch.options[CASE], int(batch.options[ORDINAL])
    paper = next(one for one in tx.cases.get(case_id).papers if one.ordinal == ordinal)
    line = tx.numbers.newest_of_paper(f"{case_id}-{ordinal}")
    told: dict[str, Any] = {
        "number": paper.number,
        "issued_date": paper.dated.isoformat() if paper.dated else "",
    }
    parsed = parse_number(paper.number)
    if parsed is not None:
        told |= {"code_number": parsed.number, "code_notation": parsed.notation}
    if line is not None:
        unit = tx.units.get(line.series.unit_id, line.day)
        above = tx.units.above(unit.id, line.day)
        told |= {
            "type_name": line.type_name,
            "type_code": code_for(line.type_name),
            "organ_name": unit.name,
            "superior_organ": above[0].name if above else "",
            "subject": line.entry.subject,
            "signer_name": line.entry.signer,
            "recipients": tuple(
                filter(None, (one.strip() for one in re.split("[;\n]", line.entry.recipients)))
            ),
        }
    return {name: value for name, value in told.items() if value}


def _lost(document: Document, fault: BlobFault) -> Refused:
    return Refused(
        fault.code,
        f"{document.original_key}: {fault}",
        "Tệp đã ký của văn bản bị mất hoặc hỏng trong kho nên chưa lưu trữ được. Hãy báo quản trị viên khôi phục từ "
        "bản sao.",
    )


def _unsigned(document: Document, reason: str) -> Refused:
    return Refused(
        "signing-unknown",
        f"{document.id}: {reason}",
        "Không thấy lần ký nào cho ra tệp này nên văn bản chưa được lưu trữ. Hãy báo quản trị viên kiểm tra.",
    )
