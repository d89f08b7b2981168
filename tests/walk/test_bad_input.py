"""Bad input: one clear sentence each, exit code 3, and the rest of the batch finishes."""

import shutil
from pathlib import Path

import pytest

from tests.tools.bad_inputs import ACCEPTED, REFUSED, make
from tests.walk.conftest import SAMPLES, Ran, Vanthu

pytestmark = pytest.mark.joined


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory, made_house: Path) -> tuple[Vanthu, Ran]:
    folder = tmp_path_factory.mktemp("awkward")
    make(folder / "in")
    shutil.copyfile(SAMPLES / "cong-van-1412.jpg", folder / "in" / "tot.jpg")
    house = Vanthu(Path(shutil.copytree(made_house, folder / "data")))
    return house, house("digitize", folder / "in", "--json", timeout=900)


def test_exit_code_says_that_some_were_refused(awkward: tuple[Vanthu, Ran]) -> None:
    assert awkward[1].code == 3


def test_each_bad_file_gets_one_sentence(awkward: tuple[Vanthu, Ran]) -> None:
    refused = {line["source"]: line for line in awkward[1].lines if line["state"] == "refused"}
    assert set(refused) == set(REFUSED)
    for source, line in refused.items():
        assert line["code"] not in ("", "internal-fault"), line
        assert source in line["tell"], line
        assert line["tell"].rstrip().endswith("."), line
        assert len(line["tell"]) > 40, line
        assert "Traceback" not in line["tell"]
        assert awkward[1].err.count(line["tell"].split(".")[0][:30]) >= 1


def test_everything_else_is_archived(awkward: tuple[Vanthu, Ran]) -> None:
    import unicodedata

    wanted = {unicodedata.normalize("NFC", name) for name in ACCEPTED} | {"tot.jpg"}
    archived = {d["source"] for d in awkward[1].documents if d["state"] == "archived"}
    short = {name for name in wanted if len(name) < 200}
    assert short <= archived
    assert len(archived) == len(wanted)


def test_what_was_made_is_valid(awkward: tuple[Vanthu, Ran]) -> None:
    house, ran = awkward
    files = [d["pdf"] for d in ran.documents]
    assert house("verify", *files).code == 0
    assert house("audit", "verify").code == 0


def test_a_signed_pdf_is_kept_bit_exact_beside_its_access_copy(
    awkward: tuple[Vanthu, Ran], tmp_path: Path
) -> None:
    house, ran = awkward
    signed = Path(next(d["pdf"] for d in ran.documents if d["source"] == "tot.jpg"))
    given = tmp_path / "da-ky.pdf"
    shutil.copyfile(signed, given)
    again = house("digitize", given, "--json")
    assert again.code == 0, again.err
    [document] = again.documents
    shown = house("show", document["document_id"], "--json").lines[0]
    original = next(r for r in shown["renditions"] if r["name"] == "original")
    assert (house.data / "blobs" / original["key"]).read_bytes() == given.read_bytes()
    assert house("verify", house.data / "blobs" / original["key"]).code == 0
    found = house("search", document["fields"]["number"], "--json").lines
    assert document["document_id"] in [hit["document_id"] for hit in found]


def test_a_folder_without_scans(vanthu: Vanthu, tmp_path: Path) -> None:
    (tmp_path / "rong").mkdir()
    (tmp_path / "rong" / "ghi-chu.txt").write_text("x")
    ran = vanthu("digitize", tmp_path / "rong")
    assert ran.code == 3
    assert "Không có tệp ảnh" in ran.err


def test_wrong_usage(vanthu: Vanthu) -> None:
    assert vanthu("digitize").code == 2
    assert vanthu("digitize", "/does/not/exist").code == 2
    assert vanthu("nonsense").code == 2


def test_without_init(tmp_path: Path) -> None:
    ran = Vanthu(tmp_path / "data")("search", "x")
    assert ran.code == 2
    assert "vanthu init" in ran.err
