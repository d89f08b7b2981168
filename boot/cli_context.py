"""What every word of the command line asks of click: the settings, read when a command needs them and not before."""

import gc
from collections.abc import Callable
from typing import cast

import click

from boot.settings import Settings


def settings_of(context: click.Context) -> Settings:
    """Return the settings of this run; `boot/cli.py` put the function that reads them into the context.

    Every command asks for them once it has loaded what it needs: from here on garbage is collected, and what was loaded
    is never looked through.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    return cast(Callable[[], Settings], context.obj)()
