"""The boxes of the transfer letter: where each lies, and where in it words, signature and seal go.

Each body on the way fills one box and signs it in a revision of its own, so every place is known before the first
signature and told as fractions of the upright page, as the signing service takes them.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.errors import ArchiveFault, Unfit
from signing.geometry import MM_PER_POINT, PageView, Place
from signing.placement import seal_place

TABLE = Path(__file__).with_name("ten_boxes.toml")
A4_MM = (210.0, 297.0)

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_Millimetres = Annotated[float, Field(ge=0, le=300)]
_EDGE_MM = 4.0
"""Printers leave this rim of a page white."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in millimetres; of a box: from the page's corner, in a box: from the box's."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class BoxRule:
    """One box. `sign_width`: the column at its right for date, authority, signature and name."""

    __pydantic_config__ = _STRICT

    number: Annotated[int, Field(ge=1, le=20)]
    page: Annotated[int, Field(ge=1, le=4)]
    left: _Millimetres
    top: _Millimetres
    width: _Millimetres
    height: _Millimetres
    sign_width: _Millimetres


@dataclass(frozen=True, slots=True)
class LetterRule:
    """The letter in force from `effective_from` to `effective_to` (both inclusive; None: still).

    `first`, `later`: how box 1 and the others address; `hint`: what is to be done in an empty box; the heights are
    those of the parts in the column for signing, from its lower end: name, room, authority with title, date.
    """

    __pydantic_config__ = _STRICT

    effective_from: date
    source: Annotated[str, Field(min_length=5)]
    checked: Literal["text", "secondary", "memory"]
    seal_mm: Annotated[float, Field(ge=20, le=60)]
    first: str
    later: str
    hint: str
    pad: _Millimetres
    date_height: _Millimetres
    authority_height: _Millimetres
    room_height: Annotated[float, Field(ge=12, le=70)]
    name_height: _Millimetres
    boxes: Annotated[tuple[BoxRule, ...], Field(min_length=2)]
    effective_to: date | None = None

    def box(self, number: int) -> "Box":
        """Return box `number`. Raises `Unfit` (`letter-box-unknown`)."""
        for one in self.boxes:
            if one.number == number:
                return Box(self, one)
        raise Unfit(
            f"no box {number}",
            code="letter-box-unknown",
            tell=f"Giấy giới thiệu có các ô từ 1 đến {len(self.boxes)}, không có ô {number}.",
        )

    def all(self) -> tuple["Box", ...]:
        """Return the boxes in the order in which they are filled."""
        return tuple(Box(self, one) for one in self.boxes)


@dataclass(frozen=True, slots=True)
class BoxPlaces:
    """Where one box and its parts lie on the upright page. `room`: for the signature; `seal`: over its left third."""

    number: int
    frame: Place
    words: Place
    dated: Place
    authority: Place
    room: Place
    seal: Place
    name: Place


@dataclass(frozen=True, slots=True)
class Box:
    """One box with the areas of its parts, in millimetres from its own upper left corner."""

    letter: LetterRule
    rule: BoxRule

    @property
    def frame(self) -> Area:
        """The box on its page."""
        return Area(self.rule.left, self.rule.top, self.rule.width, self.rule.height)

    @property
    def words(self) -> Area:
        """For whom it is sent to, below the line that says so."""
        pad = self.letter.pad
        return Area(pad, pad + 5, self.rule.width - 2 * pad, self.dated.top - pad - 5)

    @property
    def dated(self) -> Area:
        """For place and date."""
        return self._part(self.authority.top, self.letter.date_height)

    @property
    def authority(self) -> Area:
        """For authority and title."""
        return self._part(self.room.top, self.letter.authority_height)

    @property
    def room(self) -> Area:
        """For the signature."""
        return self._part(self.name.top, self.letter.room_height)

    @property
    def name(self) -> Area:
        """For the name of who signs."""
        return self._part(self.rule.height - self.letter.pad / 2, self.letter.name_height)

    def _part(self, bottom: float, height: float) -> Area:
        width = self.rule.sign_width
        return Area(self.rule.width - self.letter.pad - width, bottom - height, width, height)

    def places(self) -> BoxPlaces:
        """Return where all this is on the page."""
        view = PageView(self.rule.page, 0.0, 0.0, A4_MM[0] / MM_PER_POINT, A4_MM[1] / MM_PER_POINT)
        parts = (self.words, self.dated, self.authority, self.room, self.name)
        words, dated, authority, room, name = (self._on_page(view, part) for part in parts)
        return BoxPlaces(
            number=self.rule.number,
            frame=view.at_mm(self.rule.left, self.rule.top, self.rule.width, self.rule.height),
            words=words,
            dated=dated,
            authority=authority,
            room=room,
            seal=seal_place(room, self.letter.seal_mm, view),
            name=name,
        )

    def _on_page(self, view: PageView, part: Area) -> Place:
        return view.at_mm(self.rule.left + part.left, self.rule.top + part.top, part.width, part.height)


