"""Real archive files for the outside judges: composed as the walk composes them, sealed as the walk seals them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ocr.compose import ComposePage, compose_pdfa
from ocr.pdfa import PdfMeta
from records.geometry import Box
from records.page import PageText, Word
from tests.cases.sealing import World, at_home
from tests.tools.pki_server import PkiServer

_TEXT = ("ĐẢNG", "BỘ", "TỈNH", "Số", "05-QĐ/TU", "Quyết", "định", "về", "việc", "thành", "lập")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return at_home(tmp_path_factory.mktemp("signing") / "keys")


def compose(folder: Path, pages: int) -> Path:
    composed = []
    for number in range(1, pages + 1):
        image = Image.new("L", (827, 1169), 250)
        drawing = ImageDraw.Draw(image)
        words = []
        for index, text in enumerate(_TEXT):
            x, y = 80 + 200 * (index % 3), 100 + 60 * (index // 3)
            drawing.rectangle((x, y + number, x + 150, y + 25), fill=30)
            words.append(Word(text, Box(x, y, x + 150, y + 25), 0.9, index // 3))
        path = folder / f"p{number}.jpg"
        image.save(path, quality=85, dpi=(100, 100))
        text = PageText(number, 827, 1169, 100.0, 0, 0.0, "test", tuple(words))
        composed.append(ComposePage(path, text))
    out = folder / "access.pdf"
    compose_pdfa(composed, PdfMeta(title="Quyết định", created=datetime(2025, 7, 9, tzinfo=UTC)), out)
    return out


@pytest.fixture(scope="session")
def archive_files(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sealed PDF/A files of one and of three pages; `.source` beside each is the file before the seal."""
    sealed = []
    for pages in (1, 3):
        folder = tmp_path_factory.mktemp(f"pages{pages}")
        source = compose(folder, pages)
        world.service.seal(source, folder / "sealed.pdf", document_id=f"doc{pages}")
        sealed.append(folder / "sealed.pdf")
    return sealed


@pytest.fixture(scope="session")
def pki_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PkiServer]:
    with PkiServer(tmp_path_factory.mktemp("pki") / "authority") as server:
        yield server


@pytest.fixture
def pki(pki_server: PkiServer) -> PkiServer:
    """The test authority, in good manners again and with nothing counted."""
    pki_server.behave()
    return pki_server
