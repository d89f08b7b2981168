"""The findings on the pages of a delivery as people are told them: which file, which page, one sentence each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from records.access import Actor
from records.page_checks import TWINS, WORKINGS, PageCheck
from storage.batches import DeliveredFile
from storage.pages import Page
from storage.work import Tx

TELLING = 0.5
"""Score from which a finding is told without being asked for."""


@dataclass(frozen=True, slots=True)
class PageFlag:
    """One finding on one page image: the page's id and state, its file and frame, the finding, and its sentence."""

    page_id: str
    file: str
    frame: int
    state: str
    finding: str
    score: float
    sentence: str

    @property
    def worth_telling(self) -> bool:
        """Whether it is told without being asked for."""
        return self.score >= TELLING

    def as_json(self) -> dict[str, Any]:
        """Return the flag as API and command line tell it."""
        return asdict(self)


def page_flags(tx: Tx, reader: Actor, batch_id: str) -> list[PageFlag]:
    """Return the findings of a batch in the order of its pages. Raises `Missing`, `NotAllowed`."""
    files = {file.id: file for file in tx.batches.files(reader, batch_id)}
    pages = {p.id: p for p in tx.pages.of_batch(batch_id)}
    return flags_among(tx.page_checks.of_batch(batch_id), pages, files)


def flags_among(
    found: Mapping[str, Sequence[PageCheck]], pages: Mapping[str, Page], files: Mapping[str, DeliveredFile]
) -> list[PageFlag]:
    """Return the findings, given by page id, as they are told."""
    flags = []
    for page_id, checks in found.items():
        page = pages[page_id]
        for check in checks:
            if check.finding in WORKINGS:
                continue
            first = pages.get(str(check.detail.get("page", ""))) if check.finding in TWINS else None
            other = (
                f"{files[first.file_id].relative_path}, trang {first.frame}"
                if first is not None
                else "trang quét trước"
            )
            sentence = check.sentence(other)
            place = files[page.file_id].relative_path, page.frame, page.role.value
            flags.append(PageFlag(page_id, *place, check.finding.value, check.score, sentence))
    return flags
