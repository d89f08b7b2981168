"""Which pages of the corpus and of its deliveries carry a mark of secrecy: those that do, and no other."""

import json
import os
from pathlib import Path

import pytest

from ingest.secrecy import mark_of
from ocr.extract import extract_pages
from ocr.inspect_file import inspect_file
from ocr.options import OcrOptions
from tests.tools.length import LONG

pytestmark = pytest.mark.joined

ROOT = Path(__file__).parents[3]
DELIVERIES = {"a_jpeg_folder": "scans/*.jpg", "b_tiff": "lo_quet.tif", "c_pdf": "lo_quet.pdf"}
AWKWARD = ("d015", "d017", "d019", "d024", "d030")
"""A stamp on yellow paper, stamps of urgency, a ruled list, a typewritten letter: the sample of a short run."""


@pytest.fixture(scope="module")
def corpus() -> Path:
    folder = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "ground_truth.json").exists():
        pytest.skip(f"no corpus at {folder}; set VANTHU_CORPUS")
    return folder


def marks(path: Path, out: Path) -> list[str]:
    pages = extract_pages(path, inspect_file(path, path.name), out, stamps=OcrOptions())
    return [mark_of(reading for stamp in page.stamps for reading in stamp.readings) for page in pages]


def secret_pages(corpus: Path) -> dict[str, str]:
    truth = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    return {
        page["id"]: mark["lines"][0]
        for page in truth["pages"]
        for mark in page["marks"]
        if mark["kind"] == "secrecy"
    }


def test_pages(corpus: Path, tmp_path: Path) -> None:
    truth = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))
    asked = [page for page in truth["pages"] if LONG or page["document"] in AWKWARD]
    found = {
        page["id"]: mark
        for page in asked
        if (mark := marks(corpus / page["image"], tmp_path / page["id"])[0])
    }
    wanted = secret_pages(corpus)
    assert found == {page["id"]: wanted[page["id"]] for page in asked if page["id"] in wanted}
    assert found


@pytest.mark.parametrize("name", DELIVERIES if LONG else ("b_tiff", "c_pdf"))
def test_deliveries(name: str, corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "batches" / name
    files = sorted(folder.glob(DELIVERIES[name]))
    found = [mark for n, file in enumerate(files) for mark in marks(file, tmp_path / str(n))]
    images = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["images"]
    secret = secret_pages(corpus)
    assert found == [secret.get(image.get("page_id", ""), "") for image in images]
