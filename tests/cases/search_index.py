"""What every search index must do. A new engine inherits these cases and supplies the fixture `index`."""

import random
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from records.access import Actor, Level, Role
from records.errors import Away
from records.parties import Party, PartyKind, body_party
from search.entry import entries_for
from search.index import LONGEST_ID, Candidates, IndexedVersion, SearchIndex
from search.plan import Plan, first_stage, parse, second_stage, standing_stage
from tests.cases.search_world import ADMINISTRATOR, ARCHIVIST, READER, a_document, a_page


def put(
    index: SearchIndex,
    document_id: str,
    *texts: str,
    number: str = "",
    subject: str = "",
    level: Level = Level.OPEN,
    version: int = 0,
):
    pages = [a_page(text, n) for n, text in enumerate(texts, 1)]
    index.replace(document_id, entries_for(a_document(document_id, number, subject, level), pages), version)


def ask(index: SearchIndex, query: str, reader=ARCHIVIST, limit: int = 10) -> Candidates:
    return index.find(reader, first_stage(parse(query)), limit)


def names(found: Candidates) -> list[tuple[str, int]]:
    return [(c.document_id, c.page) for c in found.best]


HISTORY = (3, 5, 0, 1, 4, 2)
"""Pages of a document in its versions 1, 2, 3 …: it grows, is removed, comes back, shrinks."""


def deliver(index: SearchIndex, document_id: str, version: int, pages: Sequence[int] = HISTORY) -> None:
    """Bring one version of the document's history, as an outbox would: any number of times, in any order."""
    if pages[version - 1]:
        put(
            index,
            document_id,
            *[f"phiên bản {version}v trang {n}t" for n in range(1, pages[version - 1] + 1)],
            version=version,
        )
    else:
        index.remove(document_id, version)


