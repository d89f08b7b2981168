"""The register on paper and as a sheet: every line of the body, voids as voids, words as words, any number of lines."""

import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from ocr.join_pdf import join_pdfs, pages_of
from procedures.number_rules import book_at
from procedures.register_book import Heading, Row, book_lines
from procedures.register_print import PART, print_book
from procedures.register_xlsx import write_book
from records.errors import Unfit
from records.units import System
from storage.work import Work
from tests.cases.register import WISH, every_kind, filled

HEADS = [column.head for column in book_at(System.STATE, date(2026, 11, 23)).columns]


def text_of(pdf: Path) -> str:
    """What poppler reads, a page after a form feed, white space single."""
    ran = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True)
    return "\f".join(" ".join(page.split()) for page in ran.stdout.decode().split("\f"))


def told(work: Work, **change: object) -> list[Heading | Row]:
    with work.reading() as tx:
        return list(book_lines(tx, replace(WISH, **change)))


def test_every_number_has_its_line_and_says_what_became_of_it(work: Work) -> None:
    every_kind(work)
    lines = told(work)
    assert [line.text for line in lines if isinstance(line, Heading)] == [
        "Công văn – Năm 2026",
        "Quyết định – Năm 2026",
        "Quyết định – Năm 2026 – Văn bản mật",
        "Tổng số: 6 (đã ban hành: 4; đang giữ: 1; hủy: 1)",
    ]
    rows = [line for line in lines if isinstance(line, Row)]
    assert [row.cells[0] for row in rows] == [
        "01/UBND-VP", "01/QĐ-UBND", "02/QĐ-UBND", "03/QĐ-UBND", "04/QĐ-UBND", "01/QĐ-UBND",
    ]  # fmt: skip
    letter, issued, struck, held, _, secret = rows
    assert letter.cells[2] == "Về việc ban hành quy chế tiếp nhận, số hóa và lưu trữ văn bản điện tử năm 2026"
    today = date(2026, 11, 23)
    assert (issued.cells[1], issued.cells[6:9]) == (today, (5, today, "Bưu điện"))
    assert (struck.void, struck.cells[9]) == (True, "HỦY ngày 23/11/2026: Ban hành nhầm nội dung")
    assert held.cells[1:3] == (None, "Quyết định (số giữ trước)")
    assert held.cells[9] == "Giữ từ 23/11/2026 đến hết 10/12/2026"
    assert [row.void for row in rows].count(True) == 1
    assert secret.cells[2] == "Quyết định (văn bản mật)"
    assert (secret.cells[4], secret.cells[9]) == ("", "Mật")


def test_what_secret_papers_say_is_for_who_may_know(work: Work) -> None:
    every_kind(work)
    for show in (False, True):
        assert ("Việc kín" in repr(told(work, show_secret=show))) is show
    assert [line.cells[2] for line in told(work, secret=True, show_secret=True) if isinstance(line, Row)] == [
        "Quyết định Việc kín"
    ]
    assert sum(isinstance(line, Row) for line in told(work, secret=False)) == 5


def test_a_book_is_of_one_body_of_its_days_and_types(work: Work) -> None:
    every_kind(work)
    assert "Của cơ quan khác" not in repr(told(work))
    assert sum(isinstance(line, Row) for line in told(work, types=("Công văn",))) == 1
    nothing = [Heading("Không có số nào trong thời gian này")]
    assert told(work, ends_on=date(2026, 11, 22)) == nothing
    assert told(work, begins_on=date(2026, 11, 24)) == nothing
    assert told(work, unit_id="none") == nothing
    assert told(work, system=System.PARTY) == nothing
    with pytest.raises(Unfit) as fault:
        told(work, begins_on=date(2027, 1, 1))
    assert fault.value.code == "book-days"


def test_on_paper(work: Work, tmp_path: Path) -> None:
    every_kind(work)
    out = tmp_path / "so.pdf"
    with work.reading() as tx:
        assert (
            print_book(tx, replace(WISH, organisation="Phường <b>Thử</b> & {{ 1 }}"), out)
            == pages_of(out)
            == 1
        )
    text = text_of(out)
    assert "PHƯỜNG <B>THỬ</B> & {{ 1 }}" in text
    assert "SỔ ĐĂNG KÝ VĂN BẢN ĐI" in text
    assert "Trang 1" in text
    assert "alert(1)" in text  # a word like any other
    boxes = subprocess.run(
        ["pdftotext", "-bbox", str(out), "-"], capture_output=True, check=True
    ).stdout.decode()
    width = float(re.findall(r'page width="([\d.]+)"', boxes)[0])
    assert (
        max(float(right) for right in re.findall(r'xMax="([\d.]+)"', boxes)) < width - 30
    )  # within the margin
    for words in ("01/QĐ-UBND", "(10)", "Tổng số: 6", "HỦY ngày"):
        assert words in text


