"""A printed sheet says what it is to people and to machines, and survives what offices do to it."""

import io
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from boot.cli import run
from ingest.separator_sheets import draw_sheets
from records.separators import Follows, Sheet, code_of
from tests.tools.length import sample
from tests.tools.separator_prints import read, scans


def test_a_sheet_tells_people_what_follows() -> None:
    sheets = [Sheet(follows, "01.HC.2020", n) for n, follows in enumerate(Follows, 7)]
    data = draw_sheets(sheets)
    pdf = pypdfium2.PdfDocument(data)
    texts = [" ".join(pdf[n].get_textpage().get_text_bounded().split()) for n in range(len(pdf))]
    pdf.close()
    for sheet, text, name in zip(
        sheets, texts, ("TÀI LIỆU MỚI", "HỒ SƠ MỚI", "TÀI LIỆU KÈM THEO"), strict=True
    ):
        assert name in text and "01.HC.2020" in text and f"{sheet.serial:04}" in text
        assert code_of(sheet) in text.replace(" ", "")
    with pikepdf.open(io.BytesIO(data)) as opened:
        for page in opened.pages:
            assert [round(float(v)) for v in page.MediaBox] == [0, 0, 595, 842]
            fonts = list(page.Resources.Font.values())
            assert fonts and all("/FontFile2" in f.DescendantFonts[0].FontDescriptor for f in fonts)


def test_prints_and_rescans_are_read(tmp_path: Path) -> None:
    """Every seventh of sixty scans here, all of them in a long run, 500 in `make bench-separators`."""
    missed = [
        (scan.dpi, scan.told)
        for scan in scans(sample(range(60), 7), 1, tmp_path)
        if read(scan.path, tmp_path / "out") != scan.code
    ]
    assert missed == []


def test_the_command_prints_sheets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "to.pdf"
    assert run(["separators", "--dossier", "MAU-01", "--count", "3", "--first", "5", "--out", str(out)]) == 0
    assert "3 tờ ngăn cách, số 0005–0007" in capsys.readouterr().err
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == 3


@pytest.mark.parametrize("words", [["--dossier", " "], ["--dossier", "A", "--first", "9999"]])
def test_the_command_says_what_is_wrong(words: list[str], tmp_path: Path) -> None:
    assert run(["separators", *words, "--count", "2", "--out", str(tmp_path / "x.pdf")]) == 2


def test_a_dossier_too_long_for_a_bar_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["separators", "--dossier", "Hồ sơ về việc đền bù năm 2020", "--count", "1"]
    assert run([*words, "--out", str(tmp_path / "x.pdf")]) == 3
    assert "quá dài" in capsys.readouterr().err
    assert not (tmp_path / "x.pdf").exists()
