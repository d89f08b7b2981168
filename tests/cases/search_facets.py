"""Filters, counts and what is left out: what every search index must do. Supply the fixture `index`."""

from collections.abc import Collection
from dataclasses import fields

import pytest

from records.access import Actor, Level, Role
from records.document import Fields
from records.parties import body_party
from search.entry import IndexedDocument, entries_for
from search.facets import COUNTED, MOST_VALUES, FacetCount
from search.filters import Facet, Filters
from search.index import MOST_WITHOUT, Candidates, SearchIndex
from search.plan import first_stage, parse
from tests.cases.search_world import ADMINISTRATOR, ARCHIVIST, READER, a_page

_PAPERS = (
    # id, issuer, type, day, dossier, secrecy, level
    ("a", "TỈNH ỦY VÂN TRẠCH", "09", "2024-05-17", "H49.64.33.2001.160", "", Level.OPEN),
    ("b", "Tỉnh uỷ Vân Trạch", "09", "2024-12-31", "H49.64.33.2001.160", "", Level.OPEN),
    ("c", "HUYỆN ỦY TÂN ĐIỀN", "03", "2025-01-01", "H50.10.2002.7", "", Level.OPEN),
    ("d", "HUYỆN ỦY TÂN ĐIỀN", "03", "2025-06-30", "H50.10.2002.7", "MẬT", Level.SECRET),
    ("e", "", "", "", "", "", Level.OPEN),
    ("f", "CHI BỘ MINH XÁ", "03", "2025-06-30", "case-1", "", Level.PARTIES),
)


def shelve(index: SearchIndex) -> None:
    """Six papers of one page each that all hold the same words."""
    for name, issuer, kind, day, dossier, secrecy, level in _PAPERS:
        known = Fields(organ_name=issuer, type_code=kind, issued_date=day, secrecy=secrecy)
        parties = (body_party("official-transfer", "u1").token,) if level is Level.PARTIES else ()
        told = IndexedDocument(name, known, level, dossier, parties)
        index.replace(name, entries_for(told, [a_page("kế hoạch công tác năm")]), 1)
    index.commit()


def ask(
    index: SearchIndex,
    reader: Actor = ARCHIVIST,
    filters: Filters | None = None,
    facets: Collection[Facet] = Facet,
    without: Collection[str] = (),
    among: Collection[str] = (),
    limit: int = 100,
) -> Candidates:
    plan = first_stage(parse("kế hoạch công tác"))
    return index.find(
        reader, plan, limit, filters=filters or Filters(), facets=facets, without=without, among=among
    )


def names(found: Candidates) -> str:
    return "".join(sorted(candidate.document_id for candidate in found.best))


def told(found: Candidates, facet: Facet) -> dict[str, int]:
    return {one.value: one.count for one in found.facets[facet]}


