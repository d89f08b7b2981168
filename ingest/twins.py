"""Find pages of a delivery that were scanned twice: cheap fingerprints first, pictures side by side where these agree.

Between steps 3 and 4 of the walk. What is found is a flag on the later page; `propose` decides what to do with it.
"""

import logging
import shutil
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.children import ChildDied, ChildStuck
from ingest.propose import DeliveredPage, neighbours
from ingest.tools import IngestTools
from ocr.page_look import likeness
from ocr.twins import Likeness, compare_sheets
from records.errors import Unfit
from records.page_checks import TWINS, Finding, PageCheck
from storage.pages import Page

_log = logging.getLogger("vanthu.twins")

REACH = 3
"""A sheet that went through the feeder twice comes out again at once, or after its back and the next one."""
_ALIKE = 0.9
"""Likeness of fingerprints from which the pictures are compared. Second scans had 0.986, two filled-in forms 0.96,
other pages of 61 at most 0.88."""
_SECONDS = 60.0
CERTAIN, PROBABLE = 1.0, 0.6
"""Scores of a twin that is set aside, and of one that is only shown to people."""


def find_twins(
    tools: IngestTools,
    pages: Mapping[str, Page],
    delivered: Sequence[DeliveredPage],
    checks: Mapping[str, Sequence[PageCheck]],
) -> dict[str, list[PageCheck]]:
    """Return the findings of pages that repeat a page shortly before them; pages that have one are not asked again.

    Raises `records.errors.Away` when the store does not give a picture.
    """
    found: dict[str, list[PageCheck]] = {}
    grids = {p: _grid(c) for p, c in checks.items()}
    judged = {p for p, c in checks.items() if any(one.finding in TWINS for one in c)}
    for first, later in neighbours(delivered, REACH):
        if later in judged or later in found:
            continue
        if pages[first].image_sha256 == pages[later].image_sha256:
            found[later] = [PageCheck(Finding.SAME_IMAGE, CERTAIN, {"page": first})]
            continue
        one, other = grids.get(first, b""), grids.get(later, b"")
        if not one or len(one) != len(other) or likeness(one, other) < _ALIKE:
            continue
        told = _compared(tools, pages[first], pages[later])
        if told is not None and told.probable:
            score = CERTAIN if told.certain else PROBABLE
            detail = {"page": first, "least": round(told.least, 3), "found": round(told.found, 3)}
            found[later] = [PageCheck(Finding.SCANNED_TWICE, score, detail)]
    return found


def twin_of(checks: Sequence[PageCheck]) -> str:
    """Return the page that a page surely repeats, "" when it repeats none."""
    sure = (c for c in checks if c.finding in TWINS and c.score >= CERTAIN)
    return next((str(c.detail["page"]) for c in sure), "")


def _grid(checks: Sequence[PageCheck]) -> bytes:
    return next((b64decode(c.detail["grid"]) for c in checks if c.finding is Finding.LOOK), b"")


def _compared(tools: IngestTools, one: Page, other: Page) -> Likeness | None:
    """Compare two pictures in a limited child; a picture that harms its reader is no twin of anything."""
    folder = tools.work_dir / f"split-twins-{other.id}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        first, second = (folder / f"{page.id}{Path(page.image_key).suffix}" for page in (one, other))
        tools.blobs.copy_out(one.image_key, first, one.image_sha256)
        tools.blobs.copy_out(other.image_key, second, other.image_sha256)
        return tools.children.run("parse", _SECONDS, compare_sheets, first, second, (one.dpi, other.dpi))
    except (Unfit, ChildStuck, ChildDied) as fault:
        _log.warning("pages %s and %s are not compared: %s", one.id, other.id, fault)
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
