"""Judge a page before it is read: what one look at it tells, held against the rules of scanning.

Pure. Whether a blank or a second scan is set aside is decided with its neighbours (`ingest/propose`).
"""

from base64 import b64encode

from ocr.extract import PageImage, is_separator
from ocr.page_look import PageLook
from records.page_checks import Finding, PageCheck, ScanRules
from records.separators import claims_to_be_ours

SURE = 0.9
"""Score from which a blank is set aside; below it is only shown to people."""

_SHINES_THROUGH = 0.7
"""Sharpness up to which weak ink is the other side of the sheet: that is blurred by the paper, writing is not."""
_HARDLY = 0.003
"""Share of weak, sharp ink that may be the grain of the paper or a pencilled word: a person decides."""
_SIDES = {"left": "trái", "right": "phải", "top": "trên", "bottom": "dưới"}
_MM = 25.4


def findings(page: PageImage, rules: ScanRules) -> list[PageCheck]:
    """Return what is to be said about a page image; nothing about separator sheets, which are no pages."""
    if page.look is None or is_separator(page) is not None:
        return []
    look = page.look
    blank = _blank(look, rules)
    found = [*_size(page, rules), *_strange(page)]
    found.append(PageCheck(Finding.LOOK, 1.0, {"grid": b64encode(look.grid).decode(), "skew": look.skew}))
    if blank is not None and blank.score >= SURE:
        return [blank, *found]
    found += [blank] if blank is not None else []
    return [*found, *_exposure(look, rules), *_place(look, rules)]


def _blank(look: PageLook, rules: ScanRules) -> PageCheck | None:
    """Return the finding of a page without writing: sure when what weak ink there is shines through from behind."""
    soft = look.sharp < _SHINES_THROUGH
    if look.letters <= rules.blank_letters and look.writing <= rules.blank_writing:
        if not look.depth or soft:
            return PageCheck(Finding.BLANK, 0.95 if look.letters or look.depth else 0.99)
        return PageCheck(Finding.BLANK, 0.6) if look.weak < _HARDLY else None
    return PageCheck(Finding.BLANK, 0.6) if soft and 0 < look.depth < rules.faint_ink / 2 else None


def _size(page: PageImage, rules: ScanRules) -> list[PageCheck]:
    found = []
    longest = max(page.width, page.height) / page.dpi * _MM
    rule = rules.rule_for(longest)
    if page.dpi < rule.least_dpi * (1 - rules.dpi_tolerance):
        detail = {"value": round(page.dpi), "least": rule.least_dpi, "rule": rule.name}
        found.append(PageCheck(Finding.LOW_DPI, 1.0, detail))
    if page.color in ("bilevel", "gray"):
        found.append(PageCheck(Finding.NOT_COLOR, 0.3, {"value": page.color}))
    return found


def _exposure(look: PageLook, rules: ScanRules) -> list[PageCheck]:
    found = []
    if look.paper < rules.dark_paper:
        found.append(
            PageCheck(Finding.TOO_DARK, _beyond(look.paper, rules.dark_paper), {"value": look.paper})
        )
    if 0 < look.depth < rules.faint_ink:
        found.append(
            PageCheck(Finding.TOO_LIGHT, _beyond(look.depth, rules.faint_ink), {"value": look.depth})
        )
    if 0 < look.sharp < rules.blurred:
        found.append(PageCheck(Finding.BLURRED, _beyond(look.sharp, rules.blurred), {"value": look.sharp}))
    return found


def _place(look: PageLook, rules: ScanRules) -> list[PageCheck]:
    found = []
    if look.touching >= rules.cut_letters:
        score = min(1.0, 0.5 + 0.05 * (look.touching - rules.cut_letters))
        found.append(PageCheck(Finding.CUT_OFF, round(score, 2), {"side": _SIDES[look.side]}))
    if look.turn and look.turn_sure:
        found.append(PageCheck(Finding.TURNED, 1.0, {"value": look.turn}))
    return found


def _strange(page: PageImage) -> list[PageCheck]:
    """Return the finding of a code that begins like those of our sheets and parts nothing."""
    ours = [code.text for code in page.codes if claims_to_be_ours(code.text)]
    return [PageCheck(Finding.STRANGE_SHEET, 1.0, {"value": ours[0][:60]})] if ours else []


def _beyond(value: float, bound: float) -> float:
    """Return how far a value is below its bound: 0.5 at the bound, 1.0 at half of it."""
    return round(min(1.0, 0.5 + (bound - value) / bound), 2)
