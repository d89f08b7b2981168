"""The kinds of official paper: TT 05/2025 codes 01–32, the Party's own kinds, and their abbreviations, as data.

Codes: Thông tư 05/2025/TT-BNV, list `typeName`. State abbreviations: NĐ 30/2020/NĐ-CP, Phụ lục III. Party
abbreviations: seen on real papers issued under Hướng dẫn 36-HD/VPTW. Lists are data so that a new circular
changes a row and no code.
"""

import unicodedata
from dataclasses import dataclass

OTHER = "32"
"""The code "Khác": every kind without a code of its own keeps its name under it."""


@dataclass(frozen=True, slots=True)
class PaperType:
    """A kind of paper: code of TT 05/2025, name in sentence case, abbreviations in State and in Party notation."""

    code: str
    name: str
    state: tuple[str, ...] = ()
    party: tuple[str, ...] = ()


TYPES: tuple[PaperType, ...] = (
    PaperType("01", "Nghị quyết", ("NQ",), ("NQ",)),
    PaperType("02", "Quyết định", ("QĐ",), ("QĐ",)),
    PaperType("03", "Chỉ thị", ("CT",), ("CT",)),
    PaperType("04", "Quy chế", ("QC",), ("QC",)),
    PaperType("05", "Quy định", ("QyĐ",), ("QĐ", "QĐi")),
    PaperType("06", "Thông cáo", ("TC",), ("TC",)),
    PaperType("07", "Thông báo", ("TB",), ("TB",)),
    PaperType("08", "Hướng dẫn", ("HD",), ("HD",)),
    PaperType("09", "Chương trình", ("CTr",), ("CTr",)),
    PaperType("10", "Kế hoạch", ("KH",), ("KH",)),
    PaperType("11", "Phương án", ("PA",), ("PA",)),
    PaperType("12", "Đề án", ("ĐA",), ("ĐA",)),
    PaperType("13", "Dự án", ("DA",)),
    PaperType("14", "Báo cáo", ("BC",), ("BC",)),
    PaperType("15", "Tờ trình", ("TTr",), ("TTr",)),
    PaperType("16", "Giấy ủy quyền", ("GUQ",)),
    PaperType("17", "Phiếu gửi", ("PG",)),
    PaperType("18", "Phiếu chuyển", ("PC",)),
    PaperType("19", "Phiếu báo", ("PB",)),
    PaperType("20", "Biên bản", ("BB",), ("BB",)),
    PaperType("21", "Hợp đồng", ("HĐ",)),
    PaperType("22", "Công văn", (), ("CV",)),
    PaperType("23", "Công điện", ("CĐ",)),
    PaperType("24", "Bản ghi nhớ", ("BGN",)),
    PaperType("25", "Bản thỏa thuận", ("BTT",)),
    PaperType("26", "Giấy mời", ("GM",), ("GM",)),
    PaperType("27", "Giấy giới thiệu", ("GGT",), ("GT", "GGT")),
    PaperType("28", "Giấy nghỉ phép", ("GNP",)),
    PaperType("29", "Thư công"),
    PaperType("30", "Bản đồ"),
    PaperType("31", "Bản vẽ kỹ thuật"),
    # Party kinds without a code (TT 05/2025 binds State bodies): 32, the name is kept.
    PaperType(OTHER, "Kết luận", (), ("KL",)),
    PaperType(OTHER, "Thông tri", (), ("TT",)),
    PaperType(OTHER, "Chiến lược"),
    PaperType(OTHER, "Quy hoạch"),
    PaperType(OTHER, "Tuyên bố"),
    PaperType(OTHER, "Lời kêu gọi"),
    PaperType(OTHER, "Điều lệ"),
    PaperType(OTHER, "Cương lĩnh chính trị"),
    PaperType(OTHER, "Giấy chứng nhận"),
    PaperType(OTHER, "Giấy đi đường"),
    PaperType(OTHER, "Danh sách", (), ("DS",)),
    # Legal normative kinds that an archive holds too and the list does not name.
    PaperType(OTHER, "Luật"),
    PaperType(OTHER, "Pháp lệnh"),
    PaperType(OTHER, "Lệnh"),
    PaperType(OTHER, "Nghị định", ("NĐ",)),
    PaperType(OTHER, "Thông tư", ("TT",)),
    PaperType(OTHER, "Thông tư liên tịch", ("TTLT",)),
    PaperType(OTHER, "Nghị quyết liên tịch", ("NQLT",)),
)
"""Every known kind, coded ones first."""

LETTER = next(kind for kind in TYPES if kind.code == "22")
"""Công văn: the one kind that prints no name of itself (NĐ 30/2020, Phụ lục I)."""


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


_BY_NAME = {_plain(kind.name): kind for kind in TYPES}
_STATE = frozenset(short for kind in TYPES for short in kind.state)
_PARTY = frozenset(short for kind in TYPES for short in kind.party)


def type_named(name: str) -> PaperType | None:
    """Return the kind called `name` (any case, any Unicode form); None when it is not on the lists.

    A name that is not listed is kept by the caller under code `OTHER`.
    """
    return _BY_NAME.get(_plain(name))


def code_for(name: str) -> str:
    """Return the TT 05/2025 code for a kind called `name`: "32" for anything not listed, "" for no name.

    >>> code_for("KẾT LUẬN"), code_for("Báo cáo"), code_for("")
    ('32', '14', '')
    """
    if not name.strip():
        return ""
    kind = type_named(name)
    return kind.code if kind else OTHER


def types_abbreviated(abbreviation: str, *, party: bool) -> tuple[PaperType, ...]:
    """Return every kind that `abbreviation` may stand for in Party or in State notation.

    More than one answer means that the abbreviation does not decide: Party "QĐ" is Quyết định or Quy định
    (204-QĐ/TW and 338-QĐ/TW). Case counts: "CTr" is Chương trình, "CT" is Chỉ thị.

    >>> [kind.name for kind in types_abbreviated("QĐ", party=True)]
    ['Quyết định', 'Quy định']
    """
    short = unicodedata.normalize("NFC", abbreviation)
    return tuple(kind for kind in TYPES if short in (kind.party if party else kind.state))


def is_abbreviation(text: str, *, party: bool) -> bool:
    """Return whether `text` is a type abbreviation of Party or State notation."""
    return unicodedata.normalize("NFC", text) in (_PARTY if party else _STATE)
