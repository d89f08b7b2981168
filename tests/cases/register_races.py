"""Many writers at once on notes, objects, leases, rounds, answers, heads, sessions and tokens."""

from dataclasses import replace
from datetime import timedelta

import pytest

from records.access import SYSTEM, Role
from storage.objects import Side
from storage.passes import Pass
from storage.replies import KEPT, Reply
from storage.sessions import IDLE
from storage.work import Work
from tests.cases.races import MANY, codes, race
from tests.cases.rows import NEW_BATCH


class RegisterRaceCases:
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
