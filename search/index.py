"""The port to the search engine: entries in, candidates out. The index is disposable; the archive is the truth."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from records.access import Actor, readable_levels
from records.errors import Away, Unfit
from search.entry import Entry
from search.facets import UNNARROWED, Counts
from search.filters import Facet, FacetValues, Filters
from search.plan import Clause, In, Plan

SCHEMA = "4"
"""Goes up with every change of the fold, the keys or the fields; an index of another number is not read."""
MOST_WITHOUT = 1000
"""Documents that one query can leave out, or be kept to."""
TIERS = 2
"""Groups of `Plan.first` that an engine knows."""
_LEAD = 2.0**15  # more than any sum of scores; beside it a 32-bit float still tells a hundredth of a score
LONGEST_ID = 400
"""Bytes of a document's id in UTF-8; every engine can keep so many with a page number behind them."""

_ALIAS = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may answer: its engine score (without what put it first) and what ranking needs of its entry (keys
    joined by spaces).

    `ahead`: the first toned keys of the next page.
    """

    document_id: str
    page: int
    score: float
    exact: str
    folded: str
    title_exact: str
    title_folded: str
    numbers: tuple[str, ...]
    mentions: tuple[str, ...]
    ahead: str = ""
    facets: FacetValues = field(default_factory=FacetValues)

    @property
    def place(self) -> tuple[str, int]:
        """Which page it is."""
        return self.document_id, self.page


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best candidates, best first, and how many pages matched in all (of those the reader may see).

    `total` is exact up to `facets.COUNTED`; with `more` it is that number and pages beyond it matched too.
    `facets`: over all pages that matched, for the facets asked for.
    """

    best: tuple[Candidate, ...]
    total: int
    more: bool = False
    facets: Counts = field(default_factory=dict)
    further: Callable[[], tuple[Candidate, ...]] = field(default=tuple, compare=False, repr=False)
    """Loads the next best, as many as `spare` asked for; Elasticsearch is asked again, so it may have changed."""

    def widened(self) -> "Candidates":
        """Return these and the next best behind them. Raises Away as `find` does."""
        return replace(self, best=(*self.best, *self.further()), further=tuple)

    @property
    def whole(self) -> bool:
        """True when every page that matched is among the best."""
        return not self.more and self.total <= len(self.best)


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What `probe` found: the engine with its version, the version of our entries, pages held."""

    engine: str
    schema: str
    pages: int


@dataclass(frozen=True, slots=True)
class IndexedVersion:
    """A document as the index holds it: the row version it was written with and how many pages are there."""

    document_id: str
    version: int
    pages: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a reader may find: entries at one of these levels, and entries that carry one of these parties."""

    levels: list[str]
    parties: list[str]


class SearchIndex(Protocol):
    """Entries by document, each with the version of the row it was made from. Any number of processes read.

    Every method raises Away: `search-index-missing` when there is no usable index (never an empty answer instead),
    `search-index-busy` when another process holds the pen, `search-index-unwritable` when the disk refuses,
    `search-index-away` when a server does not answer, `search-index-refused` when it does not know our account.
    """

    def replace(self, document_id: str, entries: Sequence[Entry], version: int = 0) -> None:
        """Make `entries` all that the index holds of the document. Safe to repeat; seen after `commit`.

        `version` is the `row_version` that the entries were made from. However often and in whatever order
        deliveries come, the highest wins: an older one changes nothing and raises nothing, an equal one writes
        again. 0 is older than every row. Raises ValueError (not the document's entries, an impossible version).
        """
        ...

    def remove(self, document_id: str, version: int = 0) -> None:
        """Forget the document; seen after `commit`. Nothing happens when it is unknown or newer than `version`.

        The version is remembered (until a rebuild), so that an older delivery does not bring the document back.
        """
        ...

    def commit(self) -> None:
        """Make every change durable and visible to all readers; makes an empty index where there has never been one."""
        ...

    def documents(self, after: str = "") -> Iterator[IndexedVersion]:
        """Yield every document with at least one page, by id (code points), from the first one behind `after`.

        The walk takes little memory and may be slow; what changes meanwhile is told as it was or as it is. A
        document of which pages of two versions stand there is told with the lower one.
        """
        ...

    def find(
        self,
        reader: Actor,
        plan: Plan,
        limit: int,
        *,
        filters: Filters = UNNARROWED,
        facets: Collection[Facet] = (),
        without: Collection[str] = (),
        among: Collection[str] = (),
        count: bool = True,
        spare: int = 0,
    ) -> Candidates:
        """Return the best `limit` pages for `plan` among those whose level `reader` may read, and those whose parties
        are the reader's, narrowed to `filters`.

        Reader, filters and `without` are conditions of the one query that also counts, so neither total nor facets
        tell of anything else. `facets` costs time with every facet named; name those that are shown.
        `without`: ids of documents that are neither found nor counted, at most `MOST_WITHOUT` (ValueError): those whose
        rights were narrowed and whose new entries this index may not hold yet (decision 0141).
        `among`: ids of the only documents that are looked at, at most `MOST_WITHOUT`; empty: all of them.
        `spare`: so many more can be had by `widened`, if need be: tantivy has found them already and loads them then.
        `count=False`: pages beyond `limit` and `spare` are not counted, only told by `more`; so an engine may pass over
        them.
        """
        ...

    def count(self) -> int:
        """Return how many pages the index holds, all levels together (for operators, never for readers)."""
        ...

    def probe(self) -> IndexFacts:
        """Return what stands there; raises Away as above."""
        ...

    def rebuild(self) -> AbstractContextManager["SearchIndex"]:
        """Give a fresh, empty index to fill; it takes the place of this one when the block ends well.

        Readers see the old index until then, and keep it when the block raises. No change made meanwhile is lost
        in the old one: other writers get `search-index-busy` (tantivy) or write to both (Elasticsearch). Rows must
        be read inside the block, and a row be committed before its change is delivered: a writer that looked
        before the block began writes to the old index only, and then the block finds its row. The fresh index
        knows no versions: what the rows say now counts.
        """
        ...

    def close(self) -> None:
        """Let go of the pen, of files and connections. What was not committed is not seen and may be lost;
        the object may be used again.
        """
        ...


