"""The hand-over list as office programs write it, and its comparison with the images."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.handover import MAX_BYTES, MAX_ROWS, parse_handover, read_handover
from ingest.handover_compare import compare_handover
from records.errors import Unfit
from records.handover import DifferenceKind, FoundDocument, HandoverList, HandoverRow

HEAD = "STT;Mã hồ sơ;Mã vạch;Số, ký hiệu;Ngày, tháng văn bản;Tên loại và trích yếu;Số trang;Ghi chú"
ROW = "1;30.XDD.2025;SEP-1;43/KH-UBND;12/05/2023;Kế hoạch phòng, chống thiên tai;3;"
TEXT = f"{HEAD}\r\n{ROW}\r\n"


def windows_1258(text: str) -> bytes:
    """Vietnamese Windows keeps the tone as a sign of its own after the vowel."""
    out = b""
    for char in unicodedata.normalize("NFC", text):
        try:
            out += char.encode("cp1258")
        except UnicodeEncodeError:
            base, tone = unicodedata.normalize("NFD", char)[:-1], unicodedata.normalize("NFD", char)[-1]
            if (
                tone not in "\u0300\u0301\u0303\u0309\u0323"
            ):  # the last sign is the hat: the tone stands before it
                parts = unicodedata.normalize("NFD", char)
                base, tone = parts[0] + parts[2], parts[1]
            out += (unicodedata.normalize("NFC", base) + tone).encode("cp1258")
    return out


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (windows_1258(TEXT), "cp1258"),
        (unicodedata.normalize("NFD", TEXT).encode(), "utf-8"),
        (TEXT.replace("\r\n", "\r").encode(), "utf-8"),
    ],
)
def test_every_usual_encoding(data: bytes, encoding: str) -> None:
    listed = parse_handover(data, "danh_muc.csv")
    assert (listed.encoding, listed.delimiter) == (encoding, ";")
    assert listed.rows == (
        HandoverRow(
            line=2,
            ordinal=1,
            dossier="30.XDD.2025",
            separator="SEP-1",
            number="43/KH-UBND",
            issued_date="2023-05-12",
            issued_text="12/05/2023",
            title="Kế hoạch phòng, chống thiên tai",
            pages=3,
        ),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter(delimiter: str) -> None:
    cells = ["1", "43/KH-UBND", f"Kế hoạch a{delimiter}b", "3 trang"]
    quoted = delimiter.join(f'"{cell}"' for cell in cells)
    listed = parse_handover(
        f"STT{delimiter}Số/Ký hiệu{delimiter}Trích yếu{delimiter}Số trang\n{quoted}".encode(), "a.csv"
    )
    assert listed.delimiter == delimiter
    assert (listed.rows[0].title, listed.rows[0].pages) == (" ".join(cells[2].split()), 3)


def test_headings_by_meaning_below_a_title() -> None:
    text = (
        "DANH MỤC TÀI LIỆU BÀN GIAO,,,,\n,,,,\n"
        "TT,Số trang,Ký hiệu,Số,Nội dung văn bản,Ngày ban hành,Người lập\n"
        ",,,,,,\n"
        "07,2,BC/ĐU,88,Báo cáo kết quả,tháng 5/1976,Mẫu\n"
        "8,,KT-NC,361,Công văn,9-7-2025,\n"
    )
    first, second = parse_handover(text.encode(), "a.csv").rows
    assert (first.line, first.ordinal, first.number, first.pages) == (5, 7, "88-BC/ĐU", 2)
    assert (first.issued_date, first.issued_text) == ("", "tháng 5/1976")
    assert (second.number, second.pages, second.issued_date) == ("361/KT-NC", None, "2025-07-09")


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", "handover-empty", "không có nội dung"),
        (b"\xef\xbb\xbf\r\n \r\n", "handover-empty", "không có nội dung"),
        (HEAD.encode(), "handover-empty", "chỉ có dòng tiêu đề"),
        (b"a,b,c\n1,2,3\n", "handover-headings", "dòng tiêu đề"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8, "handover-encoding", "UTF-8"),
        (f"{HEAD}\n1;h;s;n;d;t;ba;".encode(), "handover-row", "dòng 2: số trang “ba”"),
        (f"{HEAD}\n{ROW}\n1;h;s;n;d;t;3;g;x;y".encode(), "handover-row", "dòng 3: có 10 ô"),
    ],
)
def test_a_bad_list_is_refused_with_a_sentence(data: bytes, code: str, says: str) -> None:
    with pytest.raises(Unfit) as caught:
        parse_handover(data, "danh_muc.csv")
    assert caught.value.code == code
    assert caught.value.tell.startswith("danh_muc.csv")
    assert says in caught.value.tell


def test_a_file_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "lớn.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(Unfit) as caught:
        read_handover(path)
    assert caught.value.code == "handover-too-large"


def test_a_list_with_far_too_many_rows_is_refused_not_cut_short() -> None:
    with pytest.raises(Unfit) as caught:
        parse_handover((HEAD + "\n" + "1;h;s;n;d;t;3;\n" * (MAX_ROWS + 1)).encode(), "a.csv")
    assert caught.value.code == "handover-too-large"


def test_a_list_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "danh_muc_ban_giao.csv"
    path.write_text(TEXT, encoding="utf-8-sig", newline="")
    assert read_handover(path).name == "danh_muc_ban_giao.csv"


@given(st.binary(max_size=400))
def test_any_bytes_give_a_list_or_a_refusal(data: bytes) -> None:
    for trial in (data, HEAD.encode() + b"\n" + data):
        try:
            assert parse_handover(trial, "a.csv").rows
        except Unfit as fault:
            assert fault.tell.startswith("a.csv")


# --- comparison


def listed(*rows: tuple[str, str, int | None]) -> HandoverList:
    made = tuple(
        HandoverRow(line=i + 2, ordinal=i + 1, separator=code, number=number, pages=pages)
        for i, (code, number, pages) in enumerate(rows)
    )
    return HandoverList("a.csv", "utf-8", ",", made)


def found(*documents: tuple[str, str, int]) -> list[FoundDocument]:
    return [FoundDocument(i + 1, pages, code, number) for i, (code, number, pages) in enumerate(documents)]


def kinds(comparison: object) -> list[str]:
    return [difference.kind.value for difference in comparison.differences]  # type: ignore[attr-defined]


def test_a_delivery_that_agrees_has_no_difference() -> None:
    rows = listed(("S1", "43/KH-UBND", 3), ("S2", "149-TB/ĐU", 1))
    result = compare_handover(rows, found(("s1", "43/KH-UBND", 3), ("S2", "", 1)))
    assert result.pairs == ((2, 1), (3, 2))
    assert result.differences == ()


def test_the_code_matches_before_the_number_and_a_missing_page_is_told() -> None:
    rows = listed(("S1", "43/KH-UBND", 3), ("S2", "149-TB/ĐU", 1))
    result = compare_handover(rows, found(("S2", "149-TB/ĐU", 1), ("S1", "48/KH-UBND", 2)))
    assert result.pairs == ((2, 2), (3, 1))
    assert kinds(result) == ["fewer-pages", "other-number"]
    assert "danh mục ghi 3 trang, ảnh quét có 2 trang, thiếu 1 trang" in result.differences[0].tell


def test_without_codes_the_number_matches_in_any_order_and_tw_is_not_tu() -> None:
    rows = listed(("", "01-QĐ/TW", 1), ("", "1-QĐ/TU", 1))
    result = compare_handover(rows, found(("", "1-QĐ/TU", 1), ("", "1-QĐ/TƯ", 1)))
    assert result.pairs == ((2, 2), (3, 1))
    assert result.differences == ()


def test_what_has_neither_is_matched_by_its_place() -> None:
    rows = listed(("", "1/A-B", 2), ("", "2/A-B", 4), ("", "3/A-B", 1), ("", "4/A-B", 2))
    result = compare_handover(rows, found(("", "1/A-B", 2), ("", "", 1), ("", "4/A-B", 2)))
    assert result.pairs == ((2, 1), (4, 2), (5, 3))
    assert kinds(result) == ["missing"]
    assert result.differences[0].line == 3
    assert "2/A-B (dòng 3, 4 trang)" in result.differences[0].tell


def test_everything_unlisted_missing_or_listed_twice_is_told() -> None:
    rows = listed(("S1", "1/A-B", 2), ("S1", "2/A-B", 4))
    result = compare_handover(rows, found(("S1", "1/A-B", 3), ("S9", "", 1)))
    assert kinds(result) == ["listed-twice", "more-pages", "missing", "unlisted"]
    assert all(difference.tell.endswith(".") for difference in result.differences)


def test_dates_that_disagree_are_told() -> None:
    row = HandoverRow(2, 1, number="1/A-B", issued_date="2025-07-09")
    result = compare_handover(
        HandoverList("a.csv", "utf-8", ",", (row,)), [FoundDocument(1, 1, "", "1/A-B", "2025-07-08")]
    )
    assert [difference.kind for difference in result.differences] == [DifferenceKind.OTHER_DATE]
    assert "09/07/2025" in result.differences[0].tell


_DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from(["", "S1", "S2"]),
        st.sampled_from(["", "1/A-B", "1-QĐ/TW", "1-QĐ/TU", "?"]),
        st.integers(0, 3),
    ),
    max_size=7,
)


@given(_DOCUMENTS, _DOCUMENTS)
def test_every_row_and_document_is_in_one_pair_or_told(
    rows: list[tuple[str, str, int]], documents: list[tuple[str, str, int]]
) -> None:
    result = compare_handover(listed(*rows), found(*documents))
    lines, orders = [line for line, _ in result.pairs], [order for _, order in result.pairs]
    missing = [d.line for d in result.differences if d.kind is DifferenceKind.MISSING]
    unlisted = [d.order for d in result.differences if d.kind is DifferenceKind.UNLISTED]
    assert sorted(lines + missing) == list(range(2, len(rows) + 2))  # type: ignore[operator,type-var]
    assert sorted(orders + unlisted) == list(range(1, len(documents) + 1))  # type: ignore[operator,type-var]
