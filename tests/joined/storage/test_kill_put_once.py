"""kill -9 anywhere inside put_once: afterwards the key is absent or whole, and the next put succeeds."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.blobs import Stored
from storage.folder import INCOMING, FolderStore

ROUNDS = 60
SIZE = 3 << 20

CHILD = """
import sys
from pathlib import Path
from storage.folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(1000):
    store.put_once(f"k/{number % 7}/{number:04d}", Path(sys.argv[2]))
    print(number, flush=True)
"""


@pytest.mark.joined
def test_interrupted_put_leaves_no_half_key(tmp_path: Path) -> None:
    dice = random.Random(9)
    root, source = tmp_path / "store", tmp_path / "source"
    source.write_bytes(dice.randbytes(SIZE))
    whole = hashlib.sha256(source.read_bytes()).hexdigest()
    for turn in range(ROUNDS):
        folder = root / str(turn)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), str(source)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0, 0.12))
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().split()
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        store = FolderStore(folder)
        assert list((folder / INCOMING).iterdir()) == []
        kept = sorted(store.keys())
        for key in kept:
            assert len(store.read(key, whole)) == SIZE
        acknowledged = {f"k/{int(n) % 7}/{int(n):04d}" for n in said}
        assert acknowledged <= set(kept)
        assert len(kept) <= len(acknowledged) + 1
        late = f"k/{len(said) % 7}/{len(said):04d}"
        assert store.put_once(late, source) == Stored(late, whole, SIZE)


@pytest.mark.joined
@pytest.mark.parametrize(
    "call",
    ["write", "fchmod", "fsync", "linkat,link", "mkdir", "unlink,unlinkat", "flock", "read", "fadvise64"],
)
def test_killed_at_each_system_call(tmp_path: Path, call: str) -> None:
    """strace kills the child at the n-th call of one kind, n = 1, 2, 3 …, until it gets through."""
    if not Path("/usr/bin/strace").exists():
        pytest.skip("strace is not installed: the random kills above still run")
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    whole = hashlib.sha256(source.read_bytes()).hexdigest()
    once = (
        "import sys; from pathlib import Path; from storage.folder import FolderStore; "
        "s = FolderStore(Path(sys.argv[1])); print(s.put_once('a/b/c', Path(sys.argv[2])))"
    )
    killed = 0
    for n in (1, 2, 3, 4, 5, 6, 8, 12):
        folder = tmp_path / f"store-{n}"
        if call == "read":
            n += 300  # the interpreter itself reads a lot before it comes to the point
        done = subprocess.run(
            [
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                f"inject={call}:signal=KILL:when={n}",
                sys.executable,
                "-c",
                once,
                str(folder),
                str(source),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        killed += done.returncode != 0
        store = FolderStore(folder)
        assert store.size("a/b/c") in (None, 100_000)
        if done.returncode == 0:
            assert store.size("a/b/c") == 100_000
        assert store.put_once("a/b/c", source) == Stored("a/b/c", whole, 100_000)
        assert list((folder / INCOMING).iterdir()) == []
    assert killed or call in ("read", "fadvise64")
