"""The whole answer: readers, pages of results, odd queries, and what is shown of each hit."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from records.access import Actor, Level, Role, readable_levels
from records.document import Fields, FieldValue
from records.errors import Away, NotAllowed, Unfit
from records.geometry import Box
from search.entry import IndexedDocument
from search.facets import FacetCount
from search.filters import Facet, Filters
from search.find import FARTHEST, hit_to_json, search
from search.index import Candidates, SearchIndex
from search.plan import Plan
from search.tantivy_index import TantivyIndex
from tests.cases.search_world import ADMINISTRATOR, ARCHIVIST, READER, ReadingRoom, a_document, a_page

ANY = st.text(
    st.characters(min_codepoint=0, max_codepoint=sys.maxunicode, exclude_categories=()), max_size=120
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    made = TantivyIndex(tmp_path_factory.mktemp("search") / "index")
    yield made
    made.close()


@pytest.fixture(scope="module")
def room(index: SearchIndex) -> ReadingRoom:
    shelf = ReadingRoom()
    for level in Level:
        pages = [a_page("kế hoạch công tác lưu trữ", 1), a_page("kế hoạch công tác lưu trữ trang hai", 2)]
        shelf.shelve(index, a_document(f"plan-{level}", "12-KH/TU", level=level), pages)
    for n in range(30):
        told = IndexedDocument(f"many-{n:02}", Fields(type_code="25", issued_date="2025-03-04"))
        shelf.shelve(index, told, [a_page(f"giấy mời họp số {n}")])
    shelf.shelve(index, a_document("noisy"), [a_page("giâv giới thiêu sinh hoạt đảng chlnh thức")])
    evidence = {
        "number": FieldValue("99-QĐ/TU", 0.9, 1, (Box(5, 5, 50, 20),)),
        "subject": FieldValue("bổ nhiệm cán bộ", 0.9, 1, (Box(7, 70, 700, 90),)),
    }
    fields = Fields(number="99-QĐ/TU", subject="bổ nhiệm cán bộ", evidence=evidence)
    shelf.shelve(index, IndexedDocument("by-hand", fields), [a_page("chữ đã mờ hết")])
    bare = IndexedDocument("no-evidence", Fields(subject="tổng kết phong trào thi đua"))
    shelf.shelve(index, bare, [a_page("tông kêt phonq trao thl dua năm qua")])
    shelf.shelve(
        index, IndexedDocument("unread", Fields(subject="điều động công chức biệt phái")), [a_page("")]
    )
    index.commit()
    return shelf


def find(room: ReadingRoom, index: SearchIndex, query: str, reader: Actor = ARCHIVIST, **more):
    return search(query, reader, index, room, **more)


def test_each_reader_sees_and_counts_only_what_is_theirs(room: ReadingRoom, index: SearchIndex) -> None:
    for query in (
        "kế hoạch công tác lưu trữ",
        "ke hoach",
        '"công tác lưu trữ"',
        "12-KH/TU",
        "12 kh tu",
        "ké hoặch công tcá",
    ):
        everything = find(room, index, query)
        seen = find(room, index, query, READER)
        assert {hit.document_id for hit in everything.hits} >= {
            f"plan-{level}" for level in readable_levels(ARCHIVIST)
        } or query[:2] == "ké"
        assert {hit.document_id for hit in seen.hits} <= {"plan-open"}
        assert seen.total == len(seen.hits)
        assert seen.total_is_exact


def test_an_administrator_may_not_search_and_nobody_without_a_role(
    room: ReadingRoom, index: SearchIndex
) -> None:
    for reader in (ADMINISTRATOR, Actor("u", "", frozenset())):
        for query in ("kế hoạch", "", "!"):
            with pytest.raises(NotAllowed):
                find(room, index, query, reader)


def test_the_source_has_the_last_word(room: ReadingRoom, index: SearchIndex) -> None:
    """The index may lag behind a change of level; nothing is shown that the source refuses."""

    class Closed(ReadingRoom):
        def page_text(self, reader: Actor, document_id: str, page: int):
            return None if document_id == "many-03" else room.page_text(reader, document_id, page)

        def fields(self, reader: Actor, document_id: str):
            return None if document_id == "many-04" else room.fields(reader, document_id)

    found = search("giấy mời họp", READER, index, Closed(), limit=50)
    assert len(found.hits) == found.total == 28
    assert not {"many-03", "many-04"} & {hit.document_id for hit in found.hits}


class _Narrowed(ReadingRoom):
    """A room whose `hidden` papers are no longer the reader's, while the index still holds them as if they were."""

    def __init__(self, room: ReadingRoom, hidden: set[str]) -> None:
        self.documents = {name: known for name, known in room.documents.items() if name not in hidden}
        self.pages, self.waiting = room.pages, hidden


