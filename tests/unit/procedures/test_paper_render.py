"""Papers as they come out of the drawing: read back by other eyes than those that drew them."""

import io
import re
import string
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import jinja2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from language.letters import VIETNAMESE_LETTERS
from ocr.barcodes import FINE, read_codes
from procedures.check_mark import make_mark
from procedures.papers import render as rendering
from procedures.papers.faces import load_faces
from procedures.papers.kinds import TEMPLATES, kinds
from procedures.papers.layouts import layout_at
from procedures.papers.render import Rendered, draw_hop, render
from procedures.papers.sheet import Hop, Organ, Signatory, check_sheet
from procedures.papers.ten_boxes import letter_at
from records.errors import ArchiveFault, Conflict, Unfit
from records.units import System
from signing.appearance import rules_at
from signing.geometry import MM_PER_POINT, Place
from signing.order import demand_numbered
from signing.page_text import open_pages, read_page
from signing.placement import find_signature_place
from signing.stamp_image import read_image
from tests.cases import stamps
from tests.cases.sheets import (
    BASE,
    CREATED,
    DAY,
    NOTATIONS,
    PAPER_ID,
    SECRETARY,
    a_long_sheet,
    a_sheet,
)

FACES = load_faces()
EVERY = [
    (kind, system)
    for kind, (_, state) in NOTATIONS.items()
    for system in System
    if state or system is System.PARTY
]


def _drawn(sheet, mark=None) -> Rendered:
    return render(sheet, FACES, CREATED, mark)


@lru_cache
def _short(kind: str, system: System) -> Rendered:
    return _drawn(a_sheet(kind, system))


@lru_cache
def _letter() -> Rendered:
    return _drawn(a_sheet("transfer-letter"), make_mark(BASE, PAPER_ID, "105-GT/VPTU", DAY))


def _pages(pdf: bytes) -> list[str]:
    document = pdfium.PdfDocument(pdf)
    said = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    return [" ".join(one.split()) for one in said]


def _saved(tmp_path: Path, pdf: bytes) -> Path:
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf)
    return path


def _lines(path: Path, number: int = 1):
    with open_pages(path) as pdf:
        return read_page(pdf, number).lines


def _image(pdf: bytes, dots: int = 300, page: int = 1) -> Image.Image:
    document = pdfium.PdfDocument(pdf)
    image = document[page - 1].render(scale=dots / 72).to_pil().convert("RGB").copy()
    document.close()
    return image


@pytest.mark.parametrize(("kind", "system"), EVERY)
def test_all_that_was_said_is_on_the_paper_and_can_be_found(kind: str, system: System) -> None:
    sheet = a_sheet(kind, system)
    paper = _short(kind, system)
    said = " ".join(_pages(paper.pdf))
    answers = check_sheet(sheet, FACES).answers

    def texts(value) -> list[str]:
        if isinstance(value, tuple):
            return [text for one in value for text in texts(one)]
        return [f"{value:%d/%m/%Y}"] if isinstance(value, date) else [value] if value else []

    folded = said.casefold()
    for text in texts(tuple(answers.values())):
        assert text.rstrip(".").casefold() in folded
    joint = "-" if system is System.PARTY else "/"
    number = f" 105{joint}{sheet.notation}" if kinds()[kind].numbered else ""
    assert number.strip() in said
    assert kinds()[kind].numbered or not re.search(r"\bSố:? *-", said)
    assert "ngày 09 tháng 7 năm 2026" in said
    for text in (sheet.organ.name, sheet.organ.superior, sheet.signatory.title, sheet.signatory.name):
        assert text in said
    assert "DỰ THẢO" not in said
    assert paper.title.startswith(f"{kinds()[kind].type_name}{number}: ")


