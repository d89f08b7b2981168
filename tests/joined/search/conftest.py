"""The corpus on the shelf, once for all search tests that need it."""

from collections.abc import Iterator

import pytest

from search.index import SearchIndex, open_index
from tests.cases.search_world import ReadingRoom, corpus_truth, shelve_corpus


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReadingRoom, SearchIndex]]:
    corpus_truth()
    room, index = ReadingRoom(), open_index(f"tantivy://{tmp_path_factory.mktemp('corpus')}/index")
    shelve_corpus(room, index)
    yield room, index
    index.close()
