"""No tampered file is VALID and no untouched one is anything else: the kinds of `tests/tools/tampering.py`.

The whole of it, over ten base files, is `make tamper-verify`; `make test-long` takes every kind once, and of those with
a trusted stamp behind and of the edits of a file with several signatures every third; `make test` a third of that.
"""

from pathlib import Path

import pytest

from tests.cases.sealing import World
from tests.tools.judge_tampered import judge_harmed, judge_untouched
from tests.tools.length import LONG, sample
from tests.tools.signed_bases import Base, bases, untouched
from tests.tools.tampering import APPENDED, KINDS, Harmed, all_harmed

pytestmark = [pytest.mark.joined, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def originals(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    return {b.name: b for b in bases(world, tmp_path_factory.mktemp("bases"))}


def test_every_kind_on_an_archived_file(originals: dict[str, Base], tmp_path: Path) -> None:
    """Also with a trusted time stamp behind, with our own keys in between, and with other roots and times."""
    every = list(all_harmed([originals["archive-1"]], tmp_path))
    stamped = [one for one in every if one.kind.endswith("+stamp")]
    assert len(every) >= 200
    tally = judge_harmed(
        [*sample([one for one in every if one not in stamped], 3), *sample(stamped[::3], 3)], tmp_path
    )
    print("\narchive-1:", tally.lines())
    assert tally.files >= (150 if LONG else 50)
    assert len(tally.kinds) >= (100 if LONG else 40)
    assert tally.green == []
    assert tally.shown == []


@pytest.mark.parametrize("name", ["official-seal-archive", "certified-2-approved"])
def test_edits_of_a_file_with_several_signatures(
    originals: dict[str, Base], name: str, tmp_path: Path
) -> None:
    base = originals[name]
    made = ((kind, make(base)) for kind, make in {**KINDS, **APPENDED}.items())
    harmed = [Harmed(kind, base, data) for kind, data in made if data is not None and data != base.data]
    assert len(harmed) >= 100
    tally = judge_harmed(sample(harmed[::3], 3), tmp_path)
    print(f"\n{name}:", tally.lines())
    assert tally.green == []
    assert tally.shown == []


def test_no_false_alarm_on_untouched_files(world: World, tmp_path: Path) -> None:
    tally = judge_untouched(sample(list(untouched(world, tmp_path)), 4), tmp_path)
    print("\nuntouched:", tally.lines())
    assert tally.files >= (100 if LONG else 25)
    assert tally.green == []
    assert tally.yardstick > 0.8 * tally.files  # else the figures beside ours mean nothing
