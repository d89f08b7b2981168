"""What fixity must find and mend, whatever the stores are. Inherit and supply `stores` and `hand`."""

import hashlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from records.access import Actor, Role
from storage.blobs import Stored
from storage.fixity import FixityOptions, FixityRound
from storage.mending import Mender, Stores
from storage.objects import KeptObject, ObjectState, Side
from storage.pace import Pace
from storage.progress import Turn
from storage.work import Work

AUDITOR = Actor("auditor", "", frozenset({Role.ADMINISTRATOR}))
FAST = (1e12, 1e9)


class Hand(Protocol):
    """Somebody's hand in the store: changes what rests there without asking it."""

    def flip(self, side: Side, key: str, dice: random.Random) -> None: ...
    def cut(self, side: Side, key: str, dice: random.Random) -> None: ...
    def empty(self, side: Side, key: str, dice: random.Random) -> None: ...
    def delete(self, side: Side, key: str, dice: random.Random) -> None: ...
    def swap(self, side: Side, key: str, dice: random.Random) -> None:
        """Put the bytes of another object there."""


HARMS = ("flip", "cut", "empty", "delete", "swap")


def never() -> bool:
    return False


def keep(work: Work, stores: Stores, key: str, data: bytes, tmp_path: Path) -> str:
    """Put an object into every store and enter it, as the walk does."""
    source = tmp_path / "source"
    source.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    for side in stores.sides:
        assert isinstance(stores.of(side).put_once(key, source, sha256), Stored)
    with work.begin() as tx:
        tx.objects.keep(key, sha256, len(data))
    return sha256


def rounds(mender: Mender, everything: bool = False) -> list[FixityRound]:
    """Return a fresh process's rounds over every store, as fast as it goes."""
    pace = Pace(*FAST)
    return [FixityRound(mender, s, pace, FixityOptions(), everything=everything) for s in mender.stores.sides]


def run(some: list[FixityRound]) -> dict[Side, Turn]:
    """Turn each round until it has nothing to do, or waits."""
    ends = {}
    for one in some:
        turn = one.turn(never)
        while turn is Turn.MORE:
            turn = one.turn(never)
        ends[one.side] = turn
    return ends


def counts(work: Work, side: Side, name: str = "fixity") -> dict[str, int]:
    with work.reading() as tx:
        standing = tx.passes.get(f"{name}:{side}")
    return {} if standing is None else {k: v for k, v in standing.counts.items() if v and k != "bytes"}


def events(work: Work, action: str) -> list[tuple[str, dict[str, object]]]:
    with work.reading() as tx:
        found = tx.audit.list(AUDITOR, limit=100_000)
    return [(e.object_id, dict(e.details)) for e in reversed(found) if e.action == action]


def bad(work: Work) -> list[KeptObject]:
    with work.reading() as tx:
        return tx.objects.bad()


