"""What the register knows of the papers of cases: what they are called, and that a void paper's number is void."""

from procedures.numbering import void
from procedures.register_entry import LONGEST_REASON
from records.case import Case
from storage.number_values import NumberState
from storage.work import Tx


def paper_id(case: Case, ordinal: int) -> str:
    """Return what the register and the mark call a paper of a case."""
    return f"{case.id}-{ordinal}"


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
