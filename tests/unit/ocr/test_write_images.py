"""Page images in the PDF: the delivered bytes where PDF can hold them, else the same picture and a note."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ocr.pdf_image import GRAY, RGB, PdfImage, fit_profile, pdf_image, plain_pixels
from records.errors import Unfit

NOISE = np.random.default_rng(7).integers(0, 256, (40, 60, 3), dtype=np.uint8)
COLOR = Image.fromarray(NOISE)
BILEVEL = COLOR.convert("1")


def stream(image: PdfImage) -> bytes:
    data = b"".join(image.chunks())
    assert len(data) == image.length
    return data


def decoded(image: PdfImage) -> np.ndarray:
    """Undo the Flate and PNG predictors of an image object, by way of a PNG put together from its parts."""
    color = 2 if image.space == RGB else 3 if b"Indexed" in image.space else 0
    palette = b""
    if color == 3:
        entries = bytes.fromhex(image.space.split(b"<")[1].split(b">")[0].decode())
        palette = chunk(b"PLTE", entries)
    head = struct.pack(">IIBBBBB", image.width, image.height, image.bits, color, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + palette
        + chunk(b"IDAT", stream(image))
        + chunk(b"IEND", b"")
    )
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_goes_in_byte_for_byte(tmp_path: Path, mode: str, progressive: bool) -> None:
    path = tmp_path / "a.jpg"
    COLOR.convert(mode).save(
        path, quality=40, progressive=progressive, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
    )
    image = pdf_image(path)
    assert stream(image) == path.read_bytes()
    assert (image.width, image.height, image.bits, image.note) == (60, 40, 8, "")
    assert image.space == (GRAY if mode == "L" else RGB)


def test_jpeg_stored_as_rgb_without_a_marker_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    COLOR.save(path, keep_rgb=True)
    data = path.read_bytes()
    start = data.index(b"\xff\xee") if b"\xff\xee" in data else data.index(b"\xff\xe0")
    length = struct.unpack(">H", data[start + 2 : start + 4])[0]
    path.write_bytes(data[:start] + data[start + 2 + length :])
    assert b"/ColorTransform 0" in pdf_image(path).rest


def test_padding_before_markers_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    COLOR.save(path)
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xff" + data[2:])
    assert pdf_image(path).width == 60


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_png_gives_its_own_data(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    source = COLOR.convert(mode)
    source.save(path)
    image = pdf_image(path)
    assert image.note == ""
    assert stream(image) in path.read_bytes() or len(image.spans) > 1
    assert np.array_equal(decoded(image), np.asarray(source.convert("RGB")))


def test_png_with_several_data_chunks(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in NOISE))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60, 40, 8, 2, 0, 0, 0))
    parts = b"".join(chunk(b"IDAT", packed[at : at + 100]) for at in range(0, len(packed), 100))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + parts + chunk(b"IEND", b""))
    assert np.array_equal(decoded(pdf_image(path)), NOISE)


def test_alpha_is_laid_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    clear = COLOR.convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    clear.save(path)
    image = pdf_image(path)
    assert "transparency" in image.note or "alpha" in image.note
    assert (decoded(image) == 255).all()


def test_palette_with_a_clear_entry_is_laid_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    paletted = COLOR.quantize(4)
    paletted.save(path, transparency=bytes([0, 255, 255, 255]))
    image = pdf_image(path)
    assert image.note
    assert (decoded(image)[np.asarray(paletted) == 0] == 255).all()


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    values = np.linspace(0, 65535, 2400).astype(np.uint16).reshape(40, 60)
    Image.fromarray(values).save(path)
    image = pdf_image(path)
    assert "16 bits" in image.note
    assert np.abs(decoded(image)[..., 0].astype(int) - values // 257).max() <= 1


@pytest.mark.parametrize(
    ("mode", "white"), [("F", 1.0), ("I", 65535), ("I;16", 65535), ("LA", (255, 0)), ("CMYK", 0)]
)
def test_any_mode_becomes_plain(mode: str, white: object) -> None:
    image = Image.new(mode, (3, 3), white)  # type: ignore[arg-type]
    plain = plain_pixels(image)
    assert plain.mode in ("1", "L", "RGB")
    assert set(np.asarray(plain).ravel().tolist()) == {255}


def test_cmyk_becomes_rgb_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("CMYK", (60, 40), (0, 255, 255, 0)).save(path, quality=95)
    image = pdf_image(path)
    assert "4 colour components" in image.note
    red = decoded(image)[20, 30]
    assert red[0] > 200
    assert red[1:].max() < 60


@pytest.mark.parametrize("reading", ["as is", "inverted"])
def test_one_strip_of_g4_goes_in_byte_for_byte(tmp_path: Path, reading: str) -> None:
    path = tmp_path / "a.tif"
    white_is_zero = {262: 0} if reading == "inverted" else {}
    BILEVEL.save(path, compression="group4", tiffinfo={278: 40, **white_is_zero})
    image = pdf_image(path)
    assert image.note == ""
    assert stream(image) in path.read_bytes()
    with Image.open(path) as tiff:
        said = tiff.tag_v2[262]  # type: ignore[attr-defined]
    assert (b"/BlackIs1 true" in image.rest) == (said == 1)


@pytest.mark.parametrize(
    "how", [{"compression": "group4", "tiffinfo": {278: 8}}, {"compression": "tiff_lzw"}]
)
def test_other_bilevel_tiff_becomes_one_strip(tmp_path: Path, how: dict[str, object]) -> None:
    path = tmp_path / "a.tif"
    BILEVEL.save(path, **how)  # type: ignore[arg-type]
    image = pdf_image(path)
    assert b"CCITTFax" in image.rest
    assert (image.note != "") is True


def test_color_tiff_keeps_every_pixel(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    COLOR.save(path, compression="tiff_lzw")
    assert np.array_equal(decoded(pdf_image(path)), NOISE)


def test_profiles_that_say_more_than_srgb_are_kept() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert fit_profile(srgb, 3) == b""
    assert fit_profile(other, 3) == b""
    assert fit_profile(srgb[:200], 3) == b""
    assert fit_profile(b"", 1) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xc0\0\x04",
        b"\x89PNG\r\n\x1a\n",
        b"II*\0\x08\0\0\0",
        b"not an image",
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_no_image_is_unfit(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(Unfit) as fault:
        pdf_image(path)
    assert fault.value.code == "page-unreadable"


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_cut_files_never_crash(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"a.{suffix}"
    COLOR.save(whole)
    data = whole.read_bytes()
    for keep in range(0, min(len(data), 700), 13):
        part = tmp_path / f"b.{suffix}"
        part.write_bytes(data[:keep])
        try:
            list(pdf_image(part).chunks())
        except Unfit:
            continue
