"""Tell a mark of secrecy: in a stamp on a page, in the words of a page, in a column of the hand-over list.

Luật Bảo vệ bí mật nhà nước and 40-HD/VPTW know three levels; none may lie on a machine that is joined to a network. A
mark that may be one counts as one: a person decides, never the machine.
"""

from collections.abc import Iterable, Sequence

from ingest.describe_header import SECRECY, read_stamps
from ingest.describe_lines import lay_out
from ingest.describe_match import is_capital, letters, slips
from records.handover import HandoverList, HandoverRow
from records.page import PageText

DOUBTFUL = "NGHI MẬT"
"""What is said of a list's level that is none of the three and not known to be harmless."""

_HARMLESS = frozenset(
    letters(word)
    for word in (
        *(
            "",
            "không",
            "không mật",
            "thường",
            "bình thường",
            "công khai",
            "mở",
            "nội bộ",
            "không có",
            "0",
            "1",
            "01",
        ),
        *("khẩn", "thượng khẩn", "hỏa tốc"),  # one column for both is common
        *(
            "sử dụng có điều kiện",
            "có điều kiện",
            "hạn chế",
            "tiếp cận có điều kiện",
            "2",
            "02",
            "none",
            "no",
            "open",
        ),
    )
)
"""What a list writes where nothing is secret, and the TT 05/2025 codes 01 and 02 of the mode of use."""
_CODES = {"3": "MẬT", "03": "MẬT", "m": "MẬT", "tm": "TỐI MẬT", "c": "MẬT", "b": "TỐI MẬT", "a": "TUYỆT MẬT"}
"""Code 03 of TT 05/2025; the letters of the older stamps (A tuyệt mật, B tối mật, C mật)."""


def mark_of(readings: Iterable[str]) -> str:
    """Return the secrecy level that a frame with these readings carries, "" for none; a misread letter still counts.

    >>> mark_of(["TỐI MÂT"]), mark_of(["KHẨN"]), mark_of(["ĐẠT"])
    ('TỐI MẬT', '', '')
    """
    told = [(letters(reading), reading) for reading in readings]
    for plain, shown in SECRECY.items():
        for found, reading in told:
            if found == plain or (len(plain) > 3 and slips(found, plain, 1) <= 1):
                return shown
            # three letters leave little to compare: one may be wrong, but not the first, and only among capitals
            short = len(found) == 3 == len(plain) and found[0] == plain[0] and is_capital(reading)
            if short and slips(found, plain, 1) <= 1:
                return shown
    return ""


def mark_in(pages: Sequence[PageText]) -> tuple[str, int]:
    """Return the mark that stands alone in capitals in the upper half of any page, and the page's number; ("", 0)."""
    for page in pages:
        sheet = lay_out(page)
        if sheet.lines and (found := read_stamps(sheet, sheet.lines).get("secrecy")):
            return found.value, page.page
    return "", 0


def level_of_cell(cell: str) -> str:
    """Return the level that a cell of the column "Độ mật" means, "" for none.

    >>> level_of_cell("Tối mật"), level_of_cell("Thường"), level_of_cell("(M)"), level_of_cell("xem bì")
    ('TỐI MẬT', '', 'MẬT', 'NGHI MẬT')
    """
    plain = letters(cell)
    if plain in _HARMLESS:
        return ""
    if plain in _CODES:
        return _CODES[plain]
    known = (shown for name, shown in SECRECY.items() if name in plain or slips(plain, name, 1) <= 1)
    return next(known, DOUBTFUL)


def secret_rows(listed: HandoverList) -> list[HandoverRow]:
    """Return the rows that the list itself calls secret."""
    return [row for row in listed.rows if row.secrecy]


def marks_by_list(listed: HandoverList, separators: Sequence[str]) -> list[str]:
    """Return for each document, known by the code of its separator sheet ("" without one), the level that the list
    gives it.

    A row is certainly a document's only by the code. Where a secret row has found none, every document without a row
    may be it, and carries its level: nothing is read to find out.
    """
    by_code = {row.separator.casefold(): row for row in listed.rows if row.separator}
    codes = {code.casefold() for code in separators if code}
    open_rows = [row for row in listed.rows if not row.separator or row.separator.casefold() not in codes]
    doubt = next((row.secrecy for row in open_rows if row.secrecy), "")
    return [
        by_code[code.casefold()].secrecy if code and code.casefold() in by_code else doubt
        for code in separators
    ]
