"""The geometry matrix: each kind of page is signed, drawn by two engines, and the ink is looked for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from signing.geometry import page_view
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases import stamps
from tests.cases.sealing import World
from tests.cases.stamps import Appender, Cell

pytestmark = pytest.mark.joined

DOTS_PER_MM = 6
WORST = 1.0
_MARK = stamps.mark()
_FIELDS = {"upper right": (0.55, 0.05), "lower left": (0.07, 0.8), "middle": (0.4, 0.45)}


@pytest.fixture(scope="module")
def seen() -> Iterator[list[float]]:
    """Every deviation in mm; the worst is told at the end (`pytest -s`)."""
    found: list[float] = []
    yield found
    print(f"\n{len(found)} stamps looked at, worst deviation {max(found, default=0):.3f} mm")


def _poppler(path: Path, width: int) -> Image.Image:
    out = path.with_suffix("")
    command = f"pdftoppm -cropbox -f 2 -l 2 -singlefile -scale-to-x {width} -scale-to-y -1".split()
    subprocess.run([*command, str(path), str(out)], check=True, timeout=60)
    return Image.open(out.with_suffix(".ppm")).convert("RGB")


@pytest.mark.parametrize("cell", [*stamps.cells(), *stamps.odd_cells()], ids=str)
def test_the_ink_is_where_it_was_asked_and_upright(
    world: World, tmp_path: Path, cell: Cell, seen: list[float]
) -> None:
    source = stamps.a_page(tmp_path / "in.pdf", cell)
    with source.open("rb") as file:
        view = page_view(Appender(file), -1)
    assert (view.number, round(view.width_mm, 2), round(view.height_mm, 2)) == (2, *cell.size)
    width = round(view.width_mm * DOTS_PER_MM)
    for name, (x, y) in _FIELDS.items():
        place = view.at_mm(x * view.width_mm, y * view.height_mm, _MARK.width_mm, _MARK.height_mm)
        out = tmp_path / "out.pdf"
        stamps.sign_with(world, source, out, _MARK, place)
        images = {"pdfium": stamps.shown(out, 2, width)}
        if name == "lower left":  # the second engine looks at one of the three: starting it takes the longest
            images["poppler"] = _poppler(out, width)
        for engine, image in images.items():
            off = stamps.deviation_mm(image, view, place)
            seen.append(off)
            assert off < WORST, (engine, name, off)
            assert stamps.is_upright(image), (engine, name)
    assert verify_pdf(out, world.roots).verdict in (Answer.VALID, Answer.INDETERMINATE)
