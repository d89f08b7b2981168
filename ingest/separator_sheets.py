"""Draw separator sheets to be laid into a pile of paper before it is scanned: codes for the machine, words for people.

Each sheet carries its code twice, as QR code and as Code 128, so that a fold, a staple or a bad copy of one leaves the
other. What is dark beside the codes is kept little: that is how the machine tells a sheet from a letter with a code.
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby

from ocr.barcodes import Modules, code_128, qr_code
from records.separators import (
    BARS_MM,
    BARS_TOP_MM,
    QR_MM,
    QR_TOP_MM,
    Follows,
    Sheet,
    code_of,
)
from signing.printing import OURS, print_page
from signing.stamp_font import NOTO_SERIF, load_font

_NOTO = {weight: NOTO_SERIF.with_name(f"NotoSerif-{weight}.ttf") for weight in ("Regular", "Bold")}

_FOLLOWS = {
    Follows.DOCUMENT: "TÀI LIỆU MỚI",
    Follows.DOSSIER: "HỒ SƠ MỚI",
    Follows.ATTACHMENT: "TÀI LIỆU KÈM THEO",
}
_MEANS = {
    Follows.DOCUMENT: "Các trang sau tờ này, đến tờ ngăn cách kế tiếp, là một tài liệu.",
    Follows.DOSSIER: "Các trang sau tờ này bắt đầu tài liệu đầu tiên của hồ sơ ghi ở trên. Những tài liệu sau đó cũng "
    "thuộc hồ sơ này, đến tờ “Hồ sơ mới” kế tiếp.",
    Follows.ATTACHMENT: "Các trang sau tờ này là phụ lục, tài liệu gửi kèm của tài liệu ngay trước; chúng ở lại trong "
    "cùng tài liệu đó.",
}
_STYLE = f"""
@font-face {{ font-family: "sheet"; src: url("vanthu:Regular") }}
@font-face {{ font-family: "sheet"; font-weight: bold; src: url("vanthu:Bold") }}
@page {{ size: 210mm 297mm; margin: 0 }}
html, body {{ margin: 0; padding: 0; font: 13pt/1.35 "sheet"; color: #000 }}
section {{ width: 210mm; height: 297mm; position: relative; break-after: page; text-align: center }}
section:last-child {{ break-after: auto }}
section > * {{ position: absolute; left: 15mm; right: 15mm; margin: 0 }}
h1 {{ top: 14mm; font-size: 15pt; font-weight: normal; letter-spacing: 2pt }}
h2 {{ top: 24mm; font-size: 40pt; line-height: 1.2 }}
.dossier {{ top: 50mm; font-size: 24pt }}
.number {{ top: 66mm; font-size: 15pt }}
.qr {{ top: {QR_TOP_MM:g}mm }} .bars {{ top: {BARS_TOP_MM:g}mm }}
.code {{ top: 200mm; font-size: 13pt; letter-spacing: 1pt }}
.means {{ top: 216mm; left: 25mm; right: 25mm; font-size: 15pt }}
.care {{ bottom: 18mm; left: 25mm; right: 25mm; font-size: 11pt }}
svg {{ display: inline-block }}
"""


def draw_sheets(sheets: Sequence[Sheet]) -> bytes:
    """Return a PDF with one A4 page a sheet, its fonts embedded; the same sheets give the same page contents.

    Raises `Unfit` as `code_of` does, and ValueError without sheets.
    """
    if not sheets:
        raise ValueError("no sheets to draw")
    pages = "".join(_page(sheet) for sheet in sheets)
    html = (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Tờ ngăn cách – hồ sơ '
        f"{escape(sheets[0].dossier)}</title><style>{_STYLE}</style></head><body>{pages}</body></html>"
    )
    return print_page(html, {f"{OURS}{weight}": load_font(path).data for weight, path in _NOTO.items()})


def _page(sheet: Sheet) -> str:
    code = code_of(sheet)
    return (
        f"<section><h1>TỜ NGĂN CÁCH</h1><h2>{_FOLLOWS[sheet.follows]}</h2>"
        f'<p class="dossier">Hồ sơ: <b>{escape(sheet.dossier)}</b></p>'
        f'<p class="number">Tờ số {sheet.serial:04}</p>'
        f'<div class="qr">{_svg(qr_code(code), QR_MM, QR_MM)}</div>'
        f'<div class="bars">{_svg(code_128(code), *BARS_MM)}</div>'
        f'<p class="code">{escape(code)}</p><p class="means">{_MEANS[sheet.follows]}</p>'
        '<p class="care">Tờ này nằm xoay chiều nào máy cũng đọc được. Không viết, đóng dấu '
        "hay ghim lên mã. Tờ này không phải trang tài liệu: máy ghi nhận nhưng không lưu như một trang. Chụp lại để "
        "dùng tiếp cũng được, miễn là mã còn rõ.</p></section>"
    )


def _svg(modules: Modules, width: float, height: float) -> str:
    """Return a drawing of the modules, `width` × `height` mm, whole runs at once: no hair of white between modules."""
    rows, columns = modules.shape
    path = []
    for y, row in enumerate(modules):
        x = 0
        for dark, run in groupby(row.tolist()):
            length = len(list(run))
            if dark:
                path.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" style="width:{width}mm;height:{height}mm" '
        f'viewBox="0 0 {columns} {rows}" preserveAspectRatio="none"><path d="{"".join(path)}"/></svg>'
    )
