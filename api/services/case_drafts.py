"""Documents under way over HTTP: hand a file in, fetch it, compare versions, see opinions, preview a paper."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath

from fastapi.responses import Response

from api.multipart import FilePart
from api.once import Once
from api.reads import ReadLog
from api.schemas.case_drafts import DifferenceOut, UnitOpinionsOut
from api.schemas.cases import CaseOut
from api.services.case_views import units_acted_for
from api.services.cases import history_key, noted, person_of_actor
from api.services.signings import PaperFile
from api.tools import TakenDraftLike, Tools
from language.fold import canonical
from procedures.asking import Ask
from procedures.case_desk import preview
from procedures.case_facts import person_of
from procedures.case_versions import draft_of, version_of, what_changed
from procedures.cases import decided, look, move_in, see_case, tell_denied
from procedures.definition import MoveKind
from procedures.look_at_paper import look_at_drawn
from procedures.opinions import opinions_of
from records.access import Actor
from records.case import Draft, Person
from records.errors import Conflict, Missing, NotAllowed, Unfit
from storage.cases import moved_meanwhile
from storage.work import Tx

MOST_BYTES = 50 * 1024**2
"""Largest draft; `ingest.receive_draft` holds it too."""
_NOT_YET = Draft("du-thao.pdf", "received/00/none", "0" * 64, 0)
"""Stands for the file while it is judged whether this person may hand one in now."""


def hand_in(
    once: Once,
    tools: Tools,
    actor: Actor,
    case_id: str,
    part: FilePart,
    revision: int,
    move: str,
    comment: str,
    key: str,
    declared_sha256: str | None,
) -> Response:
    """Give a case a new file by an edit that takes one; bytes, version and move are one effect.

    Raises as `procedures.cases.move_case` (before any byte is kept), `ingest.receive_draft.take_draft`, and `Unfit`
    (`draft-not-here`).
    """
    ask = Ask(move, history_key(actor, key, "draft"), comment=comment, draft=_NOT_YET)

    def reach() -> TakenDraftLike:
        with tools.work.reading() as tx:
            person = person_of(tx, actor.id)
            looked = look(tx, tools.cases.tools, person, case_id)
            if tx.cases.move_under(case_id, ask.key) is None and looked.case.revision != revision:
                raise moved_meanwhile(case_id, revision)
        chosen = looked.definition.moves.get(move)
        if chosen is not None and chosen.kind is not MoveKind.EDIT:
            raise Unfit(
                f"{move[:80]!r} is no edit",
                code="draft-not-here",
                tell="Hãy lưu tệp vào dự thảo trước, rồi làm bước này.",
            )
        decided(looked.definition, looked.case, person, ask, looked.world)
        return tools.take_draft(part.name, part.chunks(), actor.id, case_id, declared_sha256)

    def do(tx: Tx, taken: TakenDraftLike) -> CaseOut:
        taken.enter(tx)
        asked = replace(ask, draft=taken.draft)
        case = move_in(tx, tools.cases.tools, person_of(tx, actor.id), case_id, revision, asked)
        return CaseOut.of(case, tools.cases.tools.definitions.get(case.procedure, case.version))

    try:
        return noted(tools, once.beyond(reach, do))
    except NotAllowed as fault:
        tell_denied(tools.cases.tools, person_of_actor(tools, actor), case_id, ask, fault)
        raise


def must_exist(tools: Tools, actor: Actor, case_id: str) -> None:
    """Raise `Missing` when the case does not exist for the caller."""
    with tools.work.reading() as tx:
        look(tx, tools.cases.tools, person_of(tx, actor.id), case_id)


def draft_file(tools: Tools, actor: Actor, case_id: str, number: int, *, as_pdf: bool) -> PaperFile:
    """Return the file of a version, as it was handed in or as the PDF made of it; the fetching is in the log."""
    draft = draft_of(tools.cases.tools, person_of_actor(tools, actor), case_id, number)
    key, sha256, size = draft.shown if as_pdf else (draft.key, draft.sha256, draft.size)
    told: dict[str, str | int | bool] = {"version": number, "sha256": sha256}
    with tools.work.begin() as tx:
        tx.audit.append(actor.id, "case-draft-downloaded", case_id, "done", told)
    name = f"{PurePosixPath(draft.name).stem}.pdf" if as_pdf else draft.name
    return PaperFile(canonical(name), size, sha256, tools.blobs.stream(key, sha256))


def difference(tools: Tools, reads: ReadLog, actor: Actor, case_id: str, old: int, new: int) -> DifferenceOut:
    """Return what changed between two versions; the look is in the log. Raises `Missing`, as `what_changed`."""
    person = person_of_actor(tools, actor)
    before, after = (version_of(tools.cases.tools, person, case_id, one) for one in (old, new))
    _note(tools, reads, actor, person, case_id)
    desk = tools.cases
    found = what_changed(desk.blobs, desk.work_dir, desk.compare, before, after)
    return DifferenceOut.of(old, new, found)


def opinions(tools: Tools, reads: ReadLog, actor: Actor, case_id: str) -> list[UnitOpinionsOut]:
    """Return the opinions of the bodies that were asked, by unit; the look is in the log. Raises `Missing`."""
    person = person_of_actor(tools, actor)
    seen = see_case(tools.cases.tools, person, case_id)
    reads.case(actor, case_id, seen.case.revision, units_acted_for(person, seen.case))
    found = opinions_of(seen.case, seen.history)
    with tools.work.reading() as tx:
        day = tx.units.today()
        return [UnitOpinionsOut.of(one, _name(tx, one.unit_id, day)) for one in found]


@dataclass(frozen=True, slots=True)
class Previewed:
    """Which paper is looked at: the move that would draw it, and the number held for it with its date, if any."""

    case_id: str
    move: str
    hold_id: str = ""
    dated: date | None = None


def preview_paper(tools: Tools, reads: ReadLog, actor: Actor, wanted: Previewed) -> bytes:
    """Return the paper as a move would draw it now; the look is in the log. Raises as `case_desk.preview`."""
    person = person_of_actor(tools, actor)
    ask = Ask(wanted.move, "preview", comment="-", hold_id=wanted.hold_id, dated=wanted.dated)
    pdf = preview(tools.cases, person, wanted.case_id, ask)
    _note(tools, reads, actor, person, wanted.case_id)
    return pdf


def preview_page(
    tools: Tools, reads: ReadLog, actor: Actor, wanted: Previewed, sha256: str, number: int, width: int
) -> bytes:
    """Return a page of the paper as a move would draw it now, as a PNG, when it still is the one with this hash.

    Raises as `preview_paper`, `look_at_paper.look_at_drawn`, and `Conflict` (`revision-changed`).
    """
    pdf = preview_paper(tools, reads, actor, wanted)
    if hashlib.sha256(pdf).hexdigest() != sha256:
        raise Conflict(
            f"case {wanted.case_id}: {wanted.move[:80]!r} draws another paper than {sha256}",
            code="revision-changed",
            tell="Văn bản sẽ ghi không còn là bản bạn đang xem (nội dung hoặc ngày đã đổi). "
            "Hãy tải lại trang xem trước.",
        )
    return look_at_drawn(tools.look, pdf, number, width)


def _note(tools: Tools, reads: ReadLog, actor: Actor, person: Person, case_id: str) -> None:
    with tools.work.reading() as tx:
        case = look(tx, tools.cases.tools, person, case_id).case
    reads.case(actor, case_id, case.revision, units_acted_for(person, case))


def _name(tx: Tx, unit_id: str, day: date) -> str:
    try:
        return tx.units.get(unit_id, day).name
    except Missing:  # it was asked and is no more
        return ""
