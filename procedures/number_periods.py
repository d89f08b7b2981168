"""Terms and congresses of Party bodies: what their numbers are counted through, entered by the clerk, never changed.

A committee's term runs from the day after its congress to the end of the next one (36-HD/VPTW, as accounts of it say);
the papers of the congress itself have a series of their own.
"""

from datetime import date, timedelta

from procedures.number_rules import NumberRule
from procedures.register_entry import one_line
from records.errors import Conflict, Unfit
from storage.canonical import Scalar
from storage.number_values import Period, PeriodKind
from storage.work import Tx

AHEAD = timedelta(days=366)
"""How far ahead a term or congress may be entered: a year that is mistyped must not end the list for ever."""
LONGEST_CONGRESS = timedelta(days=60)


def period_on(tx: Tx, rule: NumberRule, unit_id: str, day: date, *, congress: bool) -> str:
    """Return what a number of `day` is counted through: a year, or the id of a term or congress of the body.

    Call `tx.numbers.hold_periods` first unless the rule counts by years. Raises `Unfit` (`no-term`, `no-congress`).
    """
    if congress:
        for one in tx.numbers.periods(unit_id, PeriodKind.CONGRESS):
            if rule.congress and one.begins_on <= day <= (one.ends_on or day):
                return one.id
        raise Unfit(
            f"no congress of {unit_id} on {day}",
            code="no-congress",
            tell=f"Ngày {day:%d/%m/%Y} cơ quan này không có đại hội nào được khai báo trong sổ. "
            "Hãy khai báo đại hội (ngày khai mạc, bế mạc) trước, hoặc lấy số như văn bản thường.",
        )
    if rule.period == "year":
        return f"{day.year:04d}"
    begun = [one for one in tx.numbers.periods(unit_id, PeriodKind.TERM) if one.begins_on <= day]
    if not begun:
        raise Unfit(
            f"no term of {unit_id} on {day}",
            code="no-term",
            tell="Chưa khai báo nhiệm kỳ của cấp ủy này nên chưa lấy số được: số văn bản của Đảng đi theo nhiệm kỳ. "
            "Hãy khai báo nhiệm kỳ và ngày bắt đầu.",
        )
    return begun[-1].id


def begin_term(tx: Tx, actor_id: str, unit_id: str, name: str, begins_on: date) -> Period:
    """Enter a term: from `begins_on` each type begins at 1. The same one again changes nothing.

    Raises `Unfit` (`period-name`, `period-day`), `Conflict` (`term-order`: not after the last term; `term-numbered`:
    the term before has numbers of that day or later).
    """
    called = _name(name)
    tx.numbers.hold_periods(unit_id)
    terms = tx.numbers.periods(unit_id, PeriodKind.TERM)
    for term in terms:
        if (term.name, term.begins_on) == (called, begins_on):
            return term
    _demand_near(tx, begins_on)
    if terms and begins_on <= terms[-1].begins_on:
        raise Conflict(
            f"term from {begins_on}, the last one is from {terms[-1].begins_on}",
            code="term-order",
            tell=f"Nhiệm kỳ mới phải bắt đầu sau ngày {terms[-1].begins_on:%d/%m/%Y} "
            f"(nhiệm kỳ “{terms[-1].name}” đã có trong sổ).",
        )
    newest = tx.numbers.last_day_in(unit_id, terms[-1].id) if terms else None
    if newest is not None and newest >= begins_on:
        raise Conflict(
            f"term from {begins_on}, but the one before has a number of {newest}",
            code="term-numbered",
            tell=f"Nhiệm kỳ trước đã có văn bản đề ngày {newest:%d/%m/%Y}, nên nhiệm kỳ mới không thể bắt đầu từ "
            f"{begins_on:%d/%m/%Y}. Hãy chọn ngày sau đó.",
        )
    term = tx.numbers.add_period(unit_id, PeriodKind.TERM, called, begins_on, None)
    _tell(tx, actor_id, "term-begun", term)
    return term


def open_congress(tx: Tx, actor_id: str, unit_id: str, name: str, begins_on: date, ends_on: date) -> Period:
    """Enter a congress from its first to its last day: its papers share one series from 1. Again changes nothing.

    Raises `Unfit` (`period-name`, `period-day`), `Conflict` (`congress-overlaps`).
    """
    called = _name(name)
    tx.numbers.hold_periods(unit_id)
    congresses = tx.numbers.periods(unit_id, PeriodKind.CONGRESS)
    for one in congresses:
        if (one.name, one.begins_on, one.ends_on) == (called, begins_on, ends_on):
            return one
    _demand_near(tx, begins_on)
    if not begins_on <= ends_on <= begins_on + LONGEST_CONGRESS:
        raise Unfit(
            f"congress from {begins_on} to {ends_on}",
            code="period-day",
            tell=f"Ngày bế mạc phải từ ngày khai mạc đến {LONGEST_CONGRESS.days} ngày sau đó.",
        )
    for one in congresses:
        if begins_on <= (one.ends_on or one.begins_on) and one.begins_on <= ends_on:
            raise Conflict(
                f"congress from {begins_on} to {ends_on} overlaps {one.id}",
                code="congress-overlaps",
                tell=f"Thời gian này trùng với “{one.name}” đã có trong sổ. Hãy kiểm tra ngày.",
            )
    made = tx.numbers.add_period(unit_id, PeriodKind.CONGRESS, called, begins_on, ends_on)
    _tell(tx, actor_id, "congress-opened", made)
    return made


def _name(name: str) -> str:
    called = one_line(name)
    if not 0 < len(called) <= 200:
        raise Unfit(
            f"name of {len(called)} letters",
            code="period-name",
            tell="Tên nhiệm kỳ hoặc đại hội phải có từ 1 đến 200 chữ.",
        )
    return called


def _demand_near(tx: Tx, begins_on: date) -> None:
    if begins_on > tx.numbers.today() + AHEAD:
        raise Unfit(
            f"begins on {begins_on}",
            code="period-day",
            tell=f"Ngày bắt đầu {begins_on:%d/%m/%Y} còn quá một năm nữa. Hãy kiểm tra lại năm.",
        )


def _tell(tx: Tx, actor_id: str, action: str, period: Period) -> None:
    told: dict[str, Scalar] = {
        "unit": period.unit_id,
        "name": period.name,
        "begins_on": period.begins_on.isoformat(),
        "ends_on": period.ends_on.isoformat() if period.ends_on else "",
    }
    tx.audit.append(actor_id, action, period.id, "done", told)
