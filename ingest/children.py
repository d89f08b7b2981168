"""What the walk needs of child processes: untrusted bytes and heavy reading never run in the house's own process."""

from collections.abc import Callable
from typing import Literal, ParamSpec, Protocol, TypeVar

from records.errors import ArchiveFault

P = ParamSpec("P")
T = TypeVar("T")

Kind = Literal["parse", "convert", "read", "sign"]
"""Which limits apply: `parse` untrusted files, `convert` office files (another program does it), `read` pages (OCR,
composing), `sign` (holds the key).
"""


class ChildStuck(ArchiveFault):
    """The child ran past its time and was killed; the others go on."""

    code = "child-stuck"


class ChildDied(ArchiveFault):
    """The child was ended by its memory or CPU limit, or crashed."""

    code = "child-died"


class ChildrenStopped(RuntimeError):
    """The house is closing, so the task was not done. It says nothing about the file, hence it is no `ArchiveFault`:
    nobody may record it as a refusal, and the task is run again at the next start.
    """


class Children(Protocol):
    """Runs module-level functions in limited child processes that die with their parent."""

    def run(
        self, kind: Kind, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `function` returns in a child of `kind`, or raise what it raises.

        `seconds` is wall time. Raises `ChildStuck` when it is over, `ChildDied` when the child ended by itself,
        `records.errors.Away` when children are ended from outside again and again (not the task's fault: try later),
        `ChildrenStopped` when the house closes. A task whose child was ended from outside is run again from its
        beginning, so `function` must bear that.
        """
        ...
