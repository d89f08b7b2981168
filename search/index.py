"""The port to the search engine: entries in, candidates out. The index is disposable; the archive is the truth."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from records.access import Actor
from records.errors import Away, Unfit
from search.entry import Entry
from search.plan import Plan


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may answer: its engine score and what ranking needs of its entry (keys joined by spaces)."""

    document_id: str
    page: int
    score: float
    exact: str
    folded: str
    title_exact: str
    title_folded: str
    numbers: tuple[str, ...]
    mentions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best candidates, best first, and how many pages matched in all (of those the reader may see)."""

    best: tuple[Candidate, ...]
    total: int


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What `probe` found: the engine with its version, the version of our entries, pages held."""

    engine: str
    schema: str
    pages: int


class SearchIndex(Protocol):
    """Entries by document. One process writes, any number read; both may be different processes.

    Every method raises Away: `search-index-missing` when there is no usable index (never an empty answer instead),
    `search-index-busy` when another process holds the pen, `search-index-unwritable` when the disk refuses.
    """

    def replace(self, document_id: str, entries: Sequence[Entry]) -> None:
        """Make `entries` all that the index holds of the document. Safe to repeat; seen after `commit`."""
        ...

    def remove(self, document_id: str) -> None:
        """Forget the document; seen after `commit`. Nothing happens when it is unknown."""
        ...

    def commit(self) -> None:
        """Make every change durable and visible to all readers; creates an empty index where there is none."""
        ...

    def find(self, reader: Actor, plan: Plan, limit: int) -> Candidates:
        """Return the best `limit` pages for `plan` among those whose level `reader` may read."""
        ...

    def count(self) -> int:
        """Return how many pages the index holds, all levels together (for operators, never for readers)."""
        ...

    def probe(self) -> IndexFacts:
        """Return what stands there; raises Away as above."""
        ...

    def rebuild(self) -> AbstractContextManager["SearchIndex"]:
        """Give a fresh, empty index to fill; it takes the place of this one when the block ends well.

        Readers see the old index until then, and keep it when the block raises. Other writers get
        `search-index-busy` meanwhile, so that no change is lost in the old one.
        """
        ...

    def close(self) -> None:
        """Let go of the pen and of open files. What was not committed is lost; the object may be used again."""
        ...


def open_index(url: str) -> SearchIndex:
    """Return the index at `url`: `tantivy:///absolute/folder`. Touches nothing until it is used.

    Raises Unfit (`bad-search-url`).
    """
    parts = urlsplit(url)
    if parts.scheme == "tantivy" and parts.path.startswith("/") and not parts.netloc and "\0" not in url:
        from search.tantivy_index import TantivyIndex

        return TantivyIndex(Path(unquote(parts.path)))
    raise Unfit(
        f"not a search index address: {url!r}",
        code="bad-search-url",
        tell="Địa chỉ chỉ mục tìm kiếm (VANTHU_SEARCH_URL) không hợp lệ. Hãy dùng dạng tantivy:///đường/dẫn.",
    )


def index_missing(reason: str) -> Away:
    """Return the fault for an index that is absent, damaged or of another version."""
    return Away(
        reason,
        code="search-index-missing",
        tell="Chưa tìm được lúc này: chỉ mục tìm kiếm chưa có hoặc đã hỏng. Hồ sơ vẫn an toàn. "
        "Quản trị viên hãy chạy lệnh `vanthu reindex` để dựng lại chỉ mục.",
    )


def index_unwritable(reason: str) -> Away:
    """Return the fault for an index that cannot be written now (disk full, no right to write)."""
    return Away(
        reason,
        code="search-index-unwritable",
        tell="Chưa ghi được vào chỉ mục tìm kiếm (đĩa đầy hoặc không có quyền ghi). Hồ sơ vẫn an toàn. "
        "Hãy kiểm tra đĩa; việc lập chỉ mục sẽ được làm lại.",
    )


def index_busy(reason: str) -> Away:
    """Return the fault for a second writer."""
    return Away(
        reason,
        code="search-index-busy",
        tell="Chỉ mục tìm kiếm đang được một tiến trình khác ghi. Hồ sơ vẫn an toàn. "
        "Hãy đợi tiến trình đó xong rồi thử lại.",
    )
