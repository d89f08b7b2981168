"""What may be written into a line of the register: one line of text a part, no longer than its field."""

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

from records.errors import Unfit
from storage.number_values import Entry

LONGEST = {"subject": 500, "signer": 150, "recipients": 1000, "keeper": 200, "received_by": 200, "note": 500}
"""Letters in each part of an entry (NĐ 30/2020, Phụ lục VI, where it names a length)."""
MOST_COPIES = 999
LONGEST_REASON = 500

_HEADS = {
    "subject": "Trích yếu",
    "signer": "Người ký",
    "recipients": "Nơi nhận",
    "keeper": "Đơn vị, người nhận bản lưu",
    "received_by": "Ký nhận",
    "note": "Ghi chú",
}


def fit_entry(entry: Entry) -> Entry:
    """Return the entry in NFC, every text on one line. Raises `Unfit` (`register-entry`) naming the part at fault."""
    texts: dict[str, Any] = {name: one_line(getattr(entry, name)) for name in LONGEST}
    for name, text in texts.items():
        if len(text) > LONGEST[name]:
            raise _odd(f"{name} of {len(text)} letters", f"“{_HEADS[name]}” dài quá {LONGEST[name]} chữ")
    if not texts["subject"]:
        raise _odd("no subject", "còn thiếu trích yếu nội dung")
    if not 0 <= entry.copies <= MOST_COPIES:
        raise _odd(f"{entry.copies} copies", f"số lượng bản phải từ 0 đến {MOST_COPIES}")
    return replace(entry, **texts)


def fit_delivery(entry: Entry, issued: date, today: date) -> None:
    """Return when a paper issued on `issued` can have been sent on the day told. Raises `Unfit` (`register-entry`)."""
    if entry.sent_on is not None and not issued <= entry.sent_on <= today:
        raise _odd(
            f"issued {issued}, sent {entry.sent_on}, today {today}",
            f"ngày chuyển phải từ ngày văn bản ({issued:%d/%m/%Y}) đến hôm nay",
        )


def fit_reason(text: str, what: str) -> str:
    """Return a reason in NFC on one line. Raises `Unfit` (`reason-missing`, `reason-too-long`); `what` names it."""
    reason = one_line(text)
    if not reason:
        raise Unfit(
            f"no {what}",
            code="reason-missing",
            tell=f"Chưa ghi {what}. Hãy ghi rõ: sổ văn bản đi giữ lại điều này.",
        )
    if len(reason) > LONGEST_REASON:
        raise Unfit(
            f"{what} of {len(reason)} letters",
            code="reason-too-long",
            tell=f"Phần {what} dài quá {LONGEST_REASON} chữ. Hãy viết ngắn lại.",
        )
    return reason


def one_line(text: str) -> str:
    """Return `text` in NFC, its white space single blanks, and what no printer can set (control letters) left out."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(char for char in spaced if unicodedata.category(char) not in {"Cc", "Cs"})


def _odd(reason: str, why: str) -> Unfit:
    return Unfit(
        reason,
        code="register-entry",
        tell=f"Chưa ghi được vào sổ văn bản đi: {why}. Chưa có số nào được cấp; hãy sửa rồi làm lại.",
    )