class FacetCases:
    def test_every_facet_counts_what_the_reader_finds(self, index: SearchIndex) -> None:
        shelve(index)
        found = ask(index)
        assert (names(found), found.total, found.more) == ("abcde", 5, False)
        assert set(found.facets) == set(Facet)
        assert told(found, Facet.ISSUER) == {"HUYỆN ỦY TÂN ĐIỀN": 2, "TỈNH ỦY VÂN TRẠCH": 2}
        assert [one.value for one in found.facets[Facet.ISSUER]] == ["HUYỆN ỦY TÂN ĐIỀN", "TỈNH ỦY VÂN TRẠCH"]
        assert told(found, Facet.TYPE) == {"03": 2, "09": 2}
        assert told(found, Facet.YEAR) == {"2024": 2, "2025": 2}
        assert told(found, Facet.FONDS) == {"H49.64.33": 2, "H50.10": 2}
        assert found.facets[Facet.SECRECY] == (FacetCount("MẬT", 1),)

    def test_nothing_tells_of_what_a_reader_may_not_see(self, index: SearchIndex) -> None:
        shelve(index)
        found = ask(index, READER)
        assert (names(found), found.total) == ("abce", 4)
        assert told(found, Facet.TYPE) == {"03": 1, "09": 2}
        assert found.facets[Facet.SECRECY] == ()
        mine = ask(index, Actor("x", "X", frozenset(), frozenset({body_party("official-transfer", "u1")})))
        assert (names(mine), told(mine, Facet.ISSUER)) == ("f", {"CHI BỘ MINH XÁ": 1})
        for nobody in (
            ADMINISTRATOR,
            Actor("y", "Y", frozenset(), frozenset({body_party("official-transfer", "u2")})),
        ):
            none = ask(index, nobody)
            assert (none.total, any(none.facets.values())) == (0, False)

    def test_only_the_facets_asked_for_are_counted(self, index: SearchIndex) -> None:
        shelve(index)
        assert set(ask(index, facets=(Facet.YEAR,)).facets) == {Facet.YEAR}
        assert ask(index, facets=()).facets == {}

    @pytest.mark.parametrize(
        ("filters", "left"),
        [
            (Filters(type=("09",)), "ab"),
            (Filters(type=("09", "03")), "abcd"),
            (Filters(type=("03",), year=(2025,)), "cd"),
            (Filters(type=("03",), year=(2024,)), ""),
            (Filters(issuer=("TỈNH ỦY VÂN TRẠCH",)), "ab"),
            (Filters(issuer=("tỉnh ủy vân trạch",)), ""),
            (Filters(fonds=("H50.10",)), "cd"),
            (Filters(secrecy=("MẬT",)), "d"),
            (Filters(since=2024_12_31, until=2025_01_01), "bc"),
            (Filters(since=2025_01_01), "cd"),
            (Filters(until=2024_05_17), "a"),
            (Filters(since=2025_02_01, until=2024_02_01), ""),
            (Filters(year=(-1, 2**70, 0)), ""),
            (Filters(year=(2025, 2**70)), "cd"),
            (Filters(since=-5, until=2**70), "abcd"),
            (Filters(type=('09"]}} OR *',)), ""),
        ],
    )
    def test_filters_narrow_hits_total_and_facets_alike(
        self, index: SearchIndex, filters: Filters, left: str
    ) -> None:
        shelve(index)
        found = ask(index, filters=filters)
        assert (names(found), found.total) == (left, len(left))
        assert sum(told(found, Facet.YEAR).values()) == len(left)

    def test_a_filter_opens_nothing(self, index: SearchIndex) -> None:
        shelve(index)
        found = ask(index, READER, Filters(secrecy=("MẬT",)))
        assert (found.best, found.total, any(found.facets.values())) == ((), 0, False)

    def test_what_is_left_out_is_in_no_number(self, index: SearchIndex) -> None:
        shelve(index)
        found = ask(index, without={"d", "a", "never-there"})
        assert (names(found), found.total) == ("bce", 3)
        assert told(found, Facet.ISSUER) == {"HUYỆN ỦY TÂN ĐIỀN": 1, "TỈNH ỦY VÂN TRẠCH": 1}
        assert found.facets[Facet.SECRECY] == ()
        many = [f"n{n}" for n in range(MOST_WITHOUT - 1)]
        assert ask(index, without=[*many, "a"]).total == 4
        with pytest.raises(ValueError, match="leave out"):
            ask(index, without=[*many, "a", "b"])

    def test_a_search_may_be_kept_to_some_documents(self, index: SearchIndex) -> None:
        shelve(index)
        found = ask(index, among={"a", "d", "f", "never-there"})
        assert (names(found), found.total, told(found, Facet.YEAR)) == ("ad", 2, {"2024": 1, "2025": 1})
        assert names(ask(index, READER, among={"a", "d", "f"})) == "a"
        assert names(ask(index, among={"a", "b"}, without={"a"})) == "b"
        with pytest.raises(ValueError, match="documents"):
            ask(index, among=[f"n{n}" for n in range(MOST_WITHOUT + 1)])

    def test_equals_come_by_value_and_the_rest_is_cut(self, index: SearchIndex) -> None:
        for n in range(MOST_VALUES + 5):
            known = Fields(organ_name=f"CƠ QUAN {n:02}")
            pages = [a_page("kế hoạch công tác", page) for page in range(1, 3 if n == MOST_VALUES + 3 else 2)]
            index.replace(f"d{n:02}", entries_for(IndexedDocument(f"d{n:02}", known), pages), 1)
        index.commit()
        found = ask(index, limit=1).facets[Facet.ISSUER]
        rest = [FacetCount(f"CƠ QUAN {n:02}", 1) for n in range(MOST_VALUES - 1)]
        assert list(found) == [FacetCount(f"CƠ QUAN {MOST_VALUES + 3}", 2), *rest]

    def test_filters_say_the_same_as_their_plain_words(self, index: SearchIndex) -> None:
        """`Filters.admits` is the rule; here every engine is held to it."""
        shelve(index)
        kept = {
            entry.document_id: entry.facets
            for name, issuer, kind, day, dossier, secrecy, level in _PAPERS
            for entry in entries_for(
                IndexedDocument(
                    name,
                    Fields(organ_name=issuer, type_code=kind, issued_date=day, secrecy=secrecy),
                    level,
                    dossier,
                ),
                [a_page("x")],
            )
        }
        for values in kept.values():
            for facet in fields(values):
                value = getattr(values, facet.name)
                narrowed = (
                    Filters(since=value) if facet.name == "issued" else Filters(**{facet.name: (value,)})
                )
                if value:
                    seen = {name for name, other in kept.items() if name != "f" and narrowed.admits(other)}
                    assert set(names(ask(index, filters=narrowed))) == seen, narrowed


def counts_beyond(index: SearchIndex, pages: int) -> Candidates:
    """Fill the index with `pages` pages of one body and ask; for engines that are quick at it."""
    per = 500
    words = [a_page("kế hoạch công tác", page) for page in range(1, per + 1)]
    for n in range(pages // per):
        known = Fields(organ_name="CƠ QUAN", issued_date="2024-01-02")
        index.replace(f"d{n}", entries_for(IndexedDocument(f"d{n}", known), words), 1)
    index.commit()
    found = ask(index, Actor("r", "R", frozenset({Role.READER})), limit=3)
    assert (found.total, found.more) == (min(pages, COUNTED), pages > COUNTED)
    return found
