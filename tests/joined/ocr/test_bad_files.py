"""Bad files under the real limits: facts or a refusal with a sentence, and the ordinary file after each is read."""

from pathlib import Path

import pytest

from jobs.children import ChildPools, default_limits
from tests.tools.bad_files import every, png, run_one
from tests.tools.length import LONG
from tests.tools.rooms import room

pytestmark = pytest.mark.joined


def test_no_bad_file_spoils_the_next_one(tmp_path: Path) -> None:
    pools = ChildPools({"parse": default_limits(1)["parse"]}, room(tmp_path))
    good = tmp_path / "tot.png"
    good.write_bytes(png())
    wrong = []
    try:
        for number, bad in enumerate(one for one in every() if one.quick or LONG):
            path = tmp_path / f"{number}-{bad.name}"
            path.write_bytes(bad.make())
            ended = run_one(pools, path, tmp_path / f"out-{number}")
            refused = ended.state.startswith("refused: ")
            told = not refused or len(ended.tell) > 30
            after = run_one(pools, good, tmp_path / f"after-{number}")
            if not (refused or ended.state == "read") or not told or after.state != "read":
                wrong.append((bad.name, ended, after))
            path.unlink()
    finally:
        pools.stop()
    assert wrong == []
