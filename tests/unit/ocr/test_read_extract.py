"""Page images come out as they were put in: the same compressed bytes, or at least the same pixels."""

import hashlib
import io
from pathlib import Path

import img2pdf
import numpy as np
import pikepdf
import pytest
import segno
from PIL import Image, ImageDraw

from ocr.extract import PageImage, extract_pages, is_separator
from ocr.images import load_gray
from ocr.inspect_file import FileFacts, inspect_file
from records.errors import Unfit


def letters(size: tuple[int, int] = (850, 1100), mode: str = "L") -> Image.Image:
    """A page with something on it that no turn or mirror leaves unchanged."""
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for row in range(8, 30):
        draw.text(
            (80, row * 30),
            f"{row} Quyet dinh ve viec thanh lap to cong tac {row * 7919}",
            fill=(20, 20, 30 + row),
        )
    draw.rectangle((60, 60, 200, 120), fill=(200, 30, 40))
    return page.convert(mode)


@pytest.fixture
def take(tmp_path: Path):
    def pages(data: bytes, name: str = "tệp.bin", **more: object) -> list[PageImage]:
        path = tmp_path / "delivered"
        path.write_bytes(data)
        return extract_pages(path, inspect_file(path, name), tmp_path / "out", **more)

    return pages


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **more)
    return target.getvalue()


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_image_files_are_copied(take, kind: str) -> None:
    data = saved(letters(), kind, dpi=(200, 200))
    (page,) = take(data)
    assert page.path.read_bytes() == data
    assert page.sha256 == hashlib.sha256(data).hexdigest()
    assert (page.exact, page.frame, page.width, page.height, round(page.dpi), page.color) == (
        True,
        1,
        850,
        1100,
        200,
        "gray",
    )
    assert 0.001 < page.ink < 0.2


def test_exif_turn_is_a_hint_and_pixels_stay_as_stored(take) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (page,) = take(saved(letters(mode="RGB"), "JPEG", exif=exif))
    assert (page.width, page.height, page.hint_rotation) == (850, 1100, 90)


@pytest.mark.parametrize(
    ("mode", "kind", "color"),
    [("CMYK", "JPEG", "cmyk"), ("CMYK", "TIFF", "cmyk"),
     ("I;16", "PNG", "gray"), ("I;16", "TIFF", "gray"),
     ("RGBA", "PNG", "rgb"), ("LA", "PNG", "gray"), ("P", "PNG", "rgb"),
     ("1", "PNG", "bilevel"), ("RGB", "TIFF", "rgb")],
)  # fmt: skip
def test_every_kind_of_pixel_decodes_to_the_same_gray(take, mode: str, kind: str, color: str) -> None:
    gray = letters()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    elif mode in ("RGBA", "LA"):
        image = Image.new(mode, gray.size, (0,) * len(mode))  # clear black: must become white paper
        ink = Image.eval(gray, lambda v: 255 - v)
        image.putalpha(ink)
    else:
        image = gray.convert(mode) if mode != "1" else gray.point(lambda v: 255 * (v > 128)).convert("1")
    (page,) = take(saved(image, kind))
    assert page.color == color
    seen, wanted = load_gray(page.path).astype(int), np.asarray(gray).astype(int)
    if mode == "1":
        wanted = (wanted > 128) * 255
    assert np.abs(seen - wanted).mean() < 4
    assert np.array_equal(seen < 100, wanted < 100) or np.mean((seen < 100) != (wanted < 100)) < 0.01


def test_resolution_is_guessed_from_paper_sizes(take) -> None:
    for size, dpi in (
        ((2480, 3508), 300),
        ((1654, 2339), 200),
        ((4961, 3508), 300),
        ((1240, 1754), 150),
        ((700, 500), 200),
    ):
        (page,) = take(saved(Image.new("1", size, 1), "PNG"))
        assert page.dpi == dpi


@pytest.mark.parametrize(
    "compression", ["group4", "group3", "tiff_lzw", "tiff_adobe_deflate", "packbits", None]
)
def test_tiff_frames_keep_their_strips(take, tmp_path: Path, compression: str | None) -> None:
    mode = "1" if compression in ("group3", "group4") else "RGB"
    frames = [letters((850 + 10 * n, 1100), mode) for n in range(3)]
    data = saved(
        frames[0], "TIFF", save_all=True, append_images=frames[1:], compression=compression, dpi=(300, 300)
    )
    pages = take(data)
    assert [page.frame for page in pages] == [1, 2, 3]
    for frame, page in zip(frames, pages, strict=True):
        assert page.exact and page.dpi == 300
        assert np.array_equal(pixels(page.path), np.asarray(frame.convert("RGB")))
        with Image.open(page.path) as image:
            assert image.n_frames == 1
            for start, length in zip(image.tag_v2[273], image.tag_v2[279], strict=True):
                strip = page.path.read_bytes()[start : start + length]
                assert len(strip) == length and strip in data


