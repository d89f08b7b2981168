"""The door to openpyxl for reading: the first sheet of an XLSX hand-over list that holds anything, as plain cells.

Formulas are never reckoned: what the office program last saw is read, and nothing outside of the file is asked for.
"""

import io
import zipfile
from datetime import date, datetime

from records.errors import Unfit

MAX_UNPACKED = 64 * 1024 * 1024
"""Bytes that the parts of a list may unpack to: 50,000 rows have about 20 MB."""
_COLUMNS = 60


def is_sheet(data: bytes) -> bool:
    """Return whether the bytes begin like a ZIP package, which an XLSX file is."""
    return data.startswith(b"PK\x03\x04")


def sheet_rows(data: bytes, name: str, most: int) -> list[tuple[int, list[str]]]:
    """Return (row number, cells as trimmed text) of a list of at most `most` rows.

    Days come as `dd/mm/yyyy`, whole numbers without a point. Raises `Unfit` (`handover-sheet`, `handover-too-large`).
    """
    from openpyxl import load_workbook  # most deliveries come without a list, and most lists as CSV

    _must_unpack_small(data, name)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            rows: list[tuple[int, list[str]]] = []
            for number, cells in enumerate(sheet.iter_rows(max_col=_COLUMNS, values_only=True), start=1):
                if number > most:
                    raise _too_large(name)
                rows.append((number, [_told(cell) for cell in cells]))
            if any(cell for _, cells in rows for cell in cells):
                return rows
    except Unfit:
        raise
    except Exception as fault:  # the library says in dozens of ways that a package is broken
        raise Unfit(
            f"hand-over sheet: {type(fault).__name__}: {fault}",
            tell=f"{name} không đọc được: không phải bảng tính XLSX hoặc tệp bị hỏng. Mở bằng phần mềm bảng tính, "
            "lưu lại dạng XLSX hoặc CSV UTF-8 rồi nộp lại.",
            code="handover-sheet",
        ) from fault
    return []


def _must_unpack_small(data: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            total = sum(part.file_size for part in package.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as fault:
        raise Unfit(
            f"hand-over sheet is no package: {fault}",
            tell=f"{name} không đọc được: tệp XLSX bị hỏng. Lưu lại từ phần mềm bảng tính rồi nộp lại.",
            code="handover-sheet",
        ) from fault
    if total > MAX_UNPACKED:
        raise _too_large(name)


def _too_large(name: str) -> Unfit:
    return Unfit(
        "hand-over sheet is too large",
        tell=f"{name} quá lớn cho một đợt bàn giao. Chia danh mục theo từng đợt rồi nộp lại.",
        code="handover-too-large",
    )


def _told(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())
