"""The searcher's desk over HTTP and as pages: facets, switch, suggestions, lists as files, hits inside, alike pages."""

import csv
import io
import re

import pytest
from openpyxl import load_workbook

from records.access import SYSTEM, Level
from records.document import Fields
from records.page import dump_page
from search.entry import IndexedDocument, entries_for
from tests.unit.api.api_house import House

API = "/api/v1"


def retold(house: House, name: str, fields: Fields, level: Level | None = None) -> None:
    """Write other fields into the books and the index, as a correction does."""
    document_id = house.seeded.ids[name]
    with house.tools.work.begin() as tx:
        known = tx.documents.get(SYSTEM, document_id)
        told = tx.documents.update_fields(document_id, fields, known.row_version, level=level, number_key="")
        texts = tx.pages.readings(document_id)
    entries = entries_for(IndexedDocument(document_id, fields, told.level), texts)
    house.tools.index.replace(document_id, entries, told.row_version)
    house.tools.index.commit()


def copied(house: House, source: str, target: str) -> None:
    """Let the first page of `target` say what that of `source` says."""
    ids = house.seeded.ids
    with house.tools.work.begin() as tx:
        text = tx.pages.readings(ids[source])[0]
        tx.pages.correct(f"{ids[target]}-1", text, dump_page(text), "")
    with house.tools.work.reading() as tx:
        fields = tx.documents.get(SYSTEM, ids[target]).fields
    retold(house, target, fields)


def test_a_search_tells_facets_and_is_narrowed_by_them(house: House) -> None:
    client = house.client("reader")
    found = client.get(f"{API}/search", params={"q": "chuyển sinh hoạt đảng", "exact": True}).json()
    assert found["facets"]["type"] == [{"value": "17", "label": "Phiếu gửi", "count": 1, "more": False}]
    assert found["facets"]["issuer"][0]["value"] == "TỈNH ỦY LÂM ĐỒNG"
    for narrowed, total in (("type=17", 1), ("type=02", 0), ("type=02&type=17", 1), ("year=2025", 1),
                            ("since=2025-07-09&until=2025-07-09", 1), ("until=2025-07-08", 0)):  # fmt: skip
        told = client.get(f"{API}/search?q=chuyển sinh hoạt đảng&group=1&{narrowed}").json()
        assert told["total"] == total, narrowed
    assert client.get(f"{API}/search?q=x&year=hai").status_code == 422
    assert client.get(f"{API}/search?q=x&since=hôm qua").status_code == 422


def test_the_switch_leaves_out_what_is_only_close(house: House) -> None:
    client, typed = house.client("reader"), "chuyén sinh hoạt đảnq cho đảng viênn"
    near = client.get(f"{API}/search", params={"q": typed}).json()["hits"]
    assert [hit["match"] for hit in near] == ["approximate"]
    assert client.get(f"{API}/search", params={"q": typed, "exact": True}).json()["total"] == 0


def test_the_page_shows_what_narrows_and_the_way_out(house: House) -> None:
    browser = house.browser("reader")
    page = browser.get("/search", params={"q": "chuyển sinh hoạt đảng", "type": "17", "year": "nhầm"}).text
    assert 'data-testid="chip"' in page and "Phiếu gửi" in page and "nhầm" not in page
    assert (
        'class="chosen"' in page
        and 'href="/search?q=chuy%E1%BB%83n+sinh+ho%E1%BA%A1t+%C4%91%E1%BA%A3ng"' in page
    )
    nothing = browser.get("/search", params={"q": "chuyển sinh hoạt đảng", "type": "02", "exact": "1"}).text
    assert 'data-testid="nothing"' in nothing
    ways = re.findall(r'href="([^"]+)" data-testid="loosen"', nothing)
    assert len(ways) == 1 and "type" not in ways[0] and "exact=1" in ways[0]
    both = browser.get("/search", params={"q": "sinh hoạt đảng", "type": "02", "year": "1999"}).text
    assert "Bỏ mọi điều kiện lọc" in both
    assert browser.get("/search", params={"q": "zzzz", "type": "02"}).text.count('data-testid="loosen"') == 0


def test_what_was_typed_and_not_understood_is_said(house: House) -> None:
    asked = {"q": "chuyển sinh hoạt đảng năm:hai"}
    (note,) = house.client("reader").get(f"{API}/search", params=asked).json()["notes"]
    assert "năm: hai" in note
    shown = house.browser("reader").get("/search", params=asked).text
    assert 'data-testid="note"' in shown and "năm: hai" in shown
    plain = house.client("reader").get(f"{API}/search", params={"q": "chuyển sinh hoạt đảng"}).json()
    assert plain["notes"] == []


def test_what_is_offered_when_nothing_is_found_tells_nothing_hidden(house: House) -> None:
    asked = {"q": "bảo vệ chính trị nội bộ", "type": "17"}
    assert "loosen" in house.browser("archivist").get("/search", params=asked).text
    assert "loosen" not in house.browser("reader").get("/search", params=asked).text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("15", [("number", "1593-CV/TU")]),
        ("số 1593-cv/t", [("number", "1593-CV/TU")]),
        ("1594", []),
        ("tinh uy", [("issuer", "Tỉnh ủy Lâm Đồng")]),
        ("LÂM", [("issuer", "Tỉnh ủy Lâm Đồng")]),
        ("phiếu g", [("type", "Phiếu gửi")]),
        ("nghị quy", []),
        ("%", []),
        ("", []),
        ("1593-CV/TU\x00", [("number", "1593-CV/TU")]),
    ],
)
def test_suggestions(house: House, typed: str, told: list[tuple[str, str]]) -> None:
    found = house.client("reader").get(f"{API}/suggestions", params={"q": typed}).json()
    assert [(one["kind"], one["text"]) for one in found] == told


