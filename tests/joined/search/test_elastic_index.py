"""The index on a real Elasticsearch: the shared cases, then what only a server and several writers can do."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch

from search.elastic_door import Door
from search.elastic_index import ElasticIndex
from search.index import SearchIndex, open_index
from tests.cases.search_index import (
    HISTORY,
    SearchIndexCases,
    deliver,
    holds_only_version,
    put,
)

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]
Address = tuple[str, str, str]


@pytest.fixture
def server(elastic: Address) -> Iterator[Elasticsearch]:
    """The server as an administrator sees it, for what happens behind our back."""
    url, user, password = elastic
    parts = urlsplit(url)
    with closing(Elasticsearch(f"{parts.scheme}://{parts.netloc}", basic_auth=(user, password))) as client:
        yield client
        client.cluster.delete_component_template(name=f"{_alias(elastic)}-*")


@pytest.fixture
def index(elastic: Address, server: Elasticsearch) -> Iterator[SearchIndex]:
    made = open_index(*elastic)
    made.commit()
    yield made
    made.close()


def _alias(elastic: Address) -> str:
    return elastic[0].rsplit("/", 1)[1]


def _concrete(server: Elasticsearch, elastic: Address) -> list[str]:
    return sorted(server.indices.get(index=f"{_alias(elastic)}-v*", expand_wildcards="all"))


def _elsewhere(code: str, elastic: Address) -> "subprocess.Popen[str]":
    """Run `code` in another process, with `index` open on the same alias."""
    head = (
        "import os, signal, sys\nfrom search.index import open_index\n"
        "from tests.cases.search_index import ask, deliver, names, put\n"
        "index = open_index(*sys.argv[1:4])\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + code, *elastic],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestElasticIndex(SearchIndexCases):
    """Every case of the port."""


class _Paused(Door):
    """A real door that does something of ours before its n-th call."""

    def __init__(self, other: Door, nth: int, act) -> None:
        again = other.another()
        super().__init__(again.address, *(again._account or ("", "")))
        self._left, self._act = nth, act

    def call(self, work):
        self._left -= 1
        if not self._left:
            self._act()
        return super().call(work)


def _with_pause(elastic: Address, nth: int, act) -> ElasticIndex:
    made = open_index(*elastic)
    assert isinstance(made, ElasticIndex)
    made._door = _Paused(made._door, nth, act)
    return made


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("late", [1, 2, 3, 4, 5])
def test_a_writer_that_sleeps_at_any_step_overwrites_nothing(
    index: SearchIndex, elastic: Address, nth: int, late: int
) -> None:
    """Heads read, head won, pages written: whatever the newest does in between, nothing of the late one stays."""
    put(index, "d", *["trang đầu tiên"] * 2, version=0)
    sleeper = _with_pause(elastic, nth, lambda: deliver(index, "d", len(HISTORY)))
    deliver(sleeper, "d", late)
    sleeper.commit()
    sleeper.close()
    holds_only_version(index, "d", len(HISTORY))
