"""Who read what: reading a document is an event of the audit log, once per sitting and not once per click."""

import threading
import time
from collections import OrderedDict

from api.tools import Tools
from records.access import Actor

SITTING = 600.0
"""Seconds within which the same reader reading the same document again is the same reading."""

_REMEMBERED = 20_000


class ReadLog:
    """Writes `document-read` events; remembers recent ones so that paging through a document is one event."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._recent: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, reader: Actor, document_id: str, part: str) -> None:
        """Write down that `reader` was shown `part` (`record`, `pages`, `page`, `image`, `words`) of the document.

        Call it after the access check and before the answer goes out. Raises `Away` when the log cannot be written:
        then the answer must not go out either.
        """
        key = (reader.id, document_id)
        now = time.monotonic()
        with self._lock:
            last = self._recent.get(key)
            if last is not None and now - last < SITTING:
                return
        with self._tools.work.begin() as tx:
            tx.audit.append(reader.id, "document-read", document_id, "done", {"part": part})
        with self._lock:
            self._recent[key] = now
            self._recent.move_to_end(key)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
