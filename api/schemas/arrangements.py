"""The arrangement of a delivery as the API shows and takes it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Frozen, Strict
from ingest.arrange import Arranging
from records.arrangement import MOST_PAGES, Command, Kind, Mark, Where
from storage.arrangements import Rescan


class VersionIn(Strict):
    """What the caller saw: the version of the arrangement on which this is to be done."""

    version: int = Field(ge=0)


class CommandIn(VersionIn):
    """One command. `undo` and `redo` name no pages; which other parts count follows from `kind`."""

    kind: Literal["split", "merge", "move", "turn", "mark", "undo", "redo"]
    pages: list[str] = Field(default_factory=list, max_length=MOST_PAGES)
    target: str = Field(default="", max_length=64)
    where: Where = Where.END
    turn: int = 0
    mark: Mark = Mark.PAGE

    def command(self) -> Command:
        """Return what is asked for; not for `undo` and `redo`."""
        return Command(Kind(self.kind), tuple(self.pages), self.target, self.where, self.turn, self.mark)


class RescanIn(Strict):
    """A page to be scanned again, and why."""

    page: str = Field(max_length=64)
    reason: str = Field(max_length=1000)


class ArrangingOut(Frozen):
    """What a command left: the version to name next, and how many commands can be undone and redone."""

    version: int
    documents: int
    undo: int
    redo: int

    @classmethod
    def of(cls, made: Arranging) -> "ArrangingOut":
        """Return the outgoing form."""
        return cls(version=made.version, documents=made.documents, undo=made.undo, redo=made.redo)


class SheetFlagOut(Frozen):
    """What the look at the image found on a page, and the sentence for the archivist."""

    finding: str
    sentence: str


class SheetOut(Frozen):
    """A page in its place. `ordinal`: its number in the delivery, by which people call it; `rotation`: how it is shown
    upright; `code`: text of a separator sheet; `rescan`: the open ticket for it, "" without; `flags`: findings on it.
    """

    page: str
    ordinal: int
    file: str
    frame: int
    mark: Mark
    rotation: int
    width: int
    height: int
    code: str
    rescan: str
    image: str
    flags: list[SheetFlagOut] = []


class GroupOut(Frozen):
    """Pages that follow each other: `number` counts the documents, 0 for pages that make none.

    `first` and `last` say whether the beginning and the end of the document are in this answer.
    """

    number: int
    source: str
    pages: int
    sheets: list[SheetOut]
    first: bool
    last: bool


class RescanOut(Frozen):
    """A ticket. `ordinal`: number of the page in the delivery."""

    id: str
    page: str
    ordinal: int
    reason: str
    state: str
    made_at: datetime
    new_page: str
    closed_at: datetime | None

    @classmethod
    def of(cls, ticket: Rescan, ordinal: int = 0) -> "RescanOut":
        """Return the outgoing form."""
        return cls(
            id=ticket.id,
            page=ticket.page_id,
            ordinal=ordinal,
            reason=ticket.reason,
            state=ticket.state.value,
            made_at=ticket.made_at,
            new_page=ticket.new_page_id,
            closed_at=ticket.closed_at,
        )


class ArrangementOut(Frozen):
    """A delivery as it is arranged, a window of `limit` pages from `offset` (in the order of the arrangement) on.

    `marks`: how many pages have each mark; their sum is `total`.
    """

    batch_id: str
    state: str
    version: int
    documents: int
    undo: int
    redo: int
    marks: dict[str, int]
    groups: list[GroupOut]
    total: int
    limit: int
    offset: int
