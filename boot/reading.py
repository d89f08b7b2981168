"""`vanthu ocr`: recognition only, without any database: text, page JSON and a searchable PDF/A beside each other."""

import json
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from boot.childroom import open_children
from boot.inputs import Input, gather
from boot.settings import Settings
from boot.speak import Exit, console, progress_bar, say
from ingest.children import Children
from ingest.recognise import AskedPage, read_image
from ingest.tools import WalkLimits
from ocr.compose import ComposePage, compose_pdfa
from ocr.extract import PageImage, extract_pages
from ocr.inspect_file import FileFacts, inspect_file
from ocr.options import OcrOptions
from ocr.pdfa import PdfMeta
from ocr.plain import PLAINLY
from records.clock import SystemClock
from records.errors import ArchiveFault
from records.page import PageText, page_to_json

_AT_ONCE = 32
_AHEAD = 64
"""How many inputs are handed to the threads at once; tens of thousands would only fill the memory."""


@dataclass(frozen=True, slots=True)
class _Reader:
    children: Children
    options: OcrOptions
    limits: WalkLimits
    out: Path
    scratch: Path
    with_pdf: bool
    threads: ThreadPoolExecutor


def read_files(settings: Settings, named: tuple[Path, ...], out: Path, *, with_pdf: bool) -> Exit:
    """Read every input into `out`; exit code 3 when some were refused, the others are done all the same."""
    inputs, aside = gather(named)
    for path in aside:
        say(f"Bỏ qua {path.name}: không phải ảnh quét hay PDF.")
    out.mkdir(parents=True, exist_ok=True)
    refused = 0
    with ExitStack() as stack:
        threads = ThreadPoolExecutor(settings.workers * 2)
        stack.callback(threads.shutdown)  # after the children ended, so it waits for no page
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vanthu-ocr-")))
        reader = _Reader(
            stack.enter_context(
                open_children(
                    settings, "parse", "read", reads=tuple(one.path for one in inputs), writes=(out, scratch)
                )
            ),
            settings.ocr,
            WalkLimits(page_seconds=settings.page_seconds),
            out,
            scratch,
            with_pdf,
            threads,
        )
        bar = stack.enter_context(progress_bar(quiet=not console.is_terminal))
        task = bar.add_task("Nhận dạng", total=len(inputs), rate="")
        try:
            for item, future in _ahead(reader, inputs):
                try:
                    future.result()
                except ArchiveFault as fault:
                    refused += 1
                    say(f"✗ {fault.tell}")
                    say(f"  {item.relative} {fault.code}: {fault}")
                bar.advance(task)
        except (
            BaseException
        ):  # Ctrl+C above all: the queue is dropped, what a thread holds ends with its child
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return Exit.REFUSED if refused else Exit.WELL


def _ahead(reader: _Reader, inputs: list[Input]) -> Iterator[tuple[Input, Future[None]]]:
    """Start every input in turn, at most `_AHEAD` before the one that is waited for."""
    started: deque[tuple[Input, Future[None]]] = deque()
    for item, stem in _stems(inputs):
        started.append((item, reader.threads.submit(_read_one, reader, item, stem)))
        if len(started) >= _AHEAD:
            yield started.popleft()
    yield from started


def _stems(inputs: list[Input]) -> Iterator[tuple[Input, str]]:
    """Output names: the file's stem; a second file of the same stem is numbered."""
    used: set[str] = set()
    for item in inputs:
        base = Path(item.relative).stem.encode()[:180].decode(errors="ignore") or "trang"
        stem, number = base, 1
        while stem in used:
            number += 1
            stem = f"{base}-{number}"
        used.add(stem)
        yield item, stem


def _read_one(reader: _Reader, item: Input, stem: str) -> None:
    limits, source = reader.limits, item.path.absolute()
    facts = reader.children.run("parse", limits.inspect_seconds, inspect_file, source, item.relative)
    with tempfile.TemporaryDirectory(dir=reader.scratch) as folder:
        parts: list[ComposePage] = []
        for image, text in _pages(reader, source, facts, Path(folder)):
            name = stem if facts.pages == 1 else f"{stem}-p{text.page:04d}"
            (reader.out / f"{name}.txt").write_text(text.text + "\n", encoding="utf-8")
            told = json.dumps(page_to_json(text), ensure_ascii=False)
            (reader.out / f"{name}.json").write_text(told + "\n", encoding="utf-8")
            if text.state != "read":
                say(
                    f"✗ {item.relative} trang {text.page}: máy chưa đọc được ({text.state}), cần người xem; "
                    "trang được để trống."
                )
            elif PLAINLY in text.notes:
                say(
                    f"! {item.relative} trang {text.page}: chỉ đọc được theo cách đơn giản; nên đối chiếu với ảnh."
                )
            parts.append(ComposePage(image.path, text))
        if reader.with_pdf:
            meta = PdfMeta(title=Path(item.relative).stem, created=SystemClock().now())
            seconds = limits.compose_seconds + limits.compose_page_seconds * len(parts)
            reader.children.run(
                "read", seconds, compose_pdfa, parts, meta, (reader.out / f"{stem}.pdf").absolute()
            )


def _pages(
    reader: _Reader, source: Path, facts: FileFacts, folder: Path
) -> Iterator[tuple[PageImage, PageText]]:
    """Take out a range of pages, read them side by side, and go on with the next range."""
    limits = reader.limits
    for first in range(1, facts.pages + 1, _AT_ONCE):
        frames = range(first, min(first + _AT_ONCE, facts.pages + 1))
        out = folder / str(first)
        out.mkdir()
        seconds = limits.extract_seconds + limits.extract_page_seconds * len(frames)
        images = reader.children.run("parse", seconds, extract_pages, source, facts, out, frames)
        if len(images) == 1:
            yield images[0], _text(reader, images[0])
            continue
        with ThreadPoolExecutor(4) as threads:
            futures: list[Future[PageText]] = [threads.submit(_text, reader, image) for image in images]
            for image, future in zip(images, futures, strict=True):
                yield image, future.result()


def _text(reader: _Reader, image: PageImage) -> PageText:
    asked = AskedPage(image.path, image.frame, image.width, image.height, image.dpi, image.hint_rotation)
    return read_image(reader.children, reader.limits, reader.options, asked)
