"""`describe` on the whole corpus: on the true words, and on what our own recognition reads."""

import json
import os
import sys
import unicodedata
from datetime import date
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingest.describe import describe
from ingest.handover import read_handover
from ingest.handover_compare import compare_handover
from ocr.options import OcrOptions
from ocr.recognise import recognise
from records.document import Fields, fields_to_json
from records.geometry import Box, Rotation, back, turn, turned_size
from records.handover import FoundDocument
from records.page import PageText, Word

pytestmark = pytest.mark.joined

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
RECEIVED = date(2026, 11, 23)

LEAST_ON_TRUTH = 0.97
LEAST_ON_READING = {
    "type_name": 0.93,
    "type_code": 0.93,
    "code_number": 0.87,
    "number": 0.85,
    "issued_date": 0.72,
    "place": 0.9,
    "organ_name": 0.75,
    "superior_organ": 0.7,
    "subject": 0.7,
}
"""Shares of exact values; the text itself has some 10 % wrong words on the hard classes."""


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    path = CORPUS / "ground_truth.json"
    if not path.is_file():
        pytest.skip(f"no corpus at {CORPUS}; set VANTHU_CORPUS")
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="module")
def score(truth: dict[str, Any]) -> ModuleType:
    spec = util.spec_from_file_location("corpus_score", CORPUS / "score.py")
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["corpus_score"] = module
    spec.loader.exec_module(module)
    return module


def true_page(page: dict[str, Any]) -> PageText:
    """The true words of a page, with the words of its stamps at their places."""
    turns: dict[int, Rotation] = {0: 0, 90: 270, 180: 180, 270: 90}
    rotation = turns[page["rotation"]]
    size = (page["width"], page["height"])
    words = [
        Word(word["text"], Box(*(round(v) for v in word["box"])), 0.97, number)
        for number, line in enumerate(page["lines"])
        for word in line["words"]
    ]
    for mark in page["marks"]:
        if mark["kind"] in ("urgency", "secrecy", "arrival_stamp"):
            lines = [line for line in mark["lines"] if not line.startswith("ĐẾN ")]
            upright = turn(Box(*(round(v) for v in mark["box"])), rotation, *size)
            height = upright.height // len(lines)
            for index, line in enumerate(lines):
                top = upright.y0 + index * height
                texts = line.split()
                step = upright.width // len(texts)
                for place, text in enumerate(texts):
                    left = upright.x0 + place * step
                    box = Box(left, top + height // 6, left + step - step // 10, top + 5 * height // 6)
                    delivered = turn(box, back(rotation), *turned_size(rotation, *size))
                    words.append(Word(text, delivered, 0.9, len(page["lines"]) + index))
    return PageText(page["page"], *size, page["dpi"], rotation, page["skew_deg"], "truth", tuple(words))


def shares(score: ModuleType, truth: dict[str, Any], found: dict[str, Fields]) -> dict[str, float]:
    """Share of exact values of each field, as score.py compares them."""
    plain = {}
    for name, fields in found.items():
        plain[name] = {key: value for key, value in fields_to_json(fields).items() if key != "evidence"}
        for extra in ("signer_authority", "member_name"):
            plain[name][extra] = fields.evidence[extra].value if extra in fields.evidence else ""
    measured = score.score_fields([d for d in truth["documents"] if d["id"] in found], plain)
    return {name: value["exact"] for name, value in measured.items() if name != "page_count"}


def test_fields_on_the_true_words(truth: dict[str, Any], score: ModuleType) -> None:
    pages = {page["id"]: page for page in truth["pages"]}
    found = {
        d["id"]: describe([true_page(pages[p]) for p in d["pages"]], RECEIVED) for d in truth["documents"]
    }
    measured = shares(score, truth, found)
    assert {name: share for name, share in measured.items() if share < LEAST_ON_TRUTH} == {}


def test_every_document_of_a_batch_is_named_like_its_row(truth: dict[str, Any]) -> None:
    pages = {page["id"]: page for page in truth["pages"]}
    for batch in sorted((CORPUS / "batches").iterdir()):
        listed = read_handover(batch / "danh_muc_ban_giao.csv")
        expected = json.loads((batch / "expected.json").read_text(encoding="utf-8"))
        documents = []
        for order, item in enumerate(expected["documents"], 1):
            fields = describe([true_page(pages[p]) for p in item["page_ids"]], RECEIVED)
            documents.append(
                FoundDocument(
                    order, item["found_pages"], item["barcode"] or "", fields.number, fields.issued_date
                )
            )
        result = compare_handover(listed, documents)
        assert len(result.pairs) == len(listed.rows), batch.name
        assert [d.kind.value for d in result.differences] == ["fewer-pages" for _ in expected["mismatches"]]


@pytest.mark.long
def test_fields_on_our_own_reading(truth: dict[str, Any], score: ModuleType) -> None:
    pages = {page["id"]: page for page in truth["pages"]}
    options = OcrOptions()
    found = {}
    for document in truth["documents"]:
        wanted = [pages[p] for p in document["pages"]]
        first = wanted[0]  # the heading is enough here: every page would take minutes
        reading = recognise(CORPUS / first["image"], options, 1, first["dpi"])
        assert all(unicodedata.is_normalized("NFC", word.text) for word in reading.words)
        found[document["id"]] = describe([reading], RECEIVED)
    measured = shares(score, truth, found)
    assert {n: measured[n] for n, least in LEAST_ON_READING.items() if measured[n] < least} == {}
