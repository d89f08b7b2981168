"""Hand a folder in over the resumable door while server and client are shot; afterwards every file is there once.

python -m tests.faults.upload_campaign [FILES [SERVER_KILLS [CLIENT_KILLS]]]    (make upload-campaign)
"""

import hashlib
import random
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boot.house import House
from records.access import SYSTEM
from storage.schema import audit
from tests.faults.client import noise
from tests.faults.house import FaultHouse
from tests.faults.zygote import Running, Zygote

POINTS = ("upload-before-offset", "upload-after-offset", "upload-before-receive", "upload-after-receive")
_MIB = 1024 * 1024


@dataclass
class UploadReport:
    """What was done and what the judge found."""

    files: int
    large_bytes: int
    server_kills: int = 0
    client_kills: int = 0
    points: list[str] = field(default_factory=list)
    """Where servers died on their own."""
    inside_a_file: int = 0
    """Kills of the server while an upload was half here."""
    seconds: float = 0.0
    received: int = 0
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return the report as one line."""
        return (
            f"{self.files} files ({self.large_bytes / 1e6:.0f} MB in the large ones), server killed "
            f"{self.server_kills} times ({self.inside_a_file} inside a file), client {self.client_kills} times, "
            f"{len(self.points)} servers died at points of the code, "
            f"{self.seconds:.0f} s: {self.received} received once with equal hashes, wrong: {len(self.wrong)}"
        )


def campaign(
    folder: Path,
    zygote: Zygote,
    files: int,
    server_kills: int,
    client_kills: int,
    large: int,
    seed: int,
    points: Sequence[str] = (),
) -> UploadReport:
    """Run one campaign in `folder`; `large`: how many files are longer than one piece of the protocol.

    `points`: one server after the other dies there (storage/crashpoint.py), besides those that are shot.
    """
    rng = random.Random(seed)
    source = folder / "lo"
    (folder / "house").mkdir(parents=True)
    wanted = make_files(source, files, large, rng)
    report = UploadReport(len(wanted), sum(p.stat().st_size for p in (source / "lon").glob("*")))
    with FaultHouse(folder / "house", {}, zygote) as house:
        token = house.folder / "token"
        token.write_text(house.token("archivist"))
        words = ["upload", str(source), "--to", house.address, "--token-file", str(token), "--patience", "60"]
        deaths = list(points)
        door = house.door(deaths[0] if deaths else "")
        house.await_ready(door)
        began = time.monotonic()
        with house.opened() as archive:
            sender = _Sender(house, words)
            shots = _shots(len(wanted), server_kills, client_kills, rng)
            while sender.running.alive() or shots:
                if shots and _received(archive) >= shots[0][0]:
                    _, victim = shots.pop(0)
                    time.sleep(rng.uniform(0, 0.1))
                    if victim == "client":
                        sender.shoot()
                        report.client_kills += 1
                    else:
                        report.inside_a_file += _half_here(house)
                        door.kill()
                        door.wait()
                        report.server_kills += 1
                        time.sleep(rng.uniform(0, 0.5))
                        door = house.door(deaths[0] if deaths else "")
                        house.await_ready(door)
                elif not door.alive():  # it came to its point
                    report.points.append(deaths.pop(0))
                    door = house.door(deaths[0] if deaths else "")
                    house.await_ready(door)
                elif shots and not sender.running.alive():
                    report.wrong.append(f"the client ended before the shots: {sender.log()}")
                    break
                time.sleep(0.01)
            report.seconds = time.monotonic() - began
            if sender.code() != 0:
                report.wrong.append(f"the client ended with {sender.code()}: {sender.log()}")
            judge(archive, house, wanted, report)
            door.kill()
            door.wait()
    return report


class _Sender:
    """`vanthu upload`, started again when it was shot."""

    def __init__(self, house: FaultHouse, words: list[str]) -> None:
        self._house = house
        self._words = words
        self._lives = 0
        self._start()

    def _start(self) -> None:
        self._lives += 1
        self._out = self._house.folder / f"client-{self._lives}.out"
        self.running: Running = self._house.start(*self._words, log="client.log", out=str(self._out))

    def shoot(self) -> None:
        """Kill it and start it again: it remembers nothing."""
        self.running.kill()
        self.running.wait()
        self._start()

    def code(self) -> int:
        """Return the exit code of the last life, -1 when there is none."""
        path = Path(f"{self._out}.code")
        return int(path.read_text()) if path.exists() else -1

    def log(self) -> str:
        """Return the end of what it said."""
        return self._house.log("client.log")[-600:]


def make_files(folder: Path, count: int, large: int, rng: random.Random) -> dict[str, str]:
    """Write small PNG files that are all different, and `large` longer ones; return path → SHA-256."""
    wanted = {}
    for number in range(count + large):
        if number < count:
            place, data = f"hs{number // 40:03}/to-{number:04}.png", tiny_png(rng)
        else:
            place, data = f"lon/to-{number:04}.png", noise(9 * _MIB + rng.randrange(_MIB), number)
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)
        wanted[place] = hashlib.sha256(data).hexdigest()
    (folder / "lon").mkdir(exist_ok=True)
    return wanted


def tiny_png(rng: random.Random) -> bytes:
    """Return a gray PNG of 64 × 64 pixels of noise: a file unlike every other, made in no time."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + rng.randbytes(64) for _ in range(64))
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


