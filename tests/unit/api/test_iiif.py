"""IIIF: answers as the specifications have them, pictures of the pixels asked for, boxes on the ink, rights."""

import io
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import ValidationError
from PIL import Image, ImageChops
from pydantic import ValidationError as ModelError
from sqlalchemy import update

from api.services import iiif_manifest, iiif_search
from api.tools import Iiif
from records.access import Level
from storage.schema import documents
from tests.cases import iiif_schemas as schemas
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import HEIGHT, LETTER, SECOND, WIDTH

API = "/api/v1/iiif"
BASE = "http://vanthu.test"


def presented(house: House) -> str:
    return f"{API}/documents/{house.seeded.ids['letter']}"


def image(house: House, page: int = 1) -> str:
    return f"{API}/image/3/{house.seeded.ids['letter']}/{page}"


def told(house: House, address: str, role: str = "reader", **asked: object) -> dict[str, Any]:
    answer = house.client(role).get(address.removeprefix(BASE), params=asked or None)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def picture(house: House, address: str) -> Image.Image:
    answer = house.client("reader").get(address.removeprefix(BASE))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(answer.content)).convert("L")


def ink(shown: Image.Image) -> float:
    return sum(shown.point(lambda v: 255 if v < 128 else 0).histogram()[255:]) / (shown.width * shown.height)


ANSWERS = (
    ("manifest", schemas.MANIFEST),
    ("canvas/1/lines", schemas.LINES),
    ("canvas/2/lines", schemas.LINES),
    ("search/2?q=chuyển sinh hoạt đảng", schemas.SEARCH_2),
    ("search/2?q=đảng cho đảng viên khi&motivation=supplementing&date=2025&user=me", schemas.SEARCH_2),
    ("search/2?q=đất nông nghiệp", schemas.SEARCH_2),
    ("search/1?q=chuyen sinh hoat dang&user=me", schemas.SEARCH_1),
    ("search/1?q=đất nông nghiệp", schemas.SEARCH_1),
    ("autocomplete/2?q=ch&user=me", schemas.TERMS_2),
    ("autocomplete/2?q=xyz", schemas.TERMS_2),
    ("autocomplete/1?q=chuyển s", schemas.TERMS_1),
)


def test_answers_are_as_the_specifications_have_them(house: House) -> None:
    for tail, schema in ANSWERS:
        answer = told(house, f"{presented(house)}/{tail}")
        schemas.holds(answer, schema)
        assert ("ignored" in str(answer)) is ("user=" in tail)


def test_image_information_and_collection_too(make_house: Callable[..., House], monkeypatch: Any) -> None:
    house = make_house()
    for page in (1, 2):
        answer = told(house, f"{image(house, page)}/info.json")
        schemas.holds(answer, schemas.IMAGE_INFORMATION)
        assert (answer["width"], answer["height"]) == (WIDTH, HEIGHT)
        for size in answer["sizes"]:
            shown = picture(house, f"{answer['id']}/full/{size['width']},{size['height']}/0/default.jpg")
            assert shown.size == (size["width"], size["height"])
    into_a_dossier(house, "HS 12/2025")
    found = told(house, f"{API}/collection", dossier="HS 12/2025")
    schemas.holds(found, schemas.COLLECTION)
    assert [item["id"] for item in found["items"]] == [f"{BASE}{presented(house)}/manifest"]
    assert len(told(house, f"{API}/collection", "archivist", dossier="HS 12/2025")["items"]) == 3
    manifest = told(house, found["items"][0]["id"])
    assert told(house, manifest["partOf"][0]["id"]) == found
    monkeypatch.setattr(iiif_manifest, "PART", 2)
    parts = told(house, f"{API}/collection", "archivist", dossier="HS 12/2025")
    schemas.holds(parts, schemas.COLLECTION)
    inside = [told(house, item["id"], "archivist") for item in parts["items"]]
    assert [len(part["items"]) for part in inside] == [2, 1]
    for part in inside:
        schemas.holds(part, schemas.COLLECTION)
    absent = house.client("reader").get(f"{API}/collection?dossier=HS 12/2025&part=9")
    assert absent.status_code == 404


def into_a_dossier(house: House, name: str) -> None:
    with house.tools.work.tables.writing() as connection:
        connection.execute(update(documents).values(dossier=name))


