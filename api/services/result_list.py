"""The list of what answers a search, as a file: every document once, read again in the reader's name, never a formula.

CSV is RFC 4180 in UTF-8 with a mark at its beginning, without which Excel reads Vietnamese as Latin letters. A cell
that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection).
"""

import csv
import io
import tempfile
from pathlib import Path

from fastapi.responses import Response

from api.asking import day_of
from api.i18n import day, moment, number
from api.schemas.documents import title_of
from api.services.search import checked_query, label, write_down
from api.tools import Tools
from ingest.shelf import Shelf
from procedures.plain_sheet import write_sheet
from records.access import Actor
from search.asked import Asked
from search.find import FARTHEST, Found, search

_HEADS = (
    ("STT", 6), ("Số, ký hiệu", 18), ("Ngày ban hành", 14), ("Loại văn bản", 18), ("Cơ quan ban hành", 30),
    ("Trích yếu", 50), ("Người ký", 24), ("Độ mật", 10), ("Trang", 8), ("Kiểu khớp", 20), ("Đoạn trích", 60),
    ("Mã tài liệu", 36),
)  # fmt: skip
MATCHES = {"exact": "khớp chính xác", "folded": "khớp không dấu", "approximate": "gần đúng (OCR)"}
_NARROWED = {
    "issuer": "Cơ quan ban hành",
    "type": "Loại văn bản",
    "year": "Năm",
    "fonds": "Phông",
    "secrecy": "Độ mật",
    "since": "Từ ngày",
    "until": "Đến ngày",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(tools: Tools, reader: Actor, asked: Asked, kind: str) -> Response:
    """Return the list as `csv` or `xlsx`; who took it, and of which documents, is written down.

    Raises `Unfit` (`query-empty`, `query-too-long`), `Away`.
    """
    query = checked_query(tools, asked.query)
    with tools.work.reading() as tx:
        found = search(
            query,
            reader,
            tools.index,
            Shelf(tx),
            FARTHEST,
            group=True,
            approximate=not asked.exact,
            filters=asked.filters,
        )
    now = tools.clock.now()
    rows = _rows(found)
    above = [f"Câu tìm: {query}", *_narrowed(asked), f"Lập lúc {moment(now)}, {said(found)}"]
    data = _csv(rows, above[-1]) if kind == "csv" else _xlsx(rows, above)
    write_down(tools, reader, found, "search-exported")
    name = f"tim-kiem-{now:%Y%m%d-%H%M%S}.{kind}"
    return Response(
        data, media_type=_MEDIA[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def said(found: Found) -> str:
    """Return in words how many documents the list holds, and whether there are more than it can hold."""
    held = len(found.hits)
    if held >= FARTHEST:
        return f"chỉ gồm {number(held)} tài liệu đầu tiên; hãy thu hẹp câu tìm để lấy phần còn lại"
    return f"{number(held)} tài liệu"


def safe_cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("Số 1-CV/TU"), safe_cell("-12")
    ("'=HYPERLINK(1)", 'Số 1-CV/TU', "'-12")
    """
    plain = value.replace("\x00", "\ufffd")
    return f"'{plain}" if plain.lstrip(" \u00a0\u200b\ufeff").startswith(_FORMULA) else plain


def _rows(found: Found) -> list[list[str | int]]:
    rows: list[list[str | int]] = []
    for place, hit in enumerate(found.hits, start=1):
        fields = hit.fields
        rows.append(
            [
                place,
                fields.number,
                day(fields.issued_date),
                fields.type_name,
                fields.organ_name,
                fields.subject or title_of(fields),
                fields.signer_name,
                fields.secrecy,
                hit.page,
                MATCHES[hit.match],
                " ".join(hit.snippet.split()),
                hit.document_id,
            ]
        )
    return rows


def _narrowed(asked: Asked) -> list[str]:
    told = [
        f"{_NARROWED[name]}: {day(day_of(value)) if name in ('since', 'until') else label(name, value)}"
        for name, value in asked.narrowed
    ]
    return told + (["Chỉ khớp chính xác"] if asked.exact else [])


def _csv(rows: list[list[str | int]], last: str) -> bytes:
    out = io.StringIO(newline="")
    write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    write.writerow([head for head, _ in _HEADS])
    for row in rows:
        write.writerow([safe_cell(value) if isinstance(value, str) else value for value in row])
    if len(rows) >= FARTHEST:
        write.writerow([safe_cell(last)])
    return out.getvalue().encode("utf-8-sig", "replace")


def _xlsx(rows: list[list[str | int]], above: list[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        write_sheet(path, "Kết quả tìm kiếm", above, _HEADS, rows)
        return path.read_bytes()