def allowed(reader: Actor) -> Allowed | None:
    """Return what a query may touch for `reader` (from the access rule alone), None when it is nothing."""
    levels = sorted(level.value for level in readable_levels(reader))
    parties = sorted(party.token for party in reader.parties)
    return Allowed(levels, parties) if levels or parties else None


def leads(plan: Plan) -> list[tuple[tuple[Clause, ...], float]]:
    """Return the groups of `plan.first` with what a page on which one matches is given besides its score."""
    if len(plan.first) > TIERS:
        raise ValueError(f"{len(plan.first)} groups that come first")
    return [(group, _LEAD * 2 ** (TIERS - 1 - n)) for n, group in enumerate(plan.first)]


def own_score(score: float) -> float:
    """Return the engine's score without what `leads` gave."""
    return score % _LEAD


def check_without(without: Collection[str]) -> list[str]:
    """Return the ids in order. Raises ValueError when they are too many for one query."""
    if len(without) > MOST_WITHOUT:
        raise ValueError(f"{len(without)} documents to leave out or to be kept to")
    return sorted(without)


def texts(entry: Entry) -> Mapping[In, tuple[str, ...]]:
    """Return the tokens of `entry` by the field that holds them, the same for every engine."""
    return {
        In.EXACT: entry.exact,
        In.FOLDED: entry.folded,
        In.PAIRS: entry.pairs,
        In.SKIPS: entry.skips,
        In.MENTIONS: entry.mentions,
        In.NUMBERS: entry.numbers,
        In.TITLE_EXACT: entry.title_exact,
        In.TITLE_FOLDED: entry.title_folded,
        In.TITLE_PAIRS: entry.title_pairs,
        In.READINGS: entry.readings,
        In.READING_PAIRS: entry.reading_pairs,
        In.ISSUER: entry.issuer,
        In.EDGE: entry.edge,
    }


def check_change(document_id: str, entries: Sequence[Entry], version: int) -> None:
    """Return when this may be written. Raises ValueError: a mistake of the caller, the same in every engine."""
    if any(entry.document_id != document_id for entry in entries):
        raise ValueError("an entry of another document")
    if len({entry.page for entry in entries}) != len(entries):
        raise ValueError("a page twice")
    if not 0 <= version < 2**62:
        raise ValueError(f"no version of a row: {version}")
    if not 0 < len(document_id.encode("utf-8")) <= LONGEST_ID:
        raise ValueError("an empty or overlong document id")


def open_index(url: str, user: str = "", password: str = "") -> SearchIndex:
    """Return the index at `url`; touches nothing until it is used.

    `tantivy:///absolute/folder`, or `http(s)://host:port/alias` for Elasticsearch (port 9200 when none is given),
    where `user` and `password` are the account; they never stand in the address. Raises Unfit (`bad-search-url`).
    """
    try:
        parts = urlsplit(url)
        if parts.scheme == "tantivy" and parts.path.startswith("/") and not parts.netloc and "\0" not in url:
            from search.tantivy_index import TantivyIndex

            return TantivyIndex(Path(unquote(parts.path)))
        if server := _server(parts):
            from search.elastic_index import ElasticIndex

            return ElasticIndex(*server, user, password)
    except ValueError:  # of urlsplit: a port that is no number, a broken IPv6 host
        pass
    raise Unfit(
        f"not a search index address: {re.sub('//[^/]*@', '//***@', url)!r}",
        code="bad-search-url",
        tell="Địa chỉ chỉ mục tìm kiếm (VANTHU_SEARCH_URL) không hợp lệ. Hãy dùng dạng tantivy:///đường/dẫn hoặc "
        "http://máy:cổng/tên; tài khoản và mật khẩu đặt ở VANTHU_SEARCH_USER và VANTHU_SEARCH_PASSWORD_FILE.",
    )


def _server(parts: SplitResult) -> tuple[str, str] | None:
    """Return the server's address and the alias, None when `parts` are not `http(s)://host[:port]/alias`."""
    alias = parts.path.strip("/")
    plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    if not plain or "@" in parts.netloc or not _ALIAS.fullmatch(alias):
        return None
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or 9200}", alias


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


def index_away(reason: str) -> Away:
    """Return the fault for a search server that does not answer, or answers that it cannot now."""
    return Away(
        reason,
        code="search-index-away",
        tell="Chưa tìm được lúc này: máy chủ tìm kiếm không trả lời hoặc đang quá tải. Hồ sơ vẫn an toàn. "
        "Thử lại sau khoảng 1 phút; nếu vẫn vậy, quản trị viên hãy kiểm tra máy chủ tìm kiếm.",
    )


def index_refused(reason: str) -> Away:
    """Return the fault for a search server that does not let our account in."""
    return Away(
        reason,
        code="search-index-refused",
        tell="Chưa tìm được lúc này: máy chủ tìm kiếm từ chối tài khoản của hệ thống. Hồ sơ vẫn an toàn. "
        "Quản trị viên hãy kiểm tra VANTHU_SEARCH_USER và VANTHU_SEARCH_PASSWORD_FILE.",
    )
