"""What the keeper of the audit log must do, whatever database and whatever store it works with."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import audit_keeper
from jobs.audit_keeper import AuditKeeper
from jobs.audit_push import PUSHED, SIGNED
from records.errors import Away, Conflict
from signing.demo_pki import ROOTS
from signing.timestamps import DemoTimeStamps, HttpTimeStamps
from signing.trust import Trust
from storage.audit import AuditAltered
from storage.audit_segments import head_counts, read_whole, segment_ranges
from storage.audit_tree import Frontier
from storage.audit_verify import check, events
from storage.audit_verify.heads import Heads, load_heads, note_keys
from storage.audit_verify.stamps import load_roots
from storage.blobs import BlobStore, Stored, Unavailable
from storage.tree_notes import AuditKeys, create_audit_key, load_audit_keys
from storage.work import Work
from tests.cases.database import Database, TurnedClock


def do(work: Work, count: int, what: str = "document-read") -> None:
    with work.begin() as tx:
        for number in range(count):
            tx.audit.append(f"người-{number % 3}", what, f"d{number}", "done", {"version": number})


def fetch(store: BlobStore, folder: Path) -> Path:
    """Everything the store holds of the log, as an inspector carries it away."""
    for key in store.keys("audit/"):
        target = folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_whole(store, key))
    return folder


def unlock(database: Database) -> None:
    """What the owner of the database can always do."""
    if database.url.startswith("sqlite"):
        for (name,) in database.ask("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.ask(f"DROP TRIGGER {name}")
    else:
        database.ask("ALTER TABLE audit DISABLE TRIGGER USER")


class Fickle:
    """The real store, which a test can make unreachable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self.away = False
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        self.asked += 1
        if self.away:
            raise Away("the store is away", code="store-away")
        return getattr(self._store, name)

    def put_once(self, key: str, source: Path, sha256: str | None = None) -> object:
        self.asked += 1
        return Unavailable("away") if self.away else self._store.put_once(key, source, sha256)


