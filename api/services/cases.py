"""Cases over HTTP: open, look, list, let a paper be signed, move, fetch a paper. The rights are the procedures'."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fastapi.responses import Response

from api.once import Once
from api.reads import ReadLog
from api.schemas.cases import (
    CaseIn,
    CaseListedOut,
    CaseOut,
    CaseSeenOut,
    CaseSigningIn,
    DueOut,
    MoveIn,
    UnitOut,
)
from api.schemas.common import Listing
from api.schemas.signing_desk import SignedOneOut
from api.schemas.signings import PaperOut, SigningBatchIn
from api.services.signings import PaperFile, open_batch
from api.tools import Tools
from ingest.receive_paper import PAPER_RECEIVED
from language.fold import canonical
from procedures.case_desk import TRIES, Ready, prepare, settle, signatures_of, words_signed
from procedures.case_drawing import key_of
from procedures.case_facts import person_of
from procedures.case_said import issuing_system
from procedures.cases import CaseSeen, cases_of, look, move_in, open_in, see_case, tell_denied
from procedures.definition import MoveKind
from records.access import Actor
from records.case import Case, Person, current
from records.clock import new_id
from records.errors import Conflict, Missing, NotAllowed, Unfit
from signing.wish import Wish
from storage.signing_notes import Notebook, keep_paper_note
from storage.signing_values import NewPaper
from storage.work import Tx

_WAITING = frozenset({MoveKind.FORWARD, MoveKind.EDIT, MoveKind.END})
"""Moves for which a case waits for somebody; that one could return it or take it back is no waiting."""


def open_case(once: Once, tools: Tools, actor: Actor, wanted: CaseIn, key: str | None) -> Response:
    """Open a case. Raises as `procedures.cases.open_case`."""
    person = _person(tools, actor)
    about = tools.cases.tools.definitions
    ask = wanted.ask(_own_key(actor, key))

    def do(tx: Tx) -> CaseOut:
        asking = person_of(tx, actor.id)
        member_id = wanted.member_id
        if not member_id and any(one.code == wanted.procedure and one.about_member for one in about.all()):
            member_id = asking.member_id
        return _out(tools, open_in(tx, tools.cases.tools, asking, wanted.procedure, ask, member_id))

    try:
        return once.in_one(do, 201)
    except NotAllowed as fault:
        tell_denied(tools.cases.tools, person, wanted.procedure, ask, fault)
        raise


def see(tools: Tools, reads: ReadLog, actor: Actor, case_id: str) -> CaseSeenOut:
    """Return a case with all that belongs to it; the look is in the log. Raises `Missing`."""
    seen = see_case(tools.cases.tools, _person(tools, actor), case_id)
    reads.case(actor, case_id)
    return CaseSeenOut.seen(seen)


def mine(tools: Tools, actor: Actor, states: list[str], limit: int, offset: int) -> Listing[CaseListedOut]:
    """Return the cases that exist for the caller, last moved first, with what waits for them in each."""
    person = _person(tools, actor)
    found, total = cases_of(tools.cases.tools, person, states, limit, offset)
    items = [_listed(see_case(tools.cases.tools, person, case.id)) for case in found]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def move(once: Once, tools: Tools, actor: Actor, case_id: str, wanted: MoveIn, key: str | None) -> Response:
    """Move a case with its paper. Raises as `procedures.case_desk.move_with_paper` and `signatures_of`."""
    own_key = _own_key(actor, key)
    ask = wanted.ask(own_key)

    def reach() -> Ready:
        with tools.work.reading() as tx:
            person = person_of(tx, actor.id)
            looked = look(tx, tools.cases.tools, person, case_id)  # 404 before anything else is told
            signed = signatures_of(tx, person, wanted.signings)
            words = words_signed(tx, wanted.signings)
        asked = replace(wanted.ask(own_key, signed), words_sha256=words)
        return prepare(tools.cases, person, looked.case.id, wanted.revision, asked)

    def do(tx: Tx, ready: Ready) -> CaseOut:
        person = person_of(tx, actor.id)
        done = settle(ready, person)
        return _out(tools, move_in(tx, tools.cases.tools, person, case_id, wanted.revision, ready.ask, done))

    try:
        return _again_when_overtaken(lambda: once.beyond(reach, do))
    except NotAllowed as fault:
        tell_denied(tools.cases.tools, _person(tools, actor), case_id, ask, fault)
        raise


@dataclass(frozen=True, slots=True)
class _Ordered:
    """A signature that is ordered for a case: the batch, what it shows, the bytes, and what the move would do."""

    batch: SigningBatchIn
    wish: Wish
    paper: NewPaper
    ready: Ready


def order_signature(
    once: Once, tools: Tools, actor: Actor, case_id: str, wanted: CaseSigningIn, key: str | None
) -> Response:
    """Open a signing batch of one with the paper of a case as the move would sign it; nothing is started.

    A box of a letter carries what the body writes into it: its words are drawn now and are what is seen and signed.

    Raises as `move`, as `signings.open_batch`, and `Unfit` (`nothing-to-sign`).
    """
    entered: list[str] = []
    ask = wanted.ask(_own_key(actor, key))

    def reach() -> _Ordered:
        person = _person(tools, actor)
        with tools.work.reading() as tx:
            looked = look(tx, tools.cases.tools, person, case_id)
        chosen = looked.definition.moves.get(wanted.move)
        if chosen is None or not chosen.signs:
            raise Unfit(
                f"{wanted.move[:80]!r} signs nothing",
                code="nothing-to-sign",
                tell="Bước này không ký văn bản nào. Hãy tải lại hồ sơ rồi chọn đúng bước.",
            )
        ready = prepare(tools.cases, person, case_id, wanted.revision, ask)
        paper = current(looked.case)
        if ready.kept is not None:
            source, sha256, size = ready.kept.key, ready.kept.sha256, ready.kept.size
        elif paper is not None and paper.sha256:
            source, sha256 = key_of(paper), paper.sha256
            with tools.work.reading() as tx:
                known = tx.objects.get(source)
            size = known.size if known else 0
        else:
            raise Conflict(
                f"case {case_id} has no drawn paper",
                code="paper-not-drawn",
                tell="Hồ sơ chưa có văn bản điện tử để ký. Hãy lập văn bản trước, hoặc làm bước này ở kênh giấy.",
            )
        title = f"{looked.definition.title} – {chosen.title}"
        new = NewPaper(f"{PurePosixPath(source).stem[:12]}.pdf", source, sha256, size, f"case {ask.key[:64]}")
        profile = chosen.signs[0]
        with tools.work.reading() as tx:
            system = issuing_system(tx, tools.cases.tools.definitions, case_id)
        wish = Wish(system) if ready.box is None else ready.box.wish(profile)
        return _Ordered(SigningBatchIn(title=title, profile=profile, key=wanted.key), wish, new, ready)

    def do(tx: Tx, found: _Ordered) -> SignedOneOut:
        opened = open_batch(tx, tools, actor, found.batch, found.wish)
        paper = tx.signings.add_paper(opened.id, found.paper)
        told: dict[str, str | int | bool] = {
            "batch": opened.id, "sha256": found.paper.sha256, "case": case_id,
        }  # fmt: skip
        if found.ready.kept is not None:
            found.ready.kept.enter(tx)
        if found.ready.box is not None:
            told |= {"box": found.ready.box.number, "words": found.ready.box.words_sha256}
        tx.audit.append(actor.id, PAPER_RECEIVED, paper.id, "done", told)
        entered.append(paper.id)
        return SignedOneOut(batch=opened, paper=PaperOut.of(paper))

    answer = once.beyond(reach, do, 201)
    for paper_id in entered:  # none when the answer was given before
        keep_paper_note(Notebook(tools.work, tools.blobs, tools.data_dir / "work"), paper_id)
    return answer


def paper_file(tools: Tools, actor: Actor, case_id: str, ordinal: int) -> PaperFile:
    """Return the newest bytes of a paper of a case; the fetching is in the log. Raises `Missing`, `BlobFault`."""
    with tools.work.begin() as tx:
        case = look(tx, tools.cases.tools, person_of(tx, actor.id), case_id).case
        paper = next((one for one in case.papers if one.ordinal == ordinal and one.sha256), None)
        kept = tx.objects.get(key_of(paper)) if paper else None
        if paper is None or kept is None:
            raise Missing(f"case {case_id} has no paper {ordinal} with bytes")
        told: dict[str, str | int | bool] = {"paper": ordinal, "sha256": paper.sha256}
        tx.audit.append(actor.id, "case-paper-downloaded", case_id, "done", told)
    name = canonical(f"{paper.number.replace('/', '-') or f'du-thao-{ordinal}'}.pdf")
    return PaperFile(name, kept.size, kept.sha256, tools.blobs.stream(kept.key, kept.sha256))


def units(tools: Tools, under: str | None, level: str) -> list[UnitOut]:
    """Return the bodies of today, those under one or of one level when asked; units are no secret."""
    with tools.work.reading() as tx:
        day = tx.units.today()
        if under is not None:
            tx.units.get(under, day)
        found = tx.units.all_on(day, under)
    return [UnitOut.of(unit) for unit in found if level in ("", str(unit.level))]


def _listed(seen: CaseSeen) -> CaseListedOut:
    waits = [one.move.title for one in seen.choices if one.move.kind in _WAITING]
    nearest = next(iter(seen.due), None)
    due = None
    if nearest is not None:
        due = DueOut(
            title=nearest.title,
            last_day=nearest.last_day,
            overdue=nearest.overdue,
            working_days_left=nearest.working_days_left,
        )
    return CaseListedOut(**CaseOut.of(seen.case, seen.definition).model_dump(), waits=waits, due=due)


def _again_when_overtaken(go: Callable[[], Response]) -> Response:
    for _ in range(TRIES - 1):
        try:
            return go()
        except Conflict as fault:
            if fault.code != "number-overtaken":
                raise
    return go()


def _out(tools: Tools, case: Case) -> CaseOut:
    return CaseOut.of(case, tools.cases.tools.definitions.get(case.procedure, case.version))


def _person(tools: Tools, actor: Actor) -> Person:
    with tools.work.reading() as tx:
        return person_of(tx, actor.id)


def _own_key(actor: Actor, key: str | None) -> str:
    """The key in the history: never the one of the request, which opens its kept answer (docs/decisions/0062)."""
    return new_id() if key is None else hashlib.sha256(f"case {actor.id} {key}".encode()).hexdigest()
