"""Papers to be drawn, one of every kind and system, short and long. All people and places are made up."""

from dataclasses import replace
from datetime import UTC, date, datetime

from procedures.papers.kinds import kinds
from procedures.papers.sheet import Organ, Sheet, Signatory
from records.units import System

DAY = date(2026, 7, 9)
CREATED = datetime(2026, 7, 9, 1, 30, tzinfo=UTC)
PAPER_ID = "0123456789abcdef0123456789abcdef-1"
BASE = "https://vanban.thuahoa.example.vn"

PARTY = Organ("VĂN PHÒNG", "Thừa Hòa", "TỈNH ỦY THỪA HÒA")
STATE = Organ("TỈNH THỪA HÒA", "Thừa Hòa", "ỦY BAN NHÂN DÂN")
SECRETARY = Signatory("PHÓ BÍ THƯ", "Lê Quang Ưng", ("T/M BAN THƯỜNG VỤ",))
CHIEF = Signatory("PHÓ CHÁNH VĂN PHÒNG", "Đặng Thị Hương Thủy", ("K/T CHÁNH VĂN PHÒNG",))
CHAIR = Signatory("PHÓ CHỦ TỊCH", "Trần Thị Hồng Mận", ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"))

_TEXT = (
    "Thực hiện chương trình công tác năm 2026, các cơ quan rà soát toàn bộ tài liệu lưu trữ lịch sử chưa số hóa, "
    "lập danh mục theo thứ tự ưu tiên và gửi về Văn phòng trước ngày 15 tháng 8 năm 2026 để tổng hợp.",
    "Mỗi hồ sơ được kiểm tra số tờ, tình trạng vật lý và mức độ tiếp cận trước khi quét; tài liệu mang dấu chỉ mức độ "
    "mật thực hiện theo quy định riêng.",
)
_LONG = _TEXT * 8

DUTIES = (
    ("Gương mẫu thực hiện nghĩa vụ công dân", "Bản thân và gia đình chấp hành tốt."),
    ("Dự họp với chi ủy nơi cư trú", "Dự đủ hai kỳ họp trong năm, có ý kiến đóng góp."),
    ("Giữ mối liên hệ với nhân dân", "Thường xuyên tham gia sinh hoạt tổ dân phố."),
)

MEMBER = {
    "member_name": "Nguyễn Thị Ánh Nguyệt",
    "birth_date": date(1988, 3, 5),
    "hometown": "xã Vĩnh Phú, tỉnh Thừa Hòa",
    "admission_date": "2012-05-19",
    "official_date": "2013-05-19",
    "card_no": "12345678",
}

_FIELDS: dict[str, dict[str, object]] = {
    "decision": {
        "subject": "về việc thành lập Ban Chỉ đạo số hóa tài liệu lưu trữ",
        "competence": "CHÁNH VĂN PHÒNG TỈNH ỦY",
        "grounds": ["Căn cứ Điều lệ Đảng Cộng sản Việt Nam;", "Căn cứ chương trình năm 2026;", "Xét yêu cầu công tác,"],
        "articles": [
            "Thành lập Ban Chỉ đạo số hóa tài liệu lưu trữ lịch sử gồm các đồng chí có tên trong danh sách kèm theo.",
            "Ban Chỉ đạo xây dựng kế hoạch, phân công nhiệm vụ và báo cáo kết quả hằng quý.",
            "Văn phòng, các ban và các đồng chí có tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này.",
        ],
    },
    "notice": {"subject": "kết quả rà soát tài liệu lưu trữ quý II năm 2026", "body": list(_TEXT)},
    "dispatch": {
        "subject": "lập danh mục tài liệu số hóa năm 2026",
        "to": ["Các ban, cơ quan của Tỉnh ủy", "Đảng ủy các phường, xã"],
        "body": list(_TEXT),
    },
    "regulation": {
        "subject": "quản lý và khai thác tài liệu lưu trữ số",
        "competence": "CHÁNH VĂN PHÒNG TỈNH ỦY",
        "grounds": ["Căn cứ Điều lệ Đảng Cộng sản Việt Nam;", "Xét yêu cầu công tác,"],
        "body": [
            "Chương I",
            "QUY ĐỊNH CHUNG",
            "Điều 1. Phạm vi điều chỉnh",
            "Quy định này quy định việc quản lý, khai thác tài liệu lưu trữ số của các cơ quan của Tỉnh ủy.",
            "Điều 2. Đối tượng áp dụng",
            "Các ban, cơ quan của Tỉnh ủy và tổ chức, cá nhân có liên quan.",
            "Chương II",
            "TỔ CHỨC THỰC HIỆN",
            "Điều 3. Hiệu lực thi hành",
            "Quy định này có hiệu lực từ ngày ký.",
        ],
    },
    "invitation": {
        "subject": "dự Hội nghị tổng kết công tác số hóa tài liệu năm 2026",
        "to": ["Các đồng chí Ủy viên Ban Chỉ đạo", "Lãnh đạo các ban, cơ quan của Tỉnh ủy"],
        "body": [
            "Tới dự: Hội nghị tổng kết công tác số hóa tài liệu lưu trữ năm 2026.",
            "Chủ trì: đồng chí Phó Bí thư Thường trực Tỉnh ủy.",
            "Thời gian: 8 giờ 00, thứ Hai, ngày 20 tháng 7 năm 2026.",
            "Địa điểm: Hội trường tầng 2, trụ sở Tỉnh ủy.",
        ],
    },
    "transfer-letter": MEMBER
    | {
        "to": "Đảng ủy phường Bến Đông",
        "alias": "Nguyệt Ánh",
        "cv_no": "012345 TH",
        "branch_list_no": "27",
        "from_unit": "Chi bộ Phòng Hành chính, Đảng bộ Văn phòng Tỉnh ủy",
        "to_unit": "Chi bộ Khu phố 3, Đảng bộ phường Bến Đông, thành phố Hải Vân",
        "paid_until": "06/2026",
        "enclosed": "thẻ đảng viên, hồ sơ đảng viên, phiếu đảng viên, bản tự kiểm điểm",
    },
    "temporary-letter": MEMBER
    | {
        "to": "Đảng ủy Trường Đại học Bến Đông",
        "from_unit": "Chi bộ Phòng Hành chính, Đảng bộ Văn phòng Tỉnh ủy",
        "to_unit": "Chi bộ Sinh viên 2, Đảng bộ Trường Đại học Bến Đông",
        "reason": "học tập trung theo quyết định cử đi học",
        "from_date": "2026-09-01",
        "to_date": "2027-08-31",
        "paid_until": "08/2026",
    },
    "residence-comment": {
        "purpose": "nhận xét định kỳ năm 2026",
        "member_name": "Nguyễn Thị Ánh Nguyệt",
        "birth_date": "1988-03-05",
        "card_no": "123456789012",
        "work_unit": "Văn phòng Tỉnh ủy Thừa Hòa",
        "residence_unit": "Chi bộ Khu phố 3, phường Bến Đông",
        "address": "số 12 đường Cây Me, phường Bến Đông",
        "duties": DUTIES,
        "strengths": ["Gương mẫu, gần gũi, có trách nhiệm với phong trào của khu phố."],
        "rating": "thực hiện tốt nhiệm vụ ở nơi cư trú",
    },
}  # fmt: skip

NOTATIONS = {
    "decision": ("QĐ/VPTU", "QĐ-UBND"), "regulation": ("QĐ/VPTU", "QyĐ-UBND"), "invitation": ("GM/VPTU", "GM-UBND"),
    "notice": ("TB/VPTU", "TB-UBND"), "dispatch": ("CV/VPTU", "UBND-TH"),
    "transfer-letter": ("GT/VPTU", ""), "temporary-letter": ("GT/VPTU", ""), "residence-comment": ("", ""),
}  # fmt: skip


def a_sheet(kind: str, system: System = System.PARTY, **changed: object) -> Sheet:
    """A numbered paper; `fields` among the changes are laid over those of the kind."""
    party = system is System.PARTY
    boxed = kind == "transfer-letter"
    fields = _FIELDS.get(kind, _FIELDS["notice"]) | dict(changed.pop("fields", {}))  # type: ignore[call-overload]
    if kind in ("decision", "regulation") and not party:
        fields["competence"] = fields.get("competence") and "CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH THỪA HÒA"
    sheet = Sheet(
        kind=kind,
        system=system,
        organ=PARTY if party else STATE,
        notation=NOTATIONS.get(kind, NOTATIONS["notice"])[0 if party else 1],
        number="105" if kinds()[kind].numbered else "",
        day=DAY,
        signatory=(SECRETARY if kind.endswith(("letter", "comment")) else CHIEF) if party else CHAIR,
        fields=fields,
        recipients=() if boxed else ("Như trên", "Thường trực Tỉnh ủy (để báo cáo)", "Lưu: VT, TH"),
    )
    return replace(sheet, **changed)  # type: ignore[arg-type]


def a_long_sheet(kind: str, system: System = System.PARTY) -> Sheet:
    """The same with long names, a long subject, and text for two pages and more."""
    fields = dict(_FIELDS[kind])
    if "subject" in fields:
        fields["subject"] = (
            "ban hành Kế hoạch số hóa, chỉnh lý, sắp xếp và phát huy giá trị tài liệu lưu trữ lịch sử của các cơ quan, "
            "tổ chức trên địa bàn tỉnh giai đoạn 2026 - 2030, định hướng đến năm 2035"
        )
    for name in ("body", "strengths"):
        if name in fields:
            fields[name] = list(_LONG)
    if "articles" in fields:
        fields["articles"] = list(_LONG[:9])
    for name in ("from_unit", "to_unit", "work_unit", "residence_unit"):
        if name in fields:
            fields[name] = (
                "Chi bộ Trung tâm Lưu trữ lịch sử và Phục vụ hành chính công, Đảng bộ bộ phận Khối Tổng hợp, "
                "Đảng bộ cơ quan Văn phòng Ủy ban nhân dân tỉnh Thừa Hòa"
            )
    organ = Organ(
        "BAN CHỈ ĐẠO SỐ HÓA TÀI LIỆU LƯU TRỮ VÀ CHUYỂN ĐỔI SỐ CƠ QUAN ĐẢNG",
        "Thành phố Bình Thuận Hải",
        "BAN CHẤP HÀNH ĐẢNG BỘ TỈNH THỪA HÒA NHIỆM KỲ 2025 - 2030",
    )
    mark = "T/M" if system is System.PARTY else "TM."
    who = Signatory(
        "PHÓ TRƯỞNG BAN THƯỜNG TRỰC",
        "Nguyễn Hoàng Phương Thùy Dương",
        (f"{mark} BAN CHỈ ĐẠO SỐ HÓA TÀI LIỆU",),
    )
    return replace(a_sheet(kind, system), fields=fields, organ=organ, signatory=who)
