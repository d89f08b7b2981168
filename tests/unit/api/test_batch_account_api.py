"""The account of a delivery at the door: list in, differences out as JSON, sheet and page, minutes in the log."""

import hashlib
import io

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook, load_workbook

from tests.unit.api.api_house import House
from tests.unit.api.test_uploads import a_scan

API = "/api/v1"


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


LIST = sheet(
    ("DANH MỤC BÀN GIAO",),
    ("STT", "Hồ sơ", "Số, ký hiệu", "Tên loại và trích yếu", "Số trang", "Độ mật"),
    (1, "HS-01", "12-CV/TU", '=HYPERLINK("http://x","Thư")', 1.0, None),
    (2, "HS-01", "=1+1", "Báo cáo", 3, "Thường"),
)


@pytest.fixture
def client(house: House) -> TestClient:
    return house.client("archivist")


@pytest.fixture
def batch(client: TestClient) -> str:
    made: str = client.post(f"{API}/batches", json={"title": "Hộp 1", "dossier": "HS-01"}).json()["id"]
    sent = client.post(
        f"{API}/batches/{made}/files", files={"file": ("a.png", a_scan())}, headers={"Idempotency-Key": "k"}
    )
    assert sent.status_code == 201
    return made


def give(client: TestClient, batch: str, name: str, data: bytes) -> object:
    return client.post(f"{API}/batches/{batch}/handover", files={"file": (name, data)})


def test_pages_are_accounted_for_from_the_receipt_on(client: TestClient, batch: str) -> None:
    told = client.get(f"{API}/batches/{batch}/account").json()
    assert (told["files"], told["total"], told["agrees"]) == (1, 1, True)
    assert {s["state"]: s["pages"] for s in told["states"] if s["pages"]} == {"in-file": 1}


def test_a_sheet_is_a_list_and_its_report_reckons_nothing(
    house: House, client: TestClient, batch: str
) -> None:
    assert client.get(f"{API}/batches/{batch}/differences").json()["code"] == "handover-missing"
    given = give(client, batch, "danh_muc.xlsx", LIST)
    assert given.status_code == 201, given.text  # type: ignore[attr-defined]
    assert given.json() | {"batch_id": ""} == {  # type: ignore[attr-defined]
        "batch_id": "", "name": "danh_muc.xlsx", "rows": 2, "pages": 4, "secret": 0, "late": 0,
    }  # fmt: skip
    told = client.get(f"{API}/batches/{batch}/differences").json()
    assert [one["kind"] for one in told["differences"]] == ["missing", "missing"]
    answer = client.get(f"{API}/batches/{batch}/differences.xlsx")
    book = load_workbook(io.BytesIO(answer.content)).active
    cells = [cell for row in book.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in ("s", "n") for cell in cells)
    assert any("12-CV/TU" in str(cell.value) for cell in cells)
    assert house.events("handover-given")[0][1] == batch
    refused = give(client, batch, "hong.xlsx", b"PK\x03\x04 hong")
    assert (refused.status_code, refused.json()["code"]) == (422, "handover-sheet")  # type: ignore[attr-defined]


def test_minutes_are_drawn_and_their_hash_is_in_the_log(house: House, client: TestClient, batch: str) -> None:
    answer = client.get(f"{API}/batches/{batch}/minutes")
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    ((_, about, _),) = house.events("handover-minutes")
    assert about == batch
    with house.tools.work.reading() as tx:
        (event,) = tx.audit.about(batch, ("handover-minutes",))
    assert event.details["sha256"] == hashlib.sha256(answer.content).hexdigest()


def test_the_page_shows_account_list_and_differences(house: House, batch: str) -> None:
    browser = house.browser("archivist")
    token = browser.headers["X-CSRF-Token"]
    form = {"data": {"csrf": token}, "files": {"file": ("danh_muc.xlsx", LIST)}}
    sent = browser.post(f"/batches/{batch}/handover", follow_redirects=False, **form)  # type: ignore[arg-type]
    assert sent.status_code == 303, sent.text
    shown = browser.get(f"/batches/{batch}").text
    for wanted in (
        "Sổ trang: 1 trang được giao",
        "Chưa tách khỏi tệp",
        "2 điểm khác với danh mục",
        "danh_muc.xlsx",
    ):
        assert wanted in shown, wanted


def test_a_level_of_secrecy_that_comes_late_is_shouted(house: House, client: TestClient, batch: str) -> None:
    listed = "Trích yếu;Số trang;Độ mật\nBáo cáo;1;Mật\n".encode()
    assert client.post(f"{API}/batches/{batch}/start").status_code == 202
    given = give(client, batch, "a.csv", listed)
    assert (given.json()["secret"], given.json()["late"]) == (1, 1)  # type: ignore[attr-defined]
    assert "Hãy báo cán bộ bảo mật ngay" in house.browser("archivist").get(f"/batches/{batch}").text
