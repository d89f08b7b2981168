"""What is typed with a colon narrows the search, and what is no possible value is looked for and said so."""

import doctest

import pytest

import search.query_fields
from search.filters import Filters
from search.plan import In, first_stage, parse
from search.query_fields import narrowed
from search.rank import Judgement, judge
from tests.unit.search.test_rank import page


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(search.query_fields).failed == 0


@pytest.mark.parametrize(
    ("typed", "text", "filters"),
    [
        ("sinh hoạt năm:2025", "sinh hoạt", Filters(year=(2025,))),
        ("nam: 2024-2025 đảng", "đảng", Filters(year=(2024, 2025))),
        ("loại:quyết định bổ nhiệm", "bổ nhiệm", Filters(type=("02",))),
        ("loai:QĐ", "", Filters(type=("02", "05"))),
        ("từ:01/02/2024 đến:6/2025", "", Filters(since=20240201, until=20250630)),
        ("ngày:29/02/2024", "", Filters(since=20240229, until=20240229)),
        ("phông:H49.64 độ mật:mật", "", Filters(fonds=("H49.64",), secrecy=("MẬT",))),
    ],
)
def test_fields_become_filters(typed: str, text: str, filters: Filters) -> None:
    found = narrowed(typed)
    assert (found.text, found.filters, found.notes) == (text, filters, ())


@pytest.mark.parametrize(
    "typed", ["phòng: họp số ba", "từ: các chi bộ", "tư:01/02/2024", "http://a:80", "a:b"]
)
def test_running_text_stays_text(typed: str) -> None:
    assert narrowed(typed) == narrowed(typed).__class__(typed)


@pytest.mark.parametrize("typed", ["từ:31/02/2025", "năm:abc", "loại:xyz", "năm:2025-2020", "đến:13/2025"])
def test_what_is_no_value_is_said(typed: str) -> None:
    found = narrowed(typed)
    assert found.text == typed
    assert len(found.notes) == 1
    assert parse(typed).notes == found.notes


def test_the_body_is_looked_for_by_its_words_and_a_number_by_its_field() -> None:
    query = parse('cơ quan:"Tỉnh uỷ" số:1593-CV/TU')
    assert [part.number for part in query.parts] == ["1593.cvtu"]
    must = [{(c.where, c.terms) for c in group} for group in first_stage(query).must]
    assert {(In.ISSUER, ("tinh",))} in must
    assert {(In.ISSUER, ("uy",))} in must
    assert parse("số:1593").parts[0].number == "1593"


def test_fields_alone_let_everything_through_that_they_admit() -> None:
    query = parse("năm:2025")
    assert not query.empty
    assert first_stage(query).everything
    assert [j and j.match for j in judge(query, [page("a", "bất kỳ")])] == ["exact"]
    assert parse("-bỏ").empty


@pytest.mark.parametrize(
    ("typed", "text", "absent"),
    [
        ("đất -rừng", "đất", ["rung"]),
        ('đất -"rừng phòng hộ" đai', "đất đai", ["rung phong ho"]),
        ("269 -QĐ/TW", "269 qd tw", []),
        ("đất - rừng", "dat rung", []),
    ],
)
def test_words_behind_a_hyphen_must_be_absent(typed: str, text: str, absent: list[str]) -> None:
    query = parse(typed)
    assert [" ".join(part.folded) for part in query.absent] == absent
    told = " ".join(" ".join(part.folded) for part in query.parts)
    assert told == " ".join(" ".join(part.folded) for part in parse(text).parts)
    assert len(first_stage(query).absent) == len(absent)


def test_both_filters_have_to_be_met() -> None:
    chosen = Filters(year=(2024, 2025), since=20240101)
    assert parse("a năm:2025").narrowed(chosen) == Filters(year=(2025,), since=20240101)
    assert parse("a năm:2020").narrowed(chosen).since > parse("a năm:2020").narrowed(chosen).until


def test_a_phrase_across_the_border_of_two_pages_is_found_where_it_begins() -> None:
    first = page("a", "việc chuyển sinh")
    first = type(first)(
        **{name: getattr(first, name) for name in first.__slots__ if name != "ahead"}, ahead="hoat. đang?"
    )
    assert judge(parse('"chuyển sinh hoạt đảng"'), [first]) == [Judgement("exact", 0.99)]
    assert judge(parse('"hoạt đảng"'), [first]) == [None]


def test_half_a_character_reaches_no_filter() -> None:
    """Found by tests/tools/fuzz_search.py: an engine refused the whole query."""
    assert parse("phông:\ud800a").fields.filters.fonds == ("\ufffda",)
