"""The closed vocabulary of headings and signatures, and how its spelling is restored.

Only phrases of this list are ever respelt, and only where all their letters were read (or all but one of a long
phrase): "UY BAN KIEM TRA" is "ỦY BAN KIỂM TRA" and nothing else. Names of people and places stay as read.
"""

import re
import unicodedata

from ingest.describe_match import letters, slips
from language.fold import canonical, fold

BODIES = (
    "Ủy ban nhân dân|Hội đồng nhân dân|Ủy ban Mặt trận Tổ quốc Việt Nam|Ủy ban Mặt trận Tổ quốc|Mặt trận Tổ quốc|"
    "Ủy ban Kiểm tra|Ủy ban hành chính|Ban Chấp hành|Ban Thường vụ|Ban Thường trực|Ban Tổ chức|Ban Tổ chức chính quyền|"
    "Ban Tuyên giáo|Ban Tuyên giáo và Dân vận|Ban Dân vận|Ban Nội chính|Ban Xây dựng Đảng|Ban Chỉ đạo|Ban Quản lý|"
    "Ban Bảo vệ, chăm sóc sức khỏe cán bộ|Ban Bí thư|Bộ Chính trị|Trung ương|Văn phòng|Đảng ủy|Đảng bộ|Đảng đoàn|"
    "Tỉnh ủy|Thành ủy|Huyện ủy|Quận ủy|Thị ủy|Chi bộ|Chi ủy|Cấp ủy|Thường trực|Trường Chính trị|"
    "Sở Nội vụ|Sở Tài chính|Sở Tư pháp|Sở Xây dựng|Sở Y tế|Sở Giáo dục và Đào tạo|Sở Công Thương|"
    "Sở Khoa học và Công nghệ|Sở Nông nghiệp và Môi trường|Sở Nông nghiệp và Phát triển nông thôn|"
    "Sở Văn hóa và Thể thao|Sở Văn hóa, Thể thao và Du lịch|Sở Kế hoạch và Đầu tư|Sở Giao thông vận tải|"
    "Sở Tài nguyên và Môi trường|Sở Lao động - Thương binh và Xã hội|Sở Thông tin và Truyền thông|Sở Ngoại vụ|"
    "Sở Dân tộc và Tôn giáo|Sở Du lịch|Thanh tra|Phòng Kinh tế|Phòng Văn hóa|Phòng Nội vụ|Phòng Tài chính|"
    "Phòng Tư pháp|Trung tâm Lưu trữ lịch sử|Chi cục Văn thư - Lưu trữ|Trung tâm Phục vụ hành chính công|"
    "Công an|Hội Nông dân|Hội Cựu chiến binh|Hội Liên hiệp Phụ nữ|Đoàn Thanh niên|Liên đoàn Lao động|"
    "Tòa án nhân dân|Viện Kiểm sát nhân dân|Bộ Nội vụ|Bộ Tài chính|Chính phủ|Quốc hội|Thủ tướng Chính phủ|"
    "Ty Thương nghiệp|Ty Lương thực|Ty Nông nghiệp|Ty Giáo dục|Ty Y tế|Ty Tài chính|Ty Thủy lợi|Ty Công nghiệp"
).split("|")
OFFICES = (
    "Chủ tịch|Phó Chủ tịch|Phó Chủ tịch Thường trực|Bí thư|Phó Bí thư|Phó Bí thư Thường trực|Giám đốc|Phó Giám đốc|"
    "Tổng Giám đốc|Phó Tổng Giám đốc|Trưởng ban|Phó Trưởng ban|Phó Trưởng ban Thường trực|Trưởng phòng|"
    "Phó Trưởng phòng|Chánh Văn phòng|Phó Chánh Văn phòng|Chánh Thanh tra|Chủ nhiệm|Phó Chủ nhiệm|"
    "Phó Chủ nhiệm Thường trực|Trưởng Ty|Phó Trưởng Ty|Bộ trưởng|Thứ trưởng|Cục trưởng|Phó Cục trưởng|Vụ trưởng|"
    "Viện trưởng|Hiệu trưởng|Phó Hiệu trưởng|Chi cục trưởng|Thủ tướng|Phó Thủ tướng|Tổng Bí thư|Tổng Thư ký|"
    "Lãnh đạo cơ quan|Thường trực"
).split("|")
UNITS = "Tỉnh|Thành phố|Phường|Xã|Huyện|Quận|Thị xã|Thị trấn".split("|")
"""Kinds of places: restored in names of bodies only, where no other word of the same letters stands."""
FAMILY_NAMES = (
    "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đào Đoàn Trịnh Đinh Mai Tô Lâm Hà Cao "
    "Lương Lưu Tạ Chu Thái Quách Kiều Nghiêm La Châu Trương Tôn Vương Nông Hứa Đàm Ninh Khúc Thạch Phùng Bạch Lại "
    "Triệu Quan Diệp Lục Mạc Tăng Từ Tống Âu Biện Cù Cung Dư Đậu Giang Hán Khổng Lò Lù Mẫn Nhan Ông Ung Vi Vy Xa Kha "
    "Mã Giáp Phí Thiều Vàng Thào Sùng Doãn Tiêu Vừ Thân Lường Quàng Ksor Siu Rahlan"
).split()
"""Family names; a person's name in full begins with one. Names that are mostly middle names are left out."""

