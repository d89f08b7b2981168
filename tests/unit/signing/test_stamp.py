import http.server
import io
import struct
import subprocess
import sys
import threading
import zlib
from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image
from weasyprint.urls import FatalURLFetchingError

from language.letters import VIETNAMESE_LETTERS
from records.errors import ArchiveFault, ToolMissing, Unfit
from signing import stamp as drawing
from signing.appearance import rules_at
from signing.geometry import PageView, Place
from signing.printing import _Ours
from signing.stamp import StampTexts, draw_image, draw_text, stamp_style
from signing.stamp_font import NOTO_SERIF, StampFont, load_font
from signing.stamp_image import read_image
from tests.cases import stamps

_DAY = date(2026, 11, 26)
_MOMENT = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
_COPY = rules_at("state", "copy", _DAY)
_OFFICIAL = rules_at("state", "official", _DAY)
_SEAL = rules_at("state", "seal", _DAY)


@pytest.fixture(scope="module")
def font() -> StampFont:
    return load_font()


def _text(pdf: bytes) -> str:
    document = pdfium.PdfDocument(pdf)
    page = document[0]
    text = page.get_textpage()
    said = text.get_text_bounded()
    for thing in (text, page, document):
        thing.close()
    return said


def _copy(font: StampFont, organisation: str, form: str = "SAO Y") -> drawing.Stamp:
    return draw_text(_COPY, StampTexts(_MOMENT, organisation, form), font)


def test_form_organisation_and_time_with_its_zone(font: StampFont) -> None:
    said = _text(_copy(font, "Văn phòng Tỉnh ủy Quảng Trị").pdf).split("\r\n")
    assert said == ["SAO Y", "Văn phòng Tỉnh ủy Quảng Trị", "2026-11-26T08:02:03+07:00"]


def test_every_vietnamese_letter_is_drawn_and_read_back(font: StampFont) -> None:
    assert len(VIETNAMESE_LETTERS) == 146
    for start in range(0, 146, 40):
        letters = VIETNAMESE_LETTERS[start : start + 40]
        drawn = _copy(font, " ".join(letters[i : i + 5] for i in range(0, len(letters), 5)))
        assert "".join(_text(drawn.pdf).split("\r\n")[1:-1]).replace(" ", "") == letters


def test_letters_given_apart_are_put_together(font: StampFont) -> None:
    assert "Ủy ban" in _text(_copy(font, "U\u0309y ban").pdf)


def test_nothing_touches_the_edge(font: StampFont, tmp_path: Path) -> None:
    drawn = _copy(font, "ẨỄỘỆ Ậ Ỗ ỡ ợ ỵ ggg")
    (tmp_path / "s.pdf").write_bytes(drawn.pdf)
    image = stamps.shown(tmp_path / "s.pdf", 1, 1400)
    x0, y0, x1, y1 = stamps.ink(image)
    assert 0 < x0 < x1 < image.width
    assert 4 < y0 < y1 < image.height - 4
    assert image.height / image.width == pytest.approx(drawn.height_mm / drawn.width_mm, rel=0.01)


def test_a_long_name_wraps_shrinks_and_is_never_cut(font: StampFont) -> None:
    name = "Trung tâm Lưu trữ lịch sử và Phục vụ hành chính công trực thuộc Văn phòng Ủy ban nhân dân"
    sizes = []
    for wanted in ("Sở Nội vụ", name, f"{name} thành phố trực thuộc trung ương"):
        drawn = _copy(font, wanted)
        assert drawn.height_mm <= 15.5
        rows = _text(drawn.pdf).split("\r\n")
        assert " ".join(rows[1:-1]) == wanted
        sizes.append((drawn.height_mm - 1) / len(rows))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
    for much in (" ".join([name] * 9), "NGƯỜI" * 12, "a b " * 500_000):
        with pytest.raises(ArchiveFault) as fault:
            _copy(font, much)
        assert fault.value.code == "stamp-too-long"


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (StampTexts(_MOMENT, "", "SAO Y"), "stamp-text"),
        (StampTexts(_MOMENT, "  \t\n ", "SAO Y"), "stamp-text"),
        (StampTexts(_MOMENT, "Sở Nội vụ", "BẢN CHÍNH"), "stamp-text"),
        (StampTexts(_MOMENT, "Sở \u202eNội vụ", "SAO Y"), "stamp-letter"),
        (StampTexts(_MOMENT, "Sở Nội vụ 漢", "SAO Y"), "stamp-letter"),
        (StampTexts(_MOMENT, "Sở Nội\x00 vụ", "SAO Y"), "stamp-letter"),
        (StampTexts(_MOMENT, "Sở Nội vụ 🙂", "SAO Y"), "stamp-letter"),
        (StampTexts(_MOMENT, "Sở Nội x\u0309\u0323 vụ", "SAO Y"), "stamp-letter"),
    ],
)
def test_texts_that_cannot_be_shown_are_refused(font: StampFont, texts: StampTexts, code: str) -> None:
    with pytest.raises(ArchiveFault) as fault:
        draw_text(_COPY, texts, font)
    assert fault.value.code == code


