"""Measure the walk on many workers: pages a second with one, two and four, what a dead worker costs, how soon an
official's signing starts behind 10,000 page jobs, how much of a page's CPU time is not reading, and one large delivery.

    bench/pipeline.py scale [--pages N] [--full] [--pinned | --shared] | overhead [--pages N] | sign [--jobs N]
    bench/pipeline.py batch [--pages 1000]      on the embedded profile: no server is needed

Everything runs on the real servers of this machine (tests/tools/servers.py), so they share its cores with the
workers: the efficiency told here is a lower bound of what separate machines give. Pages are the corpus' 300-dpi images,
each made unlike all others by a comment in its file, so that no reading comes out of the cache.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from minio import Minio
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
SERVERS = ("postgres", "store", "copy", "elastic")
sys.path.insert(0, str(ROOT))

from bench.batch_walk import measure  # noqa: E402  the path is set one line above
from tests.tools.servers import Servers  # noqa: E402


@dataclass
class House:
    """One archive on the cluster profile in a folder of its own, and what its processes used of the processor."""

    folder: Path
    settings: dict[str, str]
    cpu: dict[str, float] = field(default_factory=dict)
    asking: "psycopg.Connection[Any] | None" = None

    def start(self, *words: str, **extra: str) -> "subprocess.Popen[bytes]":
        """Start the command with this house's settings."""
        return subprocess.Popen(
            [sys.executable, "-m", "boot", *words],
            env={**os.environ, **self.settings, **extra, "PYTHONPATH": str(ROOT)},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "errors.log").open("ab"),
        )

    def run(self, *words: str) -> None:
        """Run the command to its end; a bad one ends the measurement."""
        process = self.start(*words)
        if process.wait() != 0:
            raise SystemExit(
                f"{words}: exit {process.returncode}\n{(self.folder / 'errors.log').read_text()[-3000:]}"
            )

    def ask(self, statement: str) -> Any:
        """Return the first value the rows give. One connection asks all: each new one is a process of the server."""
        if self.asking is None:
            password = Path(self.settings["VANTHU_DATABASE_PASSWORD_FILE"]).read_text()
            self.asking = psycopg.connect(
                self.settings["VANTHU_DATABASE_URL"], password=password, autocommit=True
            )
        row = self.asking.execute(statement).fetchone()  # type: ignore[call-overload]
        return None if row is None else row[0]

    def end(self, process: "subprocess.Popen[bytes]", name: str, how: int = signal.SIGTERM) -> None:
        """End a process and note the processor time of it and of all children it waited for."""
        if process.poll() is None:
            process.send_signal(how)
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
        self.cpu[name] = self.cpu.get(name, 0.0) + used.ru_utime + used.ru_stime


