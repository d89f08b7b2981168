"""The three deliveries of the corpus: every image comes out, sheets are seen, upside-down pages are turned."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ocr.extract import PageImage, extract_pages, is_separator
from ocr.inspect_file import inspect_file
from ocr.options import OcrOptions
from ocr.recognise import recognise

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=["a_jpeg_folder", "b_tiff", "c_pdf"])
def batch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[dict[str, Any], PageImage]]:
    corpus = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    folder = corpus / "batches" / request.param
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {corpus}; set VANTHU_CORPUS")
    wanted = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["images"]
    scans = sorted((folder / "scans").glob("*")) or sorted(folder.glob("lo_quet.*"))
    pages: list[PageImage] = []
    for scan in scans:
        out = tmp_path_factory.mktemp(scan.stem)
        pages.extend(extract_pages(scan, inspect_file(scan, scan.name), out))
    return list(zip(wanted, pages, strict=True))


def test_every_page_image_is_the_delivered_data(batch: list[tuple[dict[str, Any], PageImage]]) -> None:
    assert all(page.exact and page.dpi == pytest.approx(200, abs=1) for _, page in batch)


def test_sheets_and_nothing_else_separate(batch: list[tuple[dict[str, Any], PageImage]]) -> None:
    assert [is_separator(page) for _, page in batch] == [image.get("barcode") for image, _ in batch]


def test_upside_down_pages_are_turned_and_blanks_are_empty(
    batch: list[tuple[dict[str, Any], PageImage]],
) -> None:
    for image, page in batch:
        if image["role"] == "blank":
            assert recognise(page.path, OcrOptions(), dpi=page.dpi).words == ()
        elif image.get("upside_down"):
            assert recognise(page.path, OcrOptions(), dpi=page.dpi).rotation == 180