_GLUED = re.compile(r"\b(T[IÍÌỈĨỊ]NH|PH[ƯU][ƠOỜỚỞỠỢ]NG|HUY[EÊỆẾỀỂỄ]N)([^\W\d_]{2,7})\b")
_WORD = re.compile(r"\w+")


def is_body(text: str) -> bool:
    """Return whether `text` begins with the name of a listed body, marks apart."""
    return letters(text).startswith(_BODIES)


def restored(text: str, *, units: bool = False, loose: bool = False) -> str:
    """Return `text` with the marks of every listed phrase as they are spelt; case and all other letters as read.

    `units`: kinds of places too. `loose`: a phrase of ten letters or more may also have one letter wrong, missing or
    misplaced space, and is then set as spelt.

    >>> restored("Uy bạn nhân dân xã Hòa Sài")
    'Ủy ban nhân dân xã Hòa Sài'
    """
    text = canonical(text)
    if loose:
        text = _single_vowels(text)
    if units:
        text = _GLUED.sub(lambda match: f"{match[1]} {match[2]}", text)
    tokens = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    index = 0
    out: list[str] = []
    done = 0
    while index < len(tokens):
        phrase, count = _longest(text, tokens, index, units, loose)
        if not phrase:
            index += 1
            continue
        start, end = tokens[index][0], tokens[index + count - 1][1]
        out += [text[done:start], _cased(phrase, text[start:end])]
        done, index = end, index + count
    return "".join(out) + text[done:]


def _single_vowels(text: str) -> str:
    """`text` without the first of two like vowels of which one has a mark: one letter read twice (ĐẢẲNG; not LƯU)."""
    plain = fold(text)
    twice = {
        i
        for i, (one, other) in enumerate(zip(plain, plain[1:], strict=False))
        if one == other and one in "aeioy" and text[i : i + 2].lower() != one + other
    }
    return "".join(char for i, char in enumerate(text) if i not in twice)


def family_name(word: str) -> str:
    """Return the family name that `word` is but for its marks, "" when it is none or may be several."""
    found = _FAMILIES.get(letters(word), ())
    return next((name for name in found if name == word), found[0] if len(found) == 1 else "")


def clipped_family_name(word: str) -> str:
    """Return the one family name whose first letter is missing in `word` ("guyễn"), "" when none or several fit."""
    plain = letters(word) if word[:1].islower() else ""
    found = [names[0] for known, names in _FAMILIES.items() if len(plain) > 1 and known[1:] == plain]
    return found[0] if len(found) == 1 and len(_FAMILIES[letters(found[0])]) == 1 else ""


def _longest(
    text: str, tokens: list[tuple[int, int]], index: int, units: bool, loose: bool
) -> tuple[str, int]:
    for count in range(min(8, len(tokens) - index), 0, -1):
        run = text[tokens[index][0] : tokens[index + count - 1][1]]
        plain = letters(run)
        if count > 1 or loose:
            if plain in _PHRASES:
                return _PHRASES[plain], count
            if loose and len(plain) >= 9:
                for known, phrase in _PHRASES.items():
                    if len(known) >= 10 and slips(plain, known, 1) <= 1:
                        return phrase, count
        if units and plain in _UNITS and count == len(_UNITS[plain].split()):
            return _UNITS[plain], count
    return "", 0


def _cased(phrase: str, read: str) -> str:
    """`phrase` in the case that was read: capitals when most letters were, else letter by letter where they align."""
    if fold(phrase) == fold(read) and _marks(phrase) == _marks(read):
        return read  # "UỶ BAN" is spelt well too: the same marks on another vowel
    marks = [c for c in read if c.isalpha()]
    if sum(c.isupper() for c in marks) * 2 > len(marks):
        return phrase.upper()
    if fold(phrase) == fold(read) and len(phrase) == len(read):
        return "".join(p.upper() if r.isupper() else p.lower() for p, r in zip(phrase, read, strict=True))
    return phrase


def _marks(text: str) -> list[str]:
    return sorted(
        c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.combining(c) or c == "đ"
    )


_PHRASES = {letters(phrase): phrase for phrase in (*BODIES, *OFFICES)}
_BODIES = tuple(letters(phrase) for phrase in BODIES)
_UNITS = {letters(phrase): phrase for phrase in UNITS}
_FAMILIES: dict[str, tuple[str, ...]] = {
    letters(name): tuple(other for other in FAMILY_NAMES if letters(other) == letters(name))
    for name in FAMILY_NAMES
}
