"""What was typed becomes parts, and parts become clauses any engine can run."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import Unfit
from search.plan import MAX_QUERY, MAX_TOKENS, In, first_stage, parse, second_stage, standing_stage

ANY = st.text(
    st.characters(min_codepoint=0, max_codepoint=sys.maxunicode, exclude_categories=()), max_size=80
)


def shape(query: str) -> list[tuple[str, str]]:
    return [(part.kind, " ".join(part.folded)) for part in parse(query).parts]


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("chuyển sinh hoạt", [("text", "chuyen sinh hoat")]),
        ('về "chuyển sinh hoạt" đảng', [("text", "ve"), ("phrase", "chuyen sinh hoat"), ("text", "dang")]),
        ("“sinh hoạt” «đảng»", [("phrase", "sinh hoat"), ("phrase", "dang")]),
        ('"chưa đóng', [("text", "chua dong")]),
        ('"" "  " "!"', []),
        (
            "công văn số 1593-CV/TU về đất",
            [("text", "cong van"), ("number", "1593 cv tu"), ("text", "ve dat")],
        ),
        ("269 – QĐ/TW", [("number", "269 qd tw")]),
        ("năm 2024 - kế hoạch", [("text", "nam 2024 ke hoach")]),
        ("1593 cv tu", [("text", "1593 cv tu")]),
        ("09/7/2025", [("text", "09 7 2025")]),
        ("   ", []),
        ("!@#$%^&*()-=[]{};'\\,./<>?~`|", []),
        ("👍🏽 đảng 😀", [("text", "dang")]),
        ("\x00\ud800 đảng\x00viên", [("text", "dang vien")]),
    ],
)
def test_parts(query: str, parts: list[tuple[str, str]]) -> None:
    assert shape(query) == parts


def test_nfd_is_the_same_query() -> None:
    text = "Nghị quyết của Đảng bộ"
    assert parse(unicodedata.normalize("NFD", text)).parts == parse(text).parts


@pytest.mark.parametrize(
    ("query", "accents"), [("chuyen sinh", False), ("chuyển sinh", True), ("dân", True), ("Đ", True)]
)
def test_accents_are_noticed(query: str, accents: bool) -> None:
    part = parse(query).parts[0]
    assert part.accents is accents
    toned = [c for c in first_stage(parse(query)).should if c.where is In.EXACT]
    assert bool(toned) is accents


def test_too_long_is_said_in_words() -> None:
    for query in ("x" * (MAX_QUERY + 1), "ế " * 5_000_000):
        with pytest.raises(Unfit) as fault:
            parse(query)
        assert fault.value.code == "query-too-long"
        assert "quá dài" in fault.value.tell
    assert parse("x" * MAX_QUERY).parts


def test_many_tokens_are_capped() -> None:
    query = parse('"a b c" ' + "d " * 400)
    assert sum(len(part.folded) for part in query.parts) == MAX_TOKENS
    assert shape('"a b c" ' + "d " * 10)[0] == ("phrase", "a b c")


def test_three_syllables_are_gated_by_pairs() -> None:
    plan = first_stage(parse("chuyển sinh hoạt"))
    assert {c.where for c in plan.gates[0]} == {In.PAIRS, In.SKIPS, In.TITLE_PAIRS, In.READING_PAIRS}
    assert {c.where for c in first_stage(parse("sinh hoạt")).must[0]} == {
        In.FOLDED,
        In.TITLE_FOLDED,
        In.NUMBERS,
    }


def test_only_long_letters_may_be_misread() -> None:
    edits = {
        c.terms[0]: c.edits
        for c in second_stage(parse("ý của 1593 nghieeng trường9 cuả hjặc")).should
        if c.where is In.FOLDED and " " not in c.terms[0]
    }
    assert (edits["y"], edits["1593"], edits["nghieeng"], edits["truong9"]) == (0, 0, 2, 0)
    assert (edits["cua"], edits["hjac"]) == (0, 1), "a syllable is no misspelling"


@given(ANY)
def test_any_query_has_a_plan_of_plain_terms(text: str) -> None:
    query = parse(text)
    for plan in (standing_stage(query) or first_stage(query), first_stage(query), second_stage(query)):
        groups = (*plan.must, *plan.gates, *plan.first)
        clauses = [*plan.should, *(c for group in groups for c in group)]
        assert query.empty or clauses
        for clause in clauses:
            assert clause.terms
            assert all(term and term.split() == [term] for term in clause.terms)
            assert all(term.encode() for term in clause.terms), "no lone surrogate reaches an engine"
        assert plan.at_least <= len(plan.should)
