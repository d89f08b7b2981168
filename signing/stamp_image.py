"""Take the picture of a signature or seal that somebody uploaded, and trust nothing in it.

What leaves here is a small plain PNG of our own writing: no profile, no animation, no text chunk of the sender's.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image, ImageStat, UnidentifiedImageError

from records.errors import Unfit
from signing.appearance import ImageRule

MOST_BYTES = 4 << 20
LEAST_SIDE, MOST_SIDE = 64, 4000
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}
_INK = 128
"""Opacity from which a pixel counts as ink."""
_APART = 24
"""By how much the mean of the colour asked for must lead the others, of 255."""


@dataclass(frozen=True, slots=True)
class StampImage:
    """A checked picture: PNG bytes of ours and its size in pixels."""

    png: bytes = field(repr=False)
    width: int
    height: int


def read_image(data: bytes, rule: ImageRule) -> StampImage:
    """Return the picture of `data` when it is what `rule` asks for.

    Raises `Unfit`: `image-type` (neither PNG nor what the rule allows), `image-size` (bytes or pixels), `image-broken`,
    `image-not-transparent`, `image-colour`.
    """
    if len(data) > MOST_BYTES:
        raise _unfit("image-size", f"{len(data)} bytes", f"lớn hơn {MOST_BYTES >> 20} MB")
    kind = next((name for head, name in _SIGNATURES.items() if data.startswith(head)), "")
    if kind not in rule.types:
        wanted = " hoặc ".join(rule.types).upper()
        raise _unfit(
            "image-type", f"{kind or 'unknown'} where {wanted} is asked", f"không phải là tệp {wanted}"
        )
    image = _decoded(data, kind)
    if rule.transparent:
        _demand_transparent(image)
    _demand_colour(image, rule.colour)
    image.info = {}  # or Pillow writes the sender's profile again
    out = io.BytesIO()
    image.save(out, "PNG")
    return StampImage(out.getvalue(), image.width, image.height)


def _decoded(data: bytes, kind: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is far lower
            image = Image.open(io.BytesIO(data), formats=[kind.upper()])
        sides = image.size
        if not all(LEAST_SIDE <= side <= MOST_SIDE for side in sides):
            raise _unfit(
                "image-size", f"{sides} pixels", f"phải có mỗi cạnh từ {LEAST_SIDE} đến {MOST_SIDE} điểm ảnh"
            )
        if getattr(image, "is_animated", False):
            raise _unfit("image-type", "animated", "là ảnh động")
        return image.convert("RGBA")
    except Image.DecompressionBombError as fault:
        raise _unfit(
            "image-size", str(fault), f"phải có mỗi cạnh từ {LEAST_SIDE} đến {MOST_SIDE} điểm ảnh"
        ) from fault
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, MemoryError) as fault:
        # Pillow's readers raise SyntaxError and ValueError on broken chunks
        raise _unfit(
            "image-broken", f"{type(fault).__name__}: {fault}", "bị hỏng hoặc bị cắt ngắn"
        ) from fault


def _demand_transparent(image: Image.Image) -> None:
    """Refuse a picture whose background would hide what lies under it: its rim must be see-through."""
    alpha = image.getchannel("A")
    rim = Image.new("L", image.size, 255)
    rim.paste(0, (1, 1, image.width - 1, image.height - 1))
    covered = ImageStat.Stat(alpha.point(_from(_INK)), rim).mean[0] / 255
    whole = ImageStat.Stat(alpha.point(_from(_INK))).mean[0] / 255
    if covered > 0.25 or not 0.001 < whole < 0.9:
        raise _unfit(
            "image-not-transparent",
            f"{covered:.0%} of the rim and {whole:.0%} of the picture are ink",
            "chưa có nền trong suốt. Hãy lưu lại ảnh PNG với nền trong suốt",
        )


def _demand_colour(image: Image.Image, wanted: str) -> None:
    ink = image.getchannel("A").point(_from(_INK))
    if not ink.getbbox():
        raise _unfit("image-broken", "no ink at all", "không có nét nào")
    red, _, blue = ImageStat.Stat(image.convert("RGB"), ink).mean
    lead = red - blue if wanted == "red" else blue - red
    if lead < _APART:
        told = {"red": "đỏ", "blue": "xanh"}[wanted]
        raise _unfit("image-colour", f"mean red {red:.0f}, blue {blue:.0f}", f"không phải màu {told}")


def _from(least: int) -> Callable[[int], int]:
    return lambda value: 255 if value >= least else 0


def _unfit(code: str, reason: str, why: str) -> Unfit:
    return Unfit(
        reason, code=code, tell=f"Ảnh chữ ký hoặc con dấu {why} nên chưa dùng được. Hãy chọn ảnh khác."
    )
