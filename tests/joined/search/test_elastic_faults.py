"""A server in trouble: gone, slow, lying, full, or changed behind our back. Never an empty answer, never a hang."""

import base64
import logging
import secrets
import socket
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch

from records.errors import ArchiveFault, Away
from search import elastic_door
from search.index import SCHEMA, IndexedVersion, SearchIndex, open_index
from tests.cases.search_index import ask, names, put
from tests.tools.fault_proxy import Fault, FaultProxy

pytestmark = pytest.mark.joined
Address = tuple[str, str, str]
MISSING, AWAY = "search-index-missing", "search-index-away"

READS: dict[str, Callable[[SearchIndex], object]] = {
    "find": lambda i: ask(i, "nội dung"),
    "count": lambda i: i.count(),
    "probe": lambda i: i.probe(),
    "documents": lambda i: list(i.documents()),
}
WRITES: dict[str, Callable[[SearchIndex], object]] = {
    "replace": lambda i: put(i, "d2", "nội dung", version=1),
    "remove": lambda i: i.remove("d1", 2),
    "commit": lambda i: i.commit(),
}
ALL = {**READS, **WRITES}


@pytest.fixture
def index(elastic: Address, server: Elasticsearch) -> Iterator[SearchIndex]:
    """An index with one document."""
    made = open_index(*elastic)
    made.commit()
    put(made, "d1", "nội dung", version=1)
    made.commit()
    yield made
    made.close()


@pytest.fixture
def alias(elastic: Address) -> str:
    return elastic[0].rsplit("/", 1)[1]


@pytest.fixture
def concrete(index: SearchIndex, alias: str, server: Elasticsearch) -> str:
    return next(iter(server.indices.get_alias(name=alias)))


@pytest.fixture
def proxy(index: SearchIndex, elastic: Address) -> Iterator[FaultProxy]:
    parts = urlsplit(elastic[0])
    with FaultProxy(str(parts.hostname), int(parts.port or 0)) as between:
        yield between


@pytest.fixture
def through(proxy: FaultProxy, elastic: Address, alias: str) -> Iterator[SearchIndex]:
    """The same index, reached through the proxy."""
    made = open_index(f"http://127.0.0.1:{proxy.port}/{alias}", *elastic[1:])
    yield made
    made.close()


def codes(index: SearchIndex, acts: dict[str, Callable[[SearchIndex], object]]) -> dict[str, str]:
    """Return the code each act ends with, "" for none."""
    found = {}
    for name, act in acts.items():
        try:
            act(index)
            found[name] = ""
        except Away as fault:
            assert "Hồ sơ vẫn an toàn" in fault.tell
            found[name] = fault.code
    return found


def _deleted(server: Elasticsearch, alias: str, concrete: str) -> None:
    server.indices.delete(index=concrete)


def _renamed(server: Elasticsearch, alias: str, concrete: str) -> None:
    server.indices.delete_alias(index=concrete, name=alias)


def _closed(server: Elasticsearch, alias: str, concrete: str) -> None:
    server.indices.close(index=concrete)


def _stranger(server: Elasticsearch, alias: str, concrete: str) -> None:
    """Somebody's index under our alias, with fields as the server guessed them."""
    server.indices.delete(index=concrete)
    server.index(
        index=f"{alias}-other", document={"fo": "noi dung", "level": "open", "doc": "x"}, refresh=True
    )
    server.indices.put_alias(index=f"{alias}-other", name=alias)


def _forged(server: Elasticsearch, alias: str, concrete: str) -> None:
    """An index with one of our names, and guessed fields."""
    server.indices.delete(index=concrete)
    server.index(index=concrete, document={"fo": "noi dung", "level": "open", "doc": "x"}, refresh=True)
    server.indices.put_alias(index=concrete, name=alias)


def _older(server: Elasticsearch, alias: str, concrete: str) -> None:
    """An index that an older program made."""
    mapping = {"level": {"type": "keyword"}, "fo": {"type": "text"}, "doc": {"type": "keyword"}}
    old = f"{alias}-v1-{secrets.token_hex(8)}"
    server.indices.delete(index=concrete)
    server.indices.create(index=old, mappings={"properties": mapping}, aliases={alias: {}})
    server.index(index=old, document={"fo": "noi dung", "level": "open", "doc": "x"}, refresh=True)


def _twice(server: Elasticsearch, alias: str, concrete: str) -> None:
    second = concrete[:-4] + "ffff"
    mappings = server.indices.get_mapping(index=concrete)[concrete]["mappings"]
    server.indices.create(index=second, mappings=mappings, aliases={alias: {}})


