"""The corpus on the shelf, once for all search tests that need it, and what an index on the server leaves behind."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch

from search.index import SearchIndex, open_index
from tests.cases.search_world import ReadingRoom, corpus_truth, shelve_corpus
from tests.tools.servers import Servers

Shelf = tuple[ReadingRoom, SearchIndex]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    corpus_truth()
    room, index = ReadingRoom(), open_index(f"tantivy://{tmp_path_factory.mktemp('corpus')}/index")
    shelve_corpus(room, index)
    yield room, index
    index.close()


@pytest.fixture(scope="module")
def elastic_shelf(servers: Servers) -> Iterator[Shelf]:
    """The same corpus on Elasticsearch."""
    corpus_truth()
    address = f"{servers.url('elastic')}/t{secrets.token_hex(6)}", "elastic", servers.secret("elastic")
    with administered(address):
        room, index = ReadingRoom(), open_index(*address)
        index.commit()
        with index.rebuild() as fresh:
            shelve_corpus(room, fresh)
        yield room, index
        index.close()


@pytest.fixture
def server(elastic: tuple[str, str, str]) -> Iterator[Elasticsearch]:
    """The server as an administrator sees it, for what happens behind our back."""
    with administered(elastic) as client:
        yield client


@contextmanager
def administered(elastic: tuple[str, str, str]) -> Iterator[Elasticsearch]:
    """A client of the server; at the end everything of this alias is gone from it."""
    url, user, password = elastic
    parts, alias = urlsplit(url), url.rsplit("/", 1)[1]
    with closing(Elasticsearch(f"{parts.scheme}://{parts.netloc}", basic_auth=(user, password))) as client:
        yield client
        for name in list(client.indices.get(index=f"{alias}*", expand_wildcards="all")):
            client.indices.delete(index=name)
        client.cluster.delete_component_template(name=f"{alias}-*")
