"""Hold the hand-over list against the documents found in the images, and say every difference in a sentence."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from records.handover import (
    Comparison,
    Difference,
    DifferenceKind,
    FoundDocument,
    HandoverList,
    HandoverRow,
)
from records.numbers import Likeness, likeness, normalise_number, parse_number

MAX_CELLS = 4_000_000
"""Rows times documents between two known pairs above which place alone decides nothing."""


def compare_handover(listed: HandoverList, found: Sequence[FoundDocument]) -> Comparison:
    """Return which row is which document, and all differences.

    Rows are matched by the separator code, then by the number, then by a number that differs only as TW and TU do,
    then by their place between documents already matched. `found` in the order of the images.
    """
    rows = list(listed.rows)
    taken: dict[int, int] = {}  # index of row -> index of document
    _match(rows, found, taken, _same_code)
    for wanted in (Likeness.SAME, Likeness.MAYBE):
        _match(rows, found, taken, partial(_numbered, wanted=wanted))
    _match_by_place(rows, found, taken)
    differences = [*_repeats(rows)]
    for index, row in enumerate(rows):
        if index in taken:
            differences += _between(row, found[taken[index]])
        else:
            differences.append(_missing(row))
    differences += [_unread(doc) for doc in found if doc.unread]
    used = set(taken.values())
    differences += [_unlisted(doc) for index, doc in enumerate(found) if index not in used]
    pairs = tuple((rows[r].line, found[d].order) for r, d in sorted(taken.items()))
    return Comparison(pairs, tuple(differences))


def _match(
    rows: list[HandoverRow],
    found: Sequence[FoundDocument],
    taken: dict[int, int],
    same: Callable[[HandoverRow, FoundDocument], bool],
) -> None:
    """Pair rows and documents that are `same`, in order, each once."""
    free = [d for d in range(len(found)) if d not in taken.values()]
    for r, row in enumerate(rows):
        if r in taken:
            continue
        hit = next((d for d in free if same(row, found[d])), None)
        if hit is not None:
            taken[r] = hit
            free.remove(hit)


def _match_by_place(rows: list[HandoverRow], found: Sequence[FoundDocument], taken: dict[int, int]) -> None:
    """Pair what is left between two pairs, keeping the order, so that page counts and numbers agree best."""
    used = set(taken.values())
    bounds = [(-1, -1), *_rising(sorted(taken.items())), (len(rows), len(found))]
    for (row_from, doc_from), (row_to, doc_to) in zip(bounds, bounds[1:], strict=False):
        left_rows = [r for r in range(row_from + 1, row_to) if r not in taken]
        left_docs = [d for d in range(doc_from + 1, doc_to) if d not in used]
        for r, d in _aligned([rows[r] for r in left_rows], [found[d] for d in left_docs]):
            taken[left_rows[r]] = left_docs[d]


def _aligned(rows: list[HandoverRow], docs: list[FoundDocument]) -> list[tuple[int, int]]:
    """The cheapest alignment in order (dynamic programming); leaving out a row or a document costs 1 each."""
    if len(rows) * len(docs) > MAX_CELLS:
        return []
    best = [[float(r + d) for d in range(len(docs) + 1)] for r in range(len(rows) + 1)]
    for r, row in enumerate(rows, 1):
        for d, doc in enumerate(docs, 1):
            best[r][d] = min(best[r - 1][d] + 1, best[r][d - 1] + 1, best[r - 1][d - 1] + _cost(row, doc))
    pairs: list[tuple[int, int]] = []
    r, d = len(rows), len(docs)
    while r and d:
        if best[r][d] == best[r - 1][d - 1] + _cost(rows[r - 1], docs[d - 1]):
            r, d = r - 1, d - 1
            pairs.append((r, d))
        elif best[r][d] == best[r - 1][d] + 1:
            r -= 1
        else:
            d -= 1
    return pairs[::-1]


def _cost(row: HandoverRow, doc: FoundDocument) -> float:
    """How badly a document fits a row that has its place: 0.0 well, above 2.0 never."""
    if row.separator and doc.separator:
        return 9.0  # two different codes
    cost = 0.8 if row.number and doc.number else 0.0
    if row.pages is not None and row.pages != doc.pages:
        cost += 0.9
    return cost


def _numbered(row: HandoverRow, doc: FoundDocument, wanted: Likeness) -> bool:
    return _likeness(row.number, doc.number) is wanted


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pairs that keep the order of the images; a pair out of order says nothing about its neighbours."""
    kept: list[tuple[int, int]] = []
    for row, doc in pairs:
        if not kept or doc > kept[-1][1]:
            kept.append((row, doc))
    return kept


def _same_code(row: HandoverRow, doc: FoundDocument) -> bool:
    return bool(row.separator) and row.separator.casefold() == doc.separator.casefold()


