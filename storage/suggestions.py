"""What a person may mean by the beginning of a number, a body or a type: only what stands on papers they may see.

The names of bodies are kept once each, for the documents are too many to look through while somebody types; each name
is shown only when a document that bears it is the reader's to see at this moment. docs/decisions/0148.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, or_, select

from language.fold import canonical, fold
from records.access import Actor
from records.document import DocumentState
from storage.ground import Ground
from storage.schema import documents, issuer_names, storable
from storage.visible import visible

LONGEST_NAME = 400
"""Characters of a body's name that are kept in columns; no database indexes words of any length."""

_BEHIND = "\U0010ffff"
_LOOKED = 200
"""Names that are asked about before giving up: a reader of few papers must not make the search box slow."""


class Suggestions:
    """Beginnings of numbers and bodies, and which types there are."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def note_issuer(self, name: str) -> None:
        """Keep the name of a body under its folded spelling; a known one stays as it is."""
        kept = storable(name)[:LONGEST_NAME]
        if kept:
            row = {"name": kept, "key": fold(canonical(kept))}
            self._ground.insert_new(issuer_names, [row], "name")

    def numbers(self, reader: Actor, beginning: str, limit: int) -> list[str]:
        """Return numbers as they are written whose key begins so, in order of the key, each once."""
        key = documents.c.number_key
        which = and_(key >= beginning, key < beginning + _BEHIND, documents.c.number != "", _shown(reader))
        rows = self._ground.connection.execute(
            select(documents.c.number).where(which).order_by(key, documents.c.number).limit(limit * 4)
        ).scalars()
        return list(dict.fromkeys(rows))[:limit]

    def issuers(self, reader: Actor, beginning: str, limit: int) -> list[str]:
        """Return names of bodies with a word that begins so (folded), those that begin so themselves first."""
        key = issuer_names.c.key
        starts = key.startswith(beginning, autoescape=True)
        inside = key.contains(" " + beginning, autoescape=True)
        borne = exists().where(documents.c.organ_name == issuer_names.c.name, _shown(reader))
        likely = (
            select(issuer_names.c.name, starts.label("first"), key)
            .where(or_(starts, inside))
            .order_by(starts.desc(), key)
            .limit(_LOOKED)
        ).subquery()
        rows = self._ground.connection.execute(
            select(likely.c.name)
            .select_from(likely.join(issuer_names, issuer_names.c.name == likely.c.name))
            .where(borne)
            .order_by(likely.c.first.desc(), likely.c.key, likely.c.name)
            .limit(limit)
        ).scalars()
        return list(rows)

    def types(self, reader: Actor, codes: Sequence[str]) -> list[str]:
        """Return those of `codes` of which there is a paper."""
        return [code for code in codes if self._any(reader, documents.c.type_code == code)]

    def _any(self, reader: Actor, which: ColumnElement[bool]) -> bool:
        found = select(documents.c.id).where(which, _shown(reader)).limit(1)
        return self._ground.connection.execute(found).first() is not None


def _shown(reader: Actor) -> ColumnElement[bool]:
    return and_(visible(reader), documents.c.state == DocumentState.ARCHIVED)
