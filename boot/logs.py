"""One way to write the log: JSON for machines, plain lines for a terminal; ids always, secrets and papers never."""

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from records.context import context_fields

_SECRETS = (
    (re.compile(r"\bvt_[A-Za-z0-9_-]{8,}"), "vt_…"),
    (re.compile(r"(?i)\b(bearer) +[^\s\"'\\,;]+"), r"\1 …"),
    (
        re.compile(
            r"(?i)\b(password|passwd|pin|cookie|x-csrf-token|csrf|idempotency-key|secret[_-]?key)(\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"'\\,;]+"
        ),
        r"\1\2…",
    ),
    (re.compile(r"(?i)\b([a-z0-9+]+://[^\s:/@\"']+):[^\s/@\"']+@"), r"\1:…@"),
)
"""The last net, for what a library writes into a message: tokens, passwords, addresses with a password in them."""
_QUIET = (
    "dbos",
    "elastic_transport",
    "urllib3",
    "opentelemetry",
    "fontTools",
    "weasyprint",
    "pikepdf",
    "PIL",
)
"""Libraries that tell of every request or page; their warnings are wanted, their chatter is not."""
_MEASURES = ("method", "route", "status", "milliseconds", "bytes", "queue", "part", "count")
"""What a line may carry beside its words (`extra=` of the logging call): figures and names from our own code."""


def scrub(line: str) -> str:
    """Return `line` without secrets that have a known look."""
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line


class _Lines(JsonFormatter):
    """`time`, `level`, `logger`, `message`, the ids of the context, and the trace of an exception when there is one."""

    def __init__(self, worker: str) -> None:
        super().__init__("%(message)s", json_ensure_ascii=False)
        self._worker = worker

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["time"] = when.replace("+00:00", "Z")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = record.message
        if self._worker:
            log_data["worker"] = self._worker
        log_data.update(context_fields())
        for name in _MEASURES:  # what else a library hangs on a record stays out: nobody knows what it holds
            if name in record.__dict__:
                log_data[name] = record.__dict__[name]
        for name in ("exc_info", "stack_info"):
            if message_dict.get(name):
                log_data[name] = message_dict[name]

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class _Plain(logging.Formatter):
    """For a person at a terminal: time, level, logger, message, and the ids at the end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s  %(message)s%(ids)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in context_fields().items())
        record.ids = f"  [{ids}]" if ids else ""
        return scrub(super().format(record))


def set_up_logs(
    level: int | str = logging.INFO,
    *,
    worker: str = "",
    stream: TextIO | None = None,
    as_json: bool | None = None,
) -> None:
    """Send every log line of this process to `stream` (standard error), as JSON unless it is a terminal.

    `worker` names this process in every line. Replaces whatever handlers there were, so that no line comes twice.
    """
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Lines(worker) if (not out.isatty() if as_json is None else as_json) else _Plain())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)  # our own access line has no query in it; theirs has
