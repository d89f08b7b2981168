"""Many writers at once: what each repository promises holds as if they had come one after the other.

Every race is between threads that start together, each with transactions of its own.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from records.access import SYSTEM, Role
from records.document import BatchState, DocumentState, Fields
from records.errors import ArchiveFault
from storage.documents import ACCESS_PDF, Rendition
from storage.objects import Side
from storage.passes import Pass
from storage.replies import KEPT, Reply
from storage.sessions import IDLE
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

    def test_each_note_is_given_to_one_worker(self, work: Work) -> None:
        with work.begin() as tx:
            for number in range(60):
                tx.outbox.add("index", f"d{number}")

        def drain(_: int) -> list[int]:
            mine: list[int] = []
            while True:
                with work.begin() as tx:
                    due = tx.outbox.due(3)
                    for item in due:
                        tx.outbox.done(item.id)
                if not due:
                    return mine
                mine += [item.id for item in due]

        taken = [item for mine in race(drain, 4) for item in mine]
        assert len(taken) == len(set(taken))
        with work.begin() as tx:  # a worker may leave while another still holds the last ones
            assert len(taken) + len(tx.outbox.due(100)) == 60

    def test_every_failure_is_counted(self, work: Work, clock) -> None:
        with work.begin() as tx:
            item = tx.outbox.add("index", "d1")

        def fail(_: int) -> None:
            with work.begin() as tx:
                tx.outbox.failed(item, "away")

        race(fail)
        clock.turn(hours=1)
        with work.reading() as tx:
            assert tx.outbox.due()[0].attempts == MANY

    def test_notes_are_struck_off_together(self, work: Work) -> None:
        with work.begin() as tx:
            for _ in range(20):
                tx.outbox.add("index", "d1")

        def done(_: int) -> None:
            with work.begin() as tx:
                tx.outbox.done_for("index", "d1")

        race(done)
        with work.reading() as tx:
            assert tx.outbox.backlog().waiting == 0

    def test_an_object_is_entered_once_and_found_by_many(self, work: Work) -> None:
        keys = [f"pages/aa/{n:02}.jpg" for n in range(30)]

        def keep(number: int) -> None:
            with work.begin() as tx:
                for key in keys:
                    tx.objects.keep(key, "a" * 64, 1)
            with work.begin() as tx:
                tx.objects.found_good(keys if number % 2 else keys[::-1], Side.FIRST)

        race(keep)
        with work.reading() as tx:
            assert [found.key for found in tx.objects.after("", 100)] == keys

    def test_a_lease_has_one_holder(self, work: Work) -> None:
        def take(number: int) -> bool:
            with work.begin() as tx:
                return tx.leases.take("leader", f"w{number}", 30)

        assert sorted(race(take)) == [False] * (MANY - 1) + [True]
        with work.begin() as tx:
            (lease,) = tx.leases.all("leader")
            assert tx.leases.take("leader", lease.holder, -1)  # it has run out a second ago
        assert sorted(race(take)) == [False] * (MANY - 1) + [True]

    def test_one_round_is_begun(self, work: Work) -> None:
        def begin(_: int) -> Pass:
            with work.begin() as tx:
                return tx.passes.begin("fixity")

        assert len({one.started_at for one in race(begin)}) == 1
        with work.begin() as tx:
            tx.passes.finish("fixity", {"looked": 1})
        for one in race(begin):
            assert (one.finished_at, one.counts) == (None, {})

    def test_one_answer_a_key(self, work: Work) -> None:
        def ask(number: int) -> bytes:
            with work.begin() as tx:
                before = tx.replies.claim("a1", "k", "asked")
                if before is not None:
                    return before.answer
                mine = Reply(
                    201, tx.batches.add(replace(NEW_BATCH, title=str(number))).id.encode(), "text/plain"
                )
                tx.replies.keep("a1", "k", "asked", mine)
                return mine.answer

        assert len(set(race(ask))) == 1
        with work.reading() as tx:
            assert tx.batches.list(SYSTEM)[1] == 1

    def test_a_key_given_up_is_free_again(self, work: Work) -> None:
        """Whoever waited for the first one's answer gets the key, not a claim that leads nowhere."""

        def ask(number: int) -> bool:
            try:
                with work.begin() as tx:
                    if tx.replies.claim("a1", "k", "asked") is not None:
                        return True
                    if number % 2:
                        raise ZeroDivisionError
                    tx.replies.keep("a1", "k", "asked", Reply(200, b"x", "text/plain"))
                    return True
            except ZeroDivisionError:
                return False

        ends = race(ask)
        with work.reading() as tx:
            assert tx.replies.get("a1", "k", "asked") == Reply(200, b"x", "text/plain")
        assert all(ends[number] for number in range(0, MANY, 2))

    def test_a_key_with_other_questions_is_a_conflict(self, work: Work) -> None:
        def ask(number: int) -> None:
            with work.begin() as tx:
                if tx.replies.claim("a1", "k", f"asked-{number}") is None:
                    tx.replies.keep("a1", "k", f"asked-{number}", Reply(200, b"", ""))

        assert codes(race(ask)) == {"done": 1, "idempotency-conflict": MANY - 1}

    def test_answers_kept_without_a_claim(self, work: Work) -> None:
        def keep(number: int) -> None:
            with work.begin() as tx:
                tx.replies.keep("a1", "k", "asked", Reply(200 + number, b"", ""))

        race(keep)
        with work.reading() as tx:
            assert tx.replies.get("a1", "k", "asked") is not None

    def test_one_head_a_count(self, work: Work) -> None:
        def add(number: int) -> None:
            with work.begin() as tx:
                tx.heads.add(7, "r" * 64, f"note {number}")

        race(add)
        with work.reading() as tx:
            assert [head.count for head in tx.heads.all()] == [7]

    def test_many_sign_in_while_old_sessions_are_swept(self, work: Work, clock) -> None:
        with work.begin() as tx:
            account = tx.accounts.add("lan", "x", "đủ dài đó", [Role.READER]).id
            old = [tx.sessions.open(account).token for _ in range(20)]
            for number in range(20):
                tx.replies.keep("a1", f"k{number}", "asked", Reply(200, b"", ""))
        clock.at += max(IDLE, KEPT) + timedelta(seconds=1)

        def sign_in(number: int) -> str:
            with work.begin() as tx:
                tx.replies.keep("a1", f"new{number}", "asked", Reply(200, b"", ""))
                return tx.sessions.open(account).token

        tokens = race(sign_in)
        with work.reading() as tx:
            assert all(tx.sessions.find(token) for token in tokens)
            assert not any(tx.sessions.find(token) for token in old)
            assert tx.replies.get("a1", "k1", "asked") is None

    def test_an_ended_token_keeps_its_first_end(self, work: Work, clock) -> None:
        with work.begin() as tx:
            account = tx.accounts.add("lan", "x", "đủ dài đó", [Role.READER]).id
            tx.tokens.create(account, "máy quét")
            token = tx.tokens.list(account)[0].id

        def revoke(_: int) -> None:
            with work.begin() as tx:
                tx.tokens.revoke(token)

        race(revoke)
        with work.reading() as tx:
            assert tx.tokens.list(account)[0].revoked_at == clock.now()

    def test_a_password_changed_meanwhile_stays_changed(
        self, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Renewing the hash of the old password must not bring that password back."""
        from argon2 import PasswordHasher

        from storage import accounts as door

        monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        with work.begin() as tx:
            account = tx.accounts.add("lan", "x", "mật khẩu cũ", [Role.READER]).id
        monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))

        def step(number: int) -> None:
            with work.begin() as tx:
                if number == 0:
                    tx.accounts.set_password(account, "mật khẩu mới")
                else:
                    tx.accounts.check_password("lan", "mật khẩu cũ")

        race(step)
        with work.reading() as tx:
            assert tx.accounts.check_password("lan", "mật khẩu cũ") is None
            assert tx.accounts.check_password("lan", "mật khẩu mới")

    def test_parts_already_archived_are_noted_once(self, work: Work, batch: str) -> None:
        with work.begin() as tx:
            tx.documents.propose(a_document("d1", batch))

        def note(_: int) -> None:
            with work.begin() as tx:
                tx.batches.note_existing(batch, 1, "d1", "cũ.pdf")

        race(note)
        with work.reading() as tx:
            assert len(tx.batches.existing(SYSTEM, batch)) == 1