def test_the_judges_see_what_is_wrong(house: House) -> None:
    manifest = told(house, f"{presented(house)}/manifest")
    for spoil in (
        lambda m: m.update(label="no language map"),
        lambda m: m["items"][0].pop("height"),
        lambda m: m["items"][0].update(id=m["items"][0]["id"] + "#fragment"),
        lambda m: m.update(behavior=["sideways"]) or m["service"].append({"id": "x"}),
        lambda m: m.update(surplus=1),
        lambda m: m["items"].clear(),
    ):
        wrong = deepcopy(manifest)
        spoil(wrong)
        with pytest.raises((AssertionError, ModelError, ValidationError)):
            schemas.holds(wrong, schemas.MANIFEST)
    page = told(house, f"{presented(house)}/search/2?q=đảng")
    page["items"][0]["target"] = page["items"][0]["target"].replace("xywh=", "xywh=-")
    with pytest.raises(AssertionError):
        schemas.holds(page, schemas.SEARCH_2)


def test_a_manifest_tells_what_is_known_and_leads_to_the_files(house: House) -> None:
    manifest = told(house, f"{presented(house)}/manifest")
    assert manifest["label"] == {"vi": ["Công văn – hướng dẫn chuyển sinh hoạt đảng"]}
    known = {row["label"]["en"][0]: row["value"]["none"][0] for row in manifest["metadata"]}
    assert (known["Number"], known["Date"]) == ("1593-CV/TU", "09/07/2025")
    assert manifest["requiredStatement"]["value"]["vi"][0].startswith("Lưu trữ lịch sử tỉnh Mẫu.")
    assert house.client("reader").get(manifest["rendering"][0]["id"]).content.startswith(b"%PDF")
    record, kept = manifest["seeAlso"]
    assert told(house, record["id"])["id"] == house.seeded.ids["letter"]
    assert house.client("reader").get(kept["id"]).json() == {
        "document": record["id"].rsplit("/", 1)[1],
        "version": 1,
    }
    assert [c["label"]["vi"] for c in manifest["items"]] == [["Trang 1"], ["Trang 2"]]
    for canvas in manifest["items"]:
        assert (canvas["width"], canvas["height"]) == (WIDTH, HEIGHT)
        body = canvas["items"][0]["items"][0]["body"]
        assert picture(house, body["id"]).size == (body["width"], body["height"])
        thumbnail = canvas["thumbnail"][0]
        assert picture(house, thumbnail["id"]).size == (thumbnail["width"], thumbnail["height"])
        told(house, canvas["annotations"][0]["id"])


@pytest.mark.parametrize(("page", "text"), [(1, LETTER), (2, SECOND)])
def test_lines_and_hits_lie_on_their_ink(house: House, page: int, text: tuple[str, ...]) -> None:
    whole = picture(house, f"{image(house, page)}/full/max/0/default.jpg")
    lines = told(house, f"{presented(house)}/canvas/{page}/lines")["items"]
    assert tuple(item["body"]["value"] for item in lines) == text
    rest = ImageChops.invert(whole)
    for item in lines:
        x, y, w, h = corner(item["target"])
        rest.paste(0, (x, y, x + w, y + h))
    assert ink(ImageChops.invert(rest)) < 0.0005
    words = " ".join(text[1].split()[1:5]).strip(".,;")
    for hit in told(house, f"{presented(house)}/search/2", q=words)["items"]:
        assert hit["target"].startswith(f"{BASE}{presented(house)}/canvas/{page}#")
        x, y, w, h = corner(hit["target"])
        assert ink(whole.crop((x, y, x + w, y + h))) > 0.05
        part = picture(house, f"{image(house, page)}/{x},{y},{w},{h}/max/0/default.jpg")
        assert ImageChops.difference(part, whole.crop((x, y, x + w, y + h))).getextrema()[1] < 110


def corner(target: str) -> tuple[int, ...]:
    found = re.search(r"#xywh=(\d+),(\d+),(\d+),(\d+)$", target)
    assert found
    return tuple(int(side) for side in found.groups())


