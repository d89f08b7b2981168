"""Say which pages of a delivery make one document. Pure: the rules can be read and tested without any store.

The rules, in order: a separator sheet starts a document and belongs to none (a sheet "attachment" lets the document go
on); a run of scans without sheets is parted where a letterhead stands, if its pages were read; a multi-page file is a
document; a subfolder of page images is a document; any other loose image is one by itself. Blanks and second scans of a
run are set aside first. Nothing delivered is left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePosixPath

from records.document import PageRole
from records.separators import Follows, Sheet, read_code


@dataclass(frozen=True, slots=True)
class DeliveredPage:
    """One page image of a delivery: which row it is, which file and frame it came from, its sheet code if any.

    `delivered` is the place of the file in the order of delivery: it keeps files of one name apart. What was found on
    the page: `blank`, surely; `twin`, the page it is a certain second scan of ("" for none); `begins`, a letterhead;
    `whole`, it is of a file that is never parted.
    """

    page_id: str
    file_id: str
    path: str
    frame: int
    file_pages: int
    is_pdf: bool
    delivered: int
    role: PageRole
    code: str
    blank: bool = False
    twin: str = ""
    begins: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document as proposed: its name for people, its pages in order, the separator that opened it ("" if none).

    `whole_file` is the id of the delivered file when the document is all that is in it. `sheet` is the separator when
    it is one of ours; `dossier` what a sheet "new dossier" before it said ("" for that of the delivery).
    """

    source: str
    pages: tuple[str, ...]
    separator: str
    whole_file: str
    sheet: Sheet | None = None
    dossier: str = ""


@dataclass(slots=True)
class _Part:
    """A document that is being put together."""

    code: str = ""
    sheet: Sheet | None = None
    dossier: str = ""
    pages: list[DeliveredPage] = field(default_factory=list)


def set_aside(pages: Sequence[DeliveredPage]) -> Mapping[str, PageRole]:
    """Return which content pages of a delivery are blanks or second scans, by page id.

    Only among pages that were scanned one after the other: a single image that somebody handed in is a document even
    if it is blank, and so is a whole run of blanks; in both cases a person must see it. Files that are never parted
    keep every page.
    """
    aside: dict[str, PageRole] = {}
    for _, found in groupby(sorted(pages, key=_order), key=_sequence):
        run = list(found)
        content = [page for page in run if page.role is PageRole.CONTENT and not page.whole]
        if not _scanned_together(run) or all(page.blank for page in content):
            continue
        kept = {page.page_id for page in content if not page.blank}
        for page in content:
            if page.blank:
                aside[page.page_id] = PageRole.BLANK
            elif page.twin in kept:
                aside[page.page_id] = PageRole.DUPLICATE
                kept.discard(page.page_id)
    return aside


def to_be_read(pages: Sequence[DeliveredPage]) -> list[str]:
    """Return the pages that must be read before documents can be proposed: those of runs without separator sheets."""
    wanted: list[str] = []
    for _, found in groupby(sorted(pages, key=_order), key=_sequence):
        run = [page for page in found if page.role in (PageRole.CONTENT, PageRole.SEPARATOR)]
        if len(run) > 1 and _by_letterhead(run):
            wanted += [page.page_id for page in run if not page.blank]
    return wanted


def neighbours(pages: Sequence[DeliveredPage], reach: int) -> list[tuple[str, str]]:
    """Return pairs (earlier, later) of content pages that may be one sheet scanned twice, by place alone.

    Such pages follow each other in a run, with at most `reach` - 1 others between; blanks do not count, separators end
    it: what lies behind one is another document.
    """
    pairs: list[tuple[str, str]] = []
    for _, found in groupby(sorted(pages, key=_order), key=_sequence):
        run = list(found)
        if not _scanned_together(run):
            continue
        before: list[str] = []
        for page in run:
            if page.role is PageRole.SEPARATOR:
                before = []
            elif page.role is PageRole.CONTENT and not page.blank and not page.whole:
                pairs += [(other, page.page_id) for other in before[-reach:]]
                before.append(page.page_id)
    return pairs


