"""The same sheet scanned twice is known again; a form filled in for somebody else is not taken for it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.twins import compare_sheets

FONT = ImageFont.truetype("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf", 36)
LINES = (
    "Thực hiện chương trình công tác năm, ban chấp hành đã tổ chức hội nghị",
    "Qua kiểm tra cho thấy các đơn vị đã nghiêm túc triển khai, song tiến độ",
    "Đề nghị các cơ quan phối hợp rà soát hồ sơ, bổ sung tài liệu còn thiếu",
)


def form(
    folder: Path, name: str, *, dpi: int = 200, turn: float = 0.0, shift: int = 0, seed: int = 1
) -> Path:
    """A form with one name in it, printed at 200 dpi and scanned turned, shifted, noisy, at `dpi`."""
    page = Image.new("L", (1654, 2339), 245)
    for n in range(32):
        text = f"Họ và tên: {name}" if n == 10 else LINES[n % 3] + f" {n}"
        ImageDraw.Draw(page).text((180, 200 + 60 * n), text, font=FONT, fill=30)
    image = np.asarray(page)
    matrix = cv2.getRotationMatrix2D((827, 1170), turn, dpi / 200)
    width, height = round(1654 * dpi / 200), round(2339 * dpi / 200)
    matrix[:, 2] += (width - 1654) / 2 + shift, (height - 2339) / 2 - shift
    image = cv2.warpAffine(image, matrix, (width, height), borderValue=235)
    noise = np.random.default_rng(seed).normal(0, 6, image.shape)
    path = folder / f"{name}-{dpi}-{turn}-{seed}.png"
    Image.fromarray(np.clip(image * 0.97 + noise, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("dpi", "turn", "shift"), [(200, 0.0, 0), (200, 1.5, 12), (300, -2.0, 30), (150, 180.7, 5)]
)
def test_a_second_scan_is_certain(tmp_path: Path, dpi: int, turn: float, shift: int) -> None:
    first = form(tmp_path, "Nguyễn Văn An")
    second = form(tmp_path, "Nguyễn Văn An", dpi=dpi, turn=turn, shift=shift, seed=2)
    told = compare_sheets(first, second, (200.0, float(dpi)))
    assert told.certain, told


def test_another_name_is_another_sheet(tmp_path: Path) -> None:
    told = compare_sheets(
        form(tmp_path, "Nguyễn Văn An"), form(tmp_path, "Trần Thị Bích Hạnh", seed=2), (200, 200)
    )
    assert not told.certain, told


def test_pages_without_enough_on_them_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    Image.new("L", (800, 1100), 255).save(path)
    told = compare_sheets(path, path, (100, 100))
    assert not told.certain and not told.probable
