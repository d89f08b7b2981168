"""The finished PDF: valid, repeatable, upright, of true size, and telling the same in all places."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.compose import ComposePage, compose_pdfa
from ocr.pdfa import PdfMeta, check_pdfa, plain_line
from ocr.read_back import render_page
from records.errors import ArchiveFault, Unfit
from records.geometry import Rotation
from tests.tools.made_pages import META, laid_out, picture

LINES = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]


def page(folder: Path, name: str = "a.png", rotation: Rotation = 0, mode: str = "RGB") -> ComposePage:
    text = laid_out(LINES, width=620, height=877, dpi=75, rotation=rotation, size=12)
    return ComposePage(picture(text, folder / name, mode), text)


def test_the_file_is_pdfa_and_repeatable(tmp_path: Path) -> None:
    pages = [page(tmp_path), page(tmp_path, "b.jpg", 90, "L"), page(tmp_path, "c.tif", 180, "1")]
    one = compose_pdfa(pages, META, tmp_path / "one.pdf")
    two = compose_pdfa(pages, META, tmp_path / "two.pdf")
    assert one.sha256 == two.sha256
    assert one.pages == 3
    assert one.size == (tmp_path / "one.pdf").stat().st_size
    assert check_pdfa(tmp_path / "one.pdf").compliant
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.jpg", "c.tif", "one.pdf", "two.pdf"]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_page_is_upright_and_of_true_size(tmp_path: Path, rotation: Rotation) -> None:
    compose_pdfa([page(tmp_path, rotation=rotation)], META, tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        box = [float(v) for v in pdf.pages[0].mediabox]
        assert "/Rotate" not in pdf.pages[0]
    assert box == pytest.approx([0, 0, 620 * 72 / 75, 877 * 72 / 75], abs=0.01)
    shown = np.asarray(render_page(tmp_path / "out.pdf", 1, 75)).astype(int)
    upright = picture(replace(laid_out(LINES, 620, 877, 75, 0, 12)), tmp_path / "upright.png")
    wanted = np.asarray(Image.open(upright).convert("RGB")).astype(int)
    assert abs(shown.shape[0] - wanted.shape[0]) <= 1
    height, width = min(shown.shape[0], 877), min(shown.shape[1], 620)
    assert np.abs(shown[:height, :width] - wanted[:height, :width]).mean() < 2


def test_the_text_is_invisible(tmp_path: Path) -> None:
    full = page(tmp_path)
    silent = replace(full, text=replace(full.text, words=()))
    compose_pdfa([full], META, tmp_path / "full.pdf")
    compose_pdfa([silent], META, tmp_path / "silent.pdf")
    pictures = [np.asarray(render_page(tmp_path / name, 1, 150)) for name in ("full.pdf", "silent.pdf")]
    assert np.array_equal(*pictures)


def test_the_image_stream_is_the_delivered_file(tmp_path: Path) -> None:
    jpeg = page(tmp_path, "a.jpg")
    composed = compose_pdfa([jpeg], META, tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert pdf.pages[0].Resources.XObject.I.read_raw_bytes() == jpeg.image.read_bytes()
    assert composed.notes == ()
    assert composed.size - jpeg.image.stat().st_size < 8000


@pytest.mark.parametrize(
    "title",
    [
        "Quyết định",
        'a < b & "c" > d ]]>',
        "",
        "  hai\n dòng\t",
        "\x00\x07\ufffe",
        "(ngoặc \\",
        "𝕏 ngoài BMP",
        "N" * 5000,
    ],
)
def test_metadata_say_the_same_twice(tmp_path: Path, title: str) -> None:
    meta = PdfMeta(
        title, datetime(2025, 7, 9, 18, 30, tzinfo=UTC), subject=title, author=title, document_id="d1"
    )
    compose_pdfa([page(tmp_path)], meta, tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert str(pdf.docinfo.get("/Title", "")) == plain_line(title)
        assert str(pdf.docinfo.get("/Author", "")) == plain_line(title)
        assert str(pdf.docinfo["/CreationDate"]) == "D:20250710013000+07'00'"
        with pdf.open_metadata() as xmp:
            assert (xmp.get("dc:title") or "") == plain_line(title)
            assert xmp["xmp:CreateDate"] == "2025-07-10T01:30:00+07:00"
            assert xmp["pdfaid:part"] == "2"
            assert xmp["dc:identifier"] == "d1"
        assert str(pdf.Root.Lang) == "vi"


def test_many_pages_make_a_tree(tmp_path: Path) -> None:
    one = page(tmp_path, "a.jpg")
    compose_pdfa([one] * 200, META, tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert len(pdf.pages) == 200
        assert len({p.Resources.Font["/T"].objgen for p in pdf.pages}) == 1
        assert all(len(kid.Kids) <= 64 for kid in pdf.Root.Pages.Kids)


@pytest.mark.parametrize("dpi", [0, -3, 0.5, 1, 50_000])
def test_nonsense_resolution_still_gives_a_lawful_page(tmp_path: Path, dpi: float) -> None:
    odd = page(tmp_path)
    compose_pdfa([replace(odd, text=replace(odd.text, dpi=dpi))], META, tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert all(3 <= float(side) <= 14_400 for side in pdf.pages[0].mediabox[2:])


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    one = page(tmp_path)
    (tmp_path / "out.pdf").write_bytes(b"before")
    with pytest.raises(ArchiveFault) as fault:
        compose_pdfa([one, replace(one, text=replace(one.text, width=619))], META, tmp_path / "out.pdf")
    assert fault.value.code == "page-mismatch"
    assert "trang 2" in fault.value.tell
    assert (tmp_path / "out.pdf").read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_broken_image_is_refused(tmp_path: Path) -> None:
    one = page(tmp_path)
    one.image.write_bytes(one.image.read_bytes()[:300])
    with pytest.raises(Unfit):
        compose_pdfa([one], META, tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()


def test_no_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveFault, match="without pages"):
        compose_pdfa([], META, tmp_path / "out.pdf")


def test_what_the_validator_denies_never_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ocr.pdfa.PRODUCER", "khác nhau"
    )  # the packet is a template: break what it must agree with
    monkeypatch.setattr("ocr.pdfa.xmp_packet", lambda meta: b"<x/>")
    with pytest.raises(ArchiveFault) as fault:
        compose_pdfa([page(tmp_path)], META, tmp_path / "out.pdf")
    assert fault.value.code == "pdfa-refused"
    assert not (tmp_path / "out.pdf").exists()


def test_the_validator_denies_what_is_no_pdfa(tmp_path: Path) -> None:
    plain = tmp_path / "plain.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(plain)
    (tmp_path / "junk.pdf").write_bytes(b"%PDF-1.7 junk")
    for path in (plain, tmp_path / "junk.pdf", tmp_path / "absent.pdf"):
        verdict = check_pdfa(path)
        assert not verdict.compliant
        assert verdict.flavour == "2b"
        assert verdict.problems


def test_a_colour_profile_is_written_once(tmp_path: Path) -> None:
    from PIL import ImageCms

    from ocr.srgb import srgb_profile

    renamed = srgb_profile().replace("sRGB".encode("utf-16-be"), "mRGB".encode("utf-16-be"))
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(renamed))).startswith("mRGB")
    pages = [page(tmp_path, "a.jpg"), page(tmp_path, "b.png")]
    for one in pages:
        with Image.open(one.image) as image:
            image.load()
            image.save(one.image, icc_profile=renamed)
    compose_pdfa(pages, META, tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        spaces = [p.Resources.XObject.I.ColorSpace for p in pdf.pages]
        assert [str(s[0]) for s in spaces] == ["/ICCBased"] * 2
        assert spaces[0][1].objgen == spaces[1][1].objgen
        assert spaces[0][1].read_bytes() == renamed


def test_pdfium_reads_every_vietnamese_letter(tmp_path: Path) -> None:
    import pypdfium2 as pdfium

    from tests.tools.made_pages import VIETNAMESE

    said = [VIETNAMESE[at : at + 20] for at in range(0, len(VIETNAMESE), 20)]
    said += [
        "“ngoặc kép” ‘đơn’ … – — § № © ° ½ ² ± × ÷ « » € ₫ % ‰",
        "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        "Я Ω 中文 ☐ ☑ ✓",
    ]
    text = laid_out(said)
    compose_pdfa([ComposePage(picture(text, tmp_path / "a.png", "1"), text)], META, tmp_path / "out.pdf")
    document = pdfium.PdfDocument(tmp_path / "out.pdf")
    found = document[0].get_textpage().get_text_range()
    document.close()
    assert [re.sub(r"\s+", " ", line).strip() for line in found.split("\n")] == said
