"""What a person asks of the visible part of a signature, apart from the drawing of it, which takes a second to load."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from records.units import System
from signing.geometry import Place


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says of the visible part. `place`: chosen by hand, None: found on the paper.

    `form`: of a copy (SAO Y, SAO LỤC, TRÍCH SAO); `number`: of the paper that an annex belongs to. `hidden`: show
    nothing. `drawn`: what a body writes into its box of a letter, drawn as a PDF of one page exactly as large as
    `place`; `room`: where on it the picture of the signature goes (left, top, width, height in millimetres).
    """

    system: System = System.STATE
    place: Place | None = None
    form: str = ""
    number: str = ""
    hidden: bool = False
    drawn: bytes = field(default=b"", repr=False)
    room: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def words(self) -> dict[str, str]:
        """Return it as words that can be kept with an order; `wish_of` reads them."""
        told = {"system": str(self.system), "form": self.form, "number": self.number}
        if self.place is not None:
            sides = (self.place.x0, self.place.y0, self.place.x1, self.place.y1)
            told["place"] = " ".join([str(self.place.page), *(repr(side) for side in sides)])
        if self.hidden:
            told["hidden"] = "yes"
        if self.drawn:
            told["drawn"] = b64encode(self.drawn).decode()
            told["room"] = " ".join(map(repr, self.room))
        return {name: value for name, value in told.items() if value}


def wish_of(words: Mapping[str, str]) -> Wish:
    """Return the wish that `Wish.words` told. Raises ValueError for words that it never tells."""
    place = None
    if "place" in words:
        page, x0, y0, x1, y1 = words["place"].split()
        place = Place(int(page), float(x0), float(y0), float(x1), float(y1))
    system = System(words.get("system", System.STATE))
    drawn = b64decode(words.get("drawn", ""), validate=True)
    left, top, width, height = map(float, words.get("room", "0 0 0 0").split())
    form, number = words.get("form", ""), words.get("number", "")
    return Wish(system, place, form, number, "hidden" in words, drawn, (left, top, width, height))
