"""Print the register of outgoing papers as PDF/A, part by part, so that what is drawn never depends on its length.

Drawing stays at the memory of one part; joining holds the objects of all pages, about half a MiB a page.
Even an electronic register is printed and bound (NĐ 30/2020, Điều 16 and 22).
"""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ocr.join_pdf import join_pdfs, pages_of
from procedures.register_book import BookWish, Cell, Heading, Row, book_lines, book_rule
from signing.printing import print_page
from storage.work import Tx

PART = 150
"""Lines that are drawn at once: about ten pages."""

_WIDTHS = {
    "written": 10, "day": 8, "subject": 24, "signer": 11, "recipients": 13, "keeper": 8,
    "copies": 5, "sent_on": 7, "received_by": 6, "note": 8,
}  # fmt: skip
"""Of each column, in hundredths of the page."""
_STRUCK = frozenset({"written", "day", "subject", "signer", "recipients"})
_TEMPLATE = Path(__file__).with_name("register_book.html.j2")


def print_book(tx: Tx, wish: BookWish, out: Path) -> int:
    """Write the register into the PDF/A-2b file `out` and return its number of pages. Raises as `book_rule`."""
    form = book_rule(tx, wish)
    page = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    parts: list[Path] = []
    pages = 0
    with tempfile.TemporaryDirectory(prefix="register-") as folder:
        for lines in _parts(book_lines(tx, wish)):
            html = page.render(
                form=form, wish=wish, lines=lines, first_page=pages + 1, printed=tx.numbers.today(),
                widths=_WIDTHS, struck=_STRUCK, shown=_shown,
            )  # fmt: skip
            parts.append(Path(folder) / f"{len(parts):05d}.pdf")
            parts[-1].write_bytes(print_page(html, archival=True))
            pages += pages_of(parts[-1])
        join_pdfs(parts, out)
    return pages


def _parts(lines: Iterable[Heading | Row]) -> Iterator[list[Heading | Row]]:
    rest = iter(lines)
    while part := list(islice(rest, PART)):
        yield part


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell)
