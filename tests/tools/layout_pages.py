"""Pages whose layout is the difficulty, with their truth: what the settings of the reader were not chosen on.

    python tests/tools/layout_pages.py OUT --each 2 --seed 1

Ruled tables turned both ways, headings in two columns, forms with dotted lines, stamps in the margin and over the
signature, running heads, typewriting. Writes OUT/pages/*.png and OUT/ground_truth.json in the schema of the corpus;
the class of a page is its layout. Names and numbers are drawn at random.
"""

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (2480, 3508)  # A4 at 300 dpi
_FOLDER = Path("/usr/share/fonts/truetype")
PLAIN, BOLD, ITALIC, TYPED = (
    f"croscore/{name}.ttf" for name in ("Tinos-Regular", "Tinos-Bold", "Tinos-Italic", "Cousine-Regular")
)
_SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()
_MIDDLE = "Văn Thị Hữu Minh Thanh Ngọc Quốc Đức Thu Hải".split()
_GIVEN = "An Bình Chi Dũng Giang Hạnh Khôi Lan Mai Nam Phúc Quỳnh Sơn Thảo Uyên Vinh Yến".split()
_PLACES = "Đông Lộc,Tân Phú,Hòa Sơn,Yên Lãng,Phước Thạnh,Gia Hội,Bến Nghé,Kim Liên".split(",")
_TEXT = """
Thực hiện chương trình công tác năm, ban chấp hành đã tổ chức hội nghị quán triệt nghị quyết đến toàn thể cán bộ.
Qua kiểm tra cho thấy các đơn vị đã nghiêm túc triển khai, song tiến độ ở một số nơi còn chậm so với kế hoạch đề ra.
Đề nghị các cơ quan phối hợp rà soát hồ sơ, bổ sung tài liệu còn thiếu và báo cáo kết quả trước khi kết thúc quý.
Kinh phí được bố trí từ nguồn ngân sách hằng năm, việc quản lý và quyết toán thực hiện theo quy định hiện hành.
Trong quá trình thực hiện, nếu có vướng mắc thì kịp thời phản ánh để được hướng dẫn, giải quyết theo thẩm quyền.
Công tác bảo quản tài liệu lưu trữ được chú trọng, kho lưu trữ bảo đảm nhiệt độ, độ ẩm và an toàn phòng cháy.
""".strip().split("\n")


@dataclass
class Sheet:
    """A page being drawn: the picture and, line by line, its words with boxes."""

    image: Image.Image = field(default_factory=lambda: Image.new("L", SIZE, 246))
    lines: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """What draws on the sheet."""
        return ImageDraw.Draw(self.image)

    def line(
        self, x: float, y: float, text: str, face: str = PLAIN, size: int = 54, region: str = "body"
    ) -> float:
        """Write one line whose capitals stand about at `y`; return where it ends."""
        font = ImageFont.truetype(str(_FOLDER / face), size)
        words = []
        for word in text.split():
            self.pen.text((x, y), word, font=font, fill=30)
            box = self.pen.textbbox((x, y), word, font=font)
            words.append({"text": word, "box": [round(v) for v in box]})
            x += font.getlength(word + " ")
        self.lines.append(
            {
                "region": region,
                "block": f"{'l' if x < SIZE[0] / 2 else 'r'}{region[0]}{len(self.lines)}",
                "text": text,
                "words": words,
            }
        )
        return x

    def middle(
        self, centre: float, y: float, text: str, face: str = PLAIN, size: int = 54, region: str = "body"
    ) -> None:
        """Write one line centred on `centre`."""
        font = ImageFont.truetype(str(_FOLDER / face), size)
        self.line(centre - font.getlength(text) / 2, y, text, face, size, region)

    def block(self, x: float, y: float, text: str, width: float, face: str = PLAIN, size: int = 54) -> float:
        """Write a paragraph of lines up to `width`; return the y below it."""
        font = ImageFont.truetype(str(_FOLDER / face), size)
        words: list[str] = []
        for word in [*text.split(), ""]:
            if words and (not word or font.getlength(" ".join([*words, word])) > width):
                self.line(x, y, " ".join(words), face, size)
                y += size * 1.45
                words = []
            words.append(word)
        return y


