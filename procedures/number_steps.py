"""What every way of giving a number does: find the series, hold it, enter the next line, tell the log last."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from procedures.number_periods import period_on
from procedures.number_rules import Notation, NumberRule, rule_at
from records.clock import new_id
from records.errors import Away, Conflict, Unfit
from records.units import System
from storage.canonical import Scalar
from storage.number_values import EVERY_TYPE, Entry, Hold, NewNumber, Number, Series, SeriesKey
from storage.work import Tx


@dataclass(frozen=True, slots=True)
class Wish:
    """What a number is wanted for. `unit_id`: whose register; `paper_id`: the paper, "" for a number to be held.

    `issued_on`: the date on the paper, None for today. `congress`: a paper of the Party congress that is being held.
    """

    unit_id: str
    system: System
    type_name: str
    notation: Notation
    paper_id: str = ""
    entry: Entry = field(default_factory=Entry)
    secret: bool = False
    congress: bool = False
    issued_on: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a wish is numbered: the rule of the day, the type as the rule spells it, the series."""

    rule: NumberRule
    type_name: str
    key: SeriesKey


def hold_series(tx: Tx, wishes: Sequence[Wish]) -> tuple[date, list[Place], dict[SeriesKey, Series]]:
    """Hold the series of every wish and return the day it is: waiting for them may have taken past midnight."""
    while True:
        day = tx.numbers.today()
        for unit_id in sorted({wish.unit_id for wish in wishes if _by_periods(wish, day)}):
            tx.numbers.hold_periods(unit_id)
        places = [_place(tx, wish, day) for wish in wishes]
        held = {key: tx.numbers.hold_series(key) for key in sorted({place.key for place in places})}
        if tx.numbers.today() == day:
            return day, places, held


def _by_periods(wish: Wish, day: date) -> bool:
    return wish.congress or rule_at(wish.system, day).period == "term"


def _place(tx: Tx, wish: Wish, day: date) -> Place:
    rule = rule_at(wish.system, day)
    type_name = rule.type_called(wish.type_name)
    rule.write(1, type_name, wish.notation)
    if wish.issued_on is not None and wish.issued_on != day:
        raise other_day(rule, wish.issued_on, day)
    period = period_on(tx, rule, wish.unit_id, day, congress=wish.congress)
    kind = EVERY_TYPE if wish.congress else type_name
    key = SeriesKey(wish.unit_id, wish.system, kind, period, wish.secret and rule.secret_apart)
    return Place(rule, type_name, key)


def enter(
    tx: Tx,
    actor_id: str,
    wish: Wish,
    place: Place,
    series: dict[SeriesKey, Series],
    day: date,
    *,
    number_id: str = "",
    kept: Hold | None = None,
    entry: Entry | None = None,
) -> Number:
    """Enter the next line of the series of `place`, which this writer holds. Raises `Away` (`clock-behind`)."""
    held = series[place.key]
    if held.last_day is not None and held.last_day > day:
        raise Away(
            f"today is {day}, series {held.id} has a number of {held.last_day}",
            code="clock-behind",
            tell=f"Đồng hồ máy chủ chậm: hôm nay là {day:%d/%m/%Y} nhưng sổ đã có số ngày {held.last_day:%d/%m/%Y}. "
            "Chưa có số nào được cấp; hãy báo quản trị viên chỉnh giờ.",
        )
    new = NewNumber(
        id=number_id or new_id(),
        written=place.rule.write(held.last + 1, place.type_name, wish.notation),
        type_name=place.type_name,
        secret=wish.secret,
        day=day,
        taken_by=actor_id,
        paper_id=wish.paper_id,
        hold=kept,
        entry=entry or Entry(),
    )
    number = tx.numbers.take(held, new)
    series[place.key] = replace(held, last=number.number, last_day=day)
    return number


def held_line(tx: Tx, unit_id: str, number_id: str) -> Number:
    """Return a line of the body's register as it is now; its series is this writer's until the end."""
    tx.numbers.hold_series(tx.numbers.get(unit_id, number_id).series)
    return tx.numbers.get(unit_id, number_id)


def number_before(tx: Tx, wish: Wish) -> Number | None:
    """Return the number the paper has. Raises `Conflict` when it was given to it as another paper."""
    before = tx.numbers.of_paper(wish.paper_id)
    if before is not None and (not is_for(before, wish) or wish.issued_on not in {None, before.day}):
        raise numbered(before)
    return before


def is_for(number: Number, wish: Wish) -> bool:
    """Return whether a number was given or held for just what `wish` says, the paper and its date aside."""
    rule = rule_at(wish.system, number.hold.since if number.hold else number.day)
    return (
        (number.series.unit_id, number.series.system, number.secret)
        == (wish.unit_id, wish.system, wish.secret)
        and (number.series.kind == EVERY_TYPE) == wish.congress
        and number.type_name == rule.type_called(wish.type_name)
        and number.written == rule.write(number.number, number.type_name, wish.notation)
    )


def numbered(number: Number) -> Conflict:
    """Return the fault that a paper has this number already."""
    return Conflict(
        f"paper {number.paper_id} is number {number.id} ({number.written}) already",
        code="paper-numbered",
        tell=f"Văn bản này đã có số {number.written} ngày {number.day:%d/%m/%Y}. Nếu số đó sai, hãy hủy số (ghi lý do) "
        "rồi lấy số mới.",
    )


def other_day(rule: NumberRule, asked: date, today: date) -> Unfit | Conflict:
    """Return the fault that a paper is not dated today."""
    if asked > today:
        return Unfit(
            f"dated {asked}, today is {today}",
            code="number-future",
            tell=f"Văn bản đề ngày {asked:%d/%m/%Y} là ngày chưa tới (hôm nay {today:%d/%m/%Y}). "
            "Hãy đề ngày hôm nay, hoặc lấy số vào đúng ngày ban hành.",
        )
    way = " Chỉ số đã giữ trước từ ngày đó mới đề được ngày cũ." if rule.back_dated == "held" else ""
    return Conflict(
        f"dated {asked}, today is {today}",
        code="number-back-dated",
        tell=f"Không lấy số lùi ngày {asked:%d/%m/%Y}: số và ngày ban hành đi theo thứ tự thời gian ({rule.source})."
        f"{way} Hãy đề ngày hôm nay ({today:%d/%m/%Y}).",
    )


def tell_log(tx: Tx, actor_id: str, action: str, number: Number, more: dict[str, Scalar]) -> None:
    """Append the event of a number; `more` names what is particular to it."""
    told: dict[str, Scalar] = {
        "unit": number.series.unit_id,
        "written": number.written,
        "type": number.type_name,
    }
    tx.audit.append(actor_id, action, number.id, "done", told | {"day": number.day.isoformat()} | more)
