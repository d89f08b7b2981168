"""Show one page of a paper to a person as a picture, drawn from exactly its bytes in a confined child."""

import io
from pathlib import Path

from PIL import Image

from records.errors import Missing, Unfit
from signing.drawing import DrawLimits, NotDrawn, draw_page

_LIMITS = DrawLimits()


def page_png(path: Path, number: int, width: int) -> bytes:
    """Return page `number` (from 1) of the PDF at `path` as a PNG, `width` pixels wide (less when it is very tall).

    Raises `Missing` (no such page), `Unfit` (`page-not-drawn`: the engine could not, within its limits).
    """
    try:
        with path.open("rb") as file:
            page = draw_page(file.fileno(), number, width, _LIMITS)
    except NotDrawn as fault:
        raise Unfit(
            f"{path.name} page {number}: {fault}",
            code="page-not-drawn",
            tell=f"Không vẽ được trang {number} của văn bản này trong giới hạn cho phép. Văn bản không bị thay đổi; "
            "đừng ký khi chưa xem được, hãy tạo lại tệp PDF.",
        ) from fault
    if page is None:
        raise Missing(f"{path.name} has no page {number}")
    out = io.BytesIO()
    Image.frombytes("RGB", (page.width, page.height), page.pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()
