"""Read the tables of a TOML file strictly: every word asked for is there and of its kind, none is left over.

The procedures and the calendar are data that people change by hand; a slip must be told with its place when the program
starts, not found by a member half-way through a case.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from records.errors import ArchiveFault

_ABSENT = object()


class Entry:
    """One table: `where` says in faults which one, `fault` makes the fault that is raised."""

    def __init__(self, where: str, row: object, fault: Callable[[str], ArchiveFault]) -> None:
        self.where = where
        self._fault = fault
        if not isinstance(row, Mapping):
            raise self.wrong("must be a table")
        self._row: Mapping[str, Any] = row
        self._asked: set[str] = set()

    def wrong(self, why: str) -> ArchiveFault:
        """Return the fault that this table has."""
        return self._fault(f"{self.where}: {why}")

    def has(self, word: str) -> bool:
        """Return whether the word is there."""
        return word in self._row

    def done(self, except_for: Collection[str] = ()) -> None:
        """Raise when words are left over that nobody asked for."""
        if over := sorted(set(self._row) - self._asked - set(except_for)):
            raise self.wrong(f"unknown words: {', '.join(over)}")

    def text(self, word: str, default: str | None = None) -> str:
        """Return a text that is not blank; a default may be."""
        if default is not None and not self.has(word):
            self._asked.add(word)
            return default
        value = self._take(word, None)
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise self.wrong(f"{word} must be a text, not blank, without spaces around it")
        return value

    def integer(self, word: str, least: int, most: int, default: int | None = None) -> int:
        """Return an integer from `least` to `most`."""
        value = self._take(word, default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(f"{word} must be an integer from {least} to {most}")
        return value

    def yes(self, word: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self._take(word, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{word} must be true or false")
        return value

    def day(self, word: str, default: date | None = None) -> date:
        """Return a date without a time."""
        value = self._take(word, default)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(f"{word} must be a date (2026-01-31)")
        return value

    def one_of(self, word: str, allowed: Collection[str], default: str | None = None) -> str:
        """Return one of the words allowed."""
        value = self.text(word, default)
        if value not in allowed:
            raise self.wrong(f"{word} must be one of: {', '.join(map(str, allowed))}")
        return value

    def texts(self, word: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts, none blank, none twice; an empty one only as the default."""
        if default is not None and not self.has(word):
            self._asked.add(word)
            return default
        value = self._take(word, None)
        good = (
            isinstance(value, list) and value and all(isinstance(one, str) and one.strip() for one in value)
        )
        if not good or len(set(value)) != len(value):
            raise self.wrong(f"{word} must be a list of texts, none of them twice")
        return tuple(value)

    def choices(
        self, word: str, allowed: Collection[str], default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Return a list of words out of those allowed."""
        value = self.texts(word, default)
        if strange := [one for one in value if one not in allowed]:
            raise self.wrong(f"{word}: unknown: {', '.join(strange)}")
        return value

    def table(self, word: str) -> "Entry":
        """Return a table inside this one."""
        return Entry(f"[{word}]", self._take(word, None), self._fault)

    def tables(self, word: str, needed: bool = True) -> list["Entry"]:
        """Return the tables of a list, at least one unless not `needed`."""
        value = self._take(word, None if needed else [])
        if not isinstance(value, list) or (needed and not value):
            raise self.wrong(f"there must be at least one [[{word}]]")
        return [
            Entry(f"[[{word}]] {n}{_name(row)}", row, self._fault) for n, row in enumerate(value, start=1)
        ]

    def _take(self, word: str, default: object) -> Any:
        self._asked.add(word)
        value = self._row.get(word, _ABSENT)
        if value is not _ABSENT:
            return value
        if default is None:
            raise self.wrong(f"missing: {word}")
        return default


def _name(row: object) -> str:
    code = row.get("code", row.get("name")) if isinstance(row, Mapping) else None
    return f" ({code})" if isinstance(code, str) else ""
