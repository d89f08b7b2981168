"""The first proposal as an arrangement, and an arrangement as documents: what people start from, and what they make.

Pure: rows in, values out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.delivered import all_delivered
from ingest.propose import Proposal, in_order, propose, with_aside
from records.arrangement import Groups, Mark, Sheet
from records.document import PageRole
from records.page_checks import PageCheck
from records.separators import Follows, read_code
from storage.batches import DeliveredFile
from storage.pages import Page

RESCANNED = "quét lại:"
"""How the key of a file begins that came for a ticket. Keys of clients are ASCII, so none can be taken for one."""

_MARKS = {
    PageRole.CONTENT: Mark.PAGE,
    PageRole.SEPARATOR: Mark.SEPARATOR,
    PageRole.BLANK: Mark.BLANK,
    PageRole.DUPLICATE: Mark.DUPLICATE,
    PageRole.OUT: Mark.OUT,
    PageRole.REPLACED: Mark.REPLACED,
}
_ROLES = {mark: role for role, mark in _MARKS.items()}


def rescan_key(rescan_id: str, key: str) -> str:
    """Return the idempotency key of a file that is handed in for a ticket under `key`."""
    return f"{RESCANNED}{rescan_id}:{key}"


def rescan_of(file: DeliveredFile) -> str:
    """Return the ticket a file came for."""
    return file.idempotency_key.removeprefix(RESCANNED).split(":", 1)[0]


def delivered_as(page: Page) -> PageRole:
    """Return what a page was found to be when it came, whatever people have made of it since."""
    return PageRole.SEPARATOR if page.code else PageRole.CONTENT


def shown_turn(page: Page) -> int:
    """Return the clockwise turn that shows a page upright as far as anybody knows."""
    return page.rotation if page.state else page.hint_rotation


def first_proposal(
    files: Mapping[str, DeliveredFile], pages: Mapping[str, Page], checks: Mapping[str, Sequence[PageCheck]]
) -> list[list[Sheet]]:
    """Return the documents as the rules propose them, with the sheets between them: each before what it opens.

    Without pages that came for a ticket: the log tells of those.
    """
    own = {p.id: p for p in pages.values() if not files[p.file_id].idempotency_key.startswith(RESCANNED)}
    found = [replace(p, role=delivered_as(pages[p.page_id])) for p in all_delivered(files, own, checks)]
    of_delivery = in_order(with_aside(found))
    proposed = propose(of_delivery)
    place = {page: number for number, one in enumerate(proposed) for page in one.pages}
    groups: list[list[Sheet]] = [[] for _ in proposed]
    inside = [iter(one.pages) for one in proposed]  # the order inside a document is the proposal's
    loose: list[Sheet] = []
    last = -1
    for page in of_delivery:
        number = place.get(page.page_id)
        if number is None:
            loose.append(Sheet(page.page_id, _MARKS[page.role]))
            continue
        groups[number] += [*loose, Sheet(next(inside[number]))]
        loose, last = [], number
    if loose and not groups:
        return [loose]
    if loose:
        groups[last] += loose
    return groups


def documents_of(
    groups: Groups, files: Mapping[str, DeliveredFile], pages: Mapping[str, Page]
) -> list[Proposal]:
    """Return the documents that an arrangement makes, in order; one without a page left makes none."""
    made: list[Proposal] = []
    dossier, run = "", ""
    for group in groups:
        first = pages[group[0].page]
        if run != (run := _run(first, files)):
            dossier = ""
        sheet = read_code(code := _opened_by(group, pages))
        if sheet is not None and sheet.follows is Follows.DOSSIER:
            dossier = sheet.dossier
        kept = [pages[sheet.page] for sheet in group if sheet.mark is Mark.PAGE]
        if kept:
            made.append(
                Proposal(
                    source=_name(kept, files),
                    pages=tuple(page.id for page in kept),
                    separator=code,
                    whole_file=_whole(kept, files),
                    sheet=sheet,
                    dossier=dossier,
                )
            )
    return made


def turned(groups: Groups, pages: Mapping[str, Page]) -> dict[str, int]:
    """Return the clockwise turn that each page is read with which people turned, as it is written down once for all."""
    return {
        sheet.page: (shown_turn(pages[sheet.page]) + sheet.turn) % 360
        for group in groups
        for sheet in group
        if sheet.turn
    }


def settled(
    groups: Groups, pages: Mapping[str, Page], turns: Mapping[str, int]
) -> dict[str, tuple[PageRole, int]]:
    """Return what becomes of each page that is not what it was: its role, and the turn it is read with.

    `turns` as `turned` gave them when the arrangement was confirmed: so settling again changes nothing.
    """
    changed: dict[str, tuple[PageRole, int]] = {}
    for sheet in (sheet for group in groups for sheet in group):
        page = pages[sheet.page]
        now = (_ROLES[sheet.mark], turns.get(page.id, page.hint_rotation))
        if now != (page.role, page.hint_rotation):
            changed[page.id] = now
    return changed


def _name(kept: Sequence[Page], files: Mapping[str, DeliveredFile]) -> str:
    """Return what people call the document: the file, its frames, or the first and the last of several files."""
    first, last = kept[0], kept[-1]
    path, end = files[first.file_id].relative_path, files[last.file_id].relative_path
    if len({page.file_id for page in kept}) > 1:
        return f"{path}…{end.rsplit('/', 1)[-1]}"
    if len(kept) == files[first.file_id].pages:
        return path
    return f"{path}#{first.frame}-{last.frame}" if len(kept) > 1 else f"{path}#{first.frame}"


def _opened_by(group: Sequence[Sheet], pages: Mapping[str, Page]) -> str:
    """Return the code of the last separator sheet before the first page."""
    code = ""
    for sheet in group:
        if sheet.mark is Mark.PAGE:
            break
        if sheet.mark is Mark.SEPARATOR:
            code = pages[sheet.page].code
    return code


def _run(page: Page, files: Mapping[str, DeliveredFile]) -> str:
    """Return what was scanned in one go with the page: a sheet "new dossier" reaches to its end."""
    file = files[page.file_id]
    several = file.pages > 1 or file.blob_key.endswith(".pdf")
    return file.id if several else file.relative_path.rpartition("/")[0]


def _whole(kept: Sequence[Page], files: Mapping[str, DeliveredFile]) -> str:
    """Return the file when the document is exactly that file, frame by frame; "" else."""
    file = files[kept[0].file_id]
    frames = [(page.file_id, page.frame) for page in kept]
    several = file.pages > 1 or file.blob_key.endswith(".pdf")
    return file.id if several and frames == [(file.id, n) for n in range(1, file.pages + 1)] else ""
