"""What the rules of the proposal want to know of a delivered page: its row, its file, and what was found on it."""

from collections.abc import Mapping, Sequence

from ingest.first_page import BEGINS
from ingest.page_findings import SURE
from ingest.propose import DeliveredPage
from ingest.twins import twin_of
from records.page_checks import TWINS, Finding, PageCheck
from storage.batches import DeliveredFile
from storage.pages import Page
from storage.work import Tx

_ASIDE = frozenset({Finding.BLANK, *TWINS})


def all_delivered(
    files: Mapping[str, DeliveredFile], pages: Mapping[str, Page], checks: Mapping[str, Sequence[PageCheck]]
) -> list[DeliveredPage]:
    """Return every page of a delivery as the rules see it."""
    return [_delivered(p, files[p.file_id], checks.get(p.id, ())) for p in pages.values()]


def checks_of(tx: Tx, batch_id: str) -> dict[str, list[PageCheck]]:
    """Return what was found on the pages of a batch, as the rules of the proposal may use it.

    What would set a page with a mark of secrecy aside is left out: aside it would be in no document that is held.
    """
    marked = tx.secrecy.of_batch(batch_id)
    return {
        page_id: [one for one in found if page_id not in marked or one.finding not in _ASIDE]
        for page_id, found in tx.page_checks.of_batch(batch_id).items()
    }


def is_pdf(file: DeliveredFile) -> bool:
    """A file whose bytes were removed is what it was."""
    return file.blob_key.endswith(".pdf") or (not file.blob_key and file.media_type == "application/pdf")


def _delivered(page: Page, file: DeliveredFile, checks: Sequence[PageCheck]) -> DeliveredPage:
    surest = {check.finding: check.score for check in checks}
    return DeliveredPage(
        page_id=page.id,
        file_id=file.id,
        path=file.relative_path,
        frame=page.frame,
        file_pages=file.pages,
        is_pdf=is_pdf(file),
        delivered=file.ordinal,
        role=page.role,
        code=page.code,
        blank=surest.get(Finding.BLANK, 0.0) >= SURE,
        twin=twin_of(checks),
        begins=surest.get(Finding.FIRST_PAGE, 0.0) >= BEGINS,
        whole=Finding.WHOLE_FILE in surest,
    )
