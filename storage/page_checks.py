"""Findings on page images: flags of the walk, kept beside the pages they are about."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from records.page_checks import Finding, PageCheck
from storage.ground import Ground
from storage.schema import page_checks, pages


class PageChecks:
    """The findings. They belong to a delivery; whoever asks for them has been asked whether they may watch it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, found: Mapping[str, Sequence[PageCheck]]) -> None:
        """Keep findings by page id; a finding that a page has already is left as it is."""
        rows = [
            {
                "page_id": page_id,
                "finding": check.finding.value,
                "score": check.score,
                "detail": dict(check.detail),
            }
            for page_id, checks in found.items()
            for check in checks
        ]
        self._ground.insert_new(page_checks, rows, "page_id", "finding")

    def rows_of_batch(self, batch_id: str) -> list[dict[str, Any]]:
        """Return the rows of a batch as the catalogue tells them, by page and finding: for its manifest."""
        joined = page_checks.join(pages, pages.c.id == page_checks.c.page_id)
        rows = self._ground.connection.execute(
            select(page_checks).select_from(joined).where(pages.c.batch_id == batch_id)
        ).mappings()
        return sorted((dict(row) for row in rows), key=lambda row: (row["page_id"], row["finding"]))

    def of_batch(self, batch_id: str) -> dict[str, list[PageCheck]]:
        """Return the findings of every page of a batch that has any, surest first."""
        joined = page_checks.join(pages, pages.c.id == page_checks.c.page_id)
        rows = self._ground.connection.execute(
            select(page_checks)
            .select_from(joined)
            .where(pages.c.batch_id == batch_id)
            .order_by(pages.c.ordinal, page_checks.c.score.desc(), page_checks.c.finding)
        ).mappings()
        found: dict[str, list[PageCheck]] = {}
        for row in rows:
            check = PageCheck(Finding(row["finding"]), row["score"], row["detail"])
            found.setdefault(row["page_id"], []).append(check)
        return found
