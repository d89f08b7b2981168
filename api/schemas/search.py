"""Search results as the API shows them."""

from api.schemas.common import FieldsOut, Frozen


class Crop(Frozen):
    """The strip of the page that shows the hit, and where in it the boxes [x, y, w, h] lie (pixels of the strip).

    `kinds` says how each box answers (see `HitOut`), empty for a field. `align` (`xMin`, `xMid`, `xMax`) is the side to
    keep when a narrow screen cuts the strip.
    """

    url: str
    width: int
    height: int
    boxes: list[list[int]]
    kinds: list[str] = []
    align: str


class HitOut(Frozen):
    """A page that answers. `boxes` are [x, y, w, h] in pixels of the page image as delivered; there is at least one.

    `kinds` says how each box answers: `exact` as typed, `folded` without its marks, `ocr` as the engine misread it.
    """

    document_id: str
    page: int
    title: str
    score: float
    match: str
    snippet: str
    snippet_marks: list[tuple[int, int]]
    boxes: list[list[int]]
    kinds: list[str]
    fields: FieldsOut
    crop: Crop | None


class SearchOut(Frozen):
    """One page of results, best first; `total` is a lower bound when not `total_is_exact`."""

    query: str
    total: int
    total_is_exact: bool
    seconds: float
    hits: list[HitOut]
