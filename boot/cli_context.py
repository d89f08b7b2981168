"""What every word of the command line asks of click: the settings, read when a command needs them and not before."""

from collections.abc import Callable
from typing import cast

import click

from boot.settings import Settings


def settings_of(context: click.Context) -> Settings:
    """Return the settings of this run; `boot/cli.py` put the function that reads them into the context."""
    return cast(Callable[[], Settings], context.obj)()