class FixityCases:
    """Found: all of it, by the next pass. Mended: whatever one store still holds."""

    SHARE = 40
    """Objects in the archive of these cases."""

    @pytest.fixture
    def mender(self, work: Work, stores: Stores, tmp_path: Path) -> Mender:
        return Mender(work, stores, tmp_path / "scratch")

    @pytest.fixture
    def kept(self, work: Work, stores: Stores, tmp_path: Path) -> dict[str, bytes]:
        dice = random.Random(4)
        made = {}
        for number in range(self.SHARE):
            size = dice.choice([1, 100, 5_000, 300_000]) + dice.randrange(100)
            made[f"pages/{number % 7:02x}/{number:04d}.jpg"] = dice.randbytes(size)
        for key, data in made.items():
            keep(work, stores, key, data, tmp_path)
        return made

    def _whole(self, stores: Stores, kept: dict[str, bytes], but: frozenset[str] = frozenset()) -> None:
        for side in stores.sides:
            for key, data in kept.items():
                if key not in but:
                    assert stores.of(side).read(key, hashlib.sha256(data).hexdigest()) == data

    def test_a_sound_archive_is_one_event_a_batch(
        self, work: Work, mender: Mender, stores: Stores, kept: dict[str, bytes]
    ) -> None:
        assert set(run(rounds(mender)).values()) == {Turn.DONE}
        assert counts(work, Side.FIRST) == counts(work, Side.COPY) == {"objects": len(kept)}
        told = events(work, "fixity-checked")
        assert [(t["store"], t["objects"]) for _, t in told] == [("first", len(kept)), ("copy", len(kept))]
        assert sum(map(len, kept.values())) == told[0][1]["bytes"]
        assert bad(work) == []
        run(rounds(mender))
        assert len(events(work, "fixity-checked")) == 2, "nothing is due so soon"

    def test_every_harm_in_either_store_is_found_and_mended(
        self, work: Work, mender: Mender, stores: Stores, kept: dict[str, bytes], hand: Hand
    ) -> None:
        dice = random.Random(11)
        hurt = {}
        for number, key in enumerate(sorted(kept)[: self.SHARE - 2]):
            side, harm = list(Side)[number % 2], HARMS[number // 2 % len(HARMS)]
            getattr(hand, harm)(side, key, dice)
            hurt[key] = (side.value, harm)
        assert set(run(rounds(mender)).values()) == {Turn.DONE}
        assert {o: t["store"] for o, t in events(work, "object-damaged")} == {
            k: s for k, (s, _) in hurt.items()
        }
        for key, told in events(work, "object-damaged"):
            assert told["expected_sha256"] == hashlib.sha256(kept[key]).hexdigest()
            assert told["state"] == "missing" or hurt[key][1] != "delete", (hurt[key], told)
        assert len(events(work, "object-mended")) == len(hurt)
        assert events(work, "object-lost") == []
        assert bad(work) == []
        self._whole(stores, kept)
        both = [counts(work, side) for side in Side]
        assert sum(c.get("mended", 0) for c in both) == len(hurt), both
        assert sum(c.get("missing", 0) + c.get("damaged", 0) for c in both) == len(hurt)

    def test_both_bad_is_flagged_listed_and_an_alarm(
        self, work: Work, mender: Mender, stores: Stores, kept: dict[str, bytes], hand: Hand
    ) -> None:
        dice = random.Random(12)
        gone = sorted(kept)[3:8]
        for key, one, other in zip(gone, HARMS, reversed(HARMS), strict=True):
            getattr(hand, one)(Side.FIRST, key, dice)
            getattr(hand, other)(Side.COPY, key, dice)
        run(rounds(mender))
        assert [o.key for o in bad(work)] == gone
        assert all(ObjectState.GOOD not in (o.first_state, o.copy_state) for o in bad(work))
        assert sorted(o for o, _ in events(work, "object-lost")) == gone
        with work.reading() as tx:
            assert {p.alarm for p in tx.passes.all()} == {f"{len(gone)} objects that no store holds"}
        self._whole(stores, kept, but=frozenset(gone))

    def test_a_loss_is_told_once_and_ends_when_the_bytes_are_brought(
        self,
        work: Work,
        mender: Mender,
        stores: Stores,
        kept: dict[str, bytes],
        hand: Hand,
        tmp_path: Path,
        turn_clock: Callable[[timedelta], None],
    ) -> None:
        key = min(kept)
        for side in Side:
            hand.delete(side, key, random.Random(1))
        for _ in range(3):
            run(rounds(mender))
            turn_clock(timedelta(hours=1))
        assert len(events(work, "object-lost")) == 1
        assert len(events(work, "object-damaged")) == 2
        backup = tmp_path / "backup"
        backup.write_bytes(kept[key])
        assert isinstance(
            stores.copy.mend(key, backup, hashlib.sha256(kept[key]).hexdigest()),  # type: ignore[union-attr]
            Stored,
        )
        turn_clock(timedelta(hours=1))
        for _ in range(2):  # the copy is found good, then the first is mended from it
            run(rounds(mender))
            turn_clock(timedelta(hours=1))
        assert bad(work) == []
        assert [t["source"] for _, t in events(work, "object-mended")] in (
            ["found-good", "copy"],
            ["copy", "found-good"],
        )
        self._whole(stores, kept)
        with work.reading() as tx:
            assert {p.alarm for p in tx.passes.all()} == {""}

    def test_two_at_once_tell_of_every_harm_once(
        self, work: Work, stores: Stores, kept: dict[str, bytes], hand: Hand, tmp_path: Path
    ) -> None:
        """A leader that was thought dead, or a person's command beside the standing round."""
        dice = random.Random(13)
        hurt = sorted(kept)[::3]
        for key in hurt:
            hand.flip(dice.choice(list(Side)), key, dice)
        both = [rounds(Mender(work, stores, tmp_path / f"scratch{n}"), everything=n == 1) for n in range(2)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, both))
        assert sorted(key for key, _ in events(work, "object-damaged")) == hurt
        assert sorted(key for key, _ in events(work, "object-mended")) == hurt
        assert bad(work) == []
        self._whole(stores, kept)
