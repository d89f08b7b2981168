"""The door to openpyxl for plain lists: one sheet of words under bold heads, written line by line, no formula ever."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""
_LONGEST = 32_000
"""Characters of a cell; the format ends at 32,767."""
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_BOLD = Font(bold=True)


def write_sheet(
    out: Path,
    name: str,
    above: Sequence[str],
    heads: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[str | int]],
) -> None:
    """Write an XLSX file: lines `above`, then `heads` (words, width in letters), then `rows` under them."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(name)
    sheet.page_setup.orientation = "landscape"
    for number, (_, letters) in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = letters
    sheet.freeze_panes = f"A{len(above) + 2}"
    for line in above:
        sheet.append([_cell(sheet, line)])
    sheet.append([_cell(sheet, words, font=_BOLD) for words, _ in heads])
    for row in rows:
        sheet.append([_cell(sheet, value, wrapped=True) for value in row])
    workbook.save(out)


def _cell(sheet: Any, value: str | int, *, font: Font | None = None, wrapped: bool = False) -> Any:
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=_UNFIT.sub("\ufffd", value)[:_LONGEST])
        cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula
    else:
        cell = WriteOnlyCell(sheet, value=value)
    if font is not None:
        cell.font = font
    if wrapped:
        cell.alignment = _WRAPPED
    return cell
