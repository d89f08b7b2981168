"""The access rule as SQL: which documents a reader's query may touch. Built from records.access alone."""

from sqlalchemy import ColumnElement, and_, false, true

from records.access import Action, Actor, permits, readable_levels
from records.document import DocumentState
from storage.schema import documents


def visible(reader: Actor) -> ColumnElement[bool]:
    """Return the condition on `documents` that keeps only what `reader` may know of.

    Levels come from `readable_levels`. Who may digitize also sees documents still on their way or refused;
    everybody else sees archived ones only.
    """
    if not permits(reader, Action.READ):
        return false()
    levels = documents.c.level.in_(sorted(readable_levels(reader)))
    unfinished = true() if permits(reader, Action.DIGITIZE) else documents.c.state == DocumentState.ARCHIVED
    return and_(levels, unfinished)
