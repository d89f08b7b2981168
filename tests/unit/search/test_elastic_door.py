"""What needs no server: addresses, the words of a plan, and what each answer of a server means."""

import pytest

from records.errors import ArchiveFault, Unfit
from search.elastic_door import judge
from search.elastic_entries import definition, query, source
from search.elastic_scope import scope
from search.elastic_write import Change
from search.entry import entries_for
from search.filters import Filters
from search.index import Allowed, open_index
from search.plan import In, first_stage, parse, second_stage
from tests.cases.search_world import a_document, a_page


@pytest.mark.parametrize(
    "url, shown",
    [
        ("http://search:9201/vanthu", "http://search:9201/vanthu"),
        ("https://search.example/vanthu/", "https://search.example:9200/vanthu"),
        ("http://[::1]:9200/van-thu_2", "http://[::1]:9200/van-thu_2"),
    ],
)
def test_addresses(url: str, shown: str) -> None:
    opened = open_index(url, "elastic", "geheim")
    assert repr(opened) == f"ElasticIndex({shown})"
    opened.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://search:9200",
        "http://search:9200/",
        "http://search:9200/a/b",
        "http://search:9200/Vanthu",
        "http://search:9200/_all",
        "http://search:9200/a,b",
        "http://search:9200/a*",
        "http://search:9200/-a",
        "http://search:9200/a?x=1",
        "http://search:9200/a#b",
        "http://search:99999999/a",
        "http://search:port/a",
        "http:///a",
        "http://[::1/a",
        "ftp://search:9200/a",
        "http://elastic:geheim@search:9200/a",
        "http://search:9200/" + "a" * 200,
    ],
)
def test_other_addresses_are_told_without_the_password(url: str) -> None:
    with pytest.raises(Unfit) as fault:
        open_index(url)
    assert fault.value.code == "bad-search-url"
    assert "VANTHU_SEARCH_PASSWORD_FILE" in fault.value.tell
    assert "geheim" not in str(fault.value)


@pytest.mark.parametrize(
    "status, kind, reason, code",
    [
        (401, "security_exception", "unable to authenticate", "refused"),
        (403, "security_exception", "is unauthorized", "refused"),
        (
            403,
            "cluster_block_exception",
            "index [x] blocked by: [FORBIDDEN/8/index write (api)];",
            "unwritable",
        ),
        (429, "cluster_block_exception", "blocked by: [TOO_MANY_REQUESTS/12/disk usage …];", "unwritable"),
        (503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered];", "away"),
        (413, "", "", "unwritable"),
        (404, "index_not_found_exception", "no such index [x]", "missing"),
        (400, "index_closed_exception", "closed", "missing"),
        (400, "strict_dynamic_mapping_exception", "mapping set to strict", "missing"),
        (404, "search_context_missing_exception", "No search context found", "away"),
        (429, "es_rejected_execution_exception", "rejected", "away"),
        (429, "circuit_breaking_exception", "Data too large", "away"),
        (503, "no_shard_available_action_exception", "", "away"),
        (502, "", "", "away"),
        (500, "null_pointer_exception", "", "away"),
    ],
)
def test_what_an_answer_means(status: int, kind: str, reason: str, code: str) -> None:
    fault = judge(status, {"type": kind, "reason": reason})
    assert fault.code == f"search-index-{code}"
    assert fault.tell


@pytest.mark.parametrize("error", [None, "no handler found", [], {}, {"type": None}])
def test_an_answer_in_other_words_is_a_fault_too(error: object) -> None:
    assert judge(500, error).code == "search-index-away"


def test_the_text_of_a_paper_is_never_part_of_a_reason() -> None:
    told = judge(400, {"type": "document_parsing_exception", "reason": "Preview of field's value: 'mật'"})
    assert "mật" not in str(told)
    assert isinstance(told, ArchiveFault)


def test_no_token_is_so_long_that_the_server_would_cut_it() -> None:
    letters = "x" * 900 + " " + "y" * 900 + " 1-" + "Z" * 900
    (entry,) = entries_for(a_document("d", letters, letters), [a_page(letters)])
    kept = source(entry, 3)
    assert max(len(token) for field in In for token in kept[field.value].split()) < 255


def test_every_field_of_an_entry_has_its_place_in_the_mapping() -> None:
    (entry,) = entries_for(a_document("d", "12-KH/TU", "Về việc"), [a_page("nội dung")])
    mapping = definition()["mappings"]
    assert set(source(entry, 1)) <= set(mapping["properties"])
    assert mapping["dynamic"] == "strict"
    assert Change("d", (entry,), 1).pages == {1}


def test_what_comes_first_stands_among_the_pairs_of_the_one_gate() -> None:
    """Beside it the server would have to score every page that shares a pair."""
    mine = scope(Allowed(["open"], []), Filters(), [])
    told = query(first_stage(parse("quyết định điều động công chức")), mine)["bool"]
    (gate,) = told["must"]
    assert [clause for clause in gate["bool"]["should"] if "constant_score" in clause]
    assert told["should"] == []


def test_filters_add_nothing_to_the_score() -> None:
    mine = scope(Allowed(["open", "restricted"], ["body:x:u1"]), Filters(year=(2025,)), ["d1"])
    told = query(first_stage(parse('"kế hoạch" 12-KH/TU năm')), mine)["bool"]
    seen = [{"terms": {"level": ["open", "restricted"]}}, {"terms": {"parties": ["body:x:u1"]}}]
    assert told["filter"][0] == {"bool": {"should": seen, "minimum_should_match": 1}}
    assert told["filter"][1] == {"terms": {"year": [2025]}}
    assert all(gate["bool"]["minimum_should_match"] == 1 for gate in told["filter"][2:])
    assert told["must_not"] == [{"terms": {"doc": ["d1"]}}]
    assert told["minimum_should_match"] == 0
    every = scope(Allowed(["open"], []), Filters(), [])
    assert query(second_stage(parse("một hai ba")), every)["bool"]["minimum_should_match"] == 2
