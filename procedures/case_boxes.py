"""What bodies write into the boxes of a letter, where each box lies, and where in it picture and seal go.

A box is a value of the case; here it becomes words on a sheet: whom the member is sent on to, place and day, in whose
name who signs. Words that were wrong are struck through legibly beside the right ones.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from procedures.case_people import place_of, signatory_of
from procedures.papers.sheet import BoxSheet, Hop
from procedures.papers.ten_boxes import letter_at
from records.case import Box, Case, CasePaper, current
from records.errors import Conflict
from records.units import System
from signing.profiles import HOP
from signing.wish import Wish
from storage.work import Tx

_TAKES_IN = frozenset({"receiving-branch", "host-branch"})
"""The bodies whose box sends nobody on: the way ends with them."""
_SIGNED_BEFORE = "(đã ký số và đóng dấu trên bản chưa có số)"
_SIGNED_BY_HAND = "(đã ký và đóng dấu trên bản giấy)"


DrawBox = Callable[[BoxSheet], bytes]
"""Draws a box as a PDF of one page as large as its frame; in a limited child. Raises as `papers.render.draw_hop`."""


@dataclass(frozen=True, slots=True)
class BoxOrder:
    """How one box is to be signed or sealed; `drawn` are its words ("" when they stand on the page already)."""

    number: int
    letter_day: date
    drawn: bytes = field(default=b"", repr=False)

    @property
    def words_sha256(self) -> str:
        """The hash of the words as they are drawn, "" when they stand on the page already."""
        return hashlib.sha256(self.drawn).hexdigest() if self.drawn else ""

    def wish(self, profile: str) -> Wish:
        """Return what a signature under this profile of boxes shows. Raises `Unfit` (`letter-box-unknown`)."""
        box = letter_at(self.letter_day).box(self.number)
        places, room = box.places(), box.room
        if profile != HOP:
            return Wish(System.PARTY, places.seal)
        if not self.drawn:
            return Wish(System.PARTY, places.room)
        inside = (room.left, room.top, room.width, room.height)
        return Wish(System.PARTY, places.frame, drawn=self.drawn, room=inside)


def box_order(
    tx: Tx, before: Case, after: Case, signs: tuple[str, ...], draw_box: DrawBox
) -> BoxOrder | None:
    """Return the box that a move signs or seals, with its words as they are drawn; None when none of the sheet is.

    `before`, `after`: the case without and with the move. Raises as `hop_of`, `draw_box`.
    """
    letter, paper = current(before), current(after)
    box = newest_box(paper) if paper else None
    if letter is None or paper is None or box is None:
        return None
    drawn = b""
    if HOP in signs:
        was = next((old.number for old in letter.boxes if old.ordinal == box.ordinal), 0)
        drawn = draw_box(BoxSheet(System.PARTY, letter_day(paper), box.number, hop_of(tx, after, box, was)))
    return BoxOrder(box.number, letter_day(paper), drawn)


def newest_box(paper: CasePaper) -> Box | None:
    """Return the box that was signed last or is about to be, None when no box of the sheet is."""
    return max((box for box in paper.boxes if box.number), key=lambda box: box.number, default=None)


def letter_day(paper: CasePaper) -> date:
    """Return the day whose arrangement of boxes the letter has: of its number, else of its first box."""
    return paper.dated or paper.boxes[0].day


def hop_of(tx: Tx, case: Case, box: Box, corrects: int = 0) -> Hop:
    """Return what `box` says. `corrects`: the box of the sheet whose words these replace, 0: none.

    Raises `Unfit` (`nobody-signs`, `unit-place-missing`).
    """
    unit = tx.units.get(box.unit_id, box.day)
    return Hop(
        to=_to(tx, case, box, box.to_unit_id),
        place=place_of(tx, unit, box.day),
        day=box.day,
        signatory=signatory_of(tx, unit, box.role, box.by, box.day),
        note=box.note,
        corrects=corrects if box.struck else 0,
        struck=tuple(
            " ".join((_to(tx, case, box, one.to_unit_id), one.note)).strip()
            for one in box.struck[-1:]
            if corrects
        ),
    )


def printed_hops(tx: Tx, case: Case, paper: CasePaper) -> tuple[Hop, ...]:
    """Return the boxes that were filled before the letter got its number, as they are printed into it."""
    return tuple(_printed(tx, case, box) for box in paper.boxes)


def _printed(tx: Tx, case: Case, box: Box) -> Hop:
    hop = hop_of(tx, case, box)
    return Hop(
        hop.to,
        hop.place,
        hop.day,
        hop.signatory,
        note=hop.note,
        proof=_SIGNED_BY_HAND if box.by_hand else _SIGNED_BEFORE,
    )


def _to(tx: Tx, case: Case, box: Box, to_unit: str) -> str:
    """Whom the member is sent on to; outside the house as the form says it; where the way ends, that it does."""
    if to_unit:
        return tx.units.get(to_unit, box.day).name
    if box.body in _TAKES_IN:
        return f"Đã nhận vào sinh hoạt tại {tx.units.get(box.unit_id, box.day).name}"
    return str(case.form.get("new_place", ""))


def demand_words(signed: bool, given: str, drawn: str) -> None:
    """Demand that what was signed into the box is what it would say now. Raises `Conflict` (`revision-changed`)."""
    if signed and given != drawn:
        raise Conflict(
            f"{given!r} was signed into the box, {drawn!r} would be drawn",
            code="revision-changed",
            tell="Nội dung ô đã ký không còn là nội dung sẽ ghi (nơi chuyển, lời ghi hoặc ngày đã đổi). Chưa ghi gì; "
            "hãy xem lại ô mới rồi ký lại.",
        )
