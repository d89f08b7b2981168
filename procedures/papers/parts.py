"""What a written line of a paper is: the head of a chapter, an article with its number, or a label with what it says.

NĐ 30/2020, Phụ lục I: parts, chapters and sections stand in the middle, bold; of an article its number is bold, and its
title when it has one.
"""

import re

_PART = re.compile(r"(?:phần|chương|mục|tiểu mục)\s+(?:thứ\s+\w+|(?-i:[IVXLC]+)|\d+)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(Điều\s+\d+[a-zđ]?\s*[.:])\s*(.*)", re.DOTALL)
_LABEL = re.compile(r"([^\W\d_][^:.;]{1,40}:)\s+(\S.*)", re.DOTALL)
LONGEST_HEAD = 200


def article(line: str) -> tuple[bool, str, str]:
    """Return whether a line heads a part of a regulation, else what of it is bold ("" nothing) and the rest.

    An article whose words do not end as a sentence does has a title.

    >>> article("Chương I"), article("QUY ĐỊNH CHUNG")
    ((True, '', 'Chương I'), (True, '', 'QUY ĐỊNH CHUNG'))
    >>> article("Điều 2. Đối tượng áp dụng"), article("Điều 3. Có hiệu lực từ ngày ký.")
    ((False, 'Điều 2. Đối tượng áp dụng', ''), (False, 'Điều 3.', 'Có hiệu lực từ ngày ký.'))
    """
    short = len(line) <= LONGEST_HEAD
    if short and (_PART.match(line) or line.isupper()):
        return True, "", line
    found = _ARTICLE.fullmatch(line)
    if found is None or not found[2]:
        return False, "", line
    return (False, found[1], found[2]) if found[2].endswith((".", ";", ":", ",")) else (False, line, "")


def labelled(line: str) -> tuple[str, str]:
    """Return the label of a line and what it says, ("", line) when it has none.

    >>> labelled("Thời gian: 8 giờ 00, thứ Hai"), labelled("Đề nghị đến đúng giờ.")
    (('Thời gian:', '8 giờ 00, thứ Hai'), ('', 'Đề nghị đến đúng giờ.'))
    """
    found = _LABEL.fullmatch(line)
    return (found[1], found[2]) if found else ("", line)
