"""The words people read: one catalogue (web/strings.json), Vietnamese first, English second."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from records.clock import VIETNAM

LANGUAGES = ("vi", "en")
WEB = Path(__file__).resolve().parent.parent / "web"
"""Templates, styles and built assets live here; the folder holds no Python."""

Translate = Callable[..., str]
"""`t("batch.files", n=3)` → the sentence in the reader's language."""


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return {key: {language: sentence}} as read from `web/strings.json`."""
    loaded: dict[str, dict[str, str]] = json.loads((WEB / "strings.json").read_text(encoding="utf-8"))
    return loaded


def translator(language: str) -> Translate:
    """Return `t` for a language of `LANGUAGES`. An unknown key raises KeyError: tests open every page."""
    strings = catalogue()

    def t(key: str, /, **values: object) -> str:
        sentence = strings[key][language]
        return sentence.format(**values) if values else sentence

    return t


def worder(language: str) -> Callable[[str, str], str]:
    """Return `worded` for a language: the sentence under a key that may be unknown, else what is given instead.

    For names that come from the running system (a round, a queue): a new one is shown as it is called.
    """
    strings = catalogue()

    def worded(key: str, otherwise: str) -> str:
        return strings[key][language] if key in strings else otherwise

    return worded


def age(t: Translate, seconds: float) -> str:
    """Return a length of time for people: `35 giây`, `12 phút`, `3,5 giờ`, `2 ngày`."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return t("age.seconds", n=number(seconds))
    if seconds < 5400:
        return t("age.minutes", n=number(seconds / 60))
    if seconds < 48 * 3600:
        return t("age.hours", n=number(seconds / 3600, 1))
    return t("age.days", n=number(seconds / 86400))


def clock(at: datetime) -> str:
    """Return the time of day in Vietnam to the second, `02:13:05`."""
    return at.astimezone(VIETNAM).strftime("%H:%M:%S")


def choose_language(asked: str | None, cookie: str | None, accept: str | None) -> str:
    """Return the language to speak: `?lang=`, then the cookie, then the browser's first choice, else Vietnamese."""
    for wish in (asked, cookie):
        if wish in LANGUAGES:
            return wish
    first = (accept or "").split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "vi"


def day(iso: str) -> str:
    """Return an ISO date as people write it here, `09/07/2025`; anything else unchanged."""
    parts = iso[:10].split("-")
    return f"{parts[2]}/{parts[1]}/{parts[0]}" if len(parts) == 3 and iso[:4].isdigit() else iso


def moment(at: datetime | str | None) -> str:
    """Return a moment in Vietnamese time, `09/07/2025 08:30`, or "" for none."""
    if at is None or at == "":
        return ""
    value = datetime.fromisoformat(at) if isinstance(at, str) else at
    return value.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def number(value: float, digits: int = 0) -> str:
    """Return a number the Vietnamese way: `1.234,5`."""
    return f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def size(count: int) -> str:
    """Return a byte count for people: `3,8 MB`."""
    amount = float(count)
    for unit in ("B", "KB", "MB"):
        if amount < 1000:
            return f"{number(amount, 0 if unit == 'B' or amount >= 100 else 1)} {unit}"
        amount /= 1000
    return f"{number(amount, 1)} GB"
