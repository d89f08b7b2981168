"""Sign the papers of many cases in one go: order them together, start on what was seen, then make each move by itself.

What was asked waits in a row beside the paper, so a reload, a crash or another day changes nothing: the move is made
under the key it was ordered with, at most once. See docs/decisions/0108.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from api.once import Once
from api.schemas.case_desks import (
    CaseSigningOut,
    CaseSigningsOut,
    OneOrderIn,
    OpenSigningOut,
    OrdersIn,
    RefusedOut,
)
from api.schemas.cases import CaseSigningIn, MoveIn
from api.schemas.signings import PaperCountsOut
from api.services.case_views import about
from api.services.cases import Ordered, enter_order, open_batch_for, person_of_actor, ready_order, signed_ask
from api.services.signings import (
    cancel,
    own_batch,
    start,
)
from api.tools import Tools
from procedures.case_desk import move_with_paper
from procedures.cases import look
from records.access import Actor
from records.clock import new_id
from records.errors import ArchiveFault, Away, Conflict, Missing, NotAllowed, Unfit
from storage.case_signings import CaseSigning, WaitStage
from storage.signing_notes import keep_paper_note
from storage.signing_values import BatchStage, PaperStage
from storage.work import Tx

_CASE_MOVED = (
    "Hồ sơ đã được người khác xử lý sau khi bạn xem nên văn bản này không được ký. Hãy tải lại hồ sơ."
)


@dataclass(frozen=True, slots=True)
class _Found:
    taken: tuple[tuple[OneOrderIn, str, Ordered], ...]
    refused: tuple[RefusedOut, ...]


def order(once: Once, tools: Tools, actor: Actor, wanted: OrdersIn) -> Response:
    """Draw the papers of these moves and open one signing batch with them; nothing is started, no case is changed.

    A paper that cannot be had is told and the others go on. Raises `Missing` (a case that is not yours to see),
    `Unfit` (`orders-mixed`: they need signatures of several kinds; as the first refusal when nothing is left).
    """
    entered: list[str] = []

    def reach() -> _Found:
        return _reach(tools, actor, wanted)

    group_id = new_id()

    def settle(tx: Tx, found: _Found) -> CaseSigningsOut:
        shared, there = dict[str, str](), set[tuple[str, str]]()
        for ordinal, (one, key, ready) in enumerate(found.taken, start=1):
            title = wanted.title or ready.title
            same = (ready.key, ready.paper.sha256)
            joins = ready.alike and same not in there  # a batch has one key, and holds the same bytes once
            batch_id = shared.get(ready.key, "") if joins else ""
            batch_id = batch_id or open_batch_for(tx, tools, actor, title, ready).id
            if joins:
                shared[ready.key] = batch_id
                there.add(same)
            paper = enter_order(tx, actor, batch_id, one.case_id, ready)
            tx.case_signings.add(
                CaseSigning(
                    paper_id=paper.id,
                    group_id=group_id,
                    ordinal=ordinal,
                    batch_id=batch_id,
                    case_id=one.case_id,
                    revision=one.revision,
                    ordered_by=actor.id,
                    asked=one.model_dump(mode="json"),
                    key=key,
                )
            )
            entered.append(paper.id)
        return _told(tx, tools, actor, group_id).model_copy(update={"refused": list(found.refused)})

    answer = once.beyond(reach, settle, 201)
    for paper_id in entered:  # none when the answer was given before
        keep_paper_note(tools.notebook, paper_id)
    return answer


def _reach(tools: Tools, actor: Actor, wanted: OrdersIn) -> _Found:
    person = person_of_actor(tools, actor)
    taken: list[tuple[OneOrderIn, str, Ordered]] = []
    refused: list[tuple[RefusedOut, ArchiveFault]] = []
    if len({one.case_id for one in wanted.orders}) != len(wanted.orders):
        raise Unfit(
            "a case twice", code="case-twice", tell="Một hồ sơ được chọn hai lần. Hãy tải lại danh sách."
        )
    for one in wanted.orders:
        key = new_id()
        asked = CaseSigningIn(**one.model_dump(exclude={"case_id"}), key=wanted.key)
        try:
            taken.append((one, key, ready_order(tools, person, one.case_id, asked, key)))
        except (Missing, Away):
            raise
        except (Conflict, NotAllowed, Unfit) as fault:
            refused.append((RefusedOut(case_id=one.case_id, code=fault.code, tell=fault.tell), fault))
    if not taken:
        raise refused[0][1]
    if len({ready.profile for _, _, ready in taken}) > 1:
        raise Unfit(
            "several profiles in one batch",
            code="orders-mixed",
            tell="Các văn bản đã chọn cần những loại chữ ký khác nhau (ký, đóng dấu). Hãy chọn từng loại rồi làm lại.",
        )
    return _Found(tuple(taken), tuple(told for told, _ in refused))


def see(tools: Tools, actor: Actor, group_id: str) -> CaseSigningsOut:
    """Return papers that are signed together, with the move of each. Raises `Missing` also for another person's."""
    with tools.work.reading() as tx:
        return _told(tx, tools, actor, group_id)


