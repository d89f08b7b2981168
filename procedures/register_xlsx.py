"""The door to openpyxl: the register of outgoing papers as an XLSX sheet, written line by line.

Every word is a text cell whatever it begins with: a subject like "=HYPERLINK(…)" is shown and never reckoned.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from procedures.register_book import BookWish, Cell, Row, book_lines, book_rule
from storage.work import Tx

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""
_LETTERS = {"written": 20, "day": 12, "subject": 50, "signer": 24, "recipients": 32, "note": 28}
_USUAL_LETTERS = 14
_A4 = 9
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_BOLD, _STRUCK = Font(bold=True), Font(strike=True)


def write_book(tx: Tx, wish: BookWish, out: Path) -> int:
    """Write the register into the XLSX file `out` and return its number of rows. Raises as `book_rule`."""
    form = book_rule(tx, wish)
    workbook = Workbook(write_only=True)
    workbook.properties.creator = _clean(wish.organisation)
    workbook.properties.created = workbook.properties.modified = datetime.combine(
        tx.numbers.today(), time(), UTC
    ).replace(tzinfo=None)
    sheet = workbook.create_sheet("Sổ văn bản đi")
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", _A4
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage = 0, True
    for number, column in enumerate(form.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _LETTERS.get(column.field, _USUAL_LETTERS)
    heads = [
        [_clean(wish.superior).upper()] if wish.superior else [],
        [_clean(wish.organisation).upper()],
        [form.title.upper()],
        [f"Từ ngày {wish.begins_on:%d/%m/%Y} đến ngày {wish.ends_on:%d/%m/%Y}"],
    ]
    sheet.freeze_panes = f"A{len(heads) + 3}"
    sheet.print_title_rows = f"{len(heads) + 1}:{len(heads) + 2}"
    rows = 0
    for words in heads:
        sheet.append(_row(sheet, words, font=_BOLD))
    sheet.append(_row(sheet, [column.head for column in form.columns], font=_BOLD, boxed=True))
    sheet.append(_row(sheet, [f"({n})" for n in range(1, len(form.columns) + 1)], boxed=True))
    for line in book_lines(tx, wish):
        if isinstance(line, Row):
            sheet.append(_row(sheet, line.cells, font=_STRUCK if line.void else None, boxed=True))
            rows += 1
        else:
            sheet.append(_row(sheet, [line.text], font=_BOLD))
    workbook.save(out)
    return rows


def _row(sheet: Any, cells: Sequence[Cell], *, font: Font | None = None, boxed: bool = False) -> list[Any]:
    made = []
    for value in cells:
        if isinstance(value, str):
            cell = WriteOnlyCell(sheet, value=_clean(value))
            cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula
        else:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, date):
                cell.number_format = "dd/mm/yyyy"
        if font is not None:
            cell.font = font
        if boxed:
            cell.border, cell.alignment = _BOX, _WRAPPED
        made.append(cell)
    return made


def _clean(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
