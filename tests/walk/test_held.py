"""A delivery with a stamped paper, as people meet it: held, listed, released, walked; account and minutes beside it."""

from pathlib import Path

import pytest

from tests.cases.secret_pages import scan_of, stamped_page
from tests.walk.conftest import Vanthu

pytestmark = pytest.mark.joined

LIST = "STT;Số ký hiệu;Trích yếu;Số trang\n1;12-CV/TU;Thư;1\n2;13-BC/TU;Báo cáo;2\n"


def test_held_released_and_walked(vanthu: Vanthu, tmp_path: Path) -> None:
    folder = tmp_path / "lo"
    folder.mkdir()
    (folder / "mat.jpg").write_bytes(scan_of(stamped_page("MẬT", tilt=3)))
    (folder / "thu.jpg").write_bytes(scan_of(stamped_page("KHẨN", text="THƯ MỜI")))
    (tmp_path / "danh_muc.csv").write_text(LIST, encoding="utf-8")
    asked = ("digitize", folder, "--manifest", tmp_path / "danh_muc.csv", "--json")
    first = vanthu(*asked)
    assert first.code == 3, first.err
    states = {d["source"]: d["state"] for d in first.documents}
    assert states == {"mat.jpg": "held", "thu.jpg": "archived"}
    (held,) = [d["document_id"] for d in first.documents if d["state"] == "held"]

    assert vanthu.here("held", "list", "--officer", "luutru").code != 0  # an archivist is no officer
    listed = vanthu.here("held", "list", "--officer", "baomat", "--json")
    assert [(one["document_id"], one["mark"], one["page"]) for one in listed.lines] == [(held, "MẬT", 1)]

    (batch,) = [one["batch_id"] for one in vanthu.here("batch", "list", "--json").lines]
    shown = vanthu.here("batch", "show", batch, "--json")
    assert shown.code == 3
    told = next(line for line in shown.lines if "states" in line)
    assert {state: n for state, n in told["states"].items() if n} == {"held": 1, "archived": 1}
    assert (told["pages"], told["agrees"]) == (2, True)
    assert {line["kind"] for line in shown.lines if line.get("state") == "difference"} >= {"fewer-pages"}
    assert vanthu.here("batch", "differences", batch, "--out", tmp_path / "x.xlsx").code == 3
    assert vanthu.here("batch", "minutes", batch, "--out", tmp_path / "x.pdf").code == 0
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF-")

    freed = vanthu.here("held", "release", held, "--officer", "baomat", "--why", "misread")
    assert freed.code == 0, freed.err
    again = vanthu(*asked)
    assert {d["state"] for d in again.documents} == {"archived"}, again.err
    assert vanthu.here("held", "list", "--officer", "baomat").code == 1
    assert vanthu("audit", "verify").code == 0
