"""What two stores held together must do. A new pair inherits this and supplies `sides`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from records.errors import Away
from storage.blobs import (
    BlobCorrupt,
    BlobFault,
    BlobMissing,
    BlobStore,
    Conflict,
    Measured,
    StoreAway,
    Stored,
    TargetAway,
    Unavailable,
)
from storage.objects import Side
from storage.paired import SPOOL, PairedStore
from tests.cases.blob_store import KEY, sha
from tests.cases.damage import DAMAGES, OTHER, Behind, do_damage


class AwayStore:
    """Stands where a store was: refuses like one whose server is gone (the real outage is tested with the server)."""

    def __getattr__(self, name: str) -> object:
        def refuse(*_: object) -> object:
            if name in ("put_once", "mend"):
                return Unavailable("connection refused")
            raise StoreAway("connection refused")

        return refuse


@dataclass
class Sides:
    first: BlobStore
    copy: BlobStore
    behind_first: Behind
    behind_copy: Behind
    told: list[tuple[Side, str, str]] = field(default_factory=list)

    def pair(self) -> PairedStore:
        return PairedStore(self.first, self.copy, lambda *said: self.told.append(said))

    def codes(self) -> set[tuple[Side, str, str]]:
        return {(side, key, reason.partition(":")[0]) for side, key, reason in self.told}


class PairedCases:
    SIZES = (1000, SPOOL + 1)

    @pytest.fixture
    def pair(self, sides: Sides) -> Iterator[PairedStore]:
        yield sides.pair()

    @pytest.fixture(params=SIZES)
    def source(self, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        path = tmp_path / "source"
        path.write_bytes(b"t\xe1\xbb\x9d tr\xc3\xacnh " * (request.param // 10))
        return path

    def test_put_rests_in_both(self, sides: Sides, pair: PairedStore, source: Path) -> None:
        stored = pair.put_once(KEY, source)
        size, good = source.stat().st_size, sha(source.read_bytes())
        assert stored == Stored(KEY, good, size)
        assert sides.first.measure(KEY) == sides.copy.measure(KEY) == Measured(good, size)
        assert sides.told == []

    @pytest.mark.parametrize("how", DAMAGES)
    def test_damaged_first_is_served_from_the_copy(
        self, sides: Sides, pair: PairedStore, source: Path, tmp_path: Path, how: str
    ) -> None:
        data = source.read_bytes()
        good = sha(data)
        pair.put_once(KEY, source)
        (tmp_path / "two").write_bytes(data[::-1])
        pair.put_once(OTHER, tmp_path / "two")
        do_damage(sides.behind_first, how)
        assert pair.read(KEY, good) == data
        assert b"".join(pair.stream(KEY, good)) == data
        assert b"".join(pair.stream_range(KEY, good, 10, 900, 7)) == data[10:900]
        pair.copy_out(KEY, tmp_path / "out", good)
        assert (tmp_path / "out").read_bytes() == data
        assert {(side, key) for side, key, _ in sides.told} == {(Side.FIRST, KEY)}
        assert {code for _, _, code in sides.codes()} <= {"blob-missing", "blob-corrupt", "blob-unreadable"}
        assert pair.mend(KEY, source, good) == Stored(KEY, good, len(data))
        assert sides.first.measure(KEY) == sides.copy.measure(KEY) == Measured(good, len(data))

    def test_damaged_copy_troubles_no_reader(self, sides: Sides, pair: PairedStore, source: Path) -> None:
        pair.put_once(KEY, source)
        sides.behind_copy.flip(KEY)
        assert pair.read(KEY, sha(source.read_bytes())) == source.read_bytes()
        assert sides.told == []

    def test_both_bad_hands_out_nothing(
        self, sides: Sides, pair: PairedStore, source: Path, tmp_path: Path
    ) -> None:
        good = sha(source.read_bytes())
        pair.put_once(KEY, source)
        sides.behind_first.cut(KEY)
        sides.behind_copy.remove(KEY)
        for ask in (
            lambda: pair.read(KEY, good),
            lambda: pair.copy_out(KEY, tmp_path / "out", good),
            lambda: next(pair.stream(KEY, good)),
            lambda: next(pair.stream_range(KEY, good, 0, 1)),
        ):
            with pytest.raises(BlobFault) as fault:
                ask()
            assert not isinstance(fault.value, BlobMissing), "the fault of the first is told"
        assert {(side, key) for side, key, _ in sides.told} == {(Side.FIRST, KEY), (Side.COPY, KEY)}
        assert not (tmp_path / "out").exists()

    def test_lost_in_first_is_still_listed_by_size(
        self, sides: Sides, pair: PairedStore, source: Path
    ) -> None:
        pair.put_once(KEY, source)
        sides.behind_first.remove(KEY)
        assert pair.size(KEY) == source.stat().st_size
        assert pair.measure(KEY) == Measured(sha(source.read_bytes()), source.stat().st_size)
        assert sides.codes() == {(Side.FIRST, KEY, "blob-missing")}
        sides.behind_copy.remove(KEY)
        assert pair.size(KEY) is None
        with pytest.raises(BlobMissing):
            pair.stream(KEY, "")

    def test_lost_object_leaves_no_gap_for_other_bytes(
        self, sides: Sides, pair: PairedStore, source: Path, tmp_path: Path
    ) -> None:
        pair.put_once(KEY, source)
        other = tmp_path / "other"
        other.write_bytes(b"other")
        good = sha(source.read_bytes())
        for behind, store in ((sides.behind_first, sides.first), (sides.behind_copy, sides.copy)):
            behind.remove(KEY)
            assert pair.put_once(KEY, other) == Conflict(good)
            assert store.size(KEY) is None
            assert pair.put_once(KEY, source) == Stored(KEY, good, source.stat().st_size)
            assert store.measure(KEY) == Measured(good, source.stat().st_size)

    def test_put_over_a_damaged_side(self, sides: Sides, pair: PairedStore, source: Path) -> None:
        """Where the name is the hash, the damaged side is known and mended; else the put is refused and told."""
        good, size = sha(source.read_bytes()), source.stat().st_size
        named = f"received/{good[:2]}/{good}.bin"
        for behind, side in ((sides.behind_first, Side.FIRST), (sides.behind_copy, Side.COPY)):
            pair.put_once(named, source)
            behind.swap(named, _other(sides, pair, named, source))
            sides.told.clear()
            assert pair.put_once(named, source) == Stored(named, good, size)
            assert sides.codes() == {(side, named, "blob-corrupt")}
            assert sides.first.measure(named) == sides.copy.measure(named) == Measured(good, size)
        pair.put_once(KEY, source)
        sides.behind_first.swap(KEY, _other(sides, pair, KEY, source))
        sides.told.clear()
        assert isinstance(pair.put_once(KEY, source), Conflict)
        assert sides.copy.measure(KEY) == Measured(good, size)

    def test_copy_away_acknowledges_nothing(self, sides: Sides, source: Path) -> None:
        sides.copy = AwayStore()  # type: ignore[assignment]
        end = sides.pair().put_once(KEY, source)
        assert isinstance(end, Unavailable)
        assert "copy" in end.reason
        assert sides.first.size(KEY) is None
        with pytest.raises(Away) as fault:
            sides.pair().probe()
        assert "bản sao" in fault.value.tell

    def test_first_away_acknowledges_nothing_and_reads_go_on(self, sides: Sides, source: Path) -> None:
        data = source.read_bytes()
        sides.pair().put_once(KEY, source)
        sides.first = AwayStore()  # type: ignore[assignment]
        pair = sides.pair()
        end = pair.put_once("new", source)
        assert isinstance(end, Unavailable)
        assert "first" in end.reason
        assert sides.copy.size("new") is None
        assert pair.read(KEY, sha(data)) == data
        assert b"".join(pair.stream(KEY, sha(data))) == data
        assert pair.size(KEY) == len(data)
        assert list(pair.keys()) == [KEY]
        assert {(side, code) for side, _, code in sides.codes()} == {(Side.FIRST, "store-away")}
        with pytest.raises(Away):
            pair.size("absent")  # only the first store could say so for certain
        with pytest.raises(Away):
            pair.probe()

    def test_source_that_changes_between_the_two_puts(self, sides: Sides, source: Path) -> None:
        first = sides.first

        class Changing:
            def __getattr__(self, name: str) -> object:
                return getattr(first, name)

            def put_once(self, *told: object) -> object:
                end = first.put_once(*told)  # type: ignore[arg-type]
                source.write_bytes(b"changed")
                return end

        sides.first = Changing()  # type: ignore[assignment]
        with pytest.raises(BlobCorrupt):
            sides.pair().put_once(KEY, source)
        assert sides.copy.size(KEY) is None

    def test_no_room_to_verify_is_no_damage(
        self, sides: Sides, pair: PairedStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pair.put_once(KEY, source)
        good = sha(source.read_bytes())
        with pytest.raises(TargetAway):
            pair.copy_out(KEY, tmp_path / "absent" / "out", good)
        if source.stat().st_size > SPOOL:
            monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
            with pytest.raises(TargetAway):
                list(pair.stream(KEY, good))
        assert sides.told == []

    def test_nothing_is_left_in_the_spool(
        self, pair: PairedStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "spool").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
        pair.put_once(KEY, source)
        pieces = pair.stream(KEY, sha(source.read_bytes()), 100)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert list((tmp_path / "spool").iterdir()) == []


def _other(sides: Sides, pair: PairedStore, key: str, source: Path) -> str:
    """Put a foreign object beside `key`, to be swapped with it."""
    foreign = source.with_name("foreign")
    foreign.write_bytes(source.read_bytes()[::-1])
    name = f"foreign/{len(list(pair.keys()))}"
    assert isinstance(pair.put_once(name, foreign), Stored)
    assert sides.first.size(name) == source.stat().st_size
    return name
