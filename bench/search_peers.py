"""The engines beside ours in the search benchmarks: SQLite FTS5 and plain Elasticsearch, as one would first use them.

They get the same page texts and the same queries, words joined by OR and ranked by their own BM25: with AND a single
misread syllable would hide the page.
"""

import re
import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from elasticsearch import Elasticsearch, helpers

_WORD = re.compile(r"[^\W_]+")
Key = tuple[str, int]


class Peer(Protocol):
    """An engine that is given pages and asked for the best of them."""

    name: str

    def fill(self, pages: Iterable[tuple[Key, str]]) -> None:
        """Index the pages; what was there is gone."""
        ...

    def ask(self, typed: str, limit: int) -> list[Key]:
        """Return the best pages, best first."""
        ...

    def close(self) -> None:
        """Let go of files and of what was made on a server."""
        ...


class Fts5:
    """SQLite FTS5 with `unicode61 remove_diacritics 2`, its best setting for Vietnamese."""

    name = "SQLite FTS5"

    def __init__(self, folder: Path) -> None:
        self._rows = sqlite3.connect(folder / "fts5.sqlite")

    def fill(self, pages: Iterable[tuple[Key, str]]) -> None:
        """See `Peer.fill`."""
        self._rows.execute("DROP TABLE IF EXISTS page")
        self._rows.execute(
            "CREATE VIRTUAL TABLE page USING fts5(doc UNINDEXED, n UNINDEXED, text, "
            "tokenize='unicode61 remove_diacritics 2')"
        )
        self._rows.executemany("INSERT INTO page VALUES (?, ?, ?)", ((*key, text) for key, text in pages))
        self._rows.commit()

    def ask(self, typed: str, limit: int) -> list[Key]:
        """See `Peer.ask`."""
        wanted = " OR ".join(f'"{word}"' for word in _WORD.findall(typed))
        found = self._rows.execute(
            "SELECT doc, n FROM page WHERE page MATCH ? ORDER BY rank LIMIT ?", (wanted, limit)
        )
        return [(doc, n) for doc, n in found]

    def close(self) -> None:
        """See `Peer.close`."""
        self._rows.close()


class PlainElastic:
    """Elasticsearch with a `match` on a text field of the standard analyzer: what a mapping of one line gives."""

    name = "plain Elasticsearch"

    def __init__(self, address: str, user: str, password: str) -> None:
        self._server = Elasticsearch(address, basic_auth=(user, password), request_timeout=120)
        self._index = f"plain-{secrets.token_hex(4)}"

    def fill(self, pages: Iterable[tuple[Key, str]]) -> None:
        """See `Peer.fill`."""
        self._server.options(ignore_status=404).indices.delete(index=self._index)
        self._server.indices.create(index=self._index, mappings={"properties": {"text": {"type": "text"}}})
        actions: Iterable[dict[str, Any]] = (
            {"_index": self._index, "doc": key[0], "n": key[1], "text": text} for key, text in pages
        )
        helpers.bulk(self._server, actions, chunk_size=500)
        self._server.indices.refresh(index=self._index)

    def ask(self, typed: str, limit: int) -> list[Key]:
        """See `Peer.ask`."""
        found = self._server.search(
            index=self._index, query={"match": {"text": typed}}, size=limit, source=["doc", "n"]
        )
        return [(hit["_source"]["doc"], hit["_source"]["n"]) for hit in found["hits"]["hits"]]

    def close(self) -> None:
        """See `Peer.close`."""
        self._server.options(ignore_status=404).indices.delete(index=self._index)
        self._server.close()
