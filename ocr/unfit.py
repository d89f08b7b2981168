"""The sentences of refusal: one function for each way a file can be unfit, so that codes and words stay together.

Each `tell` says which file, what is wrong, why it matters, and what to do. Codes are stable (docs/decisions/0013).
"""

from records.errors import Unfit

_RESCAN = "Hãy quét hoặc xuất lại tệp này rồi nộp lại; các tệp khác không bị ảnh hưởng."


def _size(count: int) -> str:
    """Return a byte count as people in Vietnam write it, e.g. `1,2 MB`."""
    for limit, unit in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if count >= limit:
            return f"{count / limit:.1f}".replace(".", ",") + f" {unit}"
    return f"{count} byte"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def empty(name: str) -> Unfit:
    """The file has no byte."""
    return Unfit(
        "0 bytes", code="file-empty", tell=f"{name} là tệp rỗng (0 byte), có thể do chép dở dang. {_RESCAN}"
    )


def too_short(name: str, size: int) -> Unfit:
    """The file is too short to be anything."""
    return Unfit(
        f"{size} bytes",
        code="file-truncated",
        tell=f"{name} chỉ có {size} byte, không đủ để là ảnh hay PDF, có thể do chép dở dang. {_RESCAN}",
    )


def truncated(name: str, kind: str, there: int, declared: int | None = None) -> Unfit:
    """The file ends before it says it does; `declared` bytes where the format tells."""
    amount = f"có {_size(there)}"
    if declared is not None and declared > there:
        amount += f" trong {_size(declared)} khai báo"
    return Unfit(
        f"{kind}: {there} of {declared or 'unknown'} bytes",
        code="file-truncated",
        tell=f"{name} không đọc được: tệp {kind} bị cắt ngắn ({amount}). {_RESCAN}",
    )


def unknown_kind(name: str, found: str) -> Unfit:
    """The bytes are of no kind that we take; `found` names the kind in Vietnamese when it is known."""
    what = f"tệp là {found}" if found else "nội dung không phải ảnh hay PDF, dù tên tệp có đuôi gì"
    return Unfit(
        f"unknown type {found}",
        code="file-type-unsupported",
        tell=f"{name} không nhận được: {what}. Hãy lưu lại thành JPEG, PNG, TIFF hoặc PDF rồi nộp lại.",
    )


def animated(name: str, kind: str, frames: int) -> Unfit:
    """A moving picture is no page."""
    return Unfit(
        f"animated {kind}, {frames} frames",
        code="file-animated",
        tell=f"{name} là ảnh động {kind} ({frames} khung hình), không phải ảnh quét của một trang. Hãy nộp ảnh tĩnh.",
    )


def broken(name: str, kind: str, reason: str) -> Unfit:
    """The structure of the file contradicts itself."""
    return Unfit(
        f"{kind}: {reason}",
        code="file-broken",
        tell=f"{name} không đọc được: cấu trúc tệp {kind} bị hỏng nên không chắc còn đủ trang. {_RESCAN}",
    )


def broken_pixels(name: str, reason: str) -> Unfit:
    """The picture cannot be decoded."""
    return Unfit(
        reason,
        code="image-broken",
        tell=f"{name} không đọc được: dữ liệu ảnh bị hỏng hoặc thiếu, không giải nén được. {_RESCAN}",
    )


def unsupported_pixels(name: str, what: str) -> Unfit:
    """The picture is packed in a way we do not read."""
    return Unfit(
        what,
        code="image-unsupported",
        tell=f"{name} không đọc được: chưa hỗ trợ kiểu nén ảnh {what}. Hãy lưu lại thành TIFF G4, PNG hoặc JPEG.",
    )


def too_large(name: str, width: int, height: int, side: int, pixels: int) -> Unfit:
    """The picture has more pixels than any page needs."""
    return Unfit(
        f"{width} x {height} pixels",
        code="image-too-large",
        tell=(
            f"{name} quá lớn: {_grouped(width)} × {_grouped(height)} điểm ảnh; giới hạn {_grouped(side)} một cạnh, "
            f"{pixels // 1_000_000} triệu điểm mỗi trang (đủ cho khổ A0 ở 300 dpi). Hãy quét lại ở 300 dpi."
        ),
    )


def no_pages(name: str, kind: str) -> Unfit:
    """There is nothing inside."""
    return Unfit(
        f"{kind} without pages",
        code="file-without-pages",
        tell=f"{name} là tệp {kind} không có trang nào. {_RESCAN}",
    )


def too_many_pages(name: str, pages: int, limit: int) -> Unfit:
    """More pages than one file may have; `pages` is what was counted or declared."""
    return Unfit(
        f"{pages} pages",
        code="too-many-pages",
        tell=f"{name} có {_grouped(pages)} trang, quá giới hạn {_grouped(limit)} trang một tệp. Hãy tách nhỏ.",
    )


def page_loop(name: str) -> Unfit:
    """The page tree of a PDF points back at itself."""
    return Unfit(
        "page tree refers to itself",
        code="pdf-page-loop",
        tell=f"{name} không đọc được: danh sách trang của PDF trỏ vòng vào chính nó, tệp hỏng hoặc gài bẫy. {_RESCAN}",
    )


def locked(name: str) -> Unfit:
    """A PDF that asks for a password."""
    return Unfit(
        "password needed",
        code="pdf-password",
        tell=f"{name} cần mật khẩu mới mở được nên không thể số hóa. Hãy gỡ mật khẩu, lưu lại PDF rồi nộp lại.",
    )


def encrypted(name: str) -> Unfit:
    """A PDF that opens but is encrypted."""
    return Unfit(
        "encrypted, empty user password",
        code="pdf-encrypted",
        tell=(
            f"{name} bị mã hóa (hạn chế sao chép hoặc in). Chuẩn lưu trữ PDF/A cấm mã hóa; "
            "hãy bỏ bảo vệ, lưu lại PDF rồi nộp lại."
        ),
    )


def too_heavy(name: str, reason: str) -> Unfit:
    """Reading the file would take more memory than a reader may have."""
    return Unfit(
        reason,
        code="file-too-heavy",
        tell=f"{name} cần quá nhiều bộ nhớ để mở, có thể tệp hỏng hoặc cố ý gây lỗi. {_RESCAN}",
    )


def odd_page(name: str, number: int, reason: str) -> Unfit:
    """One page of a PDF cannot be drawn."""
    return Unfit(
        f"page {number}: {reason}",
        code="pdf-page-broken",
        tell=f"{name}: trang {number} bị hỏng, không dựng được ảnh. {_RESCAN}",
    )
