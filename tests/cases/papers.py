"""Decisions as bodies of state and party write them, for tests that look for the signature block. All names made up."""

from dataclasses import dataclass
from pathlib import Path

import pikepdf
from jinja2 import Environment
from weasyprint import HTML

_PAPER = Environment(autoescape=True).from_string("""<!doctype html><html lang="vi"><meta charset="utf-8"><style>
@page { size: {{ size }}; margin: 20mm 15mm 20mm 30mm }
body { font: 13pt/1.35 "Noto Serif"; margin: 0 }
table { width: 100%; border-collapse: collapse } td { vertical-align: top; text-align: center; padding: 0 }
.small { font-size: 11pt } p { margin: 0 0 2mm; text-indent: 10mm; text-align: justify } b { display: block }
.to { text-align: left; font-size: 10.5pt; width: 45% }
</style>
<table class="small"><tr>
{%- if party %}<td style="width:45%">TỈNH ỦY THỪA HÒA<br><b>VĂN PHÒNG</b>*<br>Số 05-QĐ/VPTU</td>
<td><b>ĐẢNG CỘNG SẢN VIỆT NAM</b><i>Thừa Hòa, ngày 09 tháng 7 năm 2026</i></td>
{%- else %}<td style="width:40%">ỦY BAN NHÂN DÂN<br><b>TỈNH THỪA HÒA</b>Số: 1205/QĐ-UBND</td>
<td><b>CỘNG {{ "HÒA" if tone else "HOÀ" }} XÃ HỘI CHỦ NGHĨA VIỆT NAM</b><b>Độc lập - Tự do - Hạnh phúc</b>
<i>Thừa Hòa, ngày 09 tháng 7 năm 2026</i></td>{% endif -%}
</tr></table>
<div style="text-align:center;margin:8mm 0 6mm"><b>QUYẾT ĐỊNH</b>
<b>Về việc thành lập Ban Chỉ đạo số hóa tài liệu lưu trữ</b></div>
{% for one in range(paragraphs) %}
<p>Căn cứ đề nghị của {{ mention or "Chánh Văn phòng" }} về việc số hóa tài liệu lưu trữ
lịch sử của tỉnh giai đoạn 2026 - 2030 và ký số các tài liệu ấy theo quy định hiện hành.</p>{% endfor %}
<table style="margin-top:8mm"><tr><td class="to"><i><b>Nơi nhận:</b></i>
- Như Điều 3;<br>- Thường trực Tỉnh ủy (để báo cáo);<br>
- Lưu: VT, TH.</td><td>{% for one in block %}<b>{{ one }}</b>{% endfor %}
<div style="height:{{ room }}mm;text-align:center;line-height:{{ room }}mm">{{ within }}</div>
<b>{{ name }}</b></td></tr></table>
{%- if again %}<div style="break-before:page">PHỤ LỤC</div><p>Kèm theo Quyết định.</p>
{%- if again == "block" %}<table><tr><td class="to"></td><td>{% for one in block %}<b>{{ one }}</b>{% endfor %}
<div style="height:{{ room }}mm"></div><b>{{ name }}</b></td></tr></table>{% endif %}{% endif %}</html>""")


@dataclass(frozen=True)
class Paper:
    """What varies from one decision to the next."""

    block: tuple[str, ...] = ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    name: str = "Trần Thị Hồng Mận"
    party: bool = False
    paragraphs: int = 5
    room: float = 28
    within: str = ""
    mention: str = ""
    again: str = ""
    tone: bool = True
    size: str = "A4"
    rotate: int = 0
    variant: str | None = None


def a_paper(path: Path, paper: Paper) -> Path:
    """Write the decision as a PDF with real text; `variant`: "pdf/a-2b" for a file of that kind."""
    shown = {field: getattr(paper, field) for field in Paper.__dataclass_fields__}
    HTML(string=_PAPER.render(**shown)).write_pdf(path, pdf_variant=paper.variant)
    if paper.rotate:
        # lay the same page on its side and have the viewer turn it back, as some scanners do
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            for page in pdf.pages:
                w, h = float(page.MediaBox[2]), float(page.MediaBox[3])
                matrix = {90: f"0 1 -1 0 {h} 0", 180: f"-1 0 0 -1 {w} {h}", 270: f"0 -1 1 0 0 {w}"}[
                    paper.rotate
                ]
                page.contents_add(pdf.make_stream(f"q {matrix} cm".encode()), prepend=True)
                page.contents_add(pdf.make_stream(b"Q"))
                page.MediaBox = [0, 0, *((w, h) if paper.rotate == 180 else (h, w))]
                page.Rotate = paper.rotate
            pdf.save(path)
    return path
