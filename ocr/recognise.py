"""Read one page: image in, words with boxes and confidence out."""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from ocr import images, tesseract
from ocr.doubt import judged
from ocr.engine import Engine, Found, models
from ocr.engines import engine_for
from ocr.ink import ink_of, seals, strokes
from ocr.options import OcrOptions
from ocr.orient import Survey, skew_at, survey
from ocr.prepare import ReadingCopy, capital_on_copy, cleaned, reading_copy, scale_for, without_ink
from ocr.regions import coloured, drawn
from ocr.second_look import second_look
from ocr.suggest import suggested
from ocr.tables import by_cell
from ocr.tidy import tidied
from records.geometry import Rotation
from records.page import PageText, Region, Word

PATH_VERSION = "vanthu-ocr 7"
"""Raised whenever the same image could be read differently than before; part of the cache key."""

_OSD_SURE = 10.0
"""Tesseract's own orientation detector is believed from here on (it calls 15 reasonably sure)."""

_OSD_DPI, _OSD_PIXELS = 200, 8_000_000
"""The detector sees no more than this; more does not make it surer."""

_TOO_LARGE_FOR_COLOR = 60_000_000
"""Pixels above which a colour page is read in gray: three channels of an A0 page do not fit a reader."""


_TOO_LARGE_FOR_INK = 40_000_000
"""Pixels of a reading copy (A2 at 300 dpi has 35 million) above which it is read once and its ink is not sorted."""

_TALL, _DOUBT = 3.0, 0.4
"""A word more than so many times as high as the page's median word, read with less confidence, is no word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one attempt gave: the copy that was read, what was found in it, and how high its capitals are in pixels."""

    copy: ReadingCopy
    skew: float
    found: list[Found]
    capital: float = 30.0
    regions: tuple[Region, ...] = ()

    @property
    def weight(self) -> float:
        """How much was read: letters times how sure the engine is of them, squared (noise reads unsure)."""
        return sum(len(word.text) * word.confidence**2 for word in self.found)


def engine_version(options: OcrOptions, engine: Engine | None = None) -> str:
    """Return what reads a page: engine, models, models of the second look, our own path.

    E.g. `tesseract 5.5.4 vie:79df64ca second Vietnamese:a1b2c3d4 vanthu-ocr 7`. `engine` None: the one that the options
    name. Raises `ToolMissing` when a model is absent: a page read once less than asked would look like any other.
    """
    second = f" second {models(options.for_second_look())}" if options.second else ""
    return f"{(engine or engine_for(options)).version(options)}{second} {PATH_VERSION}"


@images.memory_told()
def recognise(
    image: Path,
    options: OcrOptions,
    page: int = 1,
    dpi: float | None = None,
    hint_rotation: Rotation = 0,
    engine: Engine | None = None,
) -> PageText:
    """Return the words of the page image at `image`, boxes in its own pixels as stored.

    `dpi` overrides what the file says; `hint_rotation` (from `PageImage`) decides where the page itself does not tell
    which way is up; `engine` None is the one that the options name. A blank or unreadable page is a reading without
    words. The same bytes and options give the same reading. Raises `Unfit` when the image cannot be decoded,
    `ToolMissing` when the models are absent, MemoryError when the page does not fit.
    """
    engine = engine or engine_for(options)
    version = engine_version(options, engine)  # a missing model is told before work is done
    head = images.head(image)
    resolution = round(dpi or head.dpi or images.guess_dpi(head.width, head.height), 2)
    gray, colored = _pixels(image, head, options)
    seen = survey(gray, resolution)
    if seen.letters == 0:
        best = Reading(reading_copy(gray, hint_rotation, 0.0, 1.0), 0.0, [])
    else:
        turns = _turns(gray, seen, resolution, hint_rotation) if options.turn else (hint_rotation,)
        attempts = [_attempt(gray, turn, seen, resolution, options, engine) for turn in turns]
        best = max(attempts, key=lambda attempt: attempt.weight)  # the first of equals: the likelier turn
        best = _finished(best, options, engine)
    return PageText(
        page=page,
        width=head.width,
        height=head.height,
        dpi=resolution,
        rotation=best.copy.rotation,
        skew=best.skew,
        engine=version,
        words=delivered(best),
        regions=colored or tuple(_region_back(best.copy, region) for region in best.regions),
    )


