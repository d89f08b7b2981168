"""What a person sees before signing: where a paper will be marked, its pages, and the box they choose themselves."""

import hashlib
from dataclasses import dataclass, replace

from fastapi.responses import Response

from api.once import Once
from api.schemas.signing_desk import MarkOut
from api.schemas.signings import PlaceIn
from api.services.signings import chosen_place, own_paper
from api.tools import Tools
from procedures.look_at_paper import look_at_page, look_where
from records.access import Actor
from records.errors import Conflict, Unfit
from signing.mark import How, Marked
from signing.profiles import BOXED
from signing.wish import Wish
from storage.signing_values import BatchStage, Paper, PaperStage, SigningBatch
from storage.work import Tx

_OPEN_TO_PLACES = (BatchStage.OPEN, BatchStage.DESK)
"""Once the engine signs it may have a paper in hand at any moment, so nothing of it is changed any more."""


def place_of(tools: Tools, actor: Actor, batch_id: str, paper_id: str) -> MarkOut:
    """Return where the paper will be marked and why. Raises `Missing`, `Unfit` (`file-malformed` …)."""
    with tools.work.reading() as tx:
        batch, paper = own_paper(tx, actor, batch_id, paper_id)
    return MarkOut.of(paper.id, paper.source_sha256, look_where(tools.look, batch, paper))


def put_place(
    once: Once, tools: Tools, actor: Actor, batch_id: str, paper_id: str, chosen: PlaceIn | None
) -> Response:
    """Keep the box chosen for one paper, or (None) leave it to the batch again; return where the mark goes now.

    Raises `Missing`; `Conflict` (`place-too-late`, `place-fixed`); `Unfit`: `place-wrong`, or as the signing itself
    would refuse.
    """
    place = "" if chosen is None else Wish(place=chosen_place(chosen)).words()["place"]

    def reach() -> Marked:
        with tools.work.reading() as tx:
            batch, paper = own_paper(tx, actor, batch_id, paper_id)
        _demand_open(batch, paper)
        found = look_where(tools.look, batch, replace(paper, place=place))
        if found.how is How.REFUSED and place:
            raise Unfit(f"{paper_id} at {place}: {found.code}", code=found.code, tell=found.tell)
        return found

    def settle(tx: Tx, found: Marked) -> MarkOut:
        batch, paper = own_paper(tx, actor, batch_id, paper_id)
        _demand_open(batch, paper)
        tx.signings.put_place(paper_id, place)
        tx.prepared.void_those_of(paper_id)  # they have the mark at its old place
        tx.audit.append(actor.id, "paper-placed", paper_id, "done", {"batch": batch_id, "place": place})
        return MarkOut.of(paper_id, paper.source_sha256, found)

    return once.beyond(reach, settle)


@dataclass(frozen=True, slots=True)
class PageAsked:
    """A page to be drawn: the access check is done. `etag`: of the bytes, page and width; "" with a mark, whose time
    is that of the looking.
    """

    batch: SigningBatch
    paper: Paper
    number: int
    width: int
    with_mark: bool
    etag: str


def ask_page(
    tools: Tools, actor: Actor, batch_id: str, paper_id: str, number: int, width: int, *, with_mark: bool
) -> PageAsked:
    """Check that the paper is the caller's and return what will be drawn. Raises `Missing`."""
    with tools.work.reading() as tx:
        batch, paper = own_paper(tx, actor, batch_id, paper_id)
    told = f"{paper.source_sha256}|{number}|{width}"
    etag = "" if with_mark else hashlib.sha256(told.encode()).hexdigest()[:32]
    return PageAsked(batch, paper, number, width, with_mark, etag)


def draw_page(tools: Tools, asked: PageAsked) -> bytes:
    """Return the page as a PNG. Raises `Missing` (no such page), `Unfit` (`page-not-drawn`; `place-…` of a mark)."""
    return look_at_page(
        tools.look, asked.batch, asked.paper, asked.number, asked.width, with_mark=asked.with_mark
    )


def _demand_open(batch: SigningBatch, paper: Paper) -> None:
    if batch.profile in BOXED:
        raise Conflict(
            f"{paper.id} is signed in its box",
            code="place-fixed",
            tell="Chữ ký và con dấu nằm đúng ô của đơn vị trên giấy giới thiệu nên không dời đi chỗ khác được.",
        )
    if paper.state is not PaperStage.WAITING or batch.state not in _OPEN_TO_PLACES:
        raise Conflict(
            f"{paper.id} is {paper.state} in a batch that is {batch.state}",
            code="place-too-late",
            tell="Văn bản này đã vào bước ký hoặc đã kết thúc nên không đổi vị trí được nữa. "
            "Hãy đưa vào một đợt mới và chọn vị trí trước khi bắt đầu.",
        )
