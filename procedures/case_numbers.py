"""Numbers of the papers of cases: what is wanted from the register, and that a void paper's number is void."""

from collections.abc import Sequence
from datetime import date

from procedures.case_facts import signs_for
from procedures.case_said import type_of
from procedures.case_sheet import Issue, notation_of
from procedures.definition import Definition, PaperKind
from procedures.number_holds import use
from procedures.number_steps import Wish, is_for
from procedures.numbering import take, void
from procedures.register_entry import LONGEST_REASON
from records.case import Case, current
from records.errors import Missing, Unfit
from records.members import Person as Particulars
from storage.number_values import Entry, Number, NumberState
from storage.work import Tx

MOST_HELD = 200
"""So many numbers of a body that are held are looked through."""


def paper_id(case: Case, ordinal: int) -> str:
    """Return what the register and the mark call a paper of a case."""
    return f"{case.id}-{ordinal}"


def wish_of(
    tx: Tx,
    definition: Definition,
    case: Case,
    kind: PaperKind,
    issue: Issue,
    sent_to: Sequence[str],
    member: Particulars | None,
) -> Wish:
    """Return what the newest paper of a case is numbered as, and its line in the register.

    `issue`: the unit that numbers it and the role that signs it; `sent_to`: the bodies it goes to, when the form does
    not say it. A paper of state secrets, numbered by the paper channel, is so in the register too.
    """
    unit, form, paper = tx.units.get(issue.unit_id, issue.day), case.form, current(case)
    type_name = type_of(definition, kind, form, unit.system)
    about = form.get("subject") or form.get("full_name") or (member.full_name if member else "")
    signer = next(iter(signs_for(tx, unit.id, issue.role, issue.day)), None)
    entry = Entry(
        subject=str(about) if "subject" in form else f"{kind.title}: {about}",
        signer=tx.accounts.get(signer.account_id).name if signer else "",
        recipients=_recipients(tx, case, issue, sent_to),
    )
    return Wish(
        unit.id,
        unit.system,
        type_name,
        notation_of(tx, case, unit, type_name, issue.day),
        paper_id(case, paper.ordinal if paper else 1),
        entry,
        secret=form.get("secrecy", "none") != "none",
    )


def give_number(tx: Tx, actor_id: str, wish: Wish, hold_id: str) -> Number:
    """Give a paper its number: the one that the actor held for it, or (`hold_id` "") the next of its series.

    Raises as `numbering.take` and `number_holds.use`; a number that is not in the register is `Unfit` (`hold-unknown`).
    """
    if not hold_id:
        return take(tx, actor_id, wish)
    try:
        return use(tx, actor_id, hold_id, wish, actor_id)
    except Missing as fault:
        raise Unfit(
            f"no number {hold_id[:80]!r} in the register of {wish.unit_id}",
            code="hold-unknown",
            tell="Không có số đang giữ này trong sổ của đơn vị. Hãy tải lại trang rồi chọn lại.",
        ) from fault


def holds_for(tx: Tx, definition: Definition, case: Case, unit_id: str, account_id: str) -> list[Number]:
    """Return the numbers that an account holds and the paper of a case may take: of its type, notation and secrecy."""
    paper, today = current(case), tx.numbers.today()
    kind = definition.papers[paper.kind] if paper else next(iter(definition.papers.values()))
    issue = Issue(unit_id, kind.signatures[0][1].role, "", today)
    wish = wish_of(tx, definition, case, kind, issue, (), None)
    held, _ = tx.numbers.page(unit_id, date.min, today, (), NumberState.HELD, MOST_HELD)
    return [
        number
        for number in reversed(held)
        if number.hold
        and number.hold.holder == account_id
        and number.hold.until >= today
        and is_for(number, wish)
    ]


def _recipients(tx: Tx, case: Case, issue: Issue, sent_to: Sequence[str]) -> str:
    if said := case.form.get("recipients"):
        return str(said)
    named = (case.bodies.get(body, ()) for body in sent_to)
    return "; ".join(tx.units.get(unit, issue.day).name for units in named for unit in units)


def strike_numbers(tx: Tx, before: Case, after: Case, actor_id: str) -> None:
    """Strike out the numbers of papers that a move made void, for the reason it gives; their lines stay.

    The whole reason stands in the history of the case; the register has room for its first letters.
    """
    known = {paper.ordinal: paper for paper in before.papers}
    for paper in after.papers:
        old = known.get(paper.ordinal)
        if not paper.void or old is None or old.void:
            continue
        number = tx.numbers.of_paper(paper_id(after, paper.ordinal))
        if number is not None and number.state is NumberState.ISSUED:
            void(tx, actor_id, number.series.unit_id, number.id, paper.void[:LONGEST_REASON])