def test_single_frame_tiff_is_the_delivered_file(take) -> None:
    data = saved(letters(mode="RGB"), "TIFF", compression="tiff_lzw")
    (page,) = take(data)
    assert page.path.read_bytes() == data and page.exact


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_in_tiff_leaves_as_jpeg_with_the_same_pixels(take, tmp_path: Path, mode: str) -> None:
    frames = [letters(mode=mode), letters((900, 1200), mode)]
    for frame in frames:
        frame.encoderinfo = {}
    data = saved(
        frames[0],
        "TIFF",
        save_all=True,
        append_images=frames[1:],
        compression="jpeg",
        quality=90,
        strip_size=1 << 30,
    )
    pages = take(data)
    source = tmp_path / "same.tif"
    source.write_bytes(data)
    with Image.open(source) as image:
        for number, page in enumerate(pages):
            image.seek(number)
            wanted = np.asarray(image.convert("RGB")).astype(int)
            assert page.path.suffix == ".jpg" and page.exact
            assert np.abs(pixels(page.path).astype(int) - wanted).mean() < 1.0


def test_only_the_frames_asked_for(take) -> None:
    frames = [letters((850 + 10 * n, 1100), "1") for n in range(4)]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="group4")
    assert [(p.frame, p.width) for p in take(data, frames=range(2, 4))] == [(2, 860), (3, 870)]


def scanned_pdf(images: list[bytes], **more: object) -> bytes:
    return bytes(img2pdf.convert(images, **more))


def test_pdf_of_jpegs_gives_the_streams(take) -> None:
    files = [
        saved(letters((850 + 10 * n, 1100), "RGB"), "JPEG", quality=80, dpi=(100, 100)) for n in range(3)
    ]
    pages = take(scanned_pdf(files))
    assert [page.path.read_bytes() for page in pages] == files
    assert all(page.exact and page.path.suffix == ".jpg" and abs(page.dpi - 100) < 1 for page in pages)


def test_pdf_of_g4_gives_the_strip_as_tiff(take) -> None:
    image = letters(mode="1")
    data = scanned_pdf([saved(image, "TIFF", compression="group4", dpi=(200, 200))])
    (page,) = take(data)
    assert page.path.suffix == ".tif" and page.exact and page.color == "bilevel"
    assert np.array_equal(pixels(page.path), np.asarray(image.convert("RGB")))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        stream = pikepdf.PdfImage(next(iter(pdf.pages[0].get_images().values()))).obj.read_raw_bytes()
    assert stream in page.path.read_bytes()


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_pdf_of_png_gives_the_pixels(take, mode: str) -> None:
    image = letters(mode=mode)
    (page,) = take(scanned_pdf([saved(image, "PNG", dpi=(150, 150))]))
    assert (page.width, page.height) == image.size
    assert np.array_equal(pixels(page.path), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("asked", [0, 90, 180, 270])
def test_pdf_rotation_is_a_hint_and_the_image_is_as_embedded(take, asked: int) -> None:
    file = saved(letters(), "JPEG", dpi=(100, 100))
    with pikepdf.open(io.BytesIO(scanned_pdf([file]))) as pdf:
        pdf.pages[0].Parent.Rotate = asked  # inherited, as scanners like to write it
        data = io.BytesIO()
        pdf.save(data)
    (page,) = take(data.getvalue())
    assert page.path.read_bytes() == file
    assert page.hint_rotation == asked


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        (b"612 0 0 792 0 0", 0),
        (b"-612 0 0 -792 612 792", 180),
        (b"0 -792 612 0 0 792", 90),
        (b"0 792 -612 0 612 0", 270),
    ],
)
def test_image_laid_in_turned_is_seen(take, matrix: bytes, turn: int) -> None:
    size = (850, 1100) if turn in (0, 180) else (1100, 850)
    upright = letters()
    lying = (
        upright.transpose({90: Image.ROTATE_90, 180: Image.ROTATE_180, 270: Image.ROTATE_270}[turn])
        if turn
        else upright
    )
    file = saved(lying, "JPEG", quality=95, dpi=(100, 100))
    with pikepdf.open(io.BytesIO(scanned_pdf([file]))) as pdf:
        page = pdf.pages[0]
        page.MediaBox = [0, 0, 612, 792]
        page.Contents = pdf.make_stream(
            b"q " + matrix + b" cm " + str(next(iter(page.get_images()))).encode() + b" Do Q"
        )
        data = io.BytesIO()
        pdf.save(data)
    (found,) = take(data.getvalue())
    assert found.path.read_bytes() == file and lying.size == size
    assert found.hint_rotation == turn


def changed(data: bytes, what) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        what(pdf, pdf.pages[0])
        target = io.BytesIO()
        pdf.save(target)
        return target.getvalue()


def draw_more(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    page.contents_add(b"0 0 1 rg 100 100 50 50 re f")


def write_seen(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    page.Resources.Font = pikepdf.Dictionary(
        F=pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
    )
    page.contents_add(b"BT /F 12 Tf 100 700 Td (Added) Tj ET")


def mirror(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    page.contents_add(b"-1 0 0 1 612 0 cm", prepend=True)


def crop(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    page.CropBox = [100, 100, 400, 500]


def stamp(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    look = pdf.make_stream(
        b"1 0 0 rg 0 0 50 50 re f", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 50, 50]
    )
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Stamp,
        Rect=[9, 9, 59, 59],
        AP=pikepdf.Dictionary(N=look),
    )
    page.Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(note)]))


