"""Say of a page that was read whether a document begins on it, and which page number is printed there. Pure.

Where no separator sheets lie between the papers, the letterhead is what parts them: motto of State or Party at the
right, and beside it a number or a date that is filled in. A form printed as an annex has the motto too, with dots for
number and date, and a page with a printed number above 1 goes on with what was before it.
"""

import re
from dataclasses import dataclass

from ingest.describe_header import Heading, read_heading
from ingest.describe_lines import Line, Sheet, lay_out
from ingest.describe_match import letters
from language.dates import find_dates
from records.page import PageText

_TOP, _FOOT = 0.12, 0.9
"""Parts of the page in which a page number stands: Decree 30/2020 has it at the top, others at the foot."""
_HEAD = 0.3
"""Part of the page, from the top, in which a letterhead stands; lower down it belongs to a form within the page."""
_PAGE = re.compile(r"[-–—\s.]*(?:trang\s*)?([0-9]{1,4})\s*(?:/\s*[0-9]{1,4})?[-–—\s.]*", re.IGNORECASE)
_ANNEX = ("phuluc", "mauso", "kemtheo", "bieumau", "bieuso")
"""How annexes and forms begin or what stands in brackets under their name, folded."""


BEGINS = 0.5
"""Score from which a document begins on a page."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What speaks for a first page. `score` 0.0 to 1.0; `printed`: page number printed on it, 0 without one."""

    score: float
    printed: int

    @property
    def begins(self) -> bool:
        """Whether a document begins here, as far as the page itself tells."""
        return self.score >= BEGINS


def opening(page: PageText) -> Opening:
    """Return what a page tells about beginning a document. Never raises on any page text."""
    sheet = lay_out(page)
    if not sheet.lines:
        return Opening(0.0, 0)
    printed = page_number(sheet)
    heading, lines = read_heading(sheet)
    score = _letterhead(heading, sheet)
    whole = score == 1.0 and heading.date_line is not None
    # under a whole letterhead a figure at the foot is the number of a box or of a copy
    if (printed > 1 and not whole) or _annex(lines, sheet):
        score = min(score, 0.3)
    return Opening(round(score, 2), printed)


def page_number(sheet: Sheet) -> int:
    """Return the page number that stands alone at the top or the foot of a page, 0 when there is none."""
    for line in sheet.lines:
        alone = line.middle < _TOP * sheet.height or line.middle > _FOOT * sheet.height
        if alone and len(line.words) <= 4 and 0.25 * sheet.width < line.centre:
            found = _PAGE.fullmatch(line.text)
            if found and 0 < int(found[1]) < 2000:
                return int(found[1])
    return 0


def _letterhead(heading: Heading, sheet: Sheet) -> float:
    """Return how sure it is that a letterhead stands at the top of the page."""
    top = _HEAD * sheet.height
    mottos = [line for line in heading.mottos if line.middle < top]
    number = heading.number_line if heading.number_line and heading.number_line.line.middle < top else None
    dated = heading.date_line is not None and any(d.in_words for d in find_dates(heading.date_line.text))
    numbered = number is not None and bool(number.number)
    if mottos and numbered:
        return 1.0
    if mottos and dated:
        return 0.9
    if numbered and number is not None and number.parsed is not None and heading.date_line is not None:
        return 0.8
    if mottos and (heading.date_line is not None or number is not None):
        return 0.4
    return 0.0


def _annex(lines: tuple[Line, ...], sheet: Sheet) -> bool:
    """Return whether the page names itself an annex or a form in its upper part."""
    for line in lines:
        if line.middle > 0.25 * sheet.height:
            continue
        plain = letters(line.text)
        if plain.startswith(_ANNEX) or (line.text.startswith("(") and plain.startswith("kemtheo")):
            return True
    return False
