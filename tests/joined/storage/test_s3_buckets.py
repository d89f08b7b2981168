"""What only a bucket can get wrong: versions, locks, parts, prefixes, keys of access, a killed or full server."""

import hashlib
import logging
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig

from storage.blobs import (
    BlobMissing,
    BlobUnreadable,
    Conflict,
    Measured,
    StoreAway,
    Stored,
    Unavailable,
    open_blobs,
)
from storage.s3 import S3Store
from storage.s3_patience import Patience
from storage.s3_staging import S3Staging
from tests.cases.blob_store import KEY, sha
from tests.tools.behind_minio import BehindMinio
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined

QUICK = Patience(total=5, pause=0.01)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(300_000))
    return path


@pytest.fixture
def client(s3_bucket: tuple[str, str, str]) -> Iterator[Minio]:
    """The stock client, to look from outside."""
    url, access, secret = s3_bucket
    pool = urllib3.PoolManager(timeout=20, retries=False)
    yield Minio(url.split("/")[2], access, secret, secure=False, http_client=pool)
    pool.clear()


def _named(bucket: tuple[str, str, str], name: str) -> tuple[str, str, str]:
    return f"{bucket[0].rpartition('/')[0]}/{name}", *bucket[1:]


# --- the bucket itself


def test_bucket_is_made_once_with_versions(s3_bucket: tuple[str, str, str], client: Minio) -> None:
    name = f"made-{os.urandom(4).hex()}"
    store = S3Store(*_named(s3_bucket, f"{name}/deep/in"), patience=QUICK)
    with pytest.raises(StoreAway) as fault:
        store.size(KEY)
    assert "vanthu init" in fault.value.tell
    try:
        for _ in range(2):
            assert store.ensure_bucket().endswith("old versions kept")
        assert client.get_bucket_versioning(name).status == "Enabled"
        rules = {rule.rule_id: rule for rule in client.get_bucket_lifecycle(name).rules}  # type: ignore[union-attr]
        assert rules["staging"].rule_filter.prefix == "deep/in/staging/"  # type: ignore[union-attr]
        assert list(store.keys()) == []
    finally:
        for each in client.list_objects(name, recursive=True, include_version=True):
            client.remove_object(name, each.object_name or "", version_id=each.version_id)
        client.remove_bucket(name)


def test_bucket_that_is_lost_is_not_an_empty_one(s3_bucket: tuple[str, str, str], source: Path) -> None:
    store = S3Store(*_named(s3_bucket, "there-is-no-such-bucket"), patience=QUICK)
    for ask in (
        lambda: store.read(KEY, ""),
        lambda: store.size(KEY),
        lambda: store.measure(KEY),
        store.probe,
    ):
        with pytest.raises(StoreAway):
            ask()
    with pytest.raises(StoreAway):
        list(store.keys())
    assert isinstance(store.put_once(KEY, source), Unavailable)


def test_stores_under_two_prefixes_know_nothing_of_each_other(
    s3_bucket: tuple[str, str, str], source: Path
) -> None:
    url, *keys = s3_bucket
    one, two, root = (
        open_blobs(f"{url}/a", *keys),
        open_blobs(f"{url}/a%20b/c", *keys),
        open_blobs(url, *keys),
    )
    one.put_once(KEY, source)
    assert two.size(KEY) is None
    two.put_once(KEY, source)
    assert list(one.keys()) == list(two.keys()) == [KEY]
    assert [line.key for line in two.listing("c")] == [KEY]
    assert sorted(root.keys()) == [f"a b/c/{KEY}", f"a/{KEY}"]


