"""Bad input, one by one: each gets one sentence with the name, and its own stable code."""

import io
import struct
import zlib
from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.inspect_file import inspect_file, shown_name, sniff
from records.errors import Unfit

CODES = {
    "file-empty", "file-truncated", "file-type-unsupported", "file-animated", "file-broken", "image-broken",
    "image-unsupported", "image-too-large", "file-without-pages", "too-many-pages", "pdf-page-loop", "pdf-password",
    "pdf-encrypted", "file-too-heavy", "pdf-page-broken",
}  # fmt: skip


def image_bytes(kind: str, size: tuple[int, int] = (300, 200), mode: str = "L", **more: object) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, 255 if mode in ("1", "L") else "white").save(target, kind, **more)
    return target.getvalue()


def pdf_bytes(pages: int = 1, **more: object) -> bytes:
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(595, 842))
        pdf.save(target, **more)
    return target.getvalue()


@pytest.fixture
def refusal(tmp_path: Path):
    def refused(data: bytes, name: str = "Quyết định 12.jpg") -> Unfit:
        path = tmp_path / "delivered"
        path.write_bytes(data)
        with pytest.raises(Unfit) as fault:
            inspect_file(path, name)
        assert fault.value.code in CODES
        assert shown_name(name) in fault.value.tell
        assert fault.value.tell.endswith(".") and "\n" not in fault.value.tell
        return fault.value

    return refused


@pytest.fixture
def accepted(tmp_path: Path):
    def facts(data: bytes, name: str):
        path = tmp_path / "delivered"
        path.write_bytes(data)
        return inspect_file(path, name)

    return facts


def test_empty(refusal) -> None:
    assert refusal(b"").code == "file-empty"


@pytest.mark.parametrize("data", [b"\xff", b"\x00", b"%PD", b"\x89PNG"])
def test_one_byte_and_few(refusal, data: bytes) -> None:
    assert refusal(data).code == "file-truncated"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GIF89a" + b"\0" * 50, "GIF"),
        (b"PK\x03\x04" + b"\0" * 50, "docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 50, "doc"),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 50, "WebP"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 50, "HEIC"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        ("Cộng hòa xã hội chủ nghĩa Việt Nam".encode(), "không phải ảnh hay PDF"),
    ],
)
def test_other_kinds_are_named(refusal, data: bytes, words: str) -> None:
    fault = refusal(data, "tờ trình.pdf")
    assert fault.code == "file-type-unsupported"
    assert words in fault.tell


