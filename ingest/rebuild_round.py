"""Whether the catalogue is being made anew: a mark in the database that every command asks for before it works.

Apart from `ingest.rebuild`, so that whoever only asks does not load all that a rebuild needs.
"""

from records.errors import Conflict
from storage.catalogue import CATALOGUE
from storage.work import Work

REBUILD = "rebuild"
"""The round (`storage/passes.py`) that is open while a rebuild is under way."""


def is_rebuilding(work: Work) -> bool:
    """Return whether a rebuild was begun and not finished: nobody else should work on these rows."""
    with work.reading() as tx:
        known = tx.passes.get(REBUILD)
    return known is not None and known.finished_at is None


def begin_rebuild(work: Work) -> None:
    """Open the round. Safe to repeat. Raises `Conflict` (`database-not-empty`): nothing was changed then."""
    with work.begin() as tx:
        known = tx.passes.get(REBUILD)
        filled = tx.catalogue.filled(CATALOGUE)
        if filled and (known is None or known.finished_at is not None):
            raise Conflict(
                f"rows in {', '.join(filled)}",
                code="database-not-empty",
                tell="Cơ sở dữ liệu đã có dữ liệu nên không dựng lại đè lên. Hãy trỏ VANTHU_DATABASE_URL tới cơ sở dữ "
                "liệu trống rồi chạy lại. Chưa có gì bị thay đổi.",
            )
        tx.passes.begin(REBUILD)
