"""Who read what: reading and listing are events of the audit log, once per sitting and not once per click."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from api.tools import Tools
from records.access import Actor

SITTING = 600.0
"""Seconds within which the same reader reading the same document again is the same reading."""

_REMEMBERED = 20_000
MOST_IDS = 990
"""Characters of ids that one event names."""


class ReadLog:
    """Writes `document-read` and `documents-listed` events; remembers recent ones, so paging is not an event a page."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._recent: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, reader: Actor, document_id: str, part: str) -> None:
        """Write down that `reader` was shown `part` of the document.

        Parts: `record`, `pages`, `page`, `image`, `words`, `signature`.

        Call it after the access check and before the answer goes out. Raises `Away` when the log cannot be written:
        then the answer must not go out either.
        """
        self._once(reader, (document_id,), "document-read", document_id, {"part": part})

    def case(self, reader: Actor, case_id: str, revision: int, units: Iterable[str]) -> None:
        """Write down that `reader`, acting for `units` of it, was shown a case as it stands at `revision`.

        A case that was moved is shown anew: the receipt of a letter rests on this. Call and raises as `note`.
        """
        details: dict[str, str | int] = {"revision": revision, "units": " ".join(sorted(units))[:MOST_IDS]}
        self._once(reader, ("case", case_id, str(revision)), "case-read", case_id, details)

    def listed(self, reader: Actor, asked: Sequence[str], shown: Sequence[str], total: int) -> None:
        """Write down that a list put the documents `shown` before `reader`; `asked` are the names of the filters.

        What was typed into the filters is not written (it may be a secret subject). Call and raises as `note`.
        """
        names, ids = " ".join(asked), " ".join(shown)
        details: dict[str, str | int] = {
            "asked": names,
            "shown": ids[:MOST_IDS],
            "count": len(shown),
            "total": total,
        }
        self._once(reader, (names, ids), "documents-listed", "", details)

    def _once(
        self, reader: Actor, what: tuple[str, ...], action: str, object_id: str, details: dict[str, str | int]
    ) -> None:
        key = (reader.id, *what)
        now = time.monotonic()
        with self._lock:
            last = self._recent.get(key)
            if last is not None and now - last < SITTING:
                return
        with self._tools.work.begin() as tx:
            tx.audit.append(reader.id, action, object_id, "done", details)
        with self._lock:
            self._recent[key] = now
            self._recent.move_to_end(key)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