def name(chance: random.Random) -> str:
    """Return a made-up name."""
    return " ".join(chance.choice(part) for part in (_SURNAMES, _MIDDLE, _GIVEN))


def day(chance: random.Random) -> str:
    """Return a date as forms write it."""
    return f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(1941, 2024)}"


def heading(sheet: Sheet, chance: random.Random) -> float:
    """Draw the two columns that every paper of the Party or the State begins with; return the y below."""
    place = chance.choice(_PLACES)
    left = [
        ("ỦY BAN NHÂN DÂN", PLAIN),
        (f"XÃ {place.upper()}", BOLD),
        (f"Số: {chance.randint(10, 999)}/BC-UBND", PLAIN),
    ]
    right = [
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", BOLD),
        ("Độc lập - Tự do - Hạnh phúc", BOLD),
        (f"{place}, ngày {chance.randint(10, 28)} tháng {chance.randint(3, 12)} năm 2023", ITALIC),
    ]
    for row, (text, face) in enumerate(left):
        sheet.middle(680, 230 + 75 * row, text, face, 50, "header")
    for row, (text, face) in enumerate(right):
        sheet.middle(1700, 230 + 75 * row, text, face, 50, "header")
    return 620


def signed(sheet: Sheet, chance: random.Random, y: float, ring: bool = True) -> None:
    """Draw who signs, at the right, with a seal over the left of it and a signature between."""
    centre = 1750
    for row, text in enumerate(("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")):
        sheet.middle(centre, y + 75 * row, text, BOLD, 54, "sign")
    if ring:
        seal(sheet, centre - 330, y + 230, chance)
    points = [(centre - 150 + 45 * n, y + 260 + chance.randint(-80, 80)) for n in range(9)]
    sheet.pen.line(points, fill=60, width=6, joint="curve")
    sheet.middle(centre, y + 420, name(chance), BOLD, 54, "sign")


