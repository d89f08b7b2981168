"""How the pages of a delivery make documents, as people change it: the commands, and what stands after them. Pure.

An arrangement is the fold of a log over the first proposal. Nothing ever leaves it: a page that is blank, taken out or
replaced keeps its place and is marked, so that after every command each page is in exactly one place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from records.errors import ArchiveFault, Conflict, Unfit

MOST_PAGES = 5000
"""Pages that one command may name."""


class Mark(StrEnum):
    """What a page is in the arrangement."""

    PAGE = "page"  # a page of its document
    BLANK = "blank"
    DUPLICATE = "duplicate"  # the page before it, scanned twice
    OUT = "out"  # taken out by a person, kept all the same
    SEPARATOR = "separator"
    REPLACED = "replaced"  # scanned again: the newer page stands beside it


class Kind(StrEnum):
    """What a command does."""

    SPLIT = "split"  # a new document begins with this page
    MERGE = "merge"  # the document of this page goes on the one before it
    MOVE = "move"  # these pages, in this order, before, after or at the end of `target`, or as a document of their own
    TURN = "turn"  # turned clockwise for the reading; the master stays as it is
    MARK = "mark"
    REPLACE = "replace"  # `target` takes the place of the page


class Where(StrEnum):
    """Where pages are moved to."""

    BEFORE = "before"  # the page `target`
    AFTER = "after"
    END = "end"  # of the document of `target`
    OWN = "own"  # a document of their own, behind the one of the first of them


class Step(StrEnum):
    """What an entry of the log is."""

    DO = "do"
    UNDO = "undo"
    REDO = "redo"
    DELIVERED = "delivered"  # a page that was scanned again came in; never undone, for its bytes are here
    CONFIRMED = "confirmed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page in its place; `turn`: degrees clockwise that people turned it by."""

    page: str
    mark: Mark = Mark.PAGE
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """What a person asks for; which parts count follows from `kind`."""

    kind: Kind
    pages: tuple[str, ...]
    target: str = ""
    where: Where = Where.END
    turn: int = 0
    mark: Mark = Mark.PAGE


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log: a `command` for `DO`; for `DELIVERED` the `page` that came and the one it is a scan of."""

    step: Step
    command: Command | None = None
    page: str = ""
    of: str = ""


Groups = tuple[tuple[Sheet, ...], ...]
"""Documents in order. One whose sheets are all marked makes no document."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a log counts: the entries to apply, and how many commands can be undone and redone."""

    entries: tuple[Entry, ...]
    undo: int
    redo: int


def standing(log: Sequence[Entry]) -> Standing:
    """Return what counts of a log. Commands keep their places, so a redone one finds what it found the first time.

    Raises `Conflict` (`arrange-nothing-to-undo`, `arrange-nothing-to-redo`).
    """
    done: list[int] = []
    undone: list[int] = []
    for number, entry in enumerate(log):
        if entry.step is Step.DO:
            done.append(number)
            undone.clear()
        elif entry.step is Step.UNDO:
            if not done:
                raise _nothing("undo", "hoàn tác")
            undone.append(done.pop())
        elif entry.step is Step.REDO:
            if not undone:
                raise _nothing("redo", "làm lại")
            done.append(undone.pop())
    counts = set(done)
    kept = [e for n, e in enumerate(log) if n in counts or e.step is Step.DELIVERED]
    return Standing(tuple(kept), len(done), len(undone))


def fold(proposal: Iterable[Iterable[Sheet]], entries: Iterable[Entry]) -> Groups:
    """Return the arrangement after `entries` (see `standing`). Raises `Unfit` for a command that cannot be done."""
    table = _Table(proposal)
    for entry in entries:
        if entry.step is Step.DELIVERED:
            table.lay_beside(entry.page, entry.of)
        elif entry.command is not None:
            table.do(entry.command)
    return tuple(tuple(table.sheet(page) for page in group.pages) for group in table.groups())


def command_json(command: Command) -> dict[str, Any]:
    """Return a command as the log keeps it."""
    return {
        "kind": command.kind.value,
        "pages": list(command.pages),
        "target": command.target,
        "where": command.where.value,
        "turn": command.turn,
        "mark": command.mark.value,
    }


def entry_of(step: str, told: Mapping[str, Any]) -> Entry:
    """Return the entry that the log keeps as `step` and `told`. Raises KeyError, ValueError, TypeError."""
    kind = Step(step)
    if kind is Step.DO:
        command = Command(
            Kind(told["kind"]),
            tuple(map(str, told["pages"])),
            str(told["target"]),
            Where(told["where"]),
            int(told["turn"]),
            Mark(told["mark"]),
        )
        return Entry(kind, command)
    return Entry(kind, None, str(told.get("page", "")), str(told.get("of", "")))


class _Group:
    """Pages that follow each other; groups are a chain, so that none of forty thousand has to be counted."""

    __slots__ = ("after", "before", "pages")

    def __init__(self, pages: list[str]) -> None:
        self.pages = pages
        self.before: _Group | None = None
        self.after: _Group | None = None


