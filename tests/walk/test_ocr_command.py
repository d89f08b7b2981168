"""`vanthu ocr`: text, page JSON and PDF/A beside each other, no database, bad inputs told."""

import json
from pathlib import Path

import pytest

from tests.walk.conftest import SAMPLES, Vanthu

pytestmark = pytest.mark.joined


def test_reads_single_and_multi_page_files(tmp_path: Path) -> None:
    house, out = Vanthu(tmp_path / "data"), tmp_path / "out"
    bad = tmp_path / "hong.jpg"
    bad.write_bytes(b"\xff\xd8\xff")
    ran = house("ocr", SAMPLES / "cong-van-1412.jpg", SAMPLES / "thong-bao-189.tif", bad, "--out", out)
    assert ran.code == 3, ran.err
    assert "hong.jpg" in ran.err
    assert not (tmp_path / "data").exists()
    names = {p.name for p in out.iterdir()}
    assert names == {
        *("cong-van-1412.txt", "cong-van-1412.json", "cong-van-1412.pdf"),
        *("thong-bao-189-p0001.txt", "thong-bao-189-p0001.json", "thong-bao-189-p0002.txt"),
        *("thong-bao-189-p0002.json", "thong-bao-189.pdf"),
    }
    page = json.loads((out / "thong-bao-189-p0001.json").read_text())
    assert set(page) >= {
        "page",
        "width",
        "height",
        "dpi",
        "rotation",
        "skew",
        "engine",
        "confidence",
        "text",
        "words",
    }
    assert (page["width"], page["height"], page["page"]) == (1653, 2339, 1)
    assert set(page["words"][0]) - {"meant"} == {"text", "box", "confidence", "line", "trace"}
    assert "THÔNG BÁO" in (out / "thong-bao-189-p0001.txt").read_text()


def test_without_pdf(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert Vanthu(tmp_path / "data")("ocr", SAMPLES / "cong-van-1412.jpg", "--out", out, "--no-pdf").code == 0
    assert {p.suffix for p in out.iterdir()} == {".txt", ".json"}


def test_sign_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    house, out = Vanthu(tmp_path / "data"), tmp_path / "out"
    assert house("ocr", SAMPLES / "cong-van-1412.jpg", "--out", out).code == 0
    pdf, signed = out / "cong-van-1412.pdf", tmp_path / "ky.pdf"
    assert house("sign", pdf, "--out", signed, "--profile", "archive").code == 0
    assert house("verify", signed).code == 0
    assert house("verify", pdf).code == 1  # unsigned
    again = house("sign", pdf, "--out", signed, "--profile", "archive")
    assert again.code == 2
    assert "không ghi đè" in again.err
    official = house("sign", pdf, "--out", tmp_path / "x.pdf", "--profile", "official", "--key", "none")
    assert official.code == 2
    assert "none" in official.err
    assert not (tmp_path / "x.pdf").exists()
