"""Rows of the register of outgoing papers as values, and values as rows: days are ISO dates, "" where there is none."""

from datetime import date
from typing import Any

from sqlalchemy import RowMapping

from storage.number_values import Entry, Hold, Number, NumberState, Period, PeriodKind, Series, SeriesKey

KEY = ("unit_id", "system", "kind", "period", "secret")
"""The columns that make a series one."""


def iso(day: date | None) -> str:
    """Return a day as it is kept."""
    return day.isoformat() if day else ""


def day_of(told: str) -> date | None:
    """Return a kept day."""
    return date.fromisoformat(told) if told else None


def told_hold(hold: Hold | None) -> dict[str, str]:
    """Return the columns of a hold; none where there is none."""
    if hold is None:
        return {}
    return {
        "holder": hold.holder,
        "purpose": hold.purpose,
        "held_on": hold.since.isoformat(),
        "held_until": hold.until.isoformat(),
    }


def told_entry(entry: Entry) -> dict[str, Any]:
    """Return the columns of what the register tells of a paper."""
    return {
        "subject": entry.subject,
        "signer": entry.signer,
        "recipients": entry.recipients,
        "keeper": entry.keeper,
        "copies": entry.copies,
        "sent_on": iso(entry.sent_on),
        "received_by": entry.received_by,
        "note": entry.note,
    }


def period_of(row: RowMapping) -> Period:
    """Return the term or congress of a row."""
    return Period(
        row["id"],
        row["unit_id"],
        PeriodKind(row["kind"]),
        row["name"],
        date.fromisoformat(row["begins_on"]),
        day_of(row["ends_on"]),
    )


def series_of(row: RowMapping) -> Series:
    """Return the series of a row."""
    key = SeriesKey(*(row[name] for name in KEY))
    return Series(row["id"], key, row["begins_at"], row["last"], day_of(row["last_day"]))


def number_of(row: RowMapping) -> Number:
    """Return the line of a row that carries its series too."""
    hold = None
    if row["held_on"]:
        since, until = date.fromisoformat(row["held_on"]), date.fromisoformat(row["held_until"])
        hold = Hold(row["holder"], row["purpose"], since, until)
    return Number(
        id=row["id"],
        series=SeriesKey(row["unit_id"], row["system"], row["kind"], row["period"], row["series_secret"]),
        series_id=row["series_id"],
        number=row["number"],
        state=NumberState(row["state"]),
        written=row["written"],
        type_name=row["type_name"],
        secret=row["secret"],
        day=date.fromisoformat(row["day"]),
        paper_id=row["paper_id"],
        taken_by=row["taken_by"],
        taken_at=row["taken_at"],
        hold=hold,
        void_reason=row["void_reason"],
        void_on=day_of(row["void_on"]),
        entry=Entry(
            row["subject"],
            row["signer"],
            row["recipients"],
            row["keeper"],
            row["copies"],
            day_of(row["sent_on"]),
            row["received_by"],
            row["note"],
        ),
    )
