"""The main job on the sample batch: every page lands in one document, sealed, valid, found again, never twice."""

import subprocess
from pathlib import Path

import pytest

from tests.walk.conftest import SAMPLES, Ran, Vanthu

pytestmark = pytest.mark.joined

Digitized = tuple[Vanthu, Ran, Path]


def test_every_delivered_page_is_in_exactly_one_document_or_reported(digitized: Digitized) -> None:
    _, ran, _ = digitized
    placed = [(p["file"], p["frame"]) for d in ran.documents for p in d["page_sources"]]
    told = [(s["source"], s["frame"]) for s in ran.lines if s["state"] == "separator"]
    assert len(placed) == len(set(placed))
    delivered = {
        *(("cong-van-so-66/trang-1.jpg", 1), ("cong-van-so-66/trang-2.jpg", 1)),
        *((f"xap-co-to-ngan/IMG_00{n}.jpg", 1) for n in ("01", "02", "12", "13", "15")),
        *(
            ("thong-bao-189.tif", 1),
            ("thong-bao-189.tif", 2),
            ("cong-van-361.pdf", 1),
            ("cong-van-1412.jpg", 1),
        ),
    }
    assert set(placed) | set(told) == delivered
    assert set(placed) & set(told) == set()
    assert sorted(told) == [("xap-co-to-ngan/IMG_0001.jpg", 1), ("xap-co-to-ngan/IMG_0012.jpg", 1)]


def test_documents_are_archived_sealed_and_described(digitized: Digitized) -> None:
    _, ran, _ = digitized
    assert len(ran.documents) == 6
    for document in ran.documents:
        assert document["state"] == "archived"
        assert document["pdfa"] == "2b"
        assert document["signature"] == {"level": "PAdES-BASELINE-LTA", "verdict": "VALID"}
    numbers = {d["source"]: d["fields"]["number"] for d in ran.documents}
    assert numbers["thong-bao-189.tif"] == "189-TB/UBKTTU"
    assert numbers["cong-van-so-66"] == "66-TTr/BTCTU"
    types = {d["source"]: d["fields"]["type_code"] for d in ran.documents}
    assert types["thong-bao-189.tif"] == "07"


def test_the_files_handed_out_are_the_files_kept(digitized: Digitized) -> None:
    house, ran, _ = digitized
    for document in ran.documents:
        key = f"documents/{document['document_id']}/v1/access.pdf"
        assert Path(document["pdf"]).read_bytes() == (house.data / "blobs" / key).read_bytes()


def test_outside_judges_agree(digitized: Digitized) -> None:
    house, _, out = digitized
    files = sorted(out.glob("*.pdf"))
    assert len(files) == 6
    verified = house("verify", *files, "--json")
    assert verified.code == 0, verified.out
    assert {line["verdict"] for line in verified.lines} == {"VALID"}
    for file in files:
        assert subprocess.run(["qpdf", "--check", file], capture_output=True, check=False).returncode == 0
        told = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False).stdout
        assert "Signature is Valid." in told
        assert "Total document signed" in told


def test_a_changed_file_is_not_valid(digitized: Digitized, tmp_path: Path) -> None:
    house, _, out = digitized
    good = sorted(out.glob("*.pdf"))[0].read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    flipped, longer = tmp_path / "flipped.pdf", tmp_path / "longer.pdf"
    flipped.write_bytes(bad)
    longer.write_bytes(good + b"\n9999 0 obj\n<<>>\nendobj\n")
    for file in (flipped, longer):
        judged = house("verify", file, "--json")
        assert judged.code == 1
        assert judged.lines[0]["verdict"] != "VALID"


@pytest.mark.parametrize(
    "query", ["189-TB/UBKTTU", "189 tb ubkttu", "kiểm kê tài liệu lưu trữ", "kiem ke tai lieu luu tru"]
)
def test_found_again_by_number_and_phrase(digitized: Digitized, query: str) -> None:
    house, ran, _ = digitized
    wanted = next(d["document_id"] for d in ran.documents if d["source"] == "thong-bao-189.tif")
    found = house("search", query, "--json")
    assert found.code == 0
    assert wanted in [hit["document_id"] for hit in found.lines][:3]
    assert all(hit["boxes"] for hit in found.lines if hit["document_id"] == wanted)


def test_nothing_found_is_exit_code_one(digitized: Digitized) -> None:
    house, _, _ = digitized
    assert house("search", "xyzzy plugh quux corge grault garply").code == 1


def test_the_same_input_again_changes_nothing(digitized: Digitized) -> None:
    house, first, _ = digitized
    again = house("digitize", SAMPLES, "--dossier", "MAU-01", "--json")
    assert again.code == 0
    assert {d["document_id"] for d in again.documents} == {d["document_id"] for d in first.documents}
    one = house("digitize", SAMPLES / "cong-van-1412.jpg", "--dossier", "MAU-01", "--json")
    [known] = one.documents
    assert known["state"] == "already-archived"
    assert known["document_id"] in {d["document_id"] for d in first.documents}


def test_audit_and_show_and_doctor(digitized: Digitized) -> None:
    house, ran, _ = digitized
    assert house("audit", "verify").code == 0
    shown = house("show", ran.documents[0]["document_id"][:10], "--json")
    assert shown.lines[0]["document_id"] == ran.documents[0]["document_id"]
    assert {r["name"] for r in shown.lines[0]["renditions"]} >= {"access.pdf", "pages.json", "manifest.json"}
    assert house("doctor").code == 0
    assert house("show", "0" * 32).code == 1


def test_reindex_finds_the_same(digitized: Digitized) -> None:
    house, _, _ = digitized
    before = house("search", "tài liệu lưu trữ", "--json").lines
    assert house("reindex").code == 0
    after = house("search", "tài liệu lưu trữ", "--json").lines
    assert [(h["document_id"], h["page"]) for h in after] == [(h["document_id"], h["page"]) for h in before]