def test_what_is_no_longer_the_readers_is_in_no_number_at_once(room: ReadingRoom, index: SearchIndex) -> None:
    closed = _Narrowed(room, {f"many-{n:02}" for n in range(10)})
    for query in ("giấy mời họp", "giấy mời", '"giấy mời"', "mời"):
        found = search(query, READER, index, closed, limit=5, facets=(Facet.TYPE, Facet.YEAR))
        assert (found.total, found.total_is_exact) == (20, True), query
        assert found.facets == {
            Facet.TYPE: (FacetCount("25", 20),),
            Facet.YEAR: (FacetCount("2025", 20),),
        }
        rest = search(query, READER, index, closed, limit=5, offset=20)
        assert (rest.hits, rest.total) == ((), 20)


def test_too_many_to_leave_out_are_looked_up_one_by_one(
    room: ReadingRoom, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.find.MOST_WITHOUT", 3)
    closed = _Narrowed(room, {f"many-{n:02}" for n in range(10)})
    for query in ("giấy mời họp", "giấy mời", '"giấy mời"', "giây mòi hop chính thức"):
        found = search(query, READER, index, closed, limit=5, facets=(Facet.TYPE,))
        assert not found.total_is_exact
        assert not found.facets_are_exact
        assert sum(one.count for one in found.facets[Facet.TYPE]) <= found.total <= 21
        assert "many-0" not in {hit.document_id[:6] for hit in found.hits}


def test_facets_count_the_hits_and_filters_narrow_them(room: ReadingRoom, index: SearchIndex) -> None:
    found = find(room, index, "giấy mời họp", facets=Facet, filters=Filters(type=("25",)))
    assert (found.total, found.facets_are_exact) == (30, True)
    assert found.facets[Facet.TYPE] == (FacetCount("25", 30),)
    assert found.facets[Facet.ISSUER] == ()
    assert find(room, index, "giấy mời họp", filters=Filters(type=("01",))).total == 0


def test_pages_of_results_do_not_overlap(room: ReadingRoom, index: SearchIndex) -> None:
    seen = [
        (hit.document_id, hit.page)
        for offset in range(0, 40, 7)
        for hit in find(room, index, "giấy mời họp", limit=7, offset=offset).hits
    ]
    assert len(seen) == len(set(seen)) == 30


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("quản lý dự án", ["quàn ly dư an", "quan lý dự án", "quân lỷ dứ ân", "quản lý dự ăn"]),
        ("quản lý dự án đầu tư", ["quàn ly dư an đâu tư", "quan lý dự án dau tu", "quân lỷ dứ ân đẩu từ"]),
        ("tổ chức cán bộ", ["tổ chưc cún bộ", "tỏ chứt cán bộ", "tố chức cán bợ", "tổ chức cá bộ"]),
    ],
)
def test_pages_of_results_do_not_overlap_where_only_looking_tells_which_is_better(
    empty: SearchIndex, typed: str, kinds: list[str], group: bool
) -> None:
    """The engine prefers what stands there often, ranking what is written more alike."""
    shelf = ReadingRoom()
    for n in range(72):
        shelf.shelve(empty, a_document(f"d{n:02}"), [a_page(f"{kinds[n % len(kinds)]} {n} " * (1 + n % 7))])
    empty.commit()
    every = find(shelf, empty, typed, limit=200, group=group)
    seen = [
        hit.document_id
        for offset in range(0, 80, 8)
        for hit in find(shelf, empty, typed, limit=8, offset=offset, group=group).hits
    ]
    assert len(seen) == len(set(seen)) == len(every.hits) > 50


def test_grouping_gives_each_document_once(room: ReadingRoom, index: SearchIndex) -> None:
    assert len(find(room, index, "kế hoạch công tác").hits) == 6
    found = find(room, index, "kế hoạch công tác", group=True)
    assert [hit.page for hit in found.hits] == [1, 1, 1]
    assert found.total == 3
    rest = find(room, index, "kế hoạch công tác", group=True, offset=2)
    assert [hit.document_id for hit in rest.hits] == [found.hits[2].document_id]