def test_both_versions_of_search_tell_the_same_places_and_words_around(house: House) -> None:
    new = told(house, f"{presented(house)}/search/2", q="chuyen sinh hoat dang")
    old = told(house, f"{presented(house)}/search/1", q="chuyen sinh hoat dang")
    assert [item["target"] for item in new["items"]] == [item["on"] for item in old["resources"]]
    assert [item["body"]["value"] for item in new["items"]] == ["chuyển sinh hoạt đảng"] * 2
    assert old["within"]["total"] == 2 and "partOf" not in new
    contexts = new["annotations"][0]["items"]
    assert [c["target"]["source"] for c in contexts] == [item["id"] for item in new["items"]]
    for context, hit in zip(contexts, old["hits"], strict=True):
        quote = context["target"]["selector"][0]
        assert (quote["prefix"], quote["exact"], quote["suffix"]) == (
            hit["before"],
            hit["match"],
            hit["after"],
        )
    assert told(house, f"{presented(house)}/search/2", q="đảng", motivation="commenting")["items"] == []
    assert told(house, f"{presented(house)}/search/1", q="đảng", motivation="commenting")["resources"] == []


def test_a_hit_over_two_lines_is_two_annotations_and_one_context(house: House) -> None:
    found = told(house, f"{presented(house)}/search/2", q="tỉnh ủy hướng dẫn thủ tục chuyển")
    assert [item["body"]["value"] for item in found["items"]] == ["Tỉnh ủy hướng dẫn", "thủ tục chuyển"]
    (context,) = found["annotations"][0]["items"]
    first, last = context["target"]
    assert first["selector"][0]["prefix"].endswith("Ban Thường vụ ") and "suffix" not in first["selector"][0]
    assert last["selector"][0]["suffix"].startswith(" sinh hoạt") and "prefix" not in last["selector"][0]


def test_many_hits_come_in_parts(house: House, monkeypatch: Any) -> None:
    whole = told(house, f"{presented(house)}/search/2", q="đảng viên")["items"]
    assert {re.search(r"canvas/(\d)", item["target"])[1] for item in whole} == {"1", "2"}  # type: ignore[index]
    monkeypatch.setattr(iiif_search, "MOST", 1)
    first = told(house, f"{presented(house)}/search/2", q="đảng viên")
    second = told(house, first["next"]["id"])
    for part in (first, second):
        schemas.holds(part, schemas.SEARCH_2)
    assert [i["target"] for i in (*first["items"], *second["items"])] == [i["target"] for i in whole]
    assert "next" not in second and second["partOf"]["first"]["id"] == first["id"]
    old = told(house, f"{presented(house)}/search/1", q="đảng viên")
    schemas.holds(old, schemas.SEARCH_1)
    schemas.holds(told(house, old["next"]), schemas.SEARCH_1)


def test_terms_lead_to_their_search(house: House) -> None:
    terms = told(house, f"{presented(house)}/autocomplete/1", q="chuyen s")["terms"]
    assert terms[0]["match"] == "chuyển sinh"
    assert told(house, terms[0]["url"])["within"]["total"] == terms[0]["count"]
    new = told(house, f"{presented(house)}/autocomplete/2", q="chuyen s", min=terms[0]["count"] + 1)
    assert new["items"] == []


PICTURES = (
    ("full/max/0/default.jpg", (WIDTH, HEIGHT)),
    ("full/max/0/color.jpg", (WIDTH, HEIGHT)),
    ("full/620,/0/default.jpg", (620, 877)),
    ("full/,877/0/default.jpg", (620, 877)),
    ("full/100,100/0/default.jpg", (100, 100)),
    ("full/!300,300/0/default.jpg", (212, 300)),
    ("full/!9000,9000/0/default.jpg", (WIDTH, HEIGHT)),
    ("square/100,/0/default.jpg", (100, 100)),
    ("100,140,400,60/max/0/default.jpg", (400, 60)),
    ("100,140,400,60/200,/0/default.jpg", (200, 30)),
    ("1000,1700,9999,9999/max/0/default.jpg", (240, 54)),
    ("0,0,1,1/max/0/default.jpg", (1, 1)),
)


