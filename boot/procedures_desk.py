"""The procedures from the settings: their files, the calendar, the books, and the child in which papers are drawn."""

from datetime import datetime
from pathlib import Path

from boot.childroom import compare_in_child, draw_box_in_child, draw_in_child, fill_in_child
from boot.house import House
from ingest.children import Children
from procedures.calendar import read_calendar
from procedures.case_desk import CaseDesk
from procedures.case_facts import demand_places, facts_of
from procedures.case_members import follow_membership
from procedures.case_upload import Filling
from procedures.cases import CaseTools
from procedures.check_mark import CheckMark
from procedures.definition_read import read_definitions
from procedures.difference import ChangedLine, Side
from procedures.papers.sheet import BoxSheet, Sheet

DRAW_SECONDS = 120.0
"""How long drawing a paper may take, in seconds; the first one in a child loads the faces."""


def case_desk(house: House, children: Children) -> CaseDesk:
    """Return what moving cases needs over this house. Raises `ArchiveFault` when a file of rules is wrong."""

    def draw(sheet: Sheet, created: datetime, mark: CheckMark | None) -> bytes:
        return children.run("parse", DRAW_SECONDS, draw_in_child, sheet, created, mark)

    def draw_box(box: BoxSheet) -> bytes:
        return children.run("parse", DRAW_SECONDS, draw_box_in_child, box)

    def fill(path: Path, filling: Filling) -> bytes:
        return children.run("parse", DRAW_SECONDS, fill_in_child, path, filling)

    def compare(old: Side, new: Side) -> tuple[ChangedLine, ...]:
        return children.run("parse", DRAW_SECONDS, compare_in_child, old, new)

    settings = house.settings
    tools = CaseTools(
        house.work, read_definitions(), read_calendar(), facts_of, demand_places, follow_membership
    )
    return CaseDesk(
        tools,
        house.blobs,
        draw,
        draw_box,
        settings.data_dir / "work",
        settings.public_url,
        fill=fill,
        compare=compare,
    )
