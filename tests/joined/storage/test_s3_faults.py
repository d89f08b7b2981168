"""A spoilt network between us and the store: never a wrong byte out, no false receipt, always an end.

F07 to F10 of docs/reliability.md, with a real server behind a proxy that spoils what passes.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storage.blobs import (
    BlobCorrupt,
    BlobFault,
    BlobUnreadable,
    Conflict,
    Measured,
    StoreAway,
    Stored,
    Unavailable,
)
from storage.objects import Side
from storage.paired import PairedStore
from storage.s3 import S3Store
from storage.s3_patience import Patience
from tests.cases.blob_store import KEY, sha
from tests.tools.fault_proxy import Fault, FaultProxy

pytestmark = [pytest.mark.joined, pytest.mark.timeout(60)]

SHORT = Patience(connect=1, silence=1, total=2, floor=1 << 20, pause=0.01)
SIZE = 3 << 20
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>busy</Message></Error>"


def _name(value: object) -> str:
    """Name a case by its fault."""
    if not isinstance(value, Fault):
        return ""
    return f"{value.kind}-{value.status}-{value.after}-{len(value.body)}"


@pytest.fixture
def proxy(s3_bucket: tuple[str, str, str]) -> Iterator[FaultProxy]:
    server = urlsplit(s3_bucket[0])
    with FaultProxy(server.hostname or "", server.port or 0) as between:
        yield between


@pytest.fixture
def direct(s3_bucket: tuple[str, str, str]) -> S3Store:
    return S3Store(*s3_bucket)


@pytest.fixture
def store(s3_bucket: tuple[str, str, str], proxy: FaultProxy) -> S3Store:
    return _through(proxy, s3_bucket)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(SIZE))
    return path


def _through(proxy: FaultProxy, bucket: tuple[str, str, str], **more: int) -> S3Store:
    url, access, secret = bucket
    name = url.rpartition("/")[2]
    return S3Store(f"s3+http://127.0.0.1:{proxy.port}/{name}", access, secret, patience=SHORT, **more)  # type: ignore[arg-type]


def _ways_to_read(store: S3Store | PairedStore, good: str, out: Path) -> list[Callable[[], bytes]]:
    def copied() -> bytes:
        store.copy_out(KEY, out, good)
        return out.read_bytes()

    return [
        lambda: store.read(KEY, good),
        copied,
        lambda: b"".join(store.stream(KEY, good)),
        lambda: b"".join(store.stream_range(KEY, good, 0, SIZE)),
    ]


# --- writing


PUT_FAULTS = [
    Fault("status", status=500),
    Fault("status", status=503, body=SLOW_DOWN),
    Fault("refuse"),
    Fault("lose"),
    Fault("cut", side="request", after=1 << 20),
    Fault("flip", side="request", after=12345),
]


def test_put_gets_through_after_some_failures(
    store: S3Store, direct: S3Store, proxy: FaultProxy, source: Path
) -> None:
    good = sha(source.read_bytes())
    for number, fault in enumerate(PUT_FAULTS):
        for times in (1, 3):
            key = f"{KEY}-{number}-{times}"
            proxy.spoil(replace(fault, method="PUT", path=key, times=times))
            assert store.put_once(key, source) == Stored(key, good, SIZE), fault
            assert proxy.calls("PUT", key) == times + 1, fault
            assert direct.measure(key) == Measured(good, SIZE)


@pytest.mark.parametrize(
    "fault",
    [
        *(fault for fault in PUT_FAULTS if fault.kind != "lose"),
        Fault("status", status=507),
        Fault("status", status=403),
        Fault("status", status=301),
        Fault("foreign"),
        Fault("slow", side="request"),
        Fault("blackhole"),
    ],
    ids=_name,
)
def test_put_that_never_gets_through_is_not_acknowledged(
    store: S3Store, direct: S3Store, proxy: FaultProxy, source: Path, fault: Fault
) -> None:
    proxy.spoil(replace(fault, method="PUT", path=KEY))
    assert isinstance(store.put_once(KEY, source), Unavailable)
    assert proxy.calls("PUT", KEY) <= SHORT.tries
    proxy.hang_up()
    if fault.kind != "blackhole":  # there the server did it and nobody heard
        assert direct.size(KEY) is None
    proxy.heal()
    assert store.put_once(KEY, source) == Stored(KEY, sha(source.read_bytes()), SIZE)


@pytest.mark.parametrize("kind", ["flip", "shorten", "foreign"])
def test_store_that_gives_back_other_bytes_than_it_was_given(
    store: S3Store, proxy: FaultProxy, source: Path, kind: str
) -> None:
    proxy.spoil(Fault(kind, method="GET", path=KEY, after=777, body=b"foreign"))
    end = store.put_once(KEY, source)
    assert isinstance(end, Unavailable)
    assert "other bytes" in end.reason
    proxy.heal()
    assert store.put_once(KEY, source) == Stored(KEY, sha(source.read_bytes()), SIZE)


def test_parts_survive_a_failure_at_each_call(
    s3_bucket: tuple[str, str, str], direct: S3Store, proxy: FaultProxy, tmp_path: Path
) -> None:
    store = _through(proxy, s3_bucket, part=5 << 20)
    source = tmp_path / "large"
    source.write_bytes(os.urandom((5 << 20) + 1))
    good, size = sha(source.read_bytes()), source.stat().st_size
    for kind in ("lose", "status"):
        for nth in range(1, 7):  # is it there? begin, part, part, complete, read back
            key = f"{kind}/{nth}"
            proxy.spoil(Fault(kind, path=key, nth=nth, times=1, body=SLOW_DOWN))
            assert store.put_once(key, source) == Stored(key, good, size)
            assert direct.measure(key) == Measured(good, size)


def test_parts_that_never_come_together_leave_no_key(
    s3_bucket: tuple[str, str, str], direct: S3Store, proxy: FaultProxy, tmp_path: Path
) -> None:
    store = _through(proxy, s3_bucket, part=5 << 20)
    source = tmp_path / "large"
    source.write_bytes(os.urandom((5 << 20) + 1))
    proxy.spoil(Fault("status", method="POST", path="uploadId", status=500))
    assert isinstance(store.put_once(KEY, source), Unavailable)
    assert direct.size(KEY) is None
    # a success that carries an error, as S3 answers when it fails half-way
    proxy.spoil(
        Fault("foreign", method="POST", path="uploadId", body=b"<Error><Code>InternalError</Code></Error>")
    )
    assert isinstance(store.put_once(KEY, source), Unavailable)
    assert direct.size(KEY) is None


# --- reading


def test_reading_goes_on_where_it_was_cut(
    store: S3Store, direct: S3Store, proxy: FaultProxy, source: Path, tmp_path: Path
) -> None:
    data = source.read_bytes()
    direct.put_once(KEY, source)
    ways = _ways_to_read(store, sha(data), tmp_path / "out")
    for fault in (
        Fault("reset", after=1 << 20, times=2),
        Fault("cut", after=1 << 20, times=2),
        Fault("status", times=3),
        Fault("refuse", times=3),
        Fault("delay", seconds=0.2),
    ):
        for read in ways:
            proxy.spoil(replace(fault, method="GET", path=KEY))
            assert read() == data, fault
        proxy.spoil(replace(fault, method="GET", path=KEY))
        assert store.measure(KEY) == Measured(sha(data), SIZE)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("flip", after=SIZE // 2), BlobCorrupt),
        (Fault("flip", after=SIZE - 1), BlobCorrupt),
        (Fault("shorten", after=SIZE - 1), BlobCorrupt),
        (Fault("shorten", after=0), BlobCorrupt),
        (Fault("foreign", body=b"somebody else's"), BlobCorrupt),
        (Fault("status", status=503, body=SLOW_DOWN), BlobUnreadable),
        (Fault("cut", after=0), BlobUnreadable),
        (Fault("cut", after=1000), StoreAway),
        (Fault("reset", after=1000), StoreAway),
        (Fault("refuse"), StoreAway),
        (Fault("slow"), StoreAway),
        (Fault("blackhole"), StoreAway),
        (Fault("status", status=404), StoreAway),
        (Fault("status", status=403), StoreAway),
    ],
    ids=_name,
)
def test_no_wrong_byte_leaves_and_the_copy_helps(
    store: S3Store,
    direct: S3Store,
    s3_copy_bucket: tuple[str, str, str],
    proxy: FaultProxy,
    source: Path,
    tmp_path: Path,
    fault: Fault,
    said: type[Exception],
) -> None:
    data = source.read_bytes()
    good = sha(data)
    copy = S3Store(*s3_copy_bucket)
    PairedStore(direct, copy, lambda *_: None).put_once(KEY, source)
    proxy.spoil(replace(fault, method="GET", path=KEY))
    got = 0
    with pytest.raises(said):
        for piece in store.stream(KEY, good, 1000):
            got += len(piece)
    assert got < SIZE
    if fault.kind not in ("slow", "blackhole"):  # the same again, and each takes its whole patience
        with pytest.raises(said):
            store.read(KEY, good)
    told: list[tuple[Side, str, str]] = []
    pair = PairedStore(store, copy, lambda *what: told.append(what))
    read = _ways_to_read(pair, good, tmp_path / "out")[fault.after % 4]
    assert read() == data
    assert {(side, key) for side, key, _ in told} == {(Side.FIRST, KEY)}


def test_failing_for_one_key_is_damage_and_for_all_is_absence(
    store: S3Store, direct: S3Store, proxy: FaultProxy, source: Path
) -> None:
    direct.put_once(KEY, source)
    proxy.spoil(Fault("status", path=KEY, status=503, body=SLOW_DOWN))
    with pytest.raises(BlobUnreadable):
        store.measure(KEY)
    with pytest.raises(BlobUnreadable):
        store.size(KEY)
    proxy.spoil(Fault("status", status=503, body=SLOW_DOWN))
    for ask in (store.measure, store.size, lambda key: list(store.keys(key)), lambda _: store.probe()):
        with pytest.raises(StoreAway):
            ask(KEY)


def test_copy_that_goes_away_half_way_leaves_nothing_acknowledged(
    store: S3Store, s3_copy_bucket: tuple[str, str, str], proxy: FaultProxy, source: Path
) -> None:
    first = S3Store(*s3_copy_bucket)
    pair = PairedStore(first, store, lambda *_: None)
    proxy.spoil(Fault("refuse", method="PUT"))
    end = pair.put_once(KEY, source)
    assert isinstance(end, Unavailable)
    assert "copy" in end.reason
    proxy.heal()
    other = source.with_name("other")
    other.write_bytes(b"other")
    assert pair.put_once(KEY, other) == Conflict(sha(source.read_bytes()))
    assert pair.put_once(KEY, source) == Stored(KEY, sha(source.read_bytes()), SIZE)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cut", after=200),
        Fault("shorten", after=200),
        Fault("foreign", body=b"<html>welcome</html>"),
        Fault("foreign", body=b"\xff\xfe"),
        Fault("foreign", body=b""),
        Fault("slow", rate=10),
        Fault("status", status=500, nth=2),
    ],
    ids=_name,
)
def test_half_a_list_never_looks_like_a_whole_one(
    store: S3Store, direct: S3Store, proxy: FaultProxy, tmp_path: Path, fault: Fault
) -> None:
    (tmp_path / "tiny").write_bytes(b"x")
    for number in range(3):
        direct.put_once(f"k/{number}", tmp_path / "tiny")
    proxy.spoil(replace(fault, path="list-type=2"))
    if fault.nth == 2:
        assert len(list(store.keys())) == 3
    for ask in (store.keys, store.listing):
        with pytest.raises(StoreAway):
            list(ask())


def test_server_that_would_write_over_objects_is_refused(store: S3Store, proxy: FaultProxy) -> None:
    proxy.spoil(Fault("status", method="PUT", path="probe/object", status=200))
    with pytest.raises(StoreAway) as fault:
        store.probe()
    assert "If-None-Match" in fault.value.tell


def test_reader_who_is_slow_does_not_count_against_the_store(
    store: S3Store, direct: S3Store, source: Path
) -> None:
    direct.put_once(KEY, source)
    got = b""
    for number, piece in enumerate(store.stream(KEY, sha(source.read_bytes()), 1 << 20)):
        got += piece
        if number < 3:
            time.sleep(SHORT.total / 2)
    assert got == source.read_bytes()


def test_nobody_home(s3_bucket: tuple[str, str, str], source: Path) -> None:
    _, access, secret = s3_bucket
    gone = S3Store("s3+http://127.0.0.1:1/bucket", access, secret, patience=SHORT)
    assert isinstance(gone.put_once(KEY, source), Unavailable)
    assert isinstance(gone.mend(KEY, source, sha(source.read_bytes())), Unavailable)
    for ask in (gone.probe, gone.ensure_bucket, lambda: gone.read(KEY, ""), lambda: gone.size(KEY)):
        with pytest.raises(StoreAway) as fault:
            ask()
        assert fault.value.tell
        assert not isinstance(fault.value, BlobFault)
