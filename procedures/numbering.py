"""Give an outgoing paper its number and date, strike a number out, describe it in the register: each once, for good.

Everything happens in the caller's transaction and is true when that commits. A paper that asks again is told the number
it has, so whoever was killed or heard nothing may simply ask again. Rules: `number_rules.py`; docs/decisions/0092.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from procedures.number_periods import period_on
from procedures.number_steps import (
    Wish,
    enter,
    held_line,
    hold_series,
    is_for,
    number_before,
    numbered,
    tell_log,
)
from procedures.register_entry import fit_delivery, fit_entry, fit_reason
from records.errors import Conflict, Unfit
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.number_values import Entry, Number, NumberState
from storage.work import Tx

MOST = 900_000
"""The highest number that may be carried on from: what is read back has at most six digits."""


def take(tx: Tx, actor_id: str, wish: Wish) -> Number:
    """Give a paper the next number of its series, dated today; the number it has when it has one already.

    Raises `Unfit` (`type-without-number`, `notation-unfit`, `register-entry`, `number-future`, `no-term`,
    `no-congress`), `Conflict` (`number-back-dated`, `paper-numbered`: it has another number), `Away` (`clock-behind`).
    """
    return take_all(tx, actor_id, [wish])[0]


def take_all(tx: Tx, actor_id: str, wishes: Sequence[Wish]) -> list[Number]:
    """Number several papers in the order given, all or none: on a fault (as of `take`) give the transaction up."""
    if not all(wish.paper_id for wish in wishes):
        raise ValueError("a number without a paper is held, not taken")
    for paper_id in sorted({wish.paper_id for wish in wishes}):
        tx.numbers.hold_paper(paper_id)
    known = {wish.paper_id: number_before(tx, wish) for wish in wishes}
    new = {wish.paper_id: wish for wish in wishes if known[wish.paper_id] is None}
    day, places, series = hold_series(tx, list(new.values()))
    place_of = dict(zip(new, places, strict=True))
    given, fresh = [], []
    for wish in wishes:
        number = known[wish.paper_id]
        if number is None:
            entry = fit_entry(wish.entry)
            fit_delivery(entry, day, day)
            number = enter(tx, actor_id, wish, place_of[wish.paper_id], series, day, entry=entry)
            known[wish.paper_id] = number
            fresh.append(number)
        elif not is_for(number, wish):
            raise numbered(number)
        given.append(number)
    crashpoint("number-entered")
    for number in fresh:
        tell_log(tx, actor_id, "number-issued", number, {"paper": number.paper_id})
    return given


def void(tx: Tx, actor_id: str, unit_id: str, number_id: str, reason: str) -> Number:
    """Strike a number out for a reason; it keeps its line and is never given again. Again: nothing changes.

    Raises `Missing`, `Unfit` (`reason-missing`, `reason-too-long`).
    """
    why = fit_reason(reason, "lý do hủy số")
    number = held_line(tx, unit_id, number_id)
    if number.state is NumberState.VOID:
        return number
    struck = tx.numbers.void(number, why)
    tell_log(tx, actor_id, "number-voided", struck, {"paper": struck.paper_id, "reason": why})
    return struck


def describe(tx: Tx, actor_id: str, unit_id: str, number_id: str, entry: Entry) -> Number:
    """Change what the register tells of an issued paper beside number and date: who has it, when it was sent …

    Raises `Missing`, `Unfit` (`register-entry`), `Conflict` (`number-changed`: it is not issued).
    """
    fitting = fit_entry(entry)
    number = held_line(tx, unit_id, number_id)
    fit_delivery(fitting, number.day, tx.numbers.today())
    if fitting == number.entry:
        return number
    changed = tx.numbers.describe(number, fitting)
    names = (
        name for name in Entry.__dataclass_fields__ if getattr(fitting, name) != getattr(number.entry, name)
    )
    tell_log(tx, actor_id, "number-described", changed, {"changed": " ".join(names)})
    return changed


def carry_on(tx: Tx, actor_id: str, wish: Wish, last: int, last_day: date) -> None:
    """Let the series of papers like `wish` go on after `last` of `last_day`: the last of the register kept till now.

    Only before the first number is taken from it here; the same again changes nothing. Raises `Unfit` (`carry-on`, and
    as `take`), `Conflict` (`series-begun`).
    """
    day, (place,), held = hold_series(tx, [replace(wish, issued_on=None)])
    series = held[place.key]
    same_period = (
        period_on(tx, place.rule, wish.unit_id, last_day, congress=wish.congress) == place.key.period
    )
    if not (1 <= last <= MOST and last_day <= day and same_period):
        raise Unfit(
            f"carry on after {last} of {last_day}",
            code="carry-on",
            tell=f"Số cuối của sổ cũ phải từ 1 đến {MOST}, đề ngày không sau hôm nay và cùng năm hoặc nhiệm kỳ này.",
        )
    if (series.begins_at, series.last >= last) == (last + 1, True):
        return
    if series.last:
        raise Conflict(
            f"series {series.id} has numbers up to {series.last}",
            code="series-begun",
            tell=f"Sổ này đã có số {series.last} nên không đổi số bắt đầu được nữa.",
        )
    tx.numbers.carry_on(series, last, last_day)
    told: dict[str, Scalar] = {
        "unit": wish.unit_id,
        "type": place.type_name,
        "last": last,
        "last_day": last_day.isoformat(),
    }
    tx.audit.append(actor_id, "number-series-carried-on", series.id, "done", told)
