"""Hold a procedure to sense when it is read: everything it names is there, and no case can ever be caught in it."""

from collections.abc import Callable, Iterable

from procedures.case_papers import fitting_effect
from procedures.definition import MEMBER, OPENER, SAME, By, Definition, FieldKind, Move, MoveKind
from procedures.forms import TODAY
from procedures.guards import fitting
from procedures.order import NEEDS
from records.errors import ArchiveFault

_REASONED = (MoveKind.RETURN, MoveKind.RECALL, MoveKind.END)


def check(definition: Definition, wrong: Callable[[str], ArchiveFault]) -> None:
    """Raise what `wrong` makes of the first thing that is not right."""
    for trouble in (*_moves(definition), *_states(definition), *_forms(definition), *_rest(definition)):
        raise wrong(trouble)


def _moves(definition: Definition) -> Iterable[str]:
    depths = depth(definition)
    for move in definition.moves.values():
        where = f"move {move.code}"
        for state in (*move.sources, *(() if move.target == SAME else (move.target,))):
            if state not in definition.states:
                yield f"{where}: unknown state {state}"
                return
        if (move.kind is MoveKind.EDIT) != (move.target == SAME):
            yield f"{where}: only an edit stays in the state"
        yield from _names(definition, where, move)
        yield from _ends(definition, where, move)
        if move.kind in (MoveKind.RETURN, MoveKind.RECALL):
            for source in move.sources:
                if depths.get(move.target, 0) >= depths.get(source, 0):
                    yield f"{where}: {move.target} does not come before {source}"


def _names(definition: Definition, where: str, move: Move) -> Iterable[str]:
    for by in move.by:
        yield from _by(definition, where, by)
    for rule in move.guards:
        yield from _told(where, fitting(definition, rule))
    for rule in move.effects:
        yield from _told(where, fitting_effect(definition, rule))
    yield from _named(where, "fields", move.edits, definition.fields)
    yield from _named(where, "bodies", move.sets, definition.bodies)
    yield from _named(where, "profiles", move.signs, NEEDS)
    if move.kind in _REASONED and not move.comment:
        yield f"{where}: a {move.kind} needs a comment"
    if {rule.name for rule in move.effects} & {"strike-box", "void-paper"} and not move.comment:
        yield f"{where}: what is struck through or made void needs a comment"
    if any(rule.name in ("fill-box", "strike-box") for rule in move.effects) and any(
        not by.body for by in move.by
    ):
        yield f"{where}: a box is filled by a body"


def _ends(definition: Definition, where: str, move: Move) -> Iterable[str]:
    for source in move.sources:
        if definition.states[source].end and move.kind is not MoveKind.RECALL:
            yield f"{where}: {source} is an end and can only be recalled from"
    if move.kind is MoveKind.END and not definition.states[move.target].end:
        yield f"{where}: {move.target} is no end"


def _by(definition: Definition, where: str, by: By) -> Iterable[str]:
    if not by.body:
        if by.role == MEMBER and not definition.about_member:
            yield f"{where}: this procedure is about no member"
        return
    if by.role not in definition.roles:
        yield f"{where}: unknown role {by.role}"
    if by.body not in definition.bodies:
        yield f"{where}: unknown body {by.body}"
    if by.role in (MEMBER, OPENER):
        yield f"{where}: {by.role} stands without a body"


def depth(definition: Definition) -> dict[str, int]:
    """Return how many moves onward each state is from an opening; states that are not reached are not in it."""
    onward = [move for move in definition.moves.values() if move.kind in (MoveKind.FORWARD, MoveKind.END)]
    found: dict[str, int] = {}
    for opening in definition.openings():  # the first one starts furthest back; one on paper comes in far on
        if opening.target in found:
            continue
        found[opening.target] = 0
        edge = [opening.target]
        while edge:
            state = edge.pop(0)
            for move in onward:
                if state in move.sources and move.target not in found:
                    found[move.target] = found[state] + 1
                    edge.append(move.target)
    return found


def _states(definition: Definition) -> Iterable[str]:
    if not definition.openings():
        yield "no move opens a case"
    reached = {move.target for move in definition.openings()}
    while more := {
        move.target
        for move in definition.moves.values()
        if move.target != SAME and reached & set(move.sources) and move.target not in reached
    }:
        reached |= more
    for code in definition.states:
        if code not in reached:
            yield f"state {code} is never reached"
    ending = {code for code, state in definition.states.items() if state.end}
    while more := {
        source
        for move in definition.moves.values()
        if move.target in ending
        for source in move.sources
        if source not in ending
    }:
        ending |= more
    for code, state in definition.states.items():
        if code not in ending:
            yield f"from state {code} there is no way to an end"
        if not state.end and not state.next_step:
            yield f"state {code}: next is missing: what the requester is told to wait for"


def _forms(definition: Definition) -> Iterable[str]:
    for field in definition.fields.values():
        where = f"field {field.code}"
        if field.kind is FieldKind.INTEGER and field.least > field.most:
            yield f"{where}: least is more than most"
        if field.needed_when is not None:
            other = definition.fields.get(field.needed_when[0])
            if other is None or not field.needed_when[1] <= set(other.choices):
                yield f"{where}: needed_when must name a choice and its values"
        for bound in (field.not_before, field.not_after):
            if bound not in ("", TODAY) and not _is_date(definition, bound):
                yield f"{where}: {bound} is no date of the form"


def _rest(definition: Definition) -> Iterable[str]:
    if definition.effective_until is not None and definition.effective_until < definition.effective_from:
        yield "effective_until is before effective_from"
    for deadline in definition.deadlines:
        where = f"deadline {deadline.code}"
        if deadline.from_field and not _is_date(definition, deadline.from_field):
            yield f"{where}: {deadline.from_field} is no date of the form"
        states = (*deadline.states, *((deadline.from_state,) if deadline.from_state else ()))
        yield from _named(where, "states", states, definition.states)
    for body in definition.bodies.values():
        if body.under and not (body.level and getattr(definition.bodies.get(body.under), "level", "")):
            yield f"body {body.code}: under must name a body with a level, and it needs one itself"
    for measure in definition.measures:
        yield from _named(
            f"measure {measure.code}", "states", (measure.from_state, measure.to_state), definition.states
        )
    for paper in definition.papers.values():
        for profile, by in paper.signatures:
            yield from _named(f"paper {paper.code}", "profiles", (profile,), NEEDS)
            yield from _by(definition, f"paper {paper.code}", by)
    for left_out in (*definition.out_of_scope, *definition.exempt):
        if left_out.field:
            field = definition.fields.get(left_out.field)
            if field is None or not left_out.values <= set(field.choices):
                yield f"{left_out.code}: field must name a choice and its values"


def _is_date(definition: Definition, code: str) -> bool:
    return code in definition.fields and definition.fields[code].kind is FieldKind.DATE


def _named(where: str, what: str, named: Iterable[str], known: Iterable[str]) -> Iterable[str]:
    strange = sorted(set(named) - set(known))
    if strange:
        yield f"{where}: unknown {what}: {', '.join(strange)}"


def _told(where: str, trouble: str) -> Iterable[str]:
    if trouble:
        yield f"{where}: {trouble}"
