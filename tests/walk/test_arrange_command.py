"""A delivery arranged by hand from the command line: it waits, is killed at its seams, and comes out as confirmed."""

import shutil
from pathlib import Path

import pytest

from tests.walk.conftest import SAMPLES, Vanthu

pytestmark = pytest.mark.joined


def test_arranged_killed_and_confirmed_is_archived_as_arranged(vanthu: Vanthu, tmp_path: Path) -> None:
    folder = tmp_path / "lo"
    folder.mkdir()
    for number in (1, 2):
        shutil.copy(SAMPLES / "cong-van-so-66" / f"trang-{number}.jpg", folder)
    shutil.copy(SAMPLES / "cong-van-1412.jpg", folder / "trang-3.jpg")
    told = ("digitize", folder, "--arrange", "--dossier", "HS-9", "--json")
    waits = vanthu(*told)
    assert (waits.code, waits.documents) == (3, []) and "chờ sắp xếp" in waits.err
    batch = vanthu.here("batch", "arrange", "show", _batch(vanthu), "--json").lines[-1]
    assert (batch["state"], batch["version"]) == ("arranging", 0)
    words = ("batch", "arrange")
    ident = batch["batch_id"][:8]
    assert vanthu.here(*words, "merge", ident, 2).code == 0
    assert vanthu.here(*words, "merge", ident, 3).code == 0
    assert vanthu.here(*words, "undo", ident).code == 0
    assert vanthu.here(*words, "mark", ident, 3, "--as", "out", "--version", 99).code == 1
    assert vanthu.here(*words, "turn", ident, 1, "--degrees", "180").code == 0
    assert vanthu.here(*words, "move", ident, 1).code == 2
    shown = vanthu.here(*words, "show", ident, "--json").lines[:-1]
    assert [(s["document"], s["page"], s["turn"]) for s in shown] == [(1, 1, 180), (1, 2, 0), (2, 3, 0)]

    ticket = vanthu.here("batch", "rescan", "ask", ident, 3, "--reason", "mờ")
    assert ticket.code == 0
    assert vanthu.here(*words, "confirm", ident).code == 1, "a ticket is open"
    again = vanthu.here("batch", "rescan", "deliver", ident, ticket.out.strip(), folder / "trang-3.jpg")
    assert again.code == 0, again.err

    assert vanthu(*words, "confirm", ident, VANTHU_CRASHPOINT="arrange-before-commit").code == -9
    assert vanthu.here(*words, "confirm", ident).code == 0
    assert vanthu(*told, VANTHU_CRASHPOINT="proposed-after-commit").code == -9
    done = vanthu(*told)
    assert done.code == 0, done.err
    assert [[p["file"].split("/")[-1] for p in d["page_sources"]] for d in done.documents] == [
        ["trang-1.jpg", "trang-2.jpg"],
        ["trang-3.jpg"],
    ]
    assert [d["state"] for d in done.documents] == ["archived", "archived"]
    assert [line["state"] for line in done.lines if "document_id" not in line] == ["replaced"]
    assert done.documents[0]["fields"]["number"] == "66-TTr/BTCTU", (
        "a wrong turn is a hint, the letters tell better"
    )
    closed = vanthu.here(*words, "undo", ident)
    assert closed.code == 1 and "đã được lưu trữ" in closed.err
    assert vanthu.here("audit", "verify").code == 0


def _batch(vanthu: Vanthu) -> str:
    import sqlite3

    with sqlite3.connect(vanthu.data / "vanthu.db") as rows:
        [[batch]] = rows.execute("select id from batches").fetchall()
    return str(batch)
