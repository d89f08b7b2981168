"""Word files: what is more than text and pictures is refused with one sentence; what is good becomes a PDF/A to see."""

import zipfile
from datetime import date
from pathlib import Path

import pikepdf
import pytest

from ingest import word_convert
from ingest.word_convert import word_to_pdf
from ingest.word_file import looks_like_word, screen_word
from procedures.papers.faces import load_faces
from procedures.papers.upload import burn_paper, find_rooms
from records.errors import ToolMissing, Unfit
from signing.page_text import open_pages, read_page
from signing.placement import find_signature_place
from tests.cases.word_files import a_letter, a_line, a_link, a_word_file, demand_converter

_INSTR = "<w:p><w:r><w:instrText>{}</w:instrText></w:r></w:p>"
_MACRO_MAIN = "application/vnd.ms-word.document.macroEnabled.main+xml"

BAD: list[tuple[str, dict[str, object]]] = [
    ("paper-has-macros", {"parts": {"word/vbaProject.bin": b"\xd0\xcf"}}),
    ("paper-has-macros", {"parts": {"Word/VBAPROJECT.BIN": b"x"}}),
    ("paper-has-macros", {"main": _MACRO_MAIN}),
    ("word-objects", {"parts": {"word/embeddings/oleObject1.bin": b"x"}}),
    ("word-objects", {"parts": {"word/embeddings/bang.xlsx": b"PK"}}),
    ("word-objects", {"parts": {"word/activeX/activeX1.xml": "<a/>"}}),
    ("word-objects", {"parts": {"word/afchunk.dat": b"x"}}),
    ("word-objects", {"links": a_link("oleObject", "embeddings/x.dat", external=False)}),
    ("word-objects", {"links": a_link("aFChunk", "x.htm", external=False)}),
    ("word-objects", {"body": "<w:p><w:r><w:object/></w:r></w:p>"}),
    ("word-external", {"links": a_link("image", "http://kho.example/a.png")}),
    ("word-external", {"links": a_link("attachedTemplate", "file:///C:/mau.dotm")}),
    ("word-external", {"body": _INSTR.format(' INCLUDEPICTURE "http://kho.example/a.png" ')}),
    ("word-external", {"body": _INSTR.format("DDE").replace("DDE", "DD") + _INSTR.format("EAUTO excel")}),
    ("word-external", {"body": '<w:p><w:fldSimple w:instr="IncludeText &quot;a&quot;"/></w:p>'}),
    (
        "word-external",
        {"parts": {"word/header1.xml": f'<w:hdr xmlns:w="w/main">{_INSTR.format("LINK Excel")}</w:hdr>'}},
    ),
    ("word-tracked", {"body": "<w:p><w:ins><w:r><w:t>thêm</w:t></w:r></w:ins></w:p>"}),
    ("word-malformed", {"body": "<w:p>"}),
    ("word-malformed", {"head": '<!DOCTYPE a [<!ENTITY b "b">]>'}),
    ("word-malformed", {"parts": {"word/styles.xml": '<?xml version="1.0"?><a/>'.encode("utf-16")}}),
    ("paper-type", {"main": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"}),
]


@pytest.mark.parametrize(("code", "change"), BAD, ids=[f"{n}-{code}" for n, (code, _) in enumerate(BAD)])
def test_what_acts_or_calls_out_is_refused(tmp_path: Path, code: str, change: dict) -> None:
    path = a_word_file(tmp_path / "a.docx", **change)
    with pytest.raises(Unfit) as fault:
        screen_word(path, "Công văn.docx")
    assert fault.value.code == code
    assert fault.value.tell.startswith("Công văn.docx ") and fault.value.tell.endswith("tải lên.")


def test_other_files_and_locked_ones(tmp_path: Path) -> None:
    old, cut, other = tmp_path / "a.doc", tmp_path / "b.docx", tmp_path / "c.zip"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600)
    cut.write_bytes(a_word_file(tmp_path / "w.docx").read_bytes()[:700])
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("a.txt", "a")
    for path, code in ((old, "word-old-or-locked"), (cut, "word-malformed"), (other, "paper-type")):
        assert looks_like_word(path.read_bytes()[:16])
        with pytest.raises(Unfit) as fault:
            screen_word(path, path.name)
        assert fault.value.code == code


def test_a_packed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = a_word_file(tmp_path / "a.docx", parts={"word/media/a.png": b"\0" * (301 * 1024**2)})
    assert path.stat().st_size < 1024**2
    with pytest.raises(Unfit) as fault:
        screen_word(path, "a.docx")
    assert fault.value.code == "word-too-heavy"


def test_links_that_people_read_are_no_harm(tmp_path: Path) -> None:
    screen_word(a_word_file(tmp_path / "a.docx", links=a_link("hyperlink", "https://a.example")), "a.docx")


def test_without_the_program_one_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_convert, "probe", lambda: None)
    with pytest.raises(ToolMissing) as fault:
        word_to_pdf(a_word_file(tmp_path / "a.docx"), tmp_path / "a.pdf", "a.docx")
    assert fault.value.code == "converter-missing"


def test_a_letter_of_word_becomes_a_paper_with_its_rooms(tmp_path: Path) -> None:
    demand_converter()
    path, out = a_word_file(tmp_path / "a.docx", a_letter() + a_line("")), tmp_path / "a.pdf"
    word_to_pdf(path, out, "Công văn.docx")
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == 1
        assert pdf.open_metadata().pdfa_status == "2B"
        assert "/AcroForm" not in pdf.Root
    rooms = find_rooms(out)
    assert rooms is not None
    assert ("".join(rooms.notation.split()), rooms.year) == ("-CV/VPTU", "năm 2026")
    assert find_signature_place(out, "Người 1", "CHÁNH VĂN PHÒNG") is not None
    numbered = tmp_path / "numbered.pdf"
    burn_paper(
        out, numbered, rooms.filled("07", date(2026, 11, 23)), load_faces()
    )  # the rooms are high enough
    with open_pages(numbered) as pages:
        assert {"07", "23", "11"} <= {line.text for line in read_page(pages, 1).lines}
    assert not list(tmp_path.glob("*/profile"))
