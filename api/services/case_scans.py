"""The scans that stand for what was done on paper in a case: its parties may open them there, whatever their accounts.

Whoever attached a scan vouches for it with their own right: what any reader may see is shown, what only the one who
attached it may see is shown as long as they may, and a secret paper never by this way. Nobody opens a paper to others
by naming its id in a case (docs/decisions/0130).
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from api.services.documents import Download, file_name, guarded
from api.tools import Tools
from procedures.case_facts import person_of
from procedures.case_parties import parties_of_account
from procedures.cases import look
from records.access import SYSTEM, Actor, Level
from records.case import CaseMove
from records.errors import Missing
from storage.documents import Document
from storage.work import Tx


def scans_of(tx: Tx, tools: Tools, history: Iterable[CaseMove]) -> dict[int, bool]:
    """Return for each move that names a scan, by its ordinal, whether the scan can be opened in the case."""
    return {move.ordinal: _scan(tx, tools, move) is not None for move in history if move.evidence.get("scan")}


def scan_file(tools: Tools, actor: Actor, case_id: str, ordinal: int) -> Download:
    """Return the scan of a move; the fetching is in the log. Raises `Missing`, also when it cannot be opened."""
    with tools.work.reading() as tx:
        look(tx, tools.cases.tools, person_of(tx, actor.id), case_id)
        move = next((one for one in tx.cases.history(case_id) if one.ordinal == ordinal), None)
        document = None if move is None else _scan(tx, tools, move)
    if document is None or document.pdf is None:
        raise Missing(f"case {case_id}: move {ordinal} has no scan that can be opened")
    pdf = document.pdf
    with tools.work.begin() as tx:
        told: dict[str, str | int | bool] = {"document": document.id, "move": ordinal, "sha256": pdf.sha256}
        tx.audit.append(actor.id, "case-scan-downloaded", case_id, "done", told)
    name = file_name(document, PurePosixPath(pdf.key).suffix, "access")
    pieces = guarded(tools, pdf.key, pdf.sha256, document.id)
    return Download(name, "application/pdf", pdf.size, pdf.sha256, pieces)


def _scan(tx: Tx, tools: Tools, move: CaseMove) -> Document | None:
    """Return the archived scan of a move, None when there is none that its parties may open."""
    try:
        document = tx.documents.get(SYSTEM, move.evidence.get("scan", ""))
        if document.level is not Level.OPEN:
            account = tx.accounts.get(move.actor)
            parties = parties_of_account(tx, tools.cases.tools.definitions, account.id)
            document = tx.documents.get(replace(account.actor(), parties=parties), document.id)
    except Missing:
        return None
    return None if document.level is Level.SECRET or document.pdf is None else document
