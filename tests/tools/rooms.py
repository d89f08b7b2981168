"""The room that children of tests and campaigns are shut into, as `boot.childroom` shuts in those of the service."""

import tempfile
from pathlib import Path

from jobs.sandbox import Room

_TESTS = Path(__file__).parents[1]


def room(folder: Path) -> Room:
    """Return a room in which all work is done below `folder`; the tests' own functions can be loaded."""
    temp = Path(tempfile.mkdtemp(prefix="rieng-", dir=folder))
    return Room((_TESTS,), (folder,), temp)
