"""The quick half of the hostile set under the real limits; `make hostile` runs all of it and prints the table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.children import ChildPools, default_limits
from tests.tools.hostile_pages import everything, read_one
from tests.tools.rooms import room

pytestmark = pytest.mark.joined


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildPools]:
    limits = default_limits(1)
    shut_in = room(tmp_path_factory.getbasetemp())
    pools = ChildPools({kind: limits[kind] for kind in ("parse", "read")}, shut_in)
    yield pools
    pools.stop()


@pytest.mark.parametrize("name", [hostile.name for hostile in everything() if hostile.quick])
def test_a_hostile_page_ends_within_its_limits_and_the_next_one_is_read(
    pools: ChildPools, name: str, tmp_path: Path
) -> None:
    (hostile,) = (one for one in everything() if one.name == name)
    ended = read_one(pools, hostile, tmp_path)
    assert ended.well, ended
    assert ended.state in ("read", "timed-out", "failed") or ended.state.startswith("refused: "), ended
    if name.startswith(("bomb-600", "sliver-wide", "sliver-tall")):
        assert ended.state == "refused: image-too-large"
    if name in ("16-bit.png", "cmyk.jpg", "alpha.png", "broken-profile.jpg"):
        assert ended.state == "read" and ended.words > 60 and not ended.plainly
