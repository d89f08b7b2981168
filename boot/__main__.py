"""Where `vanthu` starts: runs the command line and ends the process with its exit code.

A file of its own, since every child loads the file that its parent was started as, unless it has this name: with
`boot.cli` each reader of pages would hold the whole command line, a fifth of a second and 15 MB for nothing.
"""

import gc
import os
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

from boot.cli import run


def start() -> NoReturn:
    """Run the command of `sys.argv` and leave.

    What a command loads stays to the end, so the collector rests until it has been loaded (`settings_of` wakes it): it
    would go through the same objects again and again, a sixth of the time that a command takes to start.

    Python would join every thread that still waits (the engine's wait for pages that nobody reads any more), for ever
    after Ctrl+C. Nothing is lost without them: what was done is on disk and recorded, the rest is resumed.
    """
    code = 1
    gc.disable()
    try:
        code = run()
        sys.stdout.flush()
    except SystemExit as leave:  # click's answer to a reader that closed the pipe
        code = leave.code if isinstance(leave.code, int) else 1
    except BaseException:  # noqa: BLE001  told here, as nobody else comes after
        code = code or 1
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    start()