def test_pictures_have_the_pixels_asked_for(house: House) -> None:
    for page, (asked, size) in ((page, picture) for page in (1, 2) for picture in PICTURES):
        answer = house.client("reader").get(f"{image(house, page)}/{asked}")
        assert answer.status_code == 200, answer.text
        assert Image.open(io.BytesIO(answer.content)).size == size
        canonical = re.search(r'<([^>]+)>;rel="canonical"', answer.headers["link"])
        assert canonical
        again = house.client("reader").get(canonical[1])
        assert again.content == answer.content and canonical[0] in again.headers["link"]
        assert answer.headers["cache-control"] == "private, no-cache"
        tag = {"If-None-Match": answer.headers["etag"]}
        assert house.client("reader").get(canonical[1], headers=tag).status_code == 304
        assert house.client("administrator").get(canonical[1], headers=tag).status_code == 404


def test_a_part_shows_that_part_of_the_page_in_every_size(house: House) -> None:
    whole = picture(house, f"{image(house, 2)}/full/max/0/default.jpg")
    for size, wide in (("max", 700), ("350,", 350), ("100,", 100)):
        part = picture(house, f"{image(house, 2)}/90,120,700,120/{size}/0/default.jpg")
        wanted = whole.crop((90, 120, 790, 240)).resize((wide, round(120 * wide / 700)))
        assert part.size == wanted.size
        assert abs(ink(part) - ink(wanted)) < 0.02


REFUSED = (
    ("5000,0,10,10/max/0/default.jpg", 400, "iiif-parameter"),
    ("0,0,0,10/max/0/default.jpg", 400, "iiif-parameter"),
    ("-1,0,10,10/max/0/default.jpg", 400, "iiif-parameter"),
    ("pct:10,10,10,10/max/0/default.jpg", 400, "iiif-parameter"),
    ("1,2,3/max/0/default.jpg", 400, "iiif-parameter"),
    ("٣,0,10,10/max/0/default.jpg", 400, "iiif-parameter"),
    (f"{'9' * 30},0,10,10/max/0/default.jpg", 400, "iiif-parameter"),
    ("full/2000,/0/default.jpg", 400, "iiif-parameter"),
    ("full/,9999/0/default.jpg", 400, "iiif-parameter"),
    ("full/0,/0/default.jpg", 400, "iiif-parameter"),
    ("full/!0,0/0/default.jpg", 400, "iiif-parameter"),
    ("full/!100,/0/default.jpg", 400, "iiif-parameter"),
    ("full/,/0/default.jpg", 400, "iiif-parameter"),
    ("full/full/0/default.jpg", 400, "iiif-parameter"),
    ("full/^max/0/default.jpg", 501, "iiif-upscaling"),
    ("full/^5000,/0/default.jpg", 501, "iiif-upscaling"),
    ("full/max/90/default.jpg", 400, "iiif-parameter"),
    ("full/max/0/bitonal.jpg", 400, "iiif-parameter"),
    ("full/max/0/default.png", 400, "iiif-parameter"),
)


def test_what_is_not_served_is_told_in_words(house: House) -> None:
    for asked, status, code in REFUSED:
        answer = house.client("reader").get(f"{image(house)}/{asked}", headers={"Accept": "text/html"})
        assert answer.headers["content-type"] == "application/problem+json", asked
        assert (answer.status_code, answer.json()["code"]) == (status, code), (asked, answer.text)
        assert re.search("[ạảộọướềị]", answer.json()["detail"]), "Vietnamese"


def test_absent_pages_and_odd_queries(house: House) -> None:
    reader = house.client("reader")
    for address in (f"{image(house, 99)}/info.json", f"{presented(house)}/canvas/99/lines"):
        assert reader.get(address).status_code == 404
    for service in ("search/1", "search/2", "autocomplete/1", "autocomplete/2"):
        for query in ("", " ", "\x00", "\u0301", "a" * 600):
            assert reader.get(f"{presented(house)}/{service}", params={"q": query}).status_code == 422
        for query in ("…", '"', '""', "*", "đ" * 400, "a AND (b OR", "số:", "-"):
            assert reader.get(f"{presented(house)}/{service}", params={"q": query}).status_code == 200, query
    assert (
        reader.get(image(house), follow_redirects=False).headers["location"]
        == f"{BASE}{image(house)}/info.json"
    )