def seal(sheet: Sheet, x: float, y: float, chance: random.Random) -> None:
    """Stamp a gray seal round (x, y): two rings, words along the ring and in the middle."""
    radius, shade = 205, 110
    stamp = Image.new("L", (2 * radius, 2 * radius), 255)
    pen = ImageDraw.Draw(stamp)
    for inset, width in ((0, 7), (62, 4)):
        pen.ellipse(
            (inset, inset, 2 * radius - 1 - inset, 2 * radius - 1 - inset), outline=shade, width=width
        )
    font = ImageFont.truetype(str(_FOLDER / BOLD), 40)
    text = f"ỦY BAN NHÂN DÂN XÃ {chance.choice(_PLACES).upper()} "
    for n, char in enumerate(text):
        cell = Image.new("L", (2 * radius, 2 * radius), 255)
        ImageDraw.Draw(cell).text((radius, 28), char, font=font, fill=shade, anchor="mt")
        cell = cell.rotate(200 - 300 * n / len(text) - 60, fillcolor=255)
        stamp = Image.fromarray(np.minimum(np.asarray(stamp), np.asarray(cell)))
    ImageDraw.Draw(stamp).text((radius, radius), "HUYỆN SƠN HÀ", font=font, fill=shade, anchor="mm")
    left, top = round(x - radius), round(y - radius)
    under = np.asarray(sheet.image.crop((left, top, left + 2 * radius, top + 2 * radius)))
    both = (under.astype(np.uint16) * np.asarray(stamp) // 255).astype(np.uint8)
    sheet.image.paste(Image.fromarray(both), (left, top))
    box = [left, top, left + 2 * radius, top + 2 * radius]
    sheet.marks.append({"kind": "seal", "box": box, "lines": [text.strip(), "HUYỆN SƠN HÀ"]})


def table(sheet: Sheet, chance: random.Random) -> None:
    """A ruled list of people, then the signature."""
    y = heading(sheet, chance)
    sheet.middle(1240, y, "DANH SÁCH", BOLD, 60)
    sheet.middle(1240, y + 85, "Đảng viên được tặng Huy hiệu", BOLD)
    edges, top = (260, 380, 1000, 1330, 1830, 2240), y + 220
    rows = [("TT", "Họ và tên", "Ngày sinh", "Nơi cư trú", "Số thẻ")]
    for number in range(1, chance.randint(10, 19)):
        rows.append(
            (
                str(number),
                name(chance),
                day(chance),
                f"Xã {chance.choice(_PLACES)}",
                str(chance.randint(10**7, 10**8)),
            )
        )
    for number, row in enumerate(rows):
        at = top + 92 * number
        for column, text in enumerate(row):
            sheet.line(edges[column] + 16, at + 14, text, BOLD if number == 0 else PLAIN, 48, "table")
    end = top + 92 * len(rows)
    for number in range(len(rows) + 1):
        sheet.pen.line((edges[0], top + 92 * number, edges[-1], top + 92 * number), fill=40, width=4)
    for edge in edges:
        sheet.pen.line((edge, top, edge, end), fill=40, width=4)
    sheet.line(330, end + 40, f"Danh sách này có {len(rows) - 1} người.", ITALIC)
    signed(sheet, chance, end + 150)


def form(sheet: Sheet, chance: random.Random) -> None:
    """A form with dotted lines under what was filled in."""
    y = heading(sheet, chance)
    sheet.middle(1240, y, "ĐƠN ĐỀ NGHỊ XÁC NHẬN", BOLD, 60)
    y += 170
    filled = [
        ("Kính gửi:", f"Ủy ban nhân dân xã {chance.choice(_PLACES)}"),
        ("Tôi tên là:", name(chance)),
        ("Sinh ngày:", day(chance)),
        ("Nơi thường trú:", f"Thôn 3, xã {chance.choice(_PLACES)}"),
        ("Số căn cước:", str(chance.randint(10**11, 10**12))),
        ("Cấp ngày:", day(chance)),
        ("Nghề nghiệp:", "Giáo viên"),
        ("Điện thoại:", str(chance.randint(10**9, 10**10))),
        ("Nội dung đề nghị:", "xác nhận nơi cư trú"),
    ]
    for label, value in filled:
        end = sheet.line(260, y, label)
        number = len(sheet.lines)
        sheet.line(end + 10, y, value, ITALIC)
        first, second = sheet.lines[number - 1], sheet.lines.pop(number)
        first["text"], first["words"] = f"{first['text']} {second['text']}", first["words"] + second["words"]
        for x in range(round(end), 2240, 14):
            sheet.pen.ellipse((x, y + 60, x + 4, y + 64), fill=60)
        y += 96
    y = sheet.block(260, y + 40, chance.choice(_TEXT), 1980)
    signed(sheet, chance, y + 60)


def letter(sheet: Sheet, chance: random.Random, face: str = PLAIN, size: int = 54) -> None:
    """An ordinary page of text with running head, page number, seal in the margin and signature."""
    sheet.middle(1240, 110, str(chance.randint(2, 9)), PLAIN, 46, "pagenumber")
    y = heading(sheet, chance)
    sheet.middle(1240, y, "BÁO CÁO", BOLD if face == PLAIN else face, 60)
    y += 130
    for number, text in enumerate(chance.sample(_TEXT, 5), 1):
        y = sheet.block(260, y, f"{number}. {text}", 1980, face, size) + 15
    seal(sheet, 2300, chance.randint(1300, 1700), chance)
    signed(sheet, chance, y + 60)


def columns(sheet: Sheet, chance: random.Random) -> None:
    """Text in two columns under the heading, as in gazettes and newsletters."""
    y = heading(sheet, chance)
    sheet.middle(1240, y, "BẢN TIN NỘI BỘ", BOLD, 60)
    for x in (220, 1290):
        at = y + 150.0
        for text in chance.sample(_TEXT, 4):
            at = sheet.block(x, at, text, 960, size=48) + 20
    sheet.middle(1240, 3300, "Lưu hành nội bộ - Trang 1", ITALIC, 46, "pagenumber")


def typed(sheet: Sheet, chance: random.Random) -> None:
    """A typewritten page."""
    letter(sheet, chance, TYPED, 46)


LAYOUTS: dict[str, tuple[Callable[[Sheet, random.Random], None], float]] = {
    "table": (table, 0.3),
    "table-right": (table, 3.2),
    "table-left": (table, -3.2),
    "form": (form, 0.4),
    "form-left": (form, -1.5),
    "letter": (letter, 0.0),
    "letter-right": (letter, 5.0),
    "columns": (columns, 0.5),
    "typed": (typed, -0.4),
}
"""Each layout with the degrees by which its lines fall to the right."""


def regions(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the parts of the page in reading order, each with every right order of its lines."""
    parts: list[tuple[str, list[int]]] = []
    for number, line in enumerate(lines):
        if not parts or parts[-1][0] != line["region"]:
            parts.append((line["region"], []))
        parts[-1][1].append(number)
    told = []
    for name, members in parts:
        across = {"header": 3, "table": 5}.get(name, 1)  # lines of a heading's column, cells of a row
        told.append(
            {"name": name, "orders": [members, [n for k in range(across) for n in members[k::across]]]}
        )
    return told


def scanned(sheet: Sheet, skew: float, chance: random.Random) -> tuple[Image.Image, list[dict[str, Any]]]:
    """Return the sheet as a scanner gives it (turned, softened, noisy) and its lines with boxes moved along."""
    turned = sheet.image.rotate(-skew, resample=Image.Resampling.BICUBIC, fillcolor=246)
    noise = np.random.default_rng(chance.randint(0, 2**31)).normal(0, 5, (SIZE[1], SIZE[0]))
    soft = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.8)), np.float64) + noise
    sine, cosine = np.sin(np.radians(skew)), np.cos(np.radians(skew))
    middle = np.array(SIZE) / 2
    for line in sheet.lines:
        for word in line["words"]:
            x0, y0, x1, y1 = word["box"]
            corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) - middle
            moved = corners @ np.array([[cosine, sine], [-sine, cosine]]) + middle
            word["box"] = [
                *(int(v) for v in moved.min(axis=0)),
                *(int(v) for v in np.ceil(moved.max(axis=0))),
            ]
    return Image.fromarray(np.clip(soft, 0, 255).astype(np.uint8)), sheet.lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--each", type=int, default=2, help="pages of every layout (default 2)")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    (asked.out / "pages").mkdir(parents=True, exist_ok=True)
    documents, pages = [], []
    for layout, (draw, skew) in LAYOUTS.items():
        for number in range(asked.each):
            chance = random.Random(f"{asked.seed} {layout} {number}")
            sheet = Sheet()
            draw(sheet, chance)
            image, lines = scanned(sheet, skew, chance)
            page = f"{layout}{number}-p1"
            image.save(asked.out / "pages" / f"{page}.png", dpi=(300, 300), compress_level=3)
            documents.append(
                {"id": f"{layout}{number}", "kind": layout, "class": layout, "pages": [page], "fields": {}}
            )
            pages.append(
                {
                    "id": page,
                    "document": f"{layout}{number}",
                    "page": 1,
                    "image": f"pages/{page}.png",
                    "class": layout,
                    "dpi": 300,
                    "width": SIZE[0],
                    "height": SIZE[1],
                    "color": "gray",
                    "rotation": 0,
                    "skew_deg": skew,
                    "text": "\n".join(line["text"] for line in lines),
                    "lines": lines,
                    "regions": regions(lines),
                    "marks": sheet.marks,
                }
            )
    truth = {"schema": 1, "split": "layouts", "documents": documents, "pages": pages}
    (asked.out / "ground_truth.json").write_text(json.dumps(truth, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