class _Table:
    """The sheets laid out, to be changed by one command after the other."""

    def __init__(self, proposal: Iterable[Iterable[Sheet]]) -> None:
        self._head = last = _Group([])  # an empty one before the first, so that every group has a neighbour
        self._group: dict[str, _Group] = {}
        self._marks: dict[str, Mark] = {}
        self._turns: dict[str, int] = {}
        for sheets in proposal:
            group = _Group([])
            for sheet in sheets:
                group.pages.append(sheet.page)
                self._group[sheet.page] = group
                self._marks[sheet.page], self._turns[sheet.page] = sheet.mark, sheet.turn
            self._chain(last, group)
            last = group

    def groups(self) -> Iterator[_Group]:
        group = self._head.after
        while group is not None:
            if group.pages:
                yield group
            group = group.after

    def sheet(self, page: str) -> Sheet:
        return Sheet(page, self._marks[page], self._turns[page])

    def lay_beside(self, page: str, of: str) -> None:
        """Put a page that came later behind the one it is a scan of, marked as taken out."""
        if page in self._group:
            return
        group = self._of(of)
        group.pages.insert(group.pages.index(of) + 1, page)
        self._group[page], self._marks[page], self._turns[page] = group, Mark.OUT, 0

    def do(self, command: Command) -> None:
        if not 1 <= len(command.pages) <= MOST_PAGES or len(set(command.pages)) != len(command.pages):
            raise Unfit(
                f"{len(command.pages)} pages, or one of them twice",
                code="arrange-pages",
                tell=f"Hãy chọn từ 1 đến {MOST_PAGES} trang, mỗi trang một lần.",
            )
        for page in command.pages:
            self._of(page)
        {
            Kind.SPLIT: self._split,
            Kind.MERGE: self._merge,
            Kind.MOVE: self._move,
            Kind.TURN: self._turn,
            Kind.MARK: self._mark,
            Kind.REPLACE: self._replace,
        }[command.kind](command)

    def _split(self, command: Command) -> None:
        page = _single(command)
        group = self._of(page)
        at = group.pages.index(page)
        if at == 0:
            raise Unfit(
                f"{page} is the first already",
                code="arrange-first",
                tell="Trang này đã là trang đầu của tài liệu nên không tách được ở đây. Hãy chọn một trang phía sau.",
            )
        self._begin(group, group.pages[at:])
        del group.pages[at:]

    def _merge(self, command: Command) -> None:
        group = self._of(_single(command))
        before = group.before
        while before is not None and before is not self._head and not before.pages:
            before = before.before
        if before is None or before is self._head:
            raise Unfit(
                "nothing before it",
                code="arrange-no-previous",
                tell="Đây là tài liệu đầu tiên của lô nên không có tài liệu trước để gộp vào.",
            )
        for page in group.pages:
            self._group[page] = before
        before.pages += group.pages
        group.pages = []
        self._unchain(group)

    def _move(self, command: Command) -> None:
        if command.where is Where.OWN:
            group = self._of(command.pages[0])
            self._lift(command.pages)
            self._begin(group, list(command.pages))
            return
        group = self._of(command.target)
        if command.target in command.pages:
            raise Unfit(
                "the target is among the pages",
                code="arrange-target",
                tell="Trang đích nằm trong số trang được chuyển. Hãy chọn trang đích khác.",
            )
        self._lift(command.pages)
        at = len(group.pages)
        if command.where is not Where.END:
            at = group.pages.index(command.target) + (1 if command.where is Where.AFTER else 0)
        group.pages[at:at] = command.pages
        for page in command.pages:
            self._group[page] = group

    def _turn(self, command: Command) -> None:
        if command.turn not in (90, 180, 270):
            raise Unfit(
                f"turn {command.turn}",
                code="arrange-turn",
                tell="Chỉ xoay được 90, 180 hoặc 270 độ theo chiều kim đồng hồ.",
            )
        for page in command.pages:
            self._turns[page] = (self._turns[page] + command.turn) % 360

    def _mark(self, command: Command) -> None:
        if command.mark is Mark.REPLACED or all(self._marks[page] is command.mark for page in command.pages):
            raise Unfit(
                f"mark {command.mark} changes nothing",
                code="arrange-mark",
                tell="Các trang này đã ở trạng thái đó rồi, hoặc trạng thái đó chỉ có khi nộp trang quét lại.",
            )
        for page in command.pages:
            self._marks[page] = command.mark

    def _replace(self, command: Command) -> None:
        old, new = _single(command), command.target
        group = self._of(old)
        if new == old:
            raise _unknown(new)
        self._of(new)
        self._lift((new,))
        group.pages.insert(group.pages.index(old) + 1, new)
        self._group[new] = group
        self._marks[old], self._marks[new] = Mark.REPLACED, Mark.PAGE

    def _of(self, page: str) -> _Group:
        group = self._group.get(page)
        if group is None:
            raise _unknown(page)
        return group

    def _begin(self, behind: _Group, pages: list[str]) -> None:
        group = _Group(pages)
        for page in pages:
            self._group[page] = group
        self._chain(behind, group)

    def _lift(self, pages: Sequence[str]) -> None:
        """Take pages out of their groups; whoever lifts puts them down again."""
        lifted = set(pages)
        for group in {id(g): g for g in (self._group[page] for page in pages)}.values():
            group.pages = [page for page in group.pages if page not in lifted]

    @staticmethod
    def _chain(behind: _Group, group: _Group) -> None:
        group.before, group.after = behind, behind.after
        if behind.after is not None:
            behind.after.before = group
        behind.after = group

    @staticmethod
    def _unchain(group: _Group) -> None:
        if group.before is not None:
            group.before.after = group.after
        if group.after is not None:
            group.after.before = group.before


def _single(command: Command) -> str:
    if len(command.pages) != 1:
        raise Unfit(
            f"{command.kind} of {len(command.pages)} pages",
            code="arrange-one-page",
            tell="Việc này làm với đúng một trang. Hãy chỉ chọn một trang.",
        )
    return command.pages[0]


def _unknown(page: str) -> ArchiveFault:
    return Unfit(
        f"no page {page[:64]} in this delivery",
        code="arrange-no-page",
        tell="Không có trang này trong lô. Hãy tải lại trang rồi chọn lại.",
    )


def _nothing(what: str, viet: str) -> Conflict:
    return Conflict(
        f"nothing to {what}", code=f"arrange-nothing-to-{what}", tell=f"Không còn thao tác nào để {viet}."
    )