def test_limits_are_kept_and_too_far_is_said_in_words(room: ReadingRoom, index: SearchIndex) -> None:
    assert len(find(room, index, "giấy mời", limit=0, offset=-5).hits) == 1
    assert find(room, index, "giấy mời", offset=FARTHEST - 20).hits == ()
    with pytest.raises(Unfit) as fault:
        find(room, index, "giấy mời", offset=FARTHEST)
    assert fault.value.code == "too-far"


def test_misreadings_are_found_and_called_approximate(room: ReadingRoom, index: SearchIndex) -> None:
    for query in ("giấy giới thiệu sinh hoạt đảng chính thức", "giay gioi thieu sinh hoat dang chinh thuc"):
        hit = find(room, index, query).hits[0]
        assert (hit.document_id, hit.match) == ("noisy", "approximate")
        assert hit.boxes
    hit = find(room, index, "chính thức").hits[0]
    assert (hit.document_id, hit.match) == ("noisy", "approximate"), "two syllables, one misread"


def test_what_stands_nowhere_gives_no_confident_hit(room: ReadingRoom, index: SearchIndex) -> None:
    for query in (
        "tổng kết phong trào thi đua yêu",
        "quyết toán vốn đầu tư xây dựng",
        '"lưu trữ công tác kế hoạch"',
        "777-QĐ/TU",
    ):
        for hit in find(room, index, query).hits:
            assert hit.match == "approximate"
            assert hit.score < 0.8


def test_a_field_without_its_text_shows_the_field(room: ReadingRoom, index: SearchIndex) -> None:
    hit = find(room, index, "99-QĐ/TU").hits[0]
    assert (hit.document_id, hit.match, hit.boxes) == ("by-hand", "exact", (Box(5, 5, 50, 20),))
    hit = find(room, index, "bổ nhiệm cán bộ").hits[0]
    assert (hit.document_id, hit.match, hit.boxes) == ("by-hand", "exact", (Box(7, 70, 700, 90),))
    assert hit.snippet == "chữ đã mờ hết" and hit.kinds == ("exact",)


def test_every_hit_has_boxes_and_a_strip_to_show(room: ReadingRoom, index: SearchIndex) -> None:
    (hit,) = find(room, index, "tổng kết phong trào thi đua").hits
    assert hit.document_id == "no-evidence" and hit.boxes == (Box(100, 100, 370, 130),)
    assert hit.strip is not None and hit.strip.boxes[0].width == 270
    (hit,) = find(room, index, "điều động công chức biệt phái").hits
    assert (hit.document_id, hit.boxes, hit.kinds) == ("unread", (Box(0, 0, 2000, 3000),), ("ocr",))
    assert hit.strip is not None
    for query in ("kế hoạch", "giay moi hop", "12-KH/TU", "ké hoặch công tcá", "giấy giới thiệu"):
        for hit in find(room, index, query).hits:
            assert hit.boxes and len(hit.kinds) == len(hit.boxes) and hit.strip is not None


def test_a_hit_as_json(room: ReadingRoom, index: SearchIndex) -> None:
    data = hit_to_json(find(room, index, "công tác lưu trữ").hits[0])
    assert {"document_id", "page", "score", "match", "snippet", "boxes", "fields"} <= set(data)
    assert all(len(box) == 4 and box[2] > 0 and box[3] > 0 for box in data["boxes"])
    assert data["boxes"] == [[190, 100, 160, 30]] and data["kinds"] == ["exact"]
    x, y, wide, high = data["crop"]
    assert x <= 190 and y <= 100 and wide >= 1200 and y + high >= 130
    (start, end) = data["snippet_marks"][0]
    assert data["snippet"][start:end] == "công tác lưu trữ"


@pytest.mark.parametrize(
    "query", ["", "   ", "\x00", "?!…—", '""', "👍🏽", "\ud83d", "\u0301\u0323", "_", "|", "* AND ~"]
)
def test_queries_with_nothing_in_them(room: ReadingRoom, index: SearchIndex, query: str) -> None:
    found = find(room, index, query)
    if not any(c.isalnum() for c in query):
        assert (found.hits, found.total, found.total_is_exact) == ((), 0, True)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=ANY)