@pytest.mark.parametrize(("kind", "system"), EVERY)
def test_long_papers_turn_pages_and_lose_nothing(kind: str, system: System, tmp_path: Path) -> None:
    sheet = a_long_sheet(kind, system)
    paper = _drawn(sheet)
    assert paper.pages >= 2
    pages = _pages(paper.pdf)
    assert len(pages) == paper.pages
    answers = check_sheet(sheet, FACES).answers
    for text in answers.get("body", ()) or answers.get("articles", ()):
        words = text.split()
        assert any(" ".join(words[:4]) in page for page in pages)
    assert sheet.signatory.name in pages[paper.signature.page - 1]
    path = _saved(tmp_path, paper.pdf)
    for number in range(1, paper.pages + 1):
        counted = [
            line for line in _lines(path, number) if line.text == str(number) and line.place.y1 < 20 / 297
        ]
        assert len(counted) == (number > 1 and kind != "transfer-letter")
        for line in _lines(path, number):
            assert 15 / 210 < line.place.x0 < line.place.x1 <= 196 / 210, line
            assert 5 / 297 < line.place.y0 < line.place.y1 < 293 / 297, line


@pytest.mark.parametrize(("kind", "system"), EVERY)
def test_the_signing_service_finds_the_block_by_itself(kind: str, system: System, tmp_path: Path) -> None:
    sheet = a_sheet(kind, system)
    paper = _short(kind, system)
    path = _saved(tmp_path, paper.pdf)
    for title in (sheet.signatory.title, None):
        assert find_signature_place(path, sheet.signatory.name, title) == paper.signature
    lines = {line.text: line.place for line in _lines(path, paper.signature.page)}
    assert lines[sheet.signatory.title].y1 < paper.signature.y0
    assert paper.signature.y1 < lines[sheet.signatory.name].y0
    assert (paper.signature.y1 - paper.signature.y0) * 297 > 18


def test_without_what_is_optional_nothing_is_made_up() -> None:
    optional = {
        kind: {rule.name: None for rule in one.fields if rule.optional} for kind, one in kinds().items()
    }
    for kind, empty in optional.items():
        if not empty:
            continue
        sheet = replace(a_sheet(kind, fields=empty), recipients=())
        said = " ".join(_pages(_drawn(replace(sheet, organ=replace(sheet.organ, superior=""))).pdf))
        assert "Nơi nhận" not in said
        assert not re.search(r"None|undefined|: ;|: \.", said)
        for label in ("bí danh", "Số LL", "Hạn chế", "Hồ sơ kèm theo", "Chức vụ:"):
            assert label not in said
    assert "đảng viên dự bị" in " ".join(
        _pages(_drawn(a_sheet("temporary-letter", fields={"official_date": None})).pdf)
    )


def test_the_file_says_what_it_is_and_in_which_language() -> None:
    with pikepdf.open(io.BytesIO(_letter().pdf)) as file:
        assert str(file.Root.Lang) == "vi"
        assert bool(file.Root.ViewerPreferences.DisplayDocTitle)
        assert bool(file.Root.MarkInfo.Marked)
        assert "/H1" in {str(kind) for kind in _tags(file.Root.StructTreeRoot)}
        with file.open_metadata() as meta:
            assert meta["dc:title"] == _letter().title == "Giấy giới thiệu 105-GT/VPTU: Nguyễn Thị Ánh Nguyệt"
            assert meta.pdfa_status == "2B"
            assert meta["xmp:CreateDate"].startswith("2026-07-09T08:30:00")
        fonts = {
            str(obj.get("/FontName"))
            for obj in file.objects
            if isinstance(obj, pikepdf.Dictionary) and "/FontFile2" in obj
        }
        used = [
            obj for obj in file.objects if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") == "/Font"
        ]
    assert fonts
    assert all(FACES.family in name for name in fonts), fonts
    assert all("/ToUnicode" in font or "/DescendantFonts" not in font for font in used)


def _tags(node):
    if isinstance(node, pikepdf.Array):
        for one in node:
            yield from _tags(one)
    elif isinstance(node, pikepdf.Dictionary):
        if "/S" in node:
            yield node.S
        if "/K" in node:
            yield from _tags(node.K)


