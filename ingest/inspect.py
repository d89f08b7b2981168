"""Decide whether a delivered file is fit to enter the archive, in a limited child process.

Step 2 of the walk. Whatever the file does to its reader, the answer is a value: facts, or a refusal with a sentence.
"""

from dataclasses import dataclass
from pathlib import Path

from ingest.children import ChildDied, ChildStuck
from ingest.tools import IngestTools
from ocr.inspect_file import FileFacts, inspect_file
from records.errors import Away, Unfit
from records.outcome import Done, Outcome, Refused


@dataclass(frozen=True, slots=True)
class Looked:
    """What the file turned out to be."""

    facts: FileFacts


def look(tools: IngestTools, path: Path, shown: str) -> Outcome[Looked]:
    """Inspect the file at `path`, called `shown` to people. Refused with the reader's own code, or `file-hostile`."""
    try:
        facts = tools.children.run("parse", tools.limits.inspect_seconds, inspect_file, path, shown)
    except Unfit as fault:
        return Refused(fault.code, str(fault), fault.tell)
    except (ChildStuck, ChildDied) as fault:
        return Refused(
            "file-hostile",
            str(fault),
            f"{shown}: tệp làm chương trình đọc vượt giới hạn thời gian hoặc bộ nhớ nên không được nhận. "
            "Hãy quét hoặc xuất lại tệp này.",
        )
    return Done(Looked(facts))


def demand_readable(tools: IngestTools, path: Path, shown: str) -> FileFacts:
    """Return what a file that somebody waits for is, as `look`. Raises `Unfit` (its refusal), `Away`."""
    looked = look(tools, path, shown)
    if isinstance(looked, Refused):
        raise Unfit(looked.reason, code=looked.code, tell=looked.tell)
    if not isinstance(looked, Done):
        raise Away(looked.reason, tell="Chưa xem được tệp lúc này nên chưa nhận. Hãy thử lại sau ít phút.")
    return looked.value.facts