@pytest.mark.parametrize("damage", [_deleted, _renamed, _closed, _stranger, _forged, _older, _twice])
def test_what_is_not_our_index_is_a_fault_until_it_is_rebuilt(
    server: Elasticsearch, elastic: Address, index: SearchIndex, alias: str, concrete: str, damage
) -> None:
    damage(server, alias, concrete)
    fresh = open_index(*elastic)  # one that has never seen a good index, besides the one that has
    before = set(server.indices.get(index=f"{alias}*", expand_wildcards="all"))
    for one in (index, fresh):
        lax: set[str] = set()
        if damage is _twice:
            lax = {
                "find",
                "documents",
            }  # all hits come from the one, nothing is missing; only writing is unclear
        elif damage is _forged and one is index:
            lax = set(ALL) - {"find"}  # the very name it has looked at before: told by its entries alone
        found = {name: code for name, code in codes(one, ALL).items() if name not in lax}
        assert set(found.values()) == {MISSING}, found
    assert set(server.indices.get(index=f"{alias}*", expand_wildcards="all")) == before, "nothing was made"
    with fresh.rebuild() as new:
        put(new, "d3", "nội dung mới", version=1)
    for one in (index, fresh):
        assert names(ask(one, "nội dung")) == [("d3", 1)]
    left = server.indices.get(index=f"{alias}-v*", expand_wildcards="all")
    assert len(left) == 1, "the damaged one is gone"
    fresh.close()


def test_where_there_has_never_been_an_index_only_commit_makes_one(
    elastic: Address, server: Elasticsearch
) -> None:
    made = open_index(*elastic)
    assert set(codes(made, {**READS, "replace": WRITES["replace"]}).values()) == {MISSING}
    made.commit()
    assert ask(made, "nội dung").total == made.count() == 0
    made.close()


def test_a_full_disk_stops_writing_and_not_reading(
    index: SearchIndex, server: Elasticsearch, concrete: str
) -> None:
    """What the server itself does at its flood-stage watermark."""
    server.indices.put_settings(index=concrete, settings={"index.blocks.read_only_allow_delete": True})
    found = codes(index, {**READS, "replace": WRITES["replace"], "remove": WRITES["remove"]})
    assert {name for name, code in found.items() if code == "search-index-unwritable"} == {
        "replace",
        "remove",
    }
    assert {code for name, code in found.items() if name in READS} == {""}
    server.indices.put_settings(index=concrete, settings={"index.blocks.read_only_allow_delete": None})
    assert set(codes(index, ALL).values()) == {""}


@pytest.mark.parametrize("block", ["read", "metadata", "write"])
def test_other_blocks_are_never_an_empty_answer(
    index: SearchIndex, server: Elasticsearch, concrete: str, block: str
) -> None:
    server.indices.add_block(index=concrete, block=block)
    found = codes(index, ALL)
    blocked = {"read": ("find", "count", "documents"), "write": ("replace", "remove")}.get(block, ())
    assert all(found[name] for name in blocked), found
    server.indices.put_settings(index=concrete, settings={f"index.blocks.{block}": None})
    assert ask(index, "nội dung").total >= 1