def test_every_vietnamese_letter_in_every_face_is_read_back() -> None:
    words = [VIETNAMESE_LETTERS[i : i + 6] for i in range(0, len(VIETNAMESE_LETTERS), 6)]
    text = (
        " ".join(words)
        + " "
        + string.ascii_lowercase
        + " "
        + string.ascii_uppercase
        + " 0123456789 “” ‘’ – § %"
    )
    sheet = a_sheet("decision", System.STATE, fields={"subject": text, "grounds": [text], "articles": [text]})
    said = " ".join(_pages(_drawn(sheet).pdf))
    assert said.count(words[3]) == 3
    for word in text.split():
        assert said.count(word) >= 3, word


def test_html_and_templates_in_an_answer_are_text() -> None:
    evil = '<img src="http://127.0.0.1/x"></p><style>p{display:none}</style>{{ 7*7 }} {subject} %s &amp; \\x'
    sheet = a_sheet("dispatch", fields={"subject": evil, "to": [evil], "body": [evil]}, recipients=(evil,))
    said = " ".join(_pages(_drawn(sheet).pdf)).replace(" ", "")
    assert said.count(evil.replace(" ", "")) == 4


def test_a_template_that_asks_for_what_nobody_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in (
        "{{ answers.body_text }}",
        "{% if nobody %}{% endif %}",
        "{% for x in nobody %}{% endfor %}",
        "{{ nobody.x }}",
    ):
        env = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.DictLoader(
                        {
                            "notice.html.j2": '{% extends "named.html.j2" %}{% block body %}'
                            + asked
                            + "{% endblock %}"
                        }
                    ),
                    jinja2.FileSystemLoader(TEMPLATES),
                ]
            ),
            autoescape=True,
            undefined=rendering._Asked,
        )
        env.filters |= rendering._templates().filters
        monkeypatch.setattr(rendering, "_templates", lambda env=env: env)
        with pytest.raises(Unfit) as fault:
            _drawn(a_sheet("notice"))
        assert fault.value.code == "paper-field-missing"
        assert "“body_text”" in fault.value.tell or "“nobody”" in fault.value.tell


def test_the_same_paper_gives_the_same_bytes() -> None:
    sheet = a_sheet("notice")
    one, two = _drawn(sheet), _drawn(sheet)
    assert one.pdf == two.pdf
    assert _drawn(replace(sheet, number="106")).pdf != one.pdf


@pytest.mark.parametrize(
    ("kind", "mark", "dates"),
    [
        ("decision", "DỰ THẢO", 0),
        ("transfer-letter", "CHƯA CÓ SỐ", 1),  # box 1 is signed on its own day, the heading has none
    ],
)
def test_a_draft_says_so_and_gets_no_seal(kind: str, mark: str, dates: int) -> None:
    sheet = a_sheet(kind, number="")
    draft, paper = _drawn(sheet), _drawn(a_sheet(kind))
    assert draft.draft
    assert draft.title.startswith("Dự thảo ")
    said = _pages(draft.pdf)[0]
    assert mark in said
    assert "105" not in said
    assert said.count("ngày 09") == dates
    with pytest.raises(Conflict) as fault:
        demand_numbered(PdfFileReader(io.BytesIO(draft.pdf)))
    assert fault.value.code == "order-number-missing"
    demand_numbered(PdfFileReader(io.BytesIO(paper.pdf)))
    with pytest.raises(ValueError, match="draft"):
        _drawn(sheet, make_mark(BASE, PAPER_ID, "105-QĐ/VPTU", DAY))


def test_urgency_and_secrecy_are_printed_as_marks() -> None:
    for system, urgency in ((System.STATE, "THƯỢNG KHẨN"), (System.PARTY, "HỎA TỐC HẸN GIỜ")):
        said = _pages(_drawn(a_sheet("notice", system, urgency=urgency, secrecy="TỐI MẬT")).pdf)[0]
        assert urgency in said
        assert "TỐI MẬT" in said
    for change in ({"urgency": "KHẨN"}, {"secrecy": "MẬT"}, {"recipients": ("Lưu",)}):
        with pytest.raises(Unfit) as fault:
            _drawn(a_sheet("transfer-letter", **change))
        assert fault.value.code == "paper-field-unknown"


