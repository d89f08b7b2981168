"""Hostile files under the limits of a real child process: an answer or a clean end, never a hang, little memory."""

import io
import multiprocessing
import resource
import zlib
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from ocr.extract import extract_pages
from ocr.inspect_file import FileFacts, inspect_file
from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.errors import Unfit

pytestmark = pytest.mark.joined
MEMORY = 2 << 30
SECONDS = 60


def _limited(pipe: Any, work: Any, arguments: tuple[Any, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        pipe.send(work(*arguments))
    except Unfit as fault:
        pipe.send(fault.code)
    pipe.send(high_water())


def high_water() -> float:
    """Megabytes; not ru_maxrss, which a child inherits from the moment of its fork."""
    (line,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) / 1024


def limited(work: Any, *arguments: Any) -> tuple[Any, float]:
    """Run in a child as the pool does; return (answer or refusal code, peak megabytes)."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_limited, args=(there, work, arguments))
    child.start()
    there.close()
    try:
        return here.recv(), here.recv()
    finally:
        child.join(SECONDS)
        assert child.exitcode == 0


def test_self_referencing_and_endless_page_lists(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    with pikepdf.new() as pdf:
        page = pikepdf.Dictionary(Type=pikepdf.Name.Page, MediaBox=[0, 0, 9, 9], Parent=pdf.Root.Pages)
        pdf.Root.Pages.Kids = pikepdf.Array(
            [pdf.make_indirect(pikepdf.Dictionary(page)) for _ in range(100_000)]
        )
        pdf.Root.Pages.Count = 100_000
        pdf.save(path)
    answer, peak = limited(inspect_file, path, "nhiều trang.pdf")
    assert answer == "too-many-pages" and peak < 1200

    with pikepdf.open(path) as pdf:
        pdf.Root.Pages.Kids = pikepdf.Array([pdf.Root.Pages, pdf.Root.Pages])
        pdf.Root.Pages.Count = 1
        pdf.save(tmp_path / "loop.pdf")
    answer, peak = limited(inspect_file, tmp_path / "loop.pdf", "vòng.pdf")
    assert answer == "pdf-page-loop" and peak < 600


def test_picture_of_twenty_thousand_by_twenty_thousand(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000), 1).save(path)
    answer, peak = limited(inspect_file, path, "bom.png")
    assert answer == "image-too-large" and peak < 300


def test_pdf_image_that_inflates_without_end(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    squeezed = zlib.compress(b"\xff" * (1 << 30), 9)
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(612, 792))
        image = pdf.make_stream(
            squeezed, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=850, Height=1100,
            ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8,
        )  # fmt: skip
        image.write(squeezed, filter=pikepdf.Name.FlateDecode)
        pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
        pdf.pages[0].Contents = pdf.make_stream(b"q 612 0 0 792 0 0 cm /I Do Q")
        pdf.save(path)
    facts, _ = limited(inspect_file, path, "bom.pdf")
    assert isinstance(facts, FileFacts)
    answer, _ = limited(extract_pages, path, facts, tmp_path / "out")
    assert answer in ("file-too-heavy", "pdf-page-broken", "image-broken") or answer[0].width <= 3400


def test_a0_in_colour_is_taken_and_read_within_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a0.jpg"
    Image.new("RGB", (9_933, 14_043), (250, 248, 240)).save(path, quality=30, dpi=(300, 300))
    facts, _ = limited(inspect_file, path, "bản đồ.jpg")
    pages, peak = limited(extract_pages, path, facts, tmp_path / "out")
    assert pages[0].exact and peak < 1600
    page, peak = limited(recognise, path, OcrOptions())
    assert page.words == () and peak < 1600


def test_memory_of_reading_an_a4_page_at_300_dpi() -> None:
    page, peak = limited(recognise, Path(__file__).parents[2] / "pages" / "d018-p2.jpg", OcrOptions())
    assert page.words
    assert peak < 600


def test_running_out_of_memory_is_a_sentence(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.new("RGB", (12_000, 12_000), "white").save(target, "PNG")
    path = tmp_path / "large.png"
    path.write_bytes(target.getvalue())
    facts, _ = limited(inspect_file, path, "lớn.png")
    answer, _ = limited(extract_pages, path, facts, tmp_path / "out")
    assert answer == "file-too-heavy" or answer[0].width == 12_000
