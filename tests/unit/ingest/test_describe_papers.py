"""`describe` on pages set after the rules themselves (NĐ 30/2020 and 36-HD/VPTW); people and places are invented."""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.describe import describe
from records.document import Fields
from records.geometry import Box, back, turn
from records.page import PageText, Word

WIDTH, HEIGHT = 2480, 3508
LEFT, RIGHT = 355, 2280
CAP = 44  # height of a word


@dataclass
class Paper:
    """Puts words on an A4 page at 300 dpi, as a typist would."""

    confidence: float = 0.96
    words: list[Word] = field(default_factory=list)
    lines: int = 0

    def _set(self, text: str, x: float, y: int, space: float = 16.0) -> "Paper":
        for word in text.split():
            width = 23 * len(word)
            self.words.append(
                Word(word, Box(round(x), y, round(x + width), y + CAP), self.confidence, self.lines)
            )
            x += width + space
        self.lines += 1
        return self

    def middle(self, text: str, centre: int, y: int) -> "Paper":
        return self._set(text, centre - self._width(text) / 2, y)

    def at(self, text: str, x: int, y: int) -> "Paper":
        return self._set(text, x, y)

    def body(
        self, y: int, count: int = 4, first: str = "Trong thời gian qua các đơn vị đã tích cực"
    ) -> "Paper":
        """A paragraph: first line indented, lines justified, the last one short."""
        for index in range(count):
            text = (
                first
                if index == 0
                else "triển khai thực hiện nhiệm vụ được giao bảo đảm đúng tiến độ và chất"
            )
            words = text.split()
            x0 = LEFT + (118 if index == 0 else 0)
            if index == count - 1 and count > 1:
                self._set("lượng theo yêu cầu.", LEFT, y)
            else:
                free = RIGHT - x0 - sum(23 * len(word) for word in words)
                self._set(text, x0, y, free / (len(words) - 1))
            y += 75
        return self

    def page(self, number: int = 1) -> PageText:
        return PageText(number, WIDTH, HEIGHT, 300.0, 0, 0.0, "typist", tuple(self.words))

    @staticmethod
    def _width(text: str) -> int:
        words = text.split()
        return sum(23 * len(word) for word in words) + 16 * (len(words) - 1)