@pytest.mark.parametrize("kind", ["notice", "transfer-letter"])
def test_the_mark_is_read_off_the_drawn_page_and_touches_nothing(kind: str) -> None:
    mark = make_mark(BASE, PAPER_ID, "105-X", DAY)
    for sheet in (a_sheet(kind), a_long_sheet(kind)):
        paper = _drawn(sheet, mark)
        image = np.array(_image(paper.pdf, 300).convert("L"))
        found = read_codes(image, 300, FINE, (image.shape[1], image.shape[0]))
        assert [code.text for code in found] == [mark.url]
        assert mark.check in _pages(paper.pdf)[0]
        with pikepdf.open(io.BytesIO(paper.pdf)) as file:
            assert not any(
                isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image" for one in file.objects
            )


def test_a_block_that_nobody_would_take_for_one_is_told() -> None:
    twice = a_sheet("notice", fields={"body": ["Lê Quang Ưng"]}, signatory=SECRETARY)
    assert _drawn(twice).signature.page == 1
    with pytest.raises(ArchiveFault) as fault:
        _drawn(a_sheet("notice", signatory=Signatory("BÍ THƯ", "W" * 50)))
    assert fault.value.code == "paper-too-long"


def test_the_boxes_of_the_letter_are_where_the_data_says() -> None:
    letter = _letter()
    assert [box.number for box in letter.boxes] == list(range(1, 11))
    dark = {}
    for page in (1, 2):
        dark[page] = np.array(_image(letter.pdf, 200, page).convert("L")) < 160
    for box in letter.boxes:
        frame, (high, wide) = box.frame, dark[box.frame.page].shape
        left, right = round(frame.x0 * wide), round(frame.x1 * wide)
        top, bottom = round(frame.y0 * high), round(frame.y1 * high)
        page = dark[frame.page]
        for column in (left, right):
            assert page[top:bottom, column - 3 : column + 4].any(axis=1).mean() > 0.98
        for row in (top, bottom):
            assert page[row - 3 : row + 4, left:right].any(axis=0).mean() > 0.98
        parts = (box.words, box.dated, box.authority, box.room, box.name)
        assert all(_within(part, frame) for part in (*parts, box.seal))
        assert not any(a.meets(b, -1e-9, -1e-9) for i, a in enumerate(parts) for b in parts[:i])
        if box.number > 1:
            for part in parts[2:]:
                assert not page[
                    round(part.y0 * high) + 1 : round(part.y1 * high),
                    round(part.x0 * wide) + 1 : round(part.x1 * wide),
                ].any()
        side = box.seal.width * 210
        assert side == pytest.approx(36) == pytest.approx(box.seal.height * 297)
    first = letter.boxes[0]
    assert letter.signature.meets(first.room)
    assert abs((letter.signature.x0 + letter.signature.x1) - (first.room.x0 + first.room.x1)) < 0.01
    assert letter.signature.y0 >= first.authority.y0


def _within(one: Place, other: Place) -> bool:
    return other.x0 <= one.x0 and other.y0 <= one.y0 and one.x1 <= other.x1 and one.y1 <= other.y1


def _hop(**changed) -> Hop:
    who = Signatory("BÍ THƯ", "Phạm Văn Đỗ", ("T/M ĐẢNG ỦY",))
    return replace(Hop("Chi bộ Khu phố 3", "Bến Đông", date(2026, 8, 1), who), **changed)


def test_what_a_body_writes_into_its_box_lies_in_the_places_told() -> None:
    layout = layout_at(System.PARTY, DAY)
    rule = letter_at(DAY)
    picture = read_image(stamps.signature_png(), rules_at("party", "official", date(2026, 8, 1)).image)
    for number in (2, 10):
        box = rule.box(number)
        stamp = draw_hop(rule, number, _hop(), layout, FACES, picture)
        assert (stamp.width_mm, stamp.height_mm) == (box.frame.width, box.frame.height)
        said = _pages(stamp.pdf)[0]
        for text in (
            "Chi bộ Khu phố 3",
            "Bến Đông, ngày 01 tháng 8 năm 2026",
            "T/M ĐẢNG ỦY",
            "BÍ THƯ",
            "Phạm Văn Đỗ",
        ):
            assert text in said
        x0, y0, x1, y1 = (side * 25.4 / 200 for side in stamps.ink(_blue(_image(stamp.pdf, 200))))
        room = box.room
        assert room.left <= x0 < x1 <= room.left + room.width
        assert room.top <= y0 < y1 <= room.top + room.height


