"""Word files made here by hand, so that every odd one differs from a good one in a single thing."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.word_convert import probe

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
GAP = "\N{NO-BREAK SPACE}"


def demand_converter() -> None:
    """Where LibreOffice is missing the test fails in CI and is skipped, saying so, on a person's machine."""
    if probe() is None:
        told = "LibreOffice Writer is missing: apt-get install libreoffice-writer-nogui fonts-croscore"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)


def a_run(text: str, bold: bool = False, italic: bool = False) -> str:
    marks = ("<w:b/>" if bold else "") + ("<w:i/>" if italic else "")
    return (
        f'<w:r><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/>{marks}'
        f'<w:sz w:val="26"/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'
    )


def a_line(text: str, centred: bool = False, **look: bool) -> str:
    align = '<w:pPr><w:spacing w:after="0"/><w:jc w:val="center"/></w:pPr>' if centred else ""
    return f"<w:p>{align}{a_run(text, **look)}</w:p>"


def _table(left: str, right: str) -> str:
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="4800" w:type="dxa"/></w:tcPr>{one}</w:tc>' for one in (left, right)
    )
    return (
        '<w:tbl><w:tblPr><w:tblW w:w="9600" w:type="dxa"/></w:tblPr><w:tblGrid><w:gridCol w:w="4800"/>'
        f'<w:gridCol w:w="4800"/></w:tblGrid><w:tr>{cells}</w:tr></w:tbl>'
    )


def a_letter(
    number: str = f"Số{GAP * 12}-CV/VPTU",
    dated: str = f"Mẫu, ngày{GAP * 10}tháng{GAP * 10}năm 2026",
    title: str = "CHÁNH VĂN PHÒNG",
    signer: str = "Người 1",
    text: str = "Đề nghị các đơn vị rà soát tài liệu lưu trữ và báo cáo trước ngày 15 tháng 12.",
) -> str:
    """The body of an official letter as offices write it in Word."""
    head = _table(
        a_line("THÀNH ỦY MẪU", True)
        + a_line("VĂN PHÒNG", True, bold=True)
        + a_line("*", True)
        + a_line(number, True),
        a_line("ĐẢNG CỘNG SẢN VIỆT NAM", True, bold=True) + a_line(dated, True, italic=True),
    )
    end = _table(
        a_line("Nơi nhận:") + a_line("- Như trên,"),
        a_line(title, True, bold=True) + a_line(" ", True) * 5 + a_line(signer, True, bold=True),
    )
    return head + a_line("Kính gửi: Các ban, cơ quan", True) + a_line(text) + end + a_line("")


def a_word_file(
    path: Path,
    body: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    links: str = "",
    types: str = "",
    main: str = _MAIN,
    head: str = _HEAD,
) -> Path:
    """Write a DOCX: `parts` are further files of it, `links` relations of the text, `types` further content types."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "[Content_Types].xml",
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{main}"/>{types}</Types>',
        )
        packed.writestr(
            "_rels/.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        packed.writestr(
            "word/document.xml",
            f'{head}<w:document xmlns:w="{_W}"><w:body>{body or a_letter()}</w:body></w:document>',
        )
        packed.writestr(
            "word/_rels/document.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        )
        for name, content in (parts or {}).items():
            packed.writestr(name, content)
    return path


def a_link(kind: str, target: str, external: bool = True) -> str:
    mode = ' TargetMode="External"' if external else ""
    return f'<Relationship Id="rId9" Type="{_OFFICE}/{kind}" Target="{target}"{mode}/>'