class AuditKeeperCases:
    """The keeper over `work` (of `database`) and `store`; `demo_keys` is a folder with a demo time-stamp authority."""

    @pytest.fixture
    def keys(self, demo_keys: Path, tmp_path: Path) -> AuditKeys:
        create_audit_key(tmp_path / "keys")
        return load_audit_keys(tmp_path / "keys")

    @pytest.fixture
    def make(
        self,
        work: Work,
        store: BlobStore,
        keys: AuditKeys,
        demo_keys: Path,
        clock: TurnedClock,
        tmp_path: Path,
    ) -> Callable[..., AuditKeeper]:
        """A keeper as every new process has one."""

        def made(**other: object) -> AuditKeeper:
            parts = {
                "work": work,
                "store": store,
                "keys": keys,
                "stamps": DemoTimeStamps(demo_keys, clock),
                "folder": tmp_path,
            }
            return AuditKeeper(**(parts | other))  # type: ignore[arg-type]

        return made

    def heads_in(self, store: BlobStore, folder: Path, keys: AuditKeys, demo_keys: Path) -> Heads:
        fetch(store, folder)
        known = note_keys([str(key) for key in keys.verifiers])
        return load_heads([folder], known, load_roots([demo_keys / ROOTS]))

    def test_a_round_signs_pushes_and_stamps(
        self, make, work: Work, store: BlobStore, keys: AuditKeys, demo_keys: Path, tmp_path: Path
    ) -> None:
        do(work, 7)
        make().round()
        heads = self.heads_in(store, tmp_path / "out", keys, demo_keys)
        assert (heads.signed, heads.stamped, heads.faults) == (1, 1, ())
        report = check(events(str(tmp_path / "out")), heads.good)
        assert (report.intact, report.count) == (True, 7)
        with work.reading() as tx:
            head = tx.heads.last()
            assert head is not None and head.pushed_at is not None and head.stamp is not None
            assert (head.count, head.root) == (7, tx.audit.head().root)
            assert [p.name for p in tx.passes.all()] == [SIGNED, PUSHED]

    def test_openssl_reads_the_stamp(
        self, make, work: Work, store: BlobStore, demo_keys: Path, tmp_path: Path
    ) -> None:
        do(work, 3)
        make().round()
        folder = fetch(store, tmp_path / "out") / "audit/heads"
        asked = ["openssl", "ts", "-verify", "-data", folder / "3.note", "-in", folder / "3.tsr"]
        done = subprocess.run(
            [*asked, "-CAfile", demo_keys / ROOTS], capture_output=True, text=True, check=False
        )
        assert "Verification: OK" in done.stdout, done.stderr

    def test_nothing_happens_when_nothing_is_due(
        self, make, work: Work, store: BlobStore, clock: TurnedClock
    ) -> None:
        keeper = make()
        keeper.round()
        assert list(store.keys("audit/")) == [], "an empty log has no head"
        do(work, 3)
        keeper.round()
        do(work, 3)
        kept = sorted(store.keys("audit/"))
        for _ in range(3):
            clock.turn(seconds=30)
            keeper.round()
        assert sorted(store.keys("audit/")) == kept
        clock.turn(minutes=5)
        keeper.round()
        assert head_counts(store) == [3, 6]
        assert segment_ranges(store) == [(1, 3), (4, 6)]
        clock.turn(days=3)
        keeper.round()
        assert head_counts(store) == [3, 6], "no event, no head"

    def test_many_events_do_not_wait(self, make, work: Work, store: BlobStore, monkeypatch) -> None:
        assert audit_keeper.EVENTS == 1000
        monkeypatch.setattr(audit_keeper, "EVENTS", 10)
        keeper = make()
        do(work, 1)
        keeper.round()
        do(work, 9)
        keeper.round()
        assert head_counts(store) == [1]
        do(work, 1)
        keeper.round()
        assert head_counts(store) == [1, 11]

    def test_a_clock_set_back_does_not_stop_the_heads(
        self, make, work: Work, store: BlobStore, clock: TurnedClock
    ) -> None:
        keeper = make()
        do(work, 1)
        keeper.round()
        clock.turn(hours=-1)
        do(work, 1)
        keeper.round()
        assert head_counts(store) == [1, 2]

    def test_a_stamp_a_day(
        self,
        make,
        work: Work,
        store: BlobStore,
        clock: TurnedClock,
        keys: AuditKeys,
        demo_keys: Path,
        tmp_path: Path,
    ) -> None:
        keeper = make()
        for _ in range(8):  # two days
            do(work, 2)
            clock.turn(hours=6)
            keeper.round()
        heads = self.heads_in(store, tmp_path / "out", keys, demo_keys)
        assert (heads.signed, heads.stamped, heads.faults) == (8, 2, ())

    def test_an_authority_that_is_away_holds_up_nothing_and_invents_nothing(
        self, make, work: Work, store: BlobStore, clock: TurnedClock
    ) -> None:
        nobody = HttpTimeStamps("http://127.0.0.1:9/", clock, timeout=1, pause=0, trust=Trust((), ()))
        keeper = make(stamps=nobody)
        do(work, 2)
        with pytest.raises(Away) as told:
            keeper.round()
        assert told.value.code == "time-stamp-away"
        assert sorted(store.keys("audit/")) == ["audit/heads/2.note", "audit/segments/1-2.jsonl"]
        keeper.round()  # left alone for ten minutes
        with work.reading() as tx:
            assert tx.heads.last_stamped() is None
        make().round()  # and then it answers
        assert "audit/heads/2.tsr" in set(store.keys("audit/"))

    def test_a_store_that_is_away_gets_everything_later(
        self, make, work: Work, store: BlobStore, clock: TurnedClock, tmp_path: Path
    ) -> None:
        fickle = Fickle(store)
        fickle.away = True
        keeper = make(store=fickle)
        for _ in range(3):
            do(work, 2)
            with pytest.raises(Away):
                keeper.round()
            asked = fickle.asked
            keeper.round()
            assert fickle.asked == asked, "left alone for a minute"
            clock.turn(minutes=6)
        with work.reading() as tx:
            assert [head.count for head in tx.heads.unpushed()] == [2, 4, 6]
            assert tx.heads.last_stamped() is not None, "a head is stamped whether it is pushed or not"
        fickle.away = False
        keeper.round()
        assert segment_ranges(store) == [(1, 2), (3, 4), (5, 6)]
        assert head_counts(store) == [2, 4, 6]
        assert "audit/heads/2.tsr" in set(store.keys("audit/"))

    def test_a_head_grows_out_of_the_one_before_and_not_out_of_the_rows(
        self,
        make,
        work: Work,
        database: Database,
        keys: AuditKeys,
        demo_keys: Path,
        store: BlobStore,
        tmp_path: Path,
    ) -> None:
        """An old event that is forged later is not read again, so the next head still tells the truth of it."""
        do(work, 6)
        make().round()
        with work.reading() as tx:
            leaves = list(tx.audit.leaves(1, 6))
        unlock(database)
        database.ask(f"UPDATE audit SET actor = 'ai đó', leaf_hash = '{'0' * 64}' WHERE seq = 2")
        do(work, 3)
        head = make().head_now()
        with work.reading() as tx:
            true = Frontier().grown([*leaves, *tx.audit.leaves(7, 9)])
        assert head.root == true.root().hex()

    def test_the_tree_is_found_again_from_the_leaves(
        self, make, work: Work, database: Database, store: BlobStore
    ) -> None:
        do(work, 5)
        make().round()
        database.ask("DELETE FROM passes")
        do(work, 2)
        assert make().head_now().count == 7
        database.ask("UPDATE passes SET cursor = '7 00'")
        do(work, 2)
        keeper = make()
        assert keeper.head_now().count == 9
        keeper.round()
        assert segment_ranges(store) == [(1, 5), (6, 7), (8, 9)]

    @pytest.mark.parametrize(
        "forgery",
        [
            "UPDATE audit SET actor = 'ai đó' WHERE seq = 8",
            "UPDATE audit SET details = '{' WHERE seq = 8",
            "UPDATE audit SET leaf_hash = 'x' WHERE seq = 8",
            "UPDATE audit SET prev_hash = leaf_hash WHERE seq = 7",
            "DELETE FROM audit WHERE seq = 8",
            "DELETE FROM audit WHERE seq > 4",
            "DELETE FROM audit",
            "UPDATE heads SET note = replace(note, '6', '7')",
            "UPDATE heads SET root = 'x', note = ''",
        ],
    )
    def test_nothing_is_signed_over_a_log_that_was_forged(
        self, make, work: Work, database: Database, store: BlobStore, clock: TurnedClock, forgery: str
    ) -> None:
        do(work, 6)
        make().round()
        do(work, 3)
        unlock(database)
        database.ask(forgery)
        clock.turn(minutes=6)
        kept = sorted(store.keys("audit/"))
        keeper = make()
        with pytest.raises(AuditAltered):
            keeper.round()
        keeper.round()  # not again for a while
        with work.reading() as tx:
            assert [head.count for head in tx.heads.all()] == [6]
            alarm = tx.passes.get(SIGNED)
            assert alarm is not None and alarm.alarm.startswith("audit-altered: ")
        assert sorted(store.keys("audit/")) == kept
        clock.turn(minutes=6)
        with pytest.raises(AuditAltered):
            keeper.round()

    def test_what_was_forged_after_it_was_signed_is_not_pushed(
        self, make, work: Work, database: Database, store: BlobStore, clock: TurnedClock
    ) -> None:
        do(work, 4)
        make().head_now()
        unlock(database)
        database.ask("UPDATE audit SET actor = 'ai đó' WHERE seq = 2")
        with pytest.raises(AuditAltered, match="event 2 was changed"):
            make().round()
        assert list(store.keys("audit/")) == []

    def test_the_store_holding_another_head_is_an_alarm(
        self, make, work: Work, store: BlobStore, keys: AuditKeys, tmp_path: Path
    ) -> None:
        do(work, 4)
        note = tmp_path / "note"
        note.write_text(keys.signer.sign_head(4, hashlib.sha256(b"another log").digest()))
        assert isinstance(store.put_once("audit/heads/4.note", note), Stored)
        with pytest.raises(AuditAltered, match="not those of the head in the store"):
            make().round()
        with work.reading() as tx:
            assert tx.heads.last() is None

    def test_rows_of_heads_that_were_lost_are_taken_from_the_store(
        self, make, work: Work, database: Database, store: BlobStore, clock: TurnedClock
    ) -> None:
        keeper = make()
        for _ in range(3):
            do(work, 2)
            clock.turn(minutes=6)
            keeper.round()
        with work.reading() as tx:
            notes = [head.note for head in tx.heads.all()]
        database.ask("DELETE FROM heads WHERE count > 2")
        database.ask("DELETE FROM passes")
        do(work, 2)
        clock.turn(minutes=6)
        keeper = make()
        keeper.round()
        with work.reading() as tx:
            assert [head.note for head in tx.heads.all()] == [notes[0], notes[2]]
        clock.turn(minutes=6)
        keeper.round()
        assert head_counts(store) == [2, 4, 6, 8]
        assert segment_ranges(store) == [(1, 2), (3, 4), (5, 6), (7, 8)]

    def test_a_log_restored_from_an_old_copy_is_noticed_and_made_whole(
        self, make, work: Work, database: Database, store: BlobStore, clock: TurnedClock
    ) -> None:
        keeper = make()
        for _ in range(4):
            do(work, 3)
            clock.turn(minutes=6)
            keeper.round()
        with work.reading() as tx:
            whole = tx.audit.head()
        unlock(database)
        for statement in ("audit WHERE seq > 4", "heads WHERE count > 3", "passes"):
            database.ask(f"DELETE FROM {statement}")
        restored = make()
        with pytest.raises(AuditAltered, match="must be taken back"):
            restored.round()
        assert restored.take_back() == 8
        clock.turn(minutes=6)
        restored.round()
        do(work, 1)
        clock.turn(minutes=6)
        restored.round()
        with work.reading() as tx:
            assert tx.audit.newest() == 13
            assert Frontier().grown(tx.audit.leaves(1, 12)).root().hex() == whole.root
            assert tx.passes.get(SIGNED).alarm == ""
        assert head_counts(store) == [3, 6, 9, 12, 13]

    def test_a_log_that_went_on_differently_is_not_mended(
        self, make, work: Work, database: Database, store: BlobStore
    ) -> None:
        do(work, 6)
        make().round()
        unlock(database)
        for statement in ("audit WHERE seq > 4", "heads", "passes"):
            database.ask(f"DELETE FROM {statement}")
        do(work, 1, "signed-in")
        with pytest.raises(AuditAltered):
            make().take_back()
        with work.reading() as tx:
            assert tx.audit.newest() == 5

    def test_two_keepers_do_not_both_work(self, make, work: Work, store: BlobStore) -> None:
        do(work, 3)
        with work.begin() as tx:
            assert tx.leases.take("audit-keeper", "somebody else", 60)
        make().round()
        assert list(store.keys("audit/")) == []
        with pytest.raises(Conflict) as told:
            make().head_now()
        assert told.value.code == "audit-keeper-busy"
        with work.begin() as tx:
            tx.leases.give_back("audit-keeper", "somebody else")
        make().round()
        make().round()
        assert head_counts(store) == [3]

    def test_a_head_of_an_empty_log_cannot_be_had(self, make) -> None:
        with pytest.raises(Conflict) as told:
            make().head_now()
        assert told.value.code == "audit-empty"
