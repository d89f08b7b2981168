"""What a scanning bureau hands over with its images: the list "danh mục bàn giao", and how the images differ."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """One listed document.

    `line`: line of the file (1-based) for messages. `ordinal`: STT as printed, else the row's place. `separator`:
    the bar or QR code on its separator sheet ("" without one). `number`: số, ký hiệu as printed. `issued_date`: ISO,
    "" when `issued_text` (as printed) is no full date. `title`: tên loại và trích yếu. `pages`: None when not said.
    `secrecy`: the level that the column "Độ mật" means, "" for none.
    """

    line: int
    ordinal: int
    dossier: str = ""
    separator: str = ""
    number: str = ""
    issued_date: str = ""
    issued_text: str = ""
    title: str = ""
    pages: int | None = None
    note: str = ""
    secrecy: str = ""


@dataclass(frozen=True, slots=True)
class HandoverList:
    """A list as read: rows in file order; `encoding` and `delimiter` are what the file turned out to use."""

    name: str
    encoding: str
    delimiter: str
    rows: tuple[HandoverRow, ...]


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document as found in the images: what `compare_handover` needs to know of it.

    `order`: place in the delivery from 1. `separator`: text of the separator code before it, "" without one. `unread`:
    numbers of the pages that no engine could read, which a person must look at.
    """

    order: int
    pages: int
    separator: str = ""
    number: str = ""
    issued_date: str = ""
    unread: tuple[int, ...] = ()


class DifferenceKind(StrEnum):
    """In what way list and images disagree."""

    MISSING = "missing"  # listed, not found
    UNLISTED = "unlisted"  # found, not listed
    FEWER_PAGES = "fewer-pages"
    MORE_PAGES = "more-pages"
    OTHER_NUMBER = "other-number"
    OTHER_DATE = "other-date"
    LISTED_TWICE = "listed-twice"
    UNREAD_PAGES = "unread-pages"  # whether they agree cannot be told


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement: the row's line in the list, the document's order in the images (None = none), a sentence.

    `tell` is Vietnamese for the archivist: what, why, what to do.
    """

    kind: DifferenceKind
    line: int | None
    order: int | None
    tell: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which row belongs to which found document, as (line, order), and every difference, in list order."""

    pairs: tuple[tuple[int, int], ...]
    differences: tuple[Difference, ...]
