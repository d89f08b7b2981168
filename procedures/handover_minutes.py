"""The minutes of a hand-over as a paper to be signed: what arrived, where every page is, what differs from the list.

Both sides sign it (TT 05/2025, 40-HD/VPTW: hand-over minutes with a list, items counted). The hash of the whole
delivery can be reckoned again with `sha256sum` and nothing else.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from records.accounting import TOLD, Account, FileLine
from signing.printing import print_page

DOCUMENT_NAMES = {
    "archived": "đã lưu trữ",
    "refused": "chờ người xử lý",
    "held": "bị giữ vì dấu mật",
    "removed": "đã xóa vì là tài liệu mật",
    "proposed": "chưa xử lý",
    "reading": "đang xử lý",
    "composed": "đang xử lý",
    "sealed": "đang xử lý",
}
"""What the states of a document are called on paper."""

_TEMPLATE = Path(__file__).with_name("handover_minutes.html.j2")


@dataclass(frozen=True, slots=True)
class Listed:
    """The list that came with the delivery: name, SHA-256 of its bytes, rows, pages that it tells of, rows paired."""

    name: str
    sha256: str
    rows: int
    pages: int
    paired: int


@dataclass(frozen=True, slots=True)
class Minutes:
    """What the minutes say. `first_at`, `last_at`, `made_at`: moments as people read them; `listed`: None without a
    list; `differences`: sentences; `giver`: who handed in, "" leaves a line to write on.
    """

    batch_id: str
    title: str
    dossier: str
    organisation: str
    superior: str
    giver: str
    day: date
    first_at: str
    last_at: str
    made_at: str
    account: Account
    listed: Listed | None
    differences: Sequence[str]

    @property
    def root(self) -> str:
        """The hash of the whole delivery, see `root_of`."""
        return root_of(self.account.files)


def root_of(files: Sequence[FileLine]) -> str:
    """Return the SHA-256 of what `sha256sum` prints of the files, sorted by name in the order of code points."""
    lines = sorted((file.path, file.sha256) for file in files)
    return hashlib.sha256("".join(f"{sha256}  {path}\n" for path, sha256 in lines).encode()).hexdigest()


def print_minutes(minutes: Minutes) -> bytes:
    """Return the minutes as PDF/A-2b; the same minutes give the same bytes."""
    page = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    html = page.render(it=minutes, names=TOLD, document_names=DOCUMENT_NAMES)
    return print_page(html, archival=True)