def _blue(image: Image.Image) -> Image.Image:
    red, _, blue = image.split()
    mask = Image.eval(red, lambda v: 255 if v < 120 else 0)
    ink = np.logical_and(np.array(mask) > 0, np.array(blue) > 120)
    return Image.fromarray(np.where(ink, 0, 255).astype("uint8"))


@pytest.mark.parametrize(
    ("number", "hop", "code"),
    [
        (0, _hop(), "letter-box-unknown"),
        (11, _hop(), "letter-box-unknown"),
        (2, _hop(to=" "), "paper-field-missing"),
        (2, _hop(place=""), "paper-field-missing"),
        (2, _hop(signatory=Signatory("", "Phạm Văn Đỗ")), "paper-field-missing"),
        (2, _hop(signatory=Signatory("BÍ THƯ", "Phạm Văn Đỗ", ("TM. ĐẢNG ỦY",))), "paper-authority-wrong"),
        (2, _hop(to="Chi bộ 漢"), "paper-letter"),
        (2, _hop(to="Chi bộ Khu phố " * 30), "paper-too-long"),
    ],
)
def test_a_box_that_cannot_be_filled(number: int, hop: Hop, code: str) -> None:
    with pytest.raises(ArchiveFault) as fault:
        draw_hop(letter_at(DAY), number, hop, layout_at(System.PARTY, DAY), FACES)
    assert fault.value.code == code


def test_words_without_an_end_stay_on_the_page(tmp_path: Path) -> None:
    """As long as a word may be, and as wide: broken within its column, never run over the edge."""
    word = "W" * 120
    fields = {"subject": word, "to": [word], "body": [word]}
    path = _saved(tmp_path, _drawn(a_sheet("dispatch", System.STATE, fields=fields, recipients=(word,))).pdf)
    lines = _lines(path)
    assert sum(line.text.count("W") for line in lines) == 4 * 120
    assert all(line.place.x1 <= 196 / 210 for line in lines)
    nation = next(line for line in lines if line.text.startswith("CỘNG HÒA"))
    assert all(
        line.place.x1 < nation.place.x0
        for line in lines
        if "W" in line.text and line.place.y0 < nation.place.y1
    )


def test_pages_are_a4() -> None:
    with pikepdf.open(io.BytesIO(_letter().pdf)) as file:
        for page in file.pages:
            sides = [float(side) * MM_PER_POINT for side in page.MediaBox[2:]]
            assert sides == pytest.approx([210, 297], abs=0.01)


def test_names_that_fill_the_heading_stay_in_their_column(tmp_path: Path) -> None:
    organ = Organ("TRUNG TÂM LƯU TRỮ LỊCH SỬ " * 6, "Thừa Hòa", "SỞ NỘI VỤ " * 15)
    path = _saved(tmp_path, _drawn(a_sheet("notice", System.STATE, organ=organ)).pdf)
    lines = _lines(path)
    nation = next(line for line in lines if line.text.startswith("CỘNG HÒA"))
    left = [line for line in lines if "TRUNG TÂM" in line.text or "SỞ NỘI VỤ" in line.text]
    assert len(left) > 6
    assert all(line.place.x1 < nation.place.x0 for line in left)
    path = _saved(tmp_path, _drawn(a_sheet("transfer-letter", organ=organ)).pdf)
    lines = {line.text: line.place for line in _lines(path)}
    number, title = lines["Số 105-GT/VPTU"], lines["GIẤY GIỚI THIỆU"]
    assert number.y1 < title.y0
    assert number.x1 < lines["ĐẢNG CỘNG SẢN VIỆT NAM"].x0
