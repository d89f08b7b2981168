"""Inside one document: the pages and places that answer, close ones only when nothing stands there, and terms begun."""

from records.page import PageText
from search.inside import NEAR, complete, find_inside
from search.plan import parse
from tests.cases.search_world import a_page

PAGES = {
    1: a_page("Số 1593-CV/TU\nhướng dẫn chuyển sinh hoạt\nđảng chính thức", 1),
    2: a_page("kế hoạch kiểm tra, giám sát năm 2025", 2),
    3: a_page("thủ tục chuyển sinh hoạt đảng\nchuyên sinh hoạt đảng tạm thời", 3),
    4: a_page("", 4),
    **{n: a_page(f"phụ lục số {n} danh sách đảng viên", n) for n in range(5, 40)},
}
TEXTS = [(number, page.text) for number, page in PAGES.items()]


def numbers(query: str, **more: int) -> list[int]:
    return [hits.number for hits in find_inside(parse(query), TEXTS, PAGES.get, **more)]


def test_pages_where_the_words_stand_by_number() -> None:
    assert numbers("chuyển sinh hoạt đảng") == [1, 3]
    assert numbers("chuyen sinh hoat dang") == [1, 3]
    assert numbers("1593-CV/TU") == numbers("1593 cv tu") == numbers("1593cvtu") == [1]
    assert numbers("kiểm tra giám sát") == [2]
    assert numbers("danh sách đảng viên") == list(range(5, 40))
    assert numbers("danh sách đảng viên", after=37) == [38, 39]
    assert numbers("") == numbers("…") == []


def test_close_pages_only_when_no_page_has_the_words() -> None:
    assert numbers("chuyển slnh hoạt đảng") == [1, 3]
    misread = find_inside(parse("kê hoach kiểm fra"), TEXTS, PAGES.get)
    assert {passage.kind for hits in misread for passage in hits.light.passages} == {"ocr"}
    assert numbers("chuyển slnh hoạt đảng", after=1) == []
    assert numbers("đất nông nghiệp bị thu hồi") == []
    assert len(numbers("danh sách đảng vlên")) == NEAR


def test_only_pages_that_can_answer_are_taken_apart() -> None:
    opened: list[int] = []

    def reading(number: int) -> PageText | None:
        opened.append(number)
        return PAGES[number]

    assert [h.number for h in find_inside(parse("kiểm tra giám sát"), TEXTS, reading)] == [2]
    assert opened == [2]


def test_terms_that_begin_with_what_was_typed() -> None:
    assert complete("ch", TEXTS, most=9) == [("chuyển", 2), ("chuyên", 1), ("chính", 1)]
    assert complete("chuyển s", TEXTS, most=9) == [("chuyển sinh", 2), ("chuyên sinh", 1)]
    assert complete("chuyen sinh hoat d", TEXTS, most=9, least=2) == [("chuyển sinh hoạt đảng", 2)]
    assert complete("đ", TEXTS, most=1) == [("đảng", 38)]
    assert complete("", TEXTS, most=9) == complete("…", TEXTS, most=9) == complete("xyz", TEXTS, most=9) == []