def _pixels(
    image: Path, head: images.ImageHead, options: OcrOptions
) -> tuple[images.Gray, tuple[Region, ...]]:
    """Return the page in gray, and where colour tells seals and handwriting, in pixels as delivered."""
    if options.lift_ink and head.color == "rgb" and head.width * head.height <= _TOO_LARGE_FOR_COLOR:
        color = images.load_color(image)
        return without_ink(color), tuple(coloured(color))
    return images.load_gray(image), ()


def _turns(gray: images.Gray, seen: Survey, dpi: float, hint: Rotation) -> tuple[Rotation, ...]:
    """Return the turns worth trying, likeliest first: one when the letters are clear, else two or three."""
    if seen.sure:
        return (seen.turn,)
    factor = max(1.0, dpi / _OSD_DPI, (gray.size / _OSD_PIXELS) ** 0.5)
    turn, confidence = tesseract.upright_turn(images.shrunk(gray, factor), round(dpi / factor))
    if confidence >= _OSD_SURE:
        return (turn,)
    return tuple(dict.fromkeys((hint, seen.turn, seen.runner_up)))


def _attempt(
    gray: images.Gray, turn: Rotation, seen: Survey, dpi: float, options: OcrOptions, engine: Engine
) -> Reading:
    skew = 0.0
    if options.deskew:
        skew = seen.skew if turn == seen.turn else skew_at(gray, dpi, turn)
    scale = scale_for(seen, dpi, options.capital_height)
    capital = capital_on_copy(seen, scale)
    copy = reading_copy(gray, turn, skew, scale)
    copy = replace(copy, image=cleaned(copy.image, capital, options))
    return Reading(copy, skew, engine.read(copy.image, options), capital)


def _finished(reading: Reading, options: OcrOptions, engine: Engine) -> Reading:
    """Return the reading without bars and shreds, weak and unread places looked at again, the words of ruled tables
    in the order of their cells, regions marked.
    """
    if not options.tidy or reading.copy.image.size > _TOO_LARGE_FOR_INK:
        return reading
    ink = ink_of(reading.copy.image, reading.capital)
    large = strokes(ink)
    rings = seals(ink, large)
    found = tidied(without_noise(reading.found), ink)
    if options.second:
        found = second_look(ink, found, rings, options, engine)
    found = by_cell(found, ink)
    return replace(reading, found=found, regions=tuple(drawn(ink, large, rings)))


def _region_back(copy: ReadingCopy, region: Region) -> Region:
    box = region.box
    return Region(region.kind, copy.box_back(box.x0, box.y0, box.x1, box.y1))


def delivered(reading: Reading) -> tuple[Word, ...]:
    """Return the words of an attempt with boxes in delivered pixels and lines numbered without gaps.

    Their confidence is the chance to be right; what is no syllable has what it may have been beside it.
    """
    kept = without_noise(reading.found)
    numbers = {line: number for number, line in enumerate(dict.fromkeys(found.line for found in kept))}
    words = [
        Word(
            text=found.text,
            box=reading.copy.box_back(found.x0, found.y0, found.x1, found.y1),
            confidence=found.confidence,
            line=numbers[found.line],
            trace=found.trace,
        )
        for found in kept
    ]
    return suggested(judged(words))


def without_noise(words: list[Found]) -> list[Found]:
    """Return the words without what cannot be one: a ruled column read as a single tall, doubtful "word".

    Such a box covers many lines, so it would steal their letters in a PDF reader that drops overlapping text.
    """
    if not words:
        return words
    usual = median(word.y1 - word.y0 for word in words)
    return [w for w in words if w.y1 - w.y0 <= _TALL * usual or w.confidence >= _DOUBT]
