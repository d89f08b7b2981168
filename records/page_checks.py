"""What can be wrong with a page before it is read: kinds of findings, how sure, and the sentence for the archivist.

A finding is a flag. It never deletes a page; a blank or a second scan is set aside and stays among the pages of its
delivery, where a person can put it back.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any


class Finding(StrEnum):
    """What was found on a page."""

    BLANK = "blank"
    BLURRED = "blurred"
    CUT_OFF = "cut-off"
    TOO_DARK = "too-dark"
    TOO_LIGHT = "too-light"
    LOW_DPI = "low-dpi"
    NOT_COLOR = "not-color"
    TURNED = "turned"
    SAME_IMAGE = "same-image"
    SCANNED_TWICE = "scanned-twice"
    STRANGE_SHEET = "strange-sheet"
    FIRST_PAGE = "first-page"
    WHOLE_FILE = "whole-file"
    LOOK = "look"


WORKINGS = frozenset({Finding.FIRST_PAGE, Finding.WHOLE_FILE, Finding.LOOK})
"""What the proposal of documents works with; no fault of a page, so nobody is told."""

TWINS = frozenset({Finding.SAME_IMAGE, Finding.SCANNED_TWICE})

_SENTENCES: Mapping[Finding, str] = {
    Finding.BLANK: "trang trắng (không có chữ hay hình); để riêng, không tính vào tài liệu",
    Finding.BLURRED: "ảnh mờ, nét chữ nhòe; nên quét lại nếu bản giấy rõ hơn",
    Finding.CUT_OFF: "chữ chạm mép {side}, có thể trang bị cắt mất; nên đặt giấy lại và quét lại",
    Finding.TOO_DARK: "ảnh quá tối (nền {value} trên 255); nên giảm độ đậm và quét lại",
    Finding.TOO_LIGHT: "chữ quá nhạt so với nền; nên tăng độ đậm và quét lại",
    Finding.LOW_DPI: "độ phân giải {value} dpi, thấp hơn {least} dpi quy định cho {rule}; phải quét lại",
    Finding.NOT_COLOR: "ảnh không phải ảnh màu 24 bit; nếu bản giấy có màu (dấu đỏ, bút xanh) thì phải quét lại",
    Finding.TURNED: "trang nằm xoay {value}°; chương trình đọc theo chiều đúng, ảnh gốc giữ nguyên",
    Finding.SAME_IMAGE: "trùng hoàn toàn với {other}",
    Finding.SCANNED_TWICE: "có vẻ là cùng một trang với {other}, quét hai lần",
    Finding.STRANGE_SHEET: "có mã giống tờ ngăn cách của Vanthu nhưng không hợp lệ ({value}); được coi là "
    "trang tài liệu",
}


@dataclass(frozen=True, slots=True)
class PageCheck:
    """A finding on a page. `score` 0.0 to 1.0: how sure; `detail`: what its sentence names, plain JSON values."""

    finding: Finding
    score: float
    detail: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, other: str = "trang quét trước") -> str:
        """Return what the archivist is told; `other` names the page that this one repeats."""
        return _SENTENCES[self.finding].format_map({"other": other, **self.detail})


@dataclass(frozen=True, slots=True)
class ScanRule:
    """What pages up to a size must be: `longest_mm` of the longer side, `least_dpi` dots per inch."""

    name: str
    longest_mm: float
    least_dpi: int


@dataclass(frozen=True, slots=True)
class ScanRules:
    """The rules of `scan_rules.toml`; the comments there tell the unit of each measure."""

    rules: tuple[ScanRule, ...]
    dpi_tolerance: float
    dark_paper: int
    faint_ink: int
    blurred: float
    cut_letters: int
    blank_letters: int
    blank_writing: float

    def rule_for(self, longest_mm: float) -> ScanRule:
        """Return the rule for a page whose longer side has so many millimetres."""
        return next((rule for rule in self.rules if longest_mm <= rule.longest_mm), self.rules[-1])


@lru_cache(maxsize=1)
def scan_rules() -> ScanRules:
    """Return the rules as they are delivered with the program."""
    told = tomllib.loads((Path(__file__).parent / "scan_rules.toml").read_text(encoding="utf-8"))
    return ScanRules(tuple(ScanRule(**rule) for rule in told["rule"]), **told["measures"])