def test_suggestions_end_with_the_right(house: House) -> None:
    fields = Fields(type_code="17", type_name="Công văn", number="1593-CV/TU", organ_name="Tỉnh ủy Lâm Đồng")
    retold(house, "letter", fields, Level.SECRET)
    for typed in ("15", "tinh uy", "phiếu g"):
        assert house.client("reader").get(f"{API}/suggestions", params={"q": typed}).json() == []
    assert house.client("archivist").get(f"{API}/suggestions", params={"q": "tinh uy"}).json()


def test_the_list_as_csv_opens_in_a_spreadsheet_and_runs_nothing(house: House) -> None:
    evil = '=HYPERLINK("http://x.test","bấm")'
    retold(
        house,
        "letter",
        Fields(number="1593-CV/TU", subject=evil, issued_date="2025-07-09", organ_name="-2+3"),
    )
    answer = house.client("reader").get(f"{API}/search/export", params={"q": "chuyển sinh hoạt đảng"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="tim-kiem-\d{8}-\d{6}.csv"', answer.headers["content-disposition"]
    )
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Số, ký hiệu"] for row in rows] == ["1593-CV/TU"]
    assert (rows[0]["Trích yếu"], rows[0]["Cơ quan ban hành"]) == ("'" + evil, "'-2+3")
    assert (rows[0]["Ngày ban hành"], rows[0]["Kiểu khớp"]) == ("09/07/2025", "khớp chính xác")
    assert house.events("search-exported") == [(house.seeded.accounts["reader"], "", "done")]


def test_the_list_as_xlsx_says_what_was_asked(house: House) -> None:
    retold(house, "letter", Fields(subject="=1+1", type_code="17"))
    asked = {"q": "chuyển sinh hoạt đảng", "format": "xlsx", "type": "17", "exact": "true"}
    answer = house.client("reader").get(f"{API}/search/export", params=asked)
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    words = [[cell.value for cell in row] for row in sheet.iter_rows()]
    above = [row[0] for row in words[:4]]
    assert above[:3] == ["Câu tìm: chuyển sinh hoạt đảng", "Loại văn bản: Phiếu gửi", "Chỉ khớp chính xác"]
    assert "1 tài liệu" in str(above[3])
    assert words[5][5] == "=1+1" and sheet.cell(6, 6).data_type == "s"


def test_a_list_holds_what_its_reader_may_see(house: House) -> None:
    asked = {"q": "bảo vệ chính trị nội bộ"}
    for role, rows in (("reader", 1), ("archivist", 2)):
        text = house.client(role).get(f"{API}/search/export", params=asked).content.decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(text)))) == rows


def test_hits_inside_a_document_page_by_page(house: House) -> None:
    letter = f"{API}/documents/{house.seeded.ids['letter']}/search"
    client = house.client("reader")
    found = client.get(letter, params={"q": "đảng viên"}).json()
    assert [(page["page"], page["hits"], page["match"]) for page in found["pages"]] == [
        (1, 1, "exact"),
        (2, 1, "exact"),
    ]
    assert found["complete"] and found["total"] == 2
    start, end = found["pages"][0]["snippet_marks"][0]
    assert found["pages"][0]["snippet"][start:end] == "đảng viên"
    assert client.get(letter, params={"q": "đảnq viênn", "exact": True}).json()["pages"] == []
    assert client.get(letter, params={"q": " "}).status_code == 422
    hidden = client.get(f"{API}/documents/{house.seeded.ids['secret']}/search", params={"q": "bảo vệ"})
    assert hidden.status_code == 404
    page = house.browser("reader").get(f"/documents/{house.seeded.ids['letter']}?q=đảng viên").text
    assert (
        page.count('data-testid="inside-page"') == 2 and "page=2&amp;q=%C4%91%E1%BA%A3ng%20vi%C3%AAn" in page
    )


def test_alike_pages_are_told_to_whom_may_see_them(house: House) -> None:
    copied(house, "letter", "secret")
    ids = house.seeded.ids
    address = f"{API}/documents/{ids['letter']}/pages/1/similar"
    told = house.client("archivist").get(address).json()
    assert [(one["document_id"], one["page"], one["likeness"]) for one in told] == [(ids["secret"], 1, 1.0)]
    assert house.client("reader").get(address).json() == []
    piece = house.browser("archivist").get(
        f"/documents/{ids['letter']}/similar", headers={"hx-request": "true"}
    )
    assert "gần như trùng" in piece.text and "<html" not in piece.text
    whole = house.browser("reader").get(f"/documents/{ids['letter']}/similar").text
    assert "Không có trang nào giống" in whole and "<html" in whole


def test_the_nearest_spelling_is_offered_when_it_stands_somewhere(house: House) -> None:
    browser = house.browser("reader")
    for asked in ({"q": "chuyểnn sinh hoạt đảng", "exact": "1"}, {"q": "chuyểnn sinh hoạt đảng"}):
        page = browser.get("/search", params=asked).text
        assert 'data-testid="spelling"' in page and "<strong>chuyển sinh hoạt đảng</strong>" in page
    for typed in ("chuyển sinh hoạt đảng", "kháchh sạnn ba sao", "bảo vệ chính trịi nội bộ"):
        assert 'data-testid="spelling"' not in browser.get("/search", params={"q": typed}).text
    hidden = (
        house.browser("archivist").get("/search", params={"q": "bảo vệ chính trịi nội bộ", "exact": "1"}).text
    )
    assert 'data-testid="spelling"' in hidden, "and it stands where only some may look"


def test_examples_of_the_desk_are_true() -> None:
    import doctest

    from api.services import loosening, result_list, suggestions

    for module in (loosening, result_list, suggestions):
        tried = doctest.testmod(module)
        assert tried.attempted and not tried.failed, module
