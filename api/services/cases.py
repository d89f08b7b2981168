"""Cases over HTTP: open, look, list, let a paper be signed, move, fetch a paper. The rights are the procedures'."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fastapi.responses import Response

from api.once import Once
from api.reads import ReadLog
from api.schemas.case_desks import CaseViewOut
from api.schemas.cases import (
    CaseIn,
    CaseListedOut,
    CaseOut,
    CaseSigningIn,
    DueOut,
    MoveIn,
    UnitOut,
)
from api.schemas.common import Listing
from api.schemas.signing_desk import SignedOneOut
from api.schemas.signings import PaperOut, SigningBatchIn, SigningBatchOut
from api.services.case_seals import demand_own_seal, key_for
from api.services.case_views import units_acted_for, view
from api.services.signings import PaperFile, open_batch
from api.tools import Tools
from ingest.receive_paper import PAPER_RECEIVED
from language.fold import canonical, fold
from procedures.asking import Ask
from procedures.case_desk import TRIES, Ready, prepare, settle
from procedures.case_drawing import drawn_paper, key_of
from procedures.case_facts import person_of
from procedures.case_said import issuing_system
from procedures.case_signed import signatures_of, words_signed
from procedures.cases import Looked, cases_of, look, move_in, open_in, see_case, tell_denied
from procedures.waiting import Turn, turns
from records.access import Actor
from records.case import Case, Person, current
from records.clock import new_id
from records.errors import Conflict, Missing, NotAllowed, Unfit
from signing.wish import Wish
from storage.book_notes import keep_case
from storage.signing_notes import keep_paper_note
from storage.signing_values import NewPaper, Paper
from storage.work import Tx


def open_case(once: Once, tools: Tools, actor: Actor, wanted: CaseIn, key: str | None) -> Response:
    """Open a case. Raises as `procedures.cases.open_case`."""
    person = person_of_actor(tools, actor)
    about = tools.cases.tools.definitions
    ask = wanted.ask(history_key(actor, key))

    def do(tx: Tx) -> CaseOut:
        asking = person_of(tx, actor.id)
        member_id = wanted.member_id
        if not member_id and any(one.code == wanted.procedure and one.about_member for one in about.all()):
            member_id = asking.member_id
        return _out(tools, open_in(tx, tools.cases.tools, asking, wanted.procedure, ask, member_id))

    try:
        answer = once.in_one(do, 201)
        return noted(tools, answer)
    except NotAllowed as fault:
        tell_denied(tools.cases.tools, person, wanted.procedure, ask, fault)
        raise


def see(tools: Tools, reads: ReadLog, actor: Actor, case_id: str) -> CaseViewOut:
    """Return a case with all that belongs to it; the look is in the log. Raises `Missing`."""
    person = person_of_actor(tools, actor)
    seen = see_case(tools.cases.tools, person, case_id)
    reads.case(actor, case_id, seen.case.revision, units_acted_for(person, seen.case))
    return view(tools, seen)


def mine(tools: Tools, actor: Actor, states: list[str], limit: int, offset: int) -> Listing[CaseListedOut]:
    """Return the cases that exist for the caller, last moved first, with what waits for them in each."""
    person = person_of_actor(tools, actor)
    found, total = cases_of(tools.cases.tools, person, states, limit, offset)
    items = [_listed(one) for one in turns(tools.cases.tools, person, found)]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def move(once: Once, tools: Tools, actor: Actor, case_id: str, wanted: MoveIn, key: str | None) -> Response:
    """Move a case with its paper. Raises as `procedures.case_desk.move_with_paper` and `signatures_of`."""
    own_key = history_key(actor, key)
    ask = wanted.ask(own_key)

    def reach() -> Ready:
        with tools.work.reading() as tx:
            person = person_of(tx, actor.id)
            looked = look(tx, tools.cases.tools, person, case_id)  # 404 before anything else is told
            asked = signed_ask(tx, tools, person, looked, wanted, own_key)
        return prepare(tools.cases, person, looked.case.id, wanted.revision, asked)

    def do(tx: Tx, ready: Ready) -> CaseOut:
        person = person_of(tx, actor.id)
        done = settle(ready, person)
        return _out(tools, move_in(tx, tools.cases.tools, person, case_id, wanted.revision, ready.ask, done))

    try:
        answer = _again_when_overtaken(lambda: once.beyond(reach, do))
        return noted(tools, answer)
    except NotAllowed as fault:
        tell_denied(tools.cases.tools, person_of_actor(tools, actor), case_id, ask, fault)
        raise


def signed_ask(tx: Tx, tools: Tools, person: Person, looked: Looked, wanted: MoveIn, key: str) -> Ask:
    """Return what is asked with the signatures that were made for it.

    Raises as `signatures_of`, `words_signed`, `case_seals.demand_own_seal`.
    """
    signed = signatures_of(tx, person, wanted.signings)
    move = looked.definition.moves.get(wanted.move)
    if move is not None and looked.case.revision == wanted.revision:  # one made before is only told again
        demand_own_seal(tx, tools, looked, move, person, wanted.signings)
    return replace(wanted.ask(key, signed), words_sha256=words_signed(tx, wanted.signings))


@dataclass(frozen=True, slots=True)
class Ordered:
    """A signature that is ordered for a case: what it is called and shows, the bytes, and what the move would do.

    `key`: the seal of the body, of officials the key they asked for ("": the one that fits).
    """

    title: str
    profile: str
    key: str
    wish: Wish
    paper: NewPaper
    ready: Ready

    @property
    def alike(self) -> bool:
        """Whether its batch may hold other papers: what is shown is the same on all of them."""
        return self.ready.box is None


def order_signature(
    once: Once, tools: Tools, actor: Actor, case_id: str, wanted: CaseSigningIn, key: str | None
) -> Response:
    """Open a signing batch of one with the paper of a case as the move would sign it; nothing is started.

    A box of a letter carries what the body writes into it: its words are drawn now and are what is seen and signed.

    Raises as `move`, as `signings.open_batch`, and `Unfit` (`nothing-to-sign`).
    """
    entered: list[str] = []
    own_key = history_key(actor, key)

    def reach() -> Ordered:
        return ready_order(tools, person_of_actor(tools, actor), case_id, wanted, own_key)

    def do(tx: Tx, found: Ordered) -> SignedOneOut:
        opened = open_batch_for(tx, tools, actor, found.title, found)
        paper = enter_order(tx, actor, opened.id, case_id, found)
        entered.append(paper.id)
        return SignedOneOut(batch=opened, paper=PaperOut.of(paper))

    try:
        answer = once.beyond(reach, do, 201)
    except NotAllowed as fault:
        tell_denied(tools.cases.tools, person_of_actor(tools, actor), case_id, wanted.ask(own_key), fault)
        raise
    for paper_id in entered:  # none when the answer was given before
        keep_paper_note(tools.notebook, paper_id)
    return answer


def ready_order(tools: Tools, person: Person, case_id: str, wanted: CaseSigningIn, key: str) -> Ordered:
    """Draw and keep the paper of a move as it would be signed. Raises as `order_signature`."""
    ask = wanted.ask(key)
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
    with tools.work.reading() as tx:
        seal = key_for(tx, tools, looked, chosen, person, wanted.key)
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
    return Ordered(title, profile, seal, wish, new, ready)


def open_batch_for(tx: Tx, tools: Tools, actor: Actor, title: str, found: Ordered) -> SigningBatchOut:
    """Open a batch for the paper of a move. Raises as `signings.open_batch`."""
    wanted = SigningBatchIn(title=title[:300], profile=found.profile, key=found.key)
    return open_batch(tx, tools, actor, wanted, found.wish)


def enter_order(tx: Tx, actor: Actor, batch_id: str, case_id: str, found: Ordered) -> Paper:
    """Hand the paper of a move into an open batch, with its event in the log."""
    paper = tx.signings.add_paper(batch_id, found.paper)
    if found.ready.kept is not None:
        found.ready.kept.enter(tx)
    told: dict[str, str | int | bool] = {"batch": batch_id, "sha256": found.paper.sha256, "case": case_id}
    if found.ready.box is not None:
        told |= {"box": found.ready.box.number, "words": found.ready.box.words_sha256}
    tx.audit.append(actor.id, PAPER_RECEIVED, paper.id, "done", told)
    return paper


def paper_file(tools: Tools, actor: Actor, case_id: str, ordinal: int) -> PaperFile:
    """Return the newest bytes of a paper of a case; the fetching is in the log. Raises `Missing`, `BlobFault`."""
    with tools.work.begin() as tx:
        case = look(tx, tools.cases.tools, person_of(tx, actor.id), case_id).case
        paper = drawn_paper(case, ordinal)
        kept = tx.objects.get(key_of(paper))
        if kept is None:
            raise Missing(f"case {case_id}: the store has no paper {ordinal}")
        told: dict[str, str | int | bool] = {"paper": ordinal, "sha256": paper.sha256}
        tx.audit.append(actor.id, "case-paper-downloaded", case_id, "done", told)
    name = canonical(f"{paper.number.replace('/', '-') or f'du-thao-{ordinal}'}.pdf")
    return PaperFile(name, kept.size, kept.sha256, tools.blobs.stream(kept.key, kept.sha256))


def units(tools: Tools, under: str | None, level: str, name: str = "") -> list[UnitOut]:
    """Return the bodies of today, those under one, of one level or of a name when asked; units are no secret."""
    words = fold(canonical(name)).split()
    with tools.work.reading() as tx:
        day = tx.units.today()
        if under is not None:
            tx.units.get(under, day)
        found = tx.units.all_on(day, under)
    return [
        UnitOut.of(unit)
        for unit in found
        if level in ("", str(unit.level)) and all(word in fold(unit.name) for word in words)
    ]


def _listed(one: Turn) -> CaseListedOut:
    told = CaseOut.of(one.case, one.definition).model_dump()
    waits = [move.title for move in one.waits]
    return CaseListedOut(**told, waits=waits, due=DueOut.of(one.due) if one.due else None)


def noted(tools: Tools, answer: Response) -> Response:
    """Give an answer out once what it tells is written down beside the stores (docs/decisions/0106).

    An answer that was given before is looked after again: its first time may have died between the two. Raises `Away`:
    the move is made, and asking again under the same key gives this answer.
    """
    case_id = json.loads(bytes(answer.body))["id"]
    keep_case(tools.notebook, case_id)
    return answer


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


def person_of_actor(tools: Tools, actor: Actor) -> Person:
    """Return who an account is to the procedures: the member behind it and every role it plays today."""
    with tools.work.reading() as tx:
        return person_of(tx, actor.id)


def history_key(actor: Actor, key: str | None, what: str = "case") -> str:
    """Return the key in the history: never that of the request, which opens its kept answer (docs/decisions/0062).

    `what` tells the doors apart at which a key may come in.
    """
    return new_id() if key is None else hashlib.sha256(f"{what} {actor.id} {key}".encode()).hexdigest()
