"""What a line of the log belongs to: request, batch, document, worker. Set at the edge, known to every line below it.

Carried by the context of the task or thread; a thread that is started by hand begins without it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})
_known: ContextVar[Mapping[str, str]] = ContextVar("vanthu_log_context", default=_NOTHING)


@contextmanager
def log_context(
    *, request_id: str = "", batch_id: str = "", document_id: str = "", worker: str = ""
) -> Iterator[None]:
    """Let every log line of the block carry these ids, beside those that are known already. Ids only, never words."""
    given = {"request_id": request_id, "batch_id": batch_id, "document_id": document_id, "worker": worker}
    token = _known.set({**_known.get(), **{name: value for name, value in given.items() if value}})
    try:
        yield
    finally:
        _known.reset(token)


def context_fields() -> Mapping[str, str]:
    """Return what is known here and now, by name."""
    return _known.get()