def test_a_server_that_is_not_there(elastic: Address) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        gone = open_index(f"http://127.0.0.1:{taken.getsockname()[1]}/x", "elastic", "geheim")
        assert set(codes(gone, ALL).values()) == {AWAY}
        with pytest.raises(Away), gone.rebuild():
            pass
        gone.close()
    nowhere = open_index("http://no-such-host.invalid/x", "elastic", "geheim")
    assert codes(nowhere, {"find": READS["find"]}) == {"find": AWAY}
    nowhere.close()


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_door, "REQUEST", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        index = open_index(f"http://127.0.0.1:{mute.getsockname()[1]}/x")
        assert codes(index, {"find": READS["find"], "replace": WRITES["replace"]}) == {
            "find": AWAY,
            "replace": AWAY,
        }
        index.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=503, body=b'{"error":{"type":"unavailable_shards_exception"},"status":503}'),
        Fault(
            "status", status=429, body=b'{"error":{"type":"es_rejected_execution_exception"},"status":429}'
        ),
        Fault("status", status=502, body=b"<html>Bad Gateway</html>"),
        Fault("foreign", body=b"<html>log in to this network</html>"),
        Fault("foreign", body=b'{"hits":{"hits":[],"total":{"value":0}},"_shards":{"failed":0},"count":0}'),
        Fault("reset", after=10),
        Fault("cut", after=10),
        Fault("refuse"),
    ],
    ids=["503", "429", "502", "web-page", "somebody-else", "reset", "cut", "refused"],
)
def test_an_answer_that_is_none_is_a_fault_after_a_few_tries(
    through: SearchIndex, proxy: FaultProxy, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.spoil(fault)
    with monkeypatch.context() as impatient:
        impatient.setattr(elastic_door, "REQUEST", 1.0)
        impatient.setattr(elastic_door, "_PAUSE", 0.01)
        for name, act in ALL.items():
            proxy.forget()
            assert codes(through, {name: act}) == {name: AWAY}
            assert 2 <= proxy.calls() <= elastic_door.TRIES
    proxy.heal()
    assert set(codes(through, ALL).values()) == {""}


def test_half_an_answer_is_a_fault_that_quotes_nothing(through: SearchIndex, proxy: FaultProxy) -> None:
    half = b'{"hits":{"hits":[{"_source":{"fo":"noi dung'
    proxy.spoil(Fault("foreign", body=half, path="_search"), Fault("shorten", path="_count", after=10))
    for act in (READS["find"], READS["count"]):
        with pytest.raises(Away) as fault:
            act(through)
        assert fault.value.code == AWAY
        assert "noi dung" not in "".join(traceback.format_exception(fault.value))


def test_an_answer_that_trickles_is_given_up(
    through: SearchIndex, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(through, "long", "nội dung " * 5000, version=1)
    through.commit()
    monkeypatch.setattr(elastic_door, "REQUEST", 0.3)
    monkeypatch.setattr(elastic_door, "TRIES", 2)
    through.close()  # what is opened next has this patience
    proxy.spoil(Fault("slow", path="_search", rate=20_000))
    assert codes(through, {"find": READS["find"]}) == {"find": AWAY}


@pytest.mark.parametrize("path", ["_alias", "_mget", "_bulk", "_refresh", "_search"])
@pytest.mark.parametrize("kind", ["lose", "status"])
def test_one_lost_answer_is_mended_by_asking_again(
    through: SearchIndex, proxy: FaultProxy, kind: str, path: str
) -> None:
    for nth in (1, 2):
        proxy.spoil(Fault(kind, path=path, nth=nth, times=1))
        put(through, "d2", "nội dung", *["trang"] * nth, version=nth)
        through.commit()
        assert ask(through, "nội dung").total == 2
        proxy.heal()
        assert list(through.documents()) == [IndexedVersion("d1", 1, 1), IndexedVersion("d2", nth, nth + 1)]


@pytest.mark.parametrize(
    "method, path", [("PUT", f"-v{SCHEMA}-"), ("POST", "_aliases"), ("DELETE", f"-v{SCHEMA}-")]
)
def test_a_rebuild_bears_lost_answers(
    through: SearchIndex, proxy: FaultProxy, server: Elasticsearch, alias: str, method: str, path: str
) -> None:
    """Also of the switch itself: an index that has become the one in use is never deleted for it."""
    if method == "DELETE":
        server.indices.create(index=f"{alias}-v{SCHEMA}-{secrets.token_hex(8)}")
    proxy.spoil(Fault("lose", method=method, path=path, times=1))
    try:
        with through.rebuild() as fresh:
            put(fresh, "new", "nội dung", version=1)
        ended = ["new"]
    except Away as fault:
        assert (fault.code, method) == (MISSING, "PUT"), "the name is taken: by our own try"
        ended = ["d1"]
    proxy.heal()
    assert [name for name, _ in names(ask(through, "nội dung"))] == ended
    with through.rebuild() as fresh:
        put(fresh, "again", "nội dung", version=1)
    assert len(server.indices.get(index=f"{alias}-v*")) == 1


def test_the_switch_that_never_answers_leaves_both_indices(
    through: SearchIndex, proxy: FaultProxy, server: Elasticsearch, alias: str, concrete: str
) -> None:
    proxy.spoil(Fault("refuse", path="_aliases"))
    with pytest.raises(Away) as fault, through.rebuild() as fresh:
        put(fresh, "new", "nội dung", version=1)
    assert fault.value.code == AWAY
    assert len(server.indices.get(index=f"{alias}-v*")) == 2
    proxy.heal()
    assert names(ask(through, "nội dung")) == [("d1", 1)]


def test_a_wrong_password_is_told_and_never_shown(
    elastic: Address, index: SearchIndex, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    password = "mật-khẩu-bí-mật"
    wrong = open_index(elastic[0], elastic[1], password)
    traces = []
    for act in ALL.values():
        with pytest.raises(Away) as fault:
            act(wrong)
        assert fault.value.code == "search-index-refused"
        assert "VANTHU_SEARCH_PASSWORD_FILE" in fault.value.tell
        traces.append("".join(traceback.format_exception(fault.value)))
    secret = base64.b64encode(f"{elastic[1]}:{password}".encode()).decode()
    for told in (repr(wrong), str(wrong), repr(vars(wrong)), *traces, caplog.text):
        assert password not in told
        assert secret not in told
    wrong.close()
    with pytest.raises(ArchiveFault) as unfit:
        open_index(f"http://elastic:{password}@127.0.0.1:9200/x")
    assert unfit.value.code == "bad-search-url"
    assert password not in str(unfit.value) + unfit.value.tell
