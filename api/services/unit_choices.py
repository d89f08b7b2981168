"""Choose a body by its name, as people type it: suggestions while typing, and the one body that was meant.

Many bodies share a name („Chi bộ 1"), so what is shown is the name with the body above it. Units are no secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.tools import Tools
from language.fold import canonical, fold
from procedures.case_facts import stands_at
from records.units import Unit
from storage.work import Tx

_BETWEEN = " – "
MOST = 20


@dataclass(frozen=True, slots=True)
class Named:
    """A body and the words by which it is chosen."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Meant:
    """What was meant by typed words: one body, or (`unit_id` "") those it may have been, none or several."""

    unit_id: str
    perhaps: tuple[Named, ...] = ()


def suggest(tools: Tools, typed: str, level: str, limit: int = MOST) -> list[Named]:
    """Return bodies whose name holds what was typed, with or without accents; those that begin with it first.

    `level`: as a procedure says of a body (`branch`, `base`, `upper`), "" for any.
    """
    words = fold(canonical(typed)).split()
    with tools.work.reading() as tx:
        named = _named(tx, level)
    fitting = [one for one in named if all(word in fold(one.words) for word in words)]
    begin = fold(canonical(typed)).strip()
    return sorted(fitting, key=lambda one: (not fold(one.words).startswith(begin), one.words))[:limit]


def meant(tools: Tools, typed: str, level: str) -> Meant:
    """Return the body that was meant by an id, by the words shown for it, or by a name that only one has."""
    with tools.work.reading() as tx:
        named = _named(tx, level)
        plain = {unit.id: fold(unit.name) for unit in _units(tx, level)}
    asked = fold(canonical(typed)).strip()
    exact = [one for one in named if typed == one.id or fold(one.words) == asked]
    same = exact or [one for one in named if plain[one.id] == asked]
    if len(same) == 1:
        return Meant(same[0].id)
    if same:
        return Meant("", tuple(same[:MOST]))
    return Meant("", tuple(suggest(tools, typed, level)) if asked else ())


def words_for(tx: Tx, unit_ids: Sequence[str]) -> dict[str, str]:
    """Return the words by which these bodies are shown; one that is not there today by its id."""
    known = {one.id: one.words for one in _named(tx, "")}
    return {unit_id: known.get(unit_id, unit_id) for unit_id in unit_ids}


def _units(tx: Tx, level: str) -> list[Unit]:
    return [unit for unit in tx.units.all_on(tx.units.today()) if stands_at(unit, level)]


def _named(tx: Tx, level: str) -> list[Named]:
    every = tx.units.all_on(tx.units.today())
    names = {unit.id: unit.name for unit in every}
    found = []
    for unit in every:
        if stands_at(unit, level):
            over = names.get(unit.facts.parent_id or "", "")
            found.append(Named(unit.id, f"{unit.name}{_BETWEEN}{over}" if over else unit.name))
    return found
