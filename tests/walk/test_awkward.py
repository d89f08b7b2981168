"""Deliveries that go wrong in ordinary ways: too large, odd names, two hands at once, tools missing, lists."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.walk.conftest import SAMPLES, Vanthu

pytestmark = pytest.mark.joined


def test_a_file_over_the_limit_is_told_every_time(vanthu: Vanthu, tmp_path: Path) -> None:
    folder = tmp_path / "lo"
    folder.mkdir()
    shutil.copyfile(SAMPLES / "cong-van-1412.jpg", folder / "a.jpg")
    (folder / "b.pdf").write_bytes(b"%PDF-1.7\n" + b"x" * 1_500_000)
    for _ in range(2):
        ran = vanthu("digitize", folder, "--json", VANTHU_MAX_FILE_MB="1")
        assert ran.code == 3, ran.err
        assert [d["state"] for d in ran.documents] == ["archived"]
        [refused] = [line for line in ran.lines if line["state"] == "refused"]
        assert (refused["source"], refused["code"]) == ("b.pdf", "file-too-large")


def test_names_that_are_no_utf8_and_odd_digits(vanthu: Vanthu, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "lo")
    os.mkdir(folder)
    for name in (b"v\xe3n.jpg", "²1.jpg".encode(), b"a\nb.jpg"):
        shutil.copyfile(SAMPLES / "cong-van-1412.jpg", os.path.join(folder, name))
    ran = vanthu("digitize", tmp_path / "lo", "--json")
    assert ran.code == 0, ran.err
    # three times the same picture is one document each: the first is archived, the others are the same paper again
    assert len(ran.documents) == 3
    assert sum(len(d["page_sources"]) for d in ran.documents) == 3


def test_two_files_of_one_name_stay_two_documents(vanthu: Vanthu, tmp_path: Path) -> None:
    for place in ("x", "y"):
        (tmp_path / place).mkdir()
        shutil.copyfile(SAMPLES / "thong-bao-189.tif", tmp_path / place / "scan.tif")
    data = bytearray((tmp_path / "y" / "scan.tif").read_bytes())
    (tmp_path / "y" / "scan.tif").write_bytes(data + b"\x00")
    ran = vanthu("digitize", tmp_path / "x" / "scan.tif", tmp_path / "y" / "scan.tif", "--json")
    assert ran.code == 0, ran.err
    assert sorted(d["pages"] for d in ran.documents) == [2, 2]


def test_two_hands_at_once(vanthu: Vanthu) -> None:
    scans = [SAMPLES / "cong-van-1412.jpg", SAMPLES / "thong-bao-189.tif"]
    first = vanthu.start("digitize", *scans, "--json")
    second = vanthu.start("digitize", *scans, "--json")
    told = [running.communicate(timeout=300) for running in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), told
    ids = [
        {json.loads(line)["document_id"] for line in out.splitlines() if "document_id" in line}
        for out, _ in told
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == len(scans)
    assert vanthu("audit", "verify").code == 0


def test_a_missing_model_is_told_before_any_work(vanthu: Vanthu) -> None:
    ran = vanthu("digitize", SAMPLES / "cong-van-1412.jpg", VANTHU_LANGUAGES="xyz")
    assert ran.code == 4
    assert "tesseract-ocr-xyz" in ran.err
    assert vanthu("digitize", SAMPLES / "cong-van-1412.jpg").code == 0


def test_the_hand_over_list_is_compared(vanthu: Vanthu, tmp_path: Path) -> None:
    listed = tmp_path / "danh_muc.csv"
    listed.write_text(
        "\ufeffSTT;Mã vạch;Số, ký hiệu;Ngày;Tên loại và trích yếu;Số trang\n"
        "1;SEP-DA-01.HC.2020-0000001;238-GT/ĐU;19/10/2021;Giấy giới thiệu;1\n"
        "2;SEP-DA-01.HC.2020-0000004;122-QĐ/BTCTU;15/08/2019;Quyết định;5\n"
        "3;SEP-DA-01.HC.2020-0000009;9-CV/TU;01/01/2020;Công văn không có trong xấp;1\n",
        encoding="utf-8",
    )
    ran = vanthu("digitize", SAMPLES / "xap-co-to-ngan", "--manifest", listed, "--json")
    assert ran.code == 3, ran.err
    kinds = {(line["kind"], line["line"]) for line in ran.lines if line["state"] == "difference"}
    assert ("fewer-pages", 3) in kinds
    assert ("missing", 4) in kinds
    broken = tmp_path / "hong.csv"
    broken.write_text("abc\n", encoding="utf-8")
    assert vanthu("digitize", SAMPLES / "xap-co-to-ngan", "--manifest", broken).code == 3


def test_a_zip_is_the_same_delivery_as_its_folder(vanthu: Vanthu, tmp_path: Path) -> None:
    (tmp_path / "lo").mkdir()
    shutil.copyfile(SAMPLES / "cong-van-1412.jpg", tmp_path / "lo" / "a.jpg")
    shutil.make_archive(str(tmp_path / "lo"), "zip", tmp_path / "lo")
    first = vanthu("digitize", tmp_path / "lo.zip", "--json")
    assert first.code == 0, first.err
    again = vanthu.here("digitize", tmp_path / "lo", "--json")
    assert again.code == 0, again.err
    assert [d["document_id"] for d in again.documents] == [d["document_id"] for d in first.documents]
    rows = sqlite3.connect(vanthu.data / "vanthu.db")
    assert rows.execute("select count(*) from batches").fetchone() == (1,)
    rows.close()
