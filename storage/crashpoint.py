"""Die here, when a test of our own says so: the fault campaign kills the process at named points of the walk.

Costs one look at a constant when no test asks. See docs/reliability.md for the points.
"""

import os
import signal

_ASKED = os.environ.get("VANTHU_CRASHPOINT", "")
"""`name` or `name:n`: die at the n-th passing of the point (the first by default)."""
_passed: dict[str, int] = {}


def crashpoint(name: str) -> None:
    """Kill this process with SIGKILL when the environment names this point; else do nothing."""
    if not _ASKED:
        return
    wanted, _, nth = _ASKED.partition(":")
    if name != wanted:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