def holds_only_version(index: SearchIndex, document_id: str, version: int) -> None:
    """Assert that the document stands there as this version made it: no page of another, none too many."""
    found = [c for c in ask(index, "phiên bản", limit=100).best if c.document_id == document_id]
    assert {c.folded.split()[2] for c in found} == {f"{version}v"}
    assert sorted(c.page for c in found) == list(range(1, HISTORY[version - 1] + 1))
    listed = [known for known in index.documents() if known.document_id == document_id]
    assert listed == [IndexedVersion(document_id, version, HISTORY[version - 1])]


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
        for query in ("bản quản lý", "quản lý"):
            plan = standing_stage(parse(query)) or first_stage(parse(query))
            assert names(index.find(ARCHIVIST, plan, 1)) == [("right", 1)]
        assert ask(index, "bản quản lý").total == 2
        assert ask(index, "ban quan ly").total == 2

    @pytest.mark.parametrize(
        ("query", "right", "others"),
        [
            ("bàn đạp", "cái bàn đạp", "bán đáp " * 30),
            ("bàn đạp xe", "cái bàn đạp xe", "bán đáp xẻ " * 30),
            ("xe đạp", "cái xe đạp", "xe của đạp " * 30),
            ('"ban dap"', "ban dap", "bán đáp " * 30),
            ("1593-CV/TU", "căn cứ Công văn số 1593-CV/TU", "số 1S93-CV/TU " * 30),
        ],
    )
    def test_what_was_typed_comes_before_what_is_said_more_often(
        self, index: SearchIndex, query: str, right: str, others: str
    ) -> None:
        for n in range(8):
            put(index, f"other{n}", others)
        put(index, "right", right + " " + "từ ngữ khác" * 40)
        index.commit()
        plan = standing_stage(parse(query)) or first_stage(parse(query))
        assert plan.first
        (best,) = index.find(ARCHIVIST, plan, 1).best
        assert best.document_id == "right"
        assert 0 <= best.score < 1000, "what puts a page first is no score"

    @pytest.mark.parametrize("typed", ["đi ra khỏi hội trường ngay", "di ra khoi hoi truong ngay"])
    def test_pages_on_which_a_long_query_stands_come_before_all_that_share_its_pairs(
        self, index: SearchIndex, typed: str
    ) -> None:
        for n in range(8):
            put(index, f"other{n}", "khỏi hội trường ngay đi ra khỏi " * 30)
        put(index, "right", "mời mọi người đi ra khỏi hội trường ngay lập tức " + "từ ngữ khác " * 400)
        index.commit()
        plan = first_stage(parse(typed))
        found = index.find(ARCHIVIST, plan, 2)
        assert found.best[0].document_id == "right"
        assert (found.total, found.best[0].score < 1000) == (9, True)

    def test_what_a_syllable_may_have_been_is_looked_for_when_nothing_good_was_found(
        self, index: SearchIndex
    ) -> None:
        for n in range(8):
            put(index, f"other{n}", "nuôi trồng thủy sản, chăn nuôi")
        put(index, "right", "bảng phanloại nuôi con " + "từ ngữ khác " * 40)
        index.commit()
        (best,) = index.find(ARCHIVIST, second_stage(parse("loại nuôi")), 1).best
        assert best.document_id == "right"

    def test_what_need_not_be_counted_is_only_told(self, index: SearchIndex) -> None:
        for n in range(9):
            put(index, f"d{n}", "chuyển sinh hoạt đảng")
        index.commit()
        plan = first_stage(parse("sinh hoạt đảng"))
        found = index.find(ARCHIVIST, plan, 4, count=False)
        assert (len(found.best), found.total, found.more, found.whole) == (4, 4, True, False)
        found = index.find(ARCHIVIST, plan, 9, count=False)
        assert (len(found.best), found.total, found.more, found.whole) == (9, 9, False, True)
        assert index.find(ARCHIVIST, plan, 4).total == 9

    def test_more_of_the_same_are_at_hand(self, index: SearchIndex) -> None:
        for n in range(9):
            put(index, f"d{n}", "chuyển sinh hoạt đảng " * (n + 1))
        index.commit()
        plan = first_stage(parse("sinh hoạt đảng"))
        every = index.find(ARCHIVIST, plan, 9).best
        found = index.find(ARCHIVIST, plan, 4, count=False, spare=3)
        assert (found.best, found.total, found.more, found.whole) == (every[:4], 7, True, False)
        wider = found.widened()
        assert (wider.best, wider.widened().best, wider.whole) == (every[:7], every[:7], False)
        whole = index.find(ARCHIVIST, plan, 4, count=False, spare=50)
        assert (whole.whole, whole.widened().best, whole.widened().whole) == (False, every, True)
        assert index.find(ARCHIVIST, plan, 9, spare=5).widened().best == every

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

    def test_papers_of_cases_are_found_by_their_parties_alone(self, index: SearchIndex) -> None:
        """Hits and totals, before and after the case has reached another body."""
        put(index, "open", "giấy giới thiệu mẫu")
        paper = a_document("of-case", level=Level.PARTIES)
        pages = [a_page("giấy giới thiệu đồng chí")]

        def deliver(version: int, *parties: Party) -> None:
            told = replace(paper, parties=tuple(sorted(party.token for party in parties)))
            index.replace("of-case", entries_for(told, pages), version)
            index.commit()

        def seen(*parties: Party, roles: frozenset[Role] = frozenset()) -> tuple[list[str], int]:
            found = ask(index, "giấy giới thiệu", Actor("x", "X", roles, frozenset(parties)))
            return sorted(name for name, _ in names(found)), found.total

        sender, far = body_party("official-transfer", "u1"), body_party("official-transfer", "u9")
        lan = Party(PartyKind.MEMBER, "m1")
        deliver(1, sender, lan)
        assert seen(sender) == seen(lan) == seen(far, lan) == (["of-case"], 1)
        assert seen(sender, roles=frozenset({Role.READER})) == (["of-case", "open"], 2)
        for stranger in (far, body_party("temporary-transfer", "u1"), Party(PartyKind.OPENER, "m1")):
            assert seen(stranger) == ([], 0)
        assert seen(far, roles=frozenset(Role)) == (["open"], 1)
        assert seen() == ([], 0)
        deliver(2, sender, lan, far)
        assert seen(far) == (["of-case"], 1)

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
        assert names(ask(index, "nội dung")) == [("new", 1)]
        put(index, "later", "nội dung sau")
        index.commit()
        assert ask(index, "nội dung").total == 2

    def test_what_is_written_during_a_rebuild_is_refused_or_kept(self, index: SearchIndex) -> None:
        put(index, "changed", "nội dung đầu", "trang thừa", version=1)
        put(index, "removed", "nội dung bị xoá", version=1)
        index.commit()
        kept = True
        with index.rebuild() as fresh:
            try:
                put(index, "changed", "nội dung sửa", version=2)
                index.remove("removed", version=2)
                put(index, "added", "nội dung thêm", version=1)
                index.commit()
            except Away as fault:
                assert fault.code == "search-index-busy"
                kept = False
            # the rows as a rebuild reads them: some before, some after what was written meanwhile
            put(fresh, "changed", "nội dung đầu", "trang thừa", version=1)
            put(fresh, "removed", "nội dung bị xoá", version=1)
        found = {(known.document_id, known.version, known.pages) for known in index.documents()}
        both = {("changed", 2, 1), ("added", 1, 1)}
        assert found == (both if kept else {("changed", 1, 2), ("removed", 1, 1)})
        assert {name for name, _ in names(ask(index, "nội dung"))} == {name for name, *_ in found}

    def test_a_rebuild_believes_the_rows(self, index: SearchIndex) -> None:
        """After a restore the rows are older than what the index has seen; a rebuild must not refuse them."""
        put(index, "d", "nội dung mới", version=9)
        index.remove("gone", version=9)
        index.commit()
        with index.rebuild() as fresh:
            put(fresh, "d", "nội dung cũ", version=4)
            put(fresh, "gone", "nội dung cũ", version=4)
        assert list(index.documents()) == [IndexedVersion("d", 4, 1), IndexedVersion("gone", 4, 1)]

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

    def test_closing_shows_nothing_that_was_not_committed(self, index: SearchIndex) -> None:
        put(index, "kept", "nội dung")
        index.commit()
        put(index, "dropped", "nội dung")
        index.close()
        assert names(ask(index, "nội dung")) == [("kept", 1)]

    def test_entries_of_another_document_are_a_mistake(self, index: SearchIndex) -> None:
        with pytest.raises(ValueError, match="another document"):
            index.replace("d1", entries_for(a_document("d2"), [a_page("x")]))

    def test_impossible_changes_are_a_mistake(self, index: SearchIndex) -> None:
        for version in (-1, 2**63):
            with pytest.raises(ValueError, match="version"):
                put(index, "d", "x", version=version)
        for name in ("", "x" * (LONGEST_ID + 1), "đ" * LONGEST_ID, "\ud800"):
            with pytest.raises(ValueError, match=r"id|surrogates"):
                put(index, name, "x")
        with pytest.raises(ValueError, match="twice"):
            index.replace("d", entries_for(a_document("d"), [a_page("x"), a_page("y")]))
        index.commit()
        assert index.count() == 0

    def test_an_older_version_changes_nothing(self, index: SearchIndex) -> None:
        put(index, "d", "bản mới", version=7)
        put(index, "d", "bản cũ", "trang thừa", version=6)
        index.commit()
        put(index, "d", "bản cũ hơn", "trang thừa")
        index.remove("d", version=6)
        index.remove("d")
        index.commit()
        assert list(index.documents()) == [IndexedVersion("d", 7, 1)]
        assert ask(index, "mới").total == 1
        assert ask(index, "cũ").total == ask(index, "thừa").total == 0

    def test_the_same_version_writes_again(self, index: SearchIndex) -> None:
        """Whoever died half-way is followed by the same delivery; the rows may also tell more by then."""
        for text in ("lần một", "lần hai"):
            put(index, "d", text, "trang sau", version=3)
            put(index, "d", text, version=3)
            index.commit()
        assert list(index.documents()) == [IndexedVersion("d", 3, 1)]
        assert (ask(index, "hai").total, ask(index, "một").total, ask(index, "sau").total) == (1, 0, 0)

    def test_a_removed_document_stays_removed(self, index: SearchIndex) -> None:
        put(index, "d", "nội dung", "trang hai", version=1)
        index.commit()
        index.remove("d", version=2)
        index.remove("before-it-came", version=2)
        index.commit()
        for name in ("d", "before-it-came"):
            put(index, name, "nội dung", "trang hai", "trang ba", version=1)
        index.commit()
        assert list(index.documents()) == []
        assert (index.count(), ask(index, "nội dung").total) == (0, 0)
        put(index, "d", "nội dung", version=3)
        index.commit()
        assert list(index.documents()) == [IndexedVersion("d", 3, 1)]
        assert index.count() == 1

    def test_a_document_may_have_no_pages(self, index: SearchIndex) -> None:
        put(index, "d", "nội dung", version=1)
        put(index, "d", version=2)
        index.commit()
        assert list(index.documents()) == []
        assert index.count() == 0

    def test_any_order_of_deliveries_ends_in_the_newest(self, index: SearchIndex) -> None:
        choice = random.Random("deliveries")
        last = len(HISTORY)
        for n in range(4):
            deliveries = [*range(1, last + 1), *choice.choices(range(1, last + 1), k=5)]
            choice.shuffle(deliveries)
            for version in deliveries:
                deliver(index, f"d{n}", version)
                if choice.random() < 0.2:
                    index.commit()
        index.commit()
        for n in range(4):
            holds_only_version(index, f"d{n}", last)

    def test_deliveries_by_many_threads_end_in_the_newest(self, index: SearchIndex) -> None:
        index.commit()
        choice = random.Random("threads")
        faults: list[BaseException] = []

        def work(deliveries: list[tuple[str, int]]) -> None:
            try:
                for name, version in deliveries:
                    deliver(index, name, version)
            except BaseException as fault:  # noqa: BLE001  told below
                faults.append(fault)

        todo = [(name, version) for name in ("a", "b") for version in range(1, len(HISTORY) + 1)]
        threads = [threading.Thread(target=work, args=(choice.sample(todo, len(todo)),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        index.commit()
        assert faults == []
        for name in ("a", "b"):
            holds_only_version(index, name, len(HISTORY))

    def test_documents_are_listed_by_id_and_from_any_point(self, index: SearchIndex) -> None:
        wanted = sorted(["a", "B", "b-1", "b 2", "b", "é", "đ", "z:head", "1:2", "z" * LONGEST_ID])
        for pages, name in enumerate(wanted, 1):
            put(index, name, *["nội dung"] * (pages % 3 + 1), version=pages)
        index.remove("removed", version=1)
        index.commit()
        listed = list(index.documents())
        assert [known.document_id for known in listed] == wanted
        assert [(known.version, known.pages) for known in listed] == [(n, n % 3 + 1) for n in range(1, 11)]
        assert [known.document_id for known in index.documents("b")] == [
            name for name in wanted if name > "b"
        ]
        assert list(index.documents("\uffff")) == []

    def test_a_change_of_level_is_a_new_version_like_any_other(self, index: SearchIndex) -> None:
        put(index, "d", "kế hoạch công tác", "kế hoạch trang hai", version=1)
        index.commit()
        assert ask(index, "kế hoạch", READER).total == 2
        put(index, "d", "kế hoạch công tác", "kế hoạch trang hai", version=2, level=Level.RESTRICTED)
        put(index, "d", "kế hoạch công tác", "kế hoạch trang hai", version=1)
        index.commit()
        assert ask(index, "kế hoạch", READER) == Candidates((), 0)
        assert ask(index, "kế hoạch", ARCHIVIST).total == 2

    def test_a_document_of_two_hundred_pages(self, index: SearchIndex) -> None:
        page = "chuyển sinh hoạt đảng " * 100
        put(index, "d", *[f"{page} tờ{n}" for n in range(1, 201)], version=1)
        index.commit()
        assert list(index.documents()) == [IndexedVersion("d", 1, 200)]
        assert names(ask(index, "tờ137")) == [("d", 137)]
        assert ask(index, "sinh hoạt đảng", limit=200).total == 200
        put(index, "d", "còn một trang", version=2)
        index.commit()
        assert list(index.documents()) == [IndexedVersion("d", 2, 1)]
        assert ask(index, "sinh hoạt đảng").total == 0

    def test_hostile_texts_are_texts(self, index: SearchIndex) -> None:
        hostile = (
            '"}]}} {"delete":{"_id":"d"}}\n{"index":{}}\n',
            "\x00 \ud800 \udfff \u2028 \u0085 \x1f a\u00a0b\u3000c",
            "'; DROP TABLE x; -- ${jndi:ldap://x} {{7*7}} <script>alert(1)</script>",
            "👩‍👩‍👧‍👦 𝓽𝓮𝔁𝓽 ﬁ ß İ Ǆ \u0301\u0323\u0301",
            "a_b a_ _b ~1.2 | * ? ~ ^2 \\ /re/ [1 TO 2]",
        )
        for n, text in enumerate(hostile):
            put(index, f"d{n}/../*?{{}}", text, "trang lành", number=text, subject=text, version=1)
        index.commit()
        assert index.count() == 2 * len(hostile)
        assert ask(index, "trang lành", limit=50).total == len(hostile)
        assert [known.version for known in index.documents()] == [1] * len(hostile)
        for text in hostile:
            ask(index, text[:1000], READER)
            index.find(READER, second_stage(parse(text)), 10)