@pytest.mark.parametrize(
    ("kind", "mode", "more"),
    [
        ("JPEG", "L", {}),
        ("PNG", "L", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "L", {"compression": "tiff_lzw"}),
    ],
)
def test_cut_anywhere_is_truncated_never_accepted(
    refusal, kind: str, mode: str, more: dict[str, object]
) -> None:
    whole = image_bytes(kind, mode=mode, **more)
    for keep in (8, 12, 20, len(whole) // 2, len(whole) * 9 // 10, len(whole) - 2):
        assert refusal(whole[:keep]).code in ("file-truncated", "file-broken"), keep


def test_truncation_says_how_much_is_there(refusal) -> None:
    fault = refusal(image_bytes("TIFF", (900, 900), compression=None)[:200_000], "trang 7.tif")
    assert "có 200,0 kB trong 81" in fault.tell or "có 200,0 kB trong 810" in fault.tell


def test_truncated_pdf_and_linearized_pdf(refusal) -> None:
    whole = pdf_bytes(40)
    assert refusal(whole[: len(whole) // 2]).code == "file-truncated"
    linear = pdf_bytes(40, linearize=True)
    fault = refusal(linear[: len(linear) * 3 // 4])
    assert fault.code == "file-truncated"
    assert "khai báo" in fault.tell


def test_broken_cross_reference(refusal) -> None:
    whole = pdf_bytes(3, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert refusal(whole.replace(b"xref\n", b"xxxx\n", 1)).code == "file-broken"
    assert refusal(b"%PDF-1.7\nnothing here\nstartxref\n9\n%%EOF\n").code == "file-broken"


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [("PNG", "ảnh.jpg", ".jpg"), ("JPEG", "ảnh.pdf", ".pdf"), ("TIFF", "ảnh", "không có đuôi")],
)
def test_a_wrong_extension_is_taken_and_noted(accepted, kind: str, name: str, said: str) -> None:
    facts = accepted(image_bytes(kind), name)
    assert facts.kind == kind.lower()
    assert said in facts.notes[0]


def test_right_extension_has_no_note(accepted) -> None:
    facts = accepted(image_bytes("JPEG"), "ẢNH 1.JPG")
    assert (facts.kind, facts.pages, facts.media_type, facts.notes) == ("jpeg", 1, "image/jpeg", ())


def test_password_and_encryption(refusal) -> None:
    locked = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user="u"))
    assert refusal(locked, "mật.pdf").code == "pdf-password"
    restricted = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user=""))
    assert refusal(restricted, "mật.pdf").code == "pdf-encrypted"


def png_head(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def jpeg_head(width: int, height: int) -> bytes:
    whole = image_bytes("JPEG", (64, 64))
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


@pytest.mark.parametrize(
    ("width", "height"), [(20_000, 20_000), (20_001, 10), (10, 65_000), (13_000, 13_000)]
)
def test_huge_pictures_are_refused_from_their_header(refusal, width: int, height: int) -> None:
    for data in (png_head(width, height), jpeg_head(width, height)):
        fault = refusal(data)
        assert fault.code == "image-too-large"
        assert "300 dpi" in fault.tell


def test_a0_at_300_dpi_is_not_too_large(accepted) -> None:
    assert accepted(png_head(9_933, 14_043), "bản đồ.png").pages == 1


def test_huge_tiff(refusal) -> None:
    whole = bytearray(image_bytes("TIFF", (300, 200)))
    at = whole.index(struct.pack("<HHI", 256, 4, 1)) if struct.pack("<HHI", 256, 4, 1) in whole else None
    if at is None:
        at = whole.index(struct.pack("<HHI", 256, 3, 1))
        whole[at + 2 : at + 4] = struct.pack("<H", 4)
    whole[at + 8 : at + 12] = struct.pack("<I", 30_000)
    assert refusal(bytes(whole)).code == "image-too-large"


def test_animated_png(refusal) -> None:
    target = io.BytesIO()
    frames = [Image.new("L", (40, 40), shade) for shade in (0, 120, 255)]
    frames[0].save(target, "PNG", save_all=True, append_images=frames[1:])
    assert refusal(target.getvalue()).code == "file-animated"


def test_tiff_that_points_back_at_itself(refusal, accepted) -> None:
    target = io.BytesIO()
    pages = [Image.new("1", (100, 100), 1) for _ in range(3)]
    pages[0].save(target, "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    whole = bytearray(target.getvalue())
    assert accepted(bytes(whole), "a.tif").pages == 3
    (first,) = struct.unpack("<I", whole[4:8])
    (count,) = struct.unpack("<H", whole[first : first + 2])
    at = first + 2 + 12 * count
    whole[at : at + 4] = struct.pack("<I", first)
    assert refusal(bytes(whole)).code == "file-broken"


def test_unknown_tiff_compression(refusal) -> None:
    whole = bytearray(image_bytes("TIFF"))
    at = whole.index(struct.pack("<HHI", 259, 3, 1))
    whole[at + 8 : at + 10] = struct.pack("<H", 34_661)
    assert refusal(bytes(whole)).code == "image-unsupported"


def test_lossless_jpeg_is_unsupported(refusal) -> None:
    assert refusal(image_bytes("JPEG").replace(b"\xff\xc0", b"\xff\xc3", 1)).code == "image-unsupported"


def test_pdf_without_pages(refusal) -> None:
    assert refusal(pdf_bytes(0)).code == "file-without-pages"


def test_pdf_with_too_many_pages(refusal, tmp_path: Path) -> None:
    for lie in (None, 3):
        with pikepdf.new() as pdf:
            page = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Page, MediaBox=[0, 0, 9, 9]))
            node = pdf.Root.Pages
            group = [
                pdf.make_indirect(
                    pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[page] * 1000, Count=lie or 1000)
                )
                for _ in range(100)
            ]
            node.Kids = pikepdf.Array(group)
            node.Count = lie or 100_000
            target = io.BytesIO()
            pdf.save(target)
        assert refusal(target.getvalue(), "trăm nghìn trang.pdf").code == "too-many-pages"


