"""Pages that are alike: noisy readings of one paper are, papers of one office are not, and rights hold."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.access import Level
from records.errors import NotAllowed
from search.index import SearchIndex
from search.similar import LEAST, likeness, pairs_of, similar
from search.tantivy_index import TantivyIndex
from tests.cases.search_world import ADMINISTRATOR, ARCHIVIST, READER, ReadingRoom, a_document, a_page

HEAD = "tỉnh ủy vân trạch đảng cộng sản việt nam vân trạch ngày tháng năm kính gửi các huyện ủy thành ủy trực thuộc "
BODIES = {
    "move": "thực hiện điều lệ đảng ban thường vụ hướng dẫn thủ tục chuyển sinh hoạt đảng cho đảng viên khi chuyển "
    "nơi cư trú hồ sơ gồm lý lịch phiếu đảng viên thẻ đảng giấy giới thiệu chi bộ nơi chuyển đi kiểm tra rồi ký tên "
    "đóng dấu",
    "praise": "tổng kết phong trào thi đua yêu nước giai đoạn vừa qua nhiều tập thể cá nhân đạt thành tích xuất sắc "
    "được khen thưởng bằng khen kinh phí trích từ quỹ khen thưởng hội đồng họp xét duyệt danh sách trước ngày mười "
    "lăm hằng quý",
}
LETTERS = "abcdeghiklmnopqrstuvxyaâăeêioôơuư"


def noisy(text: str, rate: float, seed: int) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(LETTERS) if c != " " and chance.random() < rate else c for c in text)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    made = TantivyIndex(Path(tmp_path_factory.mktemp("similar")) / "index")
    shelf = ReadingRoom()
    for name, body in BODIES.items():
        shelf.shelve(made, a_document(name), [a_page("trang bìa"), a_page(HEAD + body, 2)])
    shelf.shelve(made, a_document("again"), [a_page(noisy(HEAD + BODIES["move"], 0.05, 1))])
    shelf.shelve(made, a_document("closed", level=Level.SECRET), [a_page(HEAD + BODIES["move"])])
    made.commit()
    yield made
    made.close()


def told(index: SearchIndex, text: str, document_id: str = "mine", **more: object) -> list[str]:
    reader = more.pop("reader", READER)
    return [one.document_id for one in similar(a_page(text), document_id, reader, index, **more)]  # type: ignore[arg-type]


def test_a_second_scan_is_found_and_another_matter_is_not(index: SearchIndex) -> None:
    assert told(index, noisy(HEAD + BODIES["move"], 0.05, 2)) == ["move", "again"]
    assert told(index, HEAD + BODIES["praise"]) == ["praise"]
    assert told(index, HEAD + BODIES["move"], "move") == ["again"], "the page itself is no news"


def test_the_most_alike_comes_first_with_its_page(index: SearchIndex) -> None:
    found = similar(a_page(HEAD + BODIES["move"]), "mine", READER, index)
    assert [(one.document_id, one.page) for one in found] == [("move", 2), ("again", 1)]
    assert found[0].likeness == 1.0 > found[1].likeness >= LEAST


def test_rights_hold_in_the_query_itself(index: SearchIndex) -> None:
    assert "closed" in told(index, HEAD + BODIES["move"], reader=ARCHIVIST)
    assert "closed" not in told(index, HEAD + BODIES["move"])
    assert told(index, HEAD + BODIES["move"], without=["move"]) == ["again"]
    with pytest.raises(NotAllowed):
        told(index, HEAD, reader=ADMINISTRATOR)


def test_a_page_that_says_too_little_is_like_nothing(index: SearchIndex) -> None:
    assert told(index, "tỉnh ủy vân trạch") == [] and told(index, "") == []


def test_the_threshold_lies_between_noise_and_letterhead() -> None:
    """Two readings with 5 % of the letters wrong each, twenty times; and two matters under one letterhead."""
    text = HEAD + BODIES["move"]
    pages = [pairs_of(a_page(noisy(text, 0.05, seed))) for seed in range(40)]
    alike = [likeness(one, other) for one, other in zip(pages[::2], pages[1::2], strict=True)]
    assert min(alike) > LEAST
    assert likeness(pairs_of(a_page(text)), pairs_of(a_page(HEAD + BODIES["praise"]))) < LEAST
