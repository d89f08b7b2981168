"""Read the list that comes with a delivery ("danh mục bàn giao", CSV or XLSX) however an office program wrote it."""

import csv
import io
import re
import unicodedata
from contextlib import suppress
from pathlib import Path

from ingest.handover_sheet import is_sheet, sheet_rows
from ingest.secrecy import level_of_cell
from language.dates import iso_date
from language.fold import fold
from language.office_text import StrangeEncoding, office_text
from records.errors import Unfit
from records.handover import HandoverList, HandoverRow

MAX_BYTES = 8 * 1024 * 1024
"""Largest list read (100,000 rows are about 15 MB; a delivery has hundreds)."""
MAX_ROWS = 50_000
_DELIMITERS = (";", ",", "\t", "|")
_HEADER_ROWS = 20
"""The heading may stand below a title of the list; so many lines are tried."""

_MEANINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "secrecy",
        re.compile(
            r"(do|muc do|cap do|muc|cap|dau) (chi )?(muc do )?(bao )?mat\b|secre|confidential|classific"
        ),
    ),
    ("pages", re.compile(r"so (luong )?trang|^trang( so)?$|page")),
    ("ordinal", re.compile(r"^(stt|tt|so tt|so thu tu|thu tu|no\.?)$")),
    ("separator", re.compile(r"ma vach|bar ?code|qr|ma phan cach|ma tach|to phan cach")),
    ("dossier", re.compile(r"ho so|don vi bao quan|dvbq|file ?code")),
    ("issued", re.compile(r"ngay|date")),
    ("number", re.compile(r"so.{0,6}ky hieu|so hieu|so van ban.{0,4}ky hieu|code ?number")),
    ("notation", re.compile(r"^ky hieu|notation")),
    ("digits", re.compile(r"^so( van ban| vb)?$")),
    ("title", re.compile(r"trich yeu|ten loai|noi dung|tieu de|subject|ten tai lieu|ten van ban")),
    ("note", re.compile(r"ghi chu|note|chu thich")),
)
"""What a column means, by its folded heading; the first that fits and is still free wins."""
_NAMED = {"number", "digits", "separator", "title"}


