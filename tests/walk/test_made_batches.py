"""Deliveries of our own making, on other paper, at other resolutions and in another order than those of the corpus."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.tools.length import LONG
from tests.tools.made_batches import NAMES, make
from tests.walk.conftest import Ran, Vanthu
from tests.walk.truth import is_secret

pytestmark = pytest.mark.joined


@pytest.fixture(scope="module", params=NAMES if LONG else NAMES[:1])
def made(
    request: pytest.FixtureRequest, made_house: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Ran, Vanthu]:
    """One delivery in `make test`, all three in `make test-long`."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(made_house, folder / "data")
    expected = make(request.param, folder / "lo", corpus)
    house = Vanthu(folder / "data")
    listed = folder / "lo" / "danh_muc_ban_giao.csv"
    ran = house("digitize", folder / "lo", "--dossier", "07.TC.2024", "--manifest", listed, "--json")
    documents = enumerate(expected["documents"], start=1)
    secret = {n for n, d in documents if any(is_secret(corpus, page) for page in d["page_ids"])}
    before = [None, *expected["images"]]
    for image, last in zip(expected["images"], before, strict=False):
        if image["role"] == "duplicate" and last is not None and last["document"] in secret:
            image |= {"role": "page", "document": last["document"]}  # a marked page is never set aside
    held = {n for n, d in enumerate(ran.documents, start=1) if d["state"] == "held"}
    assert held == secret
    assert ran.code in {0, 3}, ran.err
    return expected, ran, house


def test_documents_page_for_page(made: tuple[dict[str, Any], Ran, Vanthu]) -> None:
    expected, ran, _ = made
    wanted: list[list[tuple[str, int]]] = [[] for _ in expected["documents"]]
    for image in expected["images"]:
        if image["role"] == "page":
            wanted[image["document"] - 1].append((image["file"], image["frame"]))
    assert [[(p["file"], p["frame"]) for p in d["page_sources"]] for d in ran.documents] == wanted
    held = {n for n, d in enumerate(ran.documents, start=1) if d["state"] == "held"}
    told = [line for line in ran.lines if line["state"] == "difference"]
    # a number misread on rescanned paper is told too; here only pages and documents are in question
    differences = {line["kind"] for line in told if line["order"] not in held}
    assert differences <= {"other-number", "other-date"}, ran.err


def test_every_other_image_is_told_for_what_it_is(made: tuple[dict[str, Any], Ran, Vanthu]) -> None:
    expected, ran, _ = made
    told = {(s["source"], s["frame"]): s for s in ran.lines if "frame" in s}
    wanted = {(i["file"], i["frame"]): i["role"] for i in expected["images"] if i["role"] != "page"}
    assert {place: line["state"] for place, line in told.items()} == wanted
    for image in expected["images"]:
        if image["role"] == "separator":
            assert told[image["file"], image["frame"]]["code"] == image["barcode"]


def test_sheets_name_the_dossier_and_findings_the_turned_page(
    made: tuple[dict[str, Any], Ran, Vanthu],
) -> None:
    expected, ran, house = made
    with closing(sqlite3.connect(house.data / "vanthu.db")) as rows:
        [(batch,)] = rows.execute("SELECT id FROM batches").fetchall()
    shown = house.here("batch", "checks", batch, "--all", "--json").lines
    turned = {(f["file"], f["frame"]) for f in shown if f["finding"] == "turned" and f["state"] == "content"}
    assert turned == {(i["file"], i["frame"]) for i in expected["images"] if i.get("upside_down")}
    walked = [n for n, d in enumerate(ran.documents) if d["state"] == "archived"]
    ids = [ran.documents[n]["document_id"] for n in walked]
    dossiers = [house.here("show", document_id, "--json").lines[0]["dossier"] for document_id in ids]
    assert dossiers == [expected["documents"][n]["dossier"] or "07.TC.2024" for n in walked]
