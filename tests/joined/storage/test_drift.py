"""Rows on PostgreSQL against Elasticsearch, both real: the shared cases."""

from collections.abc import Iterator

import pytest

from search.index import SearchIndex, open_index
from tests.cases.drift import DriftCases

pytestmark = pytest.mark.joined


@pytest.fixture
def index(elastic: tuple[str, str, str]) -> Iterator[SearchIndex]:
    made = open_index(*elastic)
    made.commit()
    yield made
    made.close()


class TestDriftOfElasticsearch(DriftCases):
    """Every case."""