def state_head(organs: list[str], number: str, place_date: str) -> Paper:
    paper = Paper()
    for index, organ in enumerate(organs):
        paper.middle(organ, 750, 240 + 62 * index)
    paper.middle("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 1760, 240)
    paper.middle("Độc lập - Tự do - Hạnh phúc", 1760, 310)
    paper.middle(number, 750, 440).middle(place_date, 1760, 430)
    return paper


def party_head(organs: list[str], number: str, place_date: str) -> Paper:
    paper = Paper()
    for index, organ in enumerate(organs):
        paper.middle(organ, 750, 240 + 62 * index)
    paper.middle("*", 750, 240 + 62 * len(organs)).middle(number, 750, 310 + 62 * len(organs))
    paper.middle("ĐẢNG CỘNG SẢN VIỆT NAM", 1760, 240).middle(place_date, 1760, 390)
    return paper


def foot(paper: Paper, signing: list[str], name: str, recipients: list[str], y: int = 2300) -> Paper:
    for index, line in enumerate(signing):
        paper.middle(line, 1760, y + 65 * index)
    paper.middle(name, 1760, y + 65 * len(signing) + 300)
    if recipients:
        paper.at("Nơi nhận:", LEFT, y)
        for index, line in enumerate(recipients):
            paper.at(line, LEFT, y + 60 + 57 * index)
    return paper


def state_letter() -> Paper:
    paper = state_head(
        ["ỦY BAN NHÂN DÂN", "THÀNH PHỐ ĐÔNG SƠN", "SỞ NỘI VỤ"],
        "Số: 1234/SNV-VTLT",
        "Đông Sơn, ngày 09 tháng 7 năm 2025",
    )
    paper.middle("V/v hướng dẫn số hóa tài liệu", 750, 520).middle("lưu trữ của cơ quan", 750, 580)
    paper.middle("Kính gửi: Các sở, ban, ngành thành phố", 1317, 760).body(900, 6)
    return foot(
        paper,
        ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"],
        "Trần Thị Minh Hằng",
        ["- Như trên;", "- Giám đốc Sở (để báo cáo);", "- Lưu: VT, VTLT."],
    )


def central_regulation() -> Paper:
    paper = party_head(["BAN CHẤP HÀNH TRUNG ƯƠNG"], "Số 338-QĐ/TW", "Hà Nội, ngày 09 tháng 7 năm 2025")
    paper.middle("QUY ĐỊNH", 1317, 620)
    paper.middle("về giải quyết thủ tục hành chính của Đảng", 1317, 700)
    paper.middle("trên môi trường điện tử", 1317, 770)
    paper.body(900, 8, "- Căn cứ Điều lệ Đảng Cộng sản Việt Nam;")
    return foot(
        paper,
        ["T/M BỘ CHÍNH TRỊ", "THƯỜNG TRỰC BAN BÍ THƯ"],
        "Lê Văn Mẫu",
        ["- Các tỉnh ủy, thành ủy,", "- Lưu Văn phòng Trung ương Đảng."],
    )


def evidence_is_sound(fields: Fields, pages: list[PageText]) -> None:
    """Every piece of evidence names a page and boxes of that page's own words."""
    numbers = {page.page: {word.box for word in page.words} for page in pages}
    for name, found in fields.evidence.items():
        assert 0.0 <= found.confidence <= 1.0, name
        assert found.value.strip(), name
        assert found.boxes, name
        assert set(found.boxes) <= numbers[found.page], name


def test_a_state_letter_has_no_printed_name_and_is_a_cong_van() -> None:
    page = state_letter().page()
    found = describe([page])
    assert (found.type_name, found.type_code) == ("Công văn", "22")
    assert (found.number, found.code_number, found.code_notation) == ("1234/SNV-VTLT", "1234", "SNV-VTLT")
    assert (found.issued_date, found.place) == ("2025-07-09", "Đông Sơn")
    assert (found.superior_organ, found.organ_name) == ("ỦY BAN NHÂN DÂN THÀNH PHỐ ĐÔNG SƠN", "SỞ NỘI VỤ")
    assert found.subject == "hướng dẫn số hóa tài liệu lưu trữ của cơ quan"
    assert (found.signer_title, found.signer_name) == ("PHÓ GIÁM ĐỐC", "Trần Thị Minh Hằng")
    assert found.evidence["signer_authority"].value == "KT. GIÁM ĐỐC"
    assert found.recipients == ("Như trên", "Giám đốc Sở (để báo cáo)", "Lưu: VT, VTLT.")
    assert (found.urgency, found.secrecy) == ("", "")
    evidence_is_sound(found, [page])


def test_a_party_regulation_numbered_qd_is_a_quy_dinh() -> None:
    found = describe([central_regulation().page()])
    assert (found.type_name, found.type_code) == ("Quy định", "05")
    assert (found.number, found.code_notation) == ("338-QĐ/TW", "QĐ/TW")
    assert (found.superior_organ, found.organ_name) == ("", "BAN CHẤP HÀNH TRUNG ƯƠNG")
    assert found.subject == "về giải quyết thủ tục hành chính của Đảng trên môi trường điện tử"
    assert (found.signer_title, found.signer_name) == ("THƯỜNG TRỰC BAN BÍ THƯ", "Lê Văn Mẫu")


def test_qd_without_a_printed_name_decides_nothing() -> None:
    paper = party_head(["TỈNH ỦY SƠN HÀ"], "Số 12-QĐ/TU", "Sơn Hà, ngày 02 tháng 3 năm 2025").body(700, 8)
    found = describe([paper.page()])
    assert found.number == "12-QĐ/TU"
    assert (found.type_name, found.type_code) == ("", "")


def test_an_unambiguous_notation_stands_in_for_an_unread_name() -> None:
    paper = party_head(["TỈNH ỦY SƠN HÀ"], "Số 12-KL/TU", "Sơn Hà, ngày 02 tháng 3 năm 2025").body(700, 8)
    found = describe([paper.page()])
    assert (found.type_name, found.type_code) == ("Kết luận", "32")
    assert found.evidence["type_name"].confidence < 0.7


def test_a_circular_of_a_ministry() -> None:
    paper = state_head(["BỘ NỘI VỤ"], "Số: 05/2025/TT-BNV", "Hà Nội, ngày 14 tháng 5 năm 2025")
    paper.middle("THÔNG TƯ", 1317, 600).middle("Quy định nghiệp vụ văn thư, lưu trữ", 1317, 680).body(850, 8)
    found = describe([paper.page()])
    assert (found.type_name, found.type_code) == ("Thông tư", "32")
    assert (found.organ_name, found.superior_organ) == ("BỘ NỘI VỤ", "")
    assert (found.number, found.code_number, found.code_notation) == ("05/2025/TT-BNV", "05", "2025/TT-BNV")


def test_the_offices_of_the_central_committee() -> None:
    paper = party_head(
        ["BAN CHẤP HÀNH TRUNG ƯƠNG", "VĂN PHÒNG"], "Số 36-HD/VPTW", "Hà Nội, ngày 03 tháng 4 năm 2018"
    )
    paper.middle("HƯỚNG DẪN", 1317, 620).middle("thể thức và kỹ thuật trình bày văn bản của Đảng", 1317, 700)
    found = describe([paper.body(850, 8).page()])
    assert (found.superior_organ, found.organ_name) == ("BAN CHẤP HÀNH TRUNG ƯƠNG", "VĂN PHÒNG")
    assert found.type_code == "08"


def test_the_verb_of_a_decision_is_not_its_name() -> None:
    paper = state_letter()
    paper.middle("GIÁM ĐỐC QUYẾT ĐỊNH:", 1317, 1500)
    assert describe([paper.page()]).type_name == "Công văn"


def test_an_arrival_stamp_gives_no_field() -> None:
    paper = state_letter()
    for index, line in enumerate(["PHÒNG HÀNH CHÍNH", "ĐẾN", "Số: 2208", "Ngày: 11/7/2025", "Chuyển: VP"]):
        paper.at(line, 500, 640 + 55 * index)
    found = describe([paper.page()])
    assert (found.number, found.issued_date, found.organ_name) == ("1234/SNV-VTLT", "2025-07-09", "SỞ NỘI VỤ")


@pytest.mark.parametrize(
    ("stamp", "urgency", "secrecy"),
    [
        ("KHẨN", "KHẨN", ""),
        ("THƯỢNG KHẨN", "THƯỢNG KHẨN", ""),
        ("HỎA TỐC", "HỎA TỐC", ""),
        ("HOẢ TỐC", "HỎA TỐC", ""),
        ("HỎA TỐC HẸN GIỜ", "HỎA TỐC HẸN GIỜ", ""),
        ("MẬT", "", "MẬT"),
        ("MAT", "", "MẬT"),
        ("TỐI MẬT", "", "TỐI MẬT"),
        ("TUYỆT MẬT", "", "TUYỆT MẬT"),
    ],
)
def test_stamps_of_urgency_and_secrecy(stamp: str, urgency: str, secrecy: str) -> None:
    found = describe([state_letter().middle(stamp, 750, 680).page()])
    assert (found.urgency, found.secrecy) == (urgency, secrecy)


@pytest.mark.parametrize(
    "line",
    ["về bảo vệ bí mật nhà nước", "BẢO VỆ BÍ MẬT", "xử lý việc khẩn cấp", "Tài liệu mật", "PHÒNG MẬT MÃ"],
)
def test_words_in_a_sentence_are_no_stamp(line: str) -> None:
    found = describe([state_letter().middle(line, 1317, 700).page()])
    assert (found.urgency, found.secrecy) == ("", "")


def test_a_doubtful_secrecy_stamp_counts() -> None:
    paper = state_letter()
    paper.confidence = 0.31
    found = describe([paper.middle("MẶT", 750, 680).page()])
    assert found.secrecy == "MẬT"
    assert found.evidence["secrecy"].confidence < 0.45


def test_a_number_left_blank_for_the_pen_is_not_made_up() -> None:
    paper = state_head(["SỞ NỘI VỤ"], "Số: /KH-SNV", "Bắc Hòa, ngày tháng 7 năm 2025")
    found = describe([paper.middle("KẾ HOẠCH", 1317, 600).body(800, 8).page()])
    assert (found.number, found.code_number, found.code_notation) == ("", "", "KH-SNV")
    assert (found.issued_date, found.place) == ("", "Bắc Hòa")


def test_an_older_letter_with_a_space_in_its_number() -> None:
    paper = state_head(
        ["ỦY BAN HÀNH CHÍNH", "TỈNH BẮC HÒA"], "Số: 43 TC/UB", "Bắc Hòa, ngày 12 tháng 5 năm 1973"
    )
    paper.middle("Kính gửi: Ủy ban hành chính các huyện", 1317, 640).body(800, 8)
    found = describe([paper.page()])
    assert (found.number, found.code_number, found.code_notation) == ("43 TC/UB", "43", "TC/UB")
    assert found.organ_name == "ỦY BAN HÀNH CHÍNH TỈNH BẮC HÒA"
    assert (found.type_name, found.issued_date) == ("Công văn", "1973-05-12")


def test_lost_marks_do_no_harm() -> None:
    paper = Paper()
    paper.middle("UY BAN NHAN DAN TINH SON HA", 750, 240).middle("SO NOI VU", 750, 302)
    paper.middle("CONG HOA XA HOI CHU NGHIA VIET NAM", 1760, 240).middle(
        "Doc lap - Tu do - Hanh phuc", 1760, 310
    )
    paper.middle("So: 7/BC-SNV", 750, 440).middle("Son Ha, ngay 09 thang 7 nam 2025", 1760, 430)
    paper.middle("BAO CAO", 1317, 600).middle("Ket qua sap xep bo may", 1317, 680).body(800, 8)
    found = describe([paper.page()])
    assert (found.type_name, found.type_code, found.number) == ("Báo cáo", "14", "7/BC-SNV")
    assert found.issued_date == "2025-07-09"
    assert found.organ_name == "SỞ NỘI VỤ"  # of the closed vocabulary: its spelling is known
    assert found.superior_organ == "ỦY BAN NHÂN DÂN TỈNH SON HA"  # the place's marks are not


def test_a_misread_year_after_the_day_of_receipt_is_not_taken() -> None:
    paper = state_head(["SỞ NỘI VỤ"], "Số: 7/BC-SNV", "Bắc Hòa, ngày 22 tháng 4 năm 2095")
    page = paper.middle("BÁO CÁO", 1317, 600).body(800, 8).page()
    assert describe([page]).issued_date == "2095-04-22"
    found = describe([page], received=date(2026, 11, 23))
    assert found.issued_date == ""
    assert found.evidence["issued_date"].confidence < 0.4


def test_a_badly_read_field_stays_empty_and_keeps_its_evidence() -> None:
    paper = Paper(confidence=0.35).middle("Hà Nội, ngày 09 tháng 7 năm 2025", 1760, 430)
    found = describe([paper.middle("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 1760, 240).page()])
    assert (found.issued_date, found.place) == ("", "")
    assert found.evidence["issued_date"].value == "2025-07-09"


def test_the_grammar_speaks_for_a_number_that_the_engine_doubts() -> None:
    paper = Paper(confidence=0.2).middle("Số: 7/BC-BNV", 750, 440)
    assert describe([paper.page()]).number == "7/BC-BNV"


def test_an_office_of_no_list_is_known_by_its_place() -> None:
    paper = state_head(["SỞ NỘI VỤ"], "Số: 7/BC-SNV", "Bắc Hòa, ngày 22 tháng 4 năm 2025").body(800, 8)
    found = describe([foot(paper, ["ĐIỀU PHỐI VIÊN"], "Ksor Mẫu Đơn", ["- Lưu: VT."]).page()])
    assert (found.signer_title, found.signer_name) == ("ĐIỀU PHỐI VIÊN", "Ksor Mẫu Đơn")
    assert found.evidence["signer_title"].confidence < 0.7


def test_the_signature_stands_on_the_last_page_and_the_heading_after_a_cover() -> None:
    first, cover = state_letter(), Paper().middle("HỒ SƠ LƯU TRỮ", 1240, 1700)
    annex = Paper().middle("PHỤ LỤC", 1317, 240).body(400, 8)
    pages = [cover.page(1), first.page(2), annex.page(3)]
    found = describe(pages)
    assert (found.number, found.signer_name) == ("1234/SNV-VTLT", "Trần Thị Minh Hằng")
    assert found.evidence["number"].page == 2
    evidence_is_sound(found, pages)


def test_a_deputy_whose_rank_was_not_read_is_not_named_the_head() -> None:
    paper = state_head(["SỞ NỘI VỤ"], "Số: 7/BC-SNV", "Bắc Hòa, ngày 22 tháng 4 năm 2025").body(800, 8)
    found = describe([foot(paper, ["KT. GIÁM ĐỐC", "GIÁM ĐỐC"], "Lê Văn Mẫu", []).page()])
    assert found.signer_title == ""
    assert found.evidence["signer_title"].confidence < 0.4


def test_half_a_name_is_no_name() -> None:
    paper = state_head(["SỞ NỘI VỤ"], "Số: 7/BC-SNV", "Bắc Hòa, ngày 22 tháng 4 năm 2025").body(800, 8)
    assert describe([foot(paper, ["GIÁM ĐỐC"], "Ngọc Thắng", []).page()]).signer_name == ""


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_delivered_turn_of_the_page_does_not_matter(rotation: int) -> None:
    upright = state_letter().page()
    undo = back(rotation)  # type: ignore[arg-type]
    width, height = (HEIGHT, WIDTH) if rotation in (90, 270) else (WIDTH, HEIGHT)
    words = tuple(replace(word, box=turn(word.box, undo, WIDTH, HEIGHT)) for word in upright.words)
    turned = replace(upright, width=width, height=height, rotation=rotation, words=words)
    found, expected = describe([turned]), describe([upright])
    assert replace(found, evidence={}) == replace(expected, evidence={})
    evidence_is_sound(found, [turned])


def test_nothing_gives_nothing() -> None:
    empty = PageText(1, WIDTH, HEIGHT, 300.0, 0, 0.0, "none", ())
    blank = replace(empty, words=(Word("   ", Box(1, 1, 9, 9), 0.9, 0),))
    for pages in ([], [empty], [empty, empty], [blank]):
        assert describe(pages) == Fields()


def test_prose_gives_no_made_up_fields() -> None:
    found = describe([Paper().body(240, 38).page()])
    assert replace(found, evidence={}) == Fields()


def test_three_thousand_words_on_a_page() -> None:
    words = [
        Word(f"từ{n}", Box(x, y, x + 30, y + 20), 0.9, n // 50)
        for n, (x, y) in enumerate((40 + 48 * (n % 50), 40 + 57 * (n // 50)) for n in range(3000))
    ]
    assert describe([PageText(1, WIDTH, HEIGHT, 300.0, 0, 0.0, "many", tuple(words))]).number == ""


_PIECES = st.sampled_from(
    "Số: 43/KH-UBND QUYẾT ĐỊNH V/v Kính gửi: Nơi nhận: T/M KT. CHỦ TỊCH MẬT KHẨN ngày 31 tháng 02 năm 2025 "
    "ĐẢNG CỘNG SẢN VIỆT NAM Nguyễn Văn A - ; / . ( ) l1O0 Ð* ﻿ \u0301 \U0001f600 İ ǅ ﷽ ß".split()
)
_WORDS = st.builds(
    Word,
    st.one_of(_PIECES, st.text(max_size=12)),
    st.builds(
        lambda x, y, w, h: Box(x, y, x + w, y + h),
        st.integers(-50, 2600),
        st.integers(-50, 3600),
        st.integers(0, 900),
        st.integers(0, 400),
    ),
    st.floats(0, 1),
    st.integers(0, 12),
)
_PAGES = st.builds(
    lambda words, rotation, skew: PageText(1, WIDTH, HEIGHT, 300.0, rotation, skew, "any", tuple(words)),
    st.lists(_WORDS, max_size=60),
    st.sampled_from([0, 90, 180, 270]),
    st.floats(-5, 5),
)


@given(st.lists(_PAGES, max_size=3))
@settings(max_examples=150, deadline=None)
def test_no_page_makes_it_raise(pages: list[PageText]) -> None:
    found = describe(pages)
    assert all(0.0 <= value.confidence <= 1.0 for value in found.evidence.values())
    assert found.issued_date == "" or date.fromisoformat(found.issued_date)
