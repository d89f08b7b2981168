"""Hold numbers for papers that are not ready: for whom, for what, until when; use them in order, or strike them out.

The one way to an earlier date: a paper may take a number that was held since then (NĐ 30/2020, Điều 15: numbers and
dates follow one order). See docs/decisions/0093.
"""

from dataclasses import replace
from datetime import date

from procedures.number_periods import period_on
from procedures.number_rules import rule_at
from procedures.number_steps import (
    Wish,
    enter,
    held_line,
    hold_series,
    is_for,
    number_before,
    numbered,
    other_day,
    tell_log,
)
from procedures.register_entry import fit_delivery, fit_entry, fit_reason
from records.errors import Conflict, NotAllowed, Unfit
from storage.crashpoint import crashpoint
from storage.number_values import Hold, Number, NumberState
from storage.work import Tx, Work

HOUSE = "system:numbering"
"""Who strikes out numbers that were held and never used."""


def hold(tx: Tx, actor_id: str, wish: Wish, hold_id: str, holder: str, purpose: str, until: date) -> Number:
    """Keep the next number of a series for a later paper of `holder` (an account), to be used until the day `until`.

    `hold_id`: a `new_id()` of the caller's; the same one again is told the number it has. Raises as `take`, and `Unfit`
    (`reason-missing`, `hold-until`).
    """
    tx.numbers.hold_paper(hold_id)
    known = tx.numbers.find(hold_id)
    if known is not None:
        if (known.series.unit_id, known.hold and known.hold.holder) != (wish.unit_id, holder):
            raise Conflict(f"hold {hold_id} is another's", code="idempotency-conflict")
        return known
    why = fit_reason(purpose, "mục đích giữ số")
    day, (place,), series = hold_series(tx, [replace(wish, issued_on=None)])
    last = date(day.year, 12, 31) if place.rule.period == "year" else date.max
    if not day <= until <= last:
        raise Unfit(
            f"held until {until}, today {day}, at most {last}",
            code="hold-until",
            tell="Ngày hết hạn giữ số phải từ hôm nay"
            + (
                f" đến {last:%d/%m/%Y}: hết năm, số của năm không dùng được nữa."
                if last != date.max
                else " trở đi."
            ),
        )
    kept = Hold(holder, why, day, until)
    number = enter(tx, actor_id, wish, place, series, day, number_id=hold_id, kept=kept)
    crashpoint("number-entered")
    tell_log(tx, actor_id, "number-held", number, {"holder": holder, "until": until.isoformat()})
    return number


def use(tx: Tx, actor_id: str, number_id: str, wish: Wish, holder: str) -> Number:
    """Give a held number to a paper of `holder`, for whom it was kept.

    The paper's date (today by default) may be an earlier one, back to the day the number was held, when the rule allows
    it and numbers and dates stay in one order. Raises `Missing`, `NotAllowed` (`hold-of-another`), `Unfit`
    (`hold-other-paper`, `number-future`, as `take`), `Conflict` (`number-not-held`, `hold-lapsed`, `number-back-dated`,
    `number-out-of-order`, `paper-numbered`).
    """
    if not wish.paper_id:
        raise ValueError("a held number is used for a paper")
    tx.numbers.hold_paper(wish.paper_id)
    tx.numbers.hold_periods(wish.unit_id)
    number = held_line(tx, wish.unit_id, number_id)
    before = number_before(tx, wish)
    if before is not None:
        if before.id == number.id:
            return before
        raise numbered(before)
    kept = number.hold
    if number.state is not NumberState.HELD or kept is None:
        raise Conflict(
            f"number {number.id} is {number.state}",
            code="number-not-held",
            tell=f"Số {number.written} không còn ở trạng thái giữ trước. Hãy lấy số mới hoặc dùng số giữ khác.",
        )
    if kept.holder != holder:
        raise NotAllowed(
            f"number {number.id} is held for another than {holder}",
            code="hold-of-another",
            tell=f"Số {number.written} được giữ cho người khác. Hãy lấy số mới cho văn bản này.",
        )
    if not is_for(number, wish):
        raise Unfit(
            f"number {number.id} ({number.written}) is held for another kind of paper",
            code="hold-other-paper",
            tell=f"Số {number.written} được giữ cho loại văn bản khác. Hãy kiểm tra loại, ký hiệu, độ mật.",
        )
    day = _day_for(tx, number, kept, wish)
    entry = fit_entry(wish.entry)
    fit_delivery(entry, day, tx.numbers.today())
    issued = tx.numbers.issue(number, wish.paper_id, day, entry)
    crashpoint("number-entered")
    tell_log(
        tx, actor_id, "number-issued", issued, {"paper": issued.paper_id, "held_on": kept.since.isoformat()}
    )
    return issued


def lapse(tx: Tx, limit: int = 100) -> list[Number]:
    """Strike out held numbers whose last day is over, at most `limit`, and return them; for the patrol, day by day."""
    over = tx.numbers.lapsed(limit)
    for key in sorted({number.series for number in over}):
        tx.numbers.hold_series(key)
    struck = []
    for number in over:
        now = tx.numbers.get(number.series.unit_id, number.id)
        if now.state is NumberState.HELD and now.hold is not None:
            struck.append(tx.numbers.void(now, f"Hết hạn giữ số ngày {now.hold.until:%d/%m/%Y}"))
    for number in struck:
        tell_log(tx, HOUSE, "number-voided", number, {"reason": number.void_reason})
    return struck


def lapse_due(work: Work, limit: int = 100) -> int:
    """Strike out what `lapse` finds in a transaction of its own; return how many it were. Raises `Away`.

    Looks first without writing: on almost every day there is nothing, and a patrol looks every minute.
    """
    with work.reading() as tx:
        if not tx.numbers.lapsed(1):
            return 0
    with work.begin() as tx:
        return len(lapse(tx, limit))


def _day_for(tx: Tx, number: Number, kept: Hold, wish: Wish) -> date:
    """Return the date of a paper that takes a held number. Raises `Conflict`, `Unfit` as `use`."""
    today = tx.numbers.today()
    rule = rule_at(wish.system, today)
    if kept.until < today:
        raise Conflict(
            f"number {number.id} was held until {kept.until}",
            code="hold-lapsed",
            tell=f"Số {number.written} đã hết hạn giữ ngày {kept.until:%d/%m/%Y} và sẽ được hủy. Hãy lấy số mới.",
        )
    day = wish.issued_on or today
    if day > today or (day < today and rule.back_dated == "never"):
        raise other_day(rule, day, today)
    below, above = tx.numbers.days_around(number)
    first, last = max(kept.since, below or kept.since), min(today, above or today)
    period = period_on(tx, rule, wish.unit_id, day, congress=wish.congress)
    if not first <= day <= last or period != number.series.period:
        raise Conflict(
            f"number {number.id} on {day}: fits {first} to {last} in period {number.series.period}",
            code="number-out-of-order",
            tell=f"Số {number.written} không đề được ngày {day:%d/%m/%Y}: số và ngày phải cùng thứ tự ({rule.source}). "
            f"Với số này hãy đề ngày từ {first:%d/%m/%Y} đến {last:%d/%m/%Y}, hoặc lấy số mới.",
        )
    return day
