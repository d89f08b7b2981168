"""Fixity over two folders: the shared cases, then what needs many objects, a kill, a pace, or odd rows."""

import hashlib
import itertools
import os
import random
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from records.clock import SystemClock
from records.errors import ArchiveFault
from storage import crashpoint
from storage.fixity import FixityOptions, FixityRound
from storage.folder import FolderStore
from storage.mending import Mender, Stores
from storage.objects import UNKNOWN_SIZE, ObjectState, Side
from storage.pace import Pace
from storage.progress import Turn
from storage.tables import open_tables
from storage.work import Work
from tests.cases.fixity import (
    HARMS,
    FixityCases,
    bad,
    counts,
    events,
    keep,
    never,
    rounds,
    run,
)


def after(objects: int) -> Callable[[], bool]:
    """Say that it is enough after so many objects."""
    asked = itertools.count()
    return lambda: next(asked) >= objects


class FolderHand:
    """Changes files as a failing disk or a careless person would."""

    def __init__(self, roots: dict[Side, Path]) -> None:
        self._roots = roots

    def path(self, side: Side, key: str) -> Path:
        return self._roots[side] / key

    def flip(self, side: Side, key: str, dice: random.Random) -> None:
        data = bytearray(self.path(side, key).read_bytes())
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        self._write(side, key, bytes(data))

    def cut(self, side: Side, key: str, dice: random.Random) -> None:
        data = self.path(side, key).read_bytes()
        self._write(side, key, data[: dice.randrange(len(data))])

    def empty(self, side: Side, key: str, dice: random.Random) -> None:
        self._write(side, key, b"")

    def delete(self, side: Side, key: str, dice: random.Random) -> None:
        self.path(side, key).unlink()

    def swap(self, side: Side, key: str, dice: random.Random) -> None:
        own = self.path(side, key).read_bytes()
        others = [p for p in self._roots[side].rglob("*.jpg") if ".damaged" not in p.parts]
        other = next(data for p in dice.sample(others, len(others)) if (data := p.read_bytes()) != own)
        self._write(side, key, other)

    def _write(self, side: Side, key: str, data: bytes) -> None:
        path = self.path(side, key)
        path.chmod(0o644)
        path.write_bytes(data)


@pytest.fixture
def roots(tmp_path: Path) -> dict[Side, Path]:
    return {side: tmp_path / side.value for side in Side}


@pytest.fixture
def stores(roots: dict[Side, Path]) -> Stores:
    return Stores(FolderStore(roots[Side.FIRST]), FolderStore(roots[Side.COPY]))


@pytest.fixture
def hand(roots: dict[Side, Path]) -> FolderHand:
    return FolderHand(roots)


@pytest.fixture
def turn_clock(clock) -> Callable[[timedelta], None]:
    return lambda by: clock.turn(seconds=by.total_seconds())


@pytest.fixture
def mender(work: Work, stores: Stores, tmp_path: Path) -> Mender:
    return Mender(work, stores, tmp_path / "scratch")


class TestFixityOfFolders(FixityCases):
    """Every case."""


@pytest.mark.parametrize("seed", range(4))
def test_hundreds_of_harms_at_random(
    work: Work, stores: Stores, mender: Mender, hand: FolderHand, clock, seed: int
) -> None:
    """Any mixture of harms, also both sides of one object: found = done, and mended = whatever could be."""
    dice = random.Random(seed)
    made = {f"received/{n % 16:02x}/{n:03d}.jpg": dice.randbytes(dice.randrange(1, 3000)) for n in range(120)}
    with work.begin() as tx:
        for key, data in made.items():
            tx.objects.keep(key, hashlib.sha256(data).hexdigest(), len(data))
            for side in Side:  # laid there by hand: what is at stake is the finding, not the putting
                hand.path(side, key).parent.mkdir(parents=True, exist_ok=True)
                hand.path(side, key).write_bytes(data)
    run(rounds(mender))
    hurt = {side: set(dice.sample(sorted(made), dice.randrange(10, 70))) for side in Side}
    for side, keys in hurt.items():
        for key in sorted(keys):
            getattr(hand, dice.choice(HARMS))(side, key, dice)
    clock.turn(seconds=1)
    run(rounds(mender, everything=True))
    both, one = hurt[Side.FIRST] & hurt[Side.COPY], hurt[Side.FIRST] ^ hurt[Side.COPY]
    assert {o.key for o in bad(work)} == {key for key, _ in events(work, "object-lost")} == both
    assert {key for key, _ in events(work, "object-mended")} == one
    assert len(events(work, "object-damaged")) == len(one) + 2 * len(both)
    for key in set(made) - both:
        for side in Side:
            assert stores.of(side).read(key, hashlib.sha256(made[key]).hexdigest()) == made[key]


