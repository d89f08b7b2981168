"""Boxes on the page: exactly the words of the phrase, line by line, on every rotation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.geometry import Box, back, turn
from records.page import PageText, Word
from search.highlight import highlight, nearest
from search.plan import parse
from tests.cases.search_world import a_page

TEXT = "Căn cứ Điều lệ Đảng\nvề việc chuyển sinh hoạt\nđảng chính thức của Số 1593-CV/TU"


def boxes_on_upright(page: PageText, query: str) -> list[Box]:
    return sorted(
        (page.upright_box(box) for box in highlight(parse(query), page).boxes), key=lambda b: (b.y0, b.x0)
    )


def span(page: PageText, line: int, first: int, last: int) -> Box:
    words = page.lines[line][first : last + 1]
    box = page.upright_box(words[0].box)
    for word in words[1:]:
        box = box.union(page.upright_box(word.box))
    return box


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_phrase_over_a_line_break_gives_two_boxes(rotation) -> None:
    page = a_page(TEXT, rotation=rotation)
    for query in ("chuyển sinh hoạt đảng", "chuyen sinh hoat dang", '"sinh hoạt đảng" chuyển'):
        light = highlight(parse(query), page)
        first = 2 if query[0] == "c" else 3
        assert boxes_on_upright(page, query)[-2:] == [
            span(page, 1, 3 if first == 3 else 2, 4),
            span(page, 2, 0, 0),
        ]
        assert all(box.x0 < box.x1 <= page.width and box.y0 < box.y1 <= page.height for box in light.boxes)


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("chuyển sinh hoạt", "exact"),
        ("CHUYỂN SINH HOẠT", "exact"),
        ("chuyen sinh hoat", "folded"),
        ("chuyện sinh hoạt", "folded"),
        ("chuyển sinh hogt", "approximate"),
        ("1593-CV/TU", "exact"),
        ("1593 cv tu", "exact"),
        ("1593cvtu", "folded"),
        ("01593-cv/tu", "folded"),
        ("1594-CV/TU", None),
        ("thu hồi đất nông nghiệp", None),
        ("lệ đảng chính", "approximate"),
    ],
)
def test_what_a_match_is_called(query: str, match) -> None:
    light = highlight(parse(query), a_page(TEXT))
    assert light.match == match
    assert bool(light.boxes) is (match is not None)


def test_every_place_is_marked_and_the_snippet_shows_the_first() -> None:
    page = a_page("mở đầu " * 30 + "\nhồ sơ lưu trữ của cơ quan\nhồ sơ lưu trữ")
    light = highlight(parse("hồ sơ lưu trữ"), page)
    assert len(light.boxes) == 2
    assert light.snippet.startswith("… ")
    assert [light.snippet[a:z] for a, z in light.marks] == ["hồ sơ lưu trữ"] * 2


def test_one_misread_syllable_still_gives_the_window() -> None:
    page = a_page("theo quy định về\nchuyển slnh hoạt đảng\nchính thức và dự bị")
    assert boxes_on_upright(page, "chuyển sinh hoạt đảng chính thức") == [
        span(page, 1, 0, 3),
        span(page, 2, 0, 1),
    ]
    glued = a_page("theo quy định về\nchuyển sinhhoạt đảng\nchính thức và dự bị")
    assert boxes_on_upright(glued, "chuyển sinh hoạt đảng chính thức") == [
        span(glued, 1, 0, 2),
        span(glued, 2, 0, 1),
    ]
    cut = a_page("theo quy định về\nchuy ển sinh hoạt đảng\nchính thức và dự bị")
    assert boxes_on_upright(cut, "chuyển sinh hoạt đảng chính thức") == [
        span(cut, 1, 0, 4),
        span(cut, 2, 0, 1),
    ]


def test_a_copied_sentence_with_a_number_in_it_is_one_passage() -> None:
    page = a_page("Căn cứ cứ ngày\ncứ Công văn số 162-CV/TU ngày 5\nngày mai")
    assert boxes_on_upright(page, "cứ Công văn số 162-CV/TU ngày") == [span(page, 1, 0, 5)]


def test_words_far_apart_on_a_line_get_their_own_boxes() -> None:
    words = (Word("ĐẢNG", Box(100, 100, 200, 130), 0.9, 0), Word("BỘ", Box(1500, 100, 1560, 130), 0.9, 0))
    page = PageText(1, 2000, 3000, 300.0, 0, 0.0, "test", words)
    assert highlight(parse("đảng bộ"), page).boxes == (words[0].box, words[1].box)


def test_a_word_of_several_tokens_is_marked_whole_and_once() -> None:
    page = a_page(TEXT)
    assert boxes_on_upright(page, "1593-CV/TU") == [span(page, 2, 5, 5)]


def test_nothing_to_mark() -> None:
    empty = PageText(1, 10, 10, 300.0, 0, 0.0, "test", ())
    light = highlight(parse("đảng"), empty)
    assert (light.match, light.snippet, light.marks, light.boxes) == (None, "", (), ())
    noise = PageText(1, 10, 10, 300.0, 0, 0.0, "test", (Word("—", Box(0, 0, 5, 5), 0.1, 0),))
    assert highlight(parse("đảng viên"), noise).boxes == ()
    assert highlight(parse("đảng viên chính thức " * 10), a_page("đảng")).match in (None, "approximate")


RUNS = st.lists(
    st.sampled_from("đảng viên bộ ban sinh hoạt 12 CV/TU — Ế hoà".split()), min_size=1, max_size=30
)


@settings(max_examples=150)
@given(RUNS, st.sampled_from([0, 90, 180, 270]), st.data())
def test_turning_a_page_turns_its_boxes(runs: list[str], rotation, data) -> None:
    text = "\n".join(" ".join(runs[n : n + 5]) for n in range(0, len(runs), 5))
    start = data.draw(st.integers(0, len(runs) - 1))
    query = parse(" ".join(runs[start : start + 6]))
    upright, turned = a_page(text), a_page(text, rotation=rotation)
    expected, light = highlight(query, upright), highlight(query, turned)
    assert light.boxes == tuple(turn(box, back(rotation), 2000, 3000) for box in expected.boxes)
    assert (light.snippet, light.marks, light.match) == (expected.snippet, expected.marks, expected.match)
    for a, z in light.marks:
        assert 0 <= a < z <= len(light.snippet)


def test_every_passage_says_how_it_answers_and_what_stands_around_it() -> None:
    page = a_page(TEXT + "\ngiấy giới thiêu sinh hoạt")
    light = highlight(parse('"Điều lệ Đảng" "chuyen sinh hoat" "giấy giới thiệu sinh hoạt"'), page)
    assert [(p.kind, p.text) for p in light.passages] == [
        ("exact", "Điều lệ Đảng"),
        ("folded", "chuyển sinh hoạt"),
        ("folded", "giấy giới thiêu sinh hoạt"),
    ]
    assert (light.passages[0].before, light.passages[0].after[:14]) == ("Căn cứ ", " về việc chuyể")
    assert len(light.kinds) == len(light.boxes) == 3
    misread = highlight(parse("chuyển sinh hogt"), page)
    assert set(misread.kinds) == {"ocr"}


def test_a_passage_over_two_lines_is_one_with_two_boxes() -> None:
    (passage,) = highlight(parse("sinh hoạt đảng chính thức"), a_page(TEXT)).passages
    assert passage.text == "sinh hoạt đảng chính thức" and len(passage.boxes) == 2
    assert passage.lines == ("sinh hoạt", "đảng chính thức")
    long = a_page("một hai ba bốn năm sáu bảy tám chín mười " * 8 + "ở đây " + "mười chín tám bảy " * 9)
    around = highlight(parse("ở đây"), long).passages[0]
    assert around.before.split()[0] in long.text.split() and len(around.before) <= 60
    assert around.after.split()[-1] in long.text.split() and len(around.after) <= 60


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_that_answers_by_its_document_alone_is_marked_where_it_is_most_like(rotation) -> None:
    page = a_page("chữ đã mờ\nbô nhiem can b0\nhết trang", rotation=rotation)
    near = nearest(parse("bổ nhiệm cán bộ"), page)
    assert near.kind == "ocr"
    assert [page.upright_box(box) for box in near.boxes] == [span(page, 1, 0, 3)]
    empty = a_page("", rotation=rotation)
    assert nearest(parse("bổ nhiệm"), empty).boxes == (Box(0, 0, empty.width, empty.height),)
    assert nearest(parse("…"), page).boxes == (Box(0, 0, page.width, page.height),)
