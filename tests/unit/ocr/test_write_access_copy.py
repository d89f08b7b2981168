"""The small access copy: small, legible, in colour where it matters, and never to be taken for the original."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.access_copy import PAGE_BYTES, access_meta, make_access_copy
from ocr.compose import ComposePage
from ocr.layers import take_apart
from ocr.read_back import read_back, render_page
from records.errors import Unfit
from records.geometry import Box
from records.page import PageText
from tests.tools.colored_page import SEAL, SIGNATURE, colored_page
from tests.tools.made_pages import META


def shown(pdf: Path, dpi: int = 300) -> np.ndarray:
    return np.asarray(render_page(pdf, 1, dpi).convert("RGB")).astype(np.int16)


def part(pixels: np.ndarray, box: Box) -> np.ndarray:
    return pixels[box.y0 : box.y1, box.x0 : box.x1]


def bare(path: Path, image: Image.Image, dpi: float = 300) -> ComposePage:
    image.save(path)
    return ComposePage(path, PageText(1, *image.size, dpi, 0, 0.0, "made", ()))


def test_a_colour_page_is_small_searchable_and_keeps_its_colours(tmp_path: Path) -> None:
    page = colored_page(tmp_path / "p.jpg")
    made = make_access_copy([page], META, tmp_path / "out.pdf")
    assert made.size <= PAGE_BYTES < page.image.stat().st_size / 10
    pixels = shown(tmp_path / "out.pdf")
    red, green, blue = (part(pixels, SEAL)[..., channel] for channel in range(3))
    assert ((red - np.maximum(green, blue)) > 60).mean() > 0.05
    red, green, blue = (part(pixels, SIGNATURE)[..., channel] for channel in range(3))
    assert ((blue - red) > 40).mean() > 0.02
    (found,) = read_back(tmp_path / "out.pdf")
    assert "".join(found.pdfium.split()) == "".join(page.text.text.split())


def test_the_letters_are_where_and_as_dark_as_they_were(tmp_path: Path) -> None:
    page = colored_page(tmp_path / "p.jpg")
    make_access_copy([page], META, tmp_path / "out.pdf")
    before = np.asarray(Image.open(page.image).convert("L")).astype(np.float64)
    after = np.asarray(render_page(tmp_path / "out.pdf", 1, 300).convert("L")).astype(np.float64)[
        :3508, :2480
    ]
    for word in page.text.words[:: len(page.text.words) // 40]:
        one, two = part(before, word.box), part(after, word.box)
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.75, word.text  # elsewhere it is under 0.3
        assert abs(one.mean() - two.mean()) < 16, word.text


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_page_is_upright_in_the_copy(tmp_path: Path, rotation: int) -> None:
    upright = colored_page(tmp_path / "a.png", noise=0, lines=6)
    turned = colored_page(tmp_path / "b.png", rotation, noise=0, lines=6)  # type: ignore[arg-type]
    for name, page in (("a.pdf", upright), ("b.pdf", turned)):
        make_access_copy([page], META, tmp_path / name)
    assert np.abs(shown(tmp_path / "a.pdf", 75) - shown(tmp_path / "b.pdf", 75)).mean() < 1
    one, two = (read_back(tmp_path / name)[0] for name in ("a.pdf", "b.pdf"))
    assert one.pdfium == two.pdfium


def test_a_bilevel_page_stays_what_it_is(tmp_path: Path) -> None:
    ink = np.random.default_rng(3).random((400, 300)) < 0.1
    page = bare(tmp_path / "p.tif", Image.fromarray(~ink))
    layers = take_apart(page.image, 300, 0)
    assert layers.rest is None and np.array_equal(layers.mask, ink)
    make_access_copy([page], META, tmp_path / "out.pdf")
    assert np.array_equal(shown(tmp_path / "out.pdf")[:400, :300, 0] < 128, ink)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "RGBA", "LA", "P", "I;16", "1"])
@pytest.mark.parametrize("shade", [0, 255])
@pytest.mark.parametrize("size", [(1, 1), (700, 3), (160, 220)])
def test_pages_without_writing_are_copied_too(
    tmp_path: Path, mode: str, shade: int, size: tuple[int, int]
) -> None:
    plain = Image.new("L", size, shade)
    image = plain.convert("I;16") if mode == "I;16" else plain.convert(mode)
    page = bare(tmp_path / "p.tif", image)
    assert make_access_copy([page], META, tmp_path / "out.pdf").pages == 1


def test_a_photograph_goes_to_the_background(tmp_path: Path) -> None:
    height, width = 1200, 900
    slope = np.linspace(20, 230, width)[None, :] + 25 * np.sin(np.arange(height) / 9)[:, None]
    page = bare(tmp_path / "p.png", Image.fromarray(np.clip(slope, 0, 255).astype(np.uint8)))
    make_access_copy([page], META, tmp_path / "out.pdf")
    after = shown(tmp_path / "out.pdf")[:height, :width, 0]
    assert np.abs(after - np.clip(slope, 0, 255)).mean() < 12


def test_the_copy_says_that_it_is_one(tmp_path: Path) -> None:
    page = bare(tmp_path / "p.png", Image.new("L", (200, 300), 255))
    make_access_copy([page], access_meta(META, "Bản gốc: tài liệu d1."), tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert str(pdf.docinfo["/Title"]).endswith("(bản truy cập)")
        assert str(pdf.docinfo["/Subject"]) == "Bản truy cập. Bản gốc: tài liệu d1."
        with pdf.open_metadata() as xmp:
            assert "Bản truy cập" in str(xmp["dc:description"])
        assert "/AcroForm" not in pdf.Root


def test_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    page = colored_page(tmp_path / "p.jpg", lines=5)
    one, two = (make_access_copy([page], META, tmp_path / f"{n}.pdf") for n in (1, 2))
    assert one.sha256 == two.sha256


def test_a_hard_page_takes_the_coarsest_quality_and_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1600, 1200), dtype=np.uint8)
    page = bare(tmp_path / "p.png", Image.fromarray(noise), 145)
    made = make_access_copy([page], META, tmp_path / "out.pdf")
    assert made.notes == ("1: mask 150 dpi, background 50 dpi",)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    page = bare(tmp_path / "p.png", Image.new("L", (20, 30), 255))
    page.image.write_bytes(page.image.read_bytes()[:40])
    with pytest.raises(Unfit):
        make_access_copy([page, replace(page)], META, tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()
