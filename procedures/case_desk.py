"""Move a case together with its paper: draw it, number it, take what was signed on it, strike its number out.

A number is foreseen (taken, and the transaction given up), the paper drawn with it and kept, and only then is it taken
for good in the transaction of the move; who was overtaken meanwhile begins again. So nobody else waits for a drawing,
and a number is never without its paper. See docs/decisions/0101.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from procedures.asking import Ask
from procedures.case_boxes import BoxOrder, DrawBox, demand_words, hop_of, letter_day, newest_box
from procedures.case_drawing import Draw, Kept, keep_drawn
from procedures.case_numbers import paper_id, wish_of
from procedures.case_plan import Plan, plan_of
from procedures.case_said import DOCUMENT
from procedures.case_sheet import Issue, sheet_of
from procedures.case_upload import Fill, fill_draft, filling_of
from procedures.case_versions import Compare
from procedures.cases import CaseTools, Settle, look, move_in, tell_denied
from procedures.check_mark import make_mark
from procedures.definition import PaperKind
from procedures.number_steps import Wish
from procedures.numbering import take
from procedures.papers.sheet import BoxSheet
from records.case import Case, Person, Signed, current
from records.errors import Conflict, Missing, NotAllowed, Unfit
from records.members import Person as Particulars
from records.units import System
from signing.profiles import HOP
from signing.wish import wish_of as wish_said
from storage.blobs import BlobStore
from storage.cases import moved_meanwhile
from storage.number_values import Number
from storage.signing_values import PaperStage
from storage.work import Tx

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
    plan = plan_of(looked, person, ask)
    if plan is None:
        return Ready(ask)
    paper = current(plan.after)
    if paper is not None and plan.draws:
        return _drawn(desk, plan, person, ask)
    if plan.boxed:
        return _in_box(desk, plan, ask)
    return Ready(ask) if not plan.numbers else _on_paper(desk, plan, person, ask)


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
            number = take(tx, person.account_id, ready.wish)
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


def signatures_of(tx: Tx, person: Person, signing_papers: Sequence[str]) -> tuple[Signed, ...]:
    """Return the signatures that this person ordered and that are made, as the papers of signing batches tell them.

    Raises `Missing` (none of theirs), `Conflict` (`paper-not-signed`).
    """
    found = []
    for one in signing_papers:
        paper = tx.signings.paper(one)
        batch = tx.signings.batch(paper.batch_id)
        if batch.created_by != person.account_id:
            raise Missing(f"{one} is not {person.account_id}'s")
        if paper.state is not PaperStage.SIGNED or paper.signature is None:
            raise Conflict(
                f"{one} is {paper.state}",
                code="paper-not-signed",
                tell="Văn bản chưa được ký xong nên hồ sơ chưa chuyển bước. Hãy đợi kết quả ký rồi gửi lại.",
            )
        found.append(Signed(batch.profile, paper.source_sha256, paper.signature.sha256, paper.id))
    return tuple(found)


def words_signed(tx: Tx, signing_papers: Sequence[str]) -> str:
    """Return the hash of the drawn words that these papers of signing batches carry into a box, "" when none do."""
    batches = (tx.signings.batch(tx.signings.paper(one).batch_id) for one in signing_papers)
    drawn = next((words for batch in batches if (words := wish_said(batch.options).drawn)), b"")
    return hashlib.sha256(drawn).hexdigest() if drawn else ""


def _in_box(desk: CaseDesk, plan: Plan, ask: Ask) -> Ready:
    """A box of a letter that is signed already: the bytes stay those that the one before left, what this body writes is
    drawn as the visible part of its signature; a seal goes over the box that was signed last.
    """
    before, paper = current(plan.looked.case), current(plan.after)
    box = newest_box(paper) if paper else None
    if before is None or paper is None or box is None:
        raise Conflict(
            f"{plan.move.code}: no box of the sheet",
            code="paper-not-drawn",
            tell="Giấy giới thiệu của hồ sơ đang là bản giấy nên không ký số vào ô được. Hãy làm bước này ở kênh giấy.",
        )
    if ask.paper_sha256 not in ("", before.sha256):
        raise _other_than_shown(f"{ask.paper_sha256[:64]!r} was shown, the letter is {before.sha256}")
    drawn = b""
    if HOP in plan.move.signs:
        was = next((old.number for old in before.boxes if old.ordinal == box.ordinal), 0)
        with desk.tools.work.reading() as tx:
            hop = hop_of(tx, plan.after, box, was)
        drawn = desk.draw_box(BoxSheet(System.PARTY, letter_day(paper), box.number, hop))
    order = BoxOrder(box.number, letter_day(paper), drawn)
    demand_words(bool(ask.signed), ask.words_sha256, order.words_sha256)
    return Ready(replace(ask, paper_sha256=before.sha256, words_sha256=order.words_sha256), box=order)


def _on_paper(desk: CaseDesk, plan: Plan, person: Person, ask: Ask) -> Ready:
    """A number for a paper that is written outside: taken in the transaction, nothing is drawn with it."""
    with desk.tools.work.begin() as tx:
        member = _particulars(tx, plan, person)
        return Ready(ask, wish=_wish(tx, plan, member))


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
        wish = _wish(tx, plan, member) if plan.numbers else None
    foreseen = _foresee(desk, person, wish) if wish else None
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
    paper, today = current(plan.after), plan.looked.world.today
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


def _wish(tx: Tx, plan: Plan, member: Particulars | None) -> Wish:
    issue = Issue(plan.line.unit_id, _signing_role(plan), "", plan.looked.world.today)
    return wish_of(tx, plan.looked.definition, plan.after, _kind(plan), issue, plan.move.sets, member)


def _foresee(desk: CaseDesk, person: Person, wish: Wish) -> Number:
    """Return the number that would be given now; the try leaves nothing behind. Raises as `numbering.take`."""
    found: list[Number] = []
    try:
        with desk.tools.work.begin() as tx:
            found.append(take(tx, person.account_id, wish))
            raise _GivenUp
    except _GivenUp:
        return found[0]
