"""The small access copy over HTTP: for whom the document is, made once, written down, and telling what it is."""

import io

import pikepdf

from records.access import SYSTEM
from records.page import PageText, dump_page
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import LETTER

API = "/api/v1"


def test_the_copy_is_a_small_searchable_pdf_that_names_its_original(house: House) -> None:
    document = house.seeded.ids["letter"]
    answer = house.client("reader").get(f"{API}/documents/{document}/access-copy")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert "%28b%E1%BA%A3n%20truy%20c%E1%BA%ADp%29.pdf" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store" and len(answer.content) < 2 * 60_000
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert len(pdf.pages) == 2 and "/AcroForm" not in pdf.Root
        told = str(pdf.docinfo["/Subject"])
        assert str(pdf.docinfo["/Title"]) == "Công văn 1593-CV/TU (bản truy cập)"
    with house.tools.work.reading() as tx:
        original = tx.documents.get(SYSTEM, document)
    assert original.pdf is not None
    for part in ("Bản truy cập", document, "phiên bản 1", original.verdict, original.pdf.sha256):
        assert part in told


def test_it_is_made_once_and_each_taking_is_written_down(house: House) -> None:
    address = f"{API}/documents/{house.seeded.ids['letter']}/access-copy"
    first, second = (house.client(role).get(address) for role in ("reader", "archivist"))
    assert first.content == second.content and first.headers["etag"] == second.headers["etag"]
    assert len(list((house.tools.data_dir / "cache" / "copies").rglob("*.pdf"))) == 1
    assert len(house.events("document-downloaded")) == 2
    for made in (house.tools.data_dir / "cache" / "copies").rglob("*.pdf"):
        made.unlink()  # disposable: it is made again
    assert house.client("reader").get(address).content == first.content
    assert list((house.tools.data_dir / "work").glob("access-*")) == []


def test_what_is_not_yours_or_not_archived_has_no_copy(house: House) -> None:
    for role, name in (("reader", "secret"), ("archivist", "refused"), ("clerk", "letter")):
        answer = house.client(role).get(f"{API}/documents/{house.seeded.ids[name]}/access-copy")
        assert answer.status_code == 404, (role, name)
    assert house.client("reader").get(f"{API}/documents/nothing/access-copy").status_code == 404
    assert house.client().get(f"{API}/documents/{house.seeded.ids['letter']}/access-copy").status_code == 401
    assert house.events("document-downloaded") == []


def test_a_lost_master_is_a_sentence_and_leaves_nothing_behind(house: House) -> None:
    with house.tools.work.reading() as tx:
        page = tx.pages.get(SYSTEM, house.seeded.ids["letter"], 1)
    (house.tools.data_dir / "blobs" / page.image_key).unlink()
    answer = house.client("reader").get(f"{API}/documents/{house.seeded.ids['letter']}/access-copy")
    assert answer.status_code == 500 and answer.json()["code"] == "blob-missing"
    assert list((house.tools.data_dir / "work").glob("access-*")) == []
    assert house.events("document-downloaded") == []


def test_the_page_has_a_button_for_it(house: House) -> None:
    page = house.browser("reader").get(f"/documents/{house.seeded.ids['letter']}").text
    assert f'/api/v1/documents/{house.seeded.ids["letter"]}/access-copy"' in page


def unread(house: House, number: int, state: str, *notes: str) -> None:
    with house.tools.work.begin() as tx:
        page = tx.pages.get(SYSTEM, house.seeded.ids["letter"], number)
        text = PageText(number, page.width, page.height, 150.0, 0, 0.0, "x", (), state, notes)
        tx.pages.set_reading(
            page.id,
            state,
            reading_key="",
            reading_sha256="0" * 64,
            text="",
            reading=dump_page(text),
            confidence=0.0,
            rotation=0,
            words=0,
        )


def test_pages_that_need_eyes_are_named_in_the_api_and_on_the_page(house: House) -> None:
    document, reader = house.seeded.ids["letter"], house.client("reader")
    assert reader.get(f"{API}/documents/{document}").json()["unread_pages"] == []
    unread(house, 2, "timed-out", "needs-review")
    assert reader.get(f"{API}/documents/{document}").json()["unread_pages"] == [2]
    told = reader.get(f"{API}/documents/{document}/pages/2").json()
    assert (told["state"], told["notes"], told["text"]) == ("timed-out", ["needs-review"], "")
    assert [page["state"] for page in reader.get(f"{API}/documents/{document}/pages").json()] == [
        "read",
        "timed-out",
    ]
    seen = house.browser("reader").get(f"/documents/{document}?page=2").text
    assert 'data-testid="unread"' in seen and "cần người xem" in seen


def test_a_page_read_plainly_says_so(house: House) -> None:
    document = house.seeded.ids["letter"]
    unread(house, 1, "read", "read-plainly")
    seen = house.browser("reader").get(f"/documents/{document}?page=1").text
    assert "theo cách đơn giản" in seen and 'data-testid="unread"' not in seen
    assert LETTER[0] not in seen
