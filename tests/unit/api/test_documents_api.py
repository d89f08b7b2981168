"""Reading over HTTP: pages in every turn and size, words in both frames, downloads that prove themselves."""

import hashlib
import io

import pytest
from PIL import Image, ImageChops

from records.access import Actor, Role
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import HEIGHT, SECOND, WIDTH

API = "/api/v1"


def picture(house: House, page: int, **asked: object) -> Image.Image:
    answer = house.client("reader").get(
        f"{API}/documents/{house.seeded.ids['letter']}/pages/{page}/image", params=asked
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(answer.content)).convert("L")


def ink(image: Image.Image) -> float:
    dark = image.point(lambda value: 255 if value < 128 else 0)
    return sum(dark.histogram()[255:]) / (image.width * image.height)


def test_a_document_tells_all_that_is_known(house: House) -> None:
    told = house.client("reader").get(f"{API}/documents/{house.seeded.ids['letter']}").json()
    assert told["fields"]["number"] == "1593-CV/TU" and told["fields"]["type_code"] == "17"
    assert told["title"] == "Công văn – hướng dẫn chuyển sinh hoạt đảng"
    assert told["signature"]["verdict"] == "VALID" and told["pages"] == 2
    assert told["pdf"]["url"].endswith("/pdf") and told["original"]["media_type"] == "image/png"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("number=1593-CV/TU", 1),
        ("number=1593 cv tu", 1),
        ("number=1594-CV/TU", 0),
        ("subject=sinh hoat dang", 1),
        ("subject=%25", 0),
        ("type=17", 1),
        ("type=02", 0),
        ("year=2025", 1),
        ("year=2024", 0),
        ("state=archived", 1),
        ("batch=nowhere", 0),
    ],
)
def test_lists_are_filtered(house: House, query: str, found: int) -> None:
    assert house.client("reader").get(f"{API}/documents?{query}").json()["total"] == found


