"""Have a PDF drawn by one of two engines, each in a child with limits, and hand the pages over one by one.

PDFium (what Chrome shows) and poppler (what Linux desktops show) repair damaged files in different ways, so a forgery
made for one is seen in the other. A form that draws itself makes either eat all memory: that child dies, we do not.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Literal, TypeVar

Engine = Literal["pdfium", "poppler"]
P = TypeVar("P")
ENGINES: tuple[Engine, ...] = ("pdfium", "poppler")

_HERE = Path(__file__).resolve().parent
_LONGEST = 512  # pixels of the longer side: 44 dpi of A4, where a changed comma still moves pixels
_LONGEST_SHOWN = 4096  # of a page that a person looks at
_MIB = 1 << 20
_LINE = 4096
_LONGEST_WAIT = 240  # seconds; the whole check has 300 (boot.childroom)
_GRACE = 5.0  # seconds for a child that has stopped writing to say how it ends
_OPEN_FILES = 64
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


@dataclass(frozen=True, slots=True)
class DrawLimits:
    """What one child may use: bytes of address space, seconds of CPU and of waiting; more when the files are large."""

    memory: int = 1536 * _MIB
    seconds: int = 60

    def grown(self, size: int) -> "DrawLimits":
        """Return limits for files of `size` bytes together: they are mapped, and scans take a second for two MiB."""
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]  # a child cannot have more than we may have
        memory = self.memory + size
        longer = self.seconds + size // (2 * _MIB)
        return DrawLimits(
            memory if hard == resource.RLIM_INFINITY else min(memory, hard),
            min(longer, max(_LONGEST_WAIT, self.seconds)),
        )


class NotDrawn(RuntimeError):
    """An engine could not draw a file within its limits, so nothing is known of its looks."""


@dataclass(frozen=True, slots=True)
class Page:
    """One drawn page: RGB pixels; with PDFium also size and rotation, the hash of its words, and three corners.

    `corners`: where (0, 0), (1000, 0) and (0, 1000) of the page's own space fall, as fractions from the top left.
    """

    width: int
    height: int
    pixels: bytes
    facts: tuple[object, ...] = ()
    corners: tuple[tuple[float, float], ...] = ()


@contextmanager
def kept(data: bytes | memoryview) -> Iterator[int]:
    """Hand out a descriptor of an unnamed file that holds `data`; a child opens it as `/proc/self/fd/N`."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


@contextmanager
def drawing(
    engine: Engine, files: Sequence[int], limits: DrawLimits
) -> Iterator[Iterator[tuple[Page | None, ...]]]:
    """Hand out page after page of the files behind the descriptors `files`: one page a file, None past its end.

    The children start at once and end with the block, whatever happens. Iterating raises `NotDrawn`.
    """
    limits = limits.grown(sum(os.fstat(file).st_size for file in files))
    groups = [tuple(files)] if engine == "pdfium" else [(file,) for file in files]
    with ExitStack() as stack:
        children = [
            stack.enter_context(_child(engine, group, limits, _PROGRAMS[engine](group))) for group in groups
        ]
        if engine == "pdfium":
            yield _guarded(children[0], _together(children[0].out, len(files)))
        else:
            yield zip_longest(*(_guarded(child, _pixmaps(child.out)) for child in children))


def draw_page(file: int, number: int, width: int, limits: DrawLimits) -> Page | None:
    """Return page `number` (from 1) of the file behind a descriptor as PDFium shows it; None: there is no such page.

    It is `width` pixels wide, or less when its height would pass 4096. Raises `NotDrawn`.
    """
    limits = limits.grown(os.fstat(file).st_size)
    asked = [str(_LONGEST_SHOWN), "--page", str(number), str(width)]
    with _child("pdfium", (file,), limits, _pdfium(asked, (file,))) as child:
        return next(_guarded(child, _one_page(child.out, number)), None)


@dataclass(frozen=True, slots=True)
class _Child:
    engine: Engine
    process: subprocess.Popen[bytes]
    out: IO[bytes]
    late: threading.Event


def _names(files: Sequence[int]) -> list[str]:
    return [f"/proc/self/fd/{file}" for file in files]


def _pdfium(asked: Sequence[str], files: Sequence[int]) -> list[str]:
    return [sys.executable, "-I", str(_HERE / "draw_pdfium.py"), *asked, *_names(files)]


