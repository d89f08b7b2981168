"""The pages of a document under way: files handed in, versions told apart, opinions, previews held by their hash."""

import re
from pathlib import Path
from typing import Any

import pytest

from api.i18n import LANGUAGES
from tests.cases.sealing import a_pdf
from tests.cases.word_files import a_word_file
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office
from tests.unit.api.test_desk_pages import Browser

TEXT = {"to": "Các phòng", "body": "Đề nghị các phòng nộp báo cáo."}


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def send(who: Browser, case: dict[str, Any], name: str, data: bytes, status: int = 200, **more: str) -> str:
    """Send the form of the page as a browser does."""
    fields = {"csrf": who.csrf, "move": "save", "revision": str(case["revision"]), "key": name, **more}
    answer = who.client.post(
        f"/cases/{case['id']}/drafts",
        data=fields,
        files={"file": (name, data)},
        headers={"Accept": "text/html"},
    )
    assert answer.status_code == status, answer.text[:2000]
    return answer.text


def send_nothing(who: Browser, case: dict[str, Any]) -> str:
    """What a browser sends when no file was chosen: a part with an empty name."""
    parts = {"csrf": who.csrf, "move": "save", "revision": str(case["revision"]), "key": "x"}
    told = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    ]
    told.append('--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n')
    answer = who.client.post(
        f"/cases/{case['id']}/drafts",
        content="".join(told).encode(),
        headers={"Content-Type": "multipart/form-data; boundary=b", "Accept": "text/html"},
    )
    assert answer.status_code == 422, answer.text[:2000]
    return answer.text


def versions(office: Office, case: dict[str, Any]) -> int:
    return len(office.house.client("archivist").get(f"{API}/cases/{case['id']}").json()["versions"])


def test_a_file_is_handed_in_once_and_shown(office: Office, plain_pdf: bytes) -> None:
    case, man = office.open_document(**TEXT), Browser(office.house, "archivist")
    assert "Nộp tệp làm phiên bản mới" in man.get(f"/cases/{case['id']}")
    page = send(man, case, "cong-van.pdf", plain_pdf)
    assert "Tệp đang dùng: cong-van.pdf" in page and "/versions/2/pdf" in page
    send(man, case, "cong-van.pdf", plain_pdf)  # the same form sent twice
    assert versions(office, case) == 2


def test_what_is_not_taken_is_told_above_the_case(office: Office, plain_pdf: bytes, tmp_path: Path) -> None:
    case, man = office.open_document(**TEXT), Browser(office.house, "archivist")
    macro = a_word_file(tmp_path / "m.docx", parts={"word/vbaProject.bin": b"x"}).read_bytes()
    assert "macro" in send(man, case, "m.docx", macro, 422)
    assert "Chưa chọn tệp" in send_nothing(man, case)
    assert "Người khác vừa xử lý" in send(man, {**case, "revision": 7}, "a.pdf", plain_pdf, 409)
    assert "lưu tệp vào dự thảo trước" in send(man, case, "b.pdf", plain_pdf, 422, move="present")
    send(man, case, "c.pdf", plain_pdf, 403, csrf="wrong")
    head = Browser(office.house, "official")  # sees it, and may not write it
    assert "Nộp tệp làm phiên bản mới" not in head.get(f"/cases/{case['id']}")
    send(head, case, "d.pdf", plain_pdf, 403)
    send(Browser(office.house, "reader"), case, "e.pdf", plain_pdf, 404)
    assert versions(office, case) == 1


def test_versions_are_told_apart_word_by_word(office: Office, tmp_path: Path) -> None:
    case, man = office.open_document(**TEXT), Browser(office.house, "archivist")
    one, two = (a_pdf(tmp_path / f"{n}.pdf", 1, f"Hop ngay {n}").read_bytes() for n in (10, 15))
    case = office.hand_in(case, "a.pdf", one, "k1").json()
    case = office.hand_in(case, "b<i>.pdf", two, "k2").json()
    page = man.client.get(f"/cases/{case['id']}?a=2&b=3").text
    assert "<del>10</del>" in page and "<ins>15</ins>" in page and "b<i>" not in page
    assert 'data-testid="difference"' not in man.get(f"/cases/{case['id']}?a=2&b=9")


def test_a_paper_is_presented_exactly_as_it_was_seen(office: Office) -> None:
    case, man = office.open_document(**TEXT), Browser(office.house, "archivist")
    at = f"/cases/{case['id']}"
    assert f"{at}/preview?move=present" in man.get(at)
    page = man.get(f"{at}/preview?move=present")
    (seen,) = re.findall(r'name="paper_sha256" value="([0-9a-f]{64})"', page)
    (picture,) = re.findall(r'src="([^"]+/pages/1\.png[^"]+)"', page)
    drawn = man.client.get(picture)
    assert (drawn.status_code, drawn.content[:4]) == (200, b"\x89PNG")
    other = man.client.get(picture.replace(seen, "0" * 64))
    assert (other.status_code, other.json()["code"]) == (409, "revision-changed")
    assert office.house.client("reader").get(picture).status_code == 404
    present = {"move": "present", "revision": "1", "paper_sha256": "0" * 64}
    assert "không còn là bản bạn đã xem" in man.post(f"{at}/moves", present, 409)
    page = man.post(f"{at}/moves", {**present, "paper_sha256": seen})
    assert "Trình lãnh đạo đơn vị" in page
    told = office.house.client("archivist").get(f"{API}{at}").json()
    assert told["papers"][0]["sha256"] == seen


def test_a_preview_that_cannot_be_drawn_says_why(office: Office) -> None:
    case, man = office.open_document(body="x"), Browser(office.house, "archivist")
    at = f"/cases/{case['id']}/preview"
    assert "Kính gửi" in man.get(f"{at}?move=present", 422)
    assert "không lập bản mới" in man.get(f"{at}?move=save", 422)
    man.get(f"{at}?move=nothing", 422)
    Browser(office.house, "official").get(f"{at}?move=present", 403)
    Browser(office.house, "reader").get(f"{at}?move=present", 404)


@pytest.mark.parametrize("language", LANGUAGES)
def test_opinions_stand_together_in_both_languages(office: Office, language: str) -> None:
    case = office.open_document(**TEXT)
    case = office.move("archivist", case, "consult", bodies={"consulted": ["office", "ward2"]})
    office.move("official", case, "give-opinion", comment="Nên <b>lùi</b> hạn")
    man = Browser(office.house, "archivist")
    man.client.cookies.set("vanthu_lang", language)
    page = man.client.get(f"/cases/{case['id']}").text
    assert "Nên &lt;b&gt;lùi&lt;/b&gt; hạn" in page and "Đảng bộ phường Lúa" in page
    assert ("chưa góp ý" if language == "vi" else "not yet") in page
