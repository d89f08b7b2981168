"""Move a case together with its paper: draw it, number it, take what was signed on it, strike its number out.

A number is foreseen (taken, and the transaction given up), the paper drawn with it and kept, and only then is it taken
for good in the transaction of the move; who was overtaken meanwhile begins again. So nobody else waits for a drawing,
and a number is never without its paper. See docs/decisions/0101.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from procedures.asking import Ask
from procedures.case_boxes import BoxOrder, DrawBox, box_order, demand_words
from procedures.case_drawing import Draw, Kept, keep_drawn
from procedures.case_numbers import give_number, paper_id, wish_of
from procedures.case_plan import Plan, plan_of
from procedures.case_said import DOCUMENT
from procedures.case_sheet import Issue, sheet_of
from procedures.case_upload import Fill, fill_draft, filling_of
from procedures.case_versions import Compare
from procedures.cases import CaseTools, Looked, Settle, look, move_in, tell_denied
from procedures.check_mark import make_mark
from procedures.definition import PaperKind
from procedures.number_steps import Wish
from records.case import Case, Person, current
from records.errors import Conflict, NotAllowed, Unfit
from records.members import Person as Particulars
from storage.blobs import BlobStore
from storage.cases import moved_meanwhile
from storage.number_values import Number
from storage.work import Tx

SIGNED_DAYS = 10
"""So many days after the day it is dated a signed paper may still be moved: a signature late in the evening, a queue,
Tết between the two."""
TRIES = 5
"""So often a move whose number was taken by somebody faster is begun again."""


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """What moving cases with papers needs. `public_url`: where anybody may check a paper, "": papers have no mark.

    `fill`: burns a number into a PDF that was handed in; `compare`: two versions.
    """

    tools: CaseTools
    blobs: BlobStore
    draw: Draw
    draw_box: DrawBox
    work_dir: Path
    public_url: str = ""
    fill: Fill = field(kw_only=True)
    compare: Compare = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Ready:
    """A move that is about to be made: the asking with its paper's hash, the bytes kept for it, the number foreseen,
    and the box that is signed or sealed with it.
    """

    ask: Ask
    kept: Kept | None = None
    wish: Wish | None = None
    foreseen: Number | None = None
    box: BoxOrder | None = None


class _GivenUp(Exception):
    """Ends a transaction that was only a try."""


def move_with_paper(desk: CaseDesk, person: Person, case_id: str, revision: int, ask: Ask) -> Case:
    """Move a case as `procedures.cases.move_case`, with all that belongs to its paper.

    Raises as that, as `papers.render.render`, `case_sheet.sheet_of` and `numbering.take`, `Away` (a store), and
    `Conflict` (`revision-changed`: what was shown is not what would be drawn now; `number-overtaken`).
    """
    for left in reversed(range(TRIES)):
        try:
            ready = prepare(desk, person, case_id, revision, ask)
            with desk.tools.work.begin() as tx:
                return move_in(tx, desk.tools, person, case_id, revision, ready.ask, settle(ready, person))
        except Conflict as fault:
            if fault.code != "number-overtaken" or not left:
                raise
        except NotAllowed as fault:
            tell_denied(desk.tools, person, case_id, ask, fault)
            raise
    raise RuntimeError("no try was made")


def prepare(desk: CaseDesk, person: Person, case_id: str, revision: int, ask: Ask) -> Ready:
    """Judge a move, draw and keep the paper it needs; nothing of the case is changed. Raises as `move_with_paper`."""
    with desk.tools.work.reading() as tx:
        looked = look(tx, desk.tools, person, case_id)
        if tx.cases.move_under(case_id, ask.key) is not None:
            return Ready(ask)  # made before; the transaction of the move tells whether it was this one
        if looked.case.revision != revision:
            raise moved_meanwhile(case_id, revision)
    if ask.signed:
        dated = _as_signed(desk, looked, person, ask)
        ask = ask if dated is None else replace(ask, signed_on=dated)
    plan = plan_of(looked, person, ask)
    if plan is None:
        return Ready(ask)
    paper = current(plan.after)
    if paper is not None and plan.draws:
        return _drawn(desk, plan, person, ask)
    if plan.boxed:
        return _in_box(desk, plan, ask)
    return Ready(ask) if not plan.numbers else _on_paper(desk, plan, person, ask)


def _as_signed(desk: CaseDesk, looked: Looked, person: Person, ask: Ask) -> date | None:
    """Return the earlier day that what was signed is dated, None when that is today or cannot be found.

    Found by drawing it as of that day: only what is the same to the byte was signed then. See docs/decisions/0128.
    """
    today = looked.world.today
    for back in range(SIGNED_DAYS + 1):
        day = today - timedelta(days=back)
        plan = plan_of(looked, person, replace(ask, signed_on=day))
        if plan is None or not plan.move.signs or not (plan.draws or plan.boxed):
            return None
        if _is_signed(desk, plan, person, ask):
            return day if back else None
    return None


def _is_signed(desk: CaseDesk, plan: Plan, person: Person, ask: Ask) -> bool:
    if plan.draws:
        pdf, _, _ = _made(desk, plan, person, ask)
        return hashlib.sha256(pdf).hexdigest() == ask.signed[0].before_sha256
    order = _box_order(desk, plan)
    return order is None or order.words_sha256 == ask.words_sha256


def preview(desk: CaseDesk, person: Person, case_id: str, ask: Ask) -> bytes:
    """Return the paper as this move would draw it now; nothing is kept and no number is taken.

    Raises as `prepare`, and `Unfit` (`nothing-to-draw`).
    """
    with desk.tools.work.reading() as tx:
        looked = look(tx, desk.tools, person, case_id)
    plan = plan_of(looked, person, ask)
    if plan is None or not plan.draws:
        raise Unfit(
            f"{ask.move[:80]!r} draws nothing",
            code="nothing-to-draw",
            tell="Bước này không lập bản mới của văn bản nên không có gì để xem trước. Hãy mở văn bản đang có.",
        )
    return _made(desk, plan, person, ask)[0]


def settle(ready: Ready, person: Person) -> Settle:
    """Return what the transaction of the move does for its paper: number it, write its bytes down, void its number."""

    def do(tx: Tx, case: Case, ask: Ask) -> Ask:
        if ready.kept is not None:
            ready.kept.enter(tx)
        if ready.wish is not None:
            number = give_number(tx, person.account_id, ready.wish, ready.ask.hold_id)
            seen = ready.foreseen
            if seen is not None and (number.written, number.day) != (seen.written, seen.day):
                raise Conflict(
                    f"{seen.written} of {seen.day} was foreseen, {number.written} of {number.day} is next",
                    code="number-overtaken",
                    tell="Số văn bản vừa được người khác lấy trước. Chưa ghi gì; hãy gửi lại.",
                )
            ask = replace(ask, number=number.written, dated=number.day)
        return ask

    return do


def _in_box(desk: CaseDesk, plan: Plan, ask: Ask) -> Ready:
    """A box of a letter that is signed already: the bytes stay those that the one before left, what this body writes is
    drawn as the visible part of its signature; a seal goes over the box that was signed last.
    """
    before, order = current(plan.looked.case), _box_order(desk, plan)
    if before is None or order is None:
        raise Conflict(
            f"{plan.move.code}: no box of the sheet",
            code="paper-not-drawn",
            tell="Giấy giới thiệu của hồ sơ đang là bản giấy nên không ký số vào ô được. Hãy làm bước này ở kênh giấy.",
        )
    if ask.paper_sha256 not in ("", before.sha256):
        raise _other_than_shown(f"{ask.paper_sha256[:64]!r} was shown, the letter is {before.sha256}")
    demand_words(bool(ask.signed), ask.words_sha256, order.words_sha256)
    return Ready(replace(ask, paper_sha256=before.sha256, words_sha256=order.words_sha256), box=order)


def _box_order(desk: CaseDesk, plan: Plan) -> BoxOrder | None:
    with desk.tools.work.reading() as tx:
        return box_order(tx, plan.looked.case, plan.after, plan.move.signs, desk.draw_box)


def _on_paper(desk: CaseDesk, plan: Plan, person: Person, ask: Ask) -> Ready:
    """A number for a paper that is written outside: taken in the transaction, nothing is drawn with it."""
    with desk.tools.work.begin() as tx:
        member = _particulars(tx, plan, person)
        return Ready(ask, wish=_wish(tx, plan, member, ask))


def _drawn(desk: CaseDesk, plan: Plan, person: Person, ask: Ask) -> Ready:
    pdf, wish, foreseen = _made(desk, plan, person, ask)
    kept = keep_drawn(desk.tools.work, desk.blobs, desk.work_dir, pdf, person.account_id, plan.after.id)
    if ask.paper_sha256 not in ("", kept.sha256):
        raise _other_than_shown(f"{ask.paper_sha256[:64]!r} was shown, {kept.sha256} would be drawn")
    box = BoxOrder(1, _issue(plan, person, foreseen).day) if plan.boxed else None
    return Ready(replace(ask, paper_sha256=kept.sha256), kept, wish, foreseen, box)


def _made(desk: CaseDesk, plan: Plan, person: Person, ask: Ask) -> tuple[bytes, Wish | None, Number | None]:
    """Return the paper as the move would make it now, and the number it would get."""
    with desk.tools.work.begin() as tx:
        if ask.bodies:
            desk.tools.demand_places(tx, plan.looked.definition, plan.after.bodies)
        member = _particulars(tx, plan, person)
        wish = _wish(tx, plan, member, ask) if plan.numbers else None
    foreseen = _foresee(desk, person, wish, ask.hold_id) if wish else None
    return _pdf(desk, plan, _issue(plan, person, foreseen), member), wish, foreseen


def _pdf(desk: CaseDesk, plan: Plan, issue: Issue, member: Particulars | None) -> bytes:
    """Return the paper as it is issued: the file that was handed in with its number burnt in, or drawn by template."""
    paper, kind = current(plan.after), _kind(plan)
    mark = None
    if desk.public_url and issue.number:
        ordinal = paper.ordinal if paper else 1
        mark = make_mark(desk.public_url, paper_id(plan.after, ordinal), issue.number, issue.day)
    definition, draft = plan.looked.definition, plan.after.draft
    if kind.template == DOCUMENT and draft is not None:
        with desk.tools.work.reading() as tx:
            filling = filling_of(tx, definition, plan.after, kind, issue, mark)
        return fill_draft(desk.blobs, desk.work_dir, draft, filling, desk.fill)
    with desk.tools.work.reading() as tx:
        sheet = sheet_of(tx, definition, plan.after, kind, issue, member)
    return desk.draw(sheet, plan.looked.case.moved_at, mark)


def _other_than_shown(reason: str) -> Conflict:
    return Conflict(
        reason,
        code="revision-changed",
        tell="Văn bản sẽ ghi không còn là bản bạn đã xem (nội dung hoặc ngày đã đổi). Chưa ghi gì; hãy xem lại bản mới "
        "rồi làm lại.",
    )


def _particulars(tx: Tx, plan: Plan, person: Person) -> Particulars | None:
    """The file of the member, None for a case about nobody; the look is in the log."""
    if not plan.after.member_id:
        return None
    viewer = tx.posts.viewer(person.account_id, [plan.after.member_id])
    return tx.members.show(viewer, plan.after.member_id).member.person


def _kind(plan: Plan) -> PaperKind:
    paper = current(plan.after)
    if paper is None:
        raise RuntimeError(f"{plan.move.code}: no paper to draw")
    return plan.looked.definition.papers[paper.kind]


def _issue(plan: Plan, person: Person, foreseen: Number | None) -> Issue:
    paper, today = current(plan.after), plan.day
    if foreseen is not None:
        return Issue(plan.line.unit_id, _signing_role(plan), "", foreseen.day, foreseen.written)
    before = current(plan.looked.case)
    if paper is not None and before is not None and before.number and before.dated:
        return Issue(plan.line.unit_id, _signing_role(plan), "", before.dated, before.number)
    if plan.move.signs:  # a draft is of whichever body signs it
        return Issue(plan.line.unit_id, plan.line.role, person.account_id, today)
    signs = _kind(plan).signatures[0][1]
    return Issue(plan.after.bodies[signs.body][0], signs.role, "", today)


def _signing_role(plan: Plan) -> str:
    return _kind(plan).signatures[0][1].role


def _wish(tx: Tx, plan: Plan, member: Particulars | None, ask: Ask) -> Wish:
    issue = Issue(plan.line.unit_id, _signing_role(plan), "", plan.day)
    wish = wish_of(tx, plan.looked.definition, plan.after, _kind(plan), issue, plan.move.sets, member)
    return replace(wish, issued_on=ask.dated) if ask.hold_id else wish


def _foresee(desk: CaseDesk, person: Person, wish: Wish, hold_id: str) -> Number:
    """Return the number that would be given now; the try leaves nothing behind. Raises as `give_number`."""
    found: list[Number] = []
    try:
        with desk.tools.work.begin() as tx:
            found.append(give_number(tx, person.account_id, wish, hold_id))
            raise _GivenUp
    except _GivenUp:
        return found[0]