def test_one_store_only_flags_and_mends_nothing(
    work: Work, roots: dict[Side, Path], hand: FolderHand, tmp_path: Path
) -> None:
    alone = Stores(FolderStore(roots[Side.FIRST]))
    for number in range(5):
        keep(work, alone, f"pages/00/{number}.jpg", bytes([number]) * 50, tmp_path)
    hand.flip(Side.FIRST, "pages/00/2.jpg", random.Random(0))
    run(rounds(Mender(work, alone, tmp_path / "scratch")))
    assert [(o.key, o.first_state) for o in bad(work)] == [("pages/00/2.jpg", ObjectState.DAMAGED)]
    assert counts(work, Side.FIRST) == {"objects": 5, "damaged": 1, "lost": 1}
    assert [k for k, _ in events(work, "object-lost")] == ["pages/00/2.jpg"]
    assert events(work, "object-mended") == []


def test_a_store_that_is_not_mounted_is_away_and_not_damaged(
    work: Work,
    stores: Stores,
    mender: Mender,
    hand: FolderHand,
    roots: dict[Side, Path],
    tmp_path: Path,
    clock,
) -> None:
    for number in range(3):
        keep(work, stores, f"pages/00/{number}.jpg", bytes([number]) * 50, tmp_path)
    run(rounds(mender))
    shutil.rmtree(roots[Side.COPY] / "pages")
    (roots[Side.COPY] / "audit/heads").mkdir(parents=True)
    (roots[Side.COPY] / "audit/heads/1.note").write_bytes(b"pushed into the empty mount point meanwhile")
    hand.flip(Side.FIRST, "pages/00/1.jpg", random.Random(0))
    clock.turn(seconds=1)
    ends = run(rounds(mender, everything=True))
    assert ends == {Side.FIRST: Turn.DONE, Side.COPY: Turn.WAITING}
    assert [(o.key, o.first_state, o.copy_state) for o in bad(work)] == [
        ("pages/00/1.jpg", ObjectState.DAMAGED, ObjectState.GOOD)
    ]
    assert counts(work, Side.FIRST, "fixity-all") == {"objects": 3, "damaged": 1, "waiting": 1}
    assert counts(work, Side.COPY, "fixity-all") == {}
    assert "empty" in bad(work)[0].reason
    with work.reading() as tx:
        assert {p.alarm for p in tx.passes.all()} == {""}, "an hour has not passed"
    clock.turn(hours=2)
    run(rounds(mender, everything=True))
    with work.reading() as tx:
        stuck = tx.passes.get("fixity-all:copy")
    assert stuck is not None
    assert stuck.alarm.startswith(
        "stuck since 2026-11-23T08:00:01+00:00: store-away: the copy store is empty"
    )
    # a person looked, the disk is truly new: they ask for it to be filled
    refill = Mender(work, stores, tmp_path / "scratch", refill=True)
    run(rounds(refill, everything=True))
    assert counts(work, Side.COPY, "fixity-all")["mended"] == 2
    with work.reading() as tx:
        mended = tx.passes.get("fixity-all:copy")
    assert mended is not None
    assert mended.alarm == "1 objects that no store holds"
    clock.turn(hours=1)
    run(rounds(mender))
    assert [(o.key, o.first_state, o.copy_state) for o in bad(work)] == [
        ("pages/00/1.jpg", ObjectState.DAMAGED, ObjectState.MISSING)
    ]


