"""`vanthu complete`: give the seals of a bulk run their archive time stamp now, without waiting for the night.

A word of its own beside `vanthu renew`: completing touches every file of the last run, renewing what years have made
due; who wants the one must not have to wait for the other.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from boot.childroom import complete_in_child, open_children
from boot.house import House, open_house
from boot.papers import sealing_seconds
from boot.renewing import BYTES_A_SECOND, COMMAND, FILES_A_SECOND, life_reader, one_at_a_time
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, say
from ingest.tools import IngestTools
from jobs.completion import CompletionRound, CompletionTools
from signing.seal import LEVEL, Sealed
from storage.pace import Pace
from storage.progress import Turn


def completion_round(tools: IngestTools, settings: Settings, pace: Pace, **more: Any) -> CompletionRound:
    """Return the completion round over a house; `more` as `CompletionRound` takes it."""

    def complete(source: Path, out: Path) -> Sealed:
        return tools.children.run(
            "sign", sealing_seconds(source), complete_in_child, settings.signing, source, out
        )

    longest = timedelta(days=settings.completion_days)
    made = CompletionTools(tools, complete, life_reader(tools, settings))
    return CompletionRound(made, pace, longest=longest, **more)


def complete(settings: Settings, *, dry_run: bool, as_json: bool) -> Exit:
    """Complete now what waits. Exit code 3: a file is left to a person or waits on; 4: something is away."""
    from boot.wiring import ingest_tools

    with open_house(settings) as house, open_children(settings, "sign", "parse") as children:
        pace = Pace(float(BYTES_A_SECOND), FILES_A_SECOND)
        one = completion_round(ingest_tools(house, children), settings, pace, prefix=COMMAND)
        total = one.waiting()
        if not dry_run:
            with progress_bar(quiet=as_json or not console.is_terminal) as bar:
                task = bar.add_task("Hoàn tất con dấu lưu trữ", total=total, rate="")
                while one.turn(one_at_a_time()) is Turn.MORE:
                    bar.advance(task)
        return _show(house, one, as_json=as_json, dry_run=dry_run)


def _show(house: House, one: CompletionRound, *, as_json: bool, dry_run: bool) -> Exit:
    with house.work.begin() as tx:
        standing = None if dry_run else tx.passes.get(one.name)
        if standing is not None:
            tx.passes.alarm(one.name, "")  # told here
        waiting = tx.seal_lives.count_incomplete(LEVEL)
    counts = dict(standing.counts) if standing else {}
    if as_json:
        emit({"pass": "completion", **counts, "away": one.away, "left": waiting})
    elif dry_run:
        say(f"Chờ dấu thời gian lưu trữ: {waiting} tệp. Chưa hoàn tất tệp nào (--dry-run).")
    else:
        say(f"Đã hoàn tất {counts.get('completed', 0)} tệp, còn chờ {waiting} tệp.")
        if counts.get("listed"):
            say(f"✗ {counts['listed']} tệp không qua được kiểm tra, cần người xem: vanthu provable --listed")
        if one.away:
            say(f"⚠ Chưa làm xong, chưa tệp nào bị thay đổi: {one.away}")
    if one.away:
        return Exit.MISSING_TOOL
    return Exit.REFUSED if waiting and not dry_run else Exit.WELL