def propose(pages: Sequence[DeliveredPage]) -> list[Proposal]:
    """Return the documents of a delivery in delivery order; every content page is in exactly one."""
    out: list[Proposal] = []
    for _, run in groupby(sorted(pages, key=_order), key=_sequence):
        out.extend(_split_run(list(run)))
    return out


def natural(path: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `IMG_2` before `IMG_10` and keeps folders together."""
    return tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part.casefold())
        for part in re.split(r"(\d+)", path)
    )


def _order(page: DeliveredPage) -> tuple[object, ...]:
    """Folder by folder, so that a folder inside another does not cut its pages in two; then name, file, frame."""
    parent, name = str(PurePosixPath(page.path).parent), PurePosixPath(page.path).name
    return natural(parent), parent, natural(name), page.delivered, page.frame


def _sequence(page: DeliveredPage) -> tuple[str, str]:
    """Pages scanned one after the other: the frames of one file, or the loose images of one folder."""
    if page.file_pages > 1 or page.is_pdf:
        return ("file", page.file_id)
    return ("folder", str(PurePosixPath(page.path).parent))


def _single(run: Sequence[DeliveredPage]) -> bool:
    """Whether a run without separators is one document: a file of many pages, or a subfolder."""
    kind, place = _sequence(run[0])
    return kind == "file" or place != "."


def _parted_by_sheets(run: Sequence[DeliveredPage]) -> bool:
    return any(page.role is PageRole.SEPARATOR for page in run)


def _scanned_together(run: Sequence[DeliveredPage]) -> bool:
    return _single(run) or _parted_by_sheets(run)


def _by_letterhead(run: Sequence[DeliveredPage]) -> bool:
    """Whether letterheads part a run: sheets do it surer, and what was handed in as one paper stays one."""
    return _single(run) and not _parted_by_sheets(run) and not any(page.whole for page in run)


def _split_run(run: list[DeliveredPage]) -> Iterable[Proposal]:
    kind, place = _sequence(run[0])
    filled = [part for part in _parts(run) if part.pages]
    whole = (
        kind == "file" and len(filled) == 1 and not _parted_by_sheets(run) and len(run) == run[0].file_pages
    )
    for part in filled:
        yield Proposal(
            source=_name(part.pages, kind, place, alone=len(filled) == 1),
            pages=tuple(p.page_id for p in part.pages),
            separator=part.code,
            whole_file=part.pages[0].file_id if whole else "",
            sheet=part.sheet,
            dossier=part.dossier,
        )


def _parts(run: list[DeliveredPage]) -> list[_Part]:
    single, letterheads = _single(run), _by_letterhead(run)
    parts = [_Part()]
    for page in run:
        last = parts[-1]
        if page.role is PageRole.SEPARATOR:
            sheet = read_code(page.code)
            if sheet is not None and sheet.follows is Follows.ATTACHMENT and last.pages:
                continue
            named = sheet is not None and sheet.follows is Follows.DOSSIER
            dossier = sheet.dossier if sheet is not None and named else last.dossier
            parts.append(_Part(page.code, sheet, dossier))
        elif page.role is not PageRole.CONTENT:
            continue
        elif (not last.code and not single) or (letterheads and page.begins and last.pages):
            parts.append(_Part(pages=[page]))
        else:
            last.pages.append(page)
    return parts


def _name(found: list[DeliveredPage], kind: str, place: str, *, alone: bool) -> str:
    if kind == "file":
        first, last = found[0].frame, found[-1].frame
        return found[0].path if alone else f"{found[0].path}#{first}-{last}"
    if len(found) == 1:
        return found[0].path
    return place if alone else f"{found[0].path}…{PurePosixPath(found[-1].path).name}"