def test_a_new_copy_store_is_filled(work: Work, roots: dict[Side, Path], tmp_path: Path) -> None:
    alone = Stores(FolderStore(roots[Side.FIRST]))
    sha = {
        f"pages/00/{n}.jpg": keep(work, alone, f"pages/00/{n}.jpg", bytes([n]) * 50, tmp_path)
        for n in range(4)
    }
    both = Stores(alone.first, FolderStore(roots[Side.COPY]))
    run(rounds(Mender(work, both, tmp_path / "scratch")))
    assert bad(work) == []
    for key, sha256 in sha.items():
        assert FolderStore(roots[Side.COPY]).read(key, sha256)


def test_neighbours_of_a_bad_object_are_looked_at_next_though_not_due(
    work: Work, stores: Stores, mender: Mender, hand: FolderHand, tmp_path: Path, clock
) -> None:
    for number in range(30):
        keep(work, stores, f"pages/{number % 3:02x}/{number:02d}.jpg", bytes([number]) * 50, tmp_path)
    run(rounds(mender))
    clock.turn(days=80)
    hand.flip(Side.FIRST, "pages/01/01.jpg", random.Random(0))
    with (
        work.begin() as tx
    ):  # only the bad one and its sisters' folder matter: the others were just looked at
        tx.objects.found_good([f"pages/{n % 3:02x}/{n:02d}.jpg" for n in range(30) if n != 1], Side.FIRST)
    clock.turn(days=1)
    first = rounds(mender)[0]
    run([first])
    with work.reading() as tx:
        fresh = {o.key for o in tx.objects.after("", 100) if (at := o.first_checked_at) and at == clock.now()}
    assert fresh == {f"pages/01/{n:02d}.jpg" for n in range(30) if n % 3 == 1}


@pytest.mark.parametrize("bytes_a_second", [1000.0, 1e9])
def test_the_pace_is_kept(
    work: Work, stores: Stores, mender: Mender, tmp_path: Path, bytes_a_second: float
) -> None:
    for number in range(20):
        keep(work, stores, f"pages/00/{number:02d}.jpg", bytes([number]) * 500, tmp_path)
    time = [100.0]
    slept: list[float] = []

    def pause(seconds: float) -> None:
        slept.append(seconds)
        time[0] += seconds

    pace = Pace(bytes_a_second, 4.0, lambda: time[0], pause)
    one = FixityRound(mender, Side.FIRST, pace, FixityOptions())
    assert one.turn(never) is Turn.DONE
    # the last object is paid for when the next one begins
    assert sum(slept) == pytest.approx(19 * max(500 / bytes_a_second, 1 / 4))
    assert all(s > 0 for s in slept)


def test_the_pace_counts_the_time_of_reading_and_forgives_no_debt() -> None:
    time = [0.0]
    pace = Pace(100.0, 1000.0, lambda: time[0], lambda s: time.__setitem__(0, time[0] + s))
    pace.begin()
    time[0] += 3  # reading was slower than the limit: nothing to wait for
    pace.spent(200)
    pace.begin()
    assert time[0] == 3
    pace.spent(500)
    pace.begin()
    assert time[0] == 8
    for wrong in ((0, 1), (1, 0), (-1, 5)):
        with pytest.raises(ArchiveFault) as fault:
            Pace(*wrong)
        assert fault.value.code == "bad-settings"


def test_a_turn_ends_when_told_and_keeps_what_it_found(
    work: Work, stores: Stores, mender: Mender, tmp_path: Path
) -> None:
    for number in range(20):
        keep(work, stores, f"pages/00/{number:02d}.jpg", b"x" * (number + 1), tmp_path)
    one = rounds(mender)[0]
    assert one.turn(after(7)) is Turn.MORE
    assert one.due() == 13
    assert one.turn(lambda: True) is Turn.MORE
    assert one.due() == 13
    assert run([one])[Side.FIRST] is Turn.DONE
    assert counts(work, Side.FIRST) == {"objects": 20}