def waiting(tools: Tools, actor: Actor) -> list[OpenSigningOut]:
    """Return what the caller ordered together and in which moves still wait, so that what was begun is found again."""
    with tools.work.reading() as tx:
        found = []
        for group_id, moves in tx.case_signings.groups_waiting(actor.id):
            told = _told(tx, tools, actor, group_id)
            found.append(
                OpenSigningOut(
                    id=told.id, title=told.title, state=told.state, created_at=told.created_at, moves=moves
                )
            )
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def begin(tx: Tx, tools: Tools, actor: Actor, group_id: str, seen: Mapping[str, str]) -> CaseSigningsOut:
    """Let the papers be signed as they were seen; those of cases that were moved meanwhile are left out, each told.

    Raises as `signings.start`; nothing is started then.
    """
    rows = _rows(tx, actor, group_id)
    opened = {one: own_batch(tx, actor, one) for one in dict.fromkeys(row.batch_id for row in rows)}
    todo = [one for one, batch in opened.items() if batch.state is BatchStage.OPEN]
    left: dict[str, dict[str, str]] = {one: {} for one in todo}
    for row in rows:
        if row.batch_id not in left or row.state is not WaitStage.WAITING:
            continue
        if tx.cases.get(row.case_id).revision != row.revision:
            tx.signings.refused(row.paper_id, "case-moved", f"case {row.case_id} was moved", _CASE_MOVED)
            tx.case_signings.end(row.paper_id, WaitStage.REFUSED, "case-moved", _CASE_MOVED)
        else:
            left[row.batch_id][row.paper_id] = seen.get(row.paper_id, "")
    if todo and not any(left.values()):
        raise Conflict(f"nothing of {group_id} can be signed", code="case-moved", tell=_CASE_MOVED)
    known = {row.paper_id for row in rows}
    if todo and not known >= seen.keys():
        raise Conflict(
            f"{group_id}: seen what is not in it",
            code="revision-changed",
            tell="Những gì bạn đã xem không khớp với những gì sẽ được ký. Chưa ký gì; hãy tải lại trang rồi xem lại.",
        )
    for batch_id in todo:
        if left[batch_id]:
            start(tx, tools, actor, batch_id, left[batch_id])
        else:
            cancel(tx, actor, batch_id)
    return _told(tx, tools, actor, group_id)


def stop(tx: Tx, tools: Tools, actor: Actor, group_id: str) -> CaseSigningsOut:
    """Let nothing more be signed; what is signed stays signed, and its case may still be moved. Raises `Missing`."""
    for batch_id in dict.fromkeys(row.batch_id for row in _rows(tx, actor, group_id)):
        cancel(tx, actor, batch_id)
    return give_up(tx, tools, actor, group_id)


