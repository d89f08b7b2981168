"""Say which pages of a delivery make one document. Pure: the rules can be read and tested without any store.

The rules, in order: a separator sheet starts a document and belongs to none; a multi-page file is a document; a
subfolder of page images is a document; any other loose image is one by itself. Nothing delivered is left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import PurePosixPath

from records.document import PageRole

_PLACES = 50_000
"""Paths whose place is remembered: those of the largest delivery."""


@dataclass(frozen=True, slots=True)
class DeliveredPage:
    """One page image of a delivery: which row it is, which file and frame it came from, its sheet code if any.

    `delivered` is the place of the file in the order of delivery: it keeps files of one name apart.
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document as proposed: its name for people, its pages in order, the separator that opened it ("" if none).

    `whole_file` is the id of the delivered file when the document is exactly that file.
    """

    source: str
    pages: tuple[str, ...]
    separator: str
    whole_file: str


def propose(pages: Sequence[DeliveredPage]) -> list[Proposal]:
    """Return the documents of a delivery in delivery order; every content page is in exactly one."""
    ordered = in_order(pages)
    out: list[Proposal] = []
    for _, run in groupby(ordered, key=_sequence):
        out.extend(_split_run(list(run)))
    return out


def in_order(pages: Sequence[DeliveredPage]) -> list[DeliveredPage]:
    """Return the pages as they follow each other in the delivery."""
    return sorted(pages, key=_order)


def natural(path: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `IMG_2` before `IMG_10` and keeps folders together."""
    return tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part.casefold())
        for part in re.split(r"(\d+)", path)
    )


def _order(page: DeliveredPage) -> tuple[object, ...]:
    """Folder by folder, so that a folder inside another does not cut its pages in two; then name, file, frame."""
    return *_place(page.path), page.delivered, page.frame


@lru_cache(maxsize=_PLACES)
def _place(path: str) -> tuple[object, str, object]:
    """Return what of a path decides the order; each page of a file asks for the same, and arranging asks again."""
    parent, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
    return natural(parent), parent, natural(name)


def _sequence(page: DeliveredPage) -> tuple[str, str]:
    """Pages scanned one after the other: the frames of one file, or the loose images of one folder."""
    if page.file_pages > 1 or page.is_pdf:
        return ("file", page.file_id)
    return ("folder", _place(page.path)[1])


def _split_run(run: list[DeliveredPage]) -> Iterable[Proposal]:
    kind, place = _sequence(run[0])
    single = kind == "file" or place != "."
    opened = ""
    current: list[DeliveredPage] = []
    parts: list[tuple[str, list[DeliveredPage]]] = []
    for page in run:
        if page.role is PageRole.SEPARATOR:
            parts.append((opened, current))
            opened, current = page.code, []
        elif not opened and not single:
            parts.append(("", [page]))
        else:
            current.append(page)
    parts.append((opened, current))
    filled = [(code, found) for code, found in parts if found]
    whole = kind == "file" and len(filled) == 1 and len(filled[0][1]) == run[0].file_pages
    for code, found in filled:
        yield Proposal(
            source=_name(found, kind, place, alone=len(filled) == 1),
            pages=tuple(p.page_id for p in found),
            separator=code,
            whole_file=found[0].file_id if whole else "",
        )


def _name(found: list[DeliveredPage], kind: str, place: str, *, alone: bool) -> str:
    if kind == "file":
        first, last = found[0].frame, found[-1].frame
        return found[0].path if alone else f"{found[0].path}#{first}-{last}"
    if len(found) == 1:
        return found[0].path
    return place if alone else f"{found[0].path}…{PurePosixPath(found[-1].path).name}"
