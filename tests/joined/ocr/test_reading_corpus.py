"""The whole corpus through our reader: error rate, boxes, turns. Minutes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.page import page_to_json

pytestmark = pytest.mark.joined
ROOT = Path(__file__).parents[3]

STOCK_CER = {
    "all": 5.01, "clean": 3.45, "office": 4.87, "photocopy": 4.89, "faded": 3.26, "aged": 2.02, "stamped": 17.97,
    "skewed": 2.72, "lowres": 3.56, "jpeg": 4.52, "rotated": 2.64, "600dpi": 7.03,
}  # fmt: skip
"""Percent over the 61 pages by `ocrmypdf 17.13 -l vie --rotate-pages --deskew` (Tesseract 5.3.0, Debian 12)."""

WANTED_CER = 2.5
"""Percent over all pages: half of stock."""


def read_one(job: tuple[Path, Path]) -> tuple[int, float]:
    image, target = job
    page = recognise(image, OcrOptions())
    target.write_text(json.dumps(page_to_json(page)), encoding="utf-8")
    return page.rotation, page.skew


@pytest.fixture(scope="module")
def corpus() -> Path:
    folder = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "ground_truth.json").is_file():
        pytest.skip(f"the corpus is not at {folder}; set VANTHU_CORPUS")
    return folder


@pytest.fixture(scope="module")
def readings(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, tuple[int, float]]]:
    out = tmp_path_factory.mktemp("readings")
    pages = json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))["pages"]
    jobs = [(corpus / page["image"], out / f"{page['id']}.json") for page in pages]
    with ProcessPoolExecutor() as pool:
        seen = dict(zip((page["id"] for page in pages), pool.map(read_one, jobs), strict=True))
    return out, seen


@pytest.fixture(scope="module")
def scores(
    corpus: Path, readings: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("score") / "score.json"
    command = [
        sys.executable,
        corpus / "score.py",
        readings[0],
        "--truth",
        corpus,
        "--per-page",
        "--json",
        target,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return dict(json.loads(target.read_text(encoding="utf-8")))


def test_every_page_is_turned_and_straightened_right(corpus: Path, readings: tuple[Path, Any]) -> None:
    for page in json.loads((corpus / "ground_truth.json").read_text(encoding="utf-8"))["pages"]:
        rotation, skew = readings[1][page["id"]]
        assert (rotation + page["rotation"]) % 360 == 0, page["id"]
        assert skew == pytest.approx(page["skew_deg"], abs=0.15), page["id"]


def test_half_the_wrong_characters_of_stock(scores: dict[str, Any]) -> None:
    assert 100 * scores["classes"]["all"]["cer"] <= WANTED_CER


def test_no_class_is_worse_than_stock(scores: dict[str, Any]) -> None:
    ours = {name: 100 * c["cer"] for name, c in scores["classes"].items()}
    assert {name: cer for name, cer in ours.items() if cer > STOCK_CER[name]} == {}


def test_boxes_lie_on_the_words(scores: dict[str, Any]) -> None:
    assert scores["classes"]["all"]["box_match"] >= 0.98
    assert min(c["box_match"] for c in scores["classes"].values()) >= 0.97
    low = {page: s["box_match"] for page, s in scores["per_page"].items() if s["box_match"] < 0.85}
    assert low == {}
