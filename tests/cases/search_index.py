"""What every search index must do. A new engine inherits these cases and supplies the fixture `index`."""

import pytest

from records.access import Level
from records.errors import Away
from search.entry import entries_for
from search.index import Candidates, SearchIndex
from search.plan import Plan, first_stage, parse, second_stage
from tests.cases.search_world import ADMINISTRATOR, ARCHIVIST, READER, a_document, a_page


def put(
    index: SearchIndex,
    document_id: str,
    *texts: str,
    number: str = "",
    subject: str = "",
    level: Level = Level.OPEN,
):
    pages = [a_page(text, n) for n, text in enumerate(texts, 1)]
    index.replace(document_id, entries_for(a_document(document_id, number, subject, level), pages))


def ask(index: SearchIndex, query: str, reader=ARCHIVIST, limit: int = 10) -> Candidates:
    return index.find(reader, first_stage(parse(query)), limit)


def names(found: Candidates) -> list[tuple[str, int]]:
    return [(c.document_id, c.page) for c in found.best]


class SearchIndexCases:
    def test_nothing_is_seen_before_commit_and_all_after(self, index: SearchIndex) -> None:
        index.commit()
        put(index, "d1", "chuyển sinh hoạt đảng", "trang hai")
        assert index.count() == 0
        index.commit()
        assert index.count() == 2
        assert names(ask(index, "sinh hoạt đảng")) == [("d1", 1)]

    def test_putting_again_replaces_every_page(self, index: SearchIndex) -> None:
        put(index, "d1", "văn bản thứ nhất", "trang thừa")
        put(index, "d1", "văn bản thứ nhất")
        index.commit()
        put(index, "d1", "văn bản thứ hai")
        index.commit()
        assert index.count() == 1
        assert ask(index, "nhất").total == 0
        assert ask(index, "hai").total == 1

    def test_removed_documents_are_gone_and_unknown_ones_do_not_matter(self, index: SearchIndex) -> None:
        put(index, "d1", "một hai ba")
        put(index, "d2", "một hai ba")
        index.remove("d1")
        index.remove("never-there")
        index.commit()
        assert names(ask(index, "một hai ba")) == [("d2", 1)]

    def test_document_ids_are_whole(self, index: SearchIndex) -> None:
        for name in ("d-1", "d-1 2", "D-1", "đ-1"):
            put(index, name, "cùng một nội dung")
        index.remove("d-1")
        index.commit()
        assert {name for name, _ in names(ask(index, "cùng một nội dung"))} == {"d-1 2", "D-1", "đ-1"}

    def test_levels_are_part_of_the_query(self, index: SearchIndex) -> None:
        for level in Level:
            put(index, level.value, "kế hoạch công tác", number="12-KH/TU", level=level)
        index.commit()
        for query in ("kế hoạch công tác", "hoạch", '"công tác"', "12-KH/TU"):
            assert ask(index, query, ARCHIVIST).total == 3
            assert names(ask(index, query, READER)) == [("open", 1)]
            assert ask(index, query, READER).total == 1
            assert ask(index, query, ADMINISTRATOR) == Candidates((), 0)
            assert index.find(READER, second_stage(parse(query)), 10).total <= 1

    @pytest.mark.parametrize(
        "query",
        [
            "1593-CV/TU",
            "1593 cv tu",
            "1593–cv/tu",
            "số 1593 - CV / TU",
            "so 1593-cv/tu",
            "01593-CV/TU",
            "1593cvtu",
        ],
    )
    def test_every_way_of_writing_a_number_meets(self, index: SearchIndex, query: str) -> None:
        put(index, "own", "trang chữ mờ", number="1593-CV/TU")
        put(index, "cites", "căn cứ Công văn số 1593-CV/TU của Tỉnh ủy")
        put(index, "other", "1594-CV/TU", number="1594-CV/TU")
        index.commit()
        assert names(ask(index, query))[0] == ("own", 1)
        assert ("cites", 1) in names(ask(index, query))

    def test_marks_rank_but_do_not_hide(self, index: SearchIndex) -> None:
        put(index, "other", "ban quan ly du an")
        put(index, "right", "bản quản lý dự án")
        index.commit()
        assert names(ask(index, "bản quản lý"))[0] == ("right", 1)
        assert ask(index, "bản quản lý").total == 2
        assert ask(index, "ban quan ly").total == 2

    def test_tone_placement_and_i_or_y_are_one_spelling(self, index: SearchIndex) -> None:
        put(index, "old", "hoà bình kỹ thuật thuỷ lợi")
        put(index, "new", "hòa bình kĩ thuật thủy lợi")
        index.commit()
        for query in ('"hoà bình kĩ thuật"', '"hòa bình kỹ thuật"', "thuỷ", "thủy", "ky thuat", "ki thuat"):
            assert ask(index, query).total == 2, query

    def test_a_quoted_phrase_is_in_sequence_and_with_its_marks(self, index: SearchIndex) -> None:
        put(index, "yes", "về chuyển sinh hoạt đảng chính thức")
        put(index, "order", "hoạt đảng chuyển sinh về")
        put(index, "marks", "về chuyên sinh hoạt đảng")
        index.commit()
        assert names(ask(index, '"chuyển sinh hoạt đảng"')) == [("yes", 1)]
        assert ask(index, '"chuyen sinh hoat dang"').total == 2
        assert ask(index, "“sinh hoạt đảng”").total == 2

    def test_a_title_is_found_without_any_text(self, index: SearchIndex) -> None:
        put(index, "blank", "", subject="thu hồi đất thực hiện dự án")
        index.commit()
        assert names(ask(index, "thu hồi đất thực hiện dự án")) == [("blank", 1)]
        assert names(ask(index, "thu hoi dat")) == [("blank", 1)]

    def test_misread_syllables_are_found_by_the_second_stage(self, index: SearchIndex) -> None:
        put(index, "noisy", "chuyên slnh hoat dang chinh thuc")
        put(index, "glued", "việc chuyểnsinh hoạt vụ mới")
        put(index, "far", "báo cáo thu chi ngân sách quý ba")
        index.commit()
        found = index.find(ARCHIVIST, second_stage(parse("chuyển sinh hoạt")), 10)
        assert set(names(found)) == {("noisy", 1), ("glued", 1)}

    def test_the_best_come_first_and_the_count_is_of_all(self, index: SearchIndex) -> None:
        for n in range(30):
            put(index, f"d{n:02}", "kế hoạch " + "khác nhau " * n)
        index.commit()
        found = ask(index, "kế hoạch", limit=5)
        assert len(found.best) == 5
        assert found.total == 30
        assert [c.score for c in found.best] == sorted((c.score for c in found.best), reverse=True)

    def test_candidates_carry_what_ranking_reads(self, index: SearchIndex) -> None:
        put(index, "d", "Đảng bộ\nsố 12-KH/TU", number="7-QĐ/TU", subject="Hoà giải")
        index.commit()
        best = ask(index, "đảng").best[0]
        assert best.exact.split() == ["đang?", "bô.", "sô´", "12", "kh", "tu"]
        assert best.folded == "dang bo so 12 kh tu"
        assert (best.title_exact, best.title_folded) == ("hoa` giai?", "hoa giai")
        assert best.numbers[0] == "7.qdtu"
        assert best.mentions == ("12.khtu",)

    def test_words_of_the_engine_language_are_words(self, index: SearchIndex) -> None:
        put(index, "d", "AND OR NOT TO ex fo level * ? secret")
        put(index, "s", "mật", level=Level.SECRET)
        index.commit()
        for query in (
            "AND",
            "NOT secret",
            "ex:fo",
            "level:secret OR mật",
            "(*)",
            "ex:* OR level:secret",
            '"AND OR NOT"',
        ):
            assert all(name == "d" for name, _ in names(ask(index, query, READER))), query

    def test_an_empty_plan_finds_nothing(self, index: SearchIndex) -> None:
        put(index, "d", "nội dung")
        index.commit()
        assert index.find(ARCHIVIST, Plan((), ()), 10) == Candidates((), 0)

    def test_very_long_tokens_and_huge_pages_are_taken(self, index: SearchIndex) -> None:
        put(index, "long", "x" * 200_000 + " đuôi trang", "chữ " * 50_000)
        index.commit()
        assert names(ask(index, "đuôi trang")) == [("long", 1)]
        assert names(ask(index, "chữ")) == [("long", 2)]

    def test_a_rebuild_takes_the_place_in_one_step(self, index: SearchIndex) -> None:
        put(index, "old", "nội dung cũ")
        index.commit()
        with index.rebuild() as fresh:
            put(fresh, "new", "nội dung mới")
            assert names(ask(index, "nội dung")) == [("old", 1)]
            with pytest.raises(Away) as fault:
                put(index, "lost", "nội dung mất")
            assert fault.value.code == "search-index-busy"
        assert names(ask(index, "nội dung")) == [("new", 1)]
        put(index, "later", "nội dung sau")
        index.commit()
        assert ask(index, "nội dung").total == 2

    def test_a_rebuild_that_fails_changes_nothing(self, index: SearchIndex) -> None:
        put(index, "old", "nội dung cũ")
        index.commit()
        with pytest.raises(RuntimeError), index.rebuild() as fresh:
            put(fresh, "half", "nội dung dở")
            raise RuntimeError
        assert names(ask(index, "nội dung")) == [("old", 1)]
        put(index, "later", "nội dung sau")
        index.commit()
        assert ask(index, "nội dung").total == 2

    def test_closing_forgets_what_was_not_committed(self, index: SearchIndex) -> None:
        put(index, "kept", "nội dung")
        index.commit()
        put(index, "dropped", "nội dung")
        index.close()
        assert names(ask(index, "nội dung")) == [("kept", 1)]

    def test_entries_of_another_document_are_a_mistake(self, index: SearchIndex) -> None:
        with pytest.raises(ValueError, match="another document"):
            index.replace("d1", entries_for(a_document("d2"), [a_page("x")]))
