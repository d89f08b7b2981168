"""The access rule as SQL: which documents and cases a reader's query may touch. Built from records.access alone."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true

from records.access import Action, Actor, Level, permits, readable_levels
from records.document import DocumentState
from records.parties import Party, PartyKind
from storage.schema import case_bodies, cases, documents


def visible(reader: Actor) -> ColumnElement[bool]:
    """Return the condition on `documents` that keeps only what `reader` may know of.

    Levels come from `readable_levels`; a document of `Level.PARTIES` also shows to the parties of the case whose
    dossier it lies in. Who may digitize also sees documents still on their way or refused; everybody else sees
    archived ones only.
    """
    if not permits(reader, Action.READ):
        return false()
    levels = documents.c.level.in_(sorted(readable_levels(reader)))
    unfinished = true() if permits(reader, Action.DIGITIZE) else documents.c.state == DocumentState.ARCHIVED
    by_role = and_(levels, unfinished)
    if not reader.parties:
        return by_role
    theirs = documents.c.dossier.in_(select(cases.c.id).where(of_parties(reader.parties)))
    of_case = and_(documents.c.level == Level.PARTIES, documents.c.state == DocumentState.ARCHIVED, theirs)
    return or_(by_role, of_case)


def of_parties(parties: Collection[Party]) -> ColumnElement[bool]:
    """Return the condition on `cases` that keeps those that are the affair of one of `parties`.

    Lists of cases and the papers of cases in the archive ask it alike (`records.parties.parties_of`).
    """
    mine: list[ColumnElement[bool]] = []
    units: dict[str, list[str]] = {}
    for party in sorted(parties):
        if party.kind is PartyKind.MEMBER:
            mine.append(cases.c.member_id == party.of)
        elif party.kind is PartyKind.OPENER:
            mine.append(and_(cases.c.opened_by == party.of, cases.c.member_id == ""))
        else:
            units.setdefault(party.procedure, []).append(party.of)
    for procedure, named in units.items():
        here = exists().where(
            case_bodies.c.case_id == cases.c.id,
            case_bodies.c.reached.is_(True),
            case_bodies.c.unit_id.in_(named),
        )
        mine.append(and_(cases.c.procedure == procedure, here))
    return or_(false(), *mine)