def _likeness(one: str, other: str) -> Likeness:
    first, second = parse_number(one), parse_number(other)
    if first is not None and second is not None:
        return likeness(first, second)
    if not one or not other:
        return Likeness.DIFFERENT
    same = normalise_number(one).casefold() == normalise_number(other).casefold()
    return Likeness.SAME if same else Likeness.DIFFERENT


def _name(row: HandoverRow) -> str:
    return row.number or row.title[:60] or row.separator or f"tài liệu thứ {row.ordinal}"


def _repeats(rows: list[HandoverRow]) -> list[Difference]:
    first: dict[str, HandoverRow] = {}
    told: list[Difference] = []
    for row in rows:
        if not row.separator:
            continue
        before = first.setdefault(row.separator.casefold(), row)
        if before is not row:
            told.append(
                Difference(
                    DifferenceKind.LISTED_TWICE,
                    row.line,
                    None,
                    f"Mã vạch {row.separator} có ở cả dòng {before.line} và dòng {row.line} của danh mục. Mỗi tài liệu "
                    "cần một mã riêng: sửa danh mục hoặc hỏi lại đơn vị số hóa.",
                )
            )
    return told


def _between(row: HandoverRow, doc: FoundDocument) -> list[Difference]:
    told: list[Difference] = []
    if row.pages is not None and row.pages != doc.pages:
        fewer = doc.pages < row.pages
        gap = abs(doc.pages - row.pages)
        told.append(
            Difference(
                DifferenceKind.FEWER_PAGES if fewer else DifferenceKind.MORE_PAGES,
                row.line,
                doc.order,
                f"{_name(row)}: danh mục ghi {row.pages} trang, ảnh quét có {doc.pages} trang, "
                + (
                    f"thiếu {gap} trang. Quét bổ sung trang thiếu rồi nộp lại tài liệu này."
                    if fewer
                    else f"thừa {gap} trang. Có thể có mặt sau trắng, trang quét hai lần hoặc hai tài liệu bị nhập làm "
                    "một: xem lại các trang của tài liệu này."
                ),
            )
        )
    if row.number and doc.number and _other_number(row.number, doc.number):
        told.append(
            Difference(
                DifferenceKind.OTHER_NUMBER,
                row.line,
                doc.order,
                f"Danh mục (dòng {row.line}) ghi số {row.number}, trên trang đọc được {doc.number}. Đối chiếu với bản "
                "giấy: sửa số của tài liệu nếu máy đọc sai, hoặc sửa danh mục.",
            )
        )
    if row.issued_date and doc.issued_date and row.issued_date != doc.issued_date:
        told.append(
            Difference(
                DifferenceKind.OTHER_DATE,
                row.line,
                doc.order,
                f"{_name(row)}: danh mục ghi ngày {_day(row.issued_date)}, trên trang đọc được "
                f"{_day(doc.issued_date)}. Đối chiếu với bản giấy rồi sửa bên sai.",
            )
        )
    return told


def _other_number(listed: str, read: str) -> bool:
    """Return whether two numbers are two. A mark more or less (ĐU, ĐƯ) is a slip of the reader, no two bodies differ by
    it; but TW and TU, Trung ương and tỉnh ủy, are two bodies.
    """
    alike = _likeness(listed, read)
    central = any(re.search(r"t(w|ư)\W*$", number.casefold()) for number in (listed, read))
    return alike is Likeness.DIFFERENT or (alike is Likeness.MAYBE and central)


def _missing(row: HandoverRow) -> Difference:
    pages = f", {row.pages} trang" if row.pages is not None else ""
    return Difference(
        DifferenceKind.MISSING,
        row.line,
        None,
        f"{_name(row)} (dòng {row.line}{pages}) có trong danh mục nhưng không thấy trong ảnh quét. Kiểm tra xem có bị "
        "bỏ sót khi quét không; nếu không bàn giao tài liệu này thì sửa danh mục.",
    )


def _unlisted(doc: FoundDocument) -> Difference:
    what = doc.number or doc.separator or "không rõ số"
    return Difference(
        DifferenceKind.UNLISTED,
        None,
        doc.order,
        f"Tài liệu thứ {doc.order} trong ảnh quét ({what}, {doc.pages} trang) không có trong danh mục. Bổ sung vào "
        "danh mục hoặc bỏ ra nếu quét nhầm.",
    )


def _unread(doc: FoundDocument) -> Difference:
    what = doc.number or doc.separator or f"Tài liệu thứ {doc.order}"
    pages = ", ".join(str(number) for number in doc.unread)
    return Difference(
        DifferenceKind.UNREAD_PAGES,
        None,
        doc.order,
        f"{what}: máy chưa đọc được trang {pages} nên không đối chiếu được nội dung các trang này với danh mục. Ảnh "
        "vẫn được giữ đủ; hãy mở ảnh để xem, quét lại nếu ảnh hỏng.",
    )


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}/{month}/{year}"
