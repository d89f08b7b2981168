"""How the command line talks: people's words and progress on stderr, one JSON object a line on stdout, exit codes."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from records.errors import ArchiveFault, Away, ToolMissing, Unfit

_USAGE = ("bad-settings", "not-initialised", "profile-unknown", "exists", "same-file", "no-key", "role-wrong")
"""Faults that the person mends by calling the command differently."""

console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 160)


class Exit(IntEnum):
    """Exit codes of design §7."""

    WELL = 0
    NO = 1
    USAGE = 2
    REFUSED = 3
    MISSING_TOOL = 4


def say(text: str = "") -> None:
    """Print a line for people on stderr."""
    console.print(text, markup=False, soft_wrap=True)


def result(text: str) -> None:
    """Print a line of the answer itself on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def emit(data: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    result(json.dumps(data, ensure_ascii=False))


def complain(fault: ArchiveFault) -> Exit:
    """Print what went wrong, for a person, and return the exit code that fits."""
    console.print(f"[bold red]✗[/] {_plain(fault.tell)}")
    console.print(f"  [dim]{fault.code}: {_plain(str(fault))}[/]")
    if isinstance(fault, ToolMissing | Away):
        return Exit.MISSING_TOOL
    if isinstance(fault, Unfit):
        return Exit.REFUSED
    return Exit.USAGE if fault.code in _USAGE else Exit.NO


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Progress]:
    """A progress bar with rate and remaining time on stderr; silent when `quiet`."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("còn"),
        TimeRemainingColumn(),
        console=console,
        disable=quiet,
        transient=False,
    )
    with bar:
        yield bar