def give_up(tx: Tx, tools: Tools, actor: Actor, group_id: str) -> CaseSigningsOut:
    """Note the moves of papers that will not be signed any more. Raises `Missing`."""
    for row in _rows(tx, actor, group_id):
        paper = tx.signings.paper(row.paper_id)
        if paper.state in (PaperStage.REFUSED, PaperStage.CANCELLED):
            tell = paper.tell or "Đợt ký đã dừng trước khi văn bản này được ký. Hồ sơ giữ nguyên."
            tx.case_signings.end(row.paper_id, WaitStage.REFUSED, paper.code or "cancelled", tell)
    return _told(tx, tools, actor, group_id)


def make_moves(tools: Tools, actor: Actor, group_id: str) -> CaseSigningsOut:
    """Make the moves of the papers that are signed by now, each in its own transaction; asking again makes the rest.

    What a case refuses is told with its row, and its paper stays signed. Raises `Missing`, `Away`: ask again.
    """
    with tools.work.begin() as tx:
        give_up(tx, tools, actor, group_id)
        rows = [row for row in tx.case_signings.of_group(group_id) if row.state is WaitStage.WAITING]
        signed = {row.paper_id for row in rows if tx.signings.paper(row.paper_id).state is PaperStage.SIGNED}
    for row in rows:
        if row.paper_id in signed:
            _make(tools, actor, row)
    return see(tools, actor, group_id)


def _make(tools: Tools, actor: Actor, row: CaseSigning) -> None:
    person = person_of_actor(tools, actor)
    asked: dict[str, Any] = {name: value for name, value in row.asked.items() if name != "case_id"}
    wanted = MoveIn(**asked, signings=[row.paper_id])
    try:
        with tools.work.reading() as tx:
            looked = look(tx, tools.cases.tools, person, row.case_id)
            ask = signed_ask(tx, tools, person, looked, wanted, row.key)
        move_with_paper(tools.cases, person, row.case_id, row.revision, ask)
    except (Conflict, NotAllowed, Unfit, Missing) as fault:
        if fault.code == "number-overtaken":
            raise
        with tools.work.begin() as tx:
            tx.case_signings.end(row.paper_id, WaitStage.REFUSED, fault.code, fault.tell)
        return
    with tools.work.begin() as tx:
        tx.case_signings.end(row.paper_id, WaitStage.MOVED)


def _rows(tx: Tx, actor: Actor, group_id: str) -> list[CaseSigning]:
    """Return what was ordered together by the caller. Raises `Missing` for everything else."""
    rows = tx.case_signings.of_group(group_id)
    if not rows or rows[0].ordered_by != actor.id:
        raise Missing(f"no case signings {group_id} of {actor.id}")
    return rows


def _told(tx: Tx, tools: Tools, actor: Actor, group_id: str) -> CaseSigningsOut:
    rows = _rows(tx, actor, group_id)
    batches = [tx.signings.batch(one) for one in dict.fromkeys(row.batch_id for row in rows)]
    counts: Counter[str] = Counter()
    items = []
    for row in rows:
        paper, case = tx.signings.paper(row.paper_id), tx.cases.get(row.case_id)
        counts[str(paper.state)] += 1
        definition = tools.cases.tools.definitions.get(case.procedure, case.version)
        move = definition.moves[str(row.asked["move"])]
        items.append(
            CaseSigningOut(
                **CaseSigningOut.words(row),
                title=move.title,
                about=about(case, definition),
                sha256=paper.source_sha256,
                size=paper.source_size,
                paper_state=paper.state,
                paper_tell=paper.tell,
            )
        )
    return CaseSigningsOut(
        id=group_id,
        title=batches[0].title,
        key=", ".join(dict.fromkeys(batch.key for batch in batches)),
        state=_together([batch.state for batch in batches]),
        message=next((batch.message for batch in batches if batch.message), ""),
        created_at=batches[0].created_at,
        papers=PaperCountsOut(**counts),
        items=items,
    )


def _together(states: Sequence[BatchStage]) -> BatchStage:
    """Return the state of several batches as one: what still waits comes before what has ended."""
    order = (BatchStage.OPEN, BatchStage.HELD, BatchStage.RUNNING, BatchStage.DESK, BatchStage.FINISHED)
    return next((one for one in order if one in states), BatchStage.CANCELLED)
