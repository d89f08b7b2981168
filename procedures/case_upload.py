"""The file that was handed in for an outgoing document becomes its paper: number, day and mark are burnt into it.

Before it has a number it is shown as it came; only what a signature and a number will need is looked for.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from procedures.case_people import signatory_of
from procedures.case_sheet import Issue, apart, written_number
from procedures.check_mark import CheckMark
from procedures.definition import Definition, PaperKind
from records.case import Case, Draft
from storage.blobs import BlobStore
from storage.work import Tx


@dataclass(frozen=True, slots=True)
class Filling:
    """What goes into a PDF from elsewhere, and what must stand on it already.

    `number`: the digits, "" while there is none: then nothing is burnt in. `notation`: how the printed rest of the
    number must read ("-CV/ĐU"). `signer`, `title`: of whom the signature block must be.
    """

    number: str
    notation: str
    day: date
    signer: str
    title: str
    mark: CheckMark | None = None


Fill = Callable[[Path, Filling], bytes]
"""Checks a PDF and burns a number in; in a limited child. Raises as `papers.fill.fill_upload`."""


def filling_of(
    tx: Tx, definition: Definition, case: Case, kind: PaperKind, issue: Issue, mark: CheckMark | None
) -> Filling:
    """Return what goes into the file of a case. Raises `Unfit` as `case_sheet.sheet_of`."""
    unit = tx.units.get(issue.unit_id, issue.day)
    who = signatory_of(tx, unit, issue.role, issue.account_id, issue.day)
    written = written_number(tx, definition, case, kind, issue)
    digits, _ = apart(written, unit.system)
    return Filling(
        number=digits if issue.number else "",
        notation=written.removeprefix(digits),
        day=issue.day,
        signer=who.name,
        title=who.title,
        mark=mark,
    )


def fill_draft(blobs: BlobStore, work_dir: Path, draft: Draft, filling: Filling, fill: Fill) -> bytes:
    """Return the PDF of a draft with `filling` in it. Raises as `fill`, and `BlobFault`."""
    key, sha256, _ = draft.shown
    with tempfile.TemporaryDirectory(prefix="draft-", dir=work_dir) as folder:
        path = Path(folder) / "draft.pdf"
        blobs.copy_out(key, path, sha256)
        return fill(path, filling)
