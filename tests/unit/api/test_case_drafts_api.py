"""Documents under way over HTTP: files kept, versions told apart, opinions together, and who sees nothing."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from ingest import receive_draft
from records.clock import SystemClock
from signing.keys import load_demo_keys
from signing.seal import SigningService
from signing.timestamps import DemoTimeStamps
from tests.cases.sealing import a_pdf
from tests.cases.word_files import a_line, a_word_file, demand_converter
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def versions(office: Office, case: dict[str, Any], role: str = "archivist") -> list[dict[str, Any]]:
    return office.house.client(role).get(f"{API}/cases/{case['id']}").json()["versions"]


def test_a_pdf_becomes_a_version_and_comes_back_as_it_was(office: Office, plain_pdf: bytes) -> None:
    case = office.open_document()
    taken = office.hand_in(case, "du-thao.pdf", plain_pdf, "k1")
    assert (taken.status_code, taken.json()["revision"]) == (200, 2), taken.text
    again = office.hand_in(case, "du-thao.pdf", plain_pdf, "k1")
    assert (again.content, again.headers["Idempotency-Replayed"]) == (taken.content, "true")
    assert [one["file"] for one in versions(office, case)] == ["", "du-thao.pdf"]
    client = office.house.client("archivist")
    for what in ("file", "pdf"):
        got = client.get(f"{API}/cases/{case['id']}/versions/2/{what}")
        assert (
            got.content == plain_pdf
            and got.headers["ETag"].strip('"') == hashlib.sha256(plain_pdf).hexdigest()
        )
    assert client.get(f"{API}/cases/{case['id']}/versions/1/file").status_code == 404
    with office.house.tools.work.reading() as tx:
        assert tx.objects.get(tx.cases.get(case["id"]).draft.key) is not None
    assert office.house.events("case-draft-downloaded")


@pytest.mark.parametrize("point", ["draft-after-intent", "draft-stored"])
def test_killed_in_the_middle_and_sent_again_it_is_one_version(
    office: Office, plain_pdf: bytes, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    case, tools = office.open_document(), office.house.tools
    with monkeypatch.context() as patch:
        patch.setattr(receive_draft, "crashpoint", die)
        with pytest.raises(Killed):
            tools.take_draft("a.pdf", iter([plain_pdf]), "somebody", case["id"])
    assert len(versions(office, case)) == 1
    assert office.hand_in(case, "a.pdf", plain_pdf, "k").status_code == 200
    assert len(versions(office, case)) == 2
    with tools.work.reading() as tx:
        draft = tx.cases.get(case["id"]).draft
        assert draft is not None and tx.objects.get(draft.key) is not None


def test_what_changed_is_told_word_by_word(office: Office, tmp_path: Path) -> None:
    case = office.open_document(subject="họp giao ban tuần")
    one, two = (a_pdf(tmp_path / f"{n}.pdf", 1, f"Hop ngay {n}").read_bytes() for n in (10, 15))
    case = office.hand_in(case, "a.pdf", one, "k1").json()
    case = office.hand_in(case, "a.pdf", two, "k2").json()
    case = office.move("archivist", case, "save", values={"subject": "họp giao ban tháng"})
    client = office.house.client("archivist")
    told = client.get(f"{API}/cases/{case['id']}/versions/3/difference").json()
    (line,) = [line for line in told["lines"] if line["change"] == "changed"]
    assert [piece["text"] for piece in line["pieces"] if piece["change"] != "same"] == ["10", "15"]
    told = client.get(f"{API}/cases/{case['id']}/versions/4/difference", params={"since": 2}).json()
    words = [p["text"] for line in told["lines"] for p in line["pieces"] if p["change"] == "new"]
    assert {"tháng", "15"} <= set(words)
    assert client.get(f"{API}/cases/{case['id']}/versions/9/difference").status_code == 404


def test_opinions_are_seen_together(office: Office) -> None:
    case = office.open_document(body="Nội dung")
    case = office.move("archivist", case, "consult", bodies={"consulted": ["office", "ward2"]})
    case = office.move("official", case, "give-opinion", comment="Nên lùi hạn")
    told = office.house.client("archivist").get(f"{API}/cases/{case['id']}/opinions").json()
    assert [(one["unit_name"], len(one["opinions"])) for one in told] == [
        ("Văn phòng Thành ủy Mẫu", 1), ("Đảng bộ phường Lúa", 0),
    ]  # fmt: skip
    assert told[0]["opinions"][0]["comment"] == "Nên lùi hạn"


def test_a_paper_is_previewed_without_a_trace(office: Office) -> None:
    case = office.open_document(to="Các phòng", body="Nội dung")
    client = office.house.client("archivist")
    shown = client.get(f"{API}/cases/{case['id']}/preview", params={"move": "present"})
    assert shown.status_code == 200 and shown.content[:5] == b"%PDF-", shown.text
    nothing = client.get(f"{API}/cases/{case['id']}/preview", params={"move": "save"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing-to-draw")
    assert client.get(f"{API}/cases/{case['id']}").json()["revision"] == 1


def test_what_is_not_taken_and_why(office: Office, plain_pdf: bytes, tmp_path: Path) -> None:
    case = office.open_document()
    locked, signed = tmp_path / "l.pdf", tmp_path / "s.pdf"
    plain = tmp_path / "p.pdf"
    plain.write_bytes(plain_pdf)
    with pikepdf.open(plain) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="a", user="b"))
    keys = office.house.tools.data_dir / "keys"
    service = SigningService(
        load_demo_keys(keys), DemoTimeStamps(keys, SystemClock()), SystemClock(), [keys / "roots.pem"]
    )
    service.seal(plain, signed)
    macro = a_word_file(tmp_path / "m.docx", parts={"word/vbaProject.bin": b"x"})
    wrong = {
        "file-empty": b"",
        "file-already-signed": signed.read_bytes(),
        "pdf-password": locked.read_bytes(),
        "paper-has-macros": macro.read_bytes(),
        "paper-not-pdf": _png(),
        "file-type-unsupported": b"MZ" + bytes(900),
    }
    for n, (code, data) in enumerate(wrong.items()):
        answer = office.hand_in(case, "a.pdf", data, f"w{n}")
        assert (answer.status_code, answer.json()["code"]) in ((422, code), (400, code)), (code, answer.text)
    assert len(versions(office, case)) == 1


def test_three_hundred_megabytes_are_stopped_at_the_first_byte_too_many(office: Office) -> None:
    case = office.open_document()
    answer = office.hand_in(case, "a.pdf", b"%PDF-1.7\n" + bytes(300 * 1024**2), "big")
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large"), answer.text
    assert len(versions(office, case)) == 1


def test_who_may_not_hands_nothing_in(office: Office, plain_pdf: bytes) -> None:
    case = office.open_document()
    moves = f"{API}/cases/{case['id']}/drafts"

    def send(role: str, revision: str, key: str, **more: str) -> tuple[int, str]:
        answer = office.house.client(role).post(
            moves, files={"file": ("a.pdf", plain_pdf)}, data={"revision": revision, **more},
            headers={"Idempotency-Key": key},
        )  # fmt: skip
        return answer.status_code, answer.json()["code"]

    assert send("reader", "1", "a") == (404, "not-found")
    assert send("official", "1", "b") == (403, "move-not-yours")  # sees it as head of the office
    assert send("archivist", "7", "c") == (409, "case-moved")
    assert send("archivist", "x", "d") == (422, "revision-missing")
    assert send("archivist", "1", "e", move="present") == (422, "draft-not-here")
    hidden = office.house.client("reader").get(f"{API}/cases/{case['id']}/versions/1/difference")
    assert hidden.status_code == 404
    assert len(versions(office, case)) == 1


def test_a_word_file_is_kept_as_it_came_and_seen_as_pdf(office: Office, tmp_path: Path) -> None:
    demand_converter()
    case = office.open_document()
    data = a_word_file(tmp_path / "a.docx", a_line("Xin chào")).read_bytes()
    taken = office.hand_in(case, "Công văn.docx", data, "w")
    assert taken.status_code == 200, taken.text
    client = office.house.client("archivist")
    assert client.get(f"{API}/cases/{case['id']}/versions/2/file").content == data
    shown = client.get(f"{API}/cases/{case['id']}/versions/2/pdf")
    assert shown.content[:5] == b"%PDF-"
    again = office.hand_in(case, "Công văn.docx", data, "w")
    assert again.content == taken.content


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), "white").save(out, "PNG")
    return out.getvalue()