@pytest.mark.parametrize(("size", "width"), [("thumb", 240), ("screen", WIDTH), ("full", WIDTH)])
def test_pages_are_upright_in_every_size(house: House, size: str, width: int) -> None:
    for page in (1, 2):  # the second one was delivered lying on its side
        image = picture(house, page, size=size)
        assert image.width == min(width, WIDTH)
        assert abs(image.height - HEIGHT * image.width / WIDTH) <= 1
        assert ink(image.crop((0, 0, image.width, image.height // 4))) > ink(
            image.crop((0, image.height // 2, image.width, image.height))
        )


@pytest.mark.parametrize("page", [1, 2])
def test_words_stand_on_their_ink_in_both_frames(house: House, page: int) -> None:
    where = f"{API}/documents/{house.seeded.ids['letter']}/pages/{page}/words"
    upright = house.client("reader").get(where, params={"frame": "upright"}).json()
    delivered = house.client("reader").get(where).json()
    image = picture(house, page, size="full")
    assert (upright["width"], upright["height"]) == image.size == (WIDTH, HEIGHT)
    assert (delivered["width"], delivered["height"]) == ((WIDTH, HEIGHT) if page == 1 else (HEIGHT, WIDTH))
    for word in upright["words"]:
        assert ink(image.crop(tuple(word["box"]))) > 0.05, word
    words, boxes = upright["words"], ImageChops.invert(image)
    for word in words:
        boxes.paste(0, tuple(word["box"]))
    assert ink(ImageChops.invert(boxes)) < 0.0005  # all ink lies in boxes


@pytest.mark.parametrize("page", [1, 2])
def test_a_region_in_delivered_pixels_shows_that_word(house: House, page: int) -> None:
    where = f"{API}/documents/{house.seeded.ids['letter']}/pages/{page}/words"
    word = house.client("reader").get(where).json()["words"][0]
    upright = house.client("reader").get(where, params={"frame": "upright"}).json()["words"][0]
    x0, y0, x1, y1 = word["box"]
    part = picture(house, page, size="full", region=f"{x0},{y0},{x1 - x0},{y1 - y0}")
    wanted = picture(house, page, size="full").crop(tuple(upright["box"]))
    assert part.size == wanted.size
    assert ImageChops.difference(part, wanted).getextrema()[1] < 90  # only JPEG's own noise
    small = picture(house, page, size="thumb", region=f"{x0},{y0},{x1 - x0},{y1 - y0}")
    assert small.width <= part.width / 4


@pytest.mark.parametrize(
    ("region", "status"),
    [
        ("0,0,10,10", 200),
        ("0,0,999999,999999", 200),
        ("-5,-5,10,10", 200),
        ("0,0,0,5", 422),
        ("0,0,-5,5", 422),
        ("1,2,3", 422),
        ("1,2,3,4,5", 422),
        ("a,b,c,d", 422),
        ("1e3,0,5,5", 422),
        ("9" * 20 + ",0,5,5", 422),
        ("90000,90000,5,5", 404),
        ("", 422),
    ],
)
def test_odd_regions(house: House, region: str, status: int) -> None:
    where = f"{API}/documents/{house.seeded.ids['letter']}/pages/1/image"
    assert house.client("reader").get(where, params={"region": region}).status_code == status


def test_a_known_picture_is_not_sent_again_but_the_right_is_asked_each_time(house: House) -> None:
    where = f"{API}/documents/{house.seeded.ids['letter']}/pages/1/image?size=thumb"
    first = house.client("reader").get(where)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    again = house.client("reader").get(where, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert house.client("administrator").get(where, headers=tag).status_code == 404
    assert house.client().get(where, headers=tag).status_code == 401


def test_the_cache_is_disposable_and_never_served_by_itself(house: House) -> None:
    import shutil

    where = f"{API}/documents/{house.seeded.ids['letter']}/pages/1/image?size=thumb"
    first = house.client("reader").get(where).content
    shutil.rmtree(house.tools.data_dir / "cache")
    (house.tools.data_dir / "cache").write_bytes(b"not a folder")
    assert house.client("reader").get(where).content == first


def test_a_download_is_whole_named_and_hashed(house: House) -> None:
    document = house.seeded.ids["letter"]
    answer = house.client("reader").get(f"{API}/documents/{document}/pdf")
    told = house.client("reader").get(f"{API}/documents/{document}").json()["pdf"]
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    assert answer.headers["content-length"] == str(told["size"]) == str(len(answer.content))
    named = answer.headers["content-disposition"]
    assert named.startswith('attachment; filename="1593-CV_TU') or 'filename="1593-cv-tu' in named
    assert "filename*=UTF-8''1593-CV-TU%20C%C3%B4ng%20v%C4%83n" in named
    assert answer.headers["cache-control"] == "no-store"
    original = house.client("reader").get(f"{API}/documents/{document}/pdf?rendition=original")
    assert original.headers["content-type"] == "image/png" and original.content.startswith(b"\x89PNG")


def test_changed_bytes_are_never_a_complete_download(house: House) -> None:
    (blob,) = (house.tools.data_dir / "blobs").rglob(f"{house.seeded.ids['letter']}/v1/access.pdf")
    blob.chmod(0o644)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(data)
    client = house.client("reader", raise_server_exceptions=False)
    try:
        answer = client.get(f"{API}/documents/{house.seeded.ids['letter']}/pdf")
        assert answer.status_code >= 500 or len(answer.content) < len(data)
    except Exception as broken:  # noqa: BLE001 (the connection breaks off, as it should)
        assert "access.pdf" in str(broken) or "Content-Length" in str(broken)
    assert house.events("integrity-failed") == [("system:engine", house.seeded.ids["letter"], "failed")]


def test_lost_bytes_are_told_before_anything_is_sent(house: House) -> None:
    (blob,) = (house.tools.data_dir / "blobs").rglob(f"{house.seeded.ids['letter']}/v1/access.pdf")
    blob.unlink()
    answer = house.client("reader").get(f"{API}/documents/{house.seeded.ids['letter']}/pdf")
    assert (answer.status_code, answer.json()["code"]) == (500, "blob-missing")


def test_reading_and_downloading_are_written_down_once_a_sitting(house: House) -> None:
    reader, document = house.client("reader"), house.seeded.ids["letter"]
    me = house.seeded.accounts["reader"]
    reader.get(f"{API}/documents/{document}/pages/1/image?size=thumb")
    assert house.events("document-read") == []
    for tail in ("/pages/1/image", "/pages/1", "/pages/1/words", "", "/pages/2/image?size=full"):
        reader.get(f"{API}/documents/{document}{tail}")
    assert house.events("document-read") == [(me, document, "done")]
    reader.get(f"{API}/documents/{document}/pdf")
    reader.get(f"{API}/documents/{document}/pdf")
    assert house.events("document-downloaded") == [(me, document, "done")] * 2


def test_a_list_is_written_down_once_a_sitting_without_what_was_typed(house: House) -> None:
    reader, me = house.client("reader"), house.seeded.accounts["reader"]
    for _ in range(2):
        shown = reader.get(f"{API}/documents?subject=chuyển&type=CV").json()
    reader.get("/documents")
    auditor = Actor("q", "Quản trị", frozenset({Role.ADMINISTRATOR}))
    with house.tools.work.reading() as tx:
        events = [e for e in tx.audit.list(auditor) if e.action == "documents-listed"]
    assert [(e.actor, e.details["asked"], e.details["total"]) for e in reversed(events)][:1] == [
        (me, "subject type_code", shown["total"])
    ]
    assert len(events) == 2
    assert all(item["id"] in str(events[-1].details["shown"]) for item in shown["items"])
    assert "chuyển" not in repr(events)


def test_the_list_of_pages_is_a_reading_too(house: House) -> None:
    reader, document = house.client("reader"), house.seeded.ids["letter"]
    assert reader.get(f"{API}/documents/{document}/pages").status_code == 200
    assert house.events("document-read") == [(house.seeded.accounts["reader"], document, "done")]


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("chuyển sinh hoạt đảng cho đảng viên", "exact"),
        ("chuyen sinh hoat dang cho dang vien", "folded"),
        ("1593-CV/TU", "exact"),
        ("1593 cv tu", None),
    ],
)
def test_search_finds_the_page_with_boxes_on_the_words(house: House, query: str, match: str | None) -> None:
    answer = house.client("reader").get(f"{API}/search", params={"q": query})
    assert answer.status_code == 200, answer.text
    hit = answer.json()["hits"][0]
    assert (hit["document_id"], hit["page"]) == (house.seeded.ids["letter"], 1)
    assert match is None or hit["match"] == match
    image = picture(house, 1, size="full")
    assert hit["boxes"]
    for x, y, w, h in hit["boxes"]:
        assert ink(image.crop((x, y, x + w, y + h))) > 0.05
    crop = hit["crop"]
    strip = house.client("reader").get(crop["url"])
    assert strip.status_code == 200
    shown = Image.open(io.BytesIO(strip.content)).convert("L")
    assert abs(shown.width / shown.height - crop["width"] / crop["height"]) < 0.1
    scale = shown.width / crop["width"]
    for x, y, w, h in crop["boxes"]:
        assert ink(shown.crop(tuple(int(v * scale) for v in (x, y, x + w, y + h)))) > 0.05


def test_a_strip_of_a_turned_page_is_upright(house: House) -> None:
    hit = house.client("reader").get(f"{API}/search", params={"q": SECOND[0]}).json()["hits"][0]
    assert hit["page"] == 2
    shown = Image.open(io.BytesIO(house.client("reader").get(hit["crop"]["url"]).content))
    assert shown.width > 3 * shown.height


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "\x00",
        "…",
        "a" * 600,
        '"',
        '""',
        "*",
        "a AND (b OR",
        "title:x",
        "~~~",
        "\u0301",
        "<script>",
        "đ" * 400,
    ],
)
def test_odd_queries_are_answered(house: House, query: str) -> None:
    answer = house.client("reader").get(f"{API}/search", params={"q": query})
    assert answer.status_code in (200, 422), answer.text
    page = house.client("reader").get("/search", params={"q": query}, headers={"accept": "text/html"})
    assert page.status_code in (200, 422) and "<script>alert" not in page.text


def test_searches_are_written_down_without_what_was_typed(house: House) -> None:
    house.client("reader").get(f"{API}/search", params={"q": "chuyển sinh hoạt đảng"})
    assert house.events("searched") == [(house.seeded.accounts["reader"], "", "done")]


def test_verify_says_unsigned_and_refuses_what_is_no_pdf(house: House, plain_pdf: bytes) -> None:
    client = house.client("reader")
    answer = client.post(f"{API}/verify", files={"file": ("trang trắng.pdf", plain_pdf)})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["verdict"], answer.json()["file"]) == ("UNSIGNED", "trang trắng.pdf")
    assert answer.json()["sha256"] == hashlib.sha256(plain_pdf).hexdigest()
    for data, status, code in ((b"", 422, "file-empty"), (b"MZ" * 999, 415, "not-a-pdf")):
        refused = client.post(f"{API}/verify", files={"file": ("x.pdf", data)})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    hostile = client.post(f"{API}/verify", files={"file": ("x.pdf", b"%PDF-1.7\n" + b"\x00" * 5000)})
    assert hostile.status_code == 200 and hostile.json()["verdict"] in ("INDETERMINATE", "UNSIGNED")
    assert not list((house.tools.data_dir / "cache" / "incoming").glob("*"))