@pytest.mark.parametrize("what", [draw_more, write_seen, mirror, crop, stamp])
def test_a_page_that_is_more_than_its_image_is_drawn(take, what) -> None:
    data = changed(scanned_pdf([saved(letters(), "JPEG", dpi=(100, 100))]), what)
    (page,) = take(data)
    assert not page.exact and page.path.suffix == ".png" and page.hint_rotation == 0
    assert page.dpi == pytest.approx(300)


def test_invisible_text_of_an_earlier_ocr_changes_nothing(take) -> None:
    def layer(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        write_seen(pdf, page)
        page.contents_add(b"BT 3 Tr /F 12 Tf 100 600 Td (Layer) Tj ET", prepend=False)

    def only_layer(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        page.Resources.Font = pikepdf.Dictionary(
            F=pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
        )
        page.contents_add(b"q BT 3 Tr /F 12 Tf 100 600 Td (Layer) Tj ET Q")

    file = saved(letters(), "JPEG", dpi=(100, 100))
    (page,) = take(changed(scanned_pdf([file]), only_layer))
    assert page.path.read_bytes() == file
    (page,) = take(changed(scanned_pdf([file]), layer))
    assert not page.exact


def test_drawn_pages_keep_within_forty_million_pixels(take) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(14_400, 14_400))
        data = io.BytesIO()
        pdf.save(data)
    (page,) = take(data.getvalue())
    assert page.width * page.height <= 40_100_000
    assert page.dpi == pytest.approx(page.width / 200, rel=0.01)


def test_extraction_twice_gives_the_same(take, fax_page) -> None:
    first, second = take(fax_page.path.read_bytes()), take(fax_page.path.read_bytes())
    assert first == second


def test_pixels_that_do_not_decode_are_refused_by_name(tmp_path: Path) -> None:
    whole = bytearray(saved(letters(), "PNG"))
    at = whole.index(b"IDAT") + 4
    whole[at : at + 60] = b"\x55" * 60
    path = tmp_path / "delivered"
    path.write_bytes(bytes(whole))
    with pytest.raises(Unfit) as fault:
        extract_pages(path, FileFacts("png", 1, "image/png"), tmp_path / "out", name="trang 3.png")
    assert fault.value.code == "image-broken" and "trang 3.png" in fault.value.tell


def sheet(code: str, share: float, text_lines: int, size: tuple[int, int] = (1654, 2339)) -> bytes:
    page = Image.new("L", size, 255)
    target = io.BytesIO()
    segno.make(code, error="m", micro=False).save(target, kind="png", scale=10, border=4)
    side = int(size[0] * share)
    page.paste(
        Image.open(target).convert("L").resize((side, side), Image.NEAREST), ((size[0] - side) // 2, 400)
    )
    draw = ImageDraw.Draw(page)
    for row in range(text_lines):
        draw.text(
            (150, 1200 + row * 34),
            "Can cu Luat to chuc chinh quyen dia phuong ngay 19 thang 6 nam 2015 va cac van ban",
            fill=0,
            font_size=32,
        )
    return saved(page, "PNG", dpi=(200, 200))


def test_a_sheet_with_a_large_code_separates(take) -> None:
    (page,) = take(sheet("SEP-01.HC-0000001", 0.25, 1))
    assert is_separator(page) == "SEP-01.HC-0000001"
    (code,) = page.codes
    assert code.symbology == "QRCode"
    assert abs(code.box.width - 0.25 * 1654 * 21 / 29) < 10  # 21 modules and four of quiet on each side


@pytest.mark.parametrize("turn", [90, 180, 270, 4, -5])
def test_a_sheet_may_lie_or_lean(take, turn: int) -> None:
    with Image.open(io.BytesIO(sheet("SEP-7", 0.25, 1))) as image:
        data = saved(image.rotate(turn, expand=True, fillcolor=255), "PNG", dpi=(200, 200))
    assert is_separator(take(data)[0]) == "SEP-7"


def test_a_letter_with_a_small_code_does_not_separate(take) -> None:
    (page,) = take(sheet("https://xacthuc.example.vn/vb/123456", 0.1, 30))
    assert page.codes and is_separator(page) is None


def test_a_last_page_with_three_lines_and_a_small_code_does_not_separate(take) -> None:
    (page,) = take(sheet("https://xacthuc.example.vn/vb/123456", 0.1, 3))
    assert page.codes and is_separator(page) is None


def test_a_full_letter_with_a_large_code_does_not_separate(take) -> None:
    (page,) = take(sheet("https://xacthuc.example.vn/vb/123456", 0.25, 30))
    assert page.codes and is_separator(page) is None


def test_blank_pages_have_no_ink_and_do_not_separate(take) -> None:
    (page,) = take(saved(Image.new("L", (1654, 2339), 250), "PNG"))
    assert page.ink == 0.0 and page.codes == () and is_separator(page) is None
