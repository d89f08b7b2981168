"""The restore drill: back up while the archive works, restore elsewhere, prove that nothing acknowledged is missing.

    python -m tests.tools.restore_drill [--folder DIR]      one machine, embedded profile
    (tests/joined/ingest/test_restore_drill.py runs it on the cluster profile too)

Everything is done through the command that a person has. It ends with an AssertionError at the first broken promise.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples" / "lo-mau"


@dataclass(frozen=True)
class Site:
    """An archive somewhere: its settings, and whether it needs workers of its own (cluster profile)."""

    settings: Mapping[str, str]
    with_worker: bool = False

    @property
    def data(self) -> Path:
        return Path(self.settings["VANTHU_DATA_DIR"])

    def start(self, *words: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "boot", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.settings},
        )

    def run(self, *words: object, code: int | None = 0) -> str:
        process = self.start(*words)
        out, err = process.communicate(timeout=900)
        assert code is None or process.returncode == code, f"{words}: exit {process.returncode}\n{out}\n{err}"
        return out

    @contextmanager
    def working(self) -> Iterator[None]:
        """Have a worker at work for the length of the block, where the profile needs one."""
        worker = self.start("worker") if self.with_worker else None
        try:
            yield
        finally:
            if worker is not None:
                worker.send_signal(signal.SIGTERM)
                worker.communicate(timeout=60)

    def documents(self, *words: object) -> list[dict[str, Any]]:
        """Run a command that tells documents as JSON lines."""
        return [json.loads(line) for line in self.run(*words).splitlines() if '"document_id"' in line]


def drill(site: Site, elsewhere: Site, folder: Path, first: Sequence[Path], during: Sequence[Path]) -> None:
    """Run the drill: `first` is digitized before the backup, `during` while it is made."""
    site.run("init", "--json")
    with site.working():
        acknowledged = site.documents("digitize", *first, "--json")
        assert acknowledged and all(d["state"] == "archived" for d in acknowledged)
        load = site.start("digitize", *during, "--json")
        _wait_for_work(site, load)
        made = json.loads(site.run("backup", folder / "kho", "--with-blobs", "--json"))
        assert not made["absent"]
        out, err = load.communicate(timeout=900)
        assert load.returncode == 0, err
    corrupted(folder, Path(made["backup"]), elsewhere)
    told = json.loads(elsewhere.run("restore", folder / "kho", "--json").splitlines()[-1])
    assert told["missing"] == {} and told["events"] == made["audit"]["count"]
    for document in acknowledged:
        _same(elsewhere, document)
    elsewhere.run("audit", "verify")
    # the work that was under way at the moment of the backup is taken up where the rows stand
    with elsewhere.working():
        again = elsewhere.documents("digitize", *during, "--json")
    assert len(again) == len([line for line in out.splitlines() if '"document_id"' in line])
    assert {d["state"] for d in again} <= {"archived", "existing"}, again
    elsewhere.run("rebuild", "--check")


def corrupted(folder: Path, backup: Path, elsewhere: Site) -> None:
    """Flip a byte, take a part away: each time the restore must refuse and touch nothing.

    A few parts only, since each costs a start of the program; `tests/cases/backing_up.py` tries every one.
    """
    place = folder / "corrupted"
    shutil.copytree(backup.parent, place)
    copy = place / backup.name
    blob = next(p for p in (place / "blobs").rglob("*") if p.is_file())
    for part, gone in (
        (copy / "backup.json", False),
        (copy / "rows" / "audit.jsonl.gz", False),
        (copy / "rows" / "documents.jsonl.gz", True),
        (blob, False),
        (blob, True),
    ):
        whole = part.read_bytes()
        middle = len(whole) // 2
        part.unlink()
        if not gone:
            part.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        refused = elsewhere.start("restore", copy)
        _, err = refused.communicate(timeout=300)
        assert refused.returncode not in (0, 3) and "backup-" in err, f"{part.name}: {err}"
        assert not elsewhere.data.exists(), f"{part.name}: the target was touched"
        part.write_bytes(whole)
    shutil.rmtree(place)


def _wait_for_work(site: Site, load: "subprocess.Popen[str]") -> None:
    """Wait until the second delivery is being worked on, so that the backup falls into it."""
    before = time.monotonic()
    while load.poll() is None and time.monotonic() - before < 300:
        if any((site.data / "work").iterdir()):
            return
        time.sleep(0.05)
    assert load.poll() is None, "the load was over before the backup began"


def _same(there: Site, document: Mapping[str, Any]) -> None:
    """The restored document is archived, and its bytes are those that were told when it was acknowledged."""
    (shown,) = there.documents("show", document["document_id"], "--json")
    (pdf,) = (r for r in shown["renditions"] if r["name"] == "access.pdf")
    assert (shown["state"], pdf["sha256"]) == ("archived", document["sha256"])
    if (there.data / "blobs" / pdf["key"]).exists():
        bytes_there = (there.data / "blobs" / pdf["key"]).read_bytes()
        assert hashlib.sha256(bytes_there).hexdigest() == document["sha256"]


def main() -> int:
    """Run the drill on the embedded profile and say so."""
    parser = argparse.ArgumentParser(
        description="Diễn tập khôi phục: sao lưu khi đang chạy, khôi phục nơi khác."
    )
    parser.add_argument("--folder", type=Path, help="thư mục làm việc (mặc định tạm, xóa khi xong)")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="vanthu-drill-"))
    folder.mkdir(parents=True, exist_ok=True)
    images = sorted(p for p in SAMPLES.rglob("*.jpg"))
    began = time.monotonic()
    try:
        site, elsewhere = (Site({"VANTHU_DATA_DIR": str(folder / name)}) for name in ("data", "elsewhere"))
        drill(site, elsewhere, folder, images[:1], images[1:4])
    finally:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.write(f"Diễn tập đạt sau {time.monotonic() - began:.0f} giây.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
