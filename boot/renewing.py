"""`vanthu renew` and `vanthu provable`: keep seals provable, tell until when they are and what a revocation touches."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from boot.childroom import open_children, read_life_in_child, renew_in_child
from boot.house import House, open_house
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, say
from ingest.tools import IngestTools
from jobs.renewal import RenewalRound, RenewalTools
from records.clock import vietnam_iso
from records.errors import ArchiveFault
from signing.provable import ProvableUntil
from signing.renew import Renewed
from signing.revoked import Effect, Revocation, effect_of, read_revocations
from storage.pace import Pace
from storage.progress import Turn
from storage.seal_life import KeptCertificate, LifeState, SealLife

COMMAND = "command:"
"""Before the name of a pass that a person started."""
RENEW_SECONDS = 600.0
READ_SECONDS = 120.0
BYTES_A_SECOND = 10 * 1024 * 1024
FILES_A_SECOND = 4.0
"""Each renewal asks the time-stamp authority twice, and it serves more than this house."""
_LISTED = 1000


def renewal_round(tools: IngestTools, settings: Settings, pace: Pace, **more: Any) -> RenewalRound:
    """Return the renewal round over a house; `more` as `RenewalRound` takes it."""

    def renew(source: Path, out: Path) -> Renewed:
        seconds = RENEW_SECONDS + source.stat().st_size / BYTES_A_SECOND
        return tools.children.run("sign", seconds, renew_in_child, settings.signing, source, out)

    return RenewalRound(RenewalTools(tools, renew, life_reader(tools, settings)), pace, **more)


def life_reader(tools: IngestTools, settings: Settings) -> Callable[[Path], ProvableUntil]:
    """Return what reads in a child until when a file can be proven."""

    def read(path: Path) -> ProvableUntil:
        seconds = READ_SECONDS + path.stat().st_size / BYTES_A_SECOND
        return tools.children.run("parse", seconds, read_life_in_child, path, settings.roots)

    return read


def renew(settings: Settings, due_before: datetime | None, *, dry_run: bool, as_json: bool) -> Exit:
    """Renew now what is due (by `due_before`). Exit code 3: a file is left to a person; 4: something is away."""
    from boot.wiring import ingest_tools

    with open_house(settings) as house, open_children(settings, "sign", "parse") as children:
        if dry_run:
            return _show_due(house, due_before or house.clock.now(), as_json=as_json)
        one = renewal_round(
            ingest_tools(house, children),
            settings,
            Pace(float(BYTES_A_SECOND), FILES_A_SECOND),
            due_before=due_before,
            prefix=COMMAND,
        )
        with progress_bar(quiet=as_json or not console.is_terminal) as bar:
            total = one.due()
            task = bar.add_task("Gia hạn dấu thời gian", total=total, rate="")
            while one.turn(one_at_a_time()) is Turn.MORE:
                total = max(total, one.due())
                bar.update(task, total=total, completed=total - one.due())
        return _show_pass(house, one, as_json=as_json)


def provable(settings: Settings, before: datetime | None, limit: int, *, listed: bool, as_json: bool) -> Exit:
    """List files by the date until which they can be proven, or those a person must look at (exit code 1 then)."""
    with open_house(settings) as house, house.work.reading() as tx:
        if listed:
            lives = tx.seal_lives.listed(limit)
        else:
            lives = tx.seal_lives.ending(
                before or datetime.max.replace(tzinfo=house.clock.now().tzinfo), limit
            )
    for life in lives:
        _show(life, as_json=as_json)
    if not lives:
        say(
            "Không có tệp nào."
            if listed or before
            else "Chưa có tệp nào được ghi hạn. Hãy chạy `vanthu renew`."
        )
    return Exit.NO if listed and lives else Exit.WELL


def touched(
    settings: Settings, revocations: Sequence[Revocation], crl: Path | None, *, as_json: bool
) -> Exit:
    """List every document that rests on a revoked certificate, and whether it still proves something.

    Exit code 1 when one does not. `crl`: a revocation list (DER or PEM) signed by a configured root.
    """
    found = [*revocations, *(read_revocations(crl, settings.roots) if crl is not None else ())]
    lost = good = 0
    with open_house(settings) as house:
        for revocation in found:
            after = ""
            while True:
                with house.work.reading() as tx:
                    uses = tx.seal_lives.relying_on(revocation.serial, after, _LISTED)
                if not uses:
                    break
                for use in uses:
                    if revocation.issuer in ("", use.issuer):
                        effect = effect_of(revocation, use.role, use.used_at, use.covered_at)
                        lost += effect is Effect.LOST
                        good += effect is Effect.GOOD
                        _show_use(revocation, use, effect, as_json=as_json)
                after = uses[-1].document_id
    say(f"Chứng thư thu hồi: {len(found)} · chỗ dùng vẫn có giá trị: {good} · không còn đủ chứng cứ: {lost}")
    return Exit.NO if lost else Exit.WELL


def one_at_a_time() -> Callable[[], bool]:
    """Return an `enough` that lets one file through, so that the bar moves."""
    asked = iter([False])
    return partial(next, asked, True)


def _show_due(house: House, by: datetime, *, as_json: bool) -> Exit:
    with house.work.reading() as tx:
        due = tx.seal_lives.due(by, house.clock.now(), 100_000)
    for life in due:
        _show(life, as_json=as_json)
    say(f"Đến hạn: {len(due)} tệp. Chưa gia hạn tệp nào (--dry-run).")
    return Exit.WELL


def _show_pass(house: House, one: RenewalRound, *, as_json: bool) -> Exit:
    with house.work.begin() as tx:
        standing = tx.passes.get(one.name)
        tx.passes.alarm(one.name, "")  # told here
        listed = tx.seal_lives.listed(_LISTED)
    counts = dict(standing.counts) if standing else {}
    if as_json:
        emit({"pass": "renewal", **counts, "away": one.away, "listed": [life.document_id for life in listed]})
    else:
        say(
            f"Đã gia hạn {counts.get('renewed', 0)}, ghi hạn {counts.get('read', 0)}, "
            f"chờ {counts.get('waiting', 0) + counts.get('unread', 0)} tệp."
        )
        for life in listed:
            say(f"✗ {life.document_id}: không gia hạn được, cần người xem ({life.reason})")
        if one.away:
            say(f"⚠ Chưa làm xong, chưa tệp nào bị thay đổi: {one.away}")
    if one.away:
        return Exit.MISSING_TOOL
    return Exit.REFUSED if listed else Exit.WELL


def _show(life: SealLife, *, as_json: bool) -> None:
    if as_json:
        moments = {
            name: vietnam_iso(moment) if moment else None
            for name, moment in (
                ("provable_until", life.provable_until),
                ("due_at", life.due_at),
                ("last_time_stamp", life.last_time_stamp),
                ("certificate_until", life.certificate_until),
                ("algorithm_until", life.algorithm_until),
            )
        }
        told = {"algorithm": life.algorithm, "why": life.why, "reason": life.reason}
        emit(
            {
                "document_id": life.document_id,
                "version": life.version,
                "state": life.state.value,
                **moments,
                **told,
            }
        )
        return
    until = f"{life.provable_until:%Y-%m-%d}" if life.provable_until else "không rõ"
    due = f", gia hạn từ {life.due_at:%Y-%m-%d}" if life.due_at and life.state is LifeState.CURRENT else ""
    note = f" · {life.reason}" if life.reason else ""
    say(
        f"{life.document_id} v{life.version}: chứng minh được đến {until} ({life.why or 'chưa đọc được'}){due}{note}"
    )


def _show_use(revocation: Revocation, use: KeptCertificate, effect: Effect, *, as_json: bool) -> None:
    proven = use.used_at or use.covered_at
    if as_json:
        emit(
            {
                "document_id": use.document_id,
                "serial": use.serial,
                "role": use.role,
                "revoked_at": vietnam_iso(revocation.revoked_at),
                "used_at": vietnam_iso(use.used_at) if use.used_at else None,
                "covered_at": vietnam_iso(use.covered_at) if use.covered_at else None,
                "effect": effect.value,
            }
        )
    elif effect is Effect.GOOD:
        say(f"✓ {use.document_id}: có trước khi thu hồi, có dấu thời gian chứng minh ({proven:%Y-%m-%d})")
    else:
        say(f"✗ {use.document_id}: không có gì chứng minh chữ ký có trước khi thu hồi; cần người xem xét")


def parse_reason(reason: str) -> str:
    """Return the reason of a revocation as `Revocation` names it. Raises `ArchiveFault` (`bad-settings`)."""
    name = reason.strip().lower().replace("-", "_")
    if name and not name.replace("_", "").isalpha():
        raise ArchiveFault(f"reason {reason!r}", code="bad-settings", tell="Lý do thu hồi không đúng dạng.")
    return name