def test_as_a_sheet(work: Work, tmp_path: Path) -> None:
    every_kind(work)
    out = tmp_path / "so.xlsx"
    with work.reading() as tx:
        assert write_book(tx, replace(WISH, organisation="=1+1\ufffe\x01"), out) == 6
    with zipfile.ZipFile(out) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet  # no formula anywhere
        assert not [name for name in parts.namelist() if "extern" in name.lower() or "vba" in name.lower()]
    rows = list(openpyxl.load_workbook(out).active.iter_rows(values_only=True))
    assert rows[1][0] == "=1+1\ufffd\ufffd"
    assert list(rows[4]) == HEADS
    hostile = next(row for row in rows if row[0] == "04/QĐ-UBND")
    assert hostile[2] == "Quyết định =HYPERLINK(1)<script>alert(1)</script>{{ 7*7 }}"
    assert hostile[9] == '@SUM(A1)&"'
    issued = next(row for row in rows if row[0] == "01/QĐ-UBND")
    assert (issued[1].date(), issued[6]) == (date(2026, 11, 23), 5)
    struck = openpyxl.load_workbook(out).active
    assert next(
        cell.font.strike for cell in next(r for r in struck.iter_rows() if r[0].value == "02/QĐ-UBND")
    )


def test_a_book_of_several_parts_is_one_file_with_pages_in_line(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("procedures.register_print.PART", 30)
    filled(work, 70)
    with work.reading() as tx:
        pages = print_book(tx, WISH, tmp_path / "so.pdf")
        assert print_book(tx, WISH, tmp_path / "again.pdf") == pages
    assert (tmp_path / "so.pdf").read_bytes() == (tmp_path / "again.pdf").read_bytes()
    text = text_of(tmp_path / "so.pdf")
    for number, page in enumerate(text.split("\f")[:pages], start=1):
        assert f"Trang {number}" in page
        assert "(10)" in page  # the heads are on every page
    at = [text.index(f"{n:02d}/QĐ-UBND") for n in range(1, 71)]
    assert at == sorted(at)
    assert text.count("SỔ ĐĂNG KÝ VĂN BẢN ĐI") == 1
    assert PART > 30


def test_a_long_sheet_is_read_and_written_in_bounded_memory(database, work: Work, tmp_path: Path) -> None:
    """5,000 lines take no more than 2,000 did, but for a few MiB."""
    filled(work, 5000)
    ask = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from procedures.register_xlsx import write_book
from storage.work import Work
from tests.cases.database import SqliteDatabase, TurnedClock
from tests.cases.register import WISH
tables = SqliteDatabase(Path(sys.argv[1])).open()
with Work(tables, TurnedClock()).reading() as tx:
    assert write_book(tx, replace(WISH, organisation="x"), Path(sys.argv[2])) == 5000
    assert sum(1 for _ in tx.numbers.book("u", WISH.begins_on, WISH.ends_on)) == 5000
tables.dispose()
"""
    limited = (
        "import resource; import procedures.register_xlsx, storage.work, tests.cases.register; "
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"{ask}\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 30 * 1024"
    )
    subprocess.run([sys.executable, "-c", limited, database.path, tmp_path / "so.xlsx"], check=True)


def test_joining_keeps_every_page_and_one_output_intent(tmp_path: Path) -> None:
    import pikepdf

    from signing.printing import print_page

    parts = [tmp_path / f"{n}.pdf" for n in range(3)]
    for n, part in enumerate(parts):
        part.write_bytes(print_page(f"<html lang=vi><title>t</title><p>tờ {n}", archival=True))
    join_pdfs(parts, tmp_path / "all.pdf")
    assert [f"tờ {n}" in page for n, page in enumerate(text_of(tmp_path / "all.pdf").split("\f")[:3])] == [
        True
    ] * 3
    with pikepdf.Pdf.open(tmp_path / "all.pdf") as pdf:
        assert len(pdf.Root.OutputIntents) == 1
        assert "/StructTreeRoot" not in pdf.Root