def test_what_is_hidden_is_in_no_search_and_no_term(house: House) -> None:
    secret = f"{API}/documents/{house.seeded.ids['secret']}"
    for tail in ("search/1?q=bảo vệ", "search/2?q=bảo vệ", "autocomplete/1?q=bao", "autocomplete/2?q=bao"):
        assert house.client("reader").get(f"{secret}/{tail}").status_code == 404
        assert house.client("administrator").get(f"{secret}/{tail}").status_code == 404
        assert "bảo" in house.client("archivist").get(f"{secret}/{tail}").text


def test_a_right_taken_away_takes_everything_away_at_once(house: House) -> None:
    reader = house.client("reader")
    addresses = [
        *(
            f"{presented(house)}/{tail}"
            for tail in ("manifest", "canvas/1/lines", "search/2?q=đảng", "search/1?q=đảng")
        ),
        *(f"{presented(house)}/autocomplete/{version}?q=đ" for version in (1, 2)),
        *(
            f"{image(house)}/{tail}"
            for tail in ("info.json", "full/max/0/default.jpg", "9,9,90,90/max/0/default.jpg")
        ),
    ]
    tags = {address: reader.get(address).headers.get("etag", "") for address in addresses}
    assert sum(map(bool, tags.values())) == 2
    into_a_dossier(house, "HS 12")
    assert reader.get(f"{API}/collection?dossier=HS 12").status_code == 200
    with house.tools.work.tables.writing() as connection:
        connection.execute(update(documents).values(level=Level.SECRET))
    for address, tag in tags.items():
        assert reader.get(address, headers={"If-None-Match": tag}).status_code == 404, address
    assert reader.get(f"{API}/collection?dossier=HS 12").status_code == 404


def test_looking_is_written_down_once_a_sitting_and_thumbnails_are_not(house: House) -> None:
    reader, event = (
        house.client("reader"),
        (house.seeded.accounts["reader"], house.seeded.ids["letter"], "done"),
    )
    reader.get(f"{image(house)}/full/240,/0/default.jpg")
    reader.get(f"{image(house)}/info.json")
    assert house.events("document-read") == []
    for address in (f"{image(house)}/0,0,100,100/max/0/default.jpg", f"{presented(house)}/search/2?q=đảng"):
        reader.get(address)
    assert house.events("document-read") == [event]


def test_viewers_elsewhere_may_read_with_a_token_and_never_with_a_session(house: House) -> None:
    elsewhere = {"Origin": "https://viewer.example"}
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    manifest = f"{presented(house)}/manifest"
    preflight = house.client().options(manifest, headers=elsewhere | asks)
    assert preflight.status_code == 200
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    for address in (manifest, f"{image(house)}/full/100,/0/default.jpg"):
        answer = house.client("reader").get(address, headers=elsewhere)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["cache-control"] in ("private, no-cache", "no-store")
    refused = house.client().get(manifest, headers=elsewhere)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
    other = house.client("reader").get("/api/v1/documents", headers=elsewhere)
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["cross-origin-resource-policy"] == "same-origin"


def test_settings_say_who_may_read_and_how_the_house_is_called(make_house: Callable[..., House]) -> None:
    house = make_house(iiif=Iiif("https://luutru.example.vn", ("https://xem.example.vn",)))
    manifest = f"{presented(house)}/manifest"
    mine = house.client("reader").get(manifest, headers={"Origin": "https://xem.example.vn"})
    assert mine.headers["access-control-allow-origin"] == "https://xem.example.vn"
    assert "Origin" in mine.headers["vary"]
    assert mine.json()["id"] == f"https://luutru.example.vn{manifest}"
    other = house.client("reader").get(manifest, headers={"Origin": "https://viewer.example"})
    assert "access-control-allow-origin" not in other.headers
    closed = make_house(iiif=Iiif("", ()))
    alone = closed.client("reader").get(manifest, headers={"Origin": "https://xem.example.vn"})
    assert "access-control-allow-origin" not in alone.headers
    assert alone.headers["cross-origin-resource-policy"] == "same-origin"


def test_json_ld_for_whoever_takes_it(house: House) -> None:
    reader, address = house.client("reader"), f"{image(house)}/info.json"
    profile = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    assert reader.get(address).headers["content-type"] == profile
    assert reader.get(address, headers={"Accept": profile}).headers["content-type"] == profile
    plain = reader.get(address, headers={"Accept": "application/json"})
    assert plain.headers["content-type"] == "application/json"