@example(query='kế "hoạch" AND (công OR tác) ex:fo [a TO b] ~2^9 /re/ \\')
@example(query="a-b-c/d 1-/-2 1-a/b-c/d/e/f/g")
@example(query="ke\u0302\u0301 hoa\u0323ch")
@example(query="\ud800kế\udfff hoạch\x00")
@example(query="ＫẾ ｈoạch ①²½ ﬁ İ ß")
@example(query="1" * 900)
@example(query="a " * 480)
def test_any_query_is_answered(room: ReadingRoom, index: SearchIndex, query: str) -> None:
    found = find(room, index, query, READER)
    for hit in found.hits:
        assert 0.0 < hit.score <= 1.0
        assert hit.match in ("exact", "folded", "approximate")
        assert room.documents[hit.document_id].level is Level.OPEN
        assert all(0 <= a < z <= len(hit.snippet) for a, z in hit.snippet_marks)


def test_ten_megabytes_are_refused_at_once(room: ReadingRoom, index: SearchIndex) -> None:
    with pytest.raises(Unfit) as fault:
        find(room, index, "kế hoạch " * 1_200_000)
    assert fault.value.code == "query-too-long"


def test_a_missing_index_is_never_an_empty_answer(room: ReadingRoom, tmp_path: Path) -> None:
    with pytest.raises(Away) as fault:
        search("kế hoạch", READER, TantivyIndex(tmp_path / "none"), room)
    assert fault.value.code == "search-index-missing"


def test_an_archivist_finds_secret_papers_and_a_reader_with_both_roles_too(
    room: ReadingRoom, index: SearchIndex
) -> None:
    both = Actor("u-both", "", frozenset({Role.READER, Role.ADMINISTRATOR}))
    assert {h.document_id for h in find(room, index, "12-KH/TU", both).hits} == {"plan-open"}
    assert "plan-secret" in {h.document_id for h in find(room, index, "12-KH/TU").hits}


def test_without_approximations_only_what_stands_there_is_shown(
    room: ReadingRoom, index: SearchIndex
) -> None:
    typed = "giấy giới thiệu sinh hoạt đảng chính thức"
    assert [(hit.document_id, hit.match) for hit in find(room, index, typed).hits] == [
        ("noisy", "approximate")
    ]
    off = find(room, index, typed, approximate=False)
    assert (off.hits, off.total, off.total_is_exact) == ((), 0, True)
    kept = find(room, index, "ke hoach cong tac luu tru", approximate=False)
    assert kept.hits and {hit.match for hit in kept.hits} == {"folded"}


@pytest.mark.parametrize("typed", ["kế hoạch", "kế hoạch công tác lưu trữ"])
def test_facets_count_the_pages_that_answer(room: ReadingRoom, index: SearchIndex, typed: str) -> None:
    """The first query is counted by the engine, the second by its hits: longer ones gather too much."""
    told = find(room, index, typed, READER, facets=Facet, filters=Filters())
    assert set(told.facets) == set(Facet) and told.total == 2
    assert [one.count for one in told.facets[Facet.TYPE]] == []
    narrowed = find(room, index, typed, READER, filters=Filters(type=("17",)))
    assert (narrowed.hits, narrowed.total) == ((), 0)
    assert find(room, index, typed, ARCHIVIST, among={"plan-secret"}, group=True).total == 1


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SearchIndex]:
    made = TantivyIndex(tmp_path / "index")
    yield made
    made.close()


def test_a_number_that_is_found_shows_no_other_papers(empty: SearchIndex) -> None:
    shelf = ReadingRoom()
    shelf.shelve(empty, a_document("own", "1593-CV/TU"), [a_page("trang đầu")])
    shelf.shelve(empty, a_document("cites"), [a_page("căn cứ Công văn số 1593-CV/TU")])
    shelf.shelve(empty, a_document("other", "1593-CV/HU"), [a_page("trang đầu của 1593-CV/HU")])
    empty.commit()
    for typed in ("1593-CV/TU", "1593 cv tu"):
        found = find(shelf, empty, typed)
        assert [hit.document_id for hit in found.hits] == ["own", "cites"]
        assert (found.total, found.total_is_exact) == (2, True)


