"""The whole corpus as one PDF: read back by two readers, marked by a search, judged by qpdf and veraPDF."""

import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from ocr.access_copy import make_access_copy
from ocr.compose import Composed, ComposePage, compose_pdfa
from ocr.read_back import compare, read_back, render_page
from records.geometry import Box
from records.page import PageText
from tests.tools.made_pages import META, ROOT, VIETNAMESE, CorpusPage, corpus_pages, laid_out, picture
from tests.tools.validators import verapdf

pytestmark = pytest.mark.joined


@dataclass(frozen=True)
class Bound:
    pages: list[CorpusPage]
    pdf: Path
    composed: Composed


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Bound:
    pages = corpus_pages()
    pdf = tmp_path_factory.mktemp("corpus") / "tất cả.pdf"
    return Bound(pages, pdf, compose_pdfa([ComposePage(p.image, p.text) for p in pages], META, pdf))


def qpdf_check(pdf: Path) -> None:
    ran = subprocess.run(["qpdf", "--check", pdf], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_letters_and_words_come_back(bound: Bound) -> None:
    trip = compare(bound.pdf, [p.text for p in bound.pages])
    print(f"\nround trip over {len(bound.pages)} pages: {trip}")
    assert trip.letters >= 0.9999
    assert trip.words >= 0.999


def test_every_page_comes_back(bound: Bound, tmp_path: Path) -> None:
    for page, found in zip(bound.pages, read_back(bound.pdf), strict=True):
        want = "".join(page.text.text.split())
        assert "".join(found.poppler_raw.split()) == want, page.name
        assert "".join(found.pdfium.split()) == want, page.name
        ours, theirs = Counter(page.text.text.split()), Counter(found.poppler.split())
        assert (ours & theirs).total() >= 0.99 * ours.total(), page.name


def test_a_search_marks_the_right_ink(bound: Bound) -> None:
    """The characters of each word, as pdfium draws a search hit, lie on the word's own box."""
    document = pdfium.PdfDocument(bound.pdf)
    low, all_words = 0, 0
    for place, page in enumerate(bound.pages):
        found = char_boxes(document[place], page.text)
        wanted = [(w.text, page.text.upright_box(w.box)) for w in page.text.words]
        if [text for text, _ in found] != [text for text, _ in wanted]:
            assert any(line[-1].text.endswith("-") for line in page.text.lines), (
                page.name
            )  # glued at a line end
            continue
        shares = [mark.overlap(box) for (_, mark), (_, box) in zip(found, wanted, strict=True)]
        telling = [s for s, (text, _) in zip(shares, wanted, strict=True) if any(c.isalnum() for c in text)]
        assert min(telling) >= 0.5, page.name
        assert sum(telling) / len(telling) >= 0.9, page.name
        low, all_words = low + sum(s < 0.5 for s in shares), all_words + len(shares)
    document.close()
    assert low <= all_words * 0.002  # a dash a few pixels thick may be missed


def char_boxes(page: pdfium.PdfPage, text: PageText) -> list[tuple[str, Box]]:
    """Return the words of `page` with the bounds of their characters in upright pixels."""
    text_page = page.get_textpage()
    scale, height = 72 / text.dpi, text.upright_size[1]
    words: list[tuple[str, Box]] = []
    current, bounds = "", None
    for place in range(text_page.count_chars() + 1):
        code = pdfium.raw.FPDFText_GetUnicode(text_page, place) if place < text_page.count_chars() else 32
        char = "-" if code == 2 else chr(code)
        if char.isspace():
            if bounds is not None:
                words.append((current, bounds))
            current, bounds = "", None
            continue
        left, bottom, right, top = (v / scale for v in text_page.get_charbox(place))
        box = Box(round(left), round(height - top), round(right), round(height - bottom))
        current, bounds = current + char, box if bounds is None else bounds.union(box)
    text_page.close()
    return words


def test_the_picture_is_the_scan(bound: Bound) -> None:
    for place in (0, 12, 30, 54, 55, 56, 60):
        page = bound.pages[place]
        shown = render_page(bound.pdf, place + 1, 50).convert("L")
        with Image.open(page.image) as image:
            upright = image.convert("L").rotate(-page.text.rotation, expand=True).resize(shown.size)
        assert np.abs(np.asarray(shown, dtype=int) - np.asarray(upright, dtype=int)).mean() < 12, page.name


def test_the_layer_costs_little(bound: Bound) -> None:
    images = sum(p.image.stat().st_size for p in bound.pages)
    assert bound.composed.size - images < 6000 * len(bound.pages)
    assert bound.composed.size < images * 1.02


def odd_documents(folder: Path) -> list[Path]:
    """Make one PDF of each kind of page that scanners and people bring."""
    (folder / "in").mkdir()
    letters = laid_out([VIETNAMESE[at : at + 24] for at in range(0, len(VIETNAMESE), 24)])
    empty = replace(letters, words=())
    made: dict[str, list[ComposePage]] = {
        "trống": [ComposePage(picture(empty, folder / "in" / "empty.png", "1"), empty)],
        "một trăm trang": [ComposePage(picture(letters, folder / "in" / "l.png", "1"), letters)] * 100,
    }
    for mode in ("1", "L", "RGB", "P", "CMYK", "LA", "RGBA", "I;16"):
        for suffix in ("jpg", "png", "tif"):
            path = folder / "in" / f"{mode.replace(';', '')}.{suffix}"
            try:
                picture(letters, path, mode)
            except (OSError, ValueError):  # Pillow knows no such file
                continue
            made[path.name] = [ComposePage(path, letters)]
    for rotation in (90, 180, 270):
        turned = laid_out(["Chữ Việt đứng thẳng", "dòng thứ hai"], rotation=rotation)
        made[f"xoay {rotation}"] = [ComposePage(picture(turned, folder / "in" / f"{rotation}.jpg"), turned)]
    files = []
    for name, pages in made.items():
        files.append(folder / f"{name}.pdf")
        compose_pdfa(pages, META, files[-1])
    return files


def access_copy_of(bound: Bound, out: Path) -> Path:
    """Every kind of scan of the corpus as small copy: a page of each class."""
    by_kind = {page.kind: page for page in bound.pages}
    make_access_copy([ComposePage(page.image, page.text) for page in by_kind.values()], META, out)
    return out


@pytest.mark.validators
def test_outside_judges_agree(bound: Bound, tmp_path: Path) -> None:
    files = [bound.pdf, *odd_documents(tmp_path), access_copy_of(bound, tmp_path / "bản truy cập.pdf")]
    assert len(files) > 15
    for file in files:
        qpdf_check(file)
    for file, judgement in verapdf(files).items():
        assert judgement.compliant, (file.name, judgement.failures)


def test_odd_documents_read_back(tmp_path: Path) -> None:
    for file in odd_documents(tmp_path):
        for page in read_back(file):
            assert "".join(page.poppler_raw.split()) == "".join(page.pdfium.split())


def test_memory_does_not_grow_with_pages(tmp_path: Path) -> None:
    """300 pages of 1 MB: the process stays far under the size of the file."""
    page = laid_out(["một trang quét xám ở một trăm năm mươi điểm"])
    image = tmp_path / "a.jpg"
    noise = np.random.default_rng(1).integers(0, 256, (1754, 1240), dtype=np.uint8)
    Image.fromarray(noise).save(image, quality=50)
    code = (
        "import sys, pickle; from pathlib import Path; from ocr.compose import *\n"
        "page, meta, image, out = pickle.load(open(sys.argv[1], 'rb'))\n"
        "c = compose_pdfa([ComposePage(image, page)] * 300, meta, out)\n"
        "peak = [l for l in open('/proc/self/status') if l.startswith('VmHWM')][0]\n"
        "print(c.size, int(peak.split()[1]) * 1024)"
    )
    (tmp_path / "args").write_bytes(pickle.dumps((page, META, image, tmp_path / "out.pdf")))
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "args"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    size, peak = map(int, ran.stdout.split())
    assert size > 250_000_000
    assert peak < 120_000_000
