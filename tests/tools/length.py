"""How much of the long things a test run does: a sample in `make test`, all of it in `make test-long`."""

import os
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

LONG = os.environ.get("VANTHU_LONG") == "1"
"""Whether this run takes the time it needs (`make test-long`)."""


def sample(every: Sequence[Item], nth: int) -> Sequence[Item]:
    """Return all of it in a long run, else each `nth`."""
    return every if LONG else every[::nth]
