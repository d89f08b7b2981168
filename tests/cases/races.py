"""Many writers at once: what each repository promises holds as if they had come one after the other.

Every race is between threads that start together, each with transactions of its own.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from records.access import SYSTEM, Role
from records.document import BatchState, DocumentState, Fields
from records.errors import ArchiveFault
from storage.documents import ACCESS_PDF, Rendition
from storage.work import Work
from tests.cases.database import Database
from tests.cases.rows import NEW_BATCH, NEW_FILE, a_document, a_page, archived

T = TypeVar("T")
MANY = 8
OTHER_BYTES = (Rendition(ACCESS_PDF, "documents/d/v1/access.pdf", "d" * 64, 1, "application/pdf"),)


def race(step: Callable[[int], T], many: int = MANY) -> list[T | ArchiveFault]:
    """Return what `step(0)` … `step(many - 1)` gave, all begun at the same moment; a bug in one raises here."""
    start = threading.Barrier(many)
    ends: list[T | BaseException | None] = [None] * many

    def run(number: int) -> None:
        start.wait()
        try:
            ends[number] = step(number)
        except BaseException as fault:  # noqa: BLE001  # told to the test below
            ends[number] = fault

    threads = [threading.Thread(target=run, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, ArchiveFault):
            raise end
    return ends  # type: ignore[return-value]


def codes(ends: list[object]) -> Counter[str]:
    return Counter(end.code if isinstance(end, ArchiveFault) else "done" for end in ends)


class RaceCases:
    @pytest.fixture
    def batch(self, work: Work) -> str:
        with work.begin() as tx:
            return tx.batches.add(NEW_BATCH).id

    def test_the_log_has_no_gap_and_no_branch(self, work: Work, database: Database) -> None:
        """Also when transactions are given up after their event, which leaves nothing behind."""

        def append(number: int) -> list[int]:
            got = []
            for turn in range(10):
                try:
                    with work.begin() as tx:
                        seq = tx.audit.append(f"a{number}", "b", str(turn), "done")
                        if (number + turn) % 4 == 0:
                            raise ZeroDivisionError
                    got.append(seq)
                except ZeroDivisionError:
                    continue
            return got

        mine = race(append)
        assert all(got == sorted(got) for got in mine)
        every = sorted(seq for got in mine for seq in got)
        assert every == list(range(1, 61))
        assert database.events() == 60

    def test_files_of_one_batch_are_numbered_without_a_gap(self, work: Work, batch: str) -> None:
        def hand_in(number: int) -> list[int]:
            got = []
            for turn in range(4):
                with work.begin() as tx:
                    new = replace(NEW_FILE, idempotency_key=f"{number}-{turn}")
                    got.append(tx.batches.add_file(batch, new).ordinal)
            return got

        assert sorted(n for got in race(hand_in) for n in got) == list(range(1, 4 * MANY + 1))

    def test_one_key_is_one_file_and_one_event(self, work: Work, batch: str, database: Database) -> None:
        """As `ingest/receive.py` does it: look, add, and tell the log only when the file was new."""

        def hand_in(_: int) -> str:
            with work.begin() as tx:
                known = tx.batches.file_by_key(batch, NEW_FILE.idempotency_key)
                file = tx.batches.add_file(batch, NEW_FILE)
                if known is None:
                    tx.audit.append("a", "file-received", file.id, "done")
                return file.id

        assert len(set(race(hand_in))) == 1
        assert database.events() == 1

    def test_one_key_with_other_bytes_is_a_conflict(self, work: Work, batch: str) -> None:
        def hand_in(number: int) -> None:
            with work.begin() as tx:
                tx.batches.add_file(batch, replace(NEW_FILE, sha256=f"{number:064x}"))

        assert codes(race(hand_in)) == {"done": 1, "idempotency-conflict": MANY - 1}

    def test_no_file_slips_in_after_the_start(self, work: Work, batch: str) -> None:
        def hand_in_or_start(number: int) -> int:
            with work.begin() as tx:
                if number == 0:
                    tx.batches.start(batch)
                    return len(tx.batches.files(SYSTEM, batch))
                return tx.batches.add_file(batch, replace(NEW_FILE, idempotency_key=str(number))).ordinal

        ends = race(hand_in_or_start)
        with work.reading() as tx:
            assert len(tx.batches.files(SYSTEM, batch)) == ends[0]
        assert codes(ends[1:]) == Counter({"done": ends[0], "batch-closed": MANY - 1 - ends[0]}) - Counter()

    @pytest.mark.parametrize("end", ["start", "finish"])
    def test_a_batch_takes_each_step_once(
        self, work: Work, batch: str, end: str, database: Database, clock
    ) -> None:
        """As those do it who start one: look, tell the log, start."""
        before = BatchState.RECEIVING if end == "start" else BatchState.STARTED
        if end == "finish":
            with work.begin() as tx:
                tx.batches.start(batch)

        def step(_: int) -> BatchState:
            with work.begin() as tx:
                if tx.batches.get(SYSTEM, batch).state is before:
                    tx.audit.append("a", f"batch-{end}", batch, "done")
                return getattr(tx.batches, end)(batch).state

        assert len(set(race(step))) == 1
        assert database.events() == 1

    def test_same_content_is_one_batch(self, work: Work) -> None:
        """As `digitize` does it: ask, then add."""
        new = replace(NEW_BATCH, fingerprint="fp")

        def open_batch(_: int) -> str:
            with work.begin() as tx:
                return (tx.batches.by_fingerprint("fp") or tx.batches.add(new)).id

        assert len(set(race(open_batch))) == 1

    def test_same_content_added_unasked_is_a_conflict(self, work: Work) -> None:
        def open_batch(_: int) -> None:
            with work.begin() as tx:
                tx.batches.add(replace(NEW_BATCH, fingerprint="fp"))

        assert codes(race(open_batch)) == {"done": 1, "batch-exists": MANY - 1}

    def test_a_login_is_given_once(self, work: Work) -> None:
        def add(number: int) -> None:
            with work.begin() as tx:
                tx.accounts.add(
                    "lan.anh" if number % 2 else "LAN.ANH", str(number), "đủ dài đó", [Role.READER]
                )

        assert codes(race(add, 4)) == {"done": 1, "login-taken": 3}

    def test_a_document_is_proposed_once(self, work: Work, batch: str) -> None:
        def propose(number: int) -> DocumentState:
            with work.begin() as tx:
                return tx.documents.propose(
                    a_document("d1", batch, fingerprint="other" if number == 0 else "fp")
                ).state

        told = codes(race(propose))
        assert told in ({"done": 1, "document-exists": MANY - 1}, {"done": MANY - 1, "document-exists": 1})

    def test_a_document_is_archived_once(self, work: Work, batch: str, database: Database) -> None:
        """As `ingest/register.py` does it: a worker taken for dead and its heir may both come with the same bytes."""
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))

        def register(_: int) -> int:
            with work.begin() as tx:
                if tx.documents.get(SYSTEM, "d1").version >= 1:
                    return 0
                made = tx.documents.archive("d1", archived())
                tx.outbox.add("index", "d1")
                tx.audit.append("a", "document-archived", "d1", "done")
                assert made.pdf == archived().renditions[0]
                return made.version

        assert sorted(race(register)) == [0] * (MANY - 1) + [1]
        assert database.events() == 1
        with work.reading() as tx:
            assert tx.outbox.backlog().waiting == 1
            assert tx.documents.get(SYSTEM, "d1").pdf == archived().renditions[0]

    def test_a_version_number_holds_one_set_of_bytes(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))

        def archive(number: int) -> None:
            with work.begin() as tx:
                tx.documents.archive("d1", archived(renditions=OTHER_BYTES) if number % 2 else archived())

        assert codes(race(archive)) == {"done": MANY // 2, "version-taken": MANY // 2}

    def test_of_two_who_correct_one_is_told(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))

        def correct(number: int) -> None:
            with work.begin() as tx:
                tx.documents.update_fields("d1", Fields(subject=str(number)), 1)

        assert codes(race(correct)) == {"done": 1, "row-changed": MANY - 1}

    def test_refused_or_archived_but_never_both(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))

        def step(number: int) -> None:
            with work.begin() as tx:
                if number % 2:
                    tx.documents.archive("d1", archived())
                else:
                    tx.documents.refuse("d1", "x", "x", "x")

        race(step)
        with work.reading() as tx:
            found = tx.documents.get(SYSTEM, "d1")
        assert (found.state, found.code) == (DocumentState.ARCHIVED, "")

    def test_pages_found_by_many_in_any_order(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            file_id = tx.batches.add_file(batch, NEW_FILE).id
        new = [a_page(f"p{n:02}", batch, file_id, n) for n in range(1, 41)]

        def add(number: int) -> None:
            with work.begin() as tx:
                tx.pages.add_many(new if number % 2 else new[::-1])
                tx.pages.set_reading(
                    "p01", "read", reading_key="k", reading_sha256="s", text=str(number), reading=b"{}",
                    confidence=0.5, rotation=0, words=number,
                )  # fmt: skip

        race(add)
        with work.reading() as tx:
            found = tx.pages.of_batch(batch)
        assert [page.id for page in found] == [page.id for page in new]

    def test_parts_already_archived_are_noted_once(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))

        def note(_: int) -> None:
            with work.begin() as tx:
                tx.batches.note_existing(batch, 1, "d1", "cũ.pdf")

        race(note)
        with work.reading() as tx:
            assert len(tx.batches.existing(SYSTEM, batch)) == 1
