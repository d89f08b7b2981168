"""What tests of a database in trouble share: little patience, a server of their own, and an ear for the answer."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from records.access import SYSTEM
from records.errors import Away
from storage.postgres_wire import Patience
from storage.work import Work
from tests.cases.rows import NEW_BATCH

T = TypeVar("T")
SHORT = Patience(pool=1, connect=2, ping=1, lock=1, statement=2, reply=3, idle=2)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the account of the server can walk into; those of pytest it cannot."""
    folder = Path(tempfile.mkdtemp(prefix="vanthu-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def heard(ask: Callable[[], object], seconds: float = 30) -> str:
    """Return the code of the `Away` that `ask` ends with. It hangs when that takes far too long."""
    ends: list[BaseException | None] = []

    def run() -> None:
        try:
            ask()
            ends.append(None)
        except BaseException as fault:  # noqa: BLE001  # told below
            ends.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert ends, "still waiting"
    fault = ends[0]
    if not isinstance(fault, Away):
        raise AssertionError(f"not Away: {fault!r}") from fault  # noqa: TRY004
    assert "ãy" in fault.tell  # Hãy …: what to do
    return fault.code


def write(work: Work, title: str = "lô") -> None:
    with work.begin() as tx:
        tx.batches.add(NEW_BATCH)
        tx.audit.append("a", title, "c", "done")


def read(work: Work) -> int:
    with work.reading() as tx:
        return tx.batches.list(SYSTEM)[1]


def patiently(ask: Callable[[], T]) -> T:
    """Ask again until there is an answer: a server that was killed first mends what it has."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except Away:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
