"""The mark on the paper: readable by the house's own reader, bound to id, number and day."""

import io
from datetime import date

import numpy as np
import pypdfium2 as pdfium
import pytest

from ocr.barcodes import FINE, read_codes
from procedures.check_mark import fits, make_mark, public_base
from procedures.papers.upload import MARK_MM, _draw_mark
from records.errors import ArchiveFault
from tests.cases.sheets import BASE, DAY, PAPER_ID


def _codes(pdf: bytes, dots: int = 300):
    document = pdfium.PdfDocument(io.BytesIO(pdf))
    page = document[0]
    bitmap = page.render(scale=dots / 72, grayscale=True)
    image = np.array(bitmap.to_pil().convert("L"))
    for thing in (bitmap, page, document):
        thing.close()
    return read_codes(image, dots, min(dots, FINE), (image.shape[1], image.shape[0]))


@pytest.mark.parametrize("base", ["https://a.vn", BASE, "https://vanban." + "x" * 80 + ".vn"])
@pytest.mark.parametrize("dots", [200, 300, 600])
def test_the_house_reads_its_own_mark(base: str, dots: int) -> None:
    mark = make_mark(base, PAPER_ID, "105-QĐ/VPTU", DAY)
    found = _codes(_draw_mark(mark, MARK_MM, MARK_MM).pdf, dots)
    assert [code.text for code in found] == [mark.url]
    assert mark.url == f"{base}/kiem-tra/{PAPER_ID}/{mark.check.replace('-', '')}"


def test_the_check_is_of_this_paper_only() -> None:
    check = make_mark(BASE, PAPER_ID, "105-QĐ/VPTU", DAY).check
    assert fits(check, PAPER_ID, "105-QĐ/VPTU", DAY)
    typed = check.lower().replace("1", "l").replace("0", "o")
    assert fits(f" {typed} ", PAPER_ID, "105-QĐ/VPTU", DAY)
    others = [
        (PAPER_ID.replace("-1", "-2"), "105-QĐ/VPTU", DAY),
        (PAPER_ID, "106-QĐ/VPTU", DAY),
        (PAPER_ID, "105-QĐ/VPTU", date(2026, 7, 10)),
    ]
    assert not any(fits(check, *other) for other in others)
    for wrong in ("", "-", check[:-1], check + "0", "ÀÁÂ", "\ud800", "\x00", "x" * 10_000):
        assert not fits(wrong, PAPER_ID, "105-QĐ/VPTU", DAY)


def test_a_small_room_is_refused() -> None:
    with pytest.raises(ArchiveFault) as fault:
        _draw_mark(make_mark(BASE, PAPER_ID, "1-QĐ/TU", DAY), 30, 12)
    assert fault.value.code == "place-too-small"


@pytest.mark.parametrize("paper_id", ["", "../admin", "a" * 7, "A" * 32, f"{PAPER_ID}/x", f"{PAPER_ID}\n"])
def test_ids_that_cannot_stand_in_a_path(paper_id: str) -> None:
    with pytest.raises(ValueError, match="no mark"):
        make_mark(BASE, paper_id, "1-QĐ/TU", DAY)
    with pytest.raises(ValueError, match="no mark"):
        make_mark("", PAPER_ID, "1-QĐ/TU", DAY)


def test_the_public_address() -> None:
    assert public_base("") == public_base("  ") == ""
    assert public_base("https://vanban.example.vn/") == "https://vanban.example.vn"
    assert public_base("http://127.0.0.1:8000/vt/") == "http://127.0.0.1:8000/vt"
    for wrong in (
        "vanban.example.vn", "ftp://a.vn", "https://", "https://u:p@a.vn", "https://a.vn/?x=1", "https://a.vn/#x",
        "https://a.vn:99999", "https://a.vn/ x", "javascript:alert(1)", "https://" + "a" * 100,
    ):  # fmt: skip
        with pytest.raises(ArchiveFault) as fault:
            public_base(wrong)
        assert fault.value.code == "bad-settings"