@contextmanager
def fresh_house(servers: Servers) -> Iterator[House]:
    """Give an initialised house on a fresh database, buckets and index; all of it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-") as name:
        folder, tag = Path(name), f"b{os.getpid()}x{int(time.monotonic() * 1000)}"
        secret = {
            "database": servers.secret("postgres"),
            "blobs-access": servers.secret("store", "access_key"),
            "blobs-secret": servers.secret("store", "secret_key"),
            "copy-access": servers.secret("copy", "access_key"),
            "copy-secret": servers.secret("copy", "secret_key"),
            "search": servers.secret("elastic"),
        }
        for each, told in secret.items():
            path = folder / each
            path.touch(mode=0o600)
            path.write_text(told)
        server = servers.url("postgres")
        with closing(psycopg.connect(server, password=secret["database"], autocommit=True)) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(tag)))
        for store in ("store", "copy"):
            client(servers, store).make_bucket(tag)
        settings = {
            "VANTHU_DATA_DIR": str(folder / "data"),
            "VANTHU_DATABASE_URL": server.rpartition("/")[0] + f"/{tag}",
            "VANTHU_DATABASE_PASSWORD_FILE": str(folder / "database"),
            "VANTHU_BLOBS_URL": f"s3+{servers.url('store')}/{tag}",
            "VANTHU_BLOBS_ACCESS_KEY_FILE": str(folder / "blobs-access"),
            "VANTHU_BLOBS_SECRET_KEY_FILE": str(folder / "blobs-secret"),
            "VANTHU_COPY_URL": f"s3+{servers.url('copy')}/{tag}",
            "VANTHU_COPY_ACCESS_KEY_FILE": str(folder / "copy-access"),
            "VANTHU_COPY_SECRET_KEY_FILE": str(folder / "copy-secret"),
            "VANTHU_SEARCH_URL": f"{servers.url('elastic')}/{tag}",
            "VANTHU_SEARCH_USER": "elastic",
            "VANTHU_SEARCH_PASSWORD_FILE": str(folder / "search"),
            "VANTHU_WORKERS": "1",
        }
        house = House(folder, settings)
        house.run("init")
        try:
            yield house
        finally:
            if house.asking is not None:
                house.asking.close()
            with closing(psycopg.connect(server, password=secret["database"], autocommit=True)) as connection:
                for each in (tag, f"{tag}_engine"):
                    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                    connection.execute(drop.format(sql.Identifier(each)))


def client(servers: Servers, store: str) -> Minio:
    """Return a client of one of the stores."""
    return Minio(
        servers.url(store).removeprefix("http://"),
        access_key=servers.secret(store, "access_key"),
        secret_key=servers.secret(store, "secret_key"),
        secure=False,
    )


def make_batch(folder: Path, pages: int, a_document: int = 5) -> Path:
    """Write `pages` JPEG page images of the corpus, each with a comment of its own, five pages a document."""
    whole = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    corpus = whole / "pages"
    images = [image for image in sorted(corpus.glob("*.jpg")) if image.name not in held_pages(whole)]
    if not images:
        raise SystemExit(f"no corpus at {corpus}; set VANTHU_CORPUS")
    batch = folder / "batch"
    for number in range(pages):
        told = f"page {number}".encode()
        data = images[number % len(images)].read_bytes()
        comment = b"\xff\xfe" + (len(told) + 2).to_bytes(2, "big") + told
        place = batch / f"d{number // a_document:04d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"p{number:05d}.jpg").write_bytes(data[:2] + comment + data[2:])
    return batch


def held_pages(corpus: Path) -> set[str]:
    """Return the names of page images with a mark of secrecy: their documents are held and not walked."""
    truth = corpus / "ground_truth.json"
    pages = json.loads(truth.read_text(encoding="utf-8"))["pages"] if truth.exists() else []
    return {
        Path(page["image"]).name for page in pages if any(mark["kind"] == "secrecy" for mark in page["marks"])
    }


def confine(process: int, cores: set[int]) -> None:
    """Let a process, its threads and all its children run on `cores` only; what they start later inherits that."""
    import psutil

    main = psutil.Process(process)
    for one in (main, *main.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            for thread in one.threads():
                os.sched_setaffinity(thread.id, cores)


def walk(
    house: House, batch: Path, workers: int, *, pinned: bool = False, given: set[int] | None = None
) -> float:
    """Hand the batch in, then let `workers` walk it; return seconds from the start of the walk to its end.

    `pinned`: each worker and its children have one core to themselves (the servers go where they like).
    `given`: cores that whoever hands in must keep to.
    """
    giving = house.start("digitize", str(batch))
    if given:
        confine(giving.pid, given)
    pages = len(list(batch.rglob("*.jpg")))
    while house.ask("select count(*) from batches where state <> 'receiving'") in (0, None):
        time.sleep(0.1)
    running = [house.start("worker") for _ in range(workers)]
    if pinned:
        cores = sorted(os.sched_getaffinity(0))
        for number, process in enumerate(running):
            os.sched_setaffinity(
                process.pid, {cores[number % len(cores)]}
            )  # before it has any thread or child
    while house.ask("select count(*) from pages where state <> ''") == 0:
        time.sleep(0.05)
    began = time.monotonic()
    while house.ask("select count(*) from batches where state = 'finished'") == 0:
        time.sleep(0.5)
    took = time.monotonic() - began
    giving.wait()
    for number, process in enumerate(running):
        house.end(process, f"worker {number + 1}")
    read = house.ask("select count(*) from pages where state = 'read'")
    once = house.ask("select count(*) - count(distinct object) from audit where action = 'document-archived'")
    archived = house.ask("select count(*) from documents where state = 'archived'")
    documents = house.ask(
        "select count(*) from documents"
    )  # letterheads part a folder, so it is not one each
    if (read, once, archived) != (pages, 0, documents):
        raise SystemExit(f"{read} of {pages} pages read, {archived} of {documents} archived, {once} twice")
    return took


def scale(pages: int, counts: tuple[int, ...], *, pinned: bool, shared: bool) -> None:
    """Print pages a second of the same batch with each number of workers, and the parallel efficiency.

    The servers' processor time is told too: it comes off the same cores, which separate machines would not take.
    `shared`: servers and whoever hands in have no more cores than there are workers, so that one worker with its
    share of the servers has one core, and two have two: what is lost then is lost by waiting for each other.
    """
    pinned = pinned or shared
    cores = sorted(os.sched_getaffinity(0))
    servers = Servers()
    servers.start()
    heading(f"one batch of {pages} pages (300 dpi), whole walk on PostgreSQL, two MinIO, Elasticsearch")
    print(f"each worker {'has one core' if pinned else 'may use every core'}")
    if shared:
        print("servers and whoever hands in share the cores of the workers")
    heads = (
        "workers",
        "seconds",
        "pages/s",
        "speed-up",
        "efficiency",
        "worker CPU s/page",
        "servers CPU s/page",
    )
    print(" ".join(f"{head:>{max(9, len(head))}}" for head in heads))
    base = 0.0
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-batch-") as folder:
        batch = make_batch(Path(folder), pages)
        for count in counts:
            given = set(cores[:count]) if shared else set(cores)
            for name in SERVERS:
                confine(servers.pid(name) or 0, given)
            with fresh_house(servers) as house:
                before = {name: server_cpu(servers, name) for name in SERVERS}
                took = walk(house, batch, count, pinned=pinned, given=given)
                base = base or took
                cpu = sum(house.cpu.values()) / pages
                beside = sum(server_cpu(servers, name) - used for name, used in before.items()) / pages
            gain = base / took
            share = gain / min(count, os.cpu_count() or 1)
            told = f"{count:>9} {took:>9.1f} {pages / took:>9.2f} {gain:>9.2f} {share:>10.2f} "
            print(told + f"{cpu:>17.2f} {beside:>18.2f}", flush=True)
    for name in SERVERS:
        confine(servers.pid(name) or 0, set(cores))


def overhead(pages: int) -> None:
    """Print how much processor time a page costs beside its reading.

    Reading: `vanthu ocr --no-pdf` on the same images, in the same kind of child, engine and rows left out. Measured
    with a quarter of the pages and with all: the difference is what a page costs; starting a worker and its
    children is not a page's doing and is told beside it.
    """
    servers = Servers()
    servers.start()
    heading(f"processor time a page, {pages} pages of 300 dpi, one worker")
    few, all_of_them = _used(servers, pages // 4), _used(servers, pages)
    for name, (whole, read) in (("a quarter of them", few), ("all", all_of_them)):
        print(
            f"{name}: worker {whole:.1f} s, reading alone {read:.1f} s: {100 * (1 - read / whole):.1f} % beside it"
        )
    more = pages - pages // 4
    whole, read = (big - small for big, small in zip(all_of_them, few, strict=True))
    print(f"one page more: worker {whole / more:.3f} s; reading alone {read / more:.3f} s")
    print(
        f"everything but reading: {100 * (1 - read / whole):.1f} % of a page's processor time (target 15 %)"
    )


def _used(servers: Servers, pages: int) -> tuple[float, float]:
    """Return the processor seconds of a worker that walks `pages` pages, and of reading the same pages alone."""
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-batch-") as folder:
        batch = make_batch(Path(folder), pages)
        with fresh_house(servers) as house:
            before = {name: server_cpu(servers, name) for name in SERVERS}
            walk(house, batch, 1)
            for name, used in before.items():
                print(
                    f"  beside {pages} pages, {name}: {(server_cpu(servers, name) - used) / pages:.3f} s/page"
                )
            images = [str(p) for p in sorted(batch.rglob("*.jpg"))]
            reading = house.start("ocr", *images, "--out", str(house.folder / "text"), "--no-pdf")
            house.end(reading, "reading", 0)
            return house.cpu["worker 1"], house.cpu["reading"]


def server_cpu(servers: Servers, name: str) -> float:
    """Return the processor seconds of a server's living processes so far."""
    import psutil

    main = psutil.Process(servers.pid(name) or 0)
    total = 0.0
    for process in (main, *main.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one that ended meanwhile is in its parent's figure next time
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total


SIGNER = """
import json, os, sys, time
from jobs.engine import Engine, EngineAddress
from jobs.walk import BULK, URGENT, queues

told = json.loads(sys.argv[1])

def main():
    engine = Engine(EngineAddress(told["url"], os.environ["PASSWORD"]), told["executor"], queues(1), told["listen"])
    page_flow = engine.workflow("page", lambda n: engine.step("read", spin, n))
    sign_flow = engine.workflow("sign", lambda n: engine.step("sign", stamp, n))
    all_flow = engine.workflow("all", lambda n: engine.fan_out(
        "pages", "pages", BULK, page_flow, [(f"page:{k}", (k,)) for k in range(n)]))
    engine.launch()
    if told["jobs"]:
        engine.start("all", all_flow, told["jobs"])
        while engine.state("all") != "SUCCESS":
            time.sleep(0.1)
    print("ready", flush=True)
    for line in sys.stdin:
        n = int(line)
        asked = time.time()
        engine.enqueue("sign", URGENT, f"sign:{n}", sign_flow, n)
        print(json.dumps([asked, engine.result(f"sign:{n}")]), flush=True)

def spin(n):
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
    return n

def stamp(n):
    return time.time()

main()
"""


def sign(jobs: int, tries: int = 20) -> None:
    """Print how long a signing job enqueued behind `jobs` page jobs waits, with both cores busy reading."""
    servers = Servers()
    servers.start()
    heading(f"a signing job behind {jobs} page jobs, two workers reading, {tries} tries")
    with fresh_house(servers) as house:
        script = house.folder / "signer.py"
        script.write_text(SIGNER)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PASSWORD": Path(house.settings["VANTHU_DATABASE_PASSWORD_FILE"]).read_text(),
        }
        url = house.settings["VANTHU_DATABASE_URL"] + "_engine"

        def member(executor: str, listen: list[str], count: int) -> "subprocess.Popen[str]":
            told = {"url": url, "executor": executor, "listen": listen, "jobs": count}
            return subprocess.Popen(
                [sys.executable, str(script), json.dumps(told)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )

        giver = member("giver", ["index"], jobs)  # it hands work in and does none
        readers = [member(f"reader-{n}", ["pages", "sign"], 0) for n in range(2)]
        waits: list[float] = []
        for process in (giver, *readers):
            assert process.stdout is not None
            process.stdout.readline()
        for number in range(tries):
            assert giver.stdin is not None
            assert giver.stdout is not None
            giver.stdin.write(f"{number}\n")
            giver.stdin.flush()
            asked, began = json.loads(giver.stdout.readline())
            waits.append(began - asked)
            time.sleep(0.3)
        for process in (giver, *readers):
            process.kill()
            process.communicate()
    waits.sort()
    print(f"starts after: median {waits[len(waits) // 2]:.2f} s, longest {waits[-1]:.2f} s (target 2 s)")


def one_batch(pages: int) -> None:
    """Print how one delivery of `pages` pages compares with reading them alone, and whether its account held."""
    heading(f"one delivery of {pages} pages (300 dpi), embedded profile, every core")
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-batch-") as folder:
        measure(make_batch(Path(folder), pages), pages)


def heading(what: str) -> None:
    """Print what is measured, on what and when."""
    model = next(
        (
            x.split(":")[1].strip()
            for x in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in x
        ),
        "",
    )
    print(
        f"\n{what}\n{os.cpu_count()} cores, {model}, Python {platform.python_version()}, {date.today()}",
        flush=True,
    )


def main() -> None:
    """Read the words."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["scale", "overhead", "sign", "batch"])
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--full", action="store_true", help="500 pages, with four workers too")
    parser.add_argument("--pinned", action="store_true", help="scale: one core for each worker")
    parser.add_argument(
        "--shared", action="store_true", help="scale: and the servers on the same cores, no others"
    )
    given = parser.parse_args()
    if given.what == "scale":
        counts = (1, 2, 4) if given.full else (1, 2)
        scale(500 if given.full else given.pages, counts, pinned=given.pinned, shared=given.shared)
    elif given.what == "batch":
        one_batch(given.pages)
    elif given.what == "overhead":
        overhead(given.pages)
    else:
        sign(given.jobs)


if __name__ == "__main__":
    main()
