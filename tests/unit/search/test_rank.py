"""How pages are judged: labels that keep their word and scores in the right order."""

from collections.abc import Sequence

import pytest

from language.tokens import token_texts
from language.variants import folded_key, toned_key
from search.index import Candidate
from search.number_keys import mention_keys, own_keys
from search.plan import parse
from search.rank import Ranked, judge
from search.rank import order as in_order


def page(name: str, text: str, score: float = 1.0, title: str = "", number: str = "") -> Candidate:
    def keys(make, source: str) -> str:
        return " ".join(make(run) for run in token_texts(source))

    return Candidate(
        *(
            name,
            1,
            score,
            keys(toned_key, text),
            keys(folded_key, text),
            keys(toned_key, title),
            keys(folded_key, title),
        ),
        numbers=tuple(own_keys(number)),
        mentions=tuple(mention_keys(text)),
    )


def ranked(query: str, pages: Sequence[Candidate]) -> list[Ranked]:
    return in_order(pages, judge(parse(query), pages))


def order(query: str, *pages: Candidate) -> list[tuple[str, str]]:
    return [(r.candidate.document_id, r.judgement.match) for r in ranked(query, pages)]


def best(query: str, *pages: Candidate) -> Ranked:
    return ranked(query, pages)[0]


def test_exact_before_folded_before_approximate_whatever_the_engine_says() -> None:
    pages = (
        page("near", "việc chuyển slnh hoạt đảng", 9.0),
        page("marks", "việc chuyên sinh hoạt đang", 8.0),
        page("there", "việc chuyển sinh hoạt đảng", 1.0),
        page("none", "báo cáo thu chi ngân sách", 30.0),
    )
    assert order("chuyển sinh hoạt đảng", *pages) == [
        ("there", "exact"),
        ("marks", "folded"),
        ("near", "approximate"),
    ]
    assert [m for _, m in order("chuyen sinh hoat dang", *pages)] == ["folded", "folded", "approximate"]


def test_the_engine_decides_among_equals() -> None:
    assert [n for n, _ in order("sinh hoạt", page("a", "sinh hoạt", 1.0), page("b", "sinh hoạt", 2.0))] == [
        "b",
        "a",
    ]


def test_scores_keep_their_ranges() -> None:
    query = "thu hồi đất thực hiện dự án"
    assert best(query, page("a", query)).score == 1.0
    assert 0.8 <= best(query, page("a", "thu hoi dat thuc hien du an")).score < 1.0
    assert best(query, page("a", "thu hồi đắt thưc hlện dụ án")).score < 0.8
    assert best(query, page("a", "đất dự án thu hồi để thực hiện")).score < 0.6


def test_parts_of_words_are_not_words() -> None:
    assert order("an ninh", page("a", "ban ninhh")) in ([], [("a", "approximate")])
    assert order('"an"', page("a", "ban ngân")) == []


def test_a_title_counts_like_the_text() -> None:
    assert order("thu hồi đất", page("a", "", title="Quyết định thu hồi đất")) == [("a", "exact")]


def test_no_phrase_runs_from_the_page_into_the_title() -> None:
    assert order('"sinh hoạt đảng"', page("a", "sinh hoạt", title="đảng bộ")) in ([], [("a", "approximate")])


def test_the_paper_itself_stands_before_those_that_cite_it() -> None:
    own, cites = page("own", "Số 1593-CV/TU", 1.0, number="1593-CV/TU"), page("cites", "theo 1593-CV/TU", 9.0)
    assert [n for n, _ in order("1593-CV/TU", cites, own)] == ["own", "cites"]
    assert [n for n, _ in order("1593 cv tu", cites, own)] == ["own", "cites"]
    assert order("1593-cv/tu", page("unread", "mờ hết", number="1593-CV/TU")) == [("unread", "exact")]


@pytest.mark.parametrize("query", ["1594-CV/TU", "1593-CV/HU", "593-CV/TU", "11593-CV/TU"])
def test_another_number_is_another_paper(query: str) -> None:
    found = ranked(query, [page("own", "Số 1593-CV/TU", number="1593-CV/TU")])
    assert all(r.judgement.match == "approximate" and r.score < 0.8 for r in found)
    if not query.startswith("1593"):
        assert not found


def test_digits_misread_as_letters_are_an_approximate_match() -> None:
    assert order("1593-CV/TU", page("a", "Số l593-CV/TU")) == [("a", "approximate")]


def test_a_number_with_text_needs_both() -> None:
    both, one = page("both", "Số 7-KH/TU kế hoạch năm"), page("one", "kế hoạch năm")
    assert order("7-KH/TU kế hoạch năm", one, both) == [("both", "exact")]


def test_a_copied_sentence_with_a_number_in_it_stands_as_a_whole() -> None:
    copied, mixed = (
        page("copied", "căn cứ Công văn số 162-CV/TU ngày 5"),
        page("mixed", "ngày 5 Công văn số 162-CV/TU căn cứ"),
    )
    found = ranked("cứ Công văn số 162-CV/TU ngày", [mixed, copied])
    assert (found[0].candidate.document_id, found[0].judgement.quality) == ("copied", 1.0)
    assert found[1].judgement.quality < 1.0


def test_six_syllables_that_stand_nowhere_are_no_confident_hit() -> None:
    text = "căn cứ quy chế làm việc của ban chấp hành đảng bộ tỉnh khóa mười bảy nhiệm kỳ hai nghìn"
    for query in ("thanh toán chế độ phụ cấp", "làm khóa tỉnh cứ quy bảy", "của đảng việc nhiệm kỳ mười"):
        assert all(
            r.judgement.match == "approximate" and r.score < 0.6 for r in ranked(query, [page("a", text)])
        )
