"""What was read on one page: words with boxes and confidence, the value every later step works on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from records.geometry import Box, Rotation, turn, turned_size


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word: NFC text, box in pixels of the image as delivered, confidence 0.0 to 1.0, line number.

    `line` counts printed lines of the page from 0 in reading order; words of one line keep their order.
    """

    text: str
    box: Box
    confidence: float
    line: int


@dataclass(frozen=True)
class PageText:
    """The reading of one page image.

    `width`, `height`: pixels as delivered. `rotation`: clockwise turn that makes the image upright. `skew`: degrees
    left after that turn, positive when lines fall to the right. `confidence`: mean over words, 0.0 to 1.0.
    `state`: `read`, or `timed-out` / `failed` when the engine could not finish (then `words` is empty).
    """

    page: int
    width: int
    height: int
    dpi: float
    rotation: Rotation
    skew: float
    engine: str
    words: tuple[Word, ...]
    state: str = "read"
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def lines(self) -> tuple[tuple[Word, ...], ...]:
        """Words grouped by printed line, in reading order."""
        grouped: dict[int, list[Word]] = {}
        for word in self.words:
            grouped.setdefault(word.line, []).append(word)
        return tuple(tuple(grouped[number]) for number in sorted(grouped))

    @cached_property
    def text(self) -> str:
        """The page as text: words joined by one space, lines by a line feed."""
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)

    @cached_property
    def confidence(self) -> float:
        """Mean word confidence, 0.0 when nothing was read."""
        return sum(w.confidence for w in self.words) / len(self.words) if self.words else 0.0

    def upright_box(self, box: Box) -> Box:
        """Return a delivered `box` in pixels of the upright page image."""
        return turn(box, self.rotation, self.width, self.height)

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) of the upright page image."""
        return turned_size(self.rotation, self.width, self.height)

    def numbered(self, page: int) -> "PageText":
        """Return the same reading as page number `page` (1-based) of its document."""
        return replace(self, page=page)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes as plain numbers and words: word by word it costs ten times as much."""
        words = [(w.text, w.box.x0, w.box.y0, w.box.x1, w.box.y1, w.confidence, w.line) for w in self.words]
        told = (self.page, self.width, self.height, self.dpi, self.rotation, self.skew, self.engine)
        return _arrived, (*told, words, self.state, self.notes)


def _arrived(
    page: int,
    width: int,
    height: int,
    dpi: float,
    rotation: Rotation,
    skew: float,
    engine: str,
    words: list[tuple[str, int, int, int, int, float, int]],
    state: str,
    notes: tuple[str, ...],
) -> PageText:
    """Return the reading that `PageText.__reduce__` took apart."""
    told = tuple(Word(text, Box(x0, y0, x1, y1), sure, line) for text, x0, y0, x1, y1, sure, line in words)
    return PageText(page, width, height, dpi, rotation, skew, engine, told, state, notes)


def page_to_json(page: PageText) -> dict[str, Any]:
    """Return the page JSON of design §7 (a dict ready for `json.dumps`)."""
    return {
        "page": page.page,
        "width": page.width,
        "height": page.height,
        "dpi": round(page.dpi, 2),
        "rotation": page.rotation,
        "skew": round(page.skew, 3),
        "engine": page.engine,
        "confidence": round(page.confidence, 4),
        "state": page.state,
        "notes": list(page.notes),
        "text": page.text,
        "words": [
            {"text": w.text, "box": w.box.as_list(), "confidence": round(w.confidence, 4), "line": w.line}
            for w in page.words
        ],
    }


def page_from_json(data: Mapping[str, Any]) -> PageText:
    """Return the `PageText` written by `page_to_json`. Raises KeyError or TypeError on foreign data."""
    return PageText(
        page=int(data["page"]),
        width=int(data["width"]),
        height=int(data["height"]),
        dpi=float(data["dpi"]),
        rotation=data["rotation"],
        skew=float(data["skew"]),
        engine=str(data["engine"]),
        words=tuple(
            Word(str(w["text"]), Box(*w["box"]), float(w["confidence"]), int(w["line"]))
            for w in data["words"]
        ),
        state=str(data.get("state", "read")),
        notes=tuple(data.get("notes", ())),
    )


def dump_page(page: PageText) -> bytes:
    """Return the canonical bytes of the page JSON (UTF-8, compact, stable key order)."""
    return json.dumps(page_to_json(page), ensure_ascii=False, separators=(",", ":")).encode()


def load_page(data: bytes) -> PageText:
    """Return the page from the bytes of `dump_page`."""
    return page_from_json(json.loads(data))