def judge(archive: House, house: FaultHouse, wanted: dict[str, str], report: UploadReport) -> None:
    """Compare what is in the books and in the store with what was sent."""
    with archive.work.reading() as tx:
        batches, _ = tx.batches.list(SYSTEM)
        files = [file for batch in batches for file in tx.batches.files(SYSTEM, batch.id)]
    if len(batches) != 1:
        report.wrong.append(f"{len(batches)} batches")
    times = Counter(file.relative_path for file in files)
    report.wrong += [f"{path}: {n} times" for path, n in times.items() if n != 1]
    report.wrong += [f"{path}: nobody sent it" for path in set(times) - set(wanted)]
    report.wrong += [f"{path}: not received" for path in set(wanted) - set(times)]
    for file in files:
        if file.sha256 != wanted.get(file.relative_path) or file.state != "received":
            report.wrong.append(f"{file.relative_path}: {file.state} {file.sha256}")
        elif hashlib.sha256(archive.blobs.read(file.blob_key, file.sha256)).hexdigest() == file.sha256:
            report.received += 1
    with archive.work.tables.reading() as connection:
        rows = connection.execute(audit.select().where(audit.c.action == "file-received")).all()
    if len({row.object for row in rows}) != len(rows) or len(rows) != len(files):
        report.wrong.append(f"{len(rows)} events of {len(files)} files")
    client = house.client(0)
    for batch in batches:
        left = client.get(f"/batches/{batch.id}/uploads").json()
        report.wrong += [f"{upload['name']} is said to be unfinished" for upload in left]
        if not client.start(batch.id):
            report.wrong.append("the batch does not start")
    client.close()
    if any("." not in p.name for p in (house.folder / "data" / "uploads").glob("*/*")):
        report.wrong.append("the shelf is not empty after the start")
    ran = house.command("audit", "verify", check=False)
    if ran.code:
        report.wrong.append(f"audit verify: {ran.out}{ran.err}")


def _shots(files: int, server: int, client: int, rng: random.Random) -> list[tuple[int, str]]:
    """Return after how many received files whom to shoot, in order."""
    victims = ["server"] * server + ["client"] * client
    rng.shuffle(victims)
    step = files / (len(victims) + 1)
    return [(int(step * (n + 1)), victim) for n, victim in enumerate(victims)]


def _received(archive: House) -> int:
    with archive.work.tables.reading() as connection:
        return int(connection.exec_driver_sql("select count(*) from files").scalar_one())


def _half_here(house: FaultHouse) -> bool:
    return any((house.folder / "data" / "uploads").glob("*/*"))


def main() -> int:
    """Run the whole campaign and print its line."""
    files, server, client = [*map(int, sys.argv[1:]), *(2000, 5, 2)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory(prefix="vanthu-upload-") as name:
        folder = Path(name)
        with Zygote(folder) as zygote:
            report = campaign(folder, zygote, files, server, client, max(1, files // 400), 20261127, POINTS)
    print(report.line(), *report.wrong[:20], sep="\n")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
