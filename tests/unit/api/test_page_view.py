"""Pictures of pages from every kind of scan, and nothing but a clean refusal from what is no picture."""

import io
from pathlib import Path

import pytest
from PIL import Image

from ocr.page_view import WIDTHS, cut, page_view
from records.errors import Unfit
from records.geometry import Box


def a_page(mode: str, kind: str, tmp_path: Path) -> Path:
    image = Image.new("L", (900, 1200), 255)
    image.paste(0, (0, 0, 450, 300))  # ink in the upper left
    path = tmp_path / f"page.{kind.lower()}"
    if mode == "I;16":
        Image.eval(image.convert("I"), lambda v: v * 257).convert("I;16").save(path, kind)
    else:
        image.convert(mode).save(
            path, kind, **({"compression": "group4"} if mode == "1" and kind == "TIFF" else {})
        )
    return path


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("1", "TIFF"), ("1", "PNG"), ("P", "PNG"),
     ("RGBA", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("CMYK", "TIFF"), ("RGB", "TIFF")],
)  # fmt: skip
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_every_kind_of_scan_is_shown_upright(mode: str, kind: str, rotation: int, tmp_path: Path) -> None:
    view = page_view(a_page(mode, kind, tmp_path), rotation, "thumb")
    image = Image.open(io.BytesIO(view.data)).convert("L")
    assert (view.media_type, image.width) == ("image/jpeg", WIDTHS["thumb"])
    w, h = image.size
    corner = {0: (0.1, 0.1), 90: (0.9, 0.1), 180: (0.9, 0.9), 270: (0.1, 0.9)}[rotation]
    assert image.getpixel((int(w * corner[0]), int(h * corner[1]))) < 60
    opposite = (int(w * (1 - corner[0])), int(h * (1 - corner[1])))
    assert image.getpixel(opposite) > 200


def test_full_keeps_the_pixels_and_nothing_is_enlarged(tmp_path: Path) -> None:
    path = a_page("L", "PNG", tmp_path)
    for size in ("full", "screen"):
        assert Image.open(io.BytesIO(page_view(path, 0, size).data)).size == (900, 1200)


def test_no_metadata_of_the_master_gets_out(tmp_path: Path) -> None:
    path = tmp_path / "gps.jpg"
    exif = Image.Exif()
    exif[0x010E] = "<script>nơi chụp</script>"
    Image.new("RGB", (500, 500), "white").save(path, exif=exif, comment=b"secret comment")
    data = page_view(path, 0, "full").data
    assert b"script" not in data and b"comment" not in data


@pytest.mark.parametrize(
    "data", [b"", b"x", b"%PDF-1.7", b"\xff\xd8\xff\xe0cut", b"\x89PNG\r\n\x1a\n" + b"\0" * 50]
)
def test_what_is_no_picture_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(Unfit) as caught:
        page_view(data, 0, "thumb")
    assert caught.value.code == "page-unreadable" and caught.value.tell


def test_a_cut_off_picture_is_refused(tmp_path: Path) -> None:
    data = a_page("RGB", "JPEG", tmp_path).read_bytes()
    with pytest.raises(Unfit):
        page_view(data[: len(data) // 3], 0, "full")


def test_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    with pytest.raises(Unfit) as caught:
        page_view(out.getvalue(), 0, "thumb")
    assert caught.value.code == "page-too-large"


def test_a_cut_is_clamped_and_never_empty(tmp_path: Path) -> None:
    view = page_view(a_page("L", "PNG", tmp_path), 0, "thumb")
    for region in (Box(0, 0, 1, 1), Box(899, 1199, 900, 1200), Box(-50, -50, 5000, 5000)):
        assert min(Image.open(io.BytesIO(cut(view, 900, 1200, region).data)).size) >= 1