_PROGRAMS: dict[Engine, Callable[[Sequence[int]], list[str]]] = {
    "pdfium": lambda files: _pdfium([str(_LONGEST)], files),
    "poppler": lambda files: ["pdftoppm", "-q", "-cropbox", "-scale-to", str(_LONGEST), *_names(files)],
}


@contextmanager
def _child(
    engine: Engine, files: tuple[int, ...], limits: DrawLimits, program: Sequence[str]
) -> Iterator[_Child]:
    confined = [
        sys.executable,
        "-I",
        "-S",
        str(_HERE / "confined.py"),
        str(limits.memory),
        str(limits.seconds),
        "0",
        str(_OPEN_FILES),
        "none",
    ]
    with subprocess.Popen(
        [*confined, *program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=files,
        start_new_session=True,
        env=_ENVIRONMENT,
    ) as process:
        late = threading.Event()
        timer = threading.Timer(limits.seconds, _end, (process, late))
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101 a pipe was asked for
            yield _Child(engine, process, process.stdout, late)
        finally:
            timer.cancel()
            _end(process)


def _guarded(child: _Child, pages: Iterator[P]) -> Iterator[P]:
    """Yield what `pages` yields and turn every bad end of the child into `NotDrawn`."""
    try:
        yield from pages
    except _CutShort as cut:
        child.out.close()  # a child that still writes ends at once
        with suppress(subprocess.TimeoutExpired):
            _demand_good_end(child, child.process.wait(_GRACE))
        raise NotDrawn(f"{child.engine}: {cut}") from cut
    _demand_good_end(child, child.process.wait())


class _CutShort(ValueError):
    """The child's output ends in the middle or is not what was agreed."""


def _end(process: subprocess.Popen[bytes], late: threading.Event | None = None) -> None:
    if process.poll() is None:
        if late is not None:
            late.set()
        with suppress(ProcessLookupError):  # it ended between the look and the signal
            os.killpg(process.pid, signal.SIGKILL)


def _demand_good_end(child: _Child, code: int) -> None:
    if child.late.is_set():
        raise NotDrawn(f"{child.engine} took too long")
    if code == -signal.SIGXCPU:
        raise NotDrawn(f"{child.engine} used too much CPU")
    if code != 0:
        raise NotDrawn(f"{child.engine} ended with {code}")


def _together(out: IO[bytes], files: int) -> Iterator[tuple[Page | None, ...]]:
    try:
        counts = json.loads(out.readline(_LINE))
        pages = max(counts)
    except (ValueError, TypeError) as odd:
        raise _CutShort("it could not open the file") from odd
    if len(counts) != files:
        raise _CutShort(f"{len(counts)} files instead of {files}")
    for index in range(pages):
        yield tuple(_pdfium_page(out) if index < count else None for count in counts)


def _one_page(out: IO[bytes], number: int) -> Iterator[Page]:
    try:
        (count,) = json.loads(out.readline(_LINE))
        there = number <= count
    except (ValueError, TypeError) as odd:
        raise _CutShort("it could not open the file") from odd
    if there:
        yield _pdfium_page(out, _LONGEST_SHOWN)


def _pixmaps(out: IO[bytes]) -> Iterator[Page]:
    while magic := out.read(1):
        if magic + out.readline(_LINE) != b"P6\n":
            raise _CutShort("not a pixmap")
        size = out.readline(_LINE).split()
        if len(size) != 2 or out.readline(_LINE) != b"255\n":
            raise _CutShort("not a pixmap")
        width, height = _side(size[0]), _side(size[1])
        yield Page(width, height, _exactly(out, width * height * 3))


def _pdfium_page(out: IO[bytes], longest: int = _LONGEST) -> Page:
    try:
        told = json.loads(out.readline(_LINE))
        width, height = _side(told["width"], longest), _side(told["height"], longest)
        corners = tuple((float(x), float(y)) for x, y in told["corners"])
        facts = (*told["size"], told["rotation"], told["words"])
    except (ValueError, KeyError, TypeError) as odd:
        raise _CutShort("it stopped before its last page") from odd
    return Page(width, height, _exactly(out, width * height * 3), facts, corners)


def _side(value: object, longest: int = _LONGEST) -> int:
    side = int(value) if isinstance(value, int | bytes) else 0
    if not 0 < side <= longest + 2:
        raise _CutShort(f"a page side of {side} pixels")
    return side


def _exactly(out: IO[bytes], size: int) -> bytes:
    data = out.read(size)
    if len(data) != size:
        raise _CutShort("it stopped in the middle of a page")
    return data
