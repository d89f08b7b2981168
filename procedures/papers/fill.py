"""Make the paper of a case out of a PDF that was handed in: what must stand on it is found, the rest is burnt in.

The signature block must be of who will sign, the printed notation that of the number, the year that of the day. Parses
a stranger's file: call it in a limited child process.
"""

import tempfile
from pathlib import Path

from procedures.case_upload import Filling
from procedures.papers.faces import Faces
from procedures.papers.upload import MARK_MM, Rooms, burn_paper, find_rooms
from records.errors import Unfit
from signing.geometry import MM_PER_POINT, Place
from signing.page_text import is_blank, open_pages, read_page
from signing.placement import find_signature_place

_FROM_EDGE_MM, _SIDE_MM = 4.0, 22.0
_PARTS = (0.0, 0.5, 1.0)
"""Where along the lower margin of the first page the mark goes: the first of these that is blank."""


def fill_upload(path: Path, filling: Filling, faces: Faces) -> bytes:
    """Return the PDF with number, day and mark burnt in; as it came while it has no number.

    Raises `Unfit`: `upload-signature-block`, `upload-rooms`, `upload-notation`, `upload-year`,
    `upload-year-apart`, `upload-mark-room`, and as `burn_paper`.
    """
    if find_signature_place(path, filling.signer, filling.title) is None:
        raise Unfit(
            f"no block of {filling.signer!r}, {filling.title!r}",
            code="upload-signature-block",
            tell=f"Tệp chưa có đúng một chỗ ký của “{filling.title} {filling.signer}”: cuối văn bản phải có chức vụ, "
            "khoảng trống ít nhất 10 mm, rồi họ tên người ký. Hãy sửa tệp rồi tải lên lại.",
        )
    rooms = find_rooms(path)
    if rooms is None:
        raise Unfit(
            "no rooms for number and date",
            code="upload-rooms",
            tell=f"Trang 1 chưa chừa chỗ trống để ghi số và ngày. Hãy để “Số:          {filling.notation}” và "
            "“ngày          tháng          năm …” (ít nhất sáu dấu cách mỗi chỗ), xóa số và ngày đã gõ, rồi tải lại.",
        )
    _demand_printed(rooms, filling)
    if not filling.number:
        return path.read_bytes()
    mark = None if filling.mark is None else (filling.mark, _mark_place(path))
    with tempfile.TemporaryDirectory(prefix="fill-") as folder:
        out = Path(folder) / "paper.pdf"
        burn_paper(path, out, rooms.filled(filling.number, filling.day), faces, mark)
        return out.read_bytes()


def _demand_printed(rooms: Rooms, filling: Filling) -> None:
    if _tight(rooms.notation) != _tight(filling.notation):
        raise Unfit(
            f"printed {rooms.notation[:60]!r}, numbered {filling.notation!r}",
            code="upload-notation",
            tell=f"Ký hiệu in trên tệp là “{rooms.notation[:60]}”, nhưng văn bản này lấy số có ký hiệu "
            f"“{filling.notation}”. Hãy sửa tệp hoặc tên loại văn bản rồi làm lại.",
        )
    year = "".join(one for one in rooms.year if one.isdigit())
    if not year:
        raise Unfit(
            f"no year after the room of the month: {rooms.year[:40]!r}",
            code="upload-year-apart",
            tell="Địa danh, ngày, tháng, năm trên tệp phải nằm trên một dòng, ghi đủ năm. Hãy sửa rồi tải lên lại.",
        )
    if year != str(filling.day.year):
        raise Unfit(
            f"printed year {rooms.year[:40]!r}, day {filling.day}",
            code="upload-year",
            tell=f"Tệp in năm “{year}” nhưng văn bản ban hành năm {filling.day.year}. "
            "Hãy sửa năm rồi tải lên lại.",
        )


def _mark_place(path: Path) -> Place:
    with open_pages(path) as pdf:
        page = read_page(pdf, 1)
        width, height = page.width * MM_PER_POINT, page.height * MM_PER_POINT
        if width > 4 * _SIDE_MM and height > 4 * _SIDE_MM:
            top = height - _FROM_EDGE_MM - MARK_MM
            for part in _PARTS:
                left = _SIDE_MM + part * (width - 2 * _SIDE_MM - MARK_MM)
                place = Place(
                    1, left / width, top / height, (left + MARK_MM) / width, (top + MARK_MM) / height
                )
                if is_blank(pdf, place):
                    return place
    raise Unfit(
        "no blank room for the mark",
        code="upload-mark-room",
        tell="Lề dưới trang 1 không còn chỗ trống cho mã kiểm tra (18 × 18 mm, cách mép dưới 4 mm). "
        "Hãy chừa lề dưới rồi tải lên lại.",
    )


def _tight(text: str) -> str:
    return "".join(text.split()).replace("–", "-")
