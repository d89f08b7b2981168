"""What the index knows of a page: what was read, and beside it what doubtful words may have been."""

import doctest

import pytest

import records.dossier_code
import search.filters
from records.document import Fields
from records.geometry import Box
from records.page import PageText, Word
from search.entry import OVERLAP, IndexedDocument, entries_for
from search.filters import FacetValues, Filters, facet_values
from tests.cases.search_world import a_page


def test_what_a_word_may_have_been_gathers_and_is_not_what_stands_there() -> None:
    words = tuple(
        Word(text, Box(0, 0, 1, 1), 0.5, line, None, meant)
        for text, line, meant in (
            ("Ủy", 0, ""),
            ("bnn", 0, "ban"),
            ("nhân", 0, ""),
            ("dân", 1, ""),
            ("xã", 1, ""),
        )
    )
    page = PageText(1, 10, 10, 300.0, 0, 0.0, "made", words)
    entry = entries_for(IndexedDocument("d", Fields()), [page])[0]
    assert entry.folded == ("uy", "bnn", "nhan", "dan", "xa")
    assert "ban" not in " ".join(entry.exact)
    assert entry.pairs == ("uy_bnn", "bnn_nhan", "nhan_dan", "dan_xa")
    assert {"uy_ban", "ban_nhan", "uy_nhan"} <= set(entry.reading_pairs)


def test_a_page_carries_the_first_syllables_of_the_next_only_to_be_found_across_the_border() -> None:
    pages = [a_page("việc chuyển sinh", 1), a_page("hoạt đảng " + "thừa " * 20, 2), a_page("hết", 3)]
    first, second, last = entries_for(IndexedDocument("d", Fields()), pages)
    assert first.folded == ("viec", "chuyen", "sinh")
    assert first.pairs[-1] == "sinh_hoat"
    assert first.skips == (), "over sound syllables the pairs stand as well"
    assert first.ahead[:2] == ("hoat.", "đang?")
    assert len(first.ahead) == OVERLAP
    assert first.edge == ("viec", "chuyen", "sinh", "hoat", "dang", *["thua"] * 6)
    assert second.pairs[-1] == "thua_het"
    assert (last.ahead, last.edge) == ((), ())


def test_pairs_leap_over_what_may_be_misread_also_on_the_border() -> None:
    pages = [a_page("việc chuvên sinh hoqt", 1), a_page("đảng viên", 2)]
    first, _ = entries_for(IndexedDocument("d", Fields()), pages)
    assert first.skips == ("viec_sinh", "sinh_dang")


def test_facets_come_from_the_fields_and_the_dossier() -> None:
    fields = Fields(
        type_code="02",
        issued_date="2025-07-09",
        organ_name="Uỷ ban  nhân dân xã Hoà Lũng",
        superior_organ="Tỉnh ủy",
        code_notation="QĐ-UBND",
        secrecy="Mật",
    )
    (entry,) = entries_for(IndexedDocument("d", fields, dossier="H49.64.33.2001.160"), [a_page("x")])
    assert entry.facets == FacetValues(
        "ỦY BAN NHÂN DÂN XÃ HÒA LŨNG", "02", 2025, "H49.64.33", "MẬT", 20250709
    )
    assert {"ubnd", "tinh", "lung"} <= set(entry.issuer)
    assert facet_values(Fields(issued_date="2025"), "01.HC.2020") == FacetValues(year=2025)


@pytest.mark.parametrize(
    ("filters", "admitted"),
    [
        (Filters(), True),
        (Filters(issuer=("A", "B"), year=(2025,)), True),
        (Filters(issuer=("B",), year=(2025,)), False),
        (Filters(since=20250101), True),
        (Filters(until=20250101), False),
        (Filters(since=20250601, until=20250601), True),
    ],
)
def test_values_of_a_facet_add_up_and_facets_narrow(filters: Filters, admitted: bool) -> None:
    assert filters.admits(FacetValues("A", "02", 2025, "H49", "", 20250601)) is admitted
    assert not Filters(since=1).admits(FacetValues("A"))


def test_examples_in_the_docstrings() -> None:
    for module in (records.dossier_code, search.filters):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("number", "organ", "found", "not_found"),
    [
        ("204-QĐ/TƯ", "Ban Chấp hành Trung ương", {"204.qdtw"}, {"204.qdtu"}),
        ("1593-CV/TƯ", "Tỉnh ủy Lâm Đồng", {"1593.cvtu"}, {"1593.cvtw"}),
        ("12-CV/TƯ", "Văn phòng", {"12.cvtu", "12.cvtw"}, set()),
        ("204-QĐ/TU", "Bộ Chính trị", {"204.qdtw", "204.qdtu"}, set()),  # the scan lost the horn
        ("15-NQ/TU", "Thành ủy Mẫu", {"15.nqtu"}, {"15.nqtw"}),
        ("43/KH-UBND", "Ủy ban nhân dân tỉnh", {"43.khubnd"}, set()),
    ],
)
def test_the_body_tells_what_a_horn_stands_for_in_its_own_number(
    number: str, organ: str, found: set[str], not_found: set[str]
) -> None:
    fields = Fields(number=number, organ_name=organ)
    page = a_page(f"Số: {number} về việc chung", 1)
    entry = entries_for(IndexedDocument("d", fields), [page])[0]
    keys = {*entry.numbers, *entry.mentions}
    assert found <= keys and not keys & not_found


def test_other_papers_with_a_horn_keep_both_keys() -> None:
    fields = Fields(number="204-QĐ/TƯ", organ_name="Ban Chấp hành Trung ương")
    entry = entries_for(IndexedDocument("d", fields), [a_page("Căn cứ 1593-CV/TƯ và 7-CV/TU", 1)])[0]
    assert {"1593.cvtu", "1593.cvtw", "7.cvtu"} <= set(entry.mentions) and "7.cvtw" not in entry.mentions