def read_handover(path: Path) -> HandoverList:
    """Return the list in the file at `path`. Raises `Unfit` as `parse_handover` does, and for a file too large."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Unfit(
            f"hand-over list has {size} bytes",
            tell=f"{path.name} quá lớn ({size // 1024 // 1024} MB) so với một danh mục bàn giao (tối đa "
            f"{MAX_BYTES // 1024 // 1024} MB). Kiểm tra xem có chọn nhầm tệp không.",
            code="handover-too-large",
        )
    return parse_handover(path.read_bytes(), path.name)


def parse_handover(data: bytes, name: str) -> HandoverList:
    """Return the list in `data`; `name` is the file's name for messages.

    Understands UTF-8, UTF-16 and Windows-1258, with or without a byte order mark, separated by ";", ",", tab or "|",
    and XLSX; columns in any order found by the meaning of their heading. Raises `Unfit` with code `handover-empty`,
    `handover-encoding`, `handover-sheet`, `handover-headings`, `handover-row` or `handover-too-large`; its `tell` names
    file, line and what to do.
    """
    if not data.strip(b"\x00 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise Unfit(
            "empty hand-over list",
            tell=f"{name} không có nội dung. Xuất lại danh mục bàn giao rồi nộp lại.",
            code="handover-empty",
        )
    if is_sheet(data):
        encoding, delimiter, lines = "xlsx", "", sheet_rows(data, name, MAX_ROWS + _HEADER_ROWS)
        _, at, columns = _understood([("", [cells for _, cells in lines[:_HEADER_ROWS]])], name)
    else:
        text, encoding = _decoded(data, name)
        delimiter, at, columns = _headings(text, name)
        lines = _cells(text, delimiter, name)
    rows: list[HandoverRow] = []
    for line, cells in lines[at + 1 :]:
        if any(cell for cell in cells):
            rows.append(_row(cells, columns, line, len(rows) + 1, name))
    if not rows:
        raise Unfit(
            "hand-over list without rows",
            tell=f"{name} chỉ có dòng tiêu đề, không có tài liệu nào. Xuất lại danh mục bàn giao rồi nộp lại.",
            code="handover-empty",
        )
    return HandoverList(name, encoding, delimiter, tuple(rows))


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    try:
        return office_text(data)
    except StrangeEncoding as fault:
        raise Unfit(
            f"hand-over list is not {fault}",
            tell=f"{name} không đọc được chữ: tệp không phải UTF-8, UTF-16 hay Windows-1258 (có thể là TCVN3, VNI hoặc "
            "không phải tệp CSV). Mở bằng bảng tính, lưu lại dạng “CSV UTF-8” rồi nộp lại.",
            code="handover-encoding",
        ) from fault


def _cells(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    """Every row with the number of the line it ends on, cells trimmed."""
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            found.append((reader.line_num, [" ".join(cell.split()) for cell in row]))
            if len(found) > MAX_ROWS:
                raise Unfit(
                    f"hand-over list has more than {MAX_ROWS} rows",
                    tell=f"{name} có hơn {MAX_ROWS} dòng, quá nhiều cho một đợt bàn giao. Chia danh mục theo từng đợt "
                    "rồi nộp lại.",
                    code="handover-too-large",
                )
    except csv.Error as error:
        raise Unfit(
            f"line {reader.line_num}: {error}",
            tell=f"{name}, dòng {reader.line_num}: không đọc được dòng này (dấu ngoặc kép mở mà không đóng?). "
            "Sửa dòng đó rồi nộp lại.",
            code="handover-row",
        ) from error
    return found


def _headings(text: str, name: str) -> tuple[str, int, dict[str, int]]:
    """Delimiter, index of the heading row and column of each meaning."""
    head = "\n".join(text.splitlines()[: 2 * _HEADER_ROWS])
    tried = []
    for delimiter in _DELIMITERS:
        with suppress(csv.Error):
            rows = list(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))[:_HEADER_ROWS]
            tried.append((delimiter, rows))
    return _understood(tried, name)


def _understood(tried: list[tuple[str, list[list[str]]]], name: str) -> tuple[str, int, dict[str, int]]:
    """Of several ways to cut the first rows into cells, the one that understands most columns."""
    best: tuple[int, str, int, dict[str, int]] = (0, ",", 0, {})
    for delimiter, rows in tried:
        for index, row in enumerate(rows):
            columns = _meanings(row)
            if len(columns) > best[0]:
                best = (len(columns), delimiter, index, columns)
    count, delimiter, index, columns = best
    if count < 2 or not _NAMED & columns.keys():
        raise Unfit(
            f"no known headings ({sorted(columns)})",
            tell=f"{name} không có dòng tiêu đề nhận ra được. Danh mục cần có ít nhất một trong các cột “Số, ký hiệu”, "
            "“Mã vạch”, “Tên loại và trích yếu”, và nên có “Số trang”. Thêm dòng tiêu đề rồi nộp lại.",
            code="handover-headings",
        )
    return delimiter, index, columns


def _meanings(row: list[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for index, cell in enumerate(row):
        heading = " ".join(re.sub(r"[^a-z0-9. ]", " ", fold(unicodedata.normalize("NFC", cell))).split())
        if not heading or len(heading) > 60:
            continue
        meaning = next(
            (key for key, pattern in _MEANINGS if key not in columns and pattern.search(heading)), None
        )
        if meaning is not None:
            columns[meaning] = index
    return columns


def _row(cells: list[str], columns: dict[str, int], line: int, place: int, name: str) -> HandoverRow:
    width = max(columns.values()) + 1
    if any(cells[width + 1 :]):  # one spare column at most: a comma inside an unquoted text moves all cells
        raise Unfit(
            f"line {line} has {len(cells)} cells",
            tell=f"{name}, dòng {line}: có {len(cells)} ô, nhiều hơn số cột của tiêu đề. Có thể trích yếu chứa dấu "
            "ngăn cột mà không đặt trong ngoặc kép. Sửa dòng đó rồi nộp lại.",
            code="handover-row",
        )
    get = {meaning: cells[index] if index < len(cells) else "" for meaning, index in columns.items()}
    ordinal = re.fullmatch(r"0*([0-9]{1,6})\.?", get.get("ordinal", ""))
    issued = get.get("issued", "")
    return HandoverRow(
        line=line,
        ordinal=int(ordinal[1]) if ordinal else place,
        dossier=get.get("dossier", ""),
        separator=get.get("separator", ""),
        number=get.get("number", "") or _joined_number(get.get("digits", ""), get.get("notation", "")),
        issued_date=iso_date(issued),
        issued_text=issued,
        title=get.get("title", ""),
        pages=_pages(get.get("pages", ""), line, name),
        note=get.get("note", ""),
        secrecy=level_of_cell(get.get("secrecy", "")),
    )


def _joined_number(digits: str, notation: str) -> str:
    """One number from two columns: "361" and "KT-NC" as the State writes it, "88" and "BC/ĐU" as the Party does."""
    if not digits or not notation:
        return digits or notation
    return f"{digits}{'-' if '/' in notation else '/'}{notation}"


def _pages(cell: str, line: int, name: str) -> int | None:
    if not cell:
        return None
    match = re.fullmatch(r"([0-9]{1,5})(?:[.,]0+)?\s*(?:trang|tr\.?)?", cell.casefold())
    if match is None:
        raise Unfit(
            f"line {line}: page count {cell!r}",
            tell=f"{name}, dòng {line}: số trang “{cell[:40]}” không phải là số. Sửa ô đó rồi nộp lại.",
            code="handover-row",
        )
    return int(match[1])
