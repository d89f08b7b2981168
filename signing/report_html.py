"""Write the verdict on a file as one printable page in Vietnamese that needs nothing else: no script, no font, no link.

The page is for people and for paper (WeasyPrint prints it); every word from the file is escaped.
"""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from records.clock import vietnam_iso
from signing.verdict import Answer, Verdict

_HERE = Path(__file__).resolve().parent

_HEADS = {
    Answer.VALID: ("good", "HỢP LỆ"),
    Answer.VALID_LATER_CHANGES: ("warn", "HỢP LỆ, CÓ THAY ĐỔI SAU KHI KÝ"),
    Answer.INDETERMINATE: ("warn", "CHƯA ĐỦ CĂN CỨ KẾT LUẬN"),
    Answer.INVALID: ("bad", "KHÔNG HỢP LỆ"),
    Answer.UNSIGNED: ("calm", "KHÔNG CÓ CHỮ KÝ SỐ"),
}
_KINDS = {"signature": "Chữ ký", "document-time-stamp": "Dấu thời gian lưu trữ"}
_TIMES = {"time-stamp": "theo dấu thời gian", "claimed": "do người ký tự ghi"}
_COVERS = {
    "entire-file": "toàn bộ tệp",
    "entire-revision": "toàn bộ tệp tại thời điểm ký",
    "partial": "một phần tệp",
}
_CHANGES = {
    "none": "không có",
    "lta-updates": "chỉ có dữ liệu xác minh và dấu thời gian",
    "signatures": "chỉ có chữ ký khác, dữ liệu xác minh và dấu thời gian",
    "form-filling": "điền biểu mẫu",
    "annotations": "thêm chú thích",
    "other": "thay đổi ngoài phạm vi cho phép",
}


def report_html(verdict: Verdict, at: datetime | None = None) -> str:
    """Return the report as one HTML document. `at` is the moment of the check (default: now)."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    tone, head = _HEADS[verdict.verdict]
    return page.from_string((_HERE / "report.html.j2").read_text(encoding="utf-8")).render(
        verdict=verdict,
        tone=tone,
        head=head,
        checked=vietnam_iso((at or datetime.now(UTC)).replace(microsecond=0)),
        heads={answer: words for answer, (_, words) in _HEADS.items()},
        tones={answer: colour for answer, (colour, _) in _HEADS.items()},
        kinds=_KINDS,
        times=_TIMES,
        covers=_COVERS,
        changes=_CHANGES,
        moment=vietnam_iso,
    )