def test_secrets_are_nowhere_to_be_seen(
    s3_bucket: tuple[str, str, str], source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url, access, _ = s3_bucket
    wrong = "not-the-secret-0123456789"
    store = S3Store(url, access, wrong, patience=QUICK)
    end = store.put_once(KEY, source)
    assert isinstance(end, Unavailable)
    with pytest.raises(StoreAway) as fault:
        store.read(KEY, "")
    assert "khóa" in fault.value.tell
    said = "".join(traceback.format_exception(fault.value)) + repr(store) + str(vars(store)) + end.reason
    said += repr(store.bucket.wire) + str(vars(store.bucket.wire)) + caplog.text
    assert wrong not in said
    assert access not in said


# --- versions and locks


@pytest.fixture
def locked(s3_bucket: tuple[str, str, str], client: Minio, servers: Servers) -> Iterator[BehindMinio]:
    """A bucket that refuses to forget anything for a day; only from behind can it be thrown away."""
    name = f"locked-{os.urandom(4).hex()}"
    client.make_bucket(name, object_lock=True)
    client.set_object_lock_config(name, ObjectLockConfig(COMPLIANCE, 1, DAYS))
    behind = BehindMinio(Path(servers.state["store"]["folder"]), _named(s3_bucket, name)[0])
    yield behind
    shutil.rmtree(behind.bucket)


def test_bucket_that_keeps_and_locks_every_version(
    s3_bucket: tuple[str, str, str], client: Minio, locked: BehindMinio, source: Path, tmp_path: Path
) -> None:
    name = locked.bucket.name
    bucket = _named(s3_bucket, name)
    store, staging = S3Store(*bucket, patience=QUICK), S3Staging(*bucket, patience=QUICK)
    good, other = sha(source.read_bytes()), tmp_path / "other"
    other.write_bytes(os.urandom(300_000))
    assert isinstance(store.put_once(KEY, source), Stored)
    assert store.put_once(KEY, other) == Conflict(good)
    store.put_once("other", other)
    locked.swap(KEY, "other")
    assert store.measure(KEY) == Measured(sha(other.read_bytes()), 300_000)
    assert isinstance(store.mend(KEY, source, good), Stored)
    assert store.read(KEY, good) == source.read_bytes()
    versions = [
        v for v in client.list_objects(name, prefix=KEY, include_version=True) if v.object_name == KEY
    ]
    assert len(versions) == 2
    with pytest.raises(S3Error):
        client.remove_object(name, KEY, version_id=versions[0].version_id)
    aside = [o.object_name for o in client.list_objects(name, prefix="damaged/", recursive=True)]
    assert aside == [f"damaged/{KEY}/{sha(other.read_bytes())}"]
    client.remove_object(name, KEY)  # a mark, no more
    with pytest.raises(BlobMissing):
        store.read(KEY, good)
    assert isinstance(store.mend(KEY, source, good), Stored)
    assert sorted(store.keys()) == [KEY, "other"]
    assert staging.hold("draft", source) == good
    staging.drop("draft")
    assert list(staging.names()) == []
    assert staging.hold("draft", other) == sha(other.read_bytes())
    assert store.probe()


# --- large objects


def test_object_in_parts(s3_bucket: tuple[str, str, str], client: Minio, tmp_path: Path) -> None:
    store = S3Store(*s3_bucket, patience=QUICK, part=5 << 20)
    large, other = tmp_path / "large", tmp_path / "other"
    large.write_bytes(os.urandom((10 << 20) + 12345))
    other.write_bytes(os.urandom((10 << 20) + 12345))
    good, size = sha(large.read_bytes()), large.stat().st_size
    for _ in range(2):
        assert store.put_once(KEY, large) == Stored(KEY, good, size)
    assert "-" in (client.stat_object(s3_bucket[0].rpartition("/")[2], KEY).etag or ""), (
        "was not sent in parts"
    )
    assert store.put_once(KEY, other) == Conflict(good)
    assert (
        b"".join(store.stream_range(KEY, good, (5 << 20) - 10, (5 << 20) + 10))
        == (large.read_bytes()[(5 << 20) - 10 : (5 << 20) + 10])
    )
    for exact in (5 << 20, 10 << 20):
        edge = tmp_path / "edge"
        edge.write_bytes(os.urandom(exact))
        assert store.put_once(f"edge/{exact}", edge) == Stored(f"edge/{exact}", sha(edge.read_bytes()), exact)


HUGE = """
import hashlib, resource, sys
from pathlib import Path
from storage.s3 import S3Store
url, access, secret, source, out = sys.argv[1:]
store = S3Store(url, access, secret)
store.probe()
now = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (now + (64 << 20), now + (64 << 20)))
stored = store.put_once("huge", Path(source))
store.copy_out("huge", Path(out), stored.sha256)
print(sum(map(len, store.stream_range("huge", stored.sha256, 0, 40 << 20))), stored.size, stored.sha256)
"""


def test_huge_object_never_lies_in_memory(s3_bucket: tuple[str, str, str], tmp_path: Path) -> None:
    huge, size = tmp_path / "huge", 130 << 20
    with huge.open("wb") as out:
        out.truncate(size)
    done = subprocess.run(
        [sys.executable, "-c", HUGE, *s3_bucket, str(huge), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-800:]
    with huge.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    assert done.stdout.split() == [str(40 << 20), str(size), digest]
    assert (tmp_path / "out").stat().st_size == size
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


# --- a server that is damaged, killed, full


def test_record_of_the_server_is_damaged(
    s3_bucket: tuple[str, str, str], servers: Servers, source: Path
) -> None:
    """The server then refuses the key altogether; its administrator removes the record, and the mend succeeds."""
    store = S3Store(*s3_bucket, patience=QUICK)
    behind = BehindMinio(Path(servers.state["store"]["folder"]), s3_bucket[0])
    good = sha(source.read_bytes())
    store.put_once(KEY, source)
    behind.spoil_record(KEY)
    for ask in (store.measure, store.size, lambda key: store.read(key, good)):
        with pytest.raises(BlobUnreadable):
            ask(KEY)
    assert isinstance(store.put_once(KEY, source), Unavailable)
    assert isinstance(store.mend(KEY, source, good), Unavailable)
    behind.remove(KEY)
    assert isinstance(store.mend(KEY, source, good), Stored)
    assert store.read(KEY, good) == source.read_bytes()


CHILD = """
import sys
from pathlib import Path
from storage.s3 import S3Store
url, access, secret, source = sys.argv[1:]
store = S3Store(url, access, secret, part=5 << 20)
print("ready", flush=True)
for number in range(1000):
    store.put_once(f"k/{number:04d}", Path(source))
    print(number, flush=True)
"""


def test_killed_client_leaves_no_half_key(s3_bucket: tuple[str, str, str], tmp_path: Path) -> None:
    dice, source = random.Random(7), tmp_path / "source"
    for turn in range(6):
        size = (1 << 20, 11 << 20)[turn % 2]  # in one request, in three parts
        source.write_bytes(dice.randbytes(size))
        whole = sha(source.read_bytes())
        url = f"{s3_bucket[0]}/{turn}"
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, url, *s3_bucket[1:], str(source)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0, 0.4))
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().split()
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        store = S3Store(url, *s3_bucket[1:], part=5 << 20)
        kept = sorted(store.keys())
        assert all(store.measure(key) == Measured(whole, size) for key in kept)
        assert {f"k/{int(number):04d}" for number in said} <= set(kept)
        assert len(kept) <= len(said) + 1
        late = f"k/{len(said):04d}"
        assert store.put_once(late, source) == Stored(late, whole, size)


