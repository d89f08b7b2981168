"""The public check of an issued paper: slowed down for whoever guesses, one answer for all that is not there."""

import time

from api.deps import Desk
from api.errors import SlowDown
from procedures.check_mark import public_paper
from procedures.paper_check import PaperTold, paper_told
from records.errors import Missing

GUESSES = 5
"""Wrong checks from one address, times the failing log-ins of an account, in the same window."""
VIEWS = 40
"""Likewise views that were right: enough for an office behind one address, too few to try codes through."""


def checked_paper(desk: Desk, named: str, check: str, address: str) -> PaperTold:
    """Return what the public may know of a paper. Raises `Missing`, `SlowDown`.

    Without a public address papers carry no mark, and there is nothing to check.
    """
    tools, now = desk.tools, time.monotonic()
    tries = tools.limits.login_tries
    guessing, looking = f"check {address}", f"look {address}"
    wait = max(
        desk.throttle.wait_for(guessing, tries * GUESSES, now),
        desk.throttle.wait_for(looking, tries * VIEWS, now),
    )
    if wait:
        raise SlowDown(wait, "Kiểm tra văn bản từ địa chỉ này")
    desk.throttle.failed(looking, now)
    try:
        if not tools.cases.public_url or not public_paper(named, check):
            raise Missing(f"no public paper {named[:80]!r}")
        with tools.work.reading() as tx:
            return paper_told(tx, tools.cases.tools.definitions, named, check)
    except Missing:
        desk.throttle.failed(guessing, now)
        raise