def limits_asked_for(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the limit of every question the engine is asked from now on."""
    asked: list[int] = []
    ask = index.find

    def noted(reader: Actor, plan: Plan, limit: int, **how: Any) -> Candidates:
        asked.append(limit)
        return ask(reader, plan, limit, **how)

    monkeypatch.setattr(index, "find", noted)
    return asked


def test_as_many_pages_are_loaded_as_are_shown(empty: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = ReadingRoom()
    for n in range(40):
        shelf.shelve(empty, a_document(f"d{n}"), [a_page("chuyển sinh hoạt đảng")])
    empty.commit()
    asked = limits_asked_for(empty, monkeypatch)
    for typed in ("sinh hoạt", "sinh hoạt đảng", '"sinh hoạt đảng"', "sinh"):
        found = find(shelf, empty, typed, limit=10)
        assert (len(found.hits), found.total, found.total_is_exact) == (10, 40, True)
    assert asked == [12, 12, 12, 12]


def test_a_long_query_is_asked_once_unless_it_stands_on_more_than_is_shown(
    empty: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, text = ReadingRoom(), "Quyết định điều động công chức biệt phái"
    for n in range(40):
        shelf.shelve(
            empty, a_document(f"near{n:02}"), [a_page("quyết định điều công chức động biệt phái " * 9)]
        )
    for n in range(3):
        shelf.shelve(empty, a_document(f"few{n}"), [a_page(f"Báo cáo kết quả sơ kết năm {n}")])
    for n in range(15):
        shelf.shelve(empty, a_document(f"many{n:02}"), [a_page(text if n % 2 else text.upper())])
    empty.commit()
    asked = limits_asked_for(empty, monkeypatch)
    found = find(shelf, empty, "báo cáo kết quả sơ kết", limit=10)
    assert ([hit.match for hit in found.hits], len(asked)) == (["exact"] * 3, 1)
    asked.clear()
    found = find(shelf, empty, "quyet dinh dieu dong cong chuc", limit=10)
    assert {hit.document_id[:4] for hit in found.hits} == {"many"}
    assert (found.total, found.total_is_exact, len(asked)) == (15, True, 2)


def test_a_long_query_with_a_letter_of_eleven_misread_is_answered_by_the_first_few(
    empty: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, widen = ReadingRoom(), Candidates.widened
    shelf.shelve(empty, a_document("two"), [a_page("về việc tiếp nhận hồ sư lưo trữ của tỉnh")])
    shelf.shelve(empty, a_document("three"), [a_page("về việc đề nghl cấp giấy chứmg nhận nhà đit")])
    for n in range(30):
        shelf.shelve(
            empty, a_document(f"d{n}"), [a_page(f"việc tiếp xúc số {n}, cấp giấy mời, tiếp nhận xe, hồ sơ")]
        )
    empty.commit()
    widened: list[Candidates] = []

    def noted(found: Candidates) -> Candidates:
        widened.append(found)
        return widen(found)

    monkeypatch.setattr(Candidates, "widened", noted)
    found = find(shelf, empty, "việc tiếp nhận hồ sơ lưu trữ")
    assert (found.hits[0].document_id, found.hits[0].match, widened) == ("two", "approximate", [])
    found = find(shelf, empty, "đề nghị cấp giấy chứng nhận nhà đất")
    assert (found.hits[0].document_id, found.hits[0].match, len(widened)) == ("three", "approximate", 1)
    widened.clear()
    found = find(shelf, empty, "nhận hồ sơ lưu trữ")  # shorter: as much misread is not good enough
    assert (found.hits[0].document_id, len(widened)) == ("two", 1)


def test_a_long_query_is_not_looked_for_in_every_spelling(
    empty: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = ReadingRoom()
    text = "căn cứ chức năng nhiệm vụ được giao và tình hình thực tế của địa phương"
    shelf.shelve(empty, a_document("d"), [a_page(text)])
    empty.commit()

    def never(_query: object) -> Plan:
        raise AssertionError("every word in every spelling")

    monkeypatch.setattr("search.find.second_stage", never)
    found = find(shelf, empty, "chức năng được giao của địa phương là tình hình")
    assert [hit.document_id for hit in found.hits] == ["d"]
    with pytest.raises(AssertionError):
        find(shelf, empty, "chức nxăng giaoo")