def test_odd_objects(work: Work, stores: Stores, mender: Mender, hand: FolderHand, tmp_path: Path) -> None:
    """Names at the limits, nothing at all inside, a size that an older version did not write down."""
    keys = [
        "documents/đơn vị/v1/tờ trình 100%?#&+.pdf",
        "pages/00/" + "ế" * 60 + ".jpg",
        "a",
        "pages/00/*[x]'\"$(y);.jpg",
    ]
    for key in keys:
        keep(work, stores, key, key.encode(), tmp_path)
    empty = keep(work, stores, "pages/00/empty.jpg", b"", tmp_path)
    source = tmp_path / "old"
    source.write_bytes(b"old")
    for side in Side:
        stores.of(side).put_once("pages/00/old.jpg", source)
    with work.begin() as tx:
        tx.objects.keep("pages/00/old.jpg", hashlib.sha256(b"old").hexdigest(), UNKNOWN_SIZE)
    for key in (*keys, "pages/00/empty.jpg", "pages/00/old.jpg"):
        hand.delete(Side.COPY, key, random.Random(0))
        break
    hand.delete(Side.FIRST, "pages/00/empty.jpg", random.Random(0))
    assert set(run(rounds(mender)).values()) == {Turn.DONE}
    assert bad(work) == []
    assert stores.first.read("pages/00/empty.jpg", empty) == b""
    with work.reading() as tx:
        old = tx.objects.get("pages/00/old.jpg")
    assert old is not None
    assert old.size == 3


def test_a_size_that_only_the_register_has_wrong_is_no_damage(
    work: Work, stores: Stores, mender: Mender, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"right")
    for side in Side:
        stores.of(side).put_once("pages/00/x.jpg", source)
    with work.begin() as tx:
        tx.objects.keep("pages/00/x.jpg", hashlib.sha256(b"right").hexdigest(), 99)
    run(rounds(mender))
    assert bad(work) == []
    assert counts(work, Side.FIRST) == {"objects": 1, "misnoted": 1}


def test_a_file_where_a_folder_should_be_cannot_be_mended_and_says_so(
    work: Work, stores: Stores, mender: Mender, roots: dict[Side, Path], tmp_path: Path, clock
) -> None:
    keep(work, stores, "pages/00/x.jpg", b"x", tmp_path)
    keep(work, stores, "received/y.jpg", b"y", tmp_path)
    shutil.rmtree(roots[Side.FIRST] / "pages" / "00")
    (roots[Side.FIRST] / "pages" / "00").write_bytes(b"in the way")
    some = rounds(mender)
    run(some)
    assert [(o.key, o.first_state) for o in bad(work)] == [("pages/00/x.jpg", ObjectState.MISSING)]
    assert "first not mended: blob-key" in bad(work)[0].reason
    assert events(work, "object-lost") == []
    clock.turn(hours=2)
    run(some)
    with work.reading() as tx:
        assert tx.passes.all()[1].alarm == "1 objects wait to be mended since 2026-11-23T08:00:00+00:00"
    (roots[Side.FIRST] / "pages" / "00").unlink()
    clock.turn(hours=1)
    run(some)
    with work.reading() as tx:
        assert {p.alarm for p in tx.passes.all()} == {""}
    assert bad(work) == []
    assert len(events(work, "object-damaged")) == len(events(work, "object-mended")) == 1


def test_everything_ends_also_while_time_passes(
    work: Work, stores: Stores, hand: FolderHand, tmp_path: Path
) -> None:
    """On a clock that never stands still: bad ones and their neighbours must not begin the pass anew."""
    real = Work(work.tables, SystemClock())
    for number in range(8):
        keep(real, stores, f"pages/00/{number}.jpg", bytes([number]) * 50, tmp_path)
    hand.flip(Side.FIRST, "pages/00/1.jpg", random.Random(0))
    for side in Side:
        hand.delete(side, "pages/00/2.jpg", random.Random(0))
    for _ in range(2):
        some = rounds(Mender(real, stores, tmp_path / "scratch"), everything=True)
        for one in some:
            turns = 0
            while one.turn(never) is Turn.MORE:
                turns += 1
                assert turns < 10
    assert [o.key for o in bad(real)] == ["pages/00/2.jpg"]


