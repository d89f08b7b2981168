"""Spans for who follows a request or a step through the machines; nothing happens until boot puts a tracer in.

Plain Python, so that every room may mark its work; boot/telemetry.py alone knows what becomes of the marks.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Attribute = str | int | float | bool
"""Ids, counts and codes; never text of papers, names or what somebody typed."""


class Span(Protocol):
    """A piece of work under way."""

    def note(self, name: str, value: Attribute) -> None:
        """Add what is known only now (a status, a count)."""


class Tracer(Protocol):
    """Begins spans. `carrier`: headers of the request that asked for the work, None for work of our own."""

    def __call__(
        self, name: str, attributes: Mapping[str, Attribute], carrier: Mapping[str, str] | None
    ) -> AbstractContextManager[Span]:
        """Return the span as a context; an exception that leaves the block marks it as failed."""


class _NoSpan:
    def note(self, name: str, value: Attribute) -> None:
        """Nobody watches."""


_UNWATCHED: AbstractContextManager[Span] = nullcontext(_NoSpan())
_tracer: Tracer | None = None


def use_tracer(tracer: Tracer | None) -> None:
    """Put `tracer` in for this process; None takes it out again."""
    global _tracer  # noqa: PLW0603 (like logging: one a process, put in by the composition root)
    _tracer = tracer


def span(
    name: str, *, carrier: Mapping[str, str] | None = None, **attributes: Attribute
) -> AbstractContextManager[Span]:
    """Mark the `with` block as one piece of work, say `"read-page", document_id=…`; free when nobody watches."""
    return _UNWATCHED if _tracer is None else _tracer(name, attributes, carrier)
