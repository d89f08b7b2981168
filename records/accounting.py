"""Where every delivered page is: the states of a page, each page in exactly one, and the sums that must agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PageState(StrEnum):
    """Where a delivered page is. What is delivered is in one of these from its receipt on, and in one only."""

    IN_FILE = "in-file"  # its file is received, its pages are not taken out yet
    FILE_REFUSED = "file-refused"  # its file was set aside; the file is kept with the reason
    SEPARATOR = "separator"  # a sheet that parts documents, no page of any
    BLANK = "blank"  # set aside: nothing stands on it
    DUPLICATE = "duplicate"  # set aside: a second scan of a page that is there
    OUT = "out"  # set aside: a person took it out of its document
    REPLACED = "replaced"  # set aside: scanned again, the newer page is in its place
    UNPLACED = "unplaced"  # taken out, in no document yet
    WAITING = "waiting"  # in a document that is on its walk
    EXISTING = "existing"  # of a document that the archive had before
    REFUSED = "refused"  # in a document that waits for a person
    HELD = "held"  # in a document that is held for secrecy
    REMOVED = "removed"  # in a document whose bytes were removed
    UNREAD = "unread"  # in an archived document, but no machine could read it
    ARCHIVED = "archived"


TOLD: Mapping[PageState, str] = {
    PageState.IN_FILE: "chưa tách khỏi tệp",
    PageState.FILE_REFUSED: "trong tệp bị từ chối",
    PageState.SEPARATOR: "tờ ngăn cách",
    PageState.BLANK: "trang trắng, để riêng",
    PageState.DUPLICATE: "quét lặp, để riêng",
    PageState.OUT: "người dùng lấy ra",
    PageState.REPLACED: "đã quét lại, thay bằng trang mới",
    PageState.UNPLACED: "chưa vào tài liệu nào",
    PageState.WAITING: "đang xử lý",
    PageState.EXISTING: "đã có trong kho từ trước",
    PageState.REFUSED: "trong tài liệu chờ người xử lý",
    PageState.HELD: "bị giữ vì dấu mật",
    PageState.REMOVED: "đã xóa vì là tài liệu mật",
    PageState.UNREAD: "đã lưu trữ, máy chưa đọc được",
    PageState.ARCHIVED: "đã lưu trữ",
}
"""What each state is called on screens and in the minutes."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A delivered file: its place, hash and size, what became of it, and how many pages it brought."""

    path: str
    sha256: str
    size: int
    state: str
    pages: int


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document of a delivery: its place from 1, source, number as read, state, pages, separator code."""

    id: str
    order: int
    source: str
    number: str
    state: str
    pages: int
    separator: str


@dataclass(frozen=True, slots=True)
class Account:
    """The account of one delivery at one moment.

    `states`: pages in each state, every state named. `total`: pages that its files brought. `faults`: sentences about
    sums that do not agree; a delivery with any has lost or doubled a page through a bug of ours.
    """

    states: Mapping[PageState, int]
    total: int
    files: tuple[FileLine, ...]
    documents: tuple[DocumentLine, ...]
    faults: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every page is in exactly one state."""
        return not self.faults
