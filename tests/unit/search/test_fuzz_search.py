"""Four hundred odd queries are answered or refused in words; ten thousand: tests/tools/fuzz_search.py."""

from pathlib import Path

from search.index import open_index
from tests.tools.fuzz_search import faults, odd_queries, shelve_some


def test_odd_queries_are_answered_or_refused_in_words(tmp_path: Path) -> None:
    index = open_index(f"tantivy://{tmp_path}/index")
    asked = list(odd_queries(400, 7))
    assert asked == list(odd_queries(400, 7))
    assert any(len(query) >= 10_000 for query in asked)
    bad, _ = faults(iter(asked), index, shelve_some(index, 30))
    index.close()
    assert bad == []
