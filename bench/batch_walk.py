"""Measure one large delivery on a laptop's profile: is the whole walk as fast as reading alone, are all pages accounted
for at every moment, does the main process stay small. Called by `bench/pipeline.py batch`.

Reading alone is `vanthu ocr` on the very same images with the same number of children, to PDF/A as `bench/ocr.py` does.
The account is asked from another process (this one), through the rows, while the walk runs.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ingest.accounting import account
from records.access import LOCAL
from records.accounting import PageState
from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work

ROOT = Path(__file__).resolve().parents[1]
_LOOK_SECONDS = 2.0
_MIB = 1024**2
DONE = (PageState.ARCHIVED, PageState.UNREAD)


@dataclass
class Looks:
    """What was seen while the walk ran: moments, pages done, memory of the main process in bytes, what was wrong."""

    at: list[float] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def measure(batch: Path, pages: int) -> None:
    """Walk the images below `batch` in a fresh archive, then read them alone, and print both."""
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-batch-") as name:
        folder = Path(name)
        settings = {**os.environ, "VANTHU_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}
        _run(settings, folder, "init")
        walked, looks = _walk(settings, folder, batch, pages)
        read = _read(settings, folder, batch)
    share = f"{100 * read / walked:.1f} % of reading alone (target 90 %)"
    print(f"reading alone   {read:8.1f} s  {pages / read:6.2f} pages/s")
    print(f"the whole walk  {walked:8.1f} s  {pages / walked:6.2f} pages/s  {share}")
    print(f"account         {len(looks.at)} looks, {len(looks.wrong)} of them wrong (target 0)")
    for told in looks.wrong[:10]:
        print(f"                {told}")
    reading = [m for m, done in zip(looks.memory, looks.done, strict=False) if not done]
    print(f"main process    while pages are read: {_growth(reading)}")
    print(f"                while documents are sealed: {_growth(looks.memory[len(reading) :])}")


def _growth(memory: list[int]) -> str:
    """Return the mean of the second sixth, of the last sixth, and the most: the beginning is loading, not walking."""
    part = max(len(memory) // 6, 1)
    early, late = memory[part : 2 * part] or memory[:1], memory[-part:]
    means = [sum(piece) / len(piece) / _MIB for piece in (early, late)]
    return f"{means[0]:.0f} MiB early, {means[1]:.0f} MiB late, most {max(memory) / _MIB:.0f} MiB"


def _walk(settings: dict[str, str], folder: Path, batch: Path, pages: int) -> tuple[float, Looks]:
    """Return the seconds from the first page read to the end of the walk, and what was seen meanwhile."""
    tables = open_tables(f"sqlite:///{folder / 'data' / 'vanthu.db'}")
    work, looks, began = Work(tables, SystemClock()), Looks(), 0.0
    process = subprocess.Popen(
        [sys.executable, "-m", "boot", "digitize", str(batch)],
        env=settings,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "errors.log").open("ab"),
    )
    main = psutil.Process(process.pid)
    with ExitStack() as stack:
        stack.callback(tables.dispose)
        while process.poll() is None:
            time.sleep(_LOOK_SECONDS if began else 0.05)
            with work.reading() as tx:
                found, _ = tx.batches.list(LOCAL, 1)
                told = account(tx, LOCAL, found[0].id) if found and found[0].started_at else None
                moving = told is not None and found and tx.batches.progress(LOCAL, found[0].id).pages_read > 0
            if told is None:
                continue
            if moving and not began:
                began = time.monotonic()
            _look(looks, told.faults, told.total, sum(told.states.values()), pages)
            looks.done.append(sum(told.states[state] for state in DONE))
            looks.at.append(time.monotonic())
            try:
                looks.memory.append(main.memory_info().rss)
            except psutil.NoSuchProcess:
                break
        took = time.monotonic() - began
        with work.reading() as tx:
            last = account(tx, LOCAL, tx.batches.list(LOCAL, 1)[0][0].id)
    if process.wait() != 0 or last.states[PageState.ARCHIVED] != pages:
        errors = (folder / "errors.log").read_text()[-2000:]
        raise SystemExit(
            f"exit {process.returncode}, {last.states[PageState.ARCHIVED]} of {pages} archived\n{errors}"
        )
    return took, looks


def _look(looks: Looks, faults: tuple[str, ...], total: int, counted: int, pages: int) -> None:
    if faults or total != pages or counted != pages:
        looks.wrong.append(
            f"{counted} in states, {total} delivered, {pages} handed in; {'; '.join(faults[:3])}"
        )


def _read(settings: dict[str, str], folder: Path, batch: Path) -> float:
    """Return the seconds of bringing the same images to PDF/A alone, from the first text to the last file."""
    images = [str(path) for path in sorted(batch.rglob("*.jpg"))]
    out = folder / "text"
    process = subprocess.Popen(
        [sys.executable, "-m", "boot", "ocr", *images, "--out", str(out)],
        env=settings,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "errors.log").open("ab"),
    )
    while process.poll() is None and not (out.exists() and any(out.iterdir())):
        time.sleep(0.05)
    began = time.monotonic()
    if process.wait() != 0:
        raise SystemExit((folder / "errors.log").read_text()[-2000:])
    return time.monotonic() - began


def _run(settings: dict[str, str], folder: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "boot", *words],
        env=settings,
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
