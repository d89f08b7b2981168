"""A letter that was issued, as the public check meets it: its case, its number, its signing, and the code on it."""

import hashlib
from dataclasses import dataclass

from procedures.check_mark import make_mark
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import take
from records.case import Case, CasePaper, Signed
from records.clock import new_id
from records.units import System
from storage.number_values import Entry
from storage.signing_values import NewPaper, NewSigningBatch, Signature
from storage.work import Work
from tests.cases.case_rows import a_case, a_move

BASE = "http://vanthu.test"
NAME, REASON = "Trần Thị Lan", "Ghi sai họ tên đồng chí Lan"
FINAL, DRAWN = b"%PDF-1.7 final", b"%PDF-1.7 drawn"


@dataclass(frozen=True)
class Letter:
    """The case, and the path of the check of its letter."""

    case: Case
    path: str


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def public_letter(
    work: Work, official: str, void: str = "", move: str = "sign-letter", **parts: object
) -> Letter:
    """Issue a letter of the ward (which has a term), signed by the account `official`; the last move is `move`."""
    case_id = new_id()
    with work.begin() as tx:
        wish = Wish("ward", System.PARTY, "Giấy giới thiệu", Notation("ĐU"), f"{case_id}-1", Entry(NAME))
        number = take(tx, official, wish)
        batch = tx.signings.open_batch(NewSigningBatch("Ký", "official", "k", "", official, {}))
        paper = tx.signings.add_paper(batch.id, NewPaper("a.pdf", "drawn/a.pdf", sha(DRAWN), 3, "k"))
        now = work.clock.now()
        made = Signature("signed/a.pdf", sha(FINAL), 3, "PAdES-BASELINE-LTA", "NguoiKy", now, "c" * 64)
        tx.signings.signed(paper.id, made)
        signed = Signed("official", sha(DRAWN), sha(FINAL), paper.id)
        letter = CasePaper(1, "letter", number.written, number.day, sha(FINAL), (signed,), (), void)
        case = a_case(work, id=case_id, papers=(letter,), form={"full_name": NAME}, **parts)
        evidence = {"signed-official": f"{signed.after_sha256} {paper.id}"}
        comment = void or "Được"
        parts = {"move": move, "unit_id": "ward", "from_state": "x", "evidence": evidence, "comment": comment}
        line = a_move(case, key=case_id, **parts)
        tx.cases.add(case, line)
    mark = make_mark(BASE, f"{case_id}-1", number.written, number.day)
    return Letter(case, mark.url.removeprefix(BASE))
