"""Write documents so that the newest version wins, in whatever order and however often deliveries come.

Beside its pages a document has a head: its version and every page number that was ever written for it. A writer first
wins the head by compare-and-swap, so of two writers one comes second and sees what the first is about to write; then
it writes its pages and, over every other number in the head, an empty entry of its version. The server refuses a
page that is older than what stands there. So a late writer finds each of its pages taken (decision 0057).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from elasticsearch import Elasticsearch

from search.elastic_door import PATIENCE, Door, judge
from search.elastic_entries import source
from search.entry import Entry
from search.index import index_busy

MOST_ITEMS, MOST_BYTES = 500, 5_000_000
"""Size of one bulk request; a single entry may be larger, then it goes alone."""
_CONTESTS = 50  # how often one document's head may be lost to other writers before we say so
_HEAD = "head"
CONFLICT = 409

Line = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """All that the index shall hold of a document from now on, made from the row of this version."""

    document_id: str
    entries: tuple[Entry, ...]
    version: int

    @property
    def pages(self) -> frozenset[int]:
        """The numbers of its pages."""
        return frozenset(entry.page for entry in self.entries)


@dataclass(frozen=True, slots=True)
class _Head:
    """What the index knows of a document: its version (-1: nothing), and where that was read."""

    version: int = -1
    ever: frozenset[int] = frozenset()
    swap: Mapping[str, Any] = field(default_factory=dict)


def write(door: Door, index: str, changes: Iterable[Change]) -> None:
    """Bring `changes` (one a document) into `index`; older ones than what stands there change nothing.

    Safe to repeat, and to be repeated by somebody else after a crash. Raises Away.
    """
    left = {change.document_id: change for change in changes}
    for _ in range(_CONTESTS):
        heads = _heads(door, index, left)
        due = {name: change for name, change in left.items() if _is_due(change, heads[name])}
        results = _bulk(door, [_claim(index, change, heads[name]) for name, change in due.items()])
        won = [change for change, lost in zip(due.values(), results, strict=True) if not lost]
        _bulk(door, [line for change in won for line in _pages(index, change, heads[change.document_id])])
        left = {name: change for name, change in due.items() if change not in won}
        if not left:
            return
    raise index_busy(f"{index}: others keep writing {len(left)} of our documents")


def _is_due(change: Change, head: _Head) -> bool:
    unknown = head.version < 0 and not head.ever
    return change.version >= head.version and not (unknown and not change.entries and not change.version)


def _claim(index: str, change: Change, head: _Head) -> Line:
    body = {
        "doc": change.document_id,
        "version": change.version,
        "ever": sorted(head.ever | change.pages),
    }
    how = {"_index": index, "_id": f"{change.document_id}:{_HEAD}", **head.swap}
    return ({"index": how} if head.swap else {"create": how}), body


def _pages(index: str, change: Change, head: _Head) -> Iterator[Line]:
    """Yield the pages, and an empty entry (without a level nobody finds it) for each page that is no more."""

    def at(page: int) -> dict[str, Any]:
        versioned = {"version": change.version, "version_type": "external_gte"}
        return {"index": {"_index": index, "_id": f"{change.document_id}:{page}", **versioned}}

    for entry in change.entries:
        yield at(entry.page), source(entry, change.version)
    for page in sorted(head.ever - change.pages):
        yield at(page), {"doc": change.document_id, "page": page, "version": change.version}


def _heads(door: Door, index: str, changes: Mapping[str, Change]) -> dict[str, _Head]:
    def read(es: Elasticsearch) -> list[_Head]:
        names = [f"{name}:{_HEAD}" for name in changes]
        return [_head(found) for found in es.mget(index=index, ids=names)["docs"]]

    heads = dict(zip(changes, door.call(read) if changes else (), strict=True))
    strays = [name for name, head in heads.items() if head.version < 0 and not changes[name].entries]
    return {**heads, **{name: _Head(ever=_standing(door, index, name)) for name in strays}}


def _head(found: dict[str, Any]) -> _Head:
    if "error" in found:
        raise judge(404, found["error"])
    if not found["found"]:
        return _Head()
    kept = found["_source"]
    swap = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
    return _Head(kept["version"], frozenset(kept["ever"]), swap)


def _standing(door: Door, index: str, document_id: str) -> frozenset[int]:
    """Return the pages of a document without a head: put there past this program, and removed all the same."""
    wanted = {"bool": {"filter": [{"term": {"doc": document_id}}, {"exists": {"field": "level"}}]}}
    found = door.call(
        lambda es: es.search(
            index=index,
            query=wanted,
            size=10_000,
            source=False,
            docvalue_fields=[{"field": "page"}],
            sort={"page": "asc"},
            allow_partial_search_results=False,
        )
    )
    return frozenset(hit["fields"]["page"][0] for hit in found["hits"]["hits"])


def _bulk(door: Door, lines: Iterable[Line]) -> list[bool]:
    """Send `lines` in requests of bounded size; return for each whether something newer stands there."""
    return [late for part in _parts(lines) for late in door.call(_sending(part))]


def _parts(lines: Iterable[Line]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for line in lines:
        pair = b"\n".join(json.dumps(half, ensure_ascii=False).encode("utf-8") for half in line)
        if part and (len(part) == MOST_ITEMS or size + len(pair) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(pair)
        size += len(pair)
    if part:
        yield part


def _sending(part: list[bytes]) -> Callable[[Elasticsearch], list[bool]]:
    """Return the sending of one request: an item refused for anything but its version is a fault of the whole.

    Sent again after a fault, what was taken before counts as too late (heads) or is written once more (pages).
    """

    def send(es: Elasticsearch) -> list[bool]:
        answer = es.bulk(operations=cast("list[dict[str, Any]]", part), require_alias=True, timeout=PATIENCE)
        results = [result for item in answer["items"] for result in item.values()]
        faults = [judge(r["status"], r["error"]) for r in results if "error" in r and r["status"] != CONFLICT]
        for fault in sorted(faults, key=lambda fault: fault.code == "search-index-away"):
            raise fault  # one that no other try would mend, if there is one
        return [result["status"] == CONFLICT for result in results]

    return send
