"""Seals in cases over HTTP: which a clerk may choose for a step, and that what was used is the seal of its body."""

from collections.abc import Iterable, Sequence

from api.schemas.case_desks import CaseViewOut
from api.schemas.signings import SigningKeyOut
from api.services.signings import list_keys
from api.tools import Tools
from procedures.cases import Looked
from procedures.definition import Definition, Move
from procedures.order import NEEDS
from procedures.seals import choose_seal, demand_seal, is_seal, seals_of
from records.access import Action, Actor, permits
from records.case import Person
from records.errors import ArchiveFault
from records.units import Unit
from storage.work import Tx


def acting_units(looked: Looked, move: Move, person: Person) -> frozenset[str]:
    """Return the units that a person may make this move for."""
    return frozenset(
        one.unit_id
        for by in move.by
        for one in person.acting
        if one.role == by.role
        and one.unit_id in looked.case.bodies.get(by.body, ())
        and one.holds_on(looked.world.today)
    )


def key_for(tx: Tx, tools: Tools, looked: Looked, move: Move, person: Person, asked: str) -> str:
    """Return the key that a move of a case is signed with: a seal is that of the body; of officials what they ask for.

    Raises as `procedures.seals.choose_seal`.
    """
    if not is_seal(move.signs[0]):
        return asked
    return choose_seal(asked, _units(tx, acting_units(looked, move, person)), tools.signing_keys())


def demand_own_seal(
    tx: Tx, tools: Tools, looked: Looked, move: Move, person: Person, papers: Iterable[str]
) -> None:
    """Demand that seals which were put on papers of signing batches for a move are those of its body.

    Raises `NotAllowed` (`seal-of-another`), `Missing`.
    """
    batches = [tx.signings.batch(tx.signings.paper(one).batch_id) for one in papers]
    sealed = [batch for batch in batches if is_seal(batch.profile)]
    if not sealed:
        return
    units, keys = _units(tx, acting_units(looked, move, person)), tools.signing_keys()
    for batch in sealed:
        demand_seal(batch.key, units, keys)


def keys_to_choose(
    tools: Tools, actor: Actor, definition: Definition, case: CaseViewOut, move: Move
) -> list[SigningKeyOut] | None:
    """Return the keys with which a move may be signed, for its form; None when they cannot be told now.

    A table of keys that cannot be read is told when something is signed, and hides no case.
    """
    if not move.signs or not permits(actor, Action.SIGN):
        return None
    try:
        keys, known = list_keys(tools, actor), tools.signing_keys()
    except ArchiveFault:
        return None
    fitting = [key for key in keys if key.role == NEEDS[move.signs[0]]]
    if not is_seal(move.signs[0]):
        return fitting
    with tools.work.reading() as tx:
        units = _units(tx, {unit for by in move.by for unit in case.bodies.get(by.body, ())})
    own = {key.name for key in seals_of(units, known)}
    return [key for key in fitting if key.name in own]


def _units(tx: Tx, unit_ids: Iterable[str]) -> Sequence[Unit]:
    day = tx.units.today()
    return [tx.units.get(one, day) for one in sorted(unit_ids)]
