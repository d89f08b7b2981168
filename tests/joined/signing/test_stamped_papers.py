"""A decision as it leaves the house: the official's signature, the seal over its left third, a mark of the copy."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from signing.appearance import rules_at
from signing.geometry import Place, page_view
from signing.placement import find_signature_place, free_top_right, seal_place
from signing.stamp import StampTexts, draw_image, draw_text
from signing.stamp_font import load_font
from signing.stamp_image import read_image
from tests.cases import stamps
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import World
from tests.cases.stamps import Appender
from tests.joined.signing.conftest import compose
from tests.tools import validators

pytestmark = pytest.mark.joined

_DAY = date(2026, 11, 26)
_MOMENT = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
_SEAL_MM = 36.0


def sign_whole(world: World, source: Path, folder: Path, room: Place, system: str = "state") -> Path:
    """Sign three times: official in `room`, seal over it, copy mark at the top right."""
    with source.open("rb") as file:
        view = page_view(Appender(file), room.page)
    picture = read_image(stamps.signature_png(), rules_at(system, "official", _DAY).image)
    official = draw_image(rules_at(system, "official", _DAY), picture, *view.size_mm(room))
    place = view.centred(room, official.width_mm, official.height_mm)
    stamps.sign_with(world, source, folder / "official.pdf", official, place, "NguoiKy")

    rule = rules_at(system, "seal", _DAY)
    seal = draw_image(rule, read_image(stamps.seal_png(), rule.image), _SEAL_MM)
    over = seal_place(place, _SEAL_MM, view)
    stamps.sign_with(world, folder / "official.pdf", folder / "sealed.pdf", seal, over, "ConDau")

    rule = rules_at(system, "copy", _DAY)
    copy = draw_text(
        rule, StampTexts(_MOMENT, "Văn phòng Ủy ban nhân dân tỉnh Thừa Hòa", "SAO Y"), load_font()
    )
    with source.open("rb") as file:
        first = page_view(Appender(file), 1)
    box = first.in_corner(
        rule.text.corner, copy.width_mm, copy.height_mm, rule.text.aside_mm, rule.text.from_edge_mm
    )
    out = folder / "whole.pdf"
    stamps.sign_with(
        world, folder / "sealed.pdf", out, copy, free_top_right(folder / "sealed.pdf", box), "BanSao"
    )
    return out


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Paper], Path]:
    def make(paper: Paper) -> Path:
        folder = tmp_path_factory.mktemp("paper")
        source = a_paper(folder / "paper.pdf", paper)
        room = find_signature_place(source, paper.name)
        assert room is not None
        return sign_whole(world, source, folder, room, "party" if paper.party else "state")

    return make


@pytest.mark.validators
def test_stamped_and_signed_papers_stay_pdfa_2b(world: World, whole, tmp_path: Path) -> None:
    written = [whole(Paper(variant="pdf/a-2b", rotate=turn)) for turn in (0, 90)]
    scanned = sign_whole(world, compose(tmp_path, 1), tmp_path, Place(1, 0.5, 0.7, 0.95, 0.8))
    files = [tmp_path / "access.pdf", scanned]
    files += [
        path.with_name(name) for path in written for name in ("official.pdf", "sealed.pdf", "whole.pdf")
    ]
    for path, said in validators.verapdf(files).items():
        assert said.compliant, (path, said.failures)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_signature_seal_and_mark_are_seen_where_they_belong(whole, rotate: int) -> None:
    path = whole(Paper(rotate=rotate))
    before = stamps.shown(path.with_name("paper.pdf"), 1, 1680)
    after = stamps.shown(path, 1, 1680)
    per_mm = 1680 / 210
    lower = after.crop(
        (0, 1000, 1680, after.height)
    )  # PDFium smooths the letters of the mark with coloured rims
    blue = _box(lower, lambda r, g, b: b > r + 60 and b > g + 40)
    red = _box(lower, lambda r, g, b: r > b + 60 and r > g + 60)
    assert (red[2] - red[0]) / per_mm == pytest.approx(_SEAL_MM, abs=0.5)
    assert (red[3] - red[1]) / per_mm == pytest.approx(_SEAL_MM, abs=0.5)
    assert red[0] < blue[0] < red[2] < blue[2]
    # the picture is a little wider than its strokes, which begin 4 % inside it and end 8 % (2 % for the wave) before
    width = (blue[2] - blue[0]) / 0.90
    assert (red[2] - blue[0]) / width == pytest.approx(1 / 3, abs=0.06)
    changed = [
        (x, y)
        for x in range(900, 1680, 4)
        for y in range(0, 160, 2)
        if before.getpixel((x, y)) != after.getpixel((x, y))
    ]
    assert changed, "no copy mark at the top right"
    assert all(before.getpixel(at) == (255, 255, 255) for at in changed)


def test_poppler_finds_three_good_signatures_and_reads_the_mark(whole) -> None:
    path = whole(Paper(party=True, block=("T/M BAN THƯỜNG VỤ", "BÍ THƯ")))
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False
    ).stdout
    assert said.count("Signature is Valid.") == 3
    document = pdfium.PdfDocument(path)
    assert len(document) == 1
    document.close()
    drawn = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"2026-11-26T08:02:03\+07:00", drawn)


def _box(image, wanted) -> tuple[int, int, int, int]:
    w, h = image.size
    data = image.load()
    hits = [(x, y) for y in range(0, h, 2) for x in range(0, w, 2) if wanted(*data[x, y])]
    assert hits
    xs, ys = [x for x, _ in hits], [y for _, y in hits]
    return min(xs), min(ys), max(xs), max(ys)
