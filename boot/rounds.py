"""`vanthu fixity`, `vanthu reconcile` and the standing rounds of a worker: the same rounds, called or continuous."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from time import monotonic

from boot.auditing import audit_keeper
from boot.house import House, open_house
from boot.renewing import FILES_A_SECOND
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, say
from ingest.drift import IndexRound, forget_ghosts
from jobs.rounds import Rounds, log_drift
from procedures.sign_at_desk import DeskSweep
from storage.complaints import Complaints
from storage.fixity import FixityOptions, FixityRound
from storage.leftovers import IntentRound, OutboxRound, StagingRound
from storage.mending import Mender, Stores
from storage.objects import KeptObject, ObjectState, Side
from storage.outbox import INDEX
from storage.pace import Pace
from storage.paired import PairedStore
from storage.progress import Round, Turn
from storage.reconcile import Drift, Kind, ReconcileOptions, StoreRound, Tell
from storage.schema import storable

COMMAND = "command:"
"""Before the names of passes that a person started, apart from those of the standing rounds."""
OBJECTS_A_SECOND = 200.0
_FRESH = timedelta(days=1)
"""What a batch brings in is not read again while it is still coming in; damage of the first day is found after it."""
_LOOK_SECONDS = 1.0
_LISTED = 20
_MOST_BAD = 100_000
_SIDES = {Side.FIRST: "kho chính", Side.COPY: "kho bản sao"}
_COUNTS = {
    "objects": "đã xem",
    "documents": "tài liệu",
    "missing": "thiếu",
    "damaged": "hỏng",
    "stale": "cũ",
    "ahead": "mới hơn sổ",
    "ghosts": "thừa trong chỉ mục",
    "orphans": "không ai nhận",
    "on_the_way": "đang đến",
    "misnoted": "sổ ghi sai cỡ",
    "held": "tệp tạm",
    "old": "tệp tạm quá hạn",
    "mended": "đã sửa",
    "noted": "đã giao lập lại",
    "struck": "đã xóa ghi chú",
    "dropped": "đã dọn",
    "waiting": "chưa sửa được",
    "lost": "mất ở mọi kho",
}
_WRONG = ("missing", "damaged", "misnoted", "orphans", "stale", "ahead", "ghosts", "old")
_PUT_RIGHT = ("mended", "noted", "struck", "dropped")
_KINDS = {
    Kind.MISSING: "mất",
    Kind.WRONG_SIZE: "sai cỡ",
    Kind.ORPHAN: "không ai nhận",
    Kind.STALE_INTENT: "việc gửi dở",
    Kind.OLD_STAGING: "tệp tạm quá hạn",
    Kind.NOT_INDEXED: "chưa có trong chỉ mục",
    Kind.STALE_INDEX: "chỉ mục khác sổ",
    Kind.GHOST: "thừa trong chỉ mục",
}
_STATES = {ObjectState.GOOD: "tốt", ObjectState.MISSING: "mất", ObjectState.DAMAGED: "hỏng"}


def standing_rounds(
    house: House,
    holder: str,
    complaints: Complaints | None = None,
    more: Callable[[Pace], Sequence[Round]] = lambda pace: (),
) -> Rounds:
    """Return the rounds of a worker process, not started yet; `holder` is its name among the workers.

    `more` makes further rounds, which wait on the pace they are given.
    """
    ending = threading.Event()
    mender = _mender(house)
    pace = Pace(house.settings.fixity_bytes_second, OBJECTS_A_SECOND, pause=ending.wait)
    options = FixityOptions(period=timedelta(days=house.settings.fixity_days), fresh=_FRESH)
    rounds: list[Round] = [FixityRound(mender, side, pace, options) for side in mender.stores.sides]
    rounds += _comparisons(house, mender, ReconcileOptions(), log_drift())
    rounds.append(OutboxRound(house.work, ReconcileOptions()))
    rounds += more(Pace(house.settings.fixity_bytes_second, FILES_A_SECOND, pause=ending.wait))
    return Rounds(
        house.work,
        rounds,
        holder,
        mender=mender,
        complaints=complaints,
        chores=[
            audit_keeper(house).round,
            partial(forget_ghosts, house.work, house.index),
            DeskSweep(house.work, house.staging, house.clock),
        ],
        ending=ending,
    )


def fixity(settings: Settings, *, everything: bool, as_json: bool) -> Exit:
    """Read what is due (or everything) again and mend what can be mended.

    Exit code 1 when an object is bad in some store afterwards, 4 when a store is away.
    """
    with open_house(settings) as house:
        mender = _mender(house)
        # what could not be mended is not tried twice in one run
        options = FixityOptions(period=timedelta(days=settings.fixity_days), retry=timedelta(days=3650))
        pace = Pace(settings.fixity_bytes_second, OBJECTS_A_SECOND)
        rounds = [
            FixityRound(mender, side, pace, options, everything=everything, prefix=COMMAND)
            for side in mender.stores.sides
        ]
        for one in rounds:
            _to_the_end(one, f"Đọc lại {_SIDES[one.side]}", one.due, quiet=as_json)
        for one in rounds:
            _show_pass(house, one, as_json=as_json)
        with house.work.reading() as tx:
            # where there is one store only, the other column says nothing
            bad = [k for k in tx.objects.bad(_MOST_BAD) if any(not _good(k, s) for s in mender.stores.sides)]
    for kept in bad:
        _show_bad(kept, mender.stores, as_json=as_json)
    if any(one.away for one in rounds):
        return Exit.MISSING_TOOL
    return Exit.NO if bad else Exit.WELL


def reconcile(settings: Settings, *, repair: bool, as_json: bool) -> Exit:
    """Compare rows, stores and index both ways; mend when asked to. Nothing but drafts a week old is ever deleted.

    Exit code 1 when something differs (and was not put right), 4 when a store or the index is away.
    """
    found: list[Drift] = []
    with open_house(settings) as house:
        mender = _mender(house, refill=repair)
        rounds = _comparisons(
            house, mender, ReconcileOptions(repair=repair), _emit_drift if as_json else found.append, COMMAND
        )
        for one in rounds:
            _to_the_end(one, f"Đối chiếu {one.name.rpartition(':')[2]}", None, quiet=as_json)
        if repair:
            forget_ghosts(house.work, house.index)  # while another process has the pen, that one will
        left = sum(_show_pass(house, one, as_json=as_json) for one in rounds)
        with house.work.reading() as tx:
            backlog = tx.outbox.backlog(INDEX)
    _show_drift(found)
    if as_json:
        emit({"pass": "outbox", "waiting": backlog.waiting, "failing": backlog.failing})
    else:
        say(f"Việc chờ lập chỉ mục: {backlog.waiting}, trong đó đã lỗi: {backlog.failing}")
    if any(one.away for one in rounds):
        return Exit.MISSING_TOOL
    return Exit.NO if left else Exit.WELL


def _comparisons(
    house: House, mender: Mender, options: ReconcileOptions, tell: Tell, prefix: str = ""
) -> list[StoreRound | IntentRound | StagingRound | IndexRound]:
    stores = [StoreRound(mender, side, options, tell, prefix=prefix) for side in mender.stores.sides]
    return [
        *stores,
        IntentRound(house.work, mender.stores.first, options, tell, prefix=prefix),
        StagingRound(house.work, house.staging, options, tell, prefix=prefix),
        IndexRound(house.work, house.index, options, tell, prefix=prefix),
    ]


def _mender(house: House, *, refill: bool = False) -> Mender:
    blobs = house.blobs
    stores = Stores(blobs.first, blobs.copy) if isinstance(blobs, PairedStore) else Stores(blobs)
    return Mender(house.work, stores, house.settings.data_dir / "mending", refill=refill)


def _to_the_end(one: Round, words: str, left: Callable[[], int] | None, *, quiet: bool) -> None:
    """Turn a round until it has nothing more to do or what it needs is away. Ctrl+C loses nothing."""
    total = left() if left else None
    with progress_bar(quiet=quiet or not console.is_terminal) as bar:
        task = bar.add_task(words, total=total, rate="")
        turn = Turn.MORE
        while turn is Turn.MORE:
            until = monotonic() + _LOOK_SECONDS
            turn = one.turn(lambda until=until: monotonic() >= until)  # type: ignore[misc]
            if left and total is not None:
                bar.update(task, completed=total - left(), rate="")


def _show_pass(house: House, one: Round, *, as_json: bool) -> int:
    """Print the figures of a pass; return how much of what it found is not put right."""
    with house.work.begin() as tx:
        standing = tx.passes.get(one.name)
        tx.passes.alarm(
            one.name, ""
        )  # told to the person here; it is the standing rounds that call for people
    counts = dict(standing.counts) if standing else {}
    alarm, away = standing.alarm if standing else "", one.away
    name = one.name.removeprefix(COMMAND)
    if as_json:
        emit({"pass": name, **counts, "alarm": alarm, "away": away})
    else:
        told = ", ".join(f"{_COUNTS[key]} {counts[key]:,}" for key in _COUNTS if counts.get(key))
        say(f"{name}: {told or 'không có gì phải làm'}")
        if away:
            say(f"  ⚠ chưa làm được, chưa có gì bị coi là mất: {away}")
        if alarm:
            say(f"  ⚠ cảnh báo: {alarm}")
    return sum(counts.get(key, 0) for key in _WRONG) - sum(counts.get(key, 0) for key in _PUT_RIGHT)


def _good(kept: KeptObject, side: Side) -> bool:
    return kept.state(side) is ObjectState.GOOD


def _show_bad(kept: KeptObject, stores: Stores, *, as_json: bool) -> None:
    if as_json:
        told = {side.value: kept.state(side).value for side in stores.sides}
        emit({"key": kept.key, "sha256": kept.sha256, "size": kept.size, **told, "reason": kept.reason})
        return
    states = ", ".join(f"{_SIDES[side]} {_STATES[kept.state(side)]}" for side in stores.sides)
    say(f"✗ {kept.key}: {states}")
    if not any(_good(kept, side) for side in stores.sides):
        say("  Không kho nào còn tệp này. Hãy khôi phục từ bản sao lưu (docs/howto/fixity.md).")


def _emit_drift(drift: Drift) -> None:
    emit({"kind": drift.kind.value, "where": drift.where, "key": storable(drift.key), "detail": drift.detail})


def _shown(key: str) -> str:
    """A stranger's file may be named anything, also what a terminal would obey."""
    return "".join(c if c.isprintable() else "\ufffd" for c in key)


def _show_drift(found: list[Drift]) -> None:
    kinds = Counter(drift.kind for drift in found)
    for kind, count in kinds.items():
        for drift in [drift for drift in found if drift.kind is kind][:_LISTED]:
            say(f"✗ {_KINDS[kind]}: {drift.where} {_shown(drift.key)} ({drift.detail})")
        if count > _LISTED:
            say(f"  … và {count - _LISTED:,} mục nữa (dùng --json để xem hết)")
