"""Read a page the simpler way, after the usual one hung on it or wanted more memory than a reader may have.

What hangs an engine is its layout analysis (ruled sheets, dense dots), and what eats memory are pixels. So the page is
made small first and read as one block of text: no columns, no tables, but words that can be found.
"""

from dataclasses import replace
from pathlib import Path

from ocr import images
from ocr.engines import engine_for
from ocr.options import OcrOptions
from ocr.orient import survey
from ocr.prepare import reading_copy, scale_for
from ocr.recognise import Reading, delivered, engine_version
from records.geometry import Rotation
from records.page import PageText

PLAIN_PIXELS = 4_000_000
"""Pixels of the copy: A4 at 200 dpi. Larger sheets get fewer dots per inch."""

PLAINLY = "read-plainly"
"""Note of a reading made here: order and tables are not to be trusted."""

_SLACK = 1.05


@images.memory_told()
def recognise_plainly(
    image: Path,
    options: OcrOptions,
    page: int = 1,
    dpi: float | None = None,
    hint_rotation: Rotation = 0,
) -> PageText:
    """Return the words of the page image at `image`, boxes in its own pixels as stored, with the note `PLAINLY`.

    Arguments and faults are those of `ocr.recognise.recognise`.
    """
    plain = replace(options, block=True, second="")
    engine = engine_for(plain)
    head = images.head(image)
    resolution = round(dpi or head.dpi or images.guess_dpi(head.width, head.height), 2)
    small = _small(image, head.width * head.height)
    coarse = resolution * max(small.shape) / max(head.width, head.height)
    seen = survey(small, coarse)
    turn, skew = (seen.turn, seen.skew) if seen.sure else (hint_rotation, 0.0)
    copy = reading_copy(small, turn, skew, scale_for(seen, coarse, plain.capital_height))
    reading = Reading(copy.enlarged(head.width, head.height), skew, engine.read(copy.image, plain))
    return PageText(
        page=page,
        width=head.width,
        height=head.height,
        dpi=resolution,
        rotation=turn,
        skew=skew,
        engine=engine_version(plain, engine),
        words=delivered(reading),
        notes=(PLAINLY,),
    )


def _small(image: Path, pixels: int) -> images.Gray:
    """Return the page as gray of at most `PLAIN_PIXELS`; JPEGs are made small while they are decoded."""
    factor = (pixels / PLAIN_PIXELS) ** 0.5
    halvings = max(n for n in (1, 2, 4, 8) if n == 1 or n <= factor)
    gray = images.load_gray(image, reduce=halvings)
    factor = (gray.size / PLAIN_PIXELS) ** 0.5
    return images.shrunk(gray, factor) if factor > _SLACK else gray