def test_server_that_is_killed_comes_back_with_everything(own_servers: Servers, source: Path) -> None:
    own_servers.start("store")
    url, access, secret = (
        f"s3+{own_servers.url('store')}/archive",
        own_servers.secret("store", "access_key"),
        own_servers.secret("store", "secret_key"),
    )
    store = S3Store(url, access, secret, patience=QUICK)
    store.ensure_bucket()
    good = sha(source.read_bytes())
    kept = []
    for number in range(20):
        if number % 5 == 4:
            own_servers.kill("store")
            assert isinstance(store.put_once(f"k/{number}", source), Unavailable)
            with pytest.raises(StoreAway):
                store.read("k/0", good)
            own_servers.start("store")
        if isinstance(store.put_once(f"k/{number}", source), Stored):
            kept.append(f"k/{number}")
    assert len(kept) == 20
    assert all(store.measure(key) == Measured(good, 300_000) for key in kept)


@pytest.fixture
def small_server(own_servers: Servers) -> Iterator[Servers]:
    """A store on a disk of 160 MB."""
    place = own_servers.kinds["store"].place.folder
    place.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("only root may mount a small disk here")
    try:
        own_servers.start("store")
        yield own_servers
    finally:
        own_servers.kill("store")
        subprocess.run(["umount", str(place)], check=True)


def test_full_server(small_server: Servers, tmp_path: Path) -> None:
    store = S3Store(
        f"s3+{small_server.url('store')}/archive",
        small_server.secret("store", "access_key"),
        small_server.secret("store", "secret_key"),
        patience=QUICK,
    )
    store.ensure_bucket()
    big = tmp_path / "big"
    big.write_bytes(os.urandom(30 << 20))
    good, kept = sha(big.read_bytes()), []
    for number in range(8):
        end = store.put_once(f"k/{number}", big)
        if isinstance(end, Unavailable):
            break
        kept.append(f"k/{number}")
    else:
        pytest.fail("the disk never filled")
    assert kept
    assert sorted(store.keys()) == kept
    assert all(store.measure(key) == Measured(good, 30 << 20) for key in kept)