def test_a_clock_that_was_turned_back_makes_nothing_due_for_ever(
    work: Work, stores: Stores, mender: Mender, tmp_path: Path, clock
) -> None:
    for number in range(5):
        keep(work, stores, f"pages/00/{number}.jpg", bytes([number]), tmp_path)
    one = rounds(mender, everything=True)[0]
    one.turn(after(2))
    clock.turn(hours=-5)
    ends = run(rounds(mender, everything=True))
    assert ends[Side.FIRST] is Turn.DONE
    assert counts(work, Side.FIRST, "fixity-all") == {"objects": 5}


def test_late_objects_are_an_alarm(work: Work, stores: Stores, mender: Mender, tmp_path: Path, clock) -> None:
    for number in range(5):
        keep(work, stores, f"pages/00/{number}.jpg", bytes([number]), tmp_path)
    clock.turn(days=91)
    one = rounds(mender)[0]
    one.turn(after(2))
    clock.turn(days=1)
    one.turn(after(1))  # the pass is a day old: its figures are closed
    with work.reading() as tx:
        standing = tx.passes.get("fixity:first")
    assert standing is not None
    assert standing.finished_at is not None
    assert standing.alarm == "2 objects not looked at for 90 days: read faster"


def test_what_has_just_come_in_is_looked_at_when_it_is_a_day_old(
    work: Work, stores: Stores, mender: Mender, hand: FolderHand, tmp_path: Path, clock
) -> None:
    options = FixityOptions(fresh=timedelta(days=1))
    one = FixityRound(mender, Side.FIRST, Pace(1e9, 1e6), options)
    keep(work, stores, "pages/00/old.jpg", b"old", tmp_path)
    clock.turn(hours=23)
    keep(work, stores, "pages/00/new.jpg", b"new", tmp_path)
    assert (one.due(), one.turn(after(9))) == (0, Turn.DONE)
    clock.turn(hours=1)
    assert one.due() == 1
    run([one])
    assert counts(work, Side.FIRST) == {"objects": 1}
    clock.turn(days=1)
    assert one.due() == 1


def test_a_period_of_nothing_is_refused() -> None:
    with pytest.raises(ArchiveFault) as fault:
        FixityOptions(period=timedelta(0)).check()
    assert fault.value.code == "bad-settings"


def _killed_at(point: str, here: Path) -> int:
    """Run everything in a process of its own that dies at `point`; return how it ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            crashpoint._ASKED = point
            own = Work(open_tables(f"sqlite:///{here}/vanthu.db"), SystemClock())
            both = Stores(FolderStore(here / "first"), FolderStore(here / "copy"))
            run(rounds(Mender(own, both, here / "scratch"), everything=True))
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_anywhere_it_goes_on(work: Work, stores: Stores, hand: FolderHand, tmp_path: Path) -> None:
    dice = random.Random(5)
    made = {f"pages/{n % 5:02x}/{n:03d}.jpg": dice.randbytes(200) for n in range(60)}
    for key, data in made.items():
        keep(work, stores, key, data, tmp_path)
    hurt = sorted(made)[::6]
    for key in hurt:
        hand.flip(Side.FIRST, key, dice)

    for point in (
        "fixity-before-note",
        "fixity-after-note",
        "mend-before-put:2",
        "mend-after-put",
        "mend-after-put:3",
    ):
        assert _killed_at(point, tmp_path) == -signal.SIGKILL, point
    assert _killed_at("", tmp_path) == 0
    assert bad(work) == []
    assert sorted(k for k, _ in events(work, "object-damaged")) == hurt
    assert sorted(k for k, _ in events(work, "object-mended")) == hurt
    for key, data in made.items():
        for side in Side:
            assert stores.of(side).read(key, hashlib.sha256(data).hexdigest()) == data


def test_what_a_killed_mend_left_is_swept_when_old(work: Work, stores: Stores, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    for name in ("mend-old", "mend-new", "other"):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "object").touch()
    for name in ("mend-old", "other"):
        os.utime(scratch / name, (1, 1))
    Mender(work, stores, scratch)
    assert sorted(p.name for p in scratch.iterdir()) == ["mend-new", "other"]
