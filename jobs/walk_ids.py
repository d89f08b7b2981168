"""The names of the walk's workflows: fixed ids make every enqueue repeatable, and tell whose work it was.

`<version>:<kind>:<object id>:<attempt>[:<part>]`
"""

from dataclasses import dataclass, replace

from jobs.engine import APPLICATION_VERSION

_OWNERS = {
    "batch": "batch",
    "files": "batch",
    "ahead": "batch",
    "document": "document",
    "pages": "document",
    "sign": "document",
    "index": "document",
}
"""Whose trouble the trouble of each kind of work is. Other kinds (papers to be signed) are not the walk's."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Work that can be tried again as a whole, and which try (from 0) is meant."""

    kind: str
    object_id: str
    attempt: int

    def first_try(self) -> "Owner":
        """Return the same work whatever the try."""
        return replace(self, attempt=0)

    def next_try(self) -> str:
        """Return the workflow id of the try after this one."""
        return workflow_id(self.kind, self.object_id, self.attempt + 1)


def workflow_id(kind: str, object_id: str, attempt: int, *part: object) -> str:
    """Return the id of the `attempt`-th try (from 0) of the work `kind` on an object, or of a part of it.

    >>> workflow_id("pages", "d1", 0, 9)
    '5:pages:d1:0:9'
    """
    return ":".join((APPLICATION_VERSION, kind, object_id, *map(str, (attempt, *part))))


def owner_of(name: str) -> Owner | None:
    """Return what a person would try again: a document for its pages, a batch for its files; None for others' names.

    >>> owner_of("5:pages:d1:0:9")
    Owner(kind='document', object_id='d1', attempt=0)
    """
    version, _, rest = name.partition(":")
    parts = rest.split(":")
    if (
        version != APPLICATION_VERSION
        or len(parts) < 3
        or not parts[2].isdecimal()
        or parts[0] not in _OWNERS
    ):
        return None
    return Owner(_OWNERS[parts[0]], parts[1], int(parts[2]))
