"""What the rules of the proposal want to know of a delivered page: its row, its file, and what was found on it."""

from collections.abc import Mapping, Sequence

from ingest.first_page import BEGINS
from ingest.page_findings import SURE
from ingest.propose import DeliveredPage
from ingest.twins import twin_of
from records.page_checks import Finding, PageCheck
from storage.batches import DeliveredFile
from storage.pages import Page


def all_delivered(
    files: Mapping[str, DeliveredFile], pages: Mapping[str, Page], checks: Mapping[str, Sequence[PageCheck]]
) -> list[DeliveredPage]:
    """Return every page of a delivery as the rules see it."""
    return [_delivered(p, files[p.file_id], checks.get(p.id, ())) for p in pages.values()]


def _delivered(page: Page, file: DeliveredFile, checks: Sequence[PageCheck]) -> DeliveredPage:
    surest = {check.finding: check.score for check in checks}
    return DeliveredPage(
        page_id=page.id,
        file_id=file.id,
        path=file.relative_path,
        frame=page.frame,
        file_pages=file.pages,
        is_pdf=file.blob_key.endswith(".pdf"),
        delivered=file.ordinal,
        role=page.role,
        code=page.code,
        blank=surest.get(Finding.BLANK, 0.0) >= SURE,
        twin=twin_of(checks),
        begins=surest.get(Finding.FIRST_PAGE, 0.0) >= BEGINS,
        whole=Finding.WHOLE_FILE in surest,
    )