def test_html_in_a_name_is_text_and_nothing_is_fetched(font: StampFont) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        name = f"<img src=http://127.0.0.1:{server.server_port}/x>"
        assert name in _text(_copy(font, name).pdf).replace("\r\n", " ")
        for evil in (
            '"><script>',
            "</style><link rel=stylesheet href=file:///etc/passwd>",
            "{{ 7*7 }} {form}",
        ):
            assert evil in _text(_copy(font, evil).pdf).replace("\r\n", " ")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "file:///etc/passwd", "data:text/plain,x", "vanthu:other"]
)
def test_the_fetcher_ends_the_drawing_on_anything_else(url: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        _Ours({"vanthu:image": b""}).fetch(url)


def test_a_font_without_a_letter_is_refused_with_the_letter(tmp_path: Path) -> None:
    with TTFont(NOTO_SERIF) as whole:
        cut = subset.Subsetter()
        cut.populate(unicodes=[code for code in whole.getBestCmap() if chr(code) not in "ựỹ"])
        cut.subset(whole)
        whole.save(tmp_path / "cut.ttf")
    with pytest.raises(ToolMissing) as fault:
        load_font(tmp_path / "cut.ttf")
    assert fault.value.code == "font-missing"
    assert "ỹ ự" in fault.value.tell or "ự ỹ" in fault.value.tell
    assert "fonts-noto-core" in fault.value.tell


@pytest.mark.parametrize("content", [None, b"", b"no font", b"\x00\x01\x00\x00" * 50])
def test_no_font_no_stamp(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "font.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ToolMissing):
        load_font(path)


def test_only_the_font_given_is_used(font: StampFont) -> None:
    assert font.family.encode() in _names(_copy(font, "Sở Nội vụ").pdf)


def _names(pdf: bytes) -> bytes:
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as file:
        fonts = file.pages[0].Resources.Font
        found = [str(fonts[name].BaseFont) for name in fonts.keys()]  # noqa: SIM118
    assert len(found) == 1
    return found[0].encode()


def test_a_seal_has_its_true_size() -> None:
    seal = draw_image(_SEAL, read_image(stamps.seal_png(side=300), _SEAL.image), 36)
    document = pdfium.PdfDocument(seal.pdf)
    assert [side * 25.4 / 72 for side in document[0].get_size()] == pytest.approx([36, 36], abs=0.01)
    document.close()
    for size in (0, 5, 200, float("nan")):
        with pytest.raises(ArchiveFault):
            draw_image(_SEAL, read_image(stamps.seal_png(side=300), _SEAL.image), size)
    with pytest.raises(ArchiveFault) as fault:
        draw_image(_SEAL, read_image(stamps.signature_png((200, 10, 10)), _SEAL.image), 36)
    assert fault.value.code == "seal-not-round"


def test_a_signature_keeps_its_proportions_and_the_limits_of_the_rule() -> None:
    image = read_image(stamps.signature_png(size=(600, 300)), _OFFICIAL.image)
    sizes = [draw_image(_OFFICIAL, image, *room) for room in ((40, 40), (100, 15), (500, 500))]
    assert [(round(s.width_mm), round(s.height_mm)) for s in sizes] == [(40, 20), (30, 15), (60, 30)]
    with pytest.raises(ArchiveFault):
        draw_image(_OFFICIAL, image, 4, 1)


def test_a_stamp_is_never_squeezed_into_its_box() -> None:
    view = PageView(1, 0, 0, 595, 842)
    with pytest.raises(ArchiveFault) as fault:
        stamp_style(stamps.mark(40, 20), view, Place(1, 0.1, 0.1, 0.2, 0.2))
    assert fault.value.code == "place-too-small"


def _huge_png() -> bytes:
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + stamps.signature_png()[33:]


def _saved(kind: str, mode: str, colour) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (200, 100), colour).save(out, kind)
    return out.getvalue()


def _animated() -> bytes:
    out = io.BytesIO()
    frames = [Image.open(io.BytesIO(stamps.signature_png((20, g, 200)))) for g in (10, 90)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image-type"),
        (b"GIF89a" + bytes(50), "image-type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image-type"),
        (_saved("JPEG", "RGB", (0, 0, 200)), "image-type"),
        (_animated(), "image-type"),
        (stamps.signature_png()[:2000], "image-broken"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "image-broken"),
        (_huge_png(), "image-size"),
        (stamps.signature_png(size=(30, 30)), "image-size"),
        (bytes(5 << 20), "image-size"),
        (_saved("PNG", "RGB", (0, 0, 200)), "image-not-transparent"),
        (_saved("PNG", "RGBA", (0, 0, 200, 0)), "image-not-transparent"),
        (stamps.signature_png((200, 10, 10)), "image-colour"),
        (stamps.signature_png((0, 0, 0)), "image-colour"),
    ],
)
def test_pictures_that_are_not_what_the_rule_asks(data: bytes, code: str) -> None:
    with pytest.raises(Unfit) as fault:
        read_image(data, _OFFICIAL.image)
    assert fault.value.code == code


def test_drawing_leaves_the_reader_of_scans_as_strict_as_it_was() -> None:
    """WeasyPrint has Pillow accept cut pictures everywhere; importing our door must not."""
    code = "import signing.stamp; from PIL import ImageFile; assert not ImageFile.LOAD_TRUNCATED_IMAGES"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3], timeout=60)


def test_what_the_sender_hid_in_a_picture_stays_outside() -> None:
    image = Image.open(io.BytesIO(stamps.signature_png()))
    out = io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "secret-words")
    image.save(out, "PNG", pnginfo=info, icc_profile=b"x" * 200)
    ours = read_image(out.getvalue(), _OFFICIAL.image).png
    assert b"secret-words" in out.getvalue()
    assert b"secret-words" not in ours
    assert b"iCCP" not in ours
