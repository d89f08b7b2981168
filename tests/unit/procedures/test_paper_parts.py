"""What a written line of a regulation or an invitation is taken for."""

import pytest

from procedures.papers.parts import LONGEST_HEAD, article, labelled


@pytest.mark.parametrize(
    ("line", "part", "bold", "rest"),
    [
        ("Chương I", True, "", "Chương I"),
        ("Phần thứ nhất", True, "", "Phần thứ nhất"),
        ("Mục 2. Khai thác", True, "", "Mục 2. Khai thác"),
        ("QUY ĐỊNH CHUNG", True, "", "QUY ĐỊNH CHUNG"),
        ("Điều 1. Phạm vi điều chỉnh", False, "Điều 1. Phạm vi điều chỉnh", ""),
        ("Điều 12a. Có hiệu lực từ ngày ký.", False, "Điều 12a.", "Có hiệu lực từ ngày ký."),
        ("Điều 3: Các cơ quan:", False, "Điều 3:", "Các cơ quan:"),
        ("Điều 4.", False, "", "Điều 4."),
        ("Điều lệ Đảng được chấp hành.", False, "", "Điều lệ Đảng được chấp hành."),
        ("Chương trình công tác năm 2026.", False, "", "Chương trình công tác năm 2026."),
        ("Mục đích của quy định này.", False, "", "Mục đích của quy định này."),
        ("Phần vi phạm thì xử lý.", False, "", "Phần vi phạm thì xử lý."),
        ("1. Tài liệu số.", False, "", "1. Tài liệu số."),
        ("A" * (LONGEST_HEAD + 1), False, "", "A" * (LONGEST_HEAD + 1)),
        ("", False, "", ""),
    ],
)
def test_lines_of_a_regulation(line: str, part: bool, bold: str, rest: str) -> None:
    assert article(line) == (part, bold, rest)


@pytest.mark.parametrize(
    ("line", "label", "rest"),
    [
        ("Thời gian: 8 giờ 00, thứ Hai.", "Thời gian:", "8 giờ 00, thứ Hai."),
        ("Địa điểm: Hội trường: tầng 2", "Địa điểm:", "Hội trường: tầng 2"),
        ("Đề nghị đến đúng giờ.", "", "Đề nghị đến đúng giờ."),
        ("Bắt đầu 8:00 sáng", "", "Bắt đầu 8:00 sáng"),
        ("Xem https://vi.example", "", "Xem https://vi.example"),
        ("Tới dự:", "", "Tới dự:"),
        ("", "", ""),
    ],
)
def test_lines_of_an_invitation(line: str, label: str, rest: str) -> None:
    assert labelled(line) == (label, rest)
