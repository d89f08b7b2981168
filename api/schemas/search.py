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


class FacetValueOut(Frozen):
    """A value by which hits can be narrowed: what to ask for, how to call it, on how many pages it stands.

    With `more`, on more than `count` pages.
    """

    value: str
    label: str
    count: int
    more: bool = False


class SearchOut(Frozen):
    """One page of results, best first; `total` is a lower bound when not `total_is_exact`.

    `facets`: pages counted by each value among all that answer; when not `facets_are_exact`, among the pages in which
    the answers were looked for. `notes`: sentences about what was typed and could not be followed, in Vietnamese.
    """

    query: str
    total: int
    total_is_exact: bool
    seconds: float
    hits: list[HitOut]
    facets: dict[str, list[FacetValueOut]] = {}
    facets_are_exact: bool = True
    notes: list[str] = []


class SuggestionOut(Frozen):
    """What the beginning may mean: a `number`, an `issuer` or a `type` that stands on a paper you may see."""

    kind: str
    text: str


class PageHitsOut(Frozen):
    """A page of a document on which the query stands. Boxes as in `HitOut`; `hits` passages."""

    page: int
    hits: int
    match: str
    snippet: str
    snippet_marks: list[tuple[int, int]]
    boxes: list[list[int]]
    kinds: list[str]


class InDocumentOut(Frozen):
    """Where a query stands in one document, page by page. `complete`: every page was looked through."""

    query: str
    total: int
    complete: bool
    pages: list[PageHitsOut]


class SimilarOut(Frozen):
    """A page of another document with much the same words. `likeness` 0 to 1: the share of word pairs in common."""

    document_id: str
    page: int
    title: str
    likeness: float
    number: str
    issued_date: str
    organ_name: str
