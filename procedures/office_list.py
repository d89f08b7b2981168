"""Read a CSV list that somebody filled in a spreadsheet, and tell everything wrong with it by line, at once."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from language.fold import canonical, fold
from language.office_text import StrangeEncoding, office_text
from records.errors import Unfit

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 50_000
_DELIMITERS = (";", ",", "\t", "|")
_SHOWN = 20
"""Faults told in one sentence; the rest is counted, and `faults` has them all."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong in one line (from 1, the headings' line included); `tell` is the Vietnamese sentence."""

    line: int
    code: str
    tell: str


class ListUnfit(Unfit):
    """A list that was not taken in, not even in part; `faults` says why, line by line."""

    code = "list-unfit"

    def __init__(self, name: str, faults: Sequence[LineFault]) -> None:
        lines = [f"Dòng {fault.line}: {fault.tell}" for fault in faults[:_SHOWN]]
        if more := len(faults) - len(lines):
            lines.append(f"… và {more} lỗi khác.")
        super().__init__(
            f"{name}: {len(faults)} faults, first {faults[0].code} in line {faults[0].line}",
            tell=f"{name} có {len(faults)} chỗ chưa đúng, chưa có dòng nào được nhập. Hãy sửa rồi nhập lại cả tệp.\n"
            + "\n".join(lines),
        )
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: its number, and its cells by the meaning of their column."""

    line: int
    cells: Mapping[str, str]

    def get(self, meaning: str) -> str:
        """Return the cell, "" when the list has no such column."""
        return self.cells.get(meaning, "")


def heading_key(heading: str) -> str:
    """Return the form in which headings and choices are compared.

    >>> heading_key(" Số thẻ  Đảng viên (*)")
    'so the dang vien'
    """
    letters = (c if c.isalnum() else " " for c in fold(canonical(heading)))
    return " ".join("".join(letters).split())


def read_list(data: bytes, name: str, headings: Mapping[str, str], needed: Sequence[str]) -> list[Row]:
    """Return the filled lines of the CSV file `data`.

    `headings`: meaning of a column by `heading_key` of its heading; `needed`: meanings that must be there. Separated
    by ";", ",", tab or "|". Raises `Unfit` (`list-empty`, `list-encoding`, `list-headings`, `list-too-large`,
    `list-row`): the file as a whole cannot be read.
    """
    if len(data) > MAX_BYTES:
        raise _unfit(
            "list-too-large",
            name,
            f"quá lớn (trên {MAX_BYTES // 1024 // 1024} MB). Hãy chia thành nhiều tệp.",
        )
    try:
        text, _ = office_text(data)
    except StrangeEncoding as fault:
        raise _unfit(
            "list-encoding",
            name,
            "không đọc được chữ. Mở bằng bảng tính, lưu lại dạng “CSV UTF-8” rồi nhập lại.",
        ) from fault
    lines = _lines(text, name)
    if not lines:
        raise _unfit("list-empty", name, "không có nội dung. Hãy kiểm tra lại tệp.")
    columns = _columns(lines[0][1], name, headings, needed)
    rows = [_row(line, cells, columns, name) for line, cells in lines[1:]]
    if not rows:
        raise _unfit("list-empty", name, "chỉ có dòng tiêu đề, không có dòng nào để nhập.")
    return rows


def _lines(text: str, name: str) -> list[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    at = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((at, [" ".join(cell.split()) for cell in cells]))
            if len(found) > MAX_ROWS + 1:
                raise _unfit("list-too-large", name, f"có hơn {MAX_ROWS} dòng. Hãy chia thành nhiều tệp.")
            at = reader.line_num + 1
    except csv.Error as fault:
        raise _unfit(
            "list-row", name, f"dòng {at}: không đọc được (dấu ngoặc kép mở mà không đóng?). Hãy sửa dòng đó."
        ) from fault
    return found


def _columns(
    cells: Sequence[str], name: str, headings: Mapping[str, str], needed: Sequence[str]
) -> list[str]:
    columns: list[str] = []
    for cell in cells:
        meaning = headings.get(heading_key(cell), "") if cell else ""
        if cell and not meaning:
            raise _unfit(
                "list-headings", name, f"có cột “{cell[:40]}” chưa hiểu được. Hãy sửa tên cột hoặc bỏ cột đó."
            )
        if meaning and meaning in columns:
            raise _unfit("list-headings", name, f"có hai cột “{cell[:40]}”. Hãy bỏ một cột.")
        columns.append(meaning)
    missing = [meaning for meaning in needed if meaning not in columns]
    if missing:
        wanted = ", ".join(f"“{_first(headings, meaning)}”" for meaning in missing)
        raise _unfit("list-headings", name, f"thiếu cột {wanted}. Hãy thêm cột vào dòng tiêu đề.")
    return columns


def _first(headings: Mapping[str, str], meaning: str) -> str:
    return next(key for key, value in headings.items() if value == meaning)


def _row(line: int, cells: Sequence[str], columns: Sequence[str], name: str) -> Row:
    if any(cells[len(columns) :]):
        raise _unfit(
            "list-row",
            name,
            f"dòng {line}: có nhiều ô hơn số cột của tiêu đề (dấu ngăn cột nằm trong nội dung?).",
        )
    return Row(line, {meaning: cell for meaning, cell in zip(columns, cells, strict=False) if meaning})


def _unfit(code: str, name: str, why: str) -> Unfit:
    return Unfit(f"{name}: {code}", code=code, tell=f"{name} {why}")