def test_pdf_whose_page_tree_loops(refusal) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        node = pdf.Root.Pages
        inner = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Count=1))
        inner.Kids = pikepdf.Array([node, node])
        node.Kids = pikepdf.Array([inner, inner])
        target = io.BytesIO()
        pdf.save(target)
    assert refusal(target.getvalue()).code == "pdf-page-loop"


def test_pdf_tree_that_doubles_at_every_level(refusal) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        node = pdf.Root.Pages.Kids[0]
        for _ in range(30):
            node = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Count=1, Kids=[node, node]))
        pdf.Root.Pages.Kids = pikepdf.Array([node])
        target = io.BytesIO()
        pdf.save(target)
    assert refusal(target.getvalue()).code == "pdf-page-loop"


def test_signatures_and_text_are_counted(accepted, tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[0]
        page.Contents = pdf.make_stream(b"BT /F 12 Tf 100 700 Td (Hello) Tj ET")
        page.Resources = pikepdf.Dictionary(
            Font=pikepdf.Dictionary(
                F=pikepdf.Dictionary(
                    Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
                )
            )
        )
        pdf.add_blank_page(page_size=(595, 842))
        signature = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents=pikepdf.String("x")
        )
        signed = pdf.make_indirect(
            pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="a", V=pdf.make_indirect(signature))
        )
        empty = pdf.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="b"))
        parent = pdf.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="c"))
        child = pdf.make_indirect(pikepdf.Dictionary(Parent=parent, V=pdf.make_indirect(signature)))
        parent.Kids = pikepdf.Array([child, parent])  # and it points at itself
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[signed, empty, parent])
        target = io.BytesIO()
        pdf.save(target)
    facts = accepted(target.getvalue(), "đã ký.pdf")
    assert (facts.pages, facts.signatures, facts.text_pages) == (2, 2, 1)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\scan\\trang 1.jpg", "trang 1.jpg"),
        ("Quye\u0302\u0301t đi\u0323nh.pdf", "Quyết định.pdf"),
        ("a\n\x00b.jpg", "a\ufffd\ufffdb.jpg"),
        ("", "Tệp không tên"),
    ],
)
def test_names_as_shown(given: str, shown: str) -> None:
    assert shown_name(given) == shown


def test_endless_names_are_cut_in_the_middle() -> None:
    assert len(shown_name("đ" * 300 + ".pdf")) <= 80
    assert shown_name("đ" * 300 + ".pdf").endswith(".pdf")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(
        [
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"II*\0\x08\0\0\0",
            b"MM\0*\0\0\0\x08",
            b"II+\0\x08\0\0\0",
            b"%PDF-1.4\n",
            b"",
        ]
    ),
    rest=st.binary(max_size=400),
)
def test_any_bytes_end_in_facts_or_in_one_sentence(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(start + rest)
    try:
        inspect_file(path, "bất kỳ.bin")
    except Unfit as fault:
        assert fault.code in CODES
        assert "bất kỳ.bin" in fault.tell


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 10_000),
    value=st.integers(0, 255),
    kind=st.sampled_from(["JPEG", "PNG", "TIFF", "PDF"]),
)
def test_any_flipped_byte_ends_in_facts_or_in_one_sentence(
    tmp_path: Path, place: int, value: int, kind: str
) -> None:
    data = bytearray(pdf_bytes(2) if kind == "PDF" else image_bytes(kind))
    data[place % len(data)] = value
    path = tmp_path / "any"
    path.write_bytes(bytes(data))
    try:
        inspect_file(path, "bất kỳ.bin")
    except Unfit as fault:
        assert fault.code in CODES


def test_sniff_takes_nothing_from_the_name() -> None:
    assert sniff(b"junk before " + b"%PDF-1.4") == "pdf"
    assert sniff(b"") is None
