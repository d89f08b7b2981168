"""What somebody who owns the database may do to the audit log: each way as a pure function over its rows.

A forger knows the public recipe and hashes as well as we do; what he lacks is the key of the heads kept elsewhere.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

Row = tuple[object, ...]
"""seq, time, actor, action, object, outcome, details, prev_hash, leaf_hash."""

COLUMNS = ("seq", "time", "actor", "action", "object", "outcome", "details", "prev_hash", "leaf_hash")
FIRST = "0" * 64


@dataclass(frozen=True)
class Forged:
    """The rows afterwards, the first number that is not what it was, and whether heads alone must show it."""

    kind: str
    rows: list[Row]
    first: int
    hidden: bool = False
    """Consistent in itself: only a head (or the segments) can tell, and a head only between which two."""


def hashed(row: Row, prev: str) -> Row:
    """Return the row as if it had been appended after an event with leaf `prev`."""
    seq, moment, actor, action, thing, outcome, details, _, _ = row
    data = json.dumps(
        {
            "action": action,
            "actor": actor,
            "details": json.loads(str(details)),
            "object": thing,
            "outcome": outcome,
            "prev": prev,
            "seq": seq,
            "time": moment,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return (*row[:7], prev, hashlib.sha256(b"\x00" + data.encode()).hexdigest())


def chained(rows: list[Row], start: int) -> list[Row]:
    """Return the rows with number `start` and all after it hashed anew, so that the chain holds."""
    made: list[Row] = []
    for row in rows:
        prev = str(made[-1][8]) if made else FIRST
        made.append(hashed(row, prev) if int(str(row[0])) >= start else row)
    return made


def numbered(rows: list[Row]) -> list[Row]:
    return [(number, *row[1:]) for number, row in enumerate(rows, 1)]


def another(dice: random.Random, row: Row) -> Row:
    """A row that tells another story: somebody else, something else, or another time."""
    column = dice.choice((1, 2, 3, 4, 5, 6))
    value = '{"version":0}' if column == 6 else str(row[column]) + dice.choice("aZ9đ ")
    return (*row[:column], value, *row[column + 1 :])


def edit_cell(dice: random.Random, rows: list[Row]) -> Forged:
    at, column = dice.randrange(len(rows)), dice.randrange(1, 9)
    old = str(rows[at][column])
    place = dice.randrange(len(old))
    letter = dice.choice([c for c in '0aZ"{ đ' if c != old[place]])
    values = [old[:place] + letter + old[place + 1 :], old[:place] + old[place + 1 :], old + letter, ""]
    values += [str(row[column]) for row in rows if row[column] != old]
    value = dice.choice([v for v in values if v != old])
    row = (*rows[at][:column], value, *rows[at][column + 1 :])
    return Forged(f"edit {COLUMNS[column]}", [*rows[:at], row, *rows[at + 1 :]], at + 1)


def edit_number(dice: random.Random, rows: list[Row]) -> Forged:
    at = dice.randrange(len(rows) - 1)
    number = dice.choice([0, -1, len(rows) + 1, len(rows) + 100])
    changed = sorted([*rows[:at], (number, *rows[at][1:]), *rows[at + 1 :]], key=lambda row: int(str(row[0])))
    return Forged("edit seq", changed, 1 if number < 1 else at + 1)


def delete(dice: random.Random, rows: list[Row]) -> Forged:
    start = dice.randrange(len(rows) - 1)
    stop = min(start + dice.choice([1, 1, 1, 2, 5]), len(rows) - 1)
    return Forged("delete", [*rows[:start], *rows[stop:]], start + 1)


def delete_and_close_up(dice: random.Random, rows: list[Row]) -> Forged:
    forged = delete(dice, rows)
    return Forged("delete, numbers closed up", numbered(forged.rows), forged.first)


def insert_copy(dice: random.Random, rows: list[Row]) -> Forged:
    at = dice.randrange(1, len(rows))
    return Forged("insert a copy", numbered([*rows[:at], rows[at - 1], *rows[at:]]), at + 1)


def insert_made(dice: random.Random, rows: list[Row]) -> Forged:
    """Events that hash right and follow on; those they push on do not any more."""
    at, count = dice.randrange(len(rows)), dice.choice([1, 1, 2, 5])
    put_in = numbered([*rows[:at], *(another(dice, dice.choice(rows)) for _ in range(count))])
    return Forged("insert made events", numbered([*chained(put_in, at + 1), *rows[at:]]), at + 1)


def swap(dice: random.Random, rows: list[Row]) -> Forged:
    one, other = sorted(dice.sample(range(len(rows)), 2))
    changed = list(rows)
    changed[one], changed[other] = changed[other], changed[one]
    return Forged("swap", numbered(changed), one + 1)


def rehash_one(dice: random.Random, rows: list[Row]) -> Forged:
    at = dice.randrange(len(rows) - 1)
    prev = str(rows[at][7])
    return Forged(
        "edit and hash one anew", [*rows[:at], hashed(another(dice, rows[at]), prev), *rows[at + 1 :]], at + 1
    )


def cut(dice: random.Random, rows: list[Row]) -> Forged:
    stop = dice.randrange(len(rows))
    return Forged("cut the end", rows[:stop], stop + 1, hidden=True)


def rehash_all(dice: random.Random, rows: list[Row]) -> Forged:
    at = dice.randrange(len(rows))
    changed = [*rows[:at], another(dice, rows[at]), *rows[at + 1 :]]
    return Forged("edit and hash all anew", chained(changed, at + 1), at + 1, hidden=True)


def delete_and_rehash(dice: random.Random, rows: list[Row]) -> Forged:
    forged = delete_and_close_up(dice, rows)
    return Forged("delete and hash all anew", chained(forged.rows, forged.first), forged.first, hidden=True)


def insert_and_rehash(dice: random.Random, rows: list[Row]) -> Forged:
    at = dice.randrange(len(rows))
    changed = numbered([*rows[:at], another(dice, rows[at]), *rows[at:]])
    return Forged("insert and hash all anew", chained(changed, at + 1), at + 1, hidden=True)


def swap_and_rehash(dice: random.Random, rows: list[Row]) -> Forged:
    forged = swap(dice, rows)
    return Forged("swap and hash all anew", chained(forged.rows, forged.first), forged.first, hidden=True)


def rehash_and_cut(dice: random.Random, rows: list[Row]) -> Forged:
    forged = rehash_all(dice, rows)
    stop = dice.randrange(forged.first - 1, len(rows))
    return Forged("hash all anew and cut the end", forged.rows[:stop], forged.first, hidden=True)


WAYS: tuple[Callable[[random.Random, list[Row]], Forged], ...] = (
    edit_cell,
    edit_number,
    delete,
    delete_and_close_up,
    insert_copy,
    insert_made,
    swap,
    rehash_one,
    cut,
    rehash_all,
    delete_and_rehash,
    insert_and_rehash,
    swap_and_rehash,
    rehash_and_cut,
)
