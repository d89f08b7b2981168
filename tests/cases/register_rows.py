"""The rows of the cluster profile: objects and intents, rounds, leases, answers, tree heads."""

from datetime import timedelta

import pytest

from records.errors import Conflict
from storage.leases import Lease
from storage.objects import UNKNOWN_SIZE, ObjectState, Side
from storage.replies import KEPT, Reply
from storage.work import Work

HOUR = timedelta(hours=1)


class RegisterRowCases:
    """What these repositories must do on every database."""

    # -- objects ------------------------------------------------------------------------------------------------

    def test_an_object_entered_twice_stays_as_it_was(self, work: Work, clock) -> None:
        with work.begin() as tx:
            tx.objects.keep("pages/aa/x.jpg", "a" * 64, 2**40)
            clock.turn(hours=1)
            tx.objects.keep("pages/aa/x.jpg", "b" * 64, 1)
            found = tx.objects.get("pages/aa/x.jpg")
            assert found is not None
            assert (found.sha256, found.size, found.kept_at) == ("a" * 64, 2**40, clock.now() - HOUR)
            assert (found.first_state, found.copy_state, found.reason) == (
                ObjectState.GOOD,
                ObjectState.GOOD,
                "",
            )
            assert (found.first_checked_at, found.copy_checked_at) == (None, None)
            assert tx.objects.get("pages/aa/X.jpg") is None
            assert (tx.objects.known(["pages/aa/x.jpg", "other"]), tx.objects.count()) == (
                {"pages/aa/x.jpg"},
                1,
            )

    def test_objects_come_in_the_order_of_their_bytes(self, work: Work) -> None:
        """Upper before lower case, punctuation where ASCII has it, đ after z: no language has a say."""
        keys = [
            "pages/aa/b",
            "pages/aa/B",
            "pages/a-a/x",
            "pages/aa/đ",
            "pages/aa/z",
            "pages/aa.x",
            "pages/aa/a b",
            "Pages/aa/a",
        ]
        right = sorted(keys, key=lambda key: key.encode())
        with work.begin() as tx:
            for key in keys:
                tx.objects.keep(key, "a" * 64, 1)
        walked, last = [], ""
        with work.reading() as tx:
            while some := tx.objects.after(last, 3):
                walked += [found.key for found in some]
                last = walked[-1]
            assert walked == right
            assert set(tx.objects.held(keys)) == set(right)
            assert [o.key for o in tx.objects.longest_unchecked(Side.COPY, work.clock.now(), 100)] == right

    def test_what_was_not_looked_at_longest_comes_first(self, work: Work, clock) -> None:
        with work.begin() as tx:
            for key in "abcd":
                tx.objects.keep(key, "a" * 64, 1)
            tx.objects.found_good(["c"], Side.FIRST)
            clock.turn(hours=1)
            tx.objects.found_good(["a"], Side.FIRST)
            clock.turn(hours=1)
            tx.objects.found_good(["d"], Side.FIRST)
            asked = tx.objects.longest_unchecked(Side.FIRST, clock.now(), 10)
            assert [found.key for found in asked] == ["b", "c", "a"]
            assert [f.key for f in tx.objects.longest_unchecked(Side.FIRST, clock.now(), 2)] == ["b", "c"]
            assert [f.key for f in tx.objects.longest_unchecked(Side.COPY, clock.now(), 10)] == list("abcd")

    def test_what_is_bad_on_one_side_is_known_of_that_side(self, work: Work, clock) -> None:
        with work.begin() as tx:
            for key in "abc":
                tx.objects.keep(key, "a" * 64, 1)
            tx.objects.found("b", Side.COPY, ObjectState.MISSING, "gone")
            tx.objects.found("a", Side.FIRST, ObjectState.DAMAGED, "rot")
            tx.objects.found("none", Side.FIRST, ObjectState.DAMAGED, "rot")
            bad = tx.objects.bad()
            assert [(f.key, f.first_state, f.copy_state, f.reason) for f in bad] == [
                ("a", ObjectState.DAMAGED, ObjectState.GOOD, "rot"),
                ("b", ObjectState.GOOD, ObjectState.MISSING, "gone"),
            ]
            assert tx.objects.bad(limit=1) == bad[:1]
            tx.objects.found("a", Side.FIRST, ObjectState.GOOD)
            tx.objects.found_good(["b"], Side.COPY)
            assert tx.objects.bad() == []

    def test_a_missing_size_is_filled_in_once(self, work: Work) -> None:
        with work.begin() as tx:
            tx.objects.keep("a", "a" * 64, UNKNOWN_SIZE)
            tx.objects.measured("a", 7)
            tx.objects.measured("a", 8)
            found = tx.objects.get("a")
            assert found is not None
            assert found.size == 7

    # -- intents ------------------------------------------------------------------------------------------------

    def test_an_intent_stands_until_it_is_struck_off(self, work: Work, clock) -> None:
        with work.begin() as tx:
            first = tx.intents.add("received/aa/x.pdf", "a" * 64, 5, "người-1", "b1")
            clock.turn(hours=1)
            second = tx.intents.add("received/aa/x.pdf", "a" * 64, 5, "người-2", "b2")
        with work.begin() as tx:
            old = tx.intents.older_than(clock.now())
            assert [(i.id, i.key, i.size, i.actor, i.object_id) for i in old] == [
                (first, "received/aa/x.pdf", 5, "người-1", "b1")
            ]
            tx.intents.done(first)
            tx.intents.done(first)
            assert tx.intents.keys() == {"received/aa/x.pdf"}
            tx.intents.done(second)
            assert (tx.intents.keys(), tx.intents.older_than(clock.now() + HOUR)) == (set(), [])

    # -- rounds -------------------------------------------------------------------------------------------------

    def test_a_round_goes_on_where_it_was_left(self, work: Work, clock) -> None:
        with work.begin() as tx:
            assert tx.passes.get("fixity") is None
            begun = tx.passes.begin("fixity")
            assert (begun.cursor, begun.counts, begun.finished_at, begun.alarm) == ("", {}, None, "")
        clock.turn(hours=1)
        with work.begin() as tx:
            tx.passes.progress("fixity", "pages/aa", {"looked": 7, "bad": 1})
            tx.passes.alarm("fixity", "stuck")
            again = tx.passes.begin("fixity")
            assert (again.cursor, again.counts, again.alarm) == ("pages/aa", {"looked": 7, "bad": 1}, "stuck")
            assert (again.started_at, again.progress_at) == (begun.started_at, begun.started_at + HOUR)
            tx.passes.finish("fixity", {"looked": 9})
            done = tx.passes.get("fixity")
            assert done is not None
            assert (done.cursor, done.counts, done.alarm, done.finished_at) == (
                "",
                {"looked": 9},
                "",
                clock.now(),
            )
        clock.turn(hours=1)
        with work.begin() as tx:
            tx.passes.begin("Reconcile")
            fresh = tx.passes.begin("fixity")
            assert (fresh.started_at, fresh.counts, fresh.finished_at) == (clock.now(), {}, None)
            assert [one.name for one in tx.passes.all()] == ["Reconcile", "fixity"]

    # -- leases -------------------------------------------------------------------------------------------------

    def test_a_lease_is_its_holders_until_it_runs_out(self, work: Work) -> None:
        with work.begin() as tx:
            assert tx.leases.take("leader", "w1", 60, "máy 1\x00")
            assert not tx.leases.take("leader", "w2", 60)
            assert tx.leases.take("leader", "w1", 120)
            (lease,) = tx.leases.all("leader")
            assert (lease.name, lease.holder, lease.note) == ("leader", "w1", "")
            assert 100 < lease.left <= 120
            tx.leases.give_back("leader", "w2")
            assert not tx.leases.take("leader", "w2", 60)
            tx.leases.give_back("leader", "w1")
            assert tx.leases.take("leader", "w2", -5)
            (over,) = tx.leases.all("leader")
            assert over.left <= -5
            assert tx.leases.take("leader", "w3", 60, "máy 3")
            assert [(o.holder, o.note) for o in tx.leases.all("leader")] == [("w3", "máy 3")]

    def test_leases_are_listed_and_forgotten_by_the_beginning_of_their_name(self, work: Work) -> None:
        """Letter by letter: `_` and `%` are letters, and so is the case."""
        with work.begin() as tx:
            for name in ("worker:b", "worker:a", "Worker:c", "worker", "w_rker:d", "w%"):
                assert tx.leases.take(name, "x", -100)
            tx.leases.take("worker:e", "x", 60)
            assert [lease.name for lease in tx.leases.all("worker:")] == ["worker:a", "worker:b", "worker:e"]
            assert [lease.name for lease in tx.leases.all("w_")] == ["w_rker:d"]
            assert tx.leases.forget("worker:", 200) == 0
            assert tx.leases.forget("worker:", 50) == 2
            left: list[Lease] = tx.leases.all("")
            assert [lease.name for lease in left] == ["Worker:c", "w%", "w_rker:d", "worker", "worker:e"]

    # -- answers ------------------------------------------------------------------------------------------------

    def test_an_answer_is_given_again_to_the_same_question(self, work: Work, clock) -> None:
        first = Reply(201, "đã nhận\x00".encode(), "application/json")
        with work.begin() as tx:
            assert tx.replies.get("a1", "k\x00", "asked") is None
            assert tx.replies.claim("a1", "k\x00", "asked") is None
            tx.replies.keep("a1", "k\x00", "asked", first)
        with work.begin() as tx:
            assert tx.replies.claim("a1", "k\x00", "asked") == first
            tx.replies.keep("a1", "k\x00", "asked", Reply(500, b"", ""))
            assert tx.replies.get("a1", "k\x00", "asked") == first
            assert tx.replies.get("a2", "k\x00", "asked") is None
            for ask in (tx.replies.get, tx.replies.claim):
                with pytest.raises(Conflict) as fault:
                    ask("a1", "k\x00", "other")
                assert fault.value.code == "idempotency-conflict"
            with pytest.raises(Conflict):
                tx.replies.keep("a1", "k\x00", "other", first)
        clock.at += KEPT + HOUR
        with work.begin() as tx:
            assert tx.replies.claim("a1", "k\x00", "other") is None
            tx.replies.keep("a1", "k\x00", "other", Reply(200, b"", "text/plain"))
            assert tx.replies.get("a1", "k\x00", "other") == Reply(200, b"", "text/plain")

    # -- heads --------------------------------------------------------------------------------------------------

    def test_heads_are_kept_stamped_and_pushed(self, work: Work, clock) -> None:
        with work.begin() as tx:
            assert (tx.heads.last(), tx.heads.last_stamped(), tx.heads.unpushed()) == (None, None, [])
            for count in (2**40, 3, 10):
                tx.heads.add(count, "r" * 64, f"note {count}")
            tx.heads.add(3, "s" * 64, "another note")
            assert [(h.count, h.root, h.note) for h in tx.heads.all()] == [
                (3, "r" * 64, "note 3"),
                (10, "r" * 64, "note 10"),
                (2**40, "r" * 64, f"note {2**40}"),
            ]
            clock.turn(hours=1)
            tx.heads.stamped(10, b"\x00\xff\x30")
            tx.heads.pushed(3)
            last, stamped = tx.heads.last(), tx.heads.last_stamped()
            assert last is not None
            assert stamped is not None
            assert last.count == 2**40
            assert (stamped.count, stamped.stamp, stamped.stamped_at) == (10, b"\x00\xff\x30", clock.now())
            assert [head.count for head in tx.heads.unpushed()] == [10, 2**40]
