"""A register of outgoing papers to be printed: every kind of line, and as many plain ones as a test asks for."""

from dataclasses import replace
from datetime import date

from sqlalchemy import insert

from procedures.number_holds import hold
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import take, void
from procedures.register_book import BookWish
from records.clock import new_id
from records.units import System
from storage.number_values import Entry, SeriesKey
from storage.schema import number_series, numbers
from storage.work import Work

WISH = BookWish(
    "u",
    System.STATE,
    "Ủy ban nhân dân phường Thử Nghiệm",
    date(2026, 1, 1),
    date(2026, 12, 31),
    "Thành phố Thử",
)
KIND = Wish("u", System.STATE, "Quyết định", Notation("UBND"))
ENTRY = Entry(
    "Về việc ban hành quy chế tiếp nhận, số hóa và lưu trữ văn bản điện tử năm 2026",
    "Chủ tịch Nguyễn Văn Thử",
    "Như Điều 3; Sở Nội vụ; Lưu: VT, NC",
    "Văn thư",
    5,
    None,
    "",
    "",
)


def every_kind(work: Work) -> None:
    """Numbers 1 (issued), 2 (void), 3 (held), 4 (hostile words), a letter, and a secret one in its own series."""
    with work.begin() as tx:
        take(
            tx,
            "c",
            replace(
                KIND, paper_id="p1", entry=replace(ENTRY, sent_on=tx.numbers.today(), received_by="Bưu điện")
            ),
        )
        struck = take(tx, "c", replace(KIND, paper_id="p2", entry=ENTRY))
        void(tx, "c", "u", struck.id, "Ban hành nhầm nội dung")
        hold(tx, "c", KIND, new_id(), "acc-a", "Chờ họp", date(2026, 12, 10))
        hostile = replace(ENTRY, subject="=HYPERLINK(1)<script>alert(1)</script>{{ 7*7 }}", note='@SUM(A1)&"')
        take(tx, "c", replace(KIND, paper_id="p4", entry=hostile))
        letter = replace(KIND, type_name="Công văn", notation=Notation("UBND", "VP"))
        take(tx, "c", replace(letter, paper_id="p5", entry=ENTRY))
        take(tx, "c", replace(KIND, paper_id="p6", entry=replace(ENTRY, subject="Việc kín"), secret=True))
        take(
            tx,
            "c",
            replace(KIND, paper_id="p7", unit_id="other", entry=replace(ENTRY, subject="Của cơ quan khác")),
        )


def filled(work: Work, lines: int) -> None:
    """A series of so many plain lines, written past the rules for speed."""
    with work.begin() as tx:
        connection = tx.numbers._ground.connection
        series = tx.numbers.hold_series(SeriesKey("u", "state", "Quyết định", "2026", False))
        connection.execute(
            insert(numbers),
            [
                {
                    "id": f"n{n:06d}", "series_id": series.id, "number": n, "state": "issued",
                    "written": f"{n:02d}/QĐ-UBND", "type_name": "Quyết định", "secret": False,
                    "day": "2026-11-23", "paper_id": f"p{n}", "taken_by": "c", "taken_at": work.clock.now(),
                    "subject": f"{ENTRY.subject}, việc thứ {n}", "signer": ENTRY.signer,
                    "recipients": ENTRY.recipients, "keeper": ENTRY.keeper, "copies": 5,
                }
                for n in range(1, lines + 1)
            ],
        )  # fmt: skip
        connection.execute(number_series.update().values(last=lines, last_day="2026-11-23"))
