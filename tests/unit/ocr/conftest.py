"""The few real pages that the tests of reading share."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from records.geometry import Box

PAGES = Path(__file__).parents[2] / "pages"


@dataclass(frozen=True)
class TruePage:
    """A page of tests/pages with what is really on it; `rotation` is the turn it was given, clockwise."""

    path: Path
    rotation: int
    skew: float
    width: int
    height: int
    dpi: int
    words: tuple[tuple[str, Box], ...]


def true_page(name: str) -> TruePage:
    said = json.loads((PAGES / "truth.json").read_text(encoding="utf-8"))[name]
    return TruePage(
        path=PAGES / name,
        rotation=said["rotation"],
        skew=said["skew"],
        width=said["width"],
        height=said["height"],
        dpi=said["dpi"],
        words=tuple((text, Box(*box)) for text, *box in said["words"]),
    )


@pytest.fixture(params=["d008-p3.tif", "d018-p2.jpg", "d021-p2.jpg", "d022-p2.jpg", "d029-p2.jpg"])
def any_page(request: pytest.FixtureRequest) -> TruePage:
    return true_page(request.param)


@pytest.fixture
def small_page() -> TruePage:
    """150 dpi, upright: the quickest to read."""
    return true_page("d022-p2.jpg")


@pytest.fixture
def fax_page() -> TruePage:
    """Bilevel G4."""
    return true_page("d008-p3.tif")
