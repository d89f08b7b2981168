"""Pages of a case's paper as pictures, drawn from exactly the bytes whose hash stands in the case."""

import hashlib
from dataclasses import dataclass

from api.services.cases import person_of_actor
from api.tools import Tools
from procedures.case_drawing import drawn_paper, key_of
from procedures.cases import look
from procedures.look_at_paper import count_pages, look_at_bytes
from records.access import Actor


@dataclass(frozen=True, slots=True)
class Asked:
    """A page to be drawn: the access check is done."""

    key: str
    sha256: str
    number: int
    width: int

    @property
    def etag(self) -> str:
        """What tells this picture from others."""
        return hashlib.sha256(f"{self.sha256}|{self.number}|{self.width}".encode()).hexdigest()[:32]


def ask(tools: Tools, actor: Actor, case_id: str, ordinal: int, number: int, width: int) -> Asked:
    """Check that the case is the caller's to see and has this paper. Raises `Missing`."""
    person = person_of_actor(tools, actor)
    with tools.work.reading() as tx:
        case = look(tx, tools.cases.tools, person, case_id).case
    paper = drawn_paper(case, ordinal)
    return Asked(key_of(paper), paper.sha256, number, width)


def draw(tools: Tools, asked: Asked) -> bytes:
    """Return the page as a PNG. Raises `Missing` (no such page), `Unfit` (`page-not-drawn`), `BlobFault`, `Away`."""
    return look_at_bytes(tools.look, asked.key, asked.sha256, asked.number, asked.width)


def pages(tools: Tools, asked: Asked) -> int:
    """Return how many pages the paper has. Raises as `draw`."""
    return count_pages(tools.look, asked.key, asked.sha256)
