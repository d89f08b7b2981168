"""What a person asks of the visible part of a signature, apart from the drawing of it, which takes a second to load."""

from collections.abc import Mapping
from dataclasses import dataclass

from signing.appearance import System
from signing.geometry import Place


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says of the visible part. `place`: chosen by hand, None: found on the paper.

    `form`: of a copy (SAO Y, SAO LỤC, TRÍCH SAO); `number`: of the paper that an annex belongs to. `hidden`: show
    nothing.
    """

    system: System = System.STATE
    place: Place | None = None
    form: str = ""
    number: str = ""
    hidden: bool = False

    def words(self) -> dict[str, str]:
        """Return it as words that can be kept with an order; `wish_of` reads them."""
        told = {"system": str(self.system), "form": self.form, "number": self.number}
        if self.place is not None:
            sides = (self.place.x0, self.place.y0, self.place.x1, self.place.y1)
            told["place"] = " ".join([str(self.place.page), *(repr(side) for side in sides)])
        if self.hidden:
            told["hidden"] = "yes"
        return {name: value for name, value in told.items() if value}


def wish_of(words: Mapping[str, str]) -> Wish:
    """Return the wish that `Wish.words` told. Raises ValueError for words that it never tells."""
    place = None
    if "place" in words:
        page, x0, y0, x1, y1 = words["place"].split()
        place = Place(int(page), float(x0), float(y0), float(x1), float(y1))
    system = System(words.get("system", System.STATE))
    return Wish(system, place, words.get("form", ""), words.get("number", ""), "hidden" in words)