def letter_at(day: date) -> LetterRule:
    """Return the letter of `day`. Raises `ArchiveFault` (`layout-not-in-force`)."""
    for rule in _letters():
        if rule.effective_from <= day and (rule.effective_to is None or day <= rule.effective_to):
            return rule
    raise ArchiveFault(
        f"no letter with boxes on {day}",
        code="layout-not-in-force",
        tell=f"Ngày {day:%d/%m/%Y} chưa có mẫu giấy giới thiệu nhiều ô trong hệ thống. Hãy kiểm tra ngày của giấy, "
        "hoặc nhờ quản trị viên bổ sung mẫu.",
    )


@lru_cache(maxsize=1)
def _letters() -> tuple[LetterRule, ...]:
    return load_letters()


def load_letters(path: Path = TABLE) -> tuple[LetterRule, ...]:
    """Return the letters of the table at `path`. Raises `ArchiveFault` (`layout-rules`) naming what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        letters = TypeAdapter(dict[Literal["letter"], tuple[LetterRule, ...]]).validate_python(content)[
            "letter"
        ]
    except (OSError, ValueError, KeyError, ValidationError) as fault:
        raise _wrong(path, str(fault)) from fault
    for letter in letters:
        if why := _nonsense(letter):
            raise _wrong(path, f"{letter.effective_from}: {why}")
    for one, two in zip(letters, letters[1:], strict=False):
        if one.effective_to is None or two.effective_from <= one.effective_to:
            raise _wrong(path, f"two letters at once: {two.effective_from}")
    return letters


def _nonsense(letter: LetterRule) -> str:
    """Return what is wrong with the places: boxes out of order, over an edge or over each other, seals over a frame."""
    if [one.number for one in letter.boxes] != list(range(1, len(letter.boxes) + 1)):
        return "boxes must be numbered from 1 in their order"
    for box in letter.all():
        frame = box.frame
        over = (
            frame.left + frame.width > A4_MM[0] - _EDGE_MM or frame.top + frame.height > A4_MM[1] - _EDGE_MM
        )
        if over or min(frame.left, frame.top) < _EDGE_MM or box.words.height < 8 or box.room.left < 0:
            return f"box {box.rule.number} has no room"
        places = box.places()
        seal, whole = places.seal, places.frame
        if seal.x0 < whole.x0 or seal.y0 < whole.y0 or seal.x1 > whole.x1 or seal.y1 > whole.y1:
            return f"the seal of box {box.rule.number} leaves it"
    frames = [box.places().frame for box in letter.all()]
    if any(one.page == two.page and one.meets(two) for i, one in enumerate(frames) for two in frames[:i]):
        return "two boxes overlap"
    return ""


def _wrong(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {why}",
        code="layout-rules",
        tell=f"Bảng các ô của giấy giới thiệu {path.name} có chỗ sai nên chưa soạn được. Hãy báo quản trị viên.",
    )
